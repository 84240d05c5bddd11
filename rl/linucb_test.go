package rl

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// By hand: after one outcome of 3 at x = (1, 2), as in TestRidgeWorkedNumbers, x scores θ·x + √(5/6), where
// θ = (½, 1); an action that nothing is known of scores √5.
func TestLinUCBWorkedNumbers(t *testing.T) {
	l, err := NewLinUCB(lepton.Spec{StateDim: 1, Actions: 2}, LinUCBOptions{})
	require.NoError(t, err)
	obs := new(lepton.Observation)
	obs.Reset(0, 0)
	obs.SetState([]float64{2})
	obs.Actions().Add(0, true)
	obs.Actions().Add(1, true)
	l.Observe(&lepton.Transition{Obs: *obs, Reward: 3})
	_, err = l.Step(t.Context())
	require.NoError(t, err)
	scores, probs := make([]float64, 2), make([]float64, 2)
	l.policy.Scores(scores, obs, nil)
	l.policy.Probs(probs, obs, nil)
	assert.InDeltaSlice(t, []float64{2.5 + math.Sqrt(5.0/6), math.Sqrt(5)}, scores, 1e-6)
	assert.Equal(t, []float64{1, 0}, probs)
}

// Scores are those of a direct solution by gonum, for weights shared and of each action, with and without
// rows and intercept, to 1e-4 of the bonus at the start.
func TestLinUCBAgainstDirectSolutions(t *testing.T) {
	const alpha, lambda, initial = 0.7, 0.5, -0.25
	for name, c := range map[string]struct {
		spec  lepton.Spec
		ridge RidgeOptions
	}{
		"each, state":               {lepton.Spec{StateDim: 5, Actions: 6}, RidgeOptions{}},
		"each, no state":            {lepton.Spec{Actions: 6}, RidgeOptions{}},
		"each, state and row":       {lepton.Spec{StateDim: 3, ActionDim: 4}, RidgeOptions{PerAction: true}},
		"shared, state and row":     {lepton.Spec{StateDim: 3, ActionDim: 4}, RidgeOptions{}},
		"shared, row":               {lepton.Spec{ActionDim: 7}, RidgeOptions{NoIntercept: true}},
		"shared, row and intercept": {lepton.Spec{ActionDim: 7, Actions: 6}, RidgeOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.ridge.Lambda, c.ridge.Initial = lambda, initial
			l, err := NewLinUCB(c.spec, LinUCBOptions{Ridge: c.ridge, Alpha: alpha})
			require.NoError(t, err)
			r := rng.New(1, name)
			decide := func() *lepton.Observation {
				obs := new(lepton.Observation)
				obs.Reset(c.spec.ActionDim, 0)
				obs.GrowState(c.spec.StateDim)
				for i := range obs.State() {
					obs.State()[i] = r.NormFloat64()
				}
				for i := range 6 {
					row := obs.Actions().Add(uint64(i), i != 2)
					for j := range row {
						row[j] = r.NormFloat64()
					}
				}
				return obs
			}
			join := func(obs *lepton.Observation, i int) []float64 {
				var x []float64
				if !c.ridge.NoIntercept {
					x = append(x, 1)
				}
				return append(append(x, obs.State()...), obs.Action(i)...)
			}
			twins := map[uint64]*direct{}
			twin := func(id uint64, d int) *direct {
				if !c.ridge.PerAction && c.spec.ActionDim > 0 {
					id = 0
				}
				if twins[id] == nil {
					twins[id] = newDirect(d, lambda)
				}
				return twins[id]
			}
			for round := range 400 {
				obs := decide()
				if round%20 == 0 {
					scores := make([]float64, obs.Len())
					l.Policy().(lepton.Scorer).Scores(scores, obs, nil)
					for i := range scores {
						if i == 2 {
							assert.True(t, math.IsInf(scores[i], -1))
							continue
						}
						x := join(obs, i)
						inverse, theta := twin(uint64(i), len(x)).solve(t)
						v := mat.NewVecDense(len(x), x)
						want := initial + mat.Dot(theta, v) + alpha*math.Sqrt(mat.Inner(v, inverse, v))
						assert.InDelta(t, want, scores[i], 1e-4*alpha*mat.Norm(v, 2)/math.Sqrt(lambda), "round %d, action %d", round, i)
					}
				}
				action := r.IntN(5) // the last one never
				if action == 2 {
					continue
				}
				tr := &lepton.Transition{Obs: *obs, Action: action, Reward: r.NormFloat64() + float64(action)}
				x := join(obs, action)
				twin(uint64(action), len(x)).add(x, tr.Reward-initial)
				l.Observe(tr)
				_, err := l.Step(t.Context())
				require.NoError(t, err)
			}
		})
	}
}

