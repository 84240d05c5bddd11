package rl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// TabularOptions sets up a learner that keeps a table of values. The zero value works.
type TabularOptions struct {
	// Key names the state of an observation: equal keys share their values. Discretise in it what has many
	// values. nil means StateKey, the state as it is. Pure, safe for concurrent use, and the same for features
	// rounded to float32, as the facade stores them; so is ActionKey.
	Key func(*lepton.Observation) uint64
	// ActionKey names action i of an observation. nil means its ID, which suits fixed spaces; where
	// candidates come and go, make it of a discretised row.
	ActionKey func(obs *lepton.Observation, i int) uint64

	StepSize   StepSize // Alpha 0 means 0.1
	Initial    float64  // value of actions never tried; above all that can be earned, each is tried (optimism)
	Epsilon    float64  // share of evenly drawn actions in the policies made, in [0, 1]; 0 explores never
	MaxEntries int      // most (state, action) pairs kept, 86 bytes each at most; 0 means 1<<20

	Replay ReplayOptions // for QLearning; SARSA, which learns from what it does itself, refuses it
}

func (o TabularOptions) withDefaults() TabularOptions {
	if o.Key == nil {
		o.Key = StateKey
	}
	if o.ActionKey == nil {
		o.ActionKey = actionID
	}
	o.StepSize = o.StepSize.withDefault(0.1)
	if o.MaxEntries == 0 {
		o.MaxEntries = 1 << 20
	}
	o.Replay = o.Replay.withDefaults()
	return o
}

func (o TabularOptions) validate() error {
	var errs []error
	errs = append(errs, o.StepSize.validate(1), o.Replay.validate())
	if !finite(o.Initial) {
		errs = append(errs, fmt.Errorf("rl: TabularOptions.Initial is %v", o.Initial))
	}
	if !(o.Epsilon >= 0 && o.Epsilon <= 1) {
		errs = append(errs, fmt.Errorf("rl: TabularOptions.Epsilon is %v, want 0 to 1", o.Epsilon))
	}
	if o.MaxEntries < 0 {
		errs = append(errs, fmt.Errorf("rl: TabularOptions.MaxEntries is %d, want 0 or more", o.MaxEntries))
	}
	return errors.Join(errs...)
}

// TabularStats says how full a table is.
type TabularStats struct {
	Entries int    // (state, action) pairs known
	Refused uint64 // updates left out because the table was full and the pair new
	Faults  uint64 // updates left out: not finite, an action that was not legal, or nothing legal afterwards
}

// tabular is what table learners have in common. next is what they differ in: the value of what follows
// a transition, false when nothing legal does.
type tabular struct {
	kind     string
	options  TabularOptions
	next     func(t *lepton.Transition, values []float64) (float64, bool)
	policy   tablePolicy // the keys, and the table that is being learned
	progress lepton.Progress
	faults   uint64
	failed   bool           // an update since the last Step was not finite
	replay   *rehearsal     // nil: none
	last     *tablePolicy   // the latest snapshot; nil when it is out of date
	values   lepton.Scratch // of the actions that follow
}

func newTabular(kind string, spec lepton.Spec, o TabularOptions) (tabular, error) {
	o = o.withDefaults()
	if err := errors.Join(spec.Validate(), o.validate()); err != nil {
		return tabular{}, err
	}
	again, err := newRehearsal(o.Replay)
	if err != nil {
		return tabular{}, err
	}
	return tabular{
		kind: kind, options: o, replay: again,
		policy: tablePolicy{
			spec: spec, key: o.Key, actionKey: o.ActionKey, epsilon: o.Epsilon,
			values: newTable(0, o.MaxEntries, o.Initial),
		},
		progress: lepton.Progress{Loss: math.NaN(), Idle: true},
	}, nil
}

