package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/leptonsched/lepton/sim"
)

// replayer runs sequences of one trace under one way of backfilling.
type replayer struct {
	trace    *sim.Trace
	model    sim.BatchModel
	plain    *sim.Batch // where run times are taken as requested
	foretold *sim.Batch // where the model's predictor foretells them
	planner  *sim.BatchPlanner

	nanScores, badPredictions map[string]int // by policy
}

func newReplayer(trace *sim.Trace, model sim.BatchModel, backfill sim.Backfill, seed uint64) (*replayer, error) {
	r := &replayer{trace: trace, model: model, nanScores: map[string]int{}, badPredictions: map[string]int{}}
	options := sim.BatchOptions{Backfill: backfill, UnixStart: trace.UnixStart}
	var err error
	if r.plain, err = sim.NewBatch(trace.Machine(), options); err != nil {
		return nil, err
	}
	if r.foretold, err = sim.NewBatch(trace.Machine(), model.Options(options)); err != nil {
		return nil, err
	}
	r.planner, err = sim.NewBatchPlanner(sim.BatchPlannerOptions{Backfill: backfill, Seed: seed})
	return r, err
}

// runAll lets every policy run every sequence, sequence by sequence.
func (r *replayer) runAll(ctx context.Context, std streams, policies []contender, starts []int, length int) ([]sim.BatchMetrics, error) {
	progress := newProgress(std.err)
	defer progress.clear()
	total := len(starts) * len(policies)
	results := make([]sim.BatchMetrics, 0, total)
	for _, start := range starts {
		for _, c := range policies {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			m, err := r.run(c, start, length)
			if err != nil {
				return nil, fmt.Errorf("running %s from start %d: %w", c.name, start, err)
			}
			results = append(results, m)
			progress.show(len(results), total)
		}
	}
	return results, nil
}

func (r *replayer) run(c contender, start, length int) (sim.BatchMetrics, error) {
	world := r.plain
	if c.predicted {
		world = r.foretold
	}
	if err := world.Reset(r.trace.Jobs, start, length); err != nil {
		return sim.BatchMetrics{}, err
	}
	var result sim.BatchResult
	var err error
	switch {
	case c.planned:
		result, err = world.Run(r.planner)
	case c.heuristic == nil:
		result, err = r.model.Run(world)
	default:
		result, err = world.Run(c.heuristic)
	}
	if err != nil {
		return sim.BatchMetrics{}, err
	}
	r.nanScores[c.name] += result.NaNScores
	r.badPredictions[c.name] += result.BadPredictions
	return result.Metrics(), nil
}

// notes says what went on that the numbers do not show.
func (r *replayer) notes(w io.Writer, policies []contender) {
	for _, c := range policies {
		if n := r.nanScores[c.name]; n > 0 {
			fmt.Fprintf(w, "lepton: note: %s: scores that were not numbers: %d (do jobs request no time?); those jobs went last\n", c.name, n)
		}
		if n := r.badPredictions[c.name]; n > 0 {
			fmt.Fprintf(w, "lepton: note: %s: run times foretold that could not be used: %d; the requests were\n", c.name, n)
		}
	}
}

// replayTable is the file.
type replayTable struct {
	replayer *replayer
	plan     replayPlan
	starts   []int
	length   int
	results  []sim.BatchMetrics // by start, then policy
}

// backfillColumn is what the reference files call the ways of backfilling, and ours for one that they lack.
var backfillColumn = map[sim.Backfill]string{sim.BackfillNone: "0", sim.BackfillReference: "1", sim.BackfillEASY: "easy"}

func (t replayTable) write(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"trace", "start", "length", "backfill", "scheduler", "metric", "value"}); err != nil {
		return err
	}
	row := []string{t.replayer.trace.Name, "", strconv.Itoa(t.length), backfillColumn[t.plan.backfill], "", "", ""}
	for i, m := range t.results {
		row[1] = strconv.Itoa(t.starts[i/len(t.plan.policies)])
		row[4] = t.plan.policies[i%len(t.plan.policies)].name
		for _, row[5] = range t.plan.metrics {
			row[6] = metricText(m, row[5])
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
