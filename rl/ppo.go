package rl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
)

// PPOOptions sets up a PPO. The zero value works.
type PPOOptions struct {
	Network NetworkOptions // of the policy; StepSize.Alpha 0 means 3e-4, MaxNorm 0 means 0.5
	Critic  NetworkOptions // of the values; StepSize.Alpha 0 means 1e-3, MaxNorm 0 means 0.5

	Batch     int     // decisions an update; 0 means 1,024
	Epochs    int     // passes over them; 0 means 10
	Minibatch int     // decisions for one step of each network; 0 means 256. Batch or more: all at once
	Lambda    float64 // λ of the advantages, in (0, 1]: lower is less noise and more bias; 0 means 0.95
	Clip      float64 // how far from 1 a ratio of probabilities still teaches, in (0, 1); 0 means 0.2
	MaxKL     float64 // the policy rests for the rest of an update beyond this divergence; 0 means 0.03, +Inf never
	Entropy   float64 // weight of the policy's entropy in what is maximised; keeps it exploring; 0: none
	MaxRatio  float64 // cap on the weight of decisions that another policy made, at least 1; 0 means 2

	Prior Prior // a heuristic that the scores begin with; see WithPrior. The zero value: none

	// Segment is the number of decisions of one stream that are used without waiting for its end, the value of
	// what follows in place of the rest; 0 means 128.
	Segment  int
	Patience int // as for REINFORCEOptions; 0 means 1,024
	MaxOpen  int // as for REINFORCEOptions; 0 means 1,024
	MaxSteps int // as for REINFORCEOptions; 0 means 65,536

	Seed uint64 // source of all randomness
}

// mostBatch bounds PPOOptions.Batch, of which four times as many may wait.
const mostBatch = 1 << 28

