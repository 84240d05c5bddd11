package policy

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/leptonsched/lepton"
)

// RolloutOptions sets up NewRollout. The zero value works.
type RolloutOptions struct {
	// Budget bounds the futures simulated for one decision, over all actions; 0 means 256, and it is at
	// least 8. A decision costs what so many futures cost in the simulator.
	Budget int
	// MaxActions bounds the actions tried, the base's own choice among them: at least 2; 0 means as many as
	// Budget allows, 26 of 256. Those that the base ranks highest are tried: by its scores where it is a
	// lepton.StateScorer, else by its probabilities.
	MaxActions int
	// Margin is what the estimated gain over the base's choice must exceed, in units of return, before
	// another action is taken: at least 0. Set it to what a departure costs outside the model. Infinity
	// means never, and nothing is simulated then.
	Margin float64
	// Risk is the chance, at most, of a departure for an action that gains no more than Margin in the model,
	// in (0, 1]; 0 means 0.1. It is that of Student's t test, near enough where returns are not wild. With 1
	// the estimate decides as it stands.
	Risk float64
	// Seed is the source of all futures. Those of one decision follow from it and the observation.
	Seed uint64
}

func (o RolloutOptions) withDefaults() RolloutOptions {
	if o.Budget == 0 {
		o.Budget = 256
	}
	if o.MaxActions == 0 {
		o.MaxActions = math.MaxInt
	}
	if o.Risk == 0 {
		o.Risk = 0.1
	}
	return o
}

func (o RolloutOptions) validate() error {
	var errs []error
	if o.Budget < 8 {
		errs = append(errs, fmt.Errorf("policy: RolloutOptions.Budget is %d, want 8 or more", o.Budget))
	}
	if o.MaxActions < 2 {
		errs = append(errs, fmt.Errorf("policy: RolloutOptions.MaxActions is %d, want 0, or 2 or more", o.MaxActions))
	}
	if !(o.Margin >= 0) {
		errs = append(errs, fmt.Errorf("policy: RolloutOptions.Margin is %v, want 0 or more", o.Margin))
	}
	if !(o.Risk > 0 && o.Risk <= 1) {
		errs = append(errs, fmt.Errorf("policy: RolloutOptions.Risk is %v, want above 0 and at most 1", o.Risk))
	}
	return errors.Join(errs...)
}

// Rollout improves on a base policy at decision time: it simulates a few futures of several actions, the
// base acting after each, and takes the action whose futures are best (Tesauro & Galperin 1996;
// Bertsekas, Tsitsiklis & Wu 1997). That is one step of policy iteration, made only for the states that are
// met. It departs from the base only where the gain is clear: Margin says how large, Risk how sure. How
// good the model is, it cannot know.
//
// All actions meet the same futures. The first half of the budget finds the best rival of the base's choice
// by sequential halving (Karnin, Koren & Somekh 2013): all rivals share a part, the better half of them
// the next, until one is left. The rest compares that one with the base's choice in futures that had
// no part in finding it, or the luckiest would be taken for the best.
//
// It is a lepton.StatePolicy, a planner for the scheduler: probability 1 for the action it departs to, else
// the base's own probabilities. Of a base that mixes actions the likeliest, the first of them on a tie, counts
// as its choice. It does not rank: the futures tell which action is best, not the order of the rest.
//
// Deterministic in (state, observation), and the order of the actions matters on ties
// alone. Safe for concurrent use. It allocates nothing but a simulator, where more decisions than ever
// are taken at the same time or the garbage collector took one that was idle.
type Rollout[S any] struct {
	base    lepton.StatePolicy[S]
	scorer  lepton.StateScorer[S] // base again, or nil
	options RolloutOptions
	rivals  int       // actions tried beside the base's own
	plans   sync.Pool // of *plan[S]

	decisions, departures, futures, unknown atomic.Uint64
}

