package policy

import "github.com/leptonsched/lepton"

// Func makes a lepton.Policy of a closure, which must keep its contract.
type Func func(p []float64, obs *lepton.Observation, scratch *lepton.Scratch)

// Probs implements lepton.Policy.
func (f Func) Probs(p []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	f(p, obs, scratch)
}
