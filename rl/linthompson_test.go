package rl

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// thompsonOf learns a little, with four actions of which the last is never told of.
func thompsonOf(t testing.TB, spec lepton.Spec, o LinThompsonOptions, rounds int) (*LinThompson, *lepton.Observation) {
	t.Helper()
	l, err := NewLinThompson(spec, o)
	require.NoError(t, err)
	r := rng.New(1, "thompson test")
	obs := new(lepton.Observation)
	for round := range rounds + 1 {
		obs.Reset(spec.ActionDim, 0)
		obs.GrowState(spec.StateDim)
		for i := range obs.State() {
			obs.State()[i] = r.NormFloat64()
		}
		for i := range 4 {
			row := obs.Actions().Add(uint64(i), i != 1 || round < rounds)
			for j := range row {
				row[j] = r.NormFloat64()
			}
		}
		if round < rounds {
			l.Observe(&lepton.Transition{Obs: *obs, Action: r.IntN(3), Reward: r.NormFloat64()})
			_, err = l.Step(t.Context())
			require.NoError(t, err)
		}
	}
	return l, obs
}

// The probabilities are the members' shares, counted one by one in float64.
func TestLinThompsonCountsMembers(t *testing.T) {
	for name, c := range map[string]struct {
		spec  lepton.Spec
		ridge RidgeOptions
	}{
		"each, state":          {lepton.Spec{StateDim: 3, Actions: 4}, RidgeOptions{}},
		"each, state and row":  {lepton.Spec{StateDim: 2, ActionDim: 2}, RidgeOptions{PerAction: true, NoIntercept: true}},
		"shared":               {lepton.Spec{StateDim: 2, ActionDim: 3}, RidgeOptions{}},
		"shared, rows alone":   {lepton.Spec{ActionDim: 3}, RidgeOptions{NoIntercept: true}},
		"each, intercept only": {lepton.Spec{}, RidgeOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			const draws, epsilon = 50, 0.1
			l, obs := thompsonOf(t, c.spec, LinThompsonOptions{Ridge: c.ridge, Draws: draws, Epsilon: epsilon}, 30)
			p := l.policy
			x, guesses := make([]float64, p.x.dim()), make([]float32, draws)
			want := make([]float64, obs.Len())
			for m := range draws {
				best, top := -1, math.Inf(-1)
				for i := range obs.Len() {
					if !obs.Legal(i) {
						continue
					}
					p.x.fill(x, obs, i)
					score := 0.0
					if view := p.viewOf(p.arm(obs, i)); view != nil {
						for j, v := range x {
							score += v * float64(view[len(x)+j*draws+m])
						}
					} else {
						p.guess(guesses, obs.ID(i), inner(x, x))
						score = float64(guesses[m])
					}
					if score > top {
						best, top = i, score
					}
				}
				want[best] += (1 - epsilon) / draws
			}
			for i := range want {
				if obs.Legal(i) {
					want[i] += epsilon / float64(obs.LegalCount())
				}
			}
			got := make([]float64, obs.Len())
			p.Probs(got, obs, nil)
			assert.InDeltaSlice(t, want, got, 1e-12)
			assert.Zero(t, got[1], "not legal")
		})
	}
}

// The draws have the mean and the covariance of the posterior, and so have the guesses.
func TestLinThompsonDrawsFromThePosterior(t *testing.T) {
	const draws, scale = 4096, 0.7
	l, _ := thompsonOf(t, lepton.Spec{StateDim: 2, ActionDim: 2}, LinThompsonOptions{Draws: draws, Scale: scale}, 40)
	m, view := l.models[0], l.policy.views[0]
	members := mat.NewDense(draws, m.d, nil)
	for i := range m.d {
		for k := range draws {
			members.Set(k, i, float64(view[m.d+i*draws+k]))
		}
	}
	var covariance mat.SymDense
	stat.CovarianceMatrix(&covariance, members, nil)
	at := 0
	for i := range m.d {
		sd := scale * math.Sqrt(m.p[at])
		mean := stat.Mean(mat.Col(nil, i, members), nil)
		assert.InDelta(t, m.theta[i], mean, 4*sd/math.Sqrt(draws))
		for j := i; j < m.d; j++ {
			assert.InDelta(t, scale*scale*m.p[at], covariance.At(i, j), 0.1*sd*sd)
			at++
		}
	}

	guesses, wide := make([]float32, draws), make([]float64, draws)
	l.policy.guess(guesses, 99, 9)
	for i, v := range guesses {
		wide[i] = float64(v)
	}
	assert.InDelta(t, 0, stat.Mean(wide, nil), 4*scale*3/math.Sqrt(draws))
	assert.InDelta(t, scale*3, stat.StdDev(wide, nil), 0.1*scale*3)
}

// Weights that did not change keep their draws; those that did get others.
func TestLinThompsonDrawsAnewWhatChanged(t *testing.T) {
	l, obs := thompsonOf(t, lepton.Spec{StateDim: 1, Actions: 4}, LinThompsonOptions{}, 40)
	before := l.policy
	l.Observe(&lepton.Transition{Obs: *obs, Action: 2})
	_, err := l.Step(t.Context())
	require.NoError(t, err)
	for action := range uint64(3) {
		a := arm{action: action}
		assert.Equal(t, action != 2, &before.viewOf(a)[0] == &l.policy.viewOf(a)[0])
	}
	other, _ := thompsonOf(t, lepton.Spec{StateDim: 1, Actions: 4}, LinThompsonOptions{Seed: 1}, 40)
	assert.NotEqual(t, before.viewOf(arm{})[2:], other.policy.viewOf(arm{})[2:], "another seed")
	assert.Equal(t, before.viewOf(arm{})[:2], other.policy.viewOf(arm{})[:2])
}
