package policy_test

import (
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/require"
)

// candidates returns an observation with n legal actions and random features.
func candidates(n, stateDim, actionDim int, seed uint64) *lepton.Observation {
	r := rng.New(seed, "candidates")
	obs := new(lepton.Observation)
	obs.Reset(actionDim, 0)
	obs.SetState(normal(r, stateDim))
	for i := range n {
		copy(obs.Actions().Add(uint64(i), true), normal(r, actionDim))
	}
	return obs
}

// masked returns an observation whose actions have one feature, their score, and are legal as given.
func masked(scores []float64, legal ...bool) *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(1, 0)
	for i, s := range scores {
		obs.Actions().Add(uint64(i), len(legal) == 0 || legal[i])[0] = s
	}
	return obs
}

// byFeature scores an action by its first feature.
var byFeature policy.ScoreFunc = func(obs *lepton.Observation, action int) float64 { return obs.Action(action)[0] }

func linear(tb testing.TB, stateDim, actionDim int, seed uint64) *policy.Linear {
	tb.Helper()
	w := normal(rng.New(seed, "weights"), stateDim+actionDim)
	l, err := policy.NewLinear(lepton.Spec{StateDim: stateDim, ActionDim: actionDim}, w, []float64{0.25})
	require.NoError(tb, err)
	return l
}

func normal(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

func must(p lepton.Policy, err error) lepton.Policy {
	if err != nil {
		panic(err)
	}
	return p
}

func probs(p lepton.Policy, obs *lepton.Observation) []float64 {
	out := make([]float64, obs.Len())
	p.Probs(out, obs, new(lepton.Scratch))
	return out
}

func scores(s lepton.Scorer, obs *lepton.Observation) []float64 {
	out := make([]float64, obs.Len())
	s.Scores(out, obs, new(lepton.Scratch))
	return out
}
