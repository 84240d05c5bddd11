package features

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton/internal/codec"
)

// ErrDim is returned when rows are not of the width that something was fitted to.
var ErrDim = errors.New("features: rows of another width")

const scalerKind = "features.scaler"

// Scaler is a fitted transformation of rows, column by column: gaps filled, outliers clipped, values
// scaled. It belongs into a policy's snapshot. Immutable, safe for concurrent use.
type Scaler struct {
	dim int
	ops []op
}

// op is one fitted step; a and b have a value for each column.
type op struct {
	kind opKind
	a, b []float64
}

// FitScaler fits the steps to rows (row-major, dim columns), each to what the ones before it made of
// them: FillMedian, ClipQuantiles, Standard is a good order. The error lists every fault: no rows, no
// steps, parameters that a step refuses, columns without a finite value.
func FitScaler(rows []float64, dim int, steps ...Step) (*Scaler, error) {
	var faults []error
	if err := checkRows(rows, dim); err != nil {
		faults = append(faults, err)
	}
	if len(steps) == 0 {
		faults = append(faults, errors.New("features: FitScaler has no steps"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	s := &Scaler{dim: dim}
	work := append([]float64(nil), rows...)
	for _, step := range steps {
		o, err := step.fit(work, dim)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		o.apply(work)
		s.ops = append(s.ops, o)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return s, nil
}

// Dim returns the width of a row.
func (s *Scaler) Dim() int { return s.dim }

// Apply fills dst with the transformed src: one row of Dim values, or several. dst may be src. The error
// is ErrDim, with dst as it was, when src is not whole rows or dst has another length. NaN stays NaN
// without a Fill step, and infinities stay infinite without ClipQuantiles. Allocates nothing.
func (s *Scaler) Apply(dst, src []float64) error {
	if len(dst) != len(src) || len(src)%s.dim != 0 {
		return fmt.Errorf("%w: %d values into %d, in rows of %d", ErrDim, len(src), len(dst), s.dim)
	}
	copy(dst, src)
	s.apply(dst)
	return nil
}

// apply transforms whole rows in place, step by step.
func (s *Scaler) apply(rows []float64) {
	for i := range s.ops {
		s.ops[i].apply(rows)
	}
}

// apply transforms whole rows in place.
func (o *op) apply(rows []float64) {
	for ; len(rows) > 0; rows = rows[len(o.a):] {
		row := rows[:len(o.a)]
		switch o.kind {
		case opFill:
			for j, v := range row {
				if math.IsNaN(v) {
					row[j] = o.a[j]
				}
			}
		case opClip:
			for j, v := range row {
				row[j] = clip(v, o.a[j], o.b[j])
			}
		case opAffine:
			for j, v := range row {
				row[j] = (v - o.a[j]) / o.b[j]
			}
		}
	}
}

// WriteTo writes what was fitted. Writing twice gives the same bytes.
func (s *Scaler) WriteTo(w io.Writer) (int64, error) {
	var out codec.Writer
	s.write(&out)
	n, err := codec.WriteContainer(w, scalerKind, out.Bytes())
	if err != nil {
		return n, fmt.Errorf("features: saving a scaler: %w", err)
	}
	return n, nil
}

func (s *Scaler) write(out *codec.Writer) {
	out.Int(s.dim)
	out.Int(len(s.ops))
	for _, o := range s.ops {
		out.Uint8(uint8(o.kind))
		out.Floats(o.a)
		out.Floats(o.b)
	}
}

// ReadScaler reads back what WriteTo wrote. An error about damaged data wraps ErrCorrupt.
func ReadScaler(r io.Reader) (*Scaler, error) {
	in, _, err := open(r, scalerKind)
	if err != nil {
		return nil, err
	}
	s := readScaler(in)
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("features: loading a scaler: %w", err)
	}
	return s, nil
}

// readScaler reads what write wrote; in says whether it could.
func readScaler(in *codec.Reader) *Scaler {
	s := &Scaler{dim: in.Int()}
	n := in.Count(17)
	if s.dim < 1 || n == 0 {
		in.Fail("%d steps for rows of %d", n, s.dim)
	}
	for range n {
		o := op{kind: opKind(in.Uint8()), a: in.Floats(), b: in.Floats()}
		if o.kind < opFill || o.kind >= opEnd || len(o.a) != s.dim || len(o.b) != s.dim {
			in.Fail("a step of kind %d with %d and %d values for rows of %d", o.kind, len(o.a), len(o.b), s.dim)
		}
		if in.Err() != nil {
			break
		}
		if j := o.fault(); j >= 0 {
			in.Fail("a step of kind %d with %v and %v for column %d", o.kind, o.a[j], o.b[j], j)
		}
		s.ops = append(s.ops, o)
	}
	return s
}

// fault returns a column whose parameters no fit can give, −1 when there is none.
func (o *op) fault() int {
	for j, a := range o.a {
		b := o.b[j]
		if !finite(a) || !finite(b) || o.kind == opAffine && !(b > 0) || o.kind == opClip && a > b {
			return j
		}
	}
	return -1
}
