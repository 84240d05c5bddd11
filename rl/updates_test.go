package rl_test

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQUpdateWorkedNumbers(t *testing.T) {
	for _, c := range []struct {
		name                             string
		q, alpha, reward, discount, next float64
		want                             float64
	}{
		{"from zero", 0, 0.1, 1, 0.9, 0, 0.1},
		{"bootstraps", 2, 0.5, 1, 0.9, 10, 6},
		{"true end", 2, 0.5, 1, 0, 10, 1.5},
		{"whole step", 2, 1, -1, 1, 4, 3},
		{"no step", 2, 0, 5, 1, 4, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.InDelta(t, c.want, rl.QUpdate(c.q, c.alpha, c.reward, c.discount, c.next), 1e-15)
		})
	}
}

func TestValuesOfWhatFollows(t *testing.T) {
	obs := offered(true, false, true, true)
	values := []float64{1, 9, 3, 3}
	v, ok := rl.MaxValue(values, obs)
	assert.True(t, ok)
	assert.Equal(t, 3.0, v)
	v, ok = rl.ExpectedValue(values, obs, 0.3)
	assert.True(t, ok)
	assert.InDelta(t, 0.1*(1+3+3)+0.7*3, v, 1e-15)
	_, ok = rl.MaxValue(values[:1], offered(false))
	assert.False(t, ok)
	_, ok = rl.ExpectedValue(values[:1], offered(false), 0.1)
	assert.False(t, ok)
}

func TestReturns(t *testing.T) {
	dst := make([]float64, 3)
	rl.Returns(dst, []float64{1, 2, 3}, []float64{0.5, 0.5, 0}, 99)
	assert.Equal(t, []float64{1 + 0.5*(2+0.5*3), 2 + 0.5*3, 3}, dst)
	rl.Returns(dst, []float64{1, 2, 3}, []float64{0.5, 0.5, 0.5}, 8)
	assert.Equal(t, []float64{1 + 0.5*(2+0.5*7), 2 + 0.5*7, 7}, dst)
}

func TestStepSize(t *testing.T) {
	s := rl.StepSize{Alpha: 1, Power: 0.5, Floor: 0.2}
	assert.Equal(t, 1.0, s.At(1))
	assert.InDelta(t, 0.5, s.At(4), 1e-15)
	assert.Equal(t, 0.2, s.At(1000))
	assert.Equal(t, 0.3, rl.StepSize{Alpha: 0.3}.At(1000))
	falls := rl.StepSize{Alpha: 1, Floor: 0.2, Over: 4}
	for n, want := range []float64{1, 0.8, 0.6, 0.4, 0.2, 0.2} {
		assert.InDelta(t, want, falls.At(uint64(n+1)), 1e-15)
	}
}

// offered is an observation of a fixed space with these actions legal.
func offered(legal ...bool) *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(0, 0)
	obs.SetState([]float64{0})
	for i, l := range legal {
		obs.Actions().Add(uint64(i), l)
	}
	return obs
}

// step is a transition of a fixed space between two states.
func step(from, action, to int, reward, discount float64) *lepton.Transition {
	t := &lepton.Transition{Action: action, Reward: reward, Discount: discount, Propensity: 1, NextAction: -1, Last: discount == 0}
	t.Obs = *offered(true, true)
	t.Obs.SetState([]float64{float64(from)})
	if discount != 0 {
		t.Next = *offered(true, true)
		t.Next.SetState([]float64{float64(to)})
	}
	return t
}

func scoresIn(t *testing.T, l lepton.Learner, state int) []float64 {
	t.Helper()
	obs := offered(true, true)
	obs.SetState([]float64{float64(state)})
	dst := make([]float64, 2)
	l.Policy().(lepton.Scorer).Scores(dst, obs, nil)
	return dst
}

var twoActions = lepton.Spec{StateDim: 1, Actions: 2}

