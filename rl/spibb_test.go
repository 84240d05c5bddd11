package rl_test

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newSPIBB(t testing.TB, spec lepton.Spec, o rl.SPIBBOptions) *rl.SPIBB {
	t.Helper()
	l, err := rl.NewSPIBB(spec, o)
	require.NoError(t, err)
	return l
}

// probsIn returns the probabilities of two actions in a state.
func probsIn(p lepton.Policy, state int) []float64 {
	obs := offered(true, true)
	obs.SetState([]float64{float64(state)})
	dst := make([]float64, 2)
	p.Probs(dst, obs, nil)
	return dst
}

// In state 0 action 0 pays 1 and stays, action 1 leads to state 1, in which action 0 pays 3 and ends.
func TestSPIBBWorkedSteps(t *testing.T) {
	log := func(l *rl.SPIBB, n int, tr *lepton.Transition) {
		for range n {
			l.Observe(tr)
		}
	}
	show := func(l *rl.SPIBB, seldom int) {
		log(l, 6, step(0, 0, 0, 1, 0.5)) // 1 + 0.5·V(0)
		log(l, seldom, step(0, 1, 1, 0, 0.9))
		log(l, 4, step(1, 0, 0, 3, 0))
		settleSPIBB(t, l)
	}
	// Often enough: V(0) = 0.9·3 = 2.7 by action 1, better than 1 + 0.5·2.7 = 2.35.
	l := newSPIBB(t, twoActions, rl.SPIBBOptions{MinCount: 2})
	show(l, 2)
	assert.Equal(t, []float64{0, 1}, probsIn(l.Policy(), 0))
	assert.Equal(t, []float64{1, 0}, probsIn(l.Policy(), 1))
	assert.Equal(t, []float64{0.5, 0.5}, probsIn(l.Policy(), 2), "never seen")
	assert.Equal(t, rl.SPIBBStats{States: 2, Entries: 5}, l.Stats())

	// Too seldom: both keep the shares that the log gives them.
	l = newSPIBB(t, twoActions, rl.SPIBBOptions{MinCount: 7})
	show(l, 2)
	assert.Equal(t, []float64{0.75, 0.25}, probsIn(l.Policy(), 0))

	// What an incumbent would do is kept where the log says too little, and beyond it.
	third, err := policy.Mix([]float64{1, 2}, []lepton.Policy{serviceAt(0), serviceAt(9)})
	require.NoError(t, err)
	l = newSPIBB(t, twoActions, rl.SPIBBOptions{MinCount: 7, Incumbent: third})
	show(l, 7)
	assert.InDeltaSlice(t, []float64{2. / 3, 1. / 3}, probsIn(l.Policy(), 0), 1e-15, "action 0 was taken 6 times")
	assert.InDeltaSlice(t, []float64{2. / 3, 1. / 3}, probsIn(l.Policy(), 2), 1e-15)
	log(l, 1, step(0, 0, 0, 1, 0.5))
	log(l, 1, step(0, 0, 0, 1, 0.5))
	settleSPIBB(t, l)
	assert.Equal(t, []float64{0, 1}, probsIn(l.Policy(), 0))

	// An action that is not legal now gets nothing, whatever it was worth.
	obs := offered(true, false)
	obs.SetState([]float64{0})
	p := make([]float64, 2)
	l.Policy().Probs(p, obs, nil)
	assert.Equal(t, []float64{1, 0}, p)
}

