package rl

import (
	"fmt"
	"math"

	"github.com/leptonsched/lepton/supervised"
)

// farthest is the largest number that a Classifier's network is given, in spreads from the mean.
const farthest = 1e6

// tableInputs turns a row of a table into what a network reads: one slot for a numeric column, one for each level
// of a categorical one. Immutable.
type tableInputs struct {
	first       []int // slots of column j: first[j] up to first[j+1]
	categorical []bool
	mean        []float64 // of each slot
	spread      []float64 // what a slot is divided by; 0: constant, and always 0
}

func newTableInputs(columns []supervised.Column) tableInputs {
	t := tableInputs{first: make([]int, 1, len(columns)+1), categorical: make([]bool, len(columns))}
	for j, c := range columns {
		width := 1
		if c.Kind == supervised.Categorical {
			width, t.categorical[j] = len(c.Levels), true
		}
		t.first = append(t.first, t.first[j]+width)
	}
	return t
}

func (t *tableInputs) slots() int { return t.first[len(t.first)-1] }

// measure sets means and spreads to those of the rows of d, with these weights.
func (t *tableInputs) measure(d *supervised.Dataset, weights []float64) {
	t.mean, t.spread = make([]float64, t.slots()), make([]float64, t.slots())
	for j, categorical := range t.categorical {
		for s := t.first[j]; s < t.first[j+1]; s++ {
			level := float64(s - t.first[j])
			t.mean[s], t.spread[s] = moments(d, j, weights, func(v float64) float64 {
				switch {
				case !categorical || v != v:
					return v
				case v == level:
					return 1
				}
				return 0
			})
			if categorical && t.spread[s] > 0 {
				t.spread[s] = 1
			}
		}
	}
}

// moments returns the weighted mean of column j, seen through at, over the rows that have a value, and the
// standard deviation with the mean in place of missing values; a constant or empty column has spread 0.
func moments(d *supervised.Dataset, j int, weights []float64, at func(float64) float64) (mean, spread float64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	var total, all, squares float64
	for i, w := range weights { // West (1979): one pass, without cancellation
		v := at(d.Value(i, j))
		all += w
		if v != v {
			continue
		}
		lo, hi = min(lo, v), max(hi, v)
		total += w
		step := (v - mean) * (w / total)
		squares += (v - mean) * w * (v - mean - step)
		mean += step
	}
	switch {
	case lo > hi:
		return 0, 0
	case lo == hi:
		return lo, 0
	}
	return mean, math.Sqrt(squares / all)
}

// validate reports constants that are none.
func (t *tableInputs) validate() error {
	for s, mean := range t.mean {
		if spread := t.spread[s]; !finite(mean) || !finite(spread) || spread < 0 {
			return fmt.Errorf("%w: mean %v and spread %v of an input; are the columns' values too large?", ErrNotFinite, mean, spread)
		}
	}
	return nil
}

// encode writes the row x into dst, which has one place for each slot.
func (t *tableInputs) encode(dst []float32, x []float64) {
	for j, v := range x {
		from, to := t.first[j], t.first[j+1]
		if !t.categorical[j] {
			dst[from] = t.slot(from, v)
			continue
		}
		clear(dst[from:to])
		n := to - from
		if !(v >= 0 && v < float64(n)) || v != math.Trunc(v) || t.spread[from+int(v)] == 0 {
			continue
		}
		for s := from; s < to; s++ {
			dst[s] = t.slot(s, 0)
		}
		dst[from+int(v)] = t.slot(from+int(v), 1)
	}
}

func (t *tableInputs) slot(s int, v float64) float32 {
	if v != v || t.spread[s] == 0 {
		return 0
	}
	return float32(min(max((v-t.mean[s])/t.spread[s], -farthest), farthest))
}
