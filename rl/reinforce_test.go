package rl_test

import (
	"math"
	"slices"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newREINFORCE(t testing.TB, spec lepton.Spec, o rl.REINFORCEOptions) *rl.REINFORCE {
	t.Helper()
	l, err := rl.NewREINFORCE(spec, o)
	require.NoError(t, err)
	return l
}

// In each of five seeds the learned order must close 90 % of the gap between random and Smith's rule, and
// beat shortest-first.
func TestREINFORCELearnsSmithsRule(t *testing.T) {
	env := &jobWorld{jobs: 8}
	judge := seeds(1000, 200)
	value := func(p lepton.Policy) float64 {
		returns, err := rl.Evaluate(t.Context(), env, p, 0, judge...)
		require.NoError(t, err)
		return mean(returns)
	}
	random := value(policy.Uniform())
	best := value(policy.Greedy(policy.ScoreFunc(bySmith)))
	shortest := value(policy.Greedy(policy.ScoreFunc(byWork)))
	require.Greater(t, best, shortest)
	require.Greater(t, shortest, random)

	learned := func(seed uint64, off bool) float64 {
		l := newREINFORCE(t, env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.05}})
		var learner lepton.Learner = l
		if off {
			learner = switchedOff{l}
		}
		_, err := rl.Train(t.Context(), env, learner, rl.TrainOptions{
			Episodes: 1500, Seed: seed, Credit: lepton.CreditOptions{Gamma: 1},
		})
		require.NoError(t, err)
		return value(policy.Greedy(l.Policy().(lepton.Scorer)))
	}
	passes := func(v float64) bool { return v > random+0.9*(best-random) && v > shortest }
	for seed := range uint64(5) {
		v := learned(seed, false)
		t.Logf("seed %d: %.3f; random %.3f, shortest first %.3f, best %.3f", seed, v, random, shortest, best)
		assert.True(t, passes(v), "seed %d", seed)
	}
	assert.False(t, passes(learned(0, true)), "the test passes with the learner switched off")
}

// Transitions of interleaved episodes that arrive in any order teach the same as in order.
func TestEpisodesAreMadeWholeInAnyOrder(t *testing.T) {
	var episode, other []*lepton.Transition
	for _, tr := range traffic(candidateSpec, 9, 400) {
		switch {
		case tr.Episode == 2 && tr.Agent == 0:
			episode = append(episode, tr)
		case tr.Episode == 3:
			other = append(other, tr)
		}
	}
	require.Greater(t, len(episode), 2)
	weights := func(order []*lepton.Transition) []float64 {
		l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{Batch: len(episode)})
		for _, tr := range order {
			l.Observe(tr)
		}
		progress, err := l.Step(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, progress.Updates)
		w, _ := l.Weights()
		return w
	}
	want := weights(episode)
	require.NotEqual(t, make([]float64, 4), want)
	r := rng.New(1, "order")
	for range 20 {
		order := append([]*lepton.Transition{other[0], episode[0]}, episode...) // one is told twice
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		// What comes again after the end of its episode would begin another; keep the last for last.
		at := slices.Index(order, episode[1])
		order = append(slices.Delete(order, at, at+1), episode[1])
		require.Equal(t, want, weights(order))
	}
}

func TestOpenEpisodesAreBounded(t *testing.T) {
	l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{MaxOpen: 4, MaxSteps: 10})
	base := traffic(candidateSpec, 1, 1)[0]
	show := func(episode uint64, step int, last bool) {
		tr := *base
		tr.Episode, tr.Step, tr.Last, tr.Discount = episode, step, last, 1
		l.Observe(&tr)
	}
	for e := range uint64(6) {
		show(e+1, 0, false)
	}
	assert.Equal(t, rl.REINFORCEStats{Open: 4}, l.Stats())
	for step := range 8 {
		show(6, step+1, false) // pushes older ones out
	}
	assert.Equal(t, rl.REINFORCEStats{Open: 2}, l.Stats())
	for step := range 2 {
		show(6, step+9, false) // and then itself
	}
	assert.Equal(t, rl.REINFORCEStats{}, l.Stats())
	show(6, 100, false)
	show(6, 100, false)
	assert.Equal(t, rl.REINFORCEStats{Open: 1, Duplicate: 1}, l.Stats())
}

