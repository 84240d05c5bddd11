package sim

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/leptonsched/lepton"
)

// BatchPlannerOptions says how to look ahead: NewBatchPlanner and NewBatchForesight. The zero value is for a queue
// without backfilling; where a field is 0, the two have defaults of their own.
type BatchPlannerOptions struct {
	Backfill Backfill // of the world that is decided in
	// Candidates is how many jobs each of the three rules puts forward. Both: 4. A game has at most 64 jobs, so that
	// 3 × Candidates + Crowd + Arrivals must be no more.
	Candidates int
	// Futures is how many futures a decision imagines. Planner: 48; foresight: 2.
	Futures int
	// Arrivals is how many jobs arrive in a future. Planner: 30; foresight: 10.
	Arrivals int
	// Crowd is how many queued jobs take part in the games, the first by WSAF, beside those put forward; at most 16.
	// Planner: 16; foresight: 1, which is one of those put forward.
	Crowd int
	Seed  uint64 // source of the arrivals. Those of one decision follow from it, the clock and the number of starts
}

var plannerDefaults = BatchPlannerOptions{Candidates: 4, Futures: 48, Arrivals: 30, Crowd: 16}

// or fills in what is 0.
func (o BatchPlannerOptions) or(d BatchPlannerOptions) BatchPlannerOptions {
	for _, f := range [...]struct {
		field *int
		value int
	}{{&o.Candidates, d.Candidates}, {&o.Futures, d.Futures}, {&o.Arrivals, d.Arrivals}, {&o.Crowd, d.Crowd}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return o
}

// validate reports every fault of options whose defaults are filled in.
func (o BatchPlannerOptions) validate() error {
	errs := []error{BatchOptions{Backfill: o.Backfill}.validate()}
	for _, f := range [...]struct {
		name        string
		value, most int
	}{{"Candidates", o.Candidates, mostFirst}, {"Futures", o.Futures, 1 << 16}, {"Arrivals", o.Arrivals, mostPlaying}, {"Crowd", o.Crowd, mostFirst}} {
		if f.value < 0 || f.value > f.most {
			errs = append(errs, fmt.Errorf("sim: BatchPlannerOptions.%s is %d, want 0 to %d", f.name, f.value, f.most))
		}
	}
	if n := gameRules*o.Candidates + o.Crowd + o.Arrivals; n > mostPlaying {
		errs = append(errs, fmt.Errorf("sim: BatchPlannerOptions: games of %d jobs (3 × Candidates + Crowd + Arrivals), want at most %d", n, mostPlaying))
	}
	return errors.Join(errs...)
}

// BatchPlanner decides a batch queue by looking ahead: it imagines a few futures, with run times as RunTimes
// estimates them from BatchState.Past and arrivals like those seen so far, tries the jobs that simple rules put first, lets
// each rule go on in each future, and takes the job after which waiting costs least. What counts is the
// mean bounded slowdown. The rules are weighted smallest area first (WSAF, run × processors / E[1/max(run, 10)]), shortest
// first and F1. Of them, the best for each job and future counts: who plans again at the next decision is not bound to one
// rule. (A rollout: Bertsekas & Castanon 1999; with several bases: Bertsekas, Tsitsiklis & Wu 1997.)
//
// It needs no training and knows nothing but what BatchState shows. All jobs meet the same futures. It is a
// lepton.StatePolicy, a planner for the scheduler, and a StateScorer, for Batch.Run; it does not rank, and scores
// the job that it takes 1 and all others 0. Deterministic in the state; safe for concurrent use. It
// allocates nothing in steady state. Half of the jobs leave after a quarter of the futures, and half of the rest after
// half. A decision costs O(queue + past) and, for each future, (jobs in) × 3 games of at most 64 jobs.
type BatchPlanner struct {
	options BatchPlannerOptions
	memory  sync.Pool // of *foresight

	decisions, games atomic.Uint64
}

// BatchPlannerStats counts what a BatchPlanner did since it was made.
type BatchPlannerStats struct {
	Decisions uint64 // with a job to take
	Games     uint64 // of a future by a rule
}

// NewBatchPlanner returns a planner. All faults of o are reported together.
func NewBatchPlanner(o BatchPlannerOptions) (*BatchPlanner, error) {
	o = o.or(plannerDefaults)
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &BatchPlanner{options: o}, nil
}

// ProbsState gives probability 1 to the job that it takes. Of an observation that holds fewer actions than the queue has
// jobs, it takes one of those.
func (p *BatchPlanner) ProbsState(dst []float64, state *BatchState, obs *lepton.Observation, _ *lepton.Scratch) {
	clear(dst)
	m, _ := p.memory.Get().(*foresight)
	if m == nil {
		m = &foresight{options: &p.options}
	}
	m.learn(state.Past)
	m.look(state, obs, len(dst))
	m.playAll(state)
	at, least := -1, never
	for _, c := range m.choices {
		if at < 0 || c.cost < least {
			at, least = int(c.at), c.cost
		}
	}
	if at >= 0 {
		dst[at] = 1
		p.decisions.Add(1)
		p.games.Add(m.games)
	}
	p.memory.Put(m)
}

// ScoresState scores the job that it takes 1, all others 0.
func (p *BatchPlanner) ScoresState(dst []float64, state *BatchState, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.ProbsState(dst, state, obs, scratch)
}

// Stats returns the counts so far. Safe for concurrent use; the counts may be of different moments.
func (p *BatchPlanner) Stats() BatchPlannerStats {
	return BatchPlannerStats{Decisions: p.decisions.Load(), Games: p.games.Load()}
}
