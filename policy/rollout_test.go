package policy_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byName is a model that knows what each action returns, by its ID, but for noise of a standard deviation.
type byName struct {
	value []float64
	noise float64
}

func (m byName) Play(returns []float64, _ struct{}, obs *lepton.Observation, actions []int, futures []uint64) {
	for i, a := range actions {
		id := obs.ID(a)
		for j, future := range futures {
			x := m.value[id]
			if m.noise > 0 {
				x += m.noise * rng.New(rng.Mix(future, id), "noise").NormFloat64()
			}
			returns[i*len(futures)+j] = x
		}
	}
}

// offer returns an observation of n actions without features; those named are not legal.
func offer(n int, illegal ...int) *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(0, 0)
	for i := range n {
		obs.Actions().Add(uint64(i), !slices.Contains(illegal, i))
	}
	return obs
}

func chooses(action int) lepton.StatePolicy[struct{}] {
	return policy.IncumbentChoice(func(struct{}) int { return action })
}

func rollout(t testing.TB, base lepton.StatePolicy[struct{}], m policy.Simulator[struct{}], o policy.RolloutOptions) *policy.Rollout[struct{}] {
	t.Helper()
	r, err := policy.NewRollout(base, func() policy.Simulator[struct{}] { return m }, o)
	require.NoError(t, err)
	return r
}

func decide(p lepton.StatePolicy[struct{}], obs *lepton.Observation) []float64 {
	out := make([]float64, obs.Len())
	p.ProbsState(out, struct{}{}, obs, new(lepton.Scratch))
	return out
}

func TestRolloutChooses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name    string
		value   []float64
		base    int
		illegal []int
		o       policy.RolloutOptions
		want    int
		unknown uint64
	}{
		{"the best", []float64{1, 3, 2}, 0, nil, policy.RolloutOptions{}, 1, 0},
		{"the base where it is best", []float64{3, 1, 2}, 0, nil, policy.RolloutOptions{}, 0, 0},
		{"the base where all are equal", []float64{2, 2, 2, 2}, 2, nil, policy.RolloutOptions{}, 2, 0},
		{"the first of the best", []float64{1, 3, 3, 2}, 0, nil, policy.RolloutOptions{}, 1, 0},
		{"the best legal one", []float64{1, 9, 2, 3}, 0, []int{1}, policy.RolloutOptions{}, 3, 0},
		{"more than the margin", []float64{1, 3}, 0, nil, policy.RolloutOptions{Margin: 1.9}, 1, 0},
		{"no more than the margin", []float64{1, 3}, 0, nil, policy.RolloutOptions{Margin: 2}, 0, 0},
		{"not beyond an infinite margin", []float64{1, 3}, 0, nil, policy.RolloutOptions{Margin: inf}, 0, 0},
		{"the next to one unknown", []float64{1, nan, 2, 1.5}, 0, nil, policy.RolloutOptions{}, 2, 1},
		{"the next to one infinite", []float64{1, inf, 2, -inf}, 0, nil, policy.RolloutOptions{}, 2, 2},
		{"the base where all others are unknown", []float64{1, nan, nan, nan}, 0, nil, policy.RolloutOptions{}, 0, 3},
		{"the base where it is unknown", []float64{nan, 1, 2, 1.5}, 0, nil, policy.RolloutOptions{}, 0, 1},
		{"the base where differences overflow", []float64{-1e308, 1.5e308}, 0, nil, policy.RolloutOptions{}, 0, 1},
		{"among those tried", []float64{1, 2, 3, 9}, 0, nil, policy.RolloutOptions{MaxActions: 3}, 2, 0},
		{"with the smallest budget", []float64{1, 3, 2}, 0, nil, policy.RolloutOptions{Budget: 8}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rollout(t, chooses(c.base), byName{value: c.value}, c.o)
			want := make([]float64, len(c.value))
			want[c.want] = 1
			assert.Equal(t, want, decide(r, offer(len(c.value), c.illegal...)))
			assert.Equal(t, c.unknown, r.Stats().Unknown)
			assert.Equal(t, c.want != c.base, r.Stats().Departures == 1)
		})
	}
}

