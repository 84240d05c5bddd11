package supervised

import (
	"fmt"
	"math"
	"slices"
)

// checkBins is the common test of the option Bins.
func checkBins(bins int) error {
	if bins < 2 || bins > maxBins {
		return fmt.Errorf("%w: Bins is %d, 2 to %d can be had", ErrOptions, bins, maxBins)
	}
	return nil
}

// weighClasses returns d, which must be flat, with the weight of each row multiplied by its class's.
func (d *Dataset) weighClasses(weights []float64) (*Dataset, error) {
	if weights == nil {
		return d, nil
	}
	if d.Classes() == 0 || len(weights) != d.Classes() {
		return nil, fmt.Errorf("%w: %d ClassWeights for %d classes", ErrOptions, len(weights), d.Classes())
	}
	t := *d.table
	t.weights = make([]float64, d.Len())
	for i := range t.weights {
		t.weights[i] = d.Weight(i) * weights[int(d.Target(i))]
	}
	if err := validateWeights(t.weights, d.Len()); err != nil {
		return nil, fmt.Errorf("%w: with ClassWeights %v", err, weights)
	}
	return &Dataset{table: &t}, nil
}

// checkSpread returns an error when the targets lie too far apart for their differences to be summed.
func checkSpread(d *Dataset) error {
	widest := slices.Max(d.target)/2 - slices.Min(d.target)/2
	var weight float64
	for i := range d.Len() {
		weight += d.Weight(i)
	}
	if math.IsInf(widest*4*(weight+1), 0) {
		return fmt.Errorf("%w: the targets of %q are so far apart that their sum is", ErrNotFinite, d.schema.Target)
	}
	return nil
}