// Observe implements lepton.Learner. The update happens here.
func (l *tabular) Observe(t *lepton.Transition) {
	l.progress.Observed++
	if !usable(t) {
		l.faults++
		l.failed = l.failed || !finite(t.Reward) || !finite(t.Discount)
		return
	}
	l.update(t)
	if l.replay != nil {
		l.replay.add(t)
		l.progress.Idle = false
	}
}

func (l *tabular) update(t *lepton.Transition) {
	next := 0.0
	if t.Discount != 0 {
		l.values.Reset()
		values := l.values.Floats(t.Next.Len())
		l.policy.fill(values, &t.Next, l.policy.values)
		var ok bool
		if next, ok = l.next(t, values); !ok {
			l.faults++
			return
		}
	}
	state, action := l.options.Key(&t.Obs), l.options.ActionKey(&t.Obs, t.Action)
	q, visits := l.policy.values.get(state, action)
	updated := QUpdate(q, l.options.StepSize.At(visits+1), t.Reward, t.Discount, next)
	if !finite(updated) {
		l.faults++
		l.failed = true
		return
	}
	if !l.policy.values.set(state, action, updated, visits+1) {
		return
	}
	delta := t.Reward + t.Discount*next - q
	l.progress.Updates++
	l.progress.Loss = delta * delta / 2
	l.last = nil
}

// Step implements lepton.Learner. It learns again from a batch of the Replay, once for what came in since
// the last Step; without one there is nothing left to do after Observe.
func (l *tabular) Step(ctx context.Context) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return l.progress, err
	}
	if l.replay != nil {
		for _, t := range l.replay.draw() {
			l.update(t)
		}
	}
	l.progress.Idle = true
	if l.failed {
		l.failed = false
		return l.progress, ErrNotFinite
	}
	return l.progress, nil
}

// Policy implements lepton.Learner: ε-greedy on the values so far. It is a lepton.Scorer, whose scores are
// the values, a lepton.Saver and a lepton.Specced.
func (l *tabular) Policy() lepton.Policy {
	if l.last == nil {
		p := l.policy
		p.values = p.values.snapshot()
		l.last = &p
	}
	return l.last
}

// Needs implements lepton.Needer: the value of what follows is taken over all actions.
func (l *tabular) Needs() lepton.Needs { return lepton.Needs{Others: lepton.AllRows} }

// Spec implements lepton.Specced.
func (l *tabular) Spec() lepton.Spec { return l.policy.spec }

// Stats says how full the table is and what was left out.
func (l *tabular) Stats() TabularStats {
	return TabularStats{Entries: l.policy.values.used, Refused: l.policy.values.refused, Faults: l.faults}
}

// Kind implements lepton.Saver.
func (l *tabular) Kind() string { return l.kind }

// WriteTo implements lepton.Saver.
func (l *tabular) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, l.policy.spec)
	writeProgress(&b, l.progress)
	b.Uint64(l.faults)
	b.Bool(l.failed)
	l.policy.values.write(&b)
	b.Bool(l.replay != nil)
	if l.replay != nil {
		if err := l.replay.write(&b); err != nil {
			return 0, err
		}
	}
	return codec.WriteContainer(w, l.kind, b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *tabular) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, l.kind, func(in *codec.Reader) error {
		if err := readSpec(in, l.policy.spec, l.kind); err != nil {
			return err
		}
		progress, faults, failed := readProgress(in), in.Uint64(), in.Bool()
		values := readTable(in, l.options.MaxEntries)
		again := l.replay
		if in.Bool() != (again != nil) {
			in.Fail("one of two has a replay, file or learner")
		}
		if err := in.Err(); err != nil {
			return err
		}
		if again != nil {
			var err error
			if again, err = readRehearsal(in, l.options.Replay); err != nil {
				return err
			}
		}
		if err := in.Close(); err != nil {
			return err
		}
		progress.Idle = again == nil || !again.fresh
		l.progress, l.faults, l.failed, l.replay = progress, faults, failed, again
		l.policy.values, l.last = values, nil
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *tabular) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return l.policy.decode(kind, r)
}
