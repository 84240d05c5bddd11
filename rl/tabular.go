package rl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/replay"
)

// tabular is what table learners have in common. learn is what they differ in: it takes in one usable
// transition, over as many steps as NStep says, and reports false where that was at fault.
type tabular struct {
	*setup
	learn    func(t *lepton.Transition) bool
	more     extension // what a learner keeps beside the table; nil: nothing
	values   table
	second   table // DoubleQ's other one, nil for the rest
	progress lepton.Progress
	faults   uint64
	failed   bool                     // an update since the last Step was not finite
	steps    *replay.NStep            // nil: one step
	whole    func(*lepton.Transition) // takes what steps gives
	replay   *rehearsal               // nil: none
	last     *tablePolicy             // the latest snapshot; nil when it is out of date
	buffer   []float64                // two rows of values
	shifted  lepton.Transition        // what update shows to learn where there is a prior
	scratch  lepton.Scratch           // of the prior
}

// setup is what never changes in a learner. Its policies share it.
type setup struct {
	kind    string
	spec    lepton.Spec
	options TabularOptions
}

// extension is what a learner keeps beside its table.
type extension interface {
	write(w *codec.Writer)
	// read reads what write wrote; keep takes it over, once all else is known to be good.
	read(r *codec.Reader) (keep func())
	stats(s *TabularStats)
}

// newTabular returns the common part. The caller sets learn, and more if there is more.
func newTabular(kind string, spec lepton.Spec, o TabularOptions, also ...error) (*tabular, error) {
	if o.States > 0 && o.Key == nil && spec.StateDim != 1 {
		also = append(also, &lepton.SpecError{Who: kind, Reasons: []string{"TabularOptions.States without a Key takes one feature, the number of the state"}})
	}
	o = o.withDefaults()
	if err := errors.Join(append(also, o.validate(kind, spec))...); err != nil {
		return nil, err
	}
	again, err1 := newRehearsal(o.Replay)
	steps, err2 := o.follow()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	l := &tabular{
		setup: &setup{o.Prior.kind(kind), spec, o}, steps: steps, replay: again, values: newTable(spec, &o), progress: lepton.Progress{Loss: math.NaN(), Idle: true},
	}
	l.whole = l.take
	return l, nil
}

// Observe implements lepton.Learner. The update happens here, except where NStep waits for more.
func (l *tabular) Observe(t *lepton.Transition) {
	l.progress.Observed++
	switch {
	case l.steps == nil:
		l.take(t)
	case usable(t):
		l.steps.Add(t, l.whole)
	default:
		l.leaveOut(t)
	}
}

// take learns from a transition that is complete.
func (l *tabular) take(t *lepton.Transition) {
	if !usable(t) {
		l.leaveOut(t)
		return
	}
	if !l.update(t) {
		l.faults++
	}
	if l.replay != nil {
		l.replay.add(t)
		l.progress.Idle = false
	}
}

func (l *tabular) leaveOut(t *lepton.Transition) {
	l.faults++
	l.failed = l.failed || !finite(t.Reward) || !finite(t.Discount)
}

// update learns from a transition. With a prior, Q = prior + table: row adds that of what follows, and that of the
// decision itself, which the table is to lack, comes off the reward.
func (l *tabular) update(t *lepton.Transition) bool {
	if l.options.Prior.scorer == nil {
		return l.learn(t)
	}
	l.shifted = *t
	l.shifted.Reward -= l.options.Prior.of(&t.Obs, t.Action, &l.scratch)
	return l.learn(&l.shifted)
}

// row returns the values of what follows t in one of the tables, in memory that is good for two rows.
func (l *tabular) row(from table, t *lepton.Transition, which int) []float64 {
	n := t.Next.Len()
	if len(l.buffer) < 2*n {
		l.buffer = make([]float64, 4*n)
	}
	values := l.buffer[which*n : (which+1)*n]
	from.row(values, l.options.Key(&t.Next), &t.Next)
	if l.options.Prior.scorer != nil {
		l.scratch.Reset()
		l.options.Prior.add(values, &t.Next, &l.scratch)
	}
	return values
}

// pair returns the keys of what t's decision was.
func (l *tabular) pair(t *lepton.Transition) (state, action uint64) {
	return l.options.Key(&t.Obs), l.options.actionKey(&t.Obs, t.Action)
}

// towards is QUpdate of t's action in a table: next is the value of what follows.
func (l *tabular) towards(values table, t *lepton.Transition, next float64) bool {
	e, ok := values.entry(l.pair(t))
	if !ok {
		return false
	}
	q := *e.value
	delta := TDError(q, t.Reward, t.Discount, next)
	return l.put(e, QUpdate(q, l.alpha(e, delta), t.Reward, t.Discount, next), delta)
}

