package rl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/replay"
)

const kindFittedQ = "rl.fittedq"

// FitFunc fits a model to rows x with targets y: any regressor, such as supervised.RandomForest. A row is
// [state, action's features], or [state, one-hot action] in a fixed space whose actions have none, as
// policy.FromModel shows them to the model. Both slices may be kept and must not be changed.
//
// The same rows and targets must give the same model: what is saved of it is what it was fitted to.
type FitFunc func(x [][]float64, y []float64) (policy.Model, error)

// FittedQOptions sets up a FittedQ. All but Fit may be zero.
type FittedQOptions struct {
	Fit        FitFunc // required
	Capacity   int     // transitions kept, with all rows of each, and as many targets; 0 means 10,000. The oldest make room
	Iterations int     // fits, one a Step, after a sixteenth of what is kept is new; 0 means 50. As many steps ahead are seen at first
	Epsilon    float64 // share of evenly drawn actions in the policies made, in [0, 1]; 0 explores never
	Prior      Prior   // a heuristic that the values begin with, so that models are fitted to what it lacks; see WithPrior. The zero value: none
}

func (o FittedQOptions) withDefaults() FittedQOptions {
	if o.Capacity == 0 {
		o.Capacity = 10_000
	}
	if o.Iterations == 0 {
		o.Iterations = 50
	}
	return o
}

func (o FittedQOptions) validate() error {
	var errs []error
	if o.Fit == nil {
		errs = append(errs, errors.New("rl: FittedQOptions.Fit is missing"))
	}
	if o.Capacity < 0 {
		errs = append(errs, fmt.Errorf("rl: FittedQOptions.Capacity is %d, want 0 or more", o.Capacity))
	}
	if o.Iterations < 0 {
		errs = append(errs, fmt.Errorf("rl: FittedQOptions.Iterations is %d, want 0 or more", o.Iterations))
	}
	if !(o.Epsilon >= 0 && o.Epsilon <= 1) {
		errs = append(errs, fmt.Errorf("rl: FittedQOptions.Epsilon is %v, want 0 to 1", o.Epsilon))
	}
	return errors.Join(errs...)
}

// FittedQ makes a learner of any regressor. Each Step fits it anew to all transitions kept, with targets made by
// the model before:
//
//	Q_k+1 ← fit of r + discount·max Q_k(s′,·) on (s,a),   Q_0 = 0
//
// Observe only collects. Step is Idle after Iterations fits, until a sixteenth of what is kept is new. With
// regressors that average, such as trees, the values cannot run away; others may. Transitions come from any policy.
//
// Source: Ernst, Geurts & Wehenkel (2005), "Tree-based batch mode reinforcement learning", figure 1. Not safe
// for concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and
// Specced. A saved learner or policy holds the examples that its model was fitted to; reading it fits again.
type FittedQ struct {
	options  FittedQOptions
	spec     lepton.Spec
	ring     *replay.Ring[lepton.Transition]
	policy   *fittedPolicy // the latest snapshot
	progress lepton.Progress
	faults   uint64
	taken    uint64 // transitions taken in
	begun    uint64 // of them when fitting last began
	left     int    // fits still to be made
	failed   bool   // a transition since the last Step was not finite
	scratch  lepton.Scratch
}

// FittedQStats says what is kept and what was left out.
type FittedQStats struct {
	Kept        int    // transitions
	Overwritten uint64 // that made room for others
	Faults      uint64 // left out: not finite or beyond 1e100, of another spec, an action that was not legal, nothing legal afterwards
}

// NewFittedQ returns a learner for the observations of spec. All faults of o are reported together; a spec
// whose actions have neither features nor a fixed number is a *lepton.SpecError.
func NewFittedQ(spec lepton.Spec, o FittedQOptions) (*FittedQ, error) {
	o = o.withDefaults()
	_, err := policy.FromModel(nothing{}, spec)
	if err := errors.Join(err, o.validate()); err != nil {
		return nil, err
	}
	l := &FittedQ{options: o, spec: spec, progress: lepton.Progress{Loss: math.NaN(), Idle: true}}
	if l.policy, err = newFittedPolicy(spec, o, nil, nil); err != nil {
		return nil, err
	}
	l.ring, err = replay.NewRing[lepton.Transition](o.Capacity)
	return l, err
}

// Observe implements lepton.Learner: it collects.
func (l *FittedQ) Observe(t *lepton.Transition) {
	l.progress.Observed++
	if !l.fits(t) {
		l.faults++
		l.failed = l.failed || !finite(t.Reward) || !finite(t.Discount)
		return
	}
	l.ring.Next().CopyFrom(t)
	l.taken++
	if fresh := l.taken - l.begun; fresh > uint64(l.ring.Len())/16 {
		l.begun, l.left = l.taken, l.options.Iterations
	}
	l.progress.Idle = l.left == 0
}

// fits reports whether t can be learned from.
func (l *FittedQ) fits(t *lepton.Transition) bool {
	if !usable(t) || !moderate(t.Reward, t.Discount) || !serves(&l.spec, &t.Obs) ||
		!moderate(t.Obs.State()...) || !moderate(t.Obs.Rows()...) {
		return false
	}
	return t.Discount == 0 || t.Next.LegalCount() > 0 && serves(&l.spec, &t.Next) &&
		moderate(t.Next.State()...) && moderate(t.Next.Rows()...)
}

