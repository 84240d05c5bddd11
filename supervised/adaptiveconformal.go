package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// AdaptiveConformal keeps bounds right while the world drifts: after each outcome it widens or narrows
// them by
//
//	α ← α + Rate·(Alpha − missed)
//
// and takes the conformal quantile for α of the last Window scores (Gibbs & Candès 2021, equation 2).
// Whatever the sequence, after T outcomes the share missed differs from Alpha by at most
// (max(Alpha, 1−Alpha) + Rate)/(Rate·T): proposition 4.1 there.
type AdaptiveConformal struct {
	Alpha    float64 // share of targets that may be outside, in (0, 1); 0 means 0.1
	TwoSided bool    // bound from below too
	Rate     float64 // step of α, in (0, 1): larger follows drift faster and swings more; 0 means 0.005
	Window   int     // scores kept, 8 bytes each; 0 means 1000
}

func (o AdaptiveConformal) withDefaults() AdaptiveConformal {
	if o.Alpha == 0 {
		o.Alpha = 0.1
	}
	if o.Rate == 0 {
		o.Rate = 0.005
	}
	if o.Window == 0 {
		o.Window = 1000
	}
	return o
}

func (o AdaptiveConformal) validate() error {
	var errs []error
	if !(o.Alpha > 0 && o.Alpha < 1) {
		errs = append(errs, fmt.Errorf("%w: Alpha is %v, not in (0, 1)", ErrOptions, o.Alpha))
	}
	if !(o.Rate > 0 && o.Rate < 1) {
		errs = append(errs, fmt.Errorf("%w: Rate is %v, not in (0, 1)", ErrOptions, o.Rate))
	}
	if o.Window < 1 {
		errs = append(errs, fmt.Errorf("%w: Window is %d", ErrOptions, o.Window))
	}
	return errors.Join(errs...)
}

// Start begins with no scores: until the first outcomes have come, bounds are infinite.
func (o AdaptiveConformal) Start(m Model) (*AdaptiveBounds, error) {
	return o.start(nil, m, o.TwoSided)
}

// StartQuantiles is Start for a pair of models of a lower and an upper quantile: see
// Conformal.CalibrateQuantiles. It implies TwoSided.
func (o AdaptiveConformal) StartQuantiles(low, high Model) (*AdaptiveBounds, error) {
	return o.start(low, high, true)
}

func (o AdaptiveConformal) start(low, high Model, twoSided bool) (*AdaptiveBounds, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	b := &AdaptiveBounds{options: o, alpha: o.Alpha, model: ConformalModel{low: low, high: high, twoSided: twoSided}}
	b.model.margin = math.Inf(1)
	return b, b.model.validate()
}

// AdaptiveBounds is a running AdaptiveConformal. Its memory is bounded by Window. Not safe for
// concurrent use; the models it publishes are.
type AdaptiveBounds struct {
	options AdaptiveConformal
	model   ConformalModel
	alpha   float64
	recent  []float64 // the scores by age, a ring
	oldest  int
	sorted  []float64 // the same scores ascending
}

// PartialFit takes one outcome. It returns ErrNotFinite, and learns nothing, when y is not a number or
// the model within does not answer x with one.
func (b *AdaptiveBounds) PartialFit(x []float64, y float64) error {
	s := b.model.score(x, y)
	if notFinite(s) {
		return fmt.Errorf("%w: a target of %v", ErrNotFinite, y)
	}
	missed := 0.0
	if s > b.model.margin {
		missed = 1
	}
	b.alpha += b.options.Rate * (b.options.Alpha - missed)
	if len(b.recent) < b.options.Window {
		b.recent = append(b.recent, s)
	} else {
		gone, _ := slices.BinarySearch(b.sorted, b.recent[b.oldest])
		b.sorted = slices.Delete(b.sorted, gone, gone+1)
		b.recent[b.oldest] = s
		b.oldest = (b.oldest + 1) % len(b.recent)
	}
	at, _ := slices.BinarySearch(b.sorted, s)
	b.sorted = slices.Insert(b.sorted, at, s)
	switch {
	case b.alpha <= 0:
		b.model.margin = math.Inf(1)
	case b.alpha >= 1:
		b.model.margin = math.Inf(-1)
	default:
		b.model.margin = conformalQuantile(b.sorted, b.alpha)
	}
	return nil
}

// Level returns α, at which the next bounds are taken; it may leave [0, 1], where bounds are infinite
// or empty.
func (b *AdaptiveBounds) Level() float64 { return b.alpha }

// Model returns the present bounds as an immutable *ConformalModel.
func (b *AdaptiveBounds) Model() Model {
	m := b.model
	return &m
}
