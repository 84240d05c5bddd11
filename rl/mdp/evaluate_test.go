package mdp_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// build makes a problem that begins in state 0.
func build(t testing.TB, ts ...mdp.Transition) *mdp.Problem {
	t.Helper()
	p, err := mdp.New(ts, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(t, err)
	return p
}

// random makes a problem in which every state has actions that lead to a few others; some are not legal.
func random(t testing.TB, seed uint64, states, actions int, end float64) *mdp.Problem {
	t.Helper()
	draw := rand.New(rand.NewPCG(seed, 1))
	var ts []mdp.Transition
	for s := range states {
		for a := range actions {
			if a > 0 && draw.IntN(4) == 0 {
				continue
			}
			w := [3]float64{draw.Float64(), draw.Float64(), draw.Float64()}
			sum := w[0] + w[1] + w[2]
			for _, x := range w {
				tr := mdp.Transition{State: s, Action: a, Prob: x / sum * (1 - end), Next: draw.IntN(states), Reward: draw.NormFloat64()}
				ts = append(ts, tr)
				if end > 0 {
					tr.Prob, tr.Done = x/sum*end, true
					ts = append(ts, tr)
				}
			}
		}
	}
	return build(t, ts...)
}

// Where the policy is greedy in the best values its own are the same, and those of any other are what a long
// sum says.
func TestValuesAgreeWithOthers(t *testing.T) {
	for _, c := range []struct {
		name       string
		gamma, end float64
	}{{"discounted", 0.9, 0}, {"episodic", 1, 0.1}, {"both", 0.95, 0.02}} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(5) {
				p := random(t, seed, 30, 4, c.end)
				best, err := p.OptimalValues(c.gamma)
				require.NoError(t, err)
				q := p.ActionValues(best, c.gamma)
				greedy := policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 { return q[int(obs.State()[0])*4+a] }))
				v, err := p.Values(p.Probabilities(greedy, false), c.gamma)
				require.NoError(t, err)
				assert.InDeltaSlice(t, best, v, 1e-10)
				v, err = p.Values(p.Probabilities(policy.Uniform(), false), c.gamma)
				require.NoError(t, err)
				assert.InDelta(t, p.Return(policy.Uniform(), c.gamma, 3000, false), p.AtStart(v), 1e-9)
			}
		})
	}
}

// Two states: 0 pays 1 and goes to 1, which pays 3 and comes back or stays with probability ½ each.
// Of the time it spends ⅓ in 0: gain 7/3, and bias[1] = bias[0] + 7/3 − 1.
func TestAverageRewardWorked(t *testing.T) {
	p := build(t,
		mdp.Transition{State: 0, Prob: 1, Next: 1, Reward: 1},
		mdp.Transition{State: 1, Prob: 0.5, Next: 0, Reward: 3},
		mdp.Transition{State: 1, Prob: 0.5, Next: 1, Reward: 3})
	gain, bias, err := p.AverageReward([]float64{1, 1})
	require.NoError(t, err)
	assert.InDelta(t, 7.0/3, gain, 1e-14)
	assert.InDeltaSlice(t, []float64{0, 4.0 / 3}, bias, 1e-14)
	gain, bias, err = p.OptimalAverageReward()
	require.NoError(t, err)
	assert.InDelta(t, 7.0/3, gain, 1e-12)
	assert.InDeltaSlice(t, []float64{0, 4.0 / 3}, bias, 1e-12)
}

