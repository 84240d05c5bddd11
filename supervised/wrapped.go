package supervised

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/leptonsched/lepton/internal/codec"
)

// The kinds of the models that wrap others, and of those that learn row by row.
const (
	kindConformal  = "supervised.ConformalModel"
	kindCalibrated = "supervised.CalibratedClassifier"
	kindStream     = "supervised.StreamClassifier"
)

// schemaOf returns the schema of a model that has one.
func schemaOf(m Model) Schema {
	if s, ok := m.(interface{ Schema() Schema }); ok {
		return s.Schema()
	}
	return Schema{}
}

// encodeModel writes a model within another as the file that it would be alone.
func encodeModel(p *codec.Writer, m Model) error {
	w, ok := m.(io.WriterTo)
	if !ok {
		return fmt.Errorf("%w: a %T cannot be saved", ErrModel, m)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return err
	}
	p.Blob(b.Bytes())
	return nil
}

// decodeModel reads what encodeModel wrote. Refusing the kinds that may not be within each other keeps
// a hostile file from nesting without end.
func decodeModel(r *codec.Reader, refused ...string) (Model, error) {
	blob := r.Blob()
	if err := r.Err(); err != nil {
		return nil, err
	}
	file := bytes.NewReader(blob)
	kind, payload, _, err := codec.ReadContainer(file)
	switch {
	case err != nil:
		return nil, err
	case file.Len() > 0:
		return nil, fmt.Errorf("%w: %d bytes after the model within", ErrModel, file.Len())
	case slices.Contains(refused, kind):
		return nil, fmt.Errorf("%w: a %s within another model", ErrModel, kind)
	}
	return decode(kind, payload)
}

// decodeWrapped reads the kinds that decode leaves to it, nil for one that is not known here.
func decodeWrapped(kind string, schema Schema, r *codec.Reader) (Model, error) {
	var m interface {
		Model
		validate() error
	}
	var err error
	switch kind {
	case kindConformal:
		m, err = decodeConformal(r)
	case kindCalibrated:
		m, err = decodeCalibrated(r, schema)
	case kindStream:
		m = decodeStream(r, schema)
	default:
		return nil, fmt.Errorf("%w: a kind that is not known here", ErrModel)
	}
	if err := errors.Join(r.Err(), err); err != nil {
		return nil, err
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return m, m.validate()
}
