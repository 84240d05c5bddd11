package main

import (
	"fmt"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/sim"
)

// decider is what a table lets decide.
type decider struct {
	name      string
	seeds     int // of which one run each; 0: nothing is random, one run
	heuristic bool
	aside     bool                                    // it knows more than others may: left out of the published protocol
	world     func(sim.BatchOptions) sim.BatchOptions // what it asks of the world; nil: nothing
	// make returns what makes all decisions left in a world, and shows each to the watch if that is not nil.
	make func(f sim.Backfill, seed uint64) (decide, error)
}

type decide func(world *sim.Batch, watch *stopwatch) (sim.BatchResult, error)

// opponents are the heuristics of which the best in hindsight is the opponent of a cell.
var opponents = []string{"FCFS", "SJF", "Smallest", "SAF", "F1", "F2", "F3", "F4", "WFP3_fixed", "UNICEP_fixed"}

// deciders lists who decides, in the order of the tables.
func (o tableOptions) deciders() ([]decider, error) {
	var list []decider
	for _, name := range sim.BatchHeuristicNames() {
		h, err := sim.BatchHeuristicByName(name)
		if err != nil {
			return nil, err
		}
		list = append(list, decider{name: name, heuristic: true, make: func(sim.Backfill, uint64) (decide, error) {
			return func(world *sim.Batch, _ *stopwatch) (sim.BatchResult, error) { return world.Run(h) }, nil
		}})
	}
	if o.seeds == 0 {
		return list, nil
	}
	thinkers := []decider{
		{name: plannedPolicy, seeds: o.seeds, make: func(f sim.Backfill, seed uint64) (decide, error) {
			p, err := sim.NewBatchPlanner(sim.BatchPlannerOptions{Backfill: f, Seed: seed})
			return ranked(p), err
		}},
		{name: learnedPolicy, seeds: o.seeds, make: func(f sim.Backfill, seed uint64) (decide, error) { return learned(f, seed) }},
		{name: "bound", aside: true, make: func(sim.Backfill, uint64) (decide, error) {
			return func(world *sim.Batch, _ *stopwatch) (sim.BatchResult, error) {
				h, err := sim.NewBatchHindsight(world, 0)
				if err != nil {
					return sim.BatchResult{}, err
				}
				return world.Run(h)
			}, nil
		}},
	}
	list = append(list, thinkers...)
	for _, d := range thinkers {
		if o.history > 0 && !d.aside {
			list = append(list, d.withPast(o.history))
		}
	}
	return list, nil
}

// withPast is d where it remembers so many jobs from before the sequence.
func (d decider) withPast(jobs int) decider {
	world := d.world
	d.name, d.aside = d.name+"+past", true
	d.world = func(o sim.BatchOptions) sim.BatchOptions {
		if world != nil {
			o = world(o)
		}
		o.History = jobs
		return o
	}
	return d
}

// ranked decides by a ranking.
func ranked(order lepton.StateScorer[*sim.BatchState]) decide {
	return func(world *sim.Batch, watch *stopwatch) (sim.BatchResult, error) {
		if watch == nil {
			return world.Run(order)
		}
		return world.Run(timed{order, watch})
	}
}

// learned decides by the network that is shipped.
func learned(f sim.Backfill, seed uint64) (decide, error) {
	model, err := sim.ShippedBatchModel()
	if err != nil {
		return nil, err
	}
	model.Seed = seed
	return func(world *sim.Batch, watch *stopwatch) (sim.BatchResult, error) {
		if watch == nil {
			return model.Run(world)
		}
		return world.Run(&observed{model: model, backfill: f, watch: watch})
	}, nil
}

// observed decides by a model and shows each decision, with all that it takes to observe it, to a watch.
type observed struct {
	model    sim.BatchModel
	backfill sim.Backfill
	watch    *stopwatch
	encoder  lepton.StateEncoder[*sim.BatchState]
	actions  lepton.ActionSpace[*sim.BatchState]
	obs      lepton.Observation
}

// ScoresState scores as the model does.
func (o *observed) ScoresState(dst []float64, s *sim.BatchState, _ *lepton.Observation, scratch *lepton.Scratch) {
	if o.encoder == nil {
		o.encoder, o.actions, _ = o.model.Observes(o.backfill)
	}
	begin := time.Now()
	if lepton.Encode(&o.obs, o.encoder, o.actions, s, 0) == nil {
		o.model.Policy.(lepton.Scorer).Scores(dst, &o.obs, scratch)
	}
	o.watch.laps = append(o.watch.laps, lap{len(s.Queue), time.Since(begin)})
}

// run lets d decide a sequence.
func (d decider) run(t tableTrace, s stretch, f sim.Backfill, seed uint64, watch *stopwatch) (sim.BatchResult, error) {
	o := sim.BatchOptions{Backfill: f, UnixStart: t.UnixStart}
	if d.world != nil {
		o = d.world(o)
	}
	fail := func(err error) (sim.BatchResult, error) {
		return sim.BatchResult{}, fmt.Errorf("running %s on %v, backfilling %s: %w", d.name, s, f, err)
	}
	world, err := sim.NewBatch(t.Machine(), o)
	if err != nil {
		return fail(err)
	}
	if err := world.Reset(t.Jobs, s.start, s.length); err != nil {
		return fail(err)
	}
	decide, err := d.make(f, seed)
	if err != nil {
		return fail(err)
	}
	result, err := decide(world, watch)
	if err != nil {
		return fail(err)
	}
	return result, nil
}

// lap is how long one decision took.
type lap struct {
	queued int
	took   time.Duration
}

// stopwatch keeps the laps of one run.
type stopwatch struct{ laps []lap }

// timed shows each decision to a watch.
type timed struct {
	order lepton.StateScorer[*sim.BatchState]
	watch *stopwatch
}

// ScoresState scores as the order does.
func (t timed) ScoresState(dst []float64, s *sim.BatchState, obs *lepton.Observation, scratch *lepton.Scratch) {
	begin := time.Now()
	t.order.ScoresState(dst, s, obs, scratch)
	t.watch.laps = append(t.watch.laps, lap{len(s.Queue), time.Since(begin)})
}
