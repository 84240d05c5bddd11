package rl

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/replay"
)

// DQNOptions sets up a DQN. The zero value works, but explores only as far as the host does: set Epsilon to
// learn in a simulated world.
type DQNOptions struct {
	Network NetworkOptions // of the values; StepSize.Alpha 0 means 1e-3, MaxNorm 0 means 10
	Epsilon Exploration    // share of evenly drawn actions in the policies made; unset: none

	Capacity   int // transitions kept to learn from; 0 means 100,000. The oldest make room
	MaxActions int // legal candidates kept of an observation; 0 means 256. See replay.StoreOptions
	WarmUp     int // transitions kept before the first update; 0 means 1,000, or Capacity where that is less
	Every      int // transitions between two rounds of updates; 0 means 1
	Updates    int // updates in a round, which is what one Step does; 0 means 1
	Batch      int // transitions of an update; 0 means 64

	// TargetEvery is the number of updates after which the network that values what follows becomes a copy of
	// the one that learns; 0 means 500. Lower follows faster and less stably.
	TargetEvery int
	Polyak      float64 // instead of that, the share by which it moves there with each update, in (0, 1]; 0: it is copied
	// SingleEstimator lets one network both choose and value what follows, as first published, which
	// overestimates. Unset, the one that learns chooses and the other values (double DQN).
	SingleEstimator bool
	Dueling         bool // learn the value of the state and the advantages of actions apart
	NStep           int  // steps of reward before the value of what follows; 0 means 1. See replay.NStep
	MaxStreams      int  // streams with steps that wait; 0 means 1,024. See replay.NStepOptions

	// Priority is the power of the error with which transitions are drawn, in (0, 1], usually 0.6; 0 draws
	// evenly. See replay.Prioritised.
	Priority float64
	Beta     float64 // how far that is made up for at first, in (0, 1]; 0 means 0.4
	BetaOver uint64  // updates in which Beta rises to 1; 0 means 100,000

	// RewardScale multiplies rewards before anything is learned from them; 0 means 1. Best is what makes most
	// errors of a value smaller than 1, and the returns 1 to 100.
	RewardScale float64
	// Huber is where the loss turns from squared to linear; 0 means 1, +Inf is squared everywhere. Errors
	// beyond it, after RewardScale, count for less than their share: rare large costs are then taken too lightly.
	Huber float64
	// Conservative is the weight of a penalty on the values of actions that were not taken, for learning from
	// logs (see NewCQL); 0: none.
	Conservative float64

	Seed uint64 // source of all randomness
}

