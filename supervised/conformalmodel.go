package supervised

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/leptonsched/lepton/internal/codec"
)

// ConformalModel is a model with calibrated bounds: see Conformal. Immutable; safe for concurrent use
// when the models within are.
type ConformalModel struct {
	low, high Model // low is nil unless both are models of quantiles
	twoSided  bool
	margin    float64   // of all rows; ±Inf only from AdaptiveConformal
	groups    []int     // ascending: those with a margin of their own
	margins   []float64 // one per group
}

// Schema returns what the model within expects of a row: empty when it does not say.
func (m *ConformalModel) Schema() Schema { return schemaOf(m.high) }

// Predict returns the upper bound for one row: see Model.
func (m *ConformalModel) Predict(x []float64) float64 { return m.high.Predict(x) + m.margin }

// Bounds returns the bounds for one row by the margin of all rows: low is −Inf unless the model is
// two-sided. Both are NaN for a row that the model within cannot answer. It does not allocate.
func (m *ConformalModel) Bounds(x []float64) (low, high float64) { return m.bounds(x, m.margin) }

// GroupBounds returns the bounds by the margin of a group, or of all rows when the group had too few.
func (m *ConformalModel) GroupBounds(x []float64, group int) (low, high float64) {
	return m.bounds(x, m.marginOf(group))
}

// Margin returns what is added to the estimate of the model within for a group; own is false when
// the group had too few rows and takes the margin of all.
func (m *ConformalModel) Margin(group int) (margin float64, own bool) {
	_, own = slices.BinarySearch(m.groups, group)
	return m.marginOf(group), own
}

func (m *ConformalModel) marginOf(group int) float64 {
	if k, ok := slices.BinarySearch(m.groups, group); ok {
		return m.margins[k]
	}
	return m.margin
}

func (m *ConformalModel) bounds(x []float64, margin float64) (low, high float64) {
	p := m.high.Predict(x)
	high = p + margin
	switch {
	case math.IsNaN(p):
		return p, p
	case !m.twoSided:
		return math.Inf(-1), high
	case m.low == nil:
		return p - margin, high
	}
	return m.low.Predict(x) - margin, high
}

// score is the margin at which y would lie on a bound.
func (m *ConformalModel) score(x []float64, y float64) float64 {
	above := y - m.high.Predict(x)
	switch {
	case !m.twoSided:
		return above
	case m.low == nil:
		return math.Abs(above)
	}
	return max(m.low.Predict(x)-y, above)
}

func (m *ConformalModel) validate() error {
	for _, part := range []Model{m.low, m.high} {
		if _, nested := part.(*ConformalModel); nested {
			return fmt.Errorf("%w: bounds of bounds", ErrModel)
		}
	}
	ascending := len(m.groups) == len(m.margins) && slices.IsSorted(m.groups) &&
		len(slices.Compact(slices.Clone(m.groups))) == len(m.groups)
	if m.high == nil || !ascending || math.IsNaN(m.margin) || slices.ContainsFunc(m.margins, math.IsNaN) ||
		(m.low != nil && !m.twoSided) {
		return fmt.Errorf("%w: margins of %d groups", ErrModel, len(m.groups))
	}
	return nil
}

// WriteTo saves the model for ReadModel, with the models within. It returns ErrModel when one of those
// cannot be saved. Saving twice gives the same bytes.
func (m *ConformalModel) WriteTo(w io.Writer) (int64, error) {
	p := begin(m.Schema())
	p.Bool(m.twoSided)
	p.Float(m.margin)
	p.Int(len(m.groups))
	for k, group := range m.groups {
		p.Int(group)
		p.Float(m.margins[k])
	}
	p.Bool(m.low != nil)
	for _, part := range []Model{m.high, m.low} {
		if part == nil {
			continue
		}
		if err := encodeModel(p, part); err != nil {
			return 0, err
		}
	}
	return codec.WriteContainer(w, kindConformal, p.Bytes())
}

func decodeConformal(r *codec.Reader) (*ConformalModel, error) {
	m := &ConformalModel{twoSided: r.Bool(), margin: r.Float()}
	for range r.Count(16) {
		m.groups, m.margins = append(m.groups, r.Int()), append(m.margins, r.Float())
	}
	pair := r.Bool()
	var err error
	if m.high, err = decodeModel(r, kindConformal); err != nil {
		return nil, err
	}
	if pair {
		m.low, err = decodeModel(r, kindConformal)
	}
	return m, err
}
