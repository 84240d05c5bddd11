package sim

import (
	"context"
	"errors"
	"fmt"

	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
)

// BatchLearnOptions sets up LearnBatch. The zero value works.
type BatchLearnOptions struct {
	Rounds    int    // of acting and fitting; 0 means 4
	Sequences int    // a round; 0 means 3,000
	Epochs    int    // passes over all decisions a round; 0 means 20
	Hidden    []int  // of the network; nil means 64, 32, 16
	Workers   int    // goroutines; 0 means 1. The result is the same for any number
	Seed      uint64 // source of all randomness

	Progress func(rl.AggregateReport) // called after each sequence and epoch, by one goroutine at a time; nil: silent
}

func (o BatchLearnOptions) withDefaults() BatchLearnOptions {
	for _, f := range [...]struct {
		field *int
		value int
	}{{&o.Rounds, 4}, {&o.Sequences, 3000}, {&o.Epochs, 20}, {&o.Workers, 1}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	if o.Hidden == nil {
		o.Hidden = []int{64, 32, 16}
	}
	return o
}

// LearnBatch learns to order a batch queue from sequences that draw returns, for the mean bounded slowdown: a network over
// the observations of BatchForesight, fitted with rl.Aggregate to what BatchHindsight says that each choice would have cost. In the first round
// the look ahead alone acts. draw is called from several goroutines; it decides what the network is good for: GeneratedSequence for any site,
// SequencesOf for one.
//
// The errors are those of draw, of the options and of ctx.
func LearnBatch(ctx context.Context, draw func(seed uint64) (BatchSequence, error), o BatchLearnOptions) (BatchModel, error) {
	o = o.withDefaults()
	spec := foresightSpec()
	learner, err := rl.NewCostLearner(spec, rl.CostLearnerOptions{
		Network: rl.NetworkOptions{Hidden: o.Hidden, Workers: o.Workers}, MaxExamples: 4_000_000, Seed: o.Seed,
	})
	if err != nil {
		return BatchModel{}, err
	}
	weights := make([]float64, spec.StateDim+spec.ActionDim)
	weights[spec.StateDim+overFeature] = -1
	first, err := policy.NewLinear(spec, weights, nil)
	if err != nil {
		return BatchModel{}, err
	}
	var worlds []*batchLessons
	world := func() (rl.CostWorld, error) {
		l := newBatchLessons(draw)
		worlds = append(worlds, l)
		return rl.CostWorld{Env: l, Teacher: l.Costs}, nil
	}
	_, err = rl.Aggregate(ctx, world, learner, rl.AggregateOptions{
		Rounds: o.Rounds, Episodes: o.Sequences, Epochs: o.Epochs, First: policy.Greedy(first), Explore: 0.1, Teach: 0.5, Relative: true,
		Workers: o.Workers, Seed: o.Seed, Progress: o.Progress,
	})
	for _, w := range worlds {
		err = errors.Join(w.err, err)
	}
	if err != nil {
		return BatchModel{}, fmt.Errorf("sim: learning: %w", err)
	}
	return BatchModel{Policy: learner.Policy()}, nil
}
