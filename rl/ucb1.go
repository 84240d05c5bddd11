package rl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const kindUCB1 = "rl.ucb1"

// UCB1Options sets up a UCB1. The zero value works.
type UCB1Options struct {
	// Key names the state of an observation: equal keys share what was learned. nil means one key for all,
	// so that the state does not matter. Pure, safe for concurrent use, and the same for features rounded to
	// float32, as for TabularOptions, and for an observation that holds the chosen action alone.
	Key func(*lepton.Observation) uint64

	Range      float64 // highest minus lowest reward possible; 0 means that of the rewards seen so far
	Alpha      float64 // multiplies the bonus for what is uncertain, above 0; 0 means 1, the proven one. ½ often earns more
	Epsilon    float64 // share of evenly drawn actions in the policies made, in [0, 1]; 0: none
	Batch      int     // outcomes from one publication to the next, at least; 0 means 1
	MaxEntries int     // most (key, action) pairs kept, 60 bytes each; 0 means 4,096. Beyond, see BanditStats
}

func (o UCB1Options) withDefaults() UCB1Options {
	if o.Key == nil {
		o.Key = func(*lepton.Observation) uint64 { return 0 }
	}
	if o.Alpha == 0 {
		o.Alpha = 1
	}
	if o.Batch == 0 {
		o.Batch = 1
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = 4096
	}
	return o
}

func (o UCB1Options) validate() error {
	const of = "UCB1Options"
	var wide error
	if !(o.Range >= 0) || !moderate(o.Range) {
		wide = fmt.Errorf("rl: %s.Range is %v, want 0 to 1e100", of, o.Range)
	}
	return errors.Join(wide, positive(of, "Alpha", o.Alpha), epsilonFault(of, o.Epsilon),
		atLeast(of, "Batch", o.Batch, 1), atLeast(of, "MaxEntries", o.MaxEntries, 1))
}

// UCB1 chooses the action that may be the best, by the mean of its rewards and a bonus for how few there
// are:
//
//	mean + Alpha·Range·√(2·ln n / n_a)
//
// where n_a counts the outcomes of action a, known by its ID, and n those of all actions on offer, legal or
// not. Actions without an outcome come first; they, and others whose sums are equal, share the decision
// evenly. The features of actions do not matter, and of a transition only the reward counts: Discount and
// Next are ignored, so a decision inside an episode is judged by its own reward.
//
// Where Range is not given, it is the highest minus the lowest reward seen: outcomes in any order come to
// the same, and the unit does not matter, but one reward far out makes it explore for long. Then cut rewards
// off, or give a Range.
//
// Outcomes may come late, in batches and in any order; only the sums of floating-point numbers differ in
// their last bits. A snapshot does not know of choices whose outcome is still out, so that it makes the same
// one until the next is published: with k actions and d outcomes on the way, finding out takes up to k·d
// decisions more. LinThompson, whose snapshots spread their choices, loses less; so does an Epsilon.
//
// Source: Auer, Cesa-Bianchi & Fischer (2002), section 2; for delays Joulani, György & Szepesvári (2013).
// Not safe for concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom,
// PolicyDecoder and Specced. Its policies are lepton.Scorers.
type UCB1 struct {
	bandit
	options   UCB1Options
	roster    roster
	tallies   []armTally // by place
	low, high float64    // of the rewards seen
	policy    *ucb1Policy
}

// armTally is what is known of an arm.
type armTally struct {
	n   uint64  // outcomes
	sum float64 // of their rewards
}

// NewUCB1 returns a learner for the observations of spec, which may be any. All faults of o are reported
// together.
func NewUCB1(spec lepton.Spec, o UCB1Options) (*UCB1, error) {
	o = o.withDefaults()
	if err := errors.Join(spec.Validate(), o.validate()); err != nil {
		return nil, err
	}
	l := &UCB1{bandit: newBandit(kindUCB1, spec, o.Batch), options: o, roster: newRoster(o.MaxEntries)}
	l.publish()
	return l, nil
}

// Observe implements lepton.Learner.
func (l *UCB1) Observe(t *lepton.Transition) {
	l.progress.Observed++
	if !usable(t) || !moderate(t.Reward) {
		l.refuse(moderate(t.Reward) && finite(t.Discount))
		return
	}
	place, isNew := l.roster.take(arm{l.options.Key(&t.Obs), t.Obs.ID(t.Action)})
	if place == len(l.tallies) {
		l.tallies = append(l.tallies, armTally{})
	}
	a := &l.tallies[place]
	if isNew {
		*a = armTally{}
	}
	a.n++
	a.sum += t.Reward
	if l.progress.Updates == 0 {
		l.low, l.high = t.Reward, t.Reward
	}
	l.low, l.high = min(l.low, t.Reward), max(l.high, t.Reward)
	l.learned(t.Reward - a.mean())
}

func (a *armTally) mean() float64 { return a.sum / float64(a.n) }

// Step implements lepton.Learner: it publishes what Batch or more outcomes have changed.
func (l *UCB1) Step(ctx context.Context) (lepton.Progress, error) { return l.step(ctx, l.publish) }

func (l *UCB1) publish() {
	width := l.options.Range
	if width == 0 {
		width = l.high - l.low
	}
	l.policy = &ucb1Policy{
		spec: l.spec, key: l.options.Key, epsilon: l.options.Epsilon, width: l.options.Alpha * width,
		places: l.roster.snapshot(), tallies: slices.Clone(l.tallies),
	}
}

// Policy implements lepton.Learner: all on the action with the highest score, but for Epsilon. It is a
// lepton.Scorer, whose scores are the sums of mean and bonus, a lepton.Saver and a lepton.Specced.
func (l *UCB1) Policy() lepton.Policy { return l.policy }

// Stats says what is known and what was left out.
func (l *UCB1) Stats() BanditStats {
	return BanditStats{Actions: len(l.tallies), Evicted: l.roster.evicted, Faults: l.faults}
}

// WriteTo implements lepton.Saver.
func (l *UCB1) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	l.bandit.write(&b)
	b.Float(l.low)
	b.Float(l.high)
	b.Uint64(l.roster.evicted)
	writeTallies(&b, &l.roster.places, l.tallies, l.roster.recency())
	l.policy.write(&b)
	return codec.WriteContainer(w, kindUCB1, b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *UCB1) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, kindUCB1, func(in *codec.Reader) error {
		next := UCB1{options: l.options, roster: newRoster(l.options.MaxEntries)}
		var err error
		if next.bandit, err = l.bandit.read(in); err != nil {
			return err
		}
		next.low, next.high = in.Float(), in.Float()
		if !moderate(next.low, next.high) || next.low > next.high {
			in.Fail("rewards from %v to %v", next.low, next.high)
		}
		next.roster.evicted = in.Uint64()
		next.tallies = readTallies(in, next.roster.append)
		if next.policy, err = l.policy.read(in); err != nil {
			return err
		}
		if err := in.Close(); err != nil {
			return err
		}
		*l = next
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *UCB1) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return decodePolicy(kind, kindUCB1Policy, r, func(in *codec.Reader) (lepton.Policy, error) {
		return l.policy.read(in)
	})
}
