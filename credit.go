package lepton

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// CreditOptions says how later rewards count for earlier decisions. It is the only home of the
// discount factor γ: learners see Transition.Discount alone.
type CreditOptions struct {
	ID    uint64 // names the stream of decisions; 0 in a training loop, which numbers its episodes itself
	Agent uint32 // who decides, where several share a stream

	// Gamma is γ in [0, 1]. 0 credits each decision with its own outcome alone.
	Gamma float64
	// Unit makes decisions of unequal duration comparable: the discount over Δt is γ^(Δt/Unit). 0
	// discounts once per decision, whatever its duration.
	Unit time.Duration
	// Potential is Φ of potential-based shaping (Ng, Harada & Russell 1999): discount·Φ(next) − Φ(obs)
	// is added to each reward, with Φ = 0 after a true end. It speeds learning up and leaves the best
	// policy as it is. nil: none. Pure; a result that is not finite counts as 0.
	Potential func(*Observation) float64
}

// Validate reports every fault of c.
func (c CreditOptions) Validate() error {
	var errs []error
	if !(c.Gamma >= 0 && c.Gamma <= 1) {
		errs = append(errs, fmt.Errorf("lepton: CreditOptions.Gamma is %v, want 0 to 1", c.Gamma))
	}
	if c.Unit < 0 {
		errs = append(errs, fmt.Errorf("lepton: CreditOptions.Unit is %v, want 0 or more", c.Unit))
	}
	return errors.Join(errs...)
}

// Discount returns what multiplies a value that lies elapsed (and one decision) ahead. An elapsed
// time below 0 counts as 0; with Gamma 0 nothing ahead counts, not even at the same instant.
func (c CreditOptions) Discount(elapsed time.Duration) float64 {
	if c.Unit == 0 || c.Gamma == 0 {
		return c.Gamma
	}
	return math.Pow(c.Gamma, float64(max(elapsed, 0))/float64(c.Unit))
}

// Phi returns the potential of obs, 0 where there is none or it is not finite.
func (c CreditOptions) Phi(obs *Observation) float64 {
	if c.Potential == nil {
		return 0
	}
	if phi := c.Potential(obs); !math.IsNaN(phi) && !math.IsInf(phi, 0) {
		return phi
	}
	return 0
}
