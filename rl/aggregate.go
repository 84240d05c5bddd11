package rl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// CostTeacher writes into costs what each legal action of obs costs. It reads the rest from the world that it was made for,
// whose decision is due.
type CostTeacher func(costs []float64, obs *lepton.Observation)

// CostWorld is an environment with a teacher of its own.
type CostWorld struct {
	Env     lepton.Environment // one worker acts in it
	Teacher CostTeacher        // asked when a decision of Env is due
}

// AggregateOptions sets up Aggregate. The zero value works.
type AggregateOptions struct {
	Rounds   int // of acting and fitting; 0 means 3
	Episodes int // a round; 0 means 100
	Epochs   int // passes over all examples a round, with step sizes that fall towards a fiftieth; 0 means 8
	// First acts in the first round; nil means the learner itself, which may know nothing yet. Later rounds are the
	// learner's own, so that it learns what to do in the states that its mistakes lead to.
	First lepton.Policy
	// Explore bounds the share of actions that are drawn at random: each episode draws its share from 0 to this. In [0, 1].
	Explore float64
	// Teach is the share of the decisions that the teacher is asked about, drawn one by one; 0 means 1, all.
	Teach float64
	// Relative weighs the decisions of an episode by one over the absolute value of its return, for worlds
	// whose episodes differ in difficulty by orders of magnitude. Decisions of an episode that returns 0 are left out.
	Relative bool
	Workers  int    // goroutines that act, each in a world of its own; 0 means 1. The result is the same for any number
	Seed     uint64 // source of all randomness of the episodes

	Progress func(AggregateReport) // called after each episode and epoch, by one goroutine at a time; nil: silent
}

func (o AggregateOptions) withDefaults() AggregateOptions {
	for _, f := range [...]struct {
		field *int
		value int
	}{{&o.Rounds, 3}, {&o.Episodes, 100}, {&o.Epochs, 8}, {&o.Workers, 1}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if o.Teach == 0 {
		o.Teach = 1
	}
	return o
}

func (o AggregateOptions) validate() error {
	var errs []error
	for _, f := range [...]struct {
		name  string
		value int
	}{{"Rounds", o.Rounds}, {"Episodes", o.Episodes}, {"Epochs", o.Epochs}, {"Workers", o.Workers}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("rl: AggregateOptions.%s is %d, want 0 or more", f.name, f.value))
		}
	}
	if !(o.Explore >= 0 && o.Explore <= 1) {
		errs = append(errs, fmt.Errorf("rl: AggregateOptions.Explore is %v, want 0 to 1", o.Explore))
	}
	if !(o.Teach >= 0 && o.Teach <= 1) {
		errs = append(errs, fmt.Errorf("rl: AggregateOptions.Teach is %v, want 0 to 1", o.Teach))
	}
	return errors.Join(errs...)
}

// AggregateReport says how far Aggregate is.
type AggregateReport struct {
	Round, Episode, Epoch int     // the latest of each, counted from 1; episodes and epochs within the round
	Examples              int     // decisions learned from
	Return                float64 // mean over the episodes of the latest full round
	Regret                float64 // what the choices cost over the best in hindsight, in the latest epoch (CostLearner.Fit)
}

// Aggregate lets learner act and be taught, round by round: in each it acts in Episodes episodes, the teacher says what every
// action of each decision would have cost, and the learner is fitted to all that was said so far (AggreVaTe: Ross &
// Bagnell 2014, algorithm 1). With a teacher that tries out each action and goes on with the learner's own policy, it is expert iteration.
//
// world makes the world of one worker; episodes are told apart by the seed that they are reset with. An error of world or of the learner, or a
// world that has no legal action, ends it; the report then says what was done until then.
func Aggregate(ctx context.Context, world func() (CostWorld, error), learner *CostLearner, o AggregateOptions) (AggregateReport, error) {
	o = o.withDefaults()
	a := aggregation{learner: learner, options: o, report: AggregateReport{Return: math.NaN(), Regret: math.NaN()}}
	if err := o.validate(); err != nil {
		return a.report, err
	}
	for range o.Workers {
		w, err := world()
		if err == nil {
			err = checkSpec(learner, w.Env)
		}
		if err != nil {
			return a.report, err
		}
		a.worlds = append(a.worlds, w)
	}
	for round := range o.Rounds {
		if err := a.round(ctx, round); err != nil {
			return a.report, fmt.Errorf("rl: aggregating, round %d: %w", round+1, err)
		}
	}
	return a.report, nil
}

