package features

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// scaling is what ScaledPolicy and ScaledLearner do to an observation: a scaler of the state and one of
// the rows, either of which may be missing, not both. Immutable, safe for concurrent use.
type scaling struct {
	state, rows *Scaler
	pool        sync.Pool // of *lepton.Observation: the copies that are scaled
}

func newScaling(state, rows *Scaler) (*scaling, error) {
	if state == nil && rows == nil {
		return nil, errors.New("features: a scaler of neither the state nor the rows")
	}
	for _, s := range [...]*Scaler{state, rows} {
		if s != nil && s.dim < 1 {
			return nil, errors.New("features: an empty Scaler{}; make one with FitScaler")
		}
	}
	return &scaling{state: state, rows: rows, pool: sync.Pool{New: func() any { return new(lepton.Observation) }}}, nil
}

// check compares the scalers with what they are to scale.
func (s *scaling) check(spec lepton.Spec) error {
	fits := lepton.Spec{StateDim: spec.StateDim, ActionDim: spec.ActionDim, Actions: spec.Actions}
	if s.state != nil {
		fits.StateDim = s.state.dim
	}
	if s.rows != nil {
		fits.ActionDim = s.rows.dim
	}
	return fits.Check("features.Scaler", spec)
}

// fits reports whether obs is of the scalers' widths.
func (s *scaling) fits(obs *lepton.Observation) bool {
	return s.fitsState(obs) && s.fitsRows(obs)
}

func (s *scaling) fitsState(obs *lepton.Observation) bool {
	return s.state == nil || len(obs.State()) == s.state.dim
}

func (s *scaling) fitsRows(obs *lepton.Observation) bool {
	return s.rows == nil || obs.ActionDim() == s.rows.dim
}

// apply scales obs in place. What is of another width stays as it is.
func (s *scaling) apply(obs *lepton.Observation) {
	if s.state != nil && s.fitsState(obs) {
		s.state.apply(obs.State())
	}
	if s.rows != nil && s.fitsRows(obs) {
		s.rows.apply(obs.Rows())
	}
}

// scaled lends a scaled copy of obs, to be given back with s.pool.Put.
func (s *scaling) scaled(obs *lepton.Observation) *lepton.Observation {
	o := s.pool.Get().(*lepton.Observation)
	o.CopyFrom(obs)
	s.apply(o)
	return o
}

// save writes a container of the given kind with the scalers, and inner under its own kind.
func (s *scaling) save(w io.Writer, kind string, inner lepton.Saver) (int64, error) {
	var body bytes.Buffer
	if _, err := inner.WriteTo(&body); err != nil {
		return 0, fmt.Errorf("features: saving %q: %w", inner.Kind(), err)
	}
	var out codec.Writer
	for _, part := range [...]*Scaler{s.state, s.rows} {
		out.Bool(part != nil)
		if part != nil {
			part.write(&out)
		}
	}
	out.String(inner.Kind())
	out.Blob(body.Bytes())
	n, err := codec.WriteContainer(w, kind, out.Bytes())
	if err != nil {
		return n, fmt.Errorf("features: saving %q: %w", kind, err)
	}
	return n, nil
}

// saved is what save wrote.
type saved struct {
	scaling *scaling
	kind    string // of inner
	body    []byte // inner
}

// load reads back what save wrote, n bytes.
func load(r io.Reader, kind string) (s saved, n int64, err error) {
	in, n, err := open(r, kind)
	if err != nil {
		return saved{}, n, err
	}
	var parts [2]*Scaler
	for i := range parts {
		if in.Bool() {
			parts[i] = readScaler(in)
		}
	}
	s.kind, s.body = in.String(), in.Blob()
	if err := in.Close(); err != nil {
		return saved{}, n, fmt.Errorf("features: loading %q: %w", kind, err)
	}
	if s.scaling, err = newScaling(parts[0], parts[1]); err != nil {
		return saved{}, n, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return s, n, nil
}