// Those that the base ranks highest are tried, by its scores, else by its probabilities.
func TestRolloutTriesWhatTheBaseRanksHighest(t *testing.T) {
	value := []float64{9, 1, 2, 3, 4}
	rank := []float64{math.NaN(), 5, 4, math.Inf(-1), 4.5}
	scorer := policy.Incumbent(func(_ struct{}, a int) float64 { return rank[a] })
	mixed := policy.Stateless[struct{}](policy.Func(func(p []float64, _ *lepton.Observation, _ *lepton.Scratch) {
		copy(p, []float64{0, 0.5, 0.1, 0, 0.4})
	}))
	for name, base := range map[string]lepton.StatePolicy[struct{}]{"scores": withScores{mixed, scorer.(lepton.StateScorer[struct{}])}, "probabilities": mixed} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []float64{0, 0, 0, 0, 1}, decide(rollout(t, base, byName{value: value}, policy.RolloutOptions{MaxActions: 2}), offer(5)))
			assert.Equal(t, []float64{0, 0, 0, 0, 1}, decide(rollout(t, base, byName{value: value}, policy.RolloutOptions{MaxActions: 3}), offer(5)))
			assert.Equal(t, []float64{1, 0, 0, 0, 0}, decide(rollout(t, base, byName{value: value}, policy.RolloutOptions{}), offer(5)))
		})
	}
}

// withScores decides by one policy and ranks by another.
type withScores struct {
	lepton.StatePolicy[struct{}]
	scorer lepton.StateScorer[struct{}]
}

func (w withScores) ScoresState(dst []float64, state struct{}, obs *lepton.Observation, scratch *lepton.Scratch) {
	w.scorer.ScoresState(dst, state, obs, scratch)
}

// A base that mixes stands with all its probabilities, and unusable ones are passed on.
func TestRolloutPassesTheBaseOn(t *testing.T) {
	base := func(probs ...float64) lepton.StatePolicy[struct{}] {
		return policy.Stateless[struct{}](policy.Func(func(p []float64, _ *lepton.Observation, _ *lepton.Scratch) { copy(p, probs) }))
	}
	m := byName{value: []float64{1, 2, 3}}
	r := rollout(t, base(0.25, 0.25, 0.5), m, policy.RolloutOptions{})
	assert.Equal(t, []float64{0.25, 0.25, 0.5}, decide(r, offer(3)))
	r = rollout(t, base(0.375, 0.375, 0.25), m, policy.RolloutOptions{Margin: 1.5})
	assert.Equal(t, []float64{0, 0, 1}, decide(r, offer(3)), "the first of the likeliest is the base's choice")

	for name, c := range map[string]struct {
		probs []float64
		obs   *lepton.Observation
	}{
		"NaN":              {[]float64{math.NaN(), 0, 1}, offer(3)},
		"nothing":          {[]float64{0, 0, 0}, offer(3)},
		"not legal":        {[]float64{0, 1, 0}, offer(3, 1)},
		"one legal action": {[]float64{0, 0, 1}, offer(3, 0, 1)},
		"none":             {nil, offer(0)},
	} {
		t.Run(name, func(t *testing.T) {
			r := rollout(t, base(c.probs...), m, policy.RolloutOptions{})
			got := decide(r, c.obs)
			for i, x := range c.probs {
				assert.True(t, got[i] == x || x != x && got[i] != got[i])
			}
			assert.Zero(t, r.Stats(), "nothing is simulated")
		})
	}
}

// counting notes what it is asked.
type counting struct {
	t       *testing.T
	model   byName
	played  int
	last    []int
	futures map[uint64]bool
}