// alpha returns the step size of the next update of an entry, whose error is delta.
func (l *tabular) alpha(e entry, delta float64) float64 {
	s := &l.options.StepSize
	switch {
	case e.noise != nil:
		after := *e.noise
		alpha := after.step(*e.visits+1, delta, s.Floor, s.Alpha)
		if after.sound() {
			*e.noise = after
		}
		return alpha
	case s.Power == 0:
		return max(s.Floor, s.Alpha) // what At says, without a call
	}
	return s.At(*e.visits + 1)
}

// put stores what an update came to.
func (l *tabular) put(e entry, updated, delta float64) bool {
	if !finite(updated) {
		l.failed = true
		return false
	}
	*e.value = updated
	*e.visits++
	l.progress.Updates++
	l.progress.Loss = delta * delta / 2
	l.last = nil
	return true
}

// Step implements lepton.Learner. It learns again from a batch of the Replay, once for what came in since
// the last Step; without one there is nothing left to do after Observe.
func (l *tabular) Step(ctx context.Context) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return l.progress, err
	}
	if l.replay != nil {
		for _, t := range l.replay.draw() {
			if !l.update(t) {
				l.faults++
			}
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
		l.last = &tablePolicy{
			setup: l.setup, epsilon: l.options.epsilon(l.progress.Updates), values: l.values.snapshot(),
		}
		if l.second != nil {
			l.last.second = l.second.snapshot()
		}
	}
	return l.last
}

// Needs implements lepton.Needer: the value of what follows is taken over all actions.
func (l *tabular) Needs() lepton.Needs { return lepton.Needs{Others: lepton.AllRows} }

// Spec implements lepton.Specced.
func (l *tabular) Spec() lepton.Spec { return l.spec }

// Stats says how full the table is and what was left out.
func (l *tabular) Stats() TabularStats {
	s := TabularStats{Entries: l.values.entries(), Evicted: l.values.evicted(), Faults: l.faults}
	if l.steps != nil {
		s.Streams = l.steps.Stats()
	}
	if l.more != nil {
		l.more.stats(&s)
	}
	return s
}

// Kind implements lepton.Saver.
func (l *tabular) Kind() string { return l.kind }

// WriteTo implements lepton.Saver.
func (l *tabular) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, l.spec)
	writeProgress(&b, l.progress)
	b.Uint64(l.faults)
	b.Bool(l.failed)
	l.values.write(&b)
	if l.more != nil {
		l.more.write(&b)
	}
	b.Bool(l.steps != nil)
	if l.steps != nil {
		var open bytes.Buffer
		if _, err := l.steps.WriteTo(&open); err != nil {
			return 0, err
		}
		b.Blob(open.Bytes())
	}
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
		if err := readSpec(in, l.spec, l.kind); err != nil {
			return err
		}
		progress, faults, failed := readProgress(in), in.Uint64(), in.Bool()
		values := readTable(in, l.spec, &l.options)
		keep := func() {}
		if l.more != nil {
			keep = l.more.read(in)
		}
		steps, err := l.readSteps(in)
		if err != nil {
			return err
		}
		again := l.replay
		if in.Bool() != (again != nil) {
			in.Fail("one of two has a replay, file or learner")
		}
		if err := in.Err(); err != nil {
			return err
		}
		if again != nil {
			if again, err = readRehearsal(in, l.options.Replay); err != nil {
				return err
			}
		}
		if err := in.Close(); err != nil {
			return err
		}
		progress.Idle = again == nil || !again.fresh
		l.progress, l.faults, l.failed, l.steps, l.replay = progress, faults, failed, steps, again
		l.values, l.last = values, nil
		keep()
		return nil
	})
}

// readSteps reads the streams that wait for more steps.
func (l *tabular) readSteps(in *codec.Reader) (*replay.NStep, error) {
	if in.Bool() != (l.steps != nil) {
		in.Fail("one of two has NStep, file or learner")
	}
	if err := in.Err(); err != nil || l.steps == nil {
		return nil, err
	}
	steps, err := l.options.follow()
	if err != nil {
		return nil, err
	}
	open := bytes.NewReader(in.Blob())
	if _, err := steps.ReadFrom(open); err != nil {
		return nil, err
	}
	if open.Len() > 0 {
		in.Fail("%d bytes too many in the streams", open.Len())
	}
	return steps, in.Err()
}
