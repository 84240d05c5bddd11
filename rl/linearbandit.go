package rl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// maxRidge is the most features that a linear bandit takes: it keeps a square of them.
const maxRidge = 2048

// RidgeOptions sets up the ridge regression of rewards on features behind LinUCB and LinThompson. The zero
// value works. The features x of an action are 1, the state and the row of the action, one after the other;
// they and the rewards should be of the size of 1, or Lambda, and the width or scale of the bandit, be chosen
// to suit.
type RidgeOptions struct {
	// PerAction gives every action weights of its own, found by its ID, as where each behaves in its own way
	// or has no features. Without it all share their weights, so that each outcome teaches about every action,
	// and new ones are known by their rows. Where actions have no features, it is always so.
	PerAction   bool
	NoIntercept bool    // leaves the 1 out of the features
	Lambda      float64 // ridge: weight of the belief that all weights are 0, 1e-9 or more; 0 means 1
	Initial     float64 // reward expected of what nothing is known of: the usual one, or higher to try it sooner
	Forget      float64 // share of what weights were learned from that each outcome for them wipes out, in [0, 1)
	// MaxActions is the number of actions with weights of their own at most, each of which takes about 10·d² bytes
	// for d features; 0 means 1,024. Beyond, see BanditStats.
	MaxActions int
}

func (o RidgeOptions) withDefaults(spec lepton.Spec) RidgeOptions {
	o.PerAction = o.PerAction || spec.ActionDim == 0
	if o.Lambda == 0 {
		o.Lambda = 1
	}
	if o.MaxActions == 0 {
		o.MaxActions = 1024
	}
	return o
}

func (o RidgeOptions) validate() error {
	const of = "RidgeOptions"
	var errs []error
	if !(o.Lambda >= 1e-9) || !moderate(o.Lambda) {
		errs = append(errs, fmt.Errorf("rl: %s.Lambda is %v, want 1e-9 to 1e100", of, o.Lambda))
	}
	if !moderate(o.Initial) {
		errs = append(errs, fmt.Errorf("rl: %s.Initial is %v, want a number below 1e100", of, o.Initial))
	}
	if !(o.Forget >= 0 && o.Forget < 1) {
		errs = append(errs, fmt.Errorf("rl: %s.Forget is %v, want 0 or more, below 1", of, o.Forget))
	}
	return errors.Join(append(errs, atLeast(of, "MaxActions", o.MaxActions, 1))...)
}

// linearBandit is what LinUCB and LinThompson have in common: a regression for each action, or one for all,
// and of each a view, which is what the policies hold.
type linearBandit struct {
	bandit
	ridge     RidgeOptions
	roster    roster      // of the actions with weights; one without a name where all share
	models    []*ridge    // by place
	dirty     []bool      // by place: the model has changed since its view was made
	views     [][]float32 // by place; nil: none yet
	published uint64      // number of publications
	base      linearPolicy
	features  []float64 // of the outcome in hand

	view func(m *ridge, action uint64) []float32 // nil when it does not fit into float32
	wrap func(linearPolicy)                      // publishes
}

// newLinearBandit checks everything that the two have in common; errs are the faults of their own options.
func newLinearBandit(kind string, spec lepton.Spec, o RidgeOptions, batch int, epsilon float64, errs ...error) (linearBandit, error) {
	o = o.withDefaults(spec)
	if err := errors.Join(append(errs, spec.Validate(), o.validate())...); err != nil {
		return linearBandit{}, err
	}
	x := joint{head: spec.StateDim, row: spec.ActionDim, intercept: !o.NoIntercept}
	if x.intercept {
		x.head++
	}
	if d := x.dim(); d == 0 || d > maxRidge {
		return linearBandit{}, &lepton.SpecError{Who: kind, Reasons: []string{
			fmt.Sprintf("there are %d features, want 1 to %d", d, maxRidge)}}
	}
	l := linearBandit{
		bandit: newBandit(kind, spec, batch), ridge: o, roster: newRoster(o.MaxActions), features: make([]float64, x.dim()),
		base: linearPolicy{spec: spec, x: x, perAction: o.PerAction, lambda: o.Lambda, initial: o.Initial, epsilon: epsilon},
	}
	if !o.PerAction {
		l.roster.limit = 1
		l.model(arm{})
	}
	return l, nil
}

