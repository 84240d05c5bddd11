package reward

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
)

// Term is one thing that counts towards a reward.
type Term[O any] struct {
	Name   string               // of the thing, as reports show it
	Weight float64              // finite; negative for a cost; 0 switches the term off
	Value  lepton.RewardFunc[O] // before the weight
}

// Part is the share that one Term had in one reward.
type Part struct {
	Name  string  // of the term
	Value float64 // weight included: the parts add up to the reward
}

// Terms is a weighted sum of named terms: a lepton.RewardFunc that can tell what its rewards are made
// of. Immutable, safe for concurrent use.
type Terms[O any] struct{ terms []Term[O] }

// NewTerms reports all faults together: no terms, names that are missing or given twice, weights that
// are not finite, a nil Value.
func NewTerms[O any](terms ...Term[O]) (*Terms[O], error) {
	var faults []error
	if len(terms) == 0 {
		faults = append(faults, errors.New("reward: no terms"))
	}
	for i, t := range terms {
		if t.Name == "" {
			faults = append(faults, fmt.Errorf("reward: term %d has no name", i))
		} else if slices.IndexFunc(terms, func(u Term[O]) bool { return u.Name == t.Name }) < i {
			faults = append(faults, fmt.Errorf("reward: term %q is named twice", t.Name))
		}
		if math.IsNaN(t.Weight) || math.IsInf(t.Weight, 0) {
			faults = append(faults, fmt.Errorf("reward: term %q has weight %v", t.Name, t.Weight))
		}
		if t.Value == nil {
			faults = append(faults, fmt.Errorf("reward: term %q has no value", t.Name))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Terms[O]{slices.Clone(terms)}, nil
}

// Reward returns Σ weight·value, added in the order of the terms.
func (t *Terms[O]) Reward(d lepton.Decision, outcome O) float64 {
	sum := 0.0
	for i := range t.terms {
		sum += t.terms[i].part(d, outcome)
	}
	return sum
}

// AppendParts appends to dst what each term contributes, in the order of the terms; their sum in that
// order is Reward, to the bit.
func (t *Terms[O]) AppendParts(dst []Part, d lepton.Decision, outcome O) []Part {
	for i := range t.terms {
		dst = append(dst, Part{t.terms[i].Name, t.terms[i].part(d, outcome)})
	}
	return dst
}

// part is 0 for weight 0, even where the value is infinite.
func (t *Term[O]) part(d lepton.Decision, outcome O) float64 {
	if t.Weight == 0 {
		return 0
	}
	return t.Weight * t.Value.Reward(d, outcome)
}