// RolloutStats counts what a Rollout did since it was made.
type RolloutStats struct {
	Decisions  uint64 // for which futures were simulated; those without a choice are not
	Departures uint64 // decisions that went another way than the base
	Futures    uint64 // simulated, over all actions
	Unknown    uint64 // actions left out because a return of theirs, or of the base's choice beside it, was not finite
}

// NewRollout returns a planner over base, which acts afterwards in the futures that a simulator plays as
// well. simulator is called once at once, and whenever another simulator is needed, from the goroutine that
// decides. All faults of the options are reported together.
//
// Unusable probabilities of the base are passed on as they are. A simulator that panics is not used again.
func NewRollout[S any](base lepton.StatePolicy[S], simulator func() Simulator[S], o RolloutOptions) (*Rollout[S], error) {
	o = o.withDefaults()
	errs := []error{o.validate()}
	if base == nil {
		errs = append(errs, errors.New("policy: no base for a rollout"))
	}
	var first Simulator[S]
	if simulator != nil {
		first = simulator()
	}
	if first == nil {
		errs = append(errs, errors.New("policy: no simulator for a rollout"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	r := &Rollout[S]{base: base, options: o, rivals: min(mostRivals(o.Budget), o.MaxActions-1)}
	r.scorer, _ = base.(lepton.StateScorer[S])
	r.plans.New = func() any { return &plan[S]{simulator: simulator()} }
	r.plans.Put(&plan[S]{simulator: first})
	return r, nil
}

// ProbsState implements lepton.StatePolicy.
func (r *Rollout[S]) ProbsState(p []float64, state S, obs *lepton.Observation, scratch *lepton.Scratch) {
	r.base.ProbsState(p, state, obs, scratch)
	choice := likeliest(p, obs)
	if choice < 0 || obs.LegalCount() < 2 || math.IsInf(r.options.Margin, 1) {
		return
	}
	w := r.plans.Get().(*plan[S])
	w.begin(r.options.Seed, obs, choice, r.ranking(p, state, obs, scratch), r.rivals)
	better := r.better(w, choice, state, obs)
	r.decisions.Add(1)
	r.futures.Add(uint64(w.played))
	r.unknown.Add(uint64(w.unknown))
	r.plans.Put(w)
	if better >= 0 {
		r.departures.Add(1)
		clear(p)
		p[better] = 1
	}
}

// better returns the action to take instead of the base's choice, −1 when that stands.
func (r *Rollout[S]) better(w *plan[S], choice int, state S, obs *lepton.Observation) int {
	w.choose(r.options.Budget/2, state, obs)
	if len(w.rivals) == 0 {
		return -1
	}
	rival, n := w.rivals[0].action, (r.options.Budget-w.played)/2
	mean, stdErr := w.gain(rival, choice, n, state, obs)
	if excess := mean - r.options.Margin; excess > 0 && studentTail(excess/stdErr, n-1) <= r.options.Risk {
		return rival
	}
	return -1
}

// ranking returns the base's scores, else its probabilities p, or nil when all actions will be tried.
func (r *Rollout[S]) ranking(p []float64, state S, obs *lepton.Observation, scratch *lepton.Scratch) []float64 {
	switch {
	case obs.LegalCount()-1 <= r.rivals:
		return nil
	case r.scorer == nil:
		return p
	}
	scores := scratch.Floats(len(p))
	r.scorer.ScoresState(scores, state, obs, scratch)
	return scores
}

// Stats returns the counts so far. Safe for concurrent use; the counts may be of different moments.
func (r *Rollout[S]) Stats() RolloutStats {
	return RolloutStats{r.decisions.Load(), r.departures.Load(), r.futures.Load(), r.unknown.Load()}
}

// likeliest returns the first of the legal actions with the highest probability, −1 where there is none to
// be told.
func likeliest(p []float64, obs *lepton.Observation) int {
	best := -1
	for i, x := range p {
		switch {
		case x != x:
			return -1
		case x > 0 && obs.Legal(i) && (best < 0 || x > p[best]):
			best = i
		}
	}
	return best
}