// Step implements lepton.Learner: one fit. Where that fails, the error is returned, the latest policy stands, and
// it is tried again when more is known.
func (l *FittedQ) Step(ctx context.Context) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return l.progress, err
	}
	var err error
	if l.left > 0 {
		l.left--
		if err = l.iterate(); err != nil {
			l.left = 0
		}
	}
	l.progress.Idle = l.left == 0
	if l.failed {
		l.failed, err = false, errors.Join(err, ErrNotFinite)
	}
	return l.progress, err
}

// iterate makes the next model and publishes it, unless it predicts what is not finite.
func (l *FittedQ) iterate() error {
	n, width := l.ring.Len(), inputWidth(&l.spec)
	x, y := make([]float64, 0, n*width), make([]float64, n)
	for i := range n {
		t := l.ring.At(i)
		x = appendInput(x, &l.spec, &t.Obs, t.Action)
		y[i] = t.Reward - l.options.Prior.of(&t.Obs, t.Action, &l.scratch)
		if t.Discount != 0 {
			l.scratch.Reset()
			values := l.scratch.Floats(t.Next.Len())
			l.policy.Scores(values, &t.Next, &l.scratch)
			next, _ := MaxValue(values, &t.Next)
			y[i] += t.Discount * next
		}
	}
	if !moderate(y...) {
		return ErrNotFinite
	}
	p, err := newFittedPolicy(l.spec, l.options, x, y)
	if err != nil {
		return fmt.Errorf("rl: fitting Q: %w", err)
	}
	loss := 0.0
	for i := range n {
		delta := y[i] - p.model.Predict(x[i*width:(i+1)*width])
		loss += delta * delta / 2 / float64(n)
	}
	if !finite(loss) {
		return ErrNotFinite
	}
	l.policy = p
	l.progress.Updates++
	l.progress.Loss = loss
	return nil
}

// Policy implements lepton.Learner: ε-greedy on the latest model. It is a lepton.Scorer, whose scores are what
// the model predicts beside the Prior, a lepton.Saver and a lepton.Specced.
func (l *FittedQ) Policy() lepton.Policy { return l.policy }

// Needs implements lepton.Needer: the value of what follows is taken over all actions.
func (l *FittedQ) Needs() lepton.Needs { return lepton.Needs{Others: lepton.AllRows} }

// Spec implements lepton.Specced.
func (l *FittedQ) Spec() lepton.Spec { return l.spec }

// Stats says what is kept and what was left out.
func (l *FittedQ) Stats() FittedQStats {
	return FittedQStats{Kept: l.ring.Len(), Overwritten: l.ring.Overwritten(), Faults: l.faults}
}

// Kind implements lepton.Saver.
func (l *FittedQ) Kind() string { return l.options.Prior.kind(kindFittedQ) }

// WriteTo implements lepton.Saver.
func (l *FittedQ) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, l.spec)
	writeProgress(&b, l.progress)
	for _, n := range [...]uint64{l.faults, l.taken, l.begun} {
		b.Uint64(n)
	}
	b.Int(l.left)
	b.Bool(l.failed)
	b.Floats(l.policy.x)
	b.Floats(l.policy.y)
	var ring bytes.Buffer
	if _, err := l.ring.Save(&ring, replay.AppendTransition); err != nil {
		return 0, err
	}
	b.Blob(ring.Bytes())
	return codec.WriteContainer(w, l.Kind(), b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, fitting the model again, or leaves the
// learner as it is and says why. Options are not saved; continue with those of the writer.
func (l *FittedQ) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, l.Kind(), func(in *codec.Reader) error {
		if err := readSpec(in, l.spec, kindFittedQ); err != nil {
			return err
		}
		next := *l
		next.progress = readProgress(in)
		next.faults, next.taken, next.begun = in.Uint64(), in.Uint64(), in.Uint64()
		next.left, next.failed = in.Int(), in.Bool()
		x, y := in.Floats(), in.Floats()
		ring := bytes.NewReader(in.Blob())
		if next.begun > next.taken || next.left < 0 || next.left > l.options.Iterations {
			in.Fail("%d fits left, begun at %d of %d", next.left, next.begun, next.taken)
		}
		if err := in.Close(); err != nil {
			return err
		}
		var err error
		if next.ring, err = replay.NewRing[lepton.Transition](l.options.Capacity); err != nil {
			return err
		}
		if _, err = next.ring.Load(ring, replay.ReadTransition); err != nil {
			return err
		}
		for i := range next.ring.Len() {
			if !l.fits(next.ring.At(i)) {
				in.Fail("a transition that cannot be learned from")
			}
		}
		if ring.Len() > 0 || next.left > 0 && next.ring.Len() == 0 {
			in.Fail("%d bytes behind a ring of %d", ring.Len(), next.ring.Len())
		}
		if err = in.Err(); err != nil {
			return err
		}
		if next.policy, err = newFittedPolicy(l.spec, l.options, x, y); err != nil {
			return err
		}
		next.progress.Idle = next.left == 0
		*l = next
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes. It fits the model again.
func (l *FittedQ) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return l.policy.decode(kind, r, l.options)
}