func (c *counting) Play(returns []float64, state struct{}, obs *lepton.Observation, actions []int, futures []uint64) {
	require.Len(c.t, returns, len(actions)*len(futures))
	require.NotEmpty(c.t, futures)
	for i, a := range actions {
		require.True(c.t, obs.Legal(a))
		require.NotContains(c.t, actions[:i], a, "an action is asked once")
	}
	for _, f := range futures {
		require.False(c.t, c.futures[f], "a future is played once")
		c.futures[f] = true
	}
	c.played += len(returns)
	c.last = slices.Clone(actions)
	c.model.Play(returns, state, obs, actions, futures)
}

// The budget is never passed, and what it leaves would not give one more future to all who are still in.
func TestRolloutKeepsToItsBudget(t *testing.T) {
	for _, n := range []int{2, 3, 4, 5, 9, 26, 200} {
		for _, budget := range []int{8, 9, 15, 64, 255, 256, 1000} {
			for _, limit := range []int{0, 2, 7} {
				m := &counting{t: t, model: byName{value: make([]float64, n), noise: 1}, futures: map[uint64]bool{}}
				r := rollout(t, chooses(1), m, policy.RolloutOptions{Budget: budget, MaxActions: limit})
				decide(r, offer(n, n/2+1))
				name := fmt.Sprintf("%d actions, budget %d, limit %d", n, budget, limit)
				assert.Equal(t, r.Stats(), policy.RolloutStats{Decisions: 1, Futures: uint64(m.played), Departures: r.Stats().Departures}, name)
				assert.LessOrEqual(t, m.played, budget, name)
				assert.GreaterOrEqual(t, m.played, budget-1, name)
				assert.Len(t, m.last, 2, "%s: the last comparison is of the base's choice with one rival", name)
				assert.Equal(t, 1, m.last[1], name)
			}
		}
	}
}

// In a world where nothing is better than the base, it is left as seldom as Risk says.
func TestRolloutRisk(t *testing.T) {
	const decisions = 3000
	for _, risk := range []float64{0.02, 0.1, 0.3, 1} {
		for _, n := range []int{2, 12} {
			m := byName{value: make([]float64, n), noise: 1}
			departures := uint64(0)
			for seed := range uint64(decisions) {
				r := rollout(t, chooses(0), m, policy.RolloutOptions{Budget: 64, Risk: risk, Seed: seed})
				decide(r, offer(n))
				departures += r.Stats().Departures
			}
			want := min(risk, 0.5) // with 1 the estimate decides, and is too high every other time
			assert.InDelta(t, want, float64(departures)/decisions, 4*math.Sqrt(want/decisions), "risk %v, %d actions", risk, n)
		}
	}
}

// Other seeds and other observations bring other futures; the order of the actions does not.
func TestRolloutFuturesFollowFromSeedAndObservation(t *testing.T) {
	first := func(seed uint64, obs *lepton.Observation) uint64 {
		var f uint64
		m := policy.SimulatorFunc[struct{}](func(_ []float64, _ struct{}, _ *lepton.Observation, _ []int, futures []uint64) {
			if f == 0 {
				f = futures[0]
			}
		})
		r, err := policy.NewRollout(policy.Stateless[struct{}](policy.Uniform()), func() policy.Simulator[struct{}] { return m }, policy.RolloutOptions{Seed: seed})
		require.NoError(t, err)
		assert.NotZero(t, decide(r, obs)[0], "a simulator that tells nothing leaves the base alone")
		return f
	}
	obs := func(state float64, rows ...float64) *lepton.Observation {
		o := masked(rows)
		o.SetState([]float64{state})
		return o
	}
	reversed := new(lepton.Observation)
	reversed.Reset(1, 0)
	reversed.SetState([]float64{1})
	for i, x := range []float64{7, 6, 5} {
		reversed.Actions().Add(uint64(2-i), true)[0] = x
	}
	want := first(1, obs(1, 5, 6, 7))
	assert.Equal(t, want, first(1, obs(1, 5, 6, 7)))
	assert.Equal(t, want, first(1, reversed))
	for name, other := range map[string]uint64{
		"seed":   first(2, obs(1, 5, 6, 7)),
		"state":  first(1, obs(2, 5, 6, 7)),
		"row":    first(1, obs(1, 5, 6, 8)),
		"rows":   first(1, obs(1, 6, 5, 7)),
		"action": first(1, obs(1, 5, 6, 7, 8)),
	} {
		assert.NotEqual(t, want, other, name)
	}
	legal := offer(3)
	assert.NotEqual(t, first(1, legal), first(1, offer(3, 2)), "legality")
}

