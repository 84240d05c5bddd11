package rl

import (
	"errors"
	"fmt"
)

// Exploration is a share of evenly drawn actions that changes in a straight line. The zero value is none.
type Exploration struct {
	Start float64 // share at first, in [0, 1]
	End   float64 // share after Over transitions, in [0, 1]
	Over  uint64  // transitions observed until End is reached; 0: Start is kept for good
}

// At returns the share after n transitions.
func (e Exploration) At(n uint64) float64 {
	if e.Over == 0 {
		return e.Start
	}
	part := min(1, float64(n)/float64(e.Over))
	return e.Start*(1-part) + e.End*part
}

func (e Exploration) validate() error {
	var errs []error
	if !(e.Start >= 0 && e.Start <= 1) {
		errs = append(errs, fmt.Errorf("rl: Exploration.Start is %v, want 0 to 1", e.Start))
	}
	if !(e.End >= 0 && e.End <= 1) {
		errs = append(errs, fmt.Errorf("rl: Exploration.End is %v, want 0 to 1", e.End))
	}
	if e.End != 0 && e.Over == 0 {
		errs = append(errs, errors.New("rl: Exploration.End is set, and Over, in which it is reached, is not"))
	}
	return errors.Join(errs...)
}
