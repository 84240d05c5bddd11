package rl_test

import (
	"testing"

	"github.com/leptonsched/lepton"
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
