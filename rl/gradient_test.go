package rl

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The gradients that REINFORCE adds up are checked against central differences of what they belong to.
func TestGradientsAgainstDifferences(t *testing.T) {
	candidates := lepton.Spec{StateDim: 2, ActionDim: 3}
	fixed := lepton.Spec{StateDim: 2, Actions: 4}
	r := rng.New(1, "gradient")
	small := &NetworkOptions{Hidden: []int{5}, Activation: Tanh}
	for _, c := range []struct {
		name    string
		spec    lepton.Spec
		network *NetworkOptions
	}{
		{"candidates", candidates, nil},
		{"fixed", fixed, nil},
		{"network of candidates", candidates, small},
		{"network that sees all", candidates, &NetworkOptions{Hidden: []int{5, 4}, Activation: Tanh, Context: true}},
		{"fixed network", fixed, small},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := c.spec
			var obs lepton.Observation
			obs.Reset(spec.ActionDim, 0)
			obs.SetState([]float64{0.5, -1})
			for a := range uint64(4) {
				row := obs.Actions().Add(a, a != 2)
				for j := range row {
					row[j] = r.NormFloat64()
				}
			}
			l, err := NewREINFORCE(spec, REINFORCEOptions{Entropy: 0.3, Network: c.network})
			require.NoError(t, err)
			params, h, within := newParams(l)
			for i := range params.n {
				params.set(i, params.at(i)+r.NormFloat64())
			}
			probs := func() []float64 {
				p, err := l.publish()
				require.NoError(t, err)
				out := make([]float64, obs.Len())
				p.Probs(out, &obs, nil)
				return out
			}
			l.policy, err = l.publish()
			require.NoError(t, err)
			checkGradient := func(objective func() float64) {
				t.Helper()
				for i := range params.n {
					w := params.at(i)
					params.set(i, w+h)
					up, above := objective(), params.at(i)
					params.set(i, w-h)
					down, below := objective(), params.at(i)
					params.set(i, w)
					want := (up - down) / (above - below)
					assert.InDelta(t, want, params.gradient(i), within*(1+math.Abs(want)), "parameter %d", i)
				}
			}

			// ρ·A·log π(a) + β·H, with ρ held at its value, as in the equation.
			const action, advantage, propensity = 1, -1.7, 0.9
			ratio := min(probs()[action]/propensity, l.options.MaxRatio)
			objective := func() float64 {
				pi, h := probs(), 0.0
				for _, p := range pi {
					if p > 0 {
						h -= p * math.Log(p)
					}
				}
				return ratio*advantage*math.Log(pi[action]) + 0.3*h
			}
			l.reinforce(&lepton.Transition{Obs: obs, Action: action, Propensity: propensity}, advantage)
			checkGradient(objective)

			params.forget()
			target := []float64{0.2, 0.7, 0, 0.1}
			l.ObserveTarget(&obs, target, 2)
			checkGradient(func() float64 {
				sum := 0.0
				for i, p := range probs() {
					if target[i] > 0 {
						sum += 2 * target[i] * math.Log(p)
					}
				}
				return sum
			})
		})
	}
}

// params is a way to the parameters of a REINFORCE and to the gradient that it has added up.
type params struct {
	n        int
	at       func(i int) float64
	set      func(i int, v float64)
	gradient func(i int) float64
	forget   func()
}

// newParams also says how wide differences should be, and how well they can agree with the gradient.
func newParams(l *REINFORCE) (p params, h, within float64) {
	switch m := l.model.(type) {
	case *linearModel:
		return params{
			n: len(m.weights), at: func(i int) float64 { return m.weights[i] }, set: func(i int, v float64) { m.weights[i] = v },
			gradient: func(i int) float64 { return m.gradient[i] }, forget: func() { clear(m.gradient) },
		}, 1e-6, 1e-7
	case *networkModel:
		return params{
			n: len(m.params), at: func(i int) float64 { return float64(m.params[i]) },
			set: func(i int, v float64) {
				m.params[i] = float32(v)
				m.latest = nil
			},
			gradient: func(i int) float64 {
				m.fold()
				return -float64(m.gradient[i])
			},
			forget: func() { clear(m.gradient) },
		}, 1e-2, 2e-3
	}
	panic("another model")
}

// Adam's first steps, worked by hand: with a constant gradient every step is alpha, up to ε.
func TestAdamWorkedSteps(t *testing.T) {
	a, x := newAdam(2), []float64{0, 1}
	a.step(x, []float64{4, -0.01}, 0.1)
	assert.InDeltaSlice(t, []float64{0.1, 0.9}, x, 1e-6)
	a.step(x, []float64{4, -0.01}, 0.1)
	assert.InDeltaSlice(t, []float64{0.2, 0.8}, x, 1e-5)
	// A gradient that turns: m = 0.9·m − 0.1·4, v as before; m̂/√v̂ of the third step.
	m := (0.9*0.9*0.1*4 + 0.9*0.1*4 - 0.1*4) / (1 - 0.9*0.9*0.9)
	a.step(x, []float64{-4, 0}, 0.1)
	assert.InDelta(t, 0.2+0.1*m/4, x[0], 1e-5)
}

// The fitted baseline equals least squares on the same returns when nothing is forgotten yet.
func TestReturnModelFitsALine(t *testing.T) {
	m := newReturnModel(LinearBaseline, 2)
	r := rng.New(2, "baseline")
	for range 500 {
		x := []float64{r.NormFloat64() * 100, 7} // another scale, and a constant
		m.observe(x, 3-0.5*x[0])
	}
	m.solve()
	assert.InDelta(t, 3-0.5*40, m.predict([]float64{40, 7}), 0.1)
	assert.Zero(t, m.weights[1], "a constant feature has no weight")
	for _, kind := range []Baseline{MeanBaseline, NoBaseline} {
		m := newReturnModel(kind, 2)
		for _, y := range []float64{1, 2, 6} {
			m.observe([]float64{0, 0}, y)
		}
		want := map[Baseline]float64{MeanBaseline: 3, NoBaseline: 0}[kind]
		assert.InDelta(t, want, m.predict([]float64{5, 5}), 0.01) // the memory of 1,000 tilts the mean a little
	}
}
