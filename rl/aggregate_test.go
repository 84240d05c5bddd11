package rl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
)

// smithCosts is the exact teacher of a jobWorld: what each choice costs if the rest goes on by Smith's rule; noise is added
// that is 0 on average.
func smithCosts(w *jobWorld, noise float64) rl.CostTeacher {
	r := rand.New(rand.NewPCG(1, 2))
	return func(costs []float64, _ *lepton.Observation) {
		for i := range w.left {
			rest := slices.Delete(slices.Clone(w.left), i, i+1)
			slices.SortFunc(rest, func(a, b job) int {
				if a.weight*b.work > b.weight*a.work {
					return -1
				}
				return 1
			})
			total := w.total - w.left[i].weight
			costs[i] = w.left[i].work*total + noise*r.NormFloat64()
			for _, j := range rest {
				total -= j.weight
				costs[i] += j.work * total
			}
		}
	}
}

func jobCostWorld(noise float64) func() (rl.CostWorld, error) {
	return func() (rl.CostWorld, error) {
		w := &jobWorld{jobs: 8}
		return rl.CostWorld{Env: w, Teacher: smithCosts(w, noise)}, nil
	}
}

func newJobCosts(t testing.TB, seed uint64) *rl.CostLearner {
	l, err := rl.NewCostLearner((&jobWorld{}).Spec(), rl.CostLearnerOptions{Network: rl.NetworkOptions{Hidden: []int{16}}, Minibatch: 64, Seed: seed})
	require.NoError(t, err)
	return l
}

// TestAggregateFindsSmithsRule: from costs alone, exact or as noisy as they differ, five seeds end near the best order and far below
// shortest first; with a teacher to whom all is one, they do not.
func TestAggregateFindsSmithsRule(t *testing.T) {
	ctx := context.Background()
	returns := func(p lepton.Policy) float64 {
		list, err := rl.Evaluate(ctx, &jobWorld{jobs: 8}, p, 0, seeds(1000, 200)...)
		require.NoError(t, err)
		return mean(list)
	}
	best, shortest := returns(policy.Greedy(policy.ScoreFunc(bySmith))), returns(policy.Greedy(policy.ScoreFunc(byWork)))
	for name, world := range map[string]func() (rl.CostWorld, error){"exact": jobCostWorld(0), "noisy": jobCostWorld(10)} {
		t.Run(name, func(t *testing.T) {
			var reached []float64
			for seed := range uint64(5) {
				l := newJobCosts(t, seed)
				report, err := rl.Aggregate(ctx, world, l, rl.AggregateOptions{Rounds: 2, Episodes: 200, Epochs: 6, Explore: 0.2, Seed: seed})
				require.NoError(t, err)
				assert.Equal(t, 2*200*7, report.Examples, "all decisions but the last of each episode")
				reached = append(reached, returns(l.Policy()))
			}
			t.Logf("reached %.2f, best %.2f, shortest first %.2f", reached, best, shortest)
			for _, r := range reached {
				assert.Greater(t, r, best+0.1*(shortest-best), "nine tenths of the way")
			}
		})
	}
	l := newJobCosts(t, 1)
	_, err := rl.Aggregate(ctx, func() (rl.CostWorld, error) {
		w := &jobWorld{jobs: 8}
		return rl.CostWorld{Env: w, Teacher: func(costs []float64, _ *lepton.Observation) { clear(costs) }}, nil
	}, l, rl.AggregateOptions{Rounds: 2, Episodes: 200, Epochs: 6})
	require.NoError(t, err)
	assert.Less(t, returns(l.Policy()), shortest, "nothing to learn")
}

// TestAggregateIsTheSameForAnyNumberOfWorkers compares the saved policies byte for byte, and with another seed.
func TestAggregateIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	saved := func(workers int, seed uint64) []byte {
		l := newJobCosts(t, 3)
		world := jobCostWorld(0)
		_, err := rl.Aggregate(context.Background(), world, l, rl.AggregateOptions{
			Rounds: 2, Episodes: 20, Epochs: 2, Workers: workers, Explore: 0.5, Teach: 0.5, Relative: true, Seed: seed,
			First: policy.Uniform(),
		})
		require.NoError(t, err)
		var b bytes.Buffer
		_, err = l.Policy().(lepton.Saver).WriteTo(&b)
		require.NoError(t, err)
		return b.Bytes()
	}
	one := saved(1, 1)
	assert.True(t, bytes.Equal(one, saved(3, 1)))
	assert.False(t, bytes.Equal(one, saved(1, 2)))
}

