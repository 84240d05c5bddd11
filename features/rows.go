package features

import (
	"fmt"
	"math"
	"slices"
)

// checkRows refuses what is not a table of at least one row of dim values.
func checkRows(rows []float64, dim int) error {
	if dim < 1 || len(rows) == 0 || len(rows)%dim != 0 {
		return fmt.Errorf("features: %d values are not rows of %d", len(rows), dim)
	}
	return nil
}

// finiteColumn returns the finite values of column j, in the order of the rows.
func finiteColumn(rows []float64, dim, j int) []float64 {
	var v []float64
	for i := j; i < len(rows); i += dim {
		if finite(rows[i]) {
			v = append(v, rows[i])
		}
	}
	return v
}

// quantile returns the p-quantile of sorted values by linear interpolation between the neighbours
// (type 7 of Hyndman & Fan 1996). sorted is not empty.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// moments returns mean and population variance, by two passes. v is not empty.
func moments(v []float64) (mean, variance float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	for _, x := range v {
		variance += (x - mean) * (x - mean)
	}
	return mean, variance / float64(len(v))
}

// UniformCuts returns the bins−1 cut points that divide [lo, hi] into bins of equal width, for
// Buckets and NewDiscretizer. lo < hi, both finite; bins ≥ 1.
func UniformCuts(lo, hi float64, bins int) ([]float64, error) {
	if !(lo < hi) || !finite(hi-lo) || bins < 1 {
		return nil, fmt.Errorf("features: %d bins between %v and %v, want 1 or more between finite lo < hi", bins, lo, hi)
	}
	var cuts []float64
	for i := 1; i < bins; i++ {
		cuts = append(cuts, lo+(hi-lo)*float64(i)/float64(bins))
	}
	return cuts, nil
}

// QuantileCuts returns at most bins−1 cut points that divide the finite ones of values into bins of
// about equal content, for NewDiscretizer. With at most bins different values each gets a bin of its
// own; with one there is no cut. bins ≥ 1, and at least one value is finite.
func QuantileCuts(values []float64, bins int) ([]float64, error) {
	sorted := finiteColumn(values, 1, 0)
	if len(sorted) == 0 || bins < 1 {
		return nil, fmt.Errorf("features: %d bins of %d finite values, want 1 or more of both", bins, len(sorted))
	}
	slices.Sort(sorted)
	distinct := slices.Compact(slices.Clone(sorted))
	if len(distinct) <= bins {
		return distinct[1:], nil
	}
	var cuts []float64
	last := sorted[0]
	for i := 1; i < bins; i++ {
		c := quantile(sorted, float64(i)/float64(bins))
		if c == sorted[0] {
			c = distinct[1] // below a cut at the least value there is nothing; this one parts the heap from the rest
		}
		if c > last {
			cuts = append(cuts, c)
			last = c
		}
	}
	return cuts, nil
}

// FitCuts returns QuantileCuts for each column of rows (row-major, dim columns).
func FitCuts(rows []float64, dim, bins int) ([][]float64, error) {
	if err := checkRows(rows, dim); err != nil {
		return nil, err
	}
	cuts := make([][]float64, dim)
	for j := range cuts {
		c, err := QuantileCuts(finiteColumn(rows, dim, j), bins)
		if err != nil {
			return nil, fmt.Errorf("features: column %d: %w", j, err)
		}
		cuts[j] = c
	}
	return cuts, nil
}

// binOrNaN is bin with one more, the last, for NaN.
func binOrNaN(cuts []float64, v float64) int {
	if math.IsNaN(v) {
		return len(cuts) + 1
	}
	return bin(cuts, v)
}
