package rl

import (
	"errors"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/policy"
)

// linearModel scores actions by a weighted sum of features.
type linearModel struct {
	spec      lepton.Spec
	weights   []float64 // weights, then biases, as policy.NewLinear takes them
	split     int       // where the biases begin
	gradient  []float64 // Σ over the decisions since the last step
	adam      *adam
	optimizer Optimizer
	stepSize  StepSize
	maxNorm   float64
}

func newLinearModel(spec lepton.Spec, o REINFORCEOptions) (*linearModel, error) {
	if o.Weights == nil {
		o.Weights = make([]float64, spec.StateDim+spec.ActionDim)
		if spec.ActionDim == 0 {
			o.Weights = make([]float64, spec.StateDim*spec.Actions)
		}
	}
	linear, err := policy.NewLinear(spec, o.Weights, o.Bias)
	if err != nil {
		return nil, err
	}
	weights, bias := linear.Weights()
	m := &linearModel{
		spec: spec, weights: append(weights, bias...), split: len(weights),
		optimizer: o.Optimizer, stepSize: o.StepSize, maxNorm: o.MaxNorm,
	}
	m.adam = newAdam(len(m.weights))
	m.gradient = make([]float64, len(m.weights))
	return m, nil
}

func (m *linearModel) scorer() (lepton.Scorer, error) {
	return policy.NewLinear(m.spec, m.weights[:m.split], m.weights[m.split:])
}

func (m *linearModel) pull(obs *lepton.Observation, by []float64) {
	state := obs.State()
	for i, c := range by {
		if c == 0 {
			continue
		}
		if m.spec.ActionDim > 0 {
			g := m.gradient[m.spec.StateDim:m.split]
			for j, x := range obs.Action(i) {
				g[j] += c * x
			}
			continue
		}
		a := int(obs.ID(i))
		g := m.gradient[a*len(state) : (a+1)*len(state)]
		for j, x := range state {
			g[j] += c * x
		}
		m.gradient[m.split+a] += c
	}
}

func (m *linearModel) step(decisions int, updates uint64) error {
	defer clear(m.gradient)
	square := 0.0
	for i := range m.gradient {
		m.gradient[i] /= float64(decisions)
		square += m.gradient[i] * m.gradient[i]
	}
	norm := math.Sqrt(square)
	if !finite(norm) {
		return ErrNotFinite
	}
	if norm > m.maxNorm {
		for i := range m.gradient {
			m.gradient[i] *= m.maxNorm / norm
		}
	}
	weights := slices.Clone(m.weights)
	alpha := m.stepSize.At(updates + 1)
	if m.optimizer == Adam {
		m.adam.step(weights, m.gradient, alpha)
	} else {
		for i, g := range m.gradient {
			weights[i] += alpha * g
		}
	}
	for _, w := range weights {
		if !finite(w) {
			return ErrNotFinite
		}
	}
	m.weights = weights
	return nil
}

// serves reports whether obs is of the model's spec.
func (m *linearModel) serves(obs *lepton.Observation) bool { return serves(&m.spec, obs) }

func (m *linearModel) write(w *codec.Writer) {
	w.Floats(m.weights)
	w.Floats(m.gradient)
	m.adam.write(w)
}

func (m *linearModel) read(in *codec.Reader) scoreModel {
	c := *m
	c.weights = readFloats(in, len(m.weights))
	c.gradient = in.Floats() // may hold what the next step will refuse
	if len(c.gradient) != len(m.weights) {
		in.Fail("a gradient of %d values", len(c.gradient))
	}
	c.adam = readAdam(in, len(m.weights))
	if _, err := c.scorer(); err != nil {
		in.Fail("weights that cannot be: %v", errors.Unwrap(err))
	}
	return &c
}
