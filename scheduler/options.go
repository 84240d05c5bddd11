package scheduler

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"github.com/leptonsched/lepton"
)

// Mode says who decides.
type Mode uint8

// The modes, in the order in which a policy is brought to production.
const (
	// Off: the incumbent decides and nothing is learned; the one-call freeze.
	Off Mode = iota
	// Record: the incumbent decides, but for Explore's share, and the learner eats what came of it. (The method
	// Record, in any mode, is for decisions that someone else made.)
	Record
	// Shadow: as Record; the learned policy is asked too, and only compared.
	Shadow
	// Canary: the learned policy decides for a fixed share of the keys.
	Canary
	// Live: the learned policy decides for all keys but the holdout.
	Live

	closed Mode = 255
)

var modeNames = [...]string{"off", "record", "shadow", "canary", "live"}

// String returns the mode's name in lower case.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// Explore is the exploration budget. It is spent in every mode but Off and on every key outside the
// holdout, on the incumbent's decisions too: a log without exploration cannot tell what else might
// have been better. The zero value explores nothing.
type Explore struct {
	Share   float64 // probability in [0, 1] that a decision is drawn uniformly from the eligible actions
	MaxLoss float64 // an action is eligible if its score is at most this far below the best; +Inf: every legal one
}

// Options configure a Scheduler. It is passed by value; New fills defaults in its own copy.
type Options[S, O any] struct {
	Encoder   lepton.StateEncoder[S] // required
	Actions   lepton.ActionSpace[S]  // required
	Reward    lepton.RewardFunc[O]   // required with a Learner
	Learner   lepton.Learner         // nil: the policy never changes
	Policy    lepton.Policy          // first policy; nil: the learner's, else the incumbent decides
	Incumbent lepton.StatePolicy[S]  // the heuristic in place: fallback, teacher, control group; nil: uniform over the legal actions
	Planner   lepton.StatePolicy[S]  // decides in place of the learned policy, by planning from the state; optional

	Mode    Mode           // zero: Off
	Canary  float64        // share of keys in [0, 1] that the learned policy decides in Canary
	Holdout float64        // share of keys in [0, 1] that the incumbent always decides: the concurrent control group
	Key     func(S) uint64 // what sticks together (tenant, cell, time block); nil: each decision by itself
	Explore Explore

	Seed       uint64        // same seed, instance and calls: same decisions
	Instance   uint64        // differs between replicas, and between lives of one replica that restores no checkpoint
	Budget     time.Duration // most time a learned decision may take, by Clock; a later answer is discarded; 0: no limit
	BreakAfter int           // so many unusable learned answers in a row trip the breaker; 0 means 8
	BreakFor   int           // decisions the incumbent then makes before the learned policy is tried again; 0 means 1,000

	MaxOpen    int // open decisions kept; beyond it the oldest (see Stats.Evicted) is given up; 0 means 4,096
	MaxRanked  int // ranked decisions whose whole list is kept until Chose; 0 means 64
	MaxActions int // actions per decision; those offered beyond it are dropped and counted; 0 means 16,384
	QueueLen   int // finished transitions awaiting the learner; full: drop and count; 0 means 1,024
	Snapshots  int // published policies kept for Rollback; 0 means 8

	OpenFor        time.Duration // by Clock; older decisions get DefaultOutcome, or expire; 0: they wait for ever
	DefaultOutcome *O            // what settles a decision that nobody reported within OpenFor; nil: it expires unlearned

	ConfigID string                                                // names this configuration in logs and checkpoints
	Clock    func() time.Time                                      // time.Now in production; nil: no time is read, and Budget and OpenFor must be 0
	Decode   func(kind string, r io.Reader) (lepton.Policy, error) // reads policies in a checkpoint that the Learner cannot, e.g. policy.Decode; optional
	Gate     Gate                                                  // judges each new snapshot; nil: SaneGate
	Journal  Journal                                               // is told every event; nil: only the latest of each decision is kept, see Recent
	Logger   *slog.Logger                                          // publications, refusals and faults; nil: silent
	Hooks    Hooks
}

// Hooks are called synchronously, from the goroutine where the thing happened; any may be nil. They
// must return quickly and must not call the scheduler back. A panic in one is contained and counted.
type Hooks struct {
	Fault     func(cause FaultCause, detail any)         // a part misbehaved and was contained; detail: the recovered panic, an error, or nil
	Published func(version uint64)                       // a snapshot went live
	Refused   func(version uint64, reason error)         // the gate kept one out
	Given     func(id lepton.DecisionID, kind EventKind) // an open decision was evicted, expired or settled by default
}