func (o DQNOptions) withDefaults(spec lepton.Spec) DQNOptions {
	o.Network = o.Network.withDefaults(spec, 1e-3, 10)
	for _, f := range [...]struct {
		field *int
		value int
	}{
		{&o.Capacity, 100_000}, {&o.MaxActions, 256}, {&o.Every, 1}, {&o.Updates, 1}, {&o.Batch, 64},
		{&o.NStep, 1}, {&o.MaxStreams, 1024},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if o.WarmUp == 0 {
		o.WarmUp = min(1000, o.Capacity)
	}
	if o.TargetEvery == 0 && o.Polyak == 0 {
		o.TargetEvery = 500
	}
	if o.BetaOver == 0 {
		o.BetaOver = 100_000
	}
	for _, f := range [...]struct {
		field *float64
		value float64
	}{{&o.Beta, 0.4}, {&o.RewardScale, 1}, {&o.Huber, 1}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return o
}

func (o DQNOptions) validate() error {
	errs := []error{o.Network.validate(), o.Epsilon.validate()}
	fault := func(bad bool, name string, value any, want string) {
		if bad {
			errs = append(errs, fmt.Errorf("rl: DQNOptions.%s is %v, want %s", name, value, want))
		}
	}
	for _, f := range [...]struct {
		name  string
		value int
	}{{"WarmUp", o.WarmUp}, {"Every", o.Every}, {"Updates", o.Updates}, {"Batch", o.Batch}, {"TargetEvery", o.TargetEvery}} {
		fault(f.value < 0, f.name, f.value, "0 or more")
	}
	fault(o.WarmUp > o.Capacity, "WarmUp", o.WarmUp, "no more than Capacity")
	fault(!(o.Polyak >= 0 && o.Polyak <= 1), "Polyak", o.Polyak, "0 to 1")
	fault(o.Polyak != 0 && o.TargetEvery != 0, "Polyak", o.Polyak, "0 where TargetEvery is set")
	fault(!(o.Priority >= 0 && o.Priority <= 1), "Priority", o.Priority, "0 to 1")
	fault(!(o.Beta >= 0 && o.Beta <= 1), "Beta", o.Beta, "0 to 1")
	fault(!(o.RewardScale > 0 && o.RewardScale <= largestFeature), "RewardScale", o.RewardScale, "above 0, at most 1e15")
	fault(!(o.Huber > 0), "Huber", o.Huber, "above 0")
	fault(!(o.Conservative >= 0 && o.Conservative <= largestFeature), "Conservative", o.Conservative, "0 to 1e15")
	return errors.Join(errs...)
}

// DQN learns the values of actions by a network, from replayed transitions:
//
//	target = reward + discount·Q′(s′, argmax over the legal a of Q(s′, a)),   Q(s, a) → target
//
// where Q′ is an older copy of Q that changes seldom, so that targets stand still for a while. Candidate
// spaces are served alike: the maximum runs over the candidates of what follows. A discount of 0, a true
// end, leaves the reward alone; where an episode was cut, the value of what follows counts.
//
// Observe keeps a transition. Step makes one round of Updates for each Every transitions that came in after
// the WarmUp, one round a call; what is owed beyond as many transitions as are kept is forgotten. Policies
// are ε-greedy, Greedy makes them final.
//
// With NStep above 1, the rewards of older policies' later choices go into the targets uncorrected, as in
// Rainbow (Hessel et al. 2018); a small NStep keeps that bias small.
//
// Source: Mnih et al. (2015), Human-level control through deep reinforcement learning; van Hasselt, Guez &
// Silver (2016) for the double, Wang et al. (2016) for the dueling and Schaul et al. (2016) for the
// prioritised form. Not safe for concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver with
// io.ReaderFrom, PolicyDecoder and Specced.
type DQN struct {
	spec     lepton.Spec
	options  DQNOptions
	online   *descent // Q
	target   *descent // Q′; is never stepped
	steps    *replay.NStep
	memory   memory
	owed     int // transitions that no round of updates answered yet
	faults   uint64
	leftOut  uint64
	failed   bool // something since the last Step was not finite
	progress lepton.Progress

	policy  lepton.Policy // the latest; nil: to be made
	epsilon float64       // its share
	work    dqnWork
	keep    func(t *lepton.Transition)
}

// DQNStats says what is kept and counts what could not be used.
type DQNStats struct {
	Kept    int    // transitions to learn from
	Open    int    // streams with steps that wait for NStep
	Gaps    uint64 // steps that were missing or out of order: their neighbours were kept with fewer steps
	Faults  uint64 // transitions left out: not usable, or beyond 1e15
	LeftOut uint64 // updates left out because they were not finite
	Dropped uint64 // candidates left out because of MaxActions
}

// NewDQN returns a learner for the observations of spec. All faults of o are reported together; a spec
// whose actions have neither features nor a fixed number is a *lepton.SpecError.
func NewDQN(spec lepton.Spec, o DQNOptions) (*DQN, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults(spec)
	n, err := newNetwork(kindDQN, spec, form{hidden: o.Network.Hidden, activation: o.Network.Activation, context: o.Network.Context, dueling: o.Dueling})
	steps, err1 := replay.NewNStep(replay.NStepOptions{N: o.NStep, MaxStreams: o.MaxStreams})
	kept, err2 := newMemory(spec, o)
	if err := errors.Join(o.validate(), err, err1, err2); err != nil {
		return nil, err
	}
	l := &DQN{
		spec: spec, options: o, steps: steps, memory: kept,
		online:   newDescent(n, o.Network, o.Seed, kindDQN, 1),
		progress: lepton.Progress{Loss: math.NaN(), Idle: true},
	}
	l.target = &descent{network: n, options: o.Network, params: append([]float32(nil), l.online.params...)}
	l.begin()
	return l, nil
}

// begin makes what is made of the rest.
func (l *DQN) begin() {
	l.work = dqnWork{}
	l.work.loss, l.work.choose, l.work.value = l.loss, l.choose, l.value
	l.keep = func(t *lepton.Transition) {
		if !narrow(t.Reward, t.Discount) || l.memory.add(t) != nil { // NStep has added rewards up since fits
			l.faults++
		}
	}
	l.policy = nil
}

// NewCQL is NewDQN for learning from logs alone: with a Conservative weight, 1 unless set. To each loss it
// adds
//
//	Conservative·(log Σ over the legal a of exp Q(s, a) − Q(s, a taken))
//
// which pushes down the values of actions that the log does not show, and whose overestimates nothing else
// would correct. The higher the weight, the nearer the policy stays to the log's.
//
// Source: Kumar et al. (2020), Conservative Q-Learning, equation 4: CQL(H). Show it the whole log, then
// call Step until Progress.Idle: each transition is drawn Updates·Batch/Every times on average. WarmUp 0 means 1.
func NewCQL(spec lepton.Spec, o DQNOptions) (*DQN, error) {
	if o.Conservative == 0 {
		o.Conservative = 1
	}
	if o.WarmUp == 0 {
		o.WarmUp = 1
	}
	return NewDQN(spec, o)
}

// Observe implements lepton.Learner. It keeps t; Step learns.
func (l *DQN) Observe(t *lepton.Transition) {
	l.progress.Observed++
	if !l.fits(t) {
		l.faults++
		l.failed = l.failed || !narrow(t.Reward, t.Discount) || !narrow(t.Obs.State()...) || !narrow(t.Obs.Rows()...) ||
			!narrow(t.Next.State()...) || !narrow(t.Next.Rows()...)
		return
	}
	l.steps.Add(t, l.keep)
	if kept := l.memory.store.Len(); kept >= l.options.WarmUp {
		l.owed = min(l.owed+1, max(kept, l.options.Every))
	}
	l.progress.Idle = !l.due()
}

// fits reports whether t can be learned from.
func (l *DQN) fits(t *lepton.Transition) bool {
	return usable(t) && narrow(t.Reward, t.Discount) && l.online.serves(&t.Obs) && (t.Discount == 0 || l.online.serves(&t.Next))
}

// due reports whether a round of updates is.
func (l *DQN) due() bool { return l.owed >= l.options.Every && l.memory.store.Len() > 0 }

// Step implements lepton.Learner: one round of updates, if one is due.
func (l *DQN) Step(ctx context.Context) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return l.progress, err
	}
	if l.due() {
		l.owed -= l.options.Every
		for range l.options.Updates {
			l.update()
		}
	}
	l.progress.Idle = !l.due()
	if l.failed {
		l.failed = false
		return l.progress, ErrNotFinite
	}
	return l.progress, nil
}

// Policy implements lepton.Learner: ε-greedy on the values so far. It is a lepton.Scorer, whose scores are
// the values times RewardScale, a lepton.Saver and a lepton.Specced.
func (l *DQN) Policy() lepton.Policy {
	epsilon := l.options.Epsilon.At(l.progress.Observed)
	if l.policy == nil || l.epsilon != epsilon {
		l.policy, _ = policy.EpsilonGreedy(l.online.scorer(), epsilon) // there is a scorer, and ε is a share
		l.epsilon = epsilon
	}
	return l.policy
}

// Needs implements lepton.Needer: the value of what follows is taken over all actions.
func (l *DQN) Needs() lepton.Needs { return lepton.Needs{Others: lepton.AllRows} }

// Spec implements lepton.Specced.
func (l *DQN) Spec() lepton.Spec { return l.spec }

// Stats says what is kept and what could not be used.
func (l *DQN) Stats() DQNStats {
	s := l.steps.Stats()
	return DQNStats{
		Kept: l.memory.store.Len(), Open: s.Open, Gaps: s.Gaps, Faults: l.faults, LeftOut: l.leftOut,
		Dropped: l.memory.store.Dropped(),
	}
}
