package supervised

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton/internal/codec"
)

// The kinds of a saved model. Each payload begins with its own format number, which rises when the
// payload changes; older ones stay readable: see formatOf.
const (
	kindLinear           = "supervised.LinearModel"
	kindLogistic         = "supervised.LogisticModel"
	kindForestClassifier = "supervised.ForestClassifier"
	kindForestRegressor  = "supervised.ForestRegressor"

	kindBoostedClassifier = "supervised.BoostedClassifier"
	kindBoostedRegressor  = "supervised.BoostedRegressor"
	kindQuantileForest    = "supervised.QuantileForest"

	payloadFormat = 1
)

// ReadModel reads one saved model: a *LinearModel (of LinearRegression and QuantileRegression), *LogisticModel,
// *ForestClassifier, *ForestRegressor, *QuantileForest, *BoostedClassifier, *BoostedRegressor, *ConformalModel,
// *CalibratedClassifier or *StreamClassifier, to be told apart by a type switch. It consumes exactly the bytes
// of the model. Memory grows with what r delivers; data that no model wrote is an error, never a panic.
func ReadModel(r io.Reader) (Model, error) {
	kind, payload, _, err := codec.ReadContainer(r)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading a model: %w", err)
	}
	m, err := decode(kind, payload)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading a %s: %w", kind, err)
	}
	return m, nil
}

func decode(kind string, payload []byte) (Model, error) {
	r := codec.NewReader(payload)
	format, known := r.Uint32(), formatOf(kind)
	if r.Err() == nil && (format < payloadFormat || format > known) {
		return nil, fmt.Errorf("%w: payload format %d, known up to %d", codec.ErrVersion, format, known)
	}
	schema := decodeSchema(r)
	var m interface {
		Model
		validate() error
	}
	switch kind {
	case kindLinear:
		m = &LinearModel{schema: schema, terms: decodeTerms(r, schema)}
	case kindLogistic:
		logistic := &LogisticModel{schema: schema}
		for range r.Count(8) {
			logistic.present = append(logistic.present, r.Int())
		}
		logistic.terms = decodeTerms(r, schema)
		m = logistic
	case kindForestClassifier, kindForestRegressor, kindBoostedClassifier, kindBoostedRegressor, kindQuantileForest:
		m = decodeTrees(r, kind, format, schema)
	default:
		return decodeWrapped(kind, schema, r)
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return m, m.validate()
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *LinearModel) WriteTo(w io.Writer) (int64, error) {
	p := begin(m.schema)
	encodeTerms(p, &m.terms)
	return codec.WriteContainer(w, kindLinear, p.Bytes())
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *LogisticModel) WriteTo(w io.Writer) (int64, error) {
	p := begin(m.schema)
	p.Int(len(m.present))
	for _, k := range m.present {
		p.Int(k)
	}
	encodeTerms(p, &m.terms)
	return codec.WriteContainer(w, kindLogistic, p.Bytes())
}

func begin(s Schema) *codec.Writer { return beginFormat(s, payloadFormat) }

func beginFormat(s Schema, format uint32) *codec.Writer {
	p := new(codec.Writer)
	p.Uint32(format)
	p.Int(len(s.Columns))
	for _, c := range s.Columns {
		p.String(c.Name)
		p.Uint8(uint8(c.Kind))
		p.Strings(c.Levels)
	}
	p.String(s.Target)
	p.Strings(s.Classes)
	return p
}

func decodeSchema(r *codec.Reader) Schema {
	var s Schema
	for range r.Count(13) { // a name's length, a kind, a count of levels
		s.Columns = append(s.Columns, Column{Name: r.String(), Kind: Kind(r.Uint8()), Levels: r.Strings()})
	}
	s.Target = r.String()
	s.Classes = r.Strings()
	return s
}

func encodeTerms(p *codec.Writer, t *terms) {
	p.Floats(t.intercept)
	p.Floats(t.weights)
	p.Floats(t.missing)
}

func decodeTerms(r *codec.Reader, s Schema) terms {
	return terms{layout: newLayout(s.Columns), intercept: r.Floats(), weights: r.Floats(), missing: r.Floats()}
}