func (o Options[S, O]) withDefaults() Options[S, O] {
	for _, d := range [...]struct {
		field *int
		value int
	}{
		{&o.BreakAfter, 8}, {&o.BreakFor, 1000}, {&o.MaxOpen, 4096}, {&o.MaxRanked, 64},
		{&o.MaxActions, 16384}, {&o.QueueLen, 1024}, {&o.Snapshots, 8},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.Incumbent == nil {
		o.Incumbent = uniform[S]{}
	}
	if o.Gate == nil {
		o.Gate = SaneGate{}
	}
	return o
}

// validate reports all faults of o, defaults filled in, together.
func (o Options[S, O]) validate() error {
	var errs []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("scheduler: Options."+format, args...))
		}
	}
	share := func(name string, v float64) { fault(!(v >= 0 && v <= 1), "%s is %v, want 0 to 1", name, v) }
	fault(o.Encoder == nil, "Encoder is missing")
	fault(o.Actions == nil, "Actions is missing")
	fault(o.Learner != nil && o.Reward == nil, "Reward is missing, and the Learner needs it")
	fault(o.DefaultOutcome != nil && o.Reward == nil, "DefaultOutcome is set without a Reward to price it")
	fault(o.DefaultOutcome != nil && o.OpenFor == 0, "DefaultOutcome is set without OpenFor: it would never be used")
	fault(o.Mode > Live, "Mode is %v", o.Mode)
	share("Canary", o.Canary)
	share("Holdout", o.Holdout)
	share("Explore.Share", o.Explore.Share)
	fault(o.Canary+o.Holdout > 1, "Canary %v and Holdout %v add up to more than 1", o.Canary, o.Holdout)
	fault(o.Mode == Canary && o.Canary == 0, "Mode is Canary with a Canary share of 0")
	fault(!(o.Explore.MaxLoss >= 0), "Explore.MaxLoss is %v, want 0 or more", o.Explore.MaxLoss)
	fault(o.Explore.Share > 0 && o.Explore.MaxLoss == 0, "Explore.Share is set without Explore.MaxLoss: use math.Inf(1) for every legal action")
	fault(o.needs().Others < lepton.AllRows, "Learner needs %d other rows", o.needs().Others)
	fault(o.Budget < 0, "Budget is negative")
	fault(o.OpenFor < 0, "OpenFor is negative")
	fault(o.Clock == nil && o.Budget > 0, "Budget needs a Clock (time.Now)")
	fault(o.Clock == nil && o.OpenFor > 0, "OpenFor needs a Clock (time.Now)")
	for _, n := range [...]struct {
		name  string
		value int
	}{
		{"BreakAfter", o.BreakAfter}, {"BreakFor", o.BreakFor}, {"MaxOpen", o.MaxOpen}, {"MaxRanked", o.MaxRanked},
		{"MaxActions", o.MaxActions}, {"QueueLen", o.QueueLen}, {"Snapshots", o.Snapshots},
	} {
		fault(n.value < 0 || n.value > math.MaxInt32, "%s is %d", n.name, n.value)
	}
	if o.Encoder == nil || o.Actions == nil {
		return errors.Join(errs...)
	}
	spec := lepton.SpecOf(o.Encoder, o.Actions)
	if err := spec.Validate(); err != nil {
		errs = append(errs, err)
	}
	fault(spec.Actions > o.MaxActions, "MaxActions is %d, and Actions always offers %d", o.MaxActions, spec.Actions)
	for _, part := range [...]struct {
		name string
		part any
	}{{"Options.Learner", o.Learner}, {"Options.Policy", o.Policy}} {
		if specced, ok := part.part.(lepton.Specced); ok {
			if err := specced.Spec().Check(part.name, spec); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// needs returns how much of an observation is kept for the learner; without one, the chosen row alone.
func (o Options[S, O]) needs() lepton.Needs {
	if needer, ok := o.Learner.(lepton.Needer); ok {
		n := needer.Needs()
		n.Others = min(n.Others, o.MaxActions)
		return n
	}
	if o.Learner == nil {
		return lepton.Needs{}
	}
	return lepton.DefaultNeeds()
}

// uniform is the incumbent where none was given.
type uniform[S any] struct{}

func (uniform[S]) ProbsState(p []float64, _ S, obs *lepton.Observation, _ *lepton.Scratch) {
	share := 1 / float64(obs.LegalCount())
	for i := range p {
		p[i] = 0
		if obs.Legal(i) {
			p[i] = share
		}
	}
}
