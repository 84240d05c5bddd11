package rl

import (
	"math"

	"github.com/leptonsched/lepton"
)

// usable reports whether t can be learned from: an action that was legal, and finite numbers.
func usable(t *lepton.Transition) bool {
	return t.Action >= 0 && t.Action < t.Obs.Len() && t.Obs.Legal(t.Action) &&
		finite(t.Reward) && finite(t.Discount) && t.Step >= 0 && t.Step < math.MaxInt
}

// tooLarge is where squares and sums begin to overflow; nothing real comes near.
const tooLarge = 1e100

// moderate reports whether all of x are finite and far from overflow.
func moderate(x ...float64) bool {
	for _, v := range x {
		if !(math.Abs(v) < tooLarge) {
			return false
		}
	}
	return true
}

// bounded reports whether the numbers of t can do no harm.
func (l *REINFORCE) bounded(t *lepton.Transition) bool {
	return moderate(t.Reward, t.Discount) && moderate(t.Obs.State()...) && moderate(t.Obs.Rows()...) && moderate(t.Next.State()...)
}

// fits reports whether Observe would take t in.
func (l *REINFORCE) fits(t *lepton.Transition) bool {
	return l.bounded(t) && usable(t) && l.model.serves(&t.Obs)
}

// serves reports whether obs is one of spec, whose actions have features or a fixed number.
func serves(spec *lepton.Spec, obs *lepton.Observation) bool {
	if len(obs.State()) != spec.StateDim || obs.ActionDim() != spec.ActionDim {
		return false
	}
	if spec.ActionDim > 0 {
		return true
	}
	for i := range obs.Len() { // what is the action's own is found by its ID
		if obs.ID(i) >= uint64(spec.Actions) {
			return false
		}
	}
	return true
}

// probabilities reports whether p is a distribution over the legal actions of obs.
func probabilities(p []float64, obs *lepton.Observation) bool {
	sum := 0.0
	for i, x := range p {
		if !(x >= 0) || x > 0 && !obs.Legal(i) {
			return false
		}
		sum += x
	}
	return math.Abs(sum-1) <= 1e-9
}
