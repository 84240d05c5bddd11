package supervised

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Conformal turns any fitted regressor into one with bounds: on rows that are exchangeable with those
// it was calibrated on, a new target is inside with probability at least 1 − Alpha, whatever the model
// and the distribution. See Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005), for
// the split form and for groups, and Romano, Patterson & Candès (2019) for quantile models.
//
// The rows for calibration must not be those that the model was fitted to. Sample weights are not used.
// The zero value gives upper bounds that hold for nine targets of ten.
type Conformal struct {
	Alpha    float64 // share of targets that may be outside, in (0, 1); 0 means 0.1
	TwoSided bool    // bound from below too; false: upper bounds alone, for run times
	PerGroup bool    // hold the coverage within each of the Groups of the calibration rows
	MinGroup int     // a group with fewer rows takes the bound of all rows; 0 means the fewest that Alpha allows, ⌈1/Alpha⌉−1
}

func (o Conformal) withDefaults() Conformal {
	if o.Alpha == 0 {
		o.Alpha = 0.1
	}
	if o.MinGroup == 0 && o.Alpha > 0 && o.Alpha < 1 {
		o.MinGroup = fewestRows(o.Alpha)
	}
	return o
}

func (o Conformal) validate() error {
	var errs []error
	if !(o.Alpha > 0 && o.Alpha < 1) {
		errs = append(errs, fmt.Errorf("%w: Alpha is %v, not in (0, 1)", ErrOptions, o.Alpha))
	}
	if o.MinGroup < 0 {
		errs = append(errs, fmt.Errorf("%w: MinGroup is %d", ErrOptions, o.MinGroup))
	}
	return errors.Join(errs...)
}

// Calibrate adds to m's estimate what covers the calibration targets: the ⌈(n+1)(1−Alpha)⌉-th
// smallest of y − m(x), or of |y − m(x)| for two sides. A QuantileRegression for the quantile 1 − Alpha
// makes a good m for upper bounds that widen where the target scatters.
//
// It returns ErrNotFinite for a row that m does not answer with a number, and ErrNoRows when there are
// too few rows for Alpha.
func (o Conformal) Calibrate(m Model, d *Dataset) (*ConformalModel, error) {
	return o.calibrate(&ConformalModel{high: m, twoSided: o.TwoSided}, d)
}

// CalibrateQuantiles does the same for a pair of models of a lower and an upper quantile, say Alpha/2
// and 1 − Alpha/2: it moves both outwards (or inwards) by one amount, so that bounds follow the
// scatter of the target. It implies TwoSided.
func (o Conformal) CalibrateQuantiles(low, high Model, d *Dataset) (*ConformalModel, error) {
	return o.calibrate(&ConformalModel{low: low, high: high, twoSided: true}, d)
}

func (o Conformal) calibrate(m *ConformalModel, d *Dataset) (*ConformalModel, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if d.Classes() > 0 {
		return nil, fmt.Errorf("%w: bounds need a number, %q is a class", ErrTask, d.schema.Target)
	}
	if o.PerGroup && d.groups == nil {
		return nil, fmt.Errorf("%w: PerGroup, and the dataset has no groups", ErrOptions)
	}
	if err := m.validate(); err != nil {
		return nil, err
	}
	type scored struct {
		group int
		score float64
	}
	scores := make([]scored, d.Len())
	pooled := make([]float64, d.Len())
	var x []float64
	for i := range scores {
		x = d.Row(x, i)
		s := m.score(x, d.Target(i))
		if notFinite(s) {
			return nil, fmt.Errorf("%w: the model's answer to row %d", ErrNotFinite, i)
		}
		scores[i], pooled[i] = scored{d.Group(i), s}, s
	}
	slices.Sort(pooled)
	m.margin = conformalQuantile(pooled, o.Alpha)
	if math.IsInf(m.margin, 1) {
		return nil, fmt.Errorf("%w: %d to calibrate on, Alpha %v needs %d", ErrNoRows, d.Len(), o.Alpha, fewestRows(o.Alpha))
	}
	if !o.PerGroup {
		return m, nil
	}
	slices.SortFunc(scores, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.score, b.score))
	})
	for lo := 0; lo < len(scores); {
		hi := lo
		var group []float64
		for ; hi < len(scores) && scores[hi].group == scores[lo].group; hi++ {
			group = append(group, scores[hi].score)
		}
		if margin := conformalQuantile(group, o.Alpha); len(group) >= o.MinGroup && !math.IsInf(margin, 1) {
			m.groups, m.margins = append(m.groups, scores[lo].group), append(m.margins, margin)
		}
		lo = hi
	}
	return m, nil
}

// conformalQuantile returns the ⌈(n+1)(1−alpha)⌉-th of n ascending scores, +Inf when there is none.
func conformalQuantile(scores []float64, alpha float64) float64 {
	n := float64(len(scores))
	// A product a rounding error above a whole number must not be taken for the next one.
	k := int(math.Ceil((n+1)*(1-alpha) - 1e-9))
	switch {
	case k > len(scores):
		return math.Inf(1)
	case k < 1:
		return math.Inf(-1)
	}
	return scores[k-1]
}

// fewestRows is the least n with ⌈(n+1)(1−alpha)⌉ ≤ n.
func fewestRows(alpha float64) int { return int(math.Ceil(1/alpha-1e-9)) - 1 }
