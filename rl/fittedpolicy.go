package rl

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/policy"
)

const kindFittedPolicy = "rl.fitted_policy"

// inputWidth is the number of values that a model sees of an action.
func inputWidth(spec *lepton.Spec) int {
	if spec.ActionDim > 0 {
		return spec.StateDim + spec.ActionDim
	}
	return spec.StateDim + spec.Actions
}

// appendInput appends what a model sees of action i of an observation that spec serves; see policy.FromModel.
func appendInput(dst []float64, spec *lepton.Spec, obs *lepton.Observation, i int) []float64 {
	dst = append(dst, obs.State()...)
	if spec.ActionDim > 0 {
		return append(dst, obs.Action(i)...)
	}
	at := len(dst) + int(obs.ID(i))
	for range spec.Actions {
		dst = append(dst, 0)
	}
	dst[at] = 1
	return dst
}

// fittedPolicy is ε-greedy on a model, which is kept with the examples that it was fitted to: whatever a
// model may be, those can be written down.
type fittedPolicy struct {
	lepton.Policy
	scorer  lepton.Scorer
	model   policy.Model
	spec    lepton.Spec
	epsilon float64
	prior   Prior
	x, y    []float64 // rows, one behind the other, and targets; none: nothing was fitted yet
}

// newFittedPolicy fits a model to rows x, one behind the other, with targets y, which it keeps.
func newFittedPolicy(spec lepton.Spec, o FittedQOptions, x, y []float64) (*fittedPolicy, error) {
	p := &fittedPolicy{model: nothing{}, spec: spec, epsilon: o.Epsilon, prior: o.Prior, x: x, y: y}
	scorer, err := policy.FromModel(p.model, spec)
	if err != nil {
		return nil, err
	}
	width := inputWidth(&spec)
	if len(x)/width != len(y) || len(x)%width != 0 || !moderate(x...) || !moderate(y...) {
		return nil, fmt.Errorf("%w: %d values for %d targets of %d each, or one that is not finite", ErrCorrupt, len(x), len(y), width)
	}
	if len(y) > 0 {
		rows := make([][]float64, len(y))
		for i := range rows {
			rows[i] = x[i*width : (i+1)*width : (i+1)*width]
		}
		if p.model, err = o.Fit(rows, y); err != nil {
			return nil, err
		}
		if scorer, err = policy.FromModel(p.model, spec); err != nil {
			return nil, err
		}
	}
	p.scorer = o.Prior.plus(scorer)
	p.Policy, err = policy.EpsilonGreedy(p.scorer, o.Epsilon)
	return p, err
}

// nothing is the model before the first fit.
type nothing struct{}

func (nothing) Predict([]float64) float64 { return 0 }

// Scores implements lepton.Scorer: what the model predicts, beside the prior.
func (p *fittedPolicy) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.scorer.Scores(dst, obs, scratch)
}

// Spec implements lepton.Specced.
func (p *fittedPolicy) Spec() lepton.Spec { return p.spec }

// Kind implements lepton.Saver.
func (p *fittedPolicy) Kind() string { return p.prior.kind(kindFittedPolicy) }

// WriteTo implements lepton.Saver.
func (p *fittedPolicy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, p.spec)
	b.Float(p.epsilon)
	b.Floats(p.x)
	b.Floats(p.y)
	return codec.WriteContainer(w, p.Kind(), b.Bytes())
}

// decode reads a policy of p's spec and fits its model again.
func (p *fittedPolicy) decode(kind string, r io.Reader, o FittedQOptions) (lepton.Policy, error) {
	body, err := readContainer(kind, p.Kind(), r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	if err := readSpec(in, p.spec, kindFittedPolicy); err != nil {
		return nil, err
	}
	o.Epsilon = in.Float()
	x, y := in.Floats(), in.Floats()
	err = in.Close()
	if err == nil {
		var q *fittedPolicy
		if q, err = newFittedPolicy(p.spec, o, x, y); err == nil {
			return q, nil
		}
	}
	return nil, fmt.Errorf("rl: decoding %q: %w", kindFittedPolicy, err)
}