// Numbers that are not finite are left out: the policy stays as good as it was, and Step says so once.
func TestREINFORCEPublishesNothingThatIsNotFinite(t *testing.T) {
	l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{Batch: 4})
	stream := traffic(candidateSpec, 3, 100)
	feed(t, l, stream)
	dropped := l.Stats().Dropped
	for name, spoil := range map[string]func(*lepton.Transition){
		"reward":   func(tr *lepton.Transition) { tr.Reward = math.Inf(1) },
		"row":      func(tr *lepton.Transition) { tr.Obs.Action(1)[0] = math.NaN() },
		"state":    func(tr *lepton.Transition) { tr.Obs.State()[1] = -1e200 },
		"discount": func(tr *lepton.Transition) { tr.Discount = math.NaN() },
	} {
		bad := new(lepton.Transition)
		bad.CopyFrom(stream[0])
		bad.Episode, bad.Discount, bad.Last = 0, 0, true
		spoil(bad)
		l.Observe(bad)
		_, err := l.Step(t.Context())
		assert.ErrorIs(t, err, rl.ErrNotFinite, name)
		_, err = l.Step(t.Context())
		assert.NoError(t, err, "told once")
	}
	assert.Equal(t, dropped+4, l.Stats().Dropped)

	// A teacher's NaN is told of by the next Step.
	before := saved(t, l.Policy())
	obs := &stream[0].Obs
	target := make([]float64, obs.Len())
	target[0] = math.NaN()
	for range 4 {
		l.ObserveTarget(obs, target, 1)
	}
	_, err := l.Step(t.Context())
	assert.ErrorIs(t, err, rl.ErrNotFinite)
	assert.Equal(t, before, saved(t, l.Policy()))

	alone := new(lepton.Transition)
	alone.CopyFrom(stream[0])
	alone.Episode, alone.Propensity = 0, 0
	l.Observe(alone)
	assert.EqualValues(t, 1, l.Stats().Skipped)
	feed(t, l, stream)
	assert.NotEqual(t, before, saved(t, l.Policy()), "the learner can be used on")
}

// Learning from a policy that is not its own, corrected by importance weights, in five seeds: decisions by
// themselves, drawn by a rule that prefers the wrong one of two actions.
func TestREINFORCELearnsOffPolicy(t *testing.T) {
	spec := lepton.Spec{ActionDim: 1}
	learned := func(seed uint64, off bool) float64 {
		l := newREINFORCE(t, spec, rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.05}})
		r := rng.New(seed, "logged")
		var tr lepton.Transition
		for range 3000 {
			tr = lepton.Transition{Last: true, NextAction: -1, Propensity: 0.9}
			tr.Obs.Reset(1, 0)
			tr.Obs.Actions().Add(0, true)[0] = 0
			tr.Obs.Actions().Add(1, true)[0] = 1
			if r.Float64() < 0.1 {
				tr.Action, tr.Propensity = 1, 0.1
			}
			tr.Reward = float64(tr.Action) + r.NormFloat64()
			if !off {
				l.Observe(&tr)
			}
			_, err := l.Step(t.Context())
			require.NoError(t, err)
		}
		p := make([]float64, 2)
		l.Policy().Probs(p, &tr.Obs, nil)
		return p[1]
	}
	for seed := range uint64(5) {
		assert.Greater(t, learned(seed, false), 0.8)
	}
	assert.Less(t, learned(0, true), 0.8, "the test passes with the learner switched off")
}

func TestREINFORCEOptionsReportEveryFault(t *testing.T) {
	_, err := rl.NewREINFORCE(candidateSpec, rl.REINFORCEOptions{
		StepSize: rl.StepSize{Alpha: -1}, Optimizer: 9, Batch: -1, Baseline: 9, Entropy: -1, MaxNorm: -1, MaxRatio: 0.5,
		Weights: []float64{1}, Patience: -1, MaxOpen: -1, MaxSteps: -1,
	})
	for _, want := range []string{"Alpha is -1", "Optimizer is 9", "Batch is -1", "Baseline is 9", "Entropy is -1", "MaxNorm is -1", "MaxRatio is 0.5", "1 weights", "Patience is -1", "MaxOpen is -1", "MaxSteps is -1"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = rl.NewREINFORCE(lepton.Spec{StateDim: -1, ActionDim: 1}, rl.REINFORCEOptions{})
	assert.ErrorContains(t, err, "negative size")
	var spec *lepton.SpecError
	_, err = rl.NewREINFORCE(lepton.Spec{StateDim: 1}, rl.REINFORCEOptions{})
	assert.ErrorAs(t, err, &spec)
}

// It begins where it is told to: at a heuristic that is already good.
func TestREINFORCEStartsAtItsWeights(t *testing.T) {
	l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{Weights: []float64{0, 0, 3, -2}})
	obs := &traffic(candidateSpec, 1, 1)[0].Obs
	dst := make([]float64, obs.Len())
	l.Policy().(lepton.Scorer).Scores(dst, obs, nil)
	for i := range dst {
		if obs.Legal(i) {
			assert.InDelta(t, 3*obs.Action(i)[0]-2*obs.Action(i)[1], dst[i], 1e-12)
		}
	}
}
