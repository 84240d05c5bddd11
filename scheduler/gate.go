package scheduler

import (
	"fmt"

	"github.com/leptonsched/lepton"
)

// Candidate is a snapshot that asks to be published.
type Candidate struct {
	Version uint64                // the number it will carry
	Policy  lepton.Policy         // the snapshot itself
	Current lepton.Policy         // what it would replace; nil: nothing
	Probes  []*lepton.Observation // some observations met of late; may be empty
}

// Gate judges every snapshot before it is published; an error keeps it out and says why. Called from
// the goroutine that trains, or that calls SetPolicy, one at a time. A Gate that is also a Journal is
// told every event, from which it can estimate what a candidate is worth.
type Gate interface {
	Admit(c Candidate) error
}

// GateFunc makes a Gate of a function.
type GateFunc func(c Candidate) error

// Admit calls f.
func (f GateFunc) Admit(c Candidate) error { return f(c) }

// SaneGate is the gate where none was given: it asks the candidate about every probe and refuses it if
// it panics or answers with anything but probabilities over the legal actions.
type SaneGate struct{}

// Admit implements Gate.
func (SaneGate) Admit(c Candidate) error {
	var scratch lepton.Scratch
	for i, obs := range c.Probes {
		p := make([]float64, obs.Len())
		scratch.Reset()
		if cause, detail := answer(c.Policy, p, obs, &scratch); cause != noFault {
			return fmt.Errorf("%w: %v on probe %d: %v", ErrPolicy, cause, i, detail)
		}
	}
	return nil
}

// answer asks policy about obs, containing a panic, and says what is wrong with p.
func answer(policy lepton.Policy, p []float64, obs *lepton.Observation, scratch *lepton.Scratch) (cause FaultCause, detail any) {
	defer func() {
		if r := recover(); r != nil {
			cause, detail = FaultPanic, r
		}
	}()
	policy.Probs(p, obs, scratch)
	if !distribution(p, obs) {
		return FaultNumbers, p
	}
	return noFault, nil
}

// distribution reports whether p is a distribution over the legal actions of obs.
func distribution(p []float64, obs *lepton.Observation) bool {
	sum := 0.0
	for i, v := range p {
		if !(v >= 0) || v > 0 && !obs.Legal(i) {
			return false
		}
		sum += v
	}
	return sum > 1-1e-6 && sum < 1+1e-6
}