// model returns the model of a, made new when there is none, and its place.
func (l *linearBandit) model(a arm) (*ridge, int) {
	place, isNew := l.roster.take(a)
	if place == len(l.models) {
		l.models, l.dirty, l.views = append(l.models, nil), append(l.dirty, true), append(l.views, nil)
	}
	if isNew {
		l.models[place], l.dirty[place], l.views[place] = newRidge(l.base.x.dim(), l.ridge.Lambda), true, nil
	}
	return l.models[place], place
}

// Observe implements lepton.Learner. The sums of the action, or of all, are updated here.
func (l *linearBandit) Observe(t *lepton.Transition) {
	l.progress.Observed++
	if !usable(t) || !l.base.fits(&t.Obs) {
		l.refuse(finite(t.Reward) && finite(t.Discount))
		return
	}
	l.base.x.fill(l.features, &t.Obs, t.Action)
	if !moderate(t.Reward) || !moderate(l.features...) {
		l.refuse(false)
		return
	}
	m, place := l.model(l.base.arm(&t.Obs, t.Action))
	if l.ridge.Forget > 0 {
		m.forget(l.ridge.Forget, l.ridge.Lambda)
	}
	delta, ok := m.update(l.features, t.Reward-l.ridge.Initial)
	if !ok {
		l.refuse(false)
		return
	}
	l.dirty[place] = true
	l.learned(delta)
}

// Step implements lepton.Learner: it publishes what Batch or more outcomes have changed. The work grows with
// the number of actions that they were of.
func (l *linearBandit) Step(ctx context.Context) (lepton.Progress, error) {
	return l.step(ctx, l.publish)
}

// publish makes the views anew whose models have changed; the others are shared with the snapshots before.
func (l *linearBandit) publish() {
	l.published++
	for place, m := range l.models {
		if !l.dirty[place] {
			continue
		}
		if l.ridge.Forget > 0 && !m.refresh() { // forgetting is no change of rank one
			l.refuse(false)
			continue
		}
		view := l.view(m, l.roster.arms[place].action)
		if view == nil {
			l.refuse(false)
			continue
		}
		l.views[place], l.dirty[place] = view, false
	}
	l.base.places, l.base.views = l.roster.snapshot(), slices.Clone(l.views)
	l.wrap(l.base)
}

// Stats says what is known and what was left out.
func (l *linearBandit) Stats() BanditStats {
	return BanditStats{Actions: len(l.models), Evicted: l.roster.evicted, Faults: l.faults}
}

func (l *linearBandit) write(w *codec.Writer) {
	l.bandit.write(w)
	w.Uint64(l.published)
	w.Uint64(l.roster.evicted)
	w.Int(len(l.models))
	for _, place := range l.roster.recency() {
		writeArm(w, l.roster.arms[place])
		w.Bool(l.dirty[place])
		l.models[place].write(w)
	}
}

// read returns a bandit with what write wrote, but for what was published.
func (l *linearBandit) read(in *codec.Reader) (linearBandit, error) {
	next := *l
	var err error
	if next.bandit, err = l.bandit.read(in); err != nil {
		return next, err
	}
	next.roster, next.models, next.dirty, next.views = newRoster(l.roster.limit), nil, nil, nil
	next.published, next.roster.evicted = in.Uint64(), in.Uint64()
	for range in.Count(17) {
		readArm(in, next.roster.append)
		next.dirty = append(next.dirty, in.Bool())
		m := readRidge(in, l.base.x.dim())
		if in.Err() != nil {
			break
		}
		next.models = append(next.models, m)
	}
	if !l.ridge.PerAction && (len(next.models) != 1 || next.roster.find(arm{}) != 0) {
		in.Fail("%d models where all actions share one", len(next.models))
	}
	return next, in.Err()
}

// resume takes over what was published.
func (l *linearBandit) resume(in *codec.Reader, base linearPolicy) {
	l.views = make([][]float32, len(l.models))
	for place, a := range l.roster.arms {
		if l.views[place] = base.viewOf(a); l.views[place] == nil && !l.dirty[place] {
			in.Fail("action %d is not published", a.action)
		}
	}
}
