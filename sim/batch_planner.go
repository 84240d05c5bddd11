package sim

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/leptonsched/lepton"
)

// BatchPlannerOptions sets up NewBatchPlanner. The zero value plans for a queue without backfilling.
type BatchPlannerOptions struct {
	// Backfill and BackfillPredicted are those of the world that it decides in (BatchOptions).
	Backfill          Backfill
	BackfillPredicted bool
	// Bases are the rules that decide in the futures, beside weighted smallest area first, which always does: static
	// heuristics, on estimated run times where they are OnPredictions. nil means SJF_pred and F1_pred. Each makes
	// a decision dearer; more of them are not always better, since the best of many in hindsight is luck.
	Bases []*BatchHeuristic
	// Futures is how many futures a decision imagines; 0 means 16, or 8 with backfilling, where each is dearer.
	Futures int
	// Arrivals is how many jobs arrive in a future; 0 means 30.
	Arrivals int
	// Candidates is how many jobs every base puts forward; 0 means 4.
	Candidates int
	// Seed is the source of the arrivals. Those of one decision follow from it, the clock and the number of starts.
	Seed uint64
}

func (o BatchPlannerOptions) withDefaults() BatchPlannerOptions {
	if o.Bases == nil {
		for _, name := range []string{"SJF_pred", "F1_pred"} {
			h, _ := BatchHeuristicByName(name)
			o.Bases = append(o.Bases, h)
		}
	}
	if o.Futures == 0 {
		o.Futures = 8
		if o.Backfill == BackfillNone {
			o.Futures = 16
		}
	}
	if o.Arrivals == 0 {
		o.Arrivals = 30
	}
	if o.Candidates == 0 {
		o.Candidates = 4
	}
	return o
}

func (o BatchPlannerOptions) validate() error {
	errs := []error{BatchOptions{Backfill: o.Backfill, BackfillPredicted: o.BackfillPredicted}.validate()}
	for i, h := range o.Bases {
		if h == nil || !h.Static() {
			errs = append(errs, fmt.Errorf("sim: BatchPlannerOptions.Bases[%d] is no static heuristic", i))
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"Futures", o.Futures}, {"Arrivals", o.Arrivals}, {"Candidates", o.Candidates}} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("sim: BatchPlannerOptions.%s is %d, must not be negative", n.name, n.value))
		}
	}
	return errors.Join(errs...)
}

// BatchPlanner decides a batch queue by looking ahead: it imagines a few futures, with run times as RunTimes
// estimates them from BatchState.Past and arrivals like those seen so far, tries the jobs that simple rules put first, lets
// each rule go on in each future, and takes the job after which waiting costs least. What counts is the
// mean bounded slowdown. Of the rules, the best for each job and future counts: who
// plans again at the next decision is not bound to one rule. (A rollout: Bertsekas & Castanon 1999; with several
// bases: Bertsekas, Tsitsiklis & Wu 1997.)
//
// It needs no training and knows nothing but what BatchState shows. All jobs meet the same futures. It is a
// lepton.StatePolicy, a planner for the scheduler, and a StateScorer, for Batch.Run; it does not rank, and scores
// the job that it takes 1 and all others 0. Deterministic in the state; safe for concurrent use. It
// allocates nothing in steady state. Half of the jobs leave after a quarter of the futures, and half of the rest after
// half; a decision costs (jobs in) × (rules) continuations for each future, each of which grows with the queue.
type BatchPlanner struct {
	options BatchPlannerOptions
	plans   sync.Pool // of *batchPlan

	decisions, continuations atomic.Uint64
}

// BatchPlannerStats counts what a BatchPlanner did since it was made.
type BatchPlannerStats struct {
	Decisions     uint64 // with a job to take
	Continuations uint64 // of a future by a rule
}

// NewBatchPlanner returns a planner. All faults of o are reported together.
func NewBatchPlanner(o BatchPlannerOptions) (*BatchPlanner, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &BatchPlanner{options: o.withDefaults()}, nil
}

// ProbsState gives probability 1 to the job that it takes. Of an observation that holds fewer actions than the queue has
// jobs, it takes one of those.
func (p *BatchPlanner) ProbsState(dst []float64, state *BatchState, obs *lepton.Observation, _ *lepton.Scratch) {
	clear(dst)
	if at := p.choose(state, min(len(dst), len(state.Queue)), obs); at >= 0 {
		dst[at] = 1
	}
}

// ScoresState scores the job that it takes 1, all others 0.
func (p *BatchPlanner) ScoresState(dst []float64, state *BatchState, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.ProbsState(dst, state, obs, scratch)
}

// CostsState writes for each job that it puts forward what waiting costs on average in a future in which that job goes
// next, in mean bounded slowdowns × jobs, and NaN for all others. Nothing leaves early: all meet all futures, which
// takes up to three times as long as a decision. It is what a policy can be taught (rl: TargetLearner).
func (p *BatchPlanner) CostsState(dst []float64, state *BatchState, obs *lepton.Observation) {
	for i := range dst {
		dst[i] = math.NaN()
	}
	w := p.plan()
	w.nominateAll(state, min(len(dst), len(state.Queue)), obs)
	w.compare(state, false)
	for _, n := range w.nominees {
		dst[w.queue[n.number]] = n.cost / float64(p.options.Futures)
	}
	p.done(w)
}

func (p *BatchPlanner) choose(s *BatchState, n int, obs *lepton.Observation) int {
	w := p.plan()
	at := w.choose(s, n, obs)
	p.done(w)
	return at
}

func (p *BatchPlanner) plan() *batchPlan {
	w, _ := p.plans.Get().(*batchPlan)
	if w == nil {
		w = newBatchPlan(&p.options)
	}
	return w
}

// done counts what a plan did and keeps its memory.
func (p *BatchPlanner) done(w *batchPlan) {
	if len(w.nominees) > 0 {
		p.decisions.Add(1)
		p.continuations.Add(w.played)
	}
	p.plans.Put(w)
}

// Stats returns the counts so far. Safe for concurrent use; the counts may be of different moments.
func (p *BatchPlanner) Stats() BatchPlannerStats {
	return BatchPlannerStats{Decisions: p.decisions.Load(), Continuations: p.continuations.Load()}
}