func TestAggregateReportsFaults(t *testing.T) {
	ctx := context.Background()
	_, err := rl.Aggregate(ctx, jobCostWorld(0), newJobCosts(t, 1), rl.AggregateOptions{Rounds: -1, Episodes: -2, Epochs: -3, Workers: -4, Explore: 2, Teach: -1})
	for _, part := range []string{"Rounds is -1", "Episodes is -2", "Epochs is -3", "Workers is -4", "Explore is 2", "Teach is -1"} {
		assert.ErrorContains(t, err, part)
	}
	broken := errors.New("no world")
	_, err = rl.Aggregate(ctx, func() (rl.CostWorld, error) { return rl.CostWorld{}, broken }, newJobCosts(t, 1), rl.AggregateOptions{})
	assert.ErrorIs(t, err, broken)
	other, err := rl.NewCostLearner(lepton.Spec{StateDim: 1, ActionDim: 3}, rl.CostLearnerOptions{})
	require.NoError(t, err)
	_, err = rl.Aggregate(ctx, jobCostWorld(0), other, rl.AggregateOptions{})
	var spec *lepton.SpecError
	assert.ErrorAs(t, err, &spec)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err = rl.Aggregate(gone, jobCostWorld(0), newJobCosts(t, 1), rl.AggregateOptions{})
	assert.ErrorIs(t, err, context.Canceled)
	told := 0
	_, err = rl.Aggregate(ctx, jobCostWorld(0), newJobCosts(t, 1), rl.AggregateOptions{Rounds: 2, Episodes: 3, Epochs: 4, Workers: 2,
		Progress: func(r rl.AggregateReport) {
			told++
			assert.LessOrEqual(t, r.Episode, 3)
			assert.LessOrEqual(t, r.Epoch, 4)
		}})
	require.NoError(t, err)
	assert.Equal(t, 2*(3+4), told)
}

func TestCostLearnerOptionsAreChecked(t *testing.T) {
	_, err := rl.NewCostLearner((&jobWorld{}).Spec(), rl.CostLearnerOptions{Minibatch: -1, MaxExamples: -2, Network: rl.NetworkOptions{Workers: -3}})
	for _, part := range []string{"Minibatch is -1", "MaxExamples is -2", "Workers is -3"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = rl.NewCostLearner(lepton.Spec{StateDim: 2, Actions: 3}, rl.CostLearnerOptions{})
	var spec *lepton.SpecError
	assert.ErrorAs(t, err, &spec, "actions without features")
}

// TestCostLearnerLeavesOutWhatCannotBeUsed: no choice, costs that are no numbers or too few, weights of no use, numbers beyond
// float32, one too many. It learns from the rest and its parameters stay finite.
func TestCostLearnerLeavesOutWhatCannotBeUsed(t *testing.T) {
	l, err := rl.NewCostLearner((&jobWorld{}).Spec(), rl.CostLearnerOptions{MaxExamples: 2})
	require.NoError(t, err)
	w := &jobWorld{jobs: 3}
	w.Reset(1)
	var obs, single, huge lepton.Observation
	w.Observe(&obs)
	huge.CopyFrom(&obs)
	huge.SetState([]float64{1e30})
	one := &jobWorld{jobs: 1}
	one.Reset(1)
	one.Observe(&single)
	l.Observe(&single, []float64{1}, 1)
	l.Observe(&obs, []float64{1, 2}, 1)
	l.Observe(&obs, []float64{1, math.NaN(), 2}, 1)
	l.Observe(&obs, []float64{1, math.Inf(1), 2}, 1)
	l.Observe(&obs, []float64{1, 2, 3}, math.NaN())
	l.Observe(&obs, []float64{1, 2, 3}, 0)
	l.Observe(&huge, []float64{1, 2, 3}, 1)
	assert.Equal(t, []int{0, 7}, []int{l.Len(), l.LeftOut()})
	_, err = l.Fit(context.Background(), 0.01)
	require.NoError(t, err, "nothing to fit to")
	for range 3 {
		l.Observe(&obs, []float64{1e9 + 2, 1e9, 1e9 + 7}, 1)
	}
	assert.Equal(t, []int{2, 8}, []int{l.Len(), l.LeftOut()})
	for range 200 {
		_, err = l.Fit(context.Background(), 0.01)
		require.NoError(t, err)
	}
	p := make([]float64, 3)
	l.Policy().Probs(p, &obs, new(lepton.Scratch))
	assert.Equal(t, []float64{0, 1, 0}, p)
	regret, err := l.Fit(context.Background(), 0.01)
	require.NoError(t, err)
	assert.Less(t, regret, 0.1)
	_, err = l.Fit(context.Background(), -1)
	assert.Error(t, err)
	l.Forget()
	assert.Zero(t, l.Len())
}

func ExampleNewCostLearner() {
	// Two queues; sending a job to the longer one costs more.
	spec := lepton.Spec{ActionDim: 1, ActionNames: []string{"queued"}}
	learner, err := rl.NewCostLearner(spec, rl.CostLearnerOptions{})
	if err != nil {
		panic(err)
	}
	var obs lepton.Observation
	for long := range 10 {
		obs.Reset(1, 0)
		obs.Actions().Add(0, true)[0] = float64(long)
		obs.Actions().Add(1, true)[0] = float64(long + 3)
		learner.Observe(&obs, []float64{float64(long), float64(long + 3)}, 1)
	}
	for range 100 {
		if _, err := learner.Fit(context.Background(), 0.01); err != nil {
			panic(err)
		}
	}
	p := make([]float64, 2)
	learner.Policy().Probs(p, &obs, new(lepton.Scratch))
	fmt.Println(p)
	// Output: [1 0]
}