func TestTabularWorkedSteps(t *testing.T) {
	q, err := rl.NewQLearning(twoActions, rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1, Power: 1}, Initial: 10})
	require.NoError(t, err)
	q.Observe(step(0, 1, 1, 2, 0)) // first visit: α = 1
	q.Observe(step(0, 1, 1, 4, 0)) // second: α = ½
	q.Observe(step(0, 0, 1, 1, 0.5))
	assert.Equal(t, []float64{1 + 0.5*10, 3}, scoresIn(t, q, 0))
	assert.Equal(t, []float64{10, 10}, scoresIn(t, q, 1))

	s, err := rl.NewSARSA(twoActions, rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1}, Epsilon: 0.5})
	require.NoError(t, err)
	s.Observe(step(1, 1, 0, 8, 0))
	tr := step(0, 0, 1, 1, 0.5)
	s.Observe(tr) // expected: ¼·0 + ¾·8
	assert.Equal(t, []float64{1 + 0.5*6, 0}, scoresIn(t, s, 0))
	tr.NextAction = 0
	s.Observe(tr)
	assert.Equal(t, []float64{1, 0}, scoresIn(t, s, 0))
}

func TestStateKeySeesFloat32(t *testing.T) {
	plus, minus := offered(true), offered(true)
	minus.SetState([]float64{math.Copysign(0, -1)})
	assert.Equal(t, rl.StateKey(plus), rl.StateKey(minus))
	plus.SetState([]float64{0.1})
	minus.SetState([]float64{float64(float32(0.1))})
	assert.Equal(t, rl.StateKey(plus), rl.StateKey(minus), "as stored by the facade")
	minus.SetState([]float64{1})
	assert.NotEqual(t, rl.StateKey(plus), rl.StateKey(minus))
}

func TestTabularLeavesOutWhatCannotBe(t *testing.T) {
	q, err := rl.NewQLearning(twoActions, rl.TabularOptions{MaxEntries: 1, Replay: rl.ReplayOptions{Capacity: 10}})
	require.NoError(t, err)
	q.Observe(step(0, 0, 1, 1, 0))
	good := scoresIn(t, q, 0)
	q.Observe(step(0, 0, 1, math.NaN(), 0))
	_, err = q.Step(t.Context())
	assert.ErrorIs(t, err, rl.ErrNotFinite)
	_, err = q.Step(t.Context())
	assert.NoError(t, err, "the fault is told once")
	q.Observe(step(0, 2, 1, 1, 0)) // no such action
	dead := step(0, 0, 1, 1, 1)
	dead.Next = *offered(false, false)
	q.Observe(dead)
	assert.Equal(t, good[1], scoresIn(t, q, 0)[1])
	assert.Equal(t, rl.TabularStats{Entries: 1, Faults: 3}, q.Stats())
	q.Observe(step(0, 1, 1, 3, 0)) // the table is full: the other makes room, and is as if never tried
	assert.Equal(t, []float64{0, 0.30000000000000004}, scoresIn(t, q, 0))
	assert.Equal(t, rl.TabularStats{Entries: 1, Evicted: 1, Faults: 3}, q.Stats())
}

func TestTabularOptionsReportEveryFault(t *testing.T) {
	_, err := rl.NewSARSA(lepton.Spec{StateDim: -1}, rl.TabularOptions{
		StepSize: rl.StepSize{Alpha: 2, Power: -1}, Initial: math.Inf(1), Epsilon: 2, MaxEntries: -1,
		Replay: rl.ReplayOptions{Capacity: -1, Batch: -1},
	})
	for _, want := range []string{"negative size", "Alpha is 2", "Power is -1", "Initial is +Inf", "Epsilon is 2", "MaxEntries is -1", "Capacity is -1", "Batch is -1"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = rl.NewSARSA(twoActions, rl.TabularOptions{Replay: rl.ReplayOptions{Capacity: 5}})
	assert.ErrorContains(t, err, "SARSA takes no Replay")
}
