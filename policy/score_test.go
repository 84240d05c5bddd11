package policy_test

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sumModel predicts Σ (i+1)·x[i], which tells positions apart.
type sumModel struct{}

func (sumModel) Predict(x []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(i+1) * v
	}
	return sum
}

func fromModel(tb testing.TB, m policy.Model) lepton.Scorer {
	tb.Helper()
	s, err := policy.FromModel(m, lepton.Spec{StateDim: 2, ActionDim: 3})
	require.NoError(tb, err)
	return s
}

// The slow twin of a linear score is one plain loop over the joined vector.
func TestLinearEqualsThePlainSum(t *testing.T) {
	r := rng.New(3, "linear")
	for stateDim := range 6 {
		for actionDim := 1; actionDim < 12; actionDim++ {
			obs := candidates(7, stateDim, actionDim, uint64(actionDim))
			w, bias := normal(r, stateDim+actionDim), normal(r, 1)
			l, err := policy.NewLinear(lepton.Spec{StateDim: stateDim, ActionDim: actionDim}, w, bias)
			require.NoError(t, err)
			for i, got := range scores(l, obs) {
				want := bias[0]
				for j, x := range append(append([]float64{}, obs.State()...), obs.Action(i)...) {
					want += w[j] * x
				}
				assert.InDelta(t, want, got, 1e-13)
			}
		}
	}
}

func TestLinearOverAFixedSpace(t *testing.T) {
	spec := lepton.Spec{StateDim: 2, Actions: 3}
	l, err := policy.NewLinear(spec, []float64{1, 0, 0, 1, -1, -1}, []float64{0, 0.5, 1})
	require.NoError(t, err)
	obs := new(lepton.Observation)
	obs.Reset(0, 0)
	obs.SetState([]float64{2, 3})
	obs.Actions().Add(2, true) // an observation may hold some of the actions only
	obs.Actions().Add(0, false)
	obs.Actions().Add(1, true)
	obs.Actions().Add(7, true)
	got := scores(l, obs)
	assert.Equal(t, []float64{-4, math.Inf(-1), 3.5}, got[:3])
	assert.True(t, math.IsNaN(got[3]), "an action that the weights do not know")
}

func TestModelSeesTheJoinedVector(t *testing.T) {
	candidate := fromModel(t, sumModel{})
	obs := new(lepton.Observation)
	obs.Reset(3, 0)
	obs.SetState([]float64{1, 2})
	copy(obs.Actions().Add(10, true), []float64{3, 4, 5})
	obs.Actions().Add(11, false)
	assert.Equal(t, []float64{1 + 4 + 9 + 16 + 25, math.Inf(-1)}, scores(candidate, obs))

	fixed, err := policy.FromModel(sumModel{}, lepton.Spec{StateDim: 1, Actions: 3})
	require.NoError(t, err)
	obs.Reset(0, 0)
	obs.SetState([]float64{7})
	for a := range uint64(3) {
		obs.Actions().Add(2-a, true)
	}
	assert.Equal(t, []float64{7 + 4, 7 + 3, 7 + 2}, scores(fixed, obs))
}

func TestObservationsOfAnotherShapeAreUnusable(t *testing.T) {
	obs := candidates(3, 1, 3, 1)
	for name, s := range map[string]lepton.Scorer{"linear": linear(t, 2, 3, 1), "model": fromModel(t, sumModel{})} {
		for i, p := range probs(must(policy.Softmax(s, 1)), obs) {
			assert.True(t, math.IsNaN(p), "%s, action %d", name, i)
		}
	}
}

func TestMixBlendsItsParts(t *testing.T) {
	never := policy.Func(func([]float64, *lepton.Observation, *lepton.Scratch) { t.Error("a part of weight 0 was asked") })
	m := must(policy.Mix([]float64{1, 3, 0}, []lepton.Policy{policy.Uniform(), policy.Greedy(byFeature), never}))
	got := probs(m, masked([]float64{1, 2, 3}, true, true, false))
	assert.InDeltaSlice(t, []float64{0.125, 0.875, 0}, got, 1e-15)
	assert.Equal(t, 0.0, got[2])
}

func TestIncumbents(t *testing.T) {
	queue := []float64{5, 9, 9, 7}
	obs := masked(queue, true, true, true, false)
	p := make([]float64, 4)

	longest := policy.Incumbent(func(s []float64, a int) float64 {
		assert.NotEqual(t, 3, a, "an action that is not legal was scored")
		return s[a]
	})
	longest.ProbsState(p, queue, obs, nil)
	assert.Equal(t, []float64{0, 1, 0, 0}, p)
	longest.(lepton.StateScorer[[]float64]).ScoresState(p, queue, obs, nil)
	assert.Equal(t, []float64{5, 9, 9, math.Inf(-1)}, p)

	for _, c := range []struct {
		name   string
		choice int
		fault  bool
	}{{"legal", 2, false}, {"not legal", 3, true}, {"beyond", 4, true}, {"none", -1, true}} {
		t.Run(c.name, func(t *testing.T) {
			policy.IncumbentChoice(func([]float64) int { return c.choice }).ProbsState(p, queue, obs, nil)
			if c.fault {
				for i := range 3 {
					assert.True(t, math.IsNaN(p[i]))
				}
				assert.Equal(t, 0.0, p[3])
				return
			}
			assert.Equal(t, []float64{0, 0, 1, 0}, p)
		})
	}

	policy.Stateless[[]float64](policy.Greedy(byFeature)).ProbsState(p, nil, obs, nil)
	assert.Equal(t, []float64{0, 1, 0, 0}, p)
}
