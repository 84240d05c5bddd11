package policy

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
)

const kindMix = "policy.mix"

// Mix chooses as policies[k] would with probability proportional to weights[k]. Weights are finite, at
// least 0 and not all 0; both slices are copied. Parts of weight 0 are not asked.
//
// The result is a lepton.Saver when every part is, and a lepton.Specced when some part is; parts that
// state different Specs are an error.
func Mix(weights []float64, policies []lepton.Policy) (lepton.Policy, error) {
	var errs []error
	if len(weights) != len(policies) || len(policies) == 0 {
		return nil, fmt.Errorf("policy: %d weights for a mix of %d policies", len(weights), len(policies))
	}
	sum := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			errs = append(errs, fmt.Errorf("policy: weight %d of a mix is %v", i, w))
		}
		sum += w
		if policies[i] == nil {
			errs = append(errs, fmt.Errorf("policy: part %d of a mix is nil", i))
		}
	}
	if len(errs) == 0 && (sum == 0 || math.IsInf(sum, 0)) {
		errs = append(errs, fmt.Errorf("policy: weights of a mix sum to %v", sum))
	}
	m := &mix{weights: slices.Clone(weights), shares: make([]float64, len(weights)), parts: slices.Clone(policies)}
	for i, w := range weights {
		m.shares[i] = w / sum
	}
	var known lepton.Specced
	savers := make([]lepton.Saver, 0, len(policies))
	for _, p := range policies {
		if s, ok := p.(lepton.Saver); ok {
			savers = append(savers, s)
		}
		if s, ok := p.(lepton.Specced); ok {
			if known == nil {
				known = s
			} else if err := known.Spec().Check("policy.Mix", s.Spec()); err != nil {
				errs = append(errs, err)
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	saved := len(savers) == len(policies)
	switch {
	case saved && known != nil:
		return &struct {
			*mix
			mixSaver
			lepton.Specced
		}{m, mixSaver{m, savers}, known}, nil
	case saved:
		return &struct {
			*mix
			mixSaver
		}{m, mixSaver{m, savers}}, nil
	case known != nil:
		return &struct {
			*mix
			lepton.Specced
		}{m, known}, nil
	}
	return m, nil
}

type mix struct {
	weights []float64 // as given, so that saving and reading back gives the same bytes
	shares  []float64 // sum to 1
	parts   []lepton.Policy
}

// Probs implements lepton.Policy.
func (m *mix) Probs(p []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	part := scratch.Floats(len(p))
	clear(p)
	for k, share := range m.shares {
		if share == 0 {
			continue
		}
		m.parts[k].Probs(part, obs, scratch)
		for i, x := range part {
			p[i] += share * x
		}
	}
}

// mixSaver is the ability to save a mix.
type mixSaver struct {
	policy *mix
	parts  []lepton.Saver
}

// Kind implements lepton.Saver.
func (s mixSaver) Kind() string { return kindMix }

// WriteTo implements lepton.Saver.
func (s mixSaver) WriteTo(w io.Writer) (int64, error) { return writeTo(w, s) }

func (s mixSaver) write(b *payload) {
	b.Floats(s.policy.weights)
	for _, p := range s.parts {
		b.part(p)
	}
}
