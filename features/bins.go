package features

import (
	"fmt"
	"slices"
)

// bin returns how many of the ascending cuts are ≤ v: the index of the interval in which v lies. v is
// not NaN.
func bin(cuts []float64, v float64) int {
	i, found := slices.BinarySearch(cuts, v)
	if found {
		i++
	}
	return i
}

// checkCuts returns a copy of cuts, and a phrase for each fault.
func checkCuts(cuts []float64) ([]float64, []error) {
	var faults []error
	for i, c := range cuts {
		switch {
		case !finite(c):
			faults = append(faults, fmt.Errorf("has %v as edge %d, want a finite one", c, i))
		case i > 0 && !(cuts[i-1] < c):
			faults = append(faults, fmt.Errorf("has edge %d (%v) not above the one before (%v)", i, c, cuts[i-1]))
		}
	}
	return slices.Clone(cuts), faults
}