// After many outcomes of one kind the bonus of that kind is small beside A⁻¹, which float32 must bear:
// √(xᵀA⁻¹x) is right to 1e-3·√(x·x/λ).
func TestLinUCBBonusInFloat32(t *testing.T) {
	for _, spec := range []lepton.Spec{{StateDim: 31, Actions: 2}, {StateDim: 8, ActionDim: 23}} {
		l, err := NewLinUCB(spec, LinUCBOptions{Alpha: 1, Batch: 1 << 30})
		require.NoError(t, err)
		s, r := newDirect(32, 1), rng.New(1, "bonus")
		var obs lepton.Observation
		x := make([]float64, 32)
		for range 20_000 { // in a plane
			a, b := r.NormFloat64(), r.NormFloat64()
			obs.Reset(spec.ActionDim, 0)
			obs.GrowState(spec.StateDim)
			row := obs.Actions().Add(0, true)
			x[0] = 1
			for i := range 31 {
				x[i+1] = a*math.Sin(float64(i)) + b*math.Cos(float64(i*i))
			}
			copy(obs.State(), x[1:])
			copy(row, x[1+spec.StateDim:])
			s.add(x, 0)
			l.Observe(&lepton.Transition{Obs: obs})
		}
		l.publish()
		inverse, _ := s.solve(t)
		v := mat.NewVecDense(32, x)
		got := make([]float64, 1)
		l.policy.Scores(got, &obs, nil)
		want := math.Sqrt(mat.Inner(v, inverse, v))
		t.Logf("bonus %.6f, exactly %.6f; at the start %.2f", got[0], want, mat.Norm(v, 2))
		assert.InDelta(t, want, got[0], 1e-3*mat.Norm(v, 2))
		assert.Less(t, want, 0.01*mat.Norm(v, 2))
	}
}

// A snapshot made after one outcome shares the views of all other actions with the one before.
func TestPublishingCopiesWhatChanged(t *testing.T) {
	l, err := NewLinUCB(lepton.Spec{Actions: 50}, LinUCBOptions{})
	require.NoError(t, err)
	tell := func(action int) {
		obs := new(lepton.Observation)
		obs.Reset(0, 0)
		obs.Actions().Add(uint64(action), true)
		l.Observe(&lepton.Transition{Obs: *obs, Reward: 1})
		_, err := l.Step(t.Context())
		require.NoError(t, err)
	}
	for action := range 50 {
		tell(action)
	}
	before := l.policy
	tell(7)
	after := l.policy
	assert.Same(t, &before.places.slots[0], &after.places.slots[0])
	for place := range 50 {
		assert.Equal(t, place != 7, &before.views[place][0] == &after.views[place][0])
	}
}

// With Forget a change of the world is followed; without, the old mean stands in the way.
func TestLinUCBForgets(t *testing.T) {
	for _, forget := range []float64{0, 0.02} {
		l, err := NewLinUCB(lepton.Spec{Actions: 1}, LinUCBOptions{Ridge: RidgeOptions{Forget: forget}, Alpha: 1e-9})
		require.NoError(t, err)
		obs := new(lepton.Observation)
		obs.Actions().Add(0, true)
		for i := range 1200 {
			reward := 0.0
			if i >= 1000 {
				reward = 1
			}
			l.Observe(&lepton.Transition{Obs: *obs, Reward: reward})
		}
		_, err = l.Step(t.Context())
		require.NoError(t, err)
		mean := make([]float64, 1)
		l.policy.Scores(mean, obs, nil)
		// Σ over the 200 of 0.98^i is 49.1 of 50; λ counts once.
		want := map[float64]float64{0: 200.0 / 1201, 0.02: 50 * (1 - math.Pow(0.98, 200)) / 51}[forget]
		assert.InDelta(t, want, mean[0], 1e-6)
	}
}