// The contract of a policy, over a model that sees the rows: concurrency, memory and permutations included.
func TestRolloutKeepsTheContract(t *testing.T) {
	spec := lepton.Spec{StateDim: 2, ActionDim: 3}
	m := policy.SimulatorFunc[struct{}](func(returns []float64, _ struct{}, obs *lepton.Observation, actions []int, futures []uint64) {
		for i, a := range actions {
			for j, future := range futures {
				returns[i*len(futures)+j] = obs.Action(a)[1] + rng.Uniform(rng.Mix(future, obs.ID(a)))
			}
		}
	})
	base := policy.Stateless[struct{}](policy.Greedy(linear(t, 2, 3, 1)))
	r, err := policy.NewRollout(base, func() policy.Simulator[struct{}] { return m }, policy.RolloutOptions{Risk: 1})
	require.NoError(t, err)
	p := policy.Func(func(p []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
		r.ProbsState(p, struct{}{}, obs, scratch)
	})
	leptontest.Policy(t, p, spec, leptontest.PolicyOptions{NoAllocs: true})
	assert.Positive(t, r.Stats().Departures)
}

// A simulator is lent to one decision at a time, and one that panicked is not lent again.
func TestRolloutSimulators(t *testing.T) {
	made, played := 0, 0
	r, err := policy.NewRollout(chooses(0), func() policy.Simulator[struct{}] {
		made++
		broken := false // the pool may have dropped the first one made: it is the first to play that breaks
		return policy.SimulatorFunc[struct{}](func(returns []float64, _ struct{}, _ *lepton.Observation, _ []int, _ []uint64) {
			assert.False(t, broken, "a simulator that panicked was used again")
			if played++; played == 1 {
				broken = true
				panic("broken")
			}
			clear(returns)
		})
	}, policy.RolloutOptions{})
	require.NoError(t, err)
	assert.Equal(t, 1, made)
	assert.PanicsWithValue(t, "broken", func() { decide(r, offer(2)) })
	assert.Equal(t, []float64{1, 0}, decide(r, offer(2)))
	assert.Equal(t, []float64{1, 0}, decide(r, offer(2)))
	assert.GreaterOrEqual(t, made, 2)
}

func TestRolloutRefuses(t *testing.T) {
	simulator := func() policy.Simulator[struct{}] { return byName{} }
	for _, c := range []struct {
		name      string
		base      lepton.StatePolicy[struct{}]
		simulator func() policy.Simulator[struct{}]
		o         policy.RolloutOptions
		want      []string
	}{
		{"nothing given", nil, nil, policy.RolloutOptions{}, []string{"no base", "no simulator"}},
		{"a nil simulator", chooses(0), func() policy.Simulator[struct{}] { return nil }, policy.RolloutOptions{}, []string{"no simulator"}},
		{"options", chooses(0), simulator, policy.RolloutOptions{Budget: 7, MaxActions: 1, Margin: -1, Risk: 1.5},
			[]string{"Budget is 7", "MaxActions is 1", "Margin is -1", "Risk is 1.5"}},
		{"NaN", chooses(0), simulator, policy.RolloutOptions{Margin: math.NaN(), Risk: math.NaN()}, []string{"Margin is NaN", "Risk is NaN"}},
		{"negative", chooses(0), simulator, policy.RolloutOptions{Budget: -1, MaxActions: -1, Risk: -0.1}, []string{"Budget is -1", "MaxActions is -1", "Risk is -0.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := policy.NewRollout(c.base, c.simulator, c.o)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}
