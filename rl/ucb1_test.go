package rl_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newUCB1(t testing.TB, o rl.UCB1Options) *rl.UCB1 {
	t.Helper()
	l, err := rl.NewUCB1(lepton.Spec{}, o)
	require.NoError(t, err)
	return l
}

// By hand: action 7 was paid 1 and 0, action 8 0, so that n is 3 and the range 1; 7 scores
// ½ + √(2·ln 3/2) and 8 √(2·ln 3).
func TestUCB1WorkedNumbers(t *testing.T) {
	l := newUCB1(t, rl.UCB1Options{})
	told(t, l, outcome(7, 1), outcome(8, 0), outcome(7, 0))
	obs := byID(7, 8)
	assert.InDeltaSlice(t, []float64{0.5 + 1.048147074, 1.482303807}, scoresOf(l, obs), 1e-9)
	assert.Equal(t, []float64{1, 0}, probsOf(l, obs))

	assert.Equal(t, []float64{0, 0, 0.5, 0.5}, probsOf(l, byID(7, 8, 9, 10)), "what has no outcome comes first, evenly")
	assert.Equal(t, math.MaxFloat64, scoresOf(l, byID(7, 9))[1])
	assert.InDelta(t, 0, scoresOf(l, byID(8))[0], 1e-12, "n counts what is on offer: ln 1 is 0")

	told(t, l, outcome(9, 5)) // the range is 5 now, and n 4
	assert.InDelta(t, 0.5+5*math.Sqrt(math.Log(4)), scoresOf(l, byID(7, 8, 9))[0], 1e-12)
}

func TestUCB1OptionsCount(t *testing.T) {
	l := newUCB1(t, rl.UCB1Options{Range: 10, Alpha: 0.5, Epsilon: 0.3})
	told(t, l, outcome(0, 1), outcome(1, 0), outcome(2, 0))
	obs := byID(0, 1, 2)
	assert.InDelta(t, 1+0.5*10*math.Sqrt(2*math.Log(3)), scoresOf(l, obs)[0], 1e-12)
	assert.InDeltaSlice(t, []float64{0.8, 0.1, 0.1}, probsOf(l, obs), 1e-12)

	masked := new(lepton.Observation)
	masked.Reset(0, 0)
	for id, legal := range []bool{false, true, true} {
		masked.Actions().Add(uint64(id), legal)
	}
	assert.InDeltaSlice(t, []float64{0, 0.5, 0.5}, probsOf(l, masked), 1e-12, "equal scores share evenly")
	assert.True(t, math.IsInf(scoresOf(l, masked)[0], -1))
}

// A Key keeps states apart.
func TestUCB1WithAKey(t *testing.T) {
	l := newUCB1(t, rl.UCB1Options{Key: coarse})
	for _, state := range []float64{-1, 1} {
		for action, reward := range []float64{state, 0} {
			for range 50 {
				o := outcome(uint64(action), reward)
				o.Obs.SetState([]float64{state})
				told(t, l, o)
			}
		}
	}
	for state, want := range map[float64][]float64{-1: {0, 1}, 1: {1, 0}} {
		obs := byID(0, 1)
		obs.SetState([]float64{state})
		assert.Equal(t, want, probsOf(l, obs), "state %v", state)
	}
	assert.Equal(t, 4, l.Stats().Actions)
}

// A bandit with room for two actions forgets the one updated least recently, which then counts as untried.
func TestBanditsForgetTheLeastRecentlyUpdated(t *testing.T) {
	l := newUCB1(t, rl.UCB1Options{MaxEntries: 2})
	told(t, l, outcome(1, 1), outcome(2, 1), outcome(1, 1), outcome(3, 1))
	assert.Equal(t, rl.BanditStats{Actions: 2, Evicted: 1}, l.Stats())
	assert.Equal(t, []float64{0, 1, 0}, probsOf(l, byID(1, 2, 3)))
}

// Between two publications a snapshot stands, whatever comes in.
func TestBanditsPublishInBatches(t *testing.T) {
	l := newUCB1(t, rl.UCB1Options{Batch: 3})
	obs := byID(0, 1)
	before := l.Policy()
	told(t, l, outcome(0, 1), outcome(0, 1))
	assert.Same(t, before, l.Policy())
	assert.Equal(t, []float64{0.5, 0.5}, probsOf(l, obs))
	told(t, l, outcome(0, 1))
	assert.Equal(t, []float64{0, 1}, probsOf(l, obs))
}

// What cannot be used is counted, tells once, and changes nothing.
func TestBanditsRefuseWhatIsNotFinite(t *testing.T) {
	for name, l := range bandits(t, fixedSpec) {
		told(t, l, traffic(fixedSpec, 8, 50)...)
		obs := &traffic(fixedSpec, 9, 1)[0].Obs
		want := scoresOf(l, obs)
		file := saved(t, l.Policy())
		for _, bad := range []float64{math.NaN(), math.Inf(1), 1e101} {
			tr := traffic(fixedSpec, 10, 1)[0]
			tr.Reward = bad
			l.Observe(tr)
			p, err := l.Step(t.Context())
			assert.ErrorIs(t, err, rl.ErrNotFinite, name)
			assert.EqualValues(t, 50, p.Updates, name)
		}
		tr := traffic(fixedSpec, 10, 1)[0]
		tr.Action = 1
		tr.Obs.Reset(0, 0)
		tr.Obs.SetState([]float64{1, 1})
		tr.Obs.Actions().Add(0, true)
		tr.Obs.Actions().Add(1, false)
		l.Observe(tr)
		_, err := l.Step(t.Context())
		assert.NoError(t, err)
		assert.EqualValues(t, 4, l.(interface{ Stats() rl.BanditStats }).Stats().Faults, name)
		assert.Equal(t, want, scoresOf(l, obs), name)
		assert.Equal(t, file, saved(t, l.Policy()), name)
	}
}

// Of a transition inside an episode the reward counts, and nothing after it.
func TestBanditsIgnoreWhatFollows(t *testing.T) {
	for name := range bandits(t, fixedSpec) {
		a, b := bandits(t, fixedSpec)[name], bandits(t, fixedSpec)[name]
		for _, tr := range traffic(fixedSpec, 8, 60) {
			told(t, a, tr)
			cut := *tr
			cut.Discount, cut.Next, cut.NextAction, cut.Last, cut.Episode, cut.Step = 0, lepton.Observation{}, -1, true, 0, 0
			told(t, b, &cut)
		}
		assert.Equal(t, saved(t, a), saved(t, b), name)
	}
}

func ExampleNewUCB1() {
	learner, err := rl.NewUCB1(lepton.Spec{Actions: 2}, rl.UCB1Options{})
	if err != nil {
		panic(err)
	}
	obs, p := byID(0, 1), make([]float64, 2)
	chosen := [2]int{}
	for range 1000 {
		learner.Policy().Probs(p, obs, nil)
		action := slices.Index(p, slices.Max(p))
		chosen[action]++
		// Queue 0 pays 0.2 each time, queue 1 pays 0.8.
		reward := 0.2 + 0.6*float64(action)
		learner.Observe(&lepton.Transition{Obs: *obs, Action: action, Propensity: p[action], Reward: reward})
		if _, err := learner.Step(context.Background()); err != nil {
			panic(err)
		}
	}
	fmt.Println(chosen)
	// Output: [12 988]
}