// Where every action was logged often, what comes out is the best policy of the problem that the counts
// describe, which package mdp solves in another way. Discounts vary, and some transitions end.
func TestSPIBBSolvesTheProblemThatTheCountsDescribe(t *testing.T) {
	const states, actions, each = 12, 3, 40
	r := rng.New(3, "problem")
	l := newSPIBB(t, lepton.Spec{StateDim: 1, Actions: actions}, rl.SPIBBOptions{MinCount: each})
	var counted []mdp.Transition
	for s := range states {
		for a := range actions {
			for range each {
				next, reward, done := r.IntN(states), r.NormFloat64(), r.IntN(20) == 0
				counted = append(counted, mdp.Transition{State: s, Action: a, Prob: 1. / each, Next: next, Reward: reward, Done: done})
				tr := step(s, a, next, reward, 0.95)
				tr.Obs = *offered(true, true, true)
				tr.Obs.SetState([]float64{float64(s)})
				if done {
					tr.Discount, tr.Last, tr.Next = 0, true, lepton.Observation{}
				}
				l.Observe(tr)
			}
		}
	}
	settleSPIBB(t, l)
	problem, err := mdp.New(counted, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(t, err)
	q, err := problem.Optimal(0.95)
	require.NoError(t, err)
	p := make([]float64, actions)
	for s := range states {
		l.Policy().Probs(p, observe(problem, s), nil)
		best := 0
		for a := range actions {
			if q[s*actions+a] > q[s*actions+best] {
				best = a
			}
		}
		assert.InDelta(t, 1, p[best], 1e-12, "state %d: %v, values %v", s, p, q[s*actions:(s+1)*actions])
	}
}

// A Step never does more than its sweeps, and the log may grow by a sixteenth before it does any.
func TestSPIBBStepsAreBounded(t *testing.T) {
	l := newSPIBB(t, twoActions, rl.SPIBBOptions{MinCount: 1, Sweeps: 2})
	progress := func() lepton.Progress {
		p, err := l.Step(t.Context())
		require.NoError(t, err)
		return p
	}
	for range 160 {
		l.Observe(step(0, 0, 0, 1, 0.5))
	}
	p := progress()
	assert.Equal(t, lepton.Progress{Observed: 160, Updates: 1, Loss: 0.5}, p, "V = 1, then 1.5")
	for !p.Idle {
		p = progress()
	}
	updates := p.Updates
	assert.EqualValues(t, 14, updates, "27 sweeps to 1e-8 of 2")
	for range 10 {
		l.Observe(step(0, 1, 0, 9, 0))
		assert.True(t, progress().Idle)
	}
	assert.Equal(t, []float64{1, 0}, probsIn(l.Policy(), 0))
	l.Observe(step(0, 1, 0, 9, 0))
	assert.Equal(t, updates+1, progress().Updates)
	assert.Equal(t, []float64{0, 1}, probsIn(l.Policy(), 0))
}

// A state in which the log was cut counts as an average one: neither for nor against what leads there.
func TestSPIBBWhereTheLogWasCut(t *testing.T) {
	l := newSPIBB(t, twoActions, rl.SPIBBOptions{MinCount: 1})
	for range 10 {
		l.Observe(step(0, 0, 0, -1, 0.9)) // worth −10 for ever
	}
	l.Observe(step(0, 1, 5, -2, 0.9)) // to where nothing is known: −2 + 0.9·(−10)
	settleSPIBB(t, l)
	assert.Equal(t, []float64{1, 0}, probsIn(l.Policy(), 0))
}

func TestSPIBBLeavesOutWhatCannotBe(t *testing.T) {
	answer := []float64{0.5, 0.5}
	incumbent := policy.Func(func(p []float64, _ *lepton.Observation, _ *lepton.Scratch) { copy(p, answer) })
	l := newSPIBB(t, twoActions, rl.SPIBBOptions{MinCount: 1, MaxEntries: 3, Incumbent: incumbent})
	l.Observe(step(0, 0, 0, 1, 0.5))
	assert.Equal(t, rl.SPIBBStats{States: 1, Entries: 3}, l.Stats(), "both actions, and what followed one")
	l.Observe(step(0, 0, 1, 1, 0.5)) // no room for what follows
	l.Observe(step(1, 0, 0, 1, 0))   // nor for another state
	l.Observe(step(0, 1, 0, 1, 0))
	assert.Equal(t, rl.SPIBBStats{States: 1, Entries: 3, Refused: 2}, l.Stats())

	dead := step(0, 0, 0, 1, 1)
	dead.Next = *offered(false, false)
	illegal := step(0, 0, 0, 1, 0)
	illegal.Action = 2
	for _, tr := range []*lepton.Transition{dead, illegal, step(0, 0, 0, 1e200, 0)} {
		l.Observe(tr)
	}
	answer[0] = math.NaN()
	l.Observe(step(0, 0, 0, 1, 0))
	answer[0] = 0.5
	_, err := l.Step(t.Context())
	assert.NoError(t, err)
	assert.Equal(t, rl.SPIBBStats{States: 1, Entries: 3, Refused: 2, Faults: 4}, l.Stats())
	l.Observe(step(0, 0, 0, math.Inf(1), 0))
	_, err = l.Step(t.Context())
	assert.ErrorIs(t, err, rl.ErrNotFinite)
	_, err = l.Step(t.Context())
	assert.NoError(t, err, "told once")
}

// Values that grow for ever are not published; the learner goes on when there is more to see.
func TestSPIBBPublishesNothingThatIsNotFinite(t *testing.T) {
	l := newSPIBB(t, twoActions, rl.SPIBBOptions{MinCount: 1})
	l.Observe(step(0, 0, 0, 1, 4))
	before := saved(t, l.Policy())
	_, err := l.Step(t.Context())
	assert.ErrorIs(t, err, rl.ErrNotFinite)
	assert.Equal(t, before, saved(t, l.Policy()))
	for range 9 {
		l.Observe(step(0, 0, 0, 1, 0)) // on average, the discount is now below 1
	}
	settleSPIBB(t, l)
	assert.Equal(t, []float64{1, 0}, probsIn(l.Policy(), 0))
}

func TestSPIBBOptionsReportEveryFault(t *testing.T) {
	_, err := rl.NewSPIBB(lepton.Spec{StateDim: -1}, rl.SPIBBOptions{MinCount: -1, MaxEntries: -2, Sweeps: -3})
	for _, want := range []string{"negative size", "MinCount is -1", "MaxEntries is -2", "Sweeps is -3"} {
		assert.ErrorContains(t, err, want)
	}
}

// A thousand states, four actions, 300,000 transitions.
func BenchmarkSPIBB(b *testing.B) {
	const states, actions = 1000, 4
	r := rng.New(1, "log")
	log := make([]*lepton.Transition, 300_000)
	for i := range log {
		s, a := r.IntN(states), r.IntN(actions)
		log[i] = step(s, a, (s*7+a*31+r.IntN(8))%states, r.NormFloat64(), 0.99)
		log[i].Obs = *offered(true, true, true, true)
		log[i].Obs.SetState([]float64{float64(s)})
	}
	b.ReportAllocs()
	for b.Loop() {
		l := newSPIBB(b, lepton.Spec{StateDim: 1, Actions: actions}, rl.SPIBBOptions{})
		for _, tr := range log {
			l.Observe(tr)
		}
		settleSPIBB(b, l)
	}
}