// A fork to two loops, paying 1 and 2 a step and lasting two and one: the gain is their mean by the ways in,
// there is no bias. A way to the end in place of one of them counts 0.
func TestAverageRewardOfSeveralClasses(t *testing.T) {
	fork := []mdp.Transition{
		{State: 0, Prob: 0.25, Next: 1}, {State: 0, Prob: 0.75, Next: 3},
		{State: 1, Prob: 1, Next: 2, Reward: 2}, {State: 2, Prob: 1, Next: 1, Reward: 0},
		{State: 3, Prob: 1, Next: 3, Reward: 2},
	}
	p := build(t, fork...)
	gain, bias, err := p.AverageReward([]float64{1, 1, 1, 1})
	require.NoError(t, err)
	assert.InDelta(t, 0.25*1+0.75*2, gain, 1e-14)
	assert.Nil(t, bias)
	_, _, err = p.OptimalAverageReward()
	assert.ErrorIs(t, err, mdp.ErrNoConvergence)

	fork[4].Done = true
	p = build(t, fork...)
	gain, bias, err = p.AverageReward([]float64{1, 1, 1, 1})
	require.NoError(t, err)
	assert.InDelta(t, 0.25, gain, 1e-14)
	assert.Nil(t, bias)
	_, _, err = p.OptimalAverageReward()
	assert.ErrorContains(t, err, "ends")
}

// On random problems the best policy by relative value iteration earns its gain, and no single change of an
// action earns more.
func TestOptimalAverageRewardCannotBeImproved(t *testing.T) {
	for seed := range uint64(4) {
		p := random(t, seed, 12, 3, 0)
		best, bias, err := p.OptimalAverageReward()
		require.NoError(t, err)
		q := p.ActionValues(bias, 1)
		pi := make([]float64, len(q))
		choice := make([]int, p.States())
		for s := range p.States() {
			for a := range p.Actions() {
				if x := q[s*p.Actions()+a]; x > q[s*p.Actions()+choice[s]] {
					choice[s] = a
				}
			}
			pi[s*p.Actions()+choice[s]] = 1
		}
		gain, own, err := p.AverageReward(pi)
		require.NoError(t, err)
		assert.InDelta(t, best, gain, 1e-11)
		assert.InDeltaSlice(t, bias, own, 1e-10)
		for s := range p.States() {
			for a := range p.Actions() {
				if !p.Legal(s, a) {
					continue
				}
				pi[s*p.Actions()+choice[s]], pi[s*p.Actions()+a] = 0, 1
				other, _, err := p.AverageReward(pi)
				require.NoError(t, err)
				assert.LessOrEqual(t, other, best+1e-11)
				pi[s*p.Actions()+a], pi[s*p.Actions()+choice[s]] = 0, 1
			}
		}
	}
}

// A large problem is iterated, a small one solved; both say the same of the same chain.
func TestLargeProblemsAreIterated(t *testing.T) {
	large := random(t, 7, 1700, 1, 0)
	pi := make([]float64, large.States())
	for s := range pi {
		pi[s] = 1
	}
	v, err := large.Values(pi, 0.97)
	require.NoError(t, err)
	best, err := large.OptimalValues(0.97) // there is but one policy
	require.NoError(t, err)
	assert.InDeltaSlice(t, best, v, 1e-9)
	gain, _, err := large.AverageReward(pi)
	require.NoError(t, err)
	want, _, err := large.OptimalAverageReward()
	require.NoError(t, err)
	assert.InDelta(t, want, gain, 1e-10)
}

func TestValuesOfWhatNeverEnds(t *testing.T) {
	p := build(t,
		mdp.Transition{State: 0, Action: 0, Prob: 1, Next: 1, Reward: 5},
		mdp.Transition{State: 0, Action: 1, Prob: 1, Next: 2, Reward: 7},
		mdp.Transition{State: 1, Action: 0, Prob: 1, Next: 1},
		mdp.Transition{State: 2, Action: 0, Prob: 1, Next: 2, Reward: -1})
	v, err := p.Values([]float64{1, 0, 1, 0, 1, 0}, 1)
	require.NoError(t, err)
	assert.Equal(t, []float64{5, 0}, v[:2], "a loop that pays nothing is worth nothing")
	assert.True(t, math.IsNaN(v[2]))
	v, err = p.Values([]float64{0.5, 0.5, 1, 0, 1, 0}, 1)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(v[0]), "it may come into the loop that costs")
	assert.True(t, math.IsNaN(p.AtStart(v)))
	v, err = p.Values([]float64{0.5, 0.5, 1, 0, 1, 0}, 0.5)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{6 + 0.25*-2, 0, -2}, v, 1e-14)
}

