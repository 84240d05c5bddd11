package features

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Step is one step of a Scaler that is yet to be fitted, column by column. Estimates are taken from
// the finite values of a column; what is NaN or infinite neither helps nor hurts them.
type Step struct {
	name   string
	kind   opKind
	fixed  bool // needs no finite value
	fault  string
	params func(sorted []float64) (a, b float64) // from the finite values of a column, sorted
}

type opKind uint8

const (
	opFill   opKind = iota + 1 // NaN becomes a
	opClip                     // held within [a, b]
	opAffine                   // (x − a)/b
	opEnd
)

// FillMean replaces NaN by the mean of the column.
func FillMean() Step {
	return Step{name: "FillMean", kind: opFill, params: func(v []float64) (float64, float64) {
		mean, _ := moments(v)
		return mean, 0
	}}
}

// FillMedian replaces NaN by the median of the column, which outliers do not move.
func FillMedian() Step {
	return Step{name: "FillMedian", kind: opFill, params: func(v []float64) (float64, float64) {
		return quantile(v, 0.5), 0
	}}
}

// FillWith replaces NaN by a constant, which is finite.
func FillWith(value float64) Step {
	s := Step{name: "FillWith", kind: opFill, fixed: true, params: func([]float64) (float64, float64) { return value, 0 }}
	if !finite(value) {
		s.fault = fmt.Sprintf("the value is %v", value)
	}
	return s
}

// ClipQuantiles holds values, infinities too, between the lo- and the hi-quantile of the column
// (0 ≤ lo < hi ≤ 1), so that one outlier cannot drown the rest. NaN stays NaN.
func ClipQuantiles(lo, hi float64) Step {
	s := Step{name: "ClipQuantiles", kind: opClip, params: func(v []float64) (float64, float64) {
		return quantile(v, lo), quantile(v, hi)
	}}
	if !(lo >= 0 && lo < hi && hi <= 1) {
		s.fault = fmt.Sprintf("the quantiles are %v and %v, want 0 ≤ lo < hi ≤ 1", lo, hi)
	}
	return s
}

// Standard maps the mean to 0 and a standard deviation (of the population) to 1.
func Standard() Step {
	return Step{name: "Standard", kind: opAffine, params: func(v []float64) (float64, float64) {
		mean, variance := moments(v)
		return mean, math.Sqrt(variance)
	}}
}

// MinMax maps the least value to 0 and the greatest to 1; later values may lie outside.
func MinMax() Step {
	return Step{name: "MinMax", kind: opAffine, params: func(v []float64) (float64, float64) {
		return v[0], v[len(v)-1] - v[0]
	}}
}

// Robust maps the median to 0 and the distance between the quartiles to 1.
func Robust() Step {
	return Step{name: "Robust", kind: opAffine, params: func(v []float64) (float64, float64) {
		return quantile(v, 0.5), quantile(v, 0.75) - quantile(v, 0.25)
	}}
}

// fit estimates the step for each column of rows.
func (s Step) fit(rows []float64, dim int) (op, error) {
	switch {
	case s.params == nil:
		return op{}, errors.New("features: an empty Step{}; make one with Standard, FillMedian and so on")
	case s.fault != "":
		return op{}, fmt.Errorf("features: %s: %s", s.name, s.fault)
	}
	o := op{kind: s.kind, a: make([]float64, dim), b: make([]float64, dim)}
	var faults []error
	for j := range dim {
		v := finiteColumn(rows, dim, j)
		slices.Sort(v)
		if len(v) == 0 && !s.fixed {
			faults = append(faults, fmt.Errorf("features: %s: column %d has no finite value", s.name, j))
			continue
		}
		o.a[j], o.b[j] = s.params(v)
		if s.kind == opAffine && !(o.b[j] > 0) {
			o.b[j] = 1 // all equal: they become 0
		}
		if !finite(o.a[j]) || !finite(o.b[j]) {
			faults = append(faults, fmt.Errorf("features: %s: the values of column %d are too large", s.name, j))
		}
	}
	return o, errors.Join(faults...)
}
