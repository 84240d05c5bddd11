package rl

import (
	"errors"
	"fmt"
	"math"
)

// StepSize is a learning rate: update number n = 1, 2, … moves by
//
//	max(Floor, Alpha / (1 + (n−1)/Scale)^Power)
//
// In a table n counts the updates of one entry, elsewhere those of the learner.
type StepSize struct {
	Alpha float64 // of the first update, above 0 (and at most 1 in a table); 0 means the learner's default
	Power float64 // 0: constant. Above ½ and up to 1 averages the noise away (Robbins & Monro 1951)
	Floor float64 // never less than this, so that a world that changes is still followed; 0: no floor
	// Scale is the number of updates after which Power begins to tell; 0 means 1, that is Alpha/n^Power. For values
	// of discount γ 1/(1−γ) with Power 1 is right: less forgets too slowly where it began (Wainwright 2019).
	Scale float64
	Over  uint64 // updates in which it falls on top of that, in a straight line, to Floor; 0: it does not
}

// At returns the step size of update n, counted from 1.
func (s StepSize) At(n uint64) float64 {
	alpha := s.Alpha
	if s.Power != 0 {
		alpha /= s.slowness(float64(n))
	}
	if s.Over > 0 {
		alpha -= (alpha - s.Floor) * min(1, float64(n-1)/float64(s.Over))
	}
	return max(s.Floor, alpha)
}

// slowness is by how much the first step is divided for the sake of Power.
func (s StepSize) slowness(n float64) float64 {
	if s.Scale != 0 {
		n = 1 + (n-1)/s.Scale
	}
	if s.Power == 1 {
		return n
	}
	return math.Pow(n, s.Power)
}

func (s StepSize) withDefault(alpha float64) StepSize {
	if s.Alpha == 0 {
		s.Alpha = alpha
	}
	return s
}

func (s StepSize) validate(most float64) error {
	var errs []error
	for _, f := range [...]struct {
		name        string
		value, most float64
	}{{"Alpha", s.Alpha, most}, {"Power", s.Power, 1}, {"Floor", s.Floor, most}} {
		if !(f.value >= 0 && f.value <= f.most) {
			want := "a finite number from 0"
			if f.most == 1 {
				want = "0 to 1"
			}
			errs = append(errs, fmt.Errorf("rl: StepSize.%s is %v, want %s", f.name, f.value, want))
		}
	}
	if !(s.Scale >= 0) || math.IsInf(s.Scale, 0) {
		errs = append(errs, fmt.Errorf("rl: StepSize.Scale is %v, want a finite number from 0", s.Scale))
	}
	return errors.Join(errs...)
}