func TestValuesRefuse(t *testing.T) {
	p := read(t, tossing, start)
	for _, c := range []struct {
		name, want string
		pi         []float64
		gamma      float64
	}{
		{"gamma", "gamma is 2", []float64{1, 0, 0, 1}, 2},
		{"size", "3 probabilities", []float64{1, 0, 0}, 1},
		{"sum", "state 0 sum to 0.5", []float64{0.5, 0, 0, 1}, 1},
		{"not legal", "action 0 in state 1", []float64{1, 0, 1, 0}, 1},
		{"NaN", "probability NaN", []float64{math.NaN(), 0, 0, 1}, 1},
		{"negative", "probability -1", []float64{-1, 2, 0, 1}, 1},
	} {
		_, err := p.Values(c.pi, c.gamma)
		assert.ErrorContains(t, err, c.want, c.name)
		if c.name != "gamma" {
			_, _, err = p.AverageReward(c.pi)
			assert.ErrorContains(t, err, c.want, c.name)
		}
	}
}

// A decision of which e^(−βt) is 0.5 on average, paying 3, until the next one of 0.8, paying 1.
func TestSemiMarkovValues(t *testing.T) {
	p := build(t,
		mdp.Transition{State: 0, Prob: 1, Next: 1, Reward: 3, Discount: 0.5},
		mdp.Transition{State: 1, Prob: 1, Next: 0, Reward: 1, Discount: 0.8})
	want := (3 + 0.5*1) / (1 - 0.5*0.8)
	best, err := p.OptimalValues(1)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{want, 1 + 0.8*want}, best, 1e-11)
	v, err := p.Values([]float64{1, 1}, 1)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{want, 1 + 0.8*want}, v, 1e-12)
	gain, _, err := p.AverageReward([]float64{1, 1})
	require.NoError(t, err)
	assert.InDelta(t, 2, gain, 1e-12, "a step counts as a step")

	env, err := mdp.NewEnvironment(p, mdp.EnvironmentOptions{Limit: 9})
	require.NoError(t, err)
	for _, want := range []float64{0.5, 0.8, 0.5} {
		_, discount, last := env.Step(0)
		assert.Equal(t, want, discount)
		assert.False(t, last)
	}
	_, err = mdp.New([]mdp.Transition{{Prob: 1, Discount: 1.5}}, []mdp.Start{{Prob: 1}})
	assert.ErrorContains(t, err, "discount 1.5")
}

// Exploring starts come in every state that has not ended, evenly.
func TestExploringStarts(t *testing.T) {
	p := build(t,
		mdp.Transition{State: 0, Prob: 1, Next: 1, Reward: 1},
		mdp.Transition{State: 1, Prob: 1, Next: 2, Reward: 1},
		mdp.Transition{State: 2, Prob: 1, Next: 3, Reward: 1, Done: true},
		mdp.Transition{State: 3, Prob: 1, Next: 3, Done: true})
	env, err := mdp.NewEnvironment(p, mdp.EnvironmentOptions{ExploringStarts: true})
	require.NoError(t, err)
	counts := make([]int, 4)
	for seed := range uint64(3000) {
		env.Reset(seed)
		counts[env.State()]++
	}
	for s := range 3 {
		assert.InDelta(t, 1000, counts[s], 120)
	}
	assert.Zero(t, counts[3])
	leptontest.Environment(t, env, leptontest.EnvironmentOptions{})
	_, err = mdp.NewEnvironment(build(t, mdp.Transition{Prob: 1, Done: true}), mdp.EnvironmentOptions{ExploringStarts: true})
	assert.ErrorContains(t, err, "nothing happens")
}

func TestEnvironmentAllocatesNothing(t *testing.T) {
	for _, oneHot := range []bool{false, true} {
		env, err := mdp.NewEnvironment(random(t, 1, 20, 3, 0.1), mdp.EnvironmentOptions{OneHot: oneHot})
		require.NoError(t, err)
		var obs lepton.Observation
		env.Observe(&obs)
		seed := uint64(0)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			seed++
			env.Reset(seed)
			env.Step(0)
			env.Observe(&obs)
		}))
	}
}