func (o PPOOptions) withDefaults(spec lepton.Spec) PPOOptions {
	o.Network = o.Network.withDefaults(spec, 3e-4, 0.5)
	o.Critic = o.Critic.withDefaults(spec, 1e-3, 0.5)
	for _, f := range [...]struct {
		field *int
		value int
	}{{&o.Batch, 1024}, {&o.Epochs, 10}, {&o.Minibatch, 256}, {&o.Segment, 128}, {&o.Patience, 1024}, {&o.MaxOpen, 1024}, {&o.MaxSteps, 1 << 16}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	for _, f := range [...]struct {
		field *float64
		value float64
	}{{&o.Lambda, 0.95}, {&o.Clip, 0.2}, {&o.MaxKL, 0.03}, {&o.MaxRatio, 2}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	o.Minibatch = min(o.Minibatch, o.Batch)
	return o
}

func (o PPOOptions) validate() error {
	errs := []error{o.Network.validate(), o.Critic.validate()}
	fault := func(bad bool, name string, value any, want string) {
		if bad {
			errs = append(errs, fmt.Errorf("rl: PPOOptions.%s is %v, want %s", name, value, want))
		}
	}
	fault(o.Batch < 0 || o.Batch > mostBatch, "Batch", o.Batch, fmt.Sprintf("0 to %d", mostBatch))
	fault(o.Epochs < 0, "Epochs", o.Epochs, "0 or more")
	fault(o.Minibatch < 0, "Minibatch", o.Minibatch, "0 or more")
	fault(!(o.Lambda > 0 && o.Lambda <= 1), "Lambda", o.Lambda, "above 0 and at most 1")
	fault(!(o.Clip > 0 && o.Clip < 1), "Clip", o.Clip, "between 0 and 1")
	fault(!(o.MaxKL > 0), "MaxKL", o.MaxKL, "above 0")
	fault(!(o.Entropy >= 0) || math.IsInf(o.Entropy, 0), "Entropy", o.Entropy, "0 or more")
	fault(!(o.MaxRatio >= 1), "MaxRatio", o.MaxRatio, "1 or more")
	fault(o.Segment < 0, "Segment", o.Segment, "0 or more")
	fault(o.Patience < 0, "Patience", o.Patience, "0 or more")
	fault(o.MaxOpen < 0, "MaxOpen", o.MaxOpen, "0 or more")
	fault(o.MaxSteps < 0, "MaxSteps", o.MaxSteps, "0 or more")
	return errors.Join(errs...)
}

// PPO learns a softmax over the scores of a network by proximal policy optimisation: several passes over
// each batch of decisions, of
//
//	max Σ w·min(ρ·A, clip(ρ, 1−ε, 1+ε)·A) + entropy·H,   ρ = π(a|s)/π₀(a|s)
//
// where π₀ is the policy when the update begins. A are generalised advantages against a second network's
// values, each with the discount of its own decision:
//
//	δ = r + discount·V(s′) − V(s),   A = δ + discount·λ·A′
//
// w = π₀/propensity, capped at MaxRatio, corrects for decisions that an older or another policy made
// (decoupled as by Hilton, Cobbe & Schulman 2022); it is 1 where the learner's latest policy decides alone.
// Advantages are divided by their spread, and values are learned in units of theirs (Pop-Art; van Hasselt et
// al. 2016), so that the unit of the reward does not matter.
//
// Streams are put in order and gaps are dealt with as by REINFORCE, except that Segment decisions without a
// gap are enough to be learned from. An update begins when Batch decisions are there; beyond four times that,
// because Step was not called, all that waited make room. It is a lepton.TargetLearner too, by the gradient of
// the cross-entropy, in minibatches.
//
// Source: Schulman et al. (2016), Generalized Advantage Estimation, and (2017), Proximal Policy
// Optimization. Not safe for concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver with
// io.ReaderFrom, PolicyDecoder and Specced.
type PPO struct {
	spec     lepton.Spec
	options  PPOOptions
	actor    *descent
	critic   *descent
	unit     returnUnit // of the critic's outputs
	episodes *assembler
	pending  ppoBatch
	lessons  targetBatch
	pcg      *rand.PCG
	progress lepton.Progress
	stats    PPOStats
	failed   bool

	policy lepton.Policy // at the present parameters; nil: to be made
	work   ppoWork
}

// PPOStats says how the latest update went, and counts what could not be used.
type PPOStats struct {
	KL       float64 // divergence of the new policy from the old, in nats
	Entropy  float64 // of the policy, in nats a decision
	Clipped  float64 // share of decisions whose ratio was beyond Clip
	Variance float64 // share of the returns' variance that the values explained beforehand; at most 1
	Resting  uint64  // updates in which MaxKL was reached

	Open      int    // streams that wait
	Gaps      uint64 // decisions that had not arrived when those around them were used
	Dropped   uint64 // transitions left out: come too late, not usable, beyond 1e15, or more than there is room for
	Duplicate uint64 // transitions that had arrived before
	Skipped   uint64 // decisions without a propensity in (0, 1]: their rewards count, they teach the policy nothing
}

// NewPPO returns a learner for the observations of spec. All faults of o are reported together; a spec
// whose actions have neither features nor a fixed number is a *lepton.SpecError.
func NewPPO(spec lepton.Spec, o PPOOptions) (*PPO, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults(spec)
	actor, err1 := newNetwork(kindPPO, spec, form{hidden: o.Network.Hidden, activation: o.Network.Activation, context: o.Network.Context})
	critic, err2 := newNetwork(kindPPO, spec, form{hidden: o.Critic.Hidden, activation: o.Critic.Activation, value: true})
	if err := errors.Join(o.validate(), err1, err2); err != nil {
		return nil, err
	}
	l := &PPO{
		spec: spec, options: o,
		actor:    newDescent(actor, o.Network, o.Seed, "rl.ppo.policy", o.Prior.firstScale()),
		critic:   newDescent(critic, o.Critic, o.Seed, "rl.ppo.values", 0.01),
		pcg:      rng.Source(o.Seed, "rl.ppo.order"),
		progress: lepton.Progress{Loss: math.NaN(), Idle: true},
	}
	l.pending.reset()
	l.lessons.reset()
	l.episodes = l.newAssembler()
	return l, nil
}

func (l *PPO) newAssembler() *assembler {
	o := &l.options
	a := newAssembler(o.MaxOpen, o.MaxSteps, o.Patience, l.collect)
	a.segment, a.rows = o.Segment, true
	return a
}

// Observe implements lepton.Learner. It collects; Step learns.
func (l *PPO) Observe(t *lepton.Transition) {
	l.progress.Observed++
	switch {
	case !l.fits(t):
		l.episodes.lose(t)
		l.failed = l.failed || !moderate(t.Reward, t.Discount) || !narrow(t.Obs.State()...) || !narrow(t.Obs.Rows()...)
	case t.Episode == 0:
		alone := [...]*lepton.Transition{t}
		l.collect(alone[:])
	default:
		l.episodes.add(t)
	}
	l.episodes.tick()
	l.idle()
}

// fits reports whether t can be learned from.
func (l *PPO) fits(t *lepton.Transition) bool {
	return usable(t) && moderate(t.Reward, t.Discount) && l.actor.serves(&t.Obs) &&
		(t.Discount == 0 || t.Next.Len() == 0 || l.actor.serves(&t.Next))
}

// idle says whether Step would have work.
func (l *PPO) idle() {
	l.progress.Idle = len(l.pending.steps) < l.options.Batch && len(l.lessons.weights) < l.options.Minibatch
}

// ObserveTarget implements lepton.TargetLearner.
func (l *PPO) ObserveTarget(obs *lepton.Observation, target []float64, weight float64) {
	l.progress.Observed++
	if !l.actor.serves(obs) || !l.lessons.add(l.actor.network, obs, target, weight, l.options.Prior, 4*l.options.Minibatch) {
		l.failed = l.failed || !moderate(target...)
		l.episodes.dropped++
	}
	l.idle()
}

// Step implements lepton.Learner: Epochs passes over all decisions collected, once they are Batch, and one step
// of the policy for what a teacher said, once that is a minibatch.
func (l *PPO) Step(ctx context.Context) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return l.progress, err
	}
	var err error
	if len(l.lessons.weights) >= l.options.Minibatch {
		l.progress.Loss, err = l.lessons.teach(l.actor)
		l.progress.Updates = l.actor.updates
		l.policy = nil
	}
	if len(l.pending.steps) >= l.options.Batch {
		err = errors.Join(err, l.update())
		l.pending.reset()
		l.progress.Updates = l.actor.updates
		l.policy = nil
	}
	if l.failed || err != nil {
		l.failed, err = false, ErrNotFinite
	}
	l.idle()
	return l.progress, err
}

// Policy implements lepton.Learner: policy.Softmax over the scores of a network, with all their abilities.
func (l *PPO) Policy() lepton.Policy {
	if l.policy == nil {
		l.policy, _ = policy.Softmax(l.options.Prior.plus(l.actor.scorer()), 1) // there is a scorer, and 1 is a temperature
	}
	return l.policy
}

// Needs implements lepton.Needer: the gradient runs over all actions.
func (l *PPO) Needs() lepton.Needs { return lepton.Needs{Others: lepton.AllRows} }

// Spec implements lepton.Specced.
func (l *PPO) Spec() lepton.Spec { return l.spec }

// Stats says how the latest update went and what could not be used.
func (l *PPO) Stats() PPOStats {
	s, e := l.stats, l.episodes
	s.Open, s.Gaps, s.Dropped, s.Duplicate = e.open(), e.gaps, e.dropped, e.duplicate
	return s
}