type aggregation struct {
	learner *CostLearner
	options AggregateOptions
	worlds  []CostWorld
	report  AggregateReport
	mu      sync.Mutex // of the report, while workers act
}

// taught is one decision, of the legal actions alone, with what the teacher said.
type taught struct {
	obs   lepton.Observation
	costs []float64
}

func newTaught(obs *lepton.Observation, costs []float64) *taught {
	t := &taught{}
	t.obs.Reset(obs.ActionDim(), 0)
	t.obs.SetState(obs.State())
	set := t.obs.Actions()
	for i, c := range costs {
		if obs.Legal(i) {
			copy(set.Add(obs.ID(i), true), obs.Action(i))
			t.costs = append(t.costs, c)
		}
	}
	return t
}

// lived is one episode.
type lived struct {
	decisions []*taught
	total     float64 // return
	err       error
}

func (a *aggregation) round(ctx context.Context, round int) error {
	a.report.Round, a.report.Episode, a.report.Epoch = round+1, 0, 0
	policy := a.learner.Policy()
	if round == 0 && a.options.First != nil {
		policy = a.options.First
	}
	episodes := make([]lived, a.options.Episodes)
	var next atomic.Int64
	var wait sync.WaitGroup
	for _, world := range a.worlds {
		wait.Go(func() {
			for {
				k := int(next.Add(1)) - 1
				if k >= len(episodes) || ctx.Err() != nil {
					return
				}
				episodes[k] = a.live(ctx, world, policy, rng.Mix(a.options.Seed, uint64(round*len(episodes)+k)))
				a.tell(func(r *AggregateReport) { r.Episode++ })
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	sum := 0.0
	for _, e := range episodes {
		if e.err != nil {
			return e.err
		}
		weight := 1.0
		if a.options.Relative {
			weight = 1 / math.Abs(e.total)
		}
		for _, d := range e.decisions {
			a.learner.Observe(&d.obs, d.costs, weight)
		}
		sum += e.total
	}
	a.report.Return, a.report.Examples = sum/float64(len(episodes)), a.learner.Len()
	return a.fit(ctx)
}

func (a *aggregation) fit(ctx context.Context) error {
	first := a.learner.options.Network.StepSize.Alpha
	for epoch := range a.options.Epochs {
		regret, err := a.learner.Fit(ctx, first*(1-0.98*float64(epoch)/float64(a.options.Epochs)))
		if err != nil {
			return err
		}
		a.tell(func(r *AggregateReport) { r.Epoch, r.Regret = epoch+1, regret })
	}
	return nil
}

// tell changes the report and shows it.
func (a *aggregation) tell(change func(*AggregateReport)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.report)
	if a.options.Progress != nil {
		a.options.Progress(a.report)
	}
}

// live runs one episode under policy.
func (a *aggregation) live(ctx context.Context, world CostWorld, policy lepton.Policy, seed uint64) (e lived) {
	world.Env.Reset(seed)
	var draws sampler
	draws.begin(rng.Mix(seed, 1))
	explore := a.options.Explore * draws.uniform()
	var obs lepton.Observation
	var costs []float64
	for last := false; !last; {
		if e.err = ctx.Err(); e.err != nil {
			return e
		}
		world.Env.Observe(&obs)
		if obs.LegalCount() == 0 {
			e.err = ErrNoAction
			return e
		}
		if obs.LegalCount() > 1 && draws.uniform() < a.options.Teach {
			costs = slices.Grow(costs[:0], obs.Len())[:obs.Len()]
			world.Teacher(costs, &obs)
			e.decisions = append(e.decisions, newTaught(&obs, costs))
		}
		action, err := a.act(&draws, policy, &obs, explore)
		if err != nil {
			e.err = err
			return e
		}
		var reward float64
		if reward, _, last = world.Env.Step(action); reward != reward {
			e.err = ErrIllegal
			return e
		}
		e.total += reward
	}
	return e
}

// act draws from policy, or evenly among the legal actions with probability explore.
func (a *aggregation) act(draws *sampler, policy lepton.Policy, obs *lepton.Observation, explore float64) (int, error) {
	if draws.uniform() >= explore {
		action, _, err := draws.choose(policy, obs)
		return action, err
	}
	left := int(draws.uniform() * float64(obs.LegalCount()))
	for i := range obs.Len() {
		if obs.Legal(i) {
			if left--; left < 0 {
				return i, nil
			}
		}
	}
	return 0, ErrNoAction
}
