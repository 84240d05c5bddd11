package rl

import (
	"errors"
	"fmt"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// DifferentialQOptions sets up a DifferentialQ. The zero value works.
type DifferentialQOptions struct {
	TabularOptions // NStep must be 0

	// Eta is η, how fast the gain is learned in units of the step size; 0 means 0.1. Around one by the number of
	// (state, action) pairs is right: much more makes the gain noisy, much less makes it late.
	Eta float64
	// Unit is the time in which the gain is earned: a decision lasted Transition.Elapsed by Unit, or 1 where
	// Elapsed is 0. 0 counts every decision as 1, whatever its duration.
	Unit time.Duration
}

func (o DifferentialQOptions) withDefaults() DifferentialQOptions {
	if o.Eta == 0 {
		o.Eta = 0.1
	}
	return o
}

func (o DifferentialQOptions) validate() error {
	var errs []error
	if !(o.Eta > 0) || !finite(o.Eta) {
		errs = append(errs, fmt.Errorf("rl: DifferentialQOptions.Eta is %v, want a finite number above 0", o.Eta))
	}
	if o.Unit < 0 {
		errs = append(errs, fmt.Errorf("rl: DifferentialQOptions.Unit is %v, want 0 or more", o.Unit))
	}
	if o.NStep > 1 {
		errs = append(errs, errors.New("rl: DifferentialQ takes no NStep: sums over steps are discounted"))
	}
	return errors.Join(errs...)
}

// DifferentialQ learns what earns most a unit of time in the long run, for work that never ends, in a table
// and from transitions of any policy:
//
//	δ      = r − r̄·τ + max Q(s′,·) − Q(s,a)
//	Q(s,a) ← Q(s,a) + α·δ
//	r̄      ← r̄ + η·α·δ
//
// τ is the duration of the decision. It does not discount: of Transition.Discount it sees only 0, a true end
// after which nothing follows. (Credit with Gamma 0 would thus tell it that every decision is an end.) Its
// scores are values relative to the gain r̄: what a choice earns beyond it. All policies that matter must be
// able to come back from everywhere, else there is no one gain.
//
// Source: Wan, Naik & Sutton (2021). Not safe for concurrent use. Beside lepton.Learner it is a
// lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced.
type DifferentialQ struct {
	*tabular
	gain *gain
}

// NewDifferentialQ returns a learner for the observations of spec. All faults of o are reported together.
func NewDifferentialQ(spec lepton.Spec, o DifferentialQOptions) (*DifferentialQ, error) {
	o = o.withDefaults()
	l, err := newTabular("rl.differentialq", spec, o.TabularOptions, o.validate())
	if err != nil {
		return nil, err
	}
	g := &gain{tabular: l, options: o}
	l.learn, l.more = g.learn, g
	return &DifferentialQ{l, g}, nil
}

// Gain returns r̄, the reward that the best behaviour earns in a unit of time, as far as is known.
func (l *DifferentialQ) Gain() float64 { return l.gain.value }

type gain struct {
	*tabular
	options DifferentialQOptions
	value   float64
}

// duration returns τ of a transition.
func (g *gain) duration(t *lepton.Transition) float64 {
	if g.options.Unit == 0 || t.Elapsed <= 0 {
		return 1
	}
	return float64(t.Elapsed) / float64(g.options.Unit)
}

func (g *gain) learn(t *lepton.Transition) bool {
	values := g.tabular.values
	next, ok := 0.0, true
	if t.Discount != 0 {
		next, ok = MaxValue(g.row(values, t, 0), &t.Next)
	}
	if !ok {
		return false
	}
	e, ok := values.entry(g.pair(t))
	if !ok {
		return false
	}
	q, tau := *e.value, g.duration(t)
	delta := TDError(q, t.Reward-g.value*tau, 1, next)
	q, r := DifferentialQUpdate(q, g.value, g.alpha(e, delta), g.options.Eta, t.Reward, tau, next)
	if !finite(r) {
		g.failed = true
		return false
	}
	if !g.put(e, q, delta) {
		return false
	}
	g.value = r
	return true
}

func (g *gain) write(w *codec.Writer) { w.Float(g.value) }

func (g *gain) read(r *codec.Reader) func() {
	value := r.Float()
	if !finite(value) {
		r.Fail("a gain of %v", value)
	}
	return func() { g.value = value }
}

func (g *gain) stats(*TabularStats) {}
