package features

import (
	"errors"
	"fmt"
	"math"
)

// Variance returns the population variance of each column of rows (row-major, dim columns), of its
// finite values; 0 where there are none. A column of variance 0 tells a model nothing.
func Variance(rows []float64, dim int) ([]float64, error) {
	if err := checkRows(rows, dim); err != nil {
		return nil, err
	}
	scores := make([]float64, dim)
	for j := range scores {
		if v := finiteColumn(rows, dim, j); len(v) > 0 {
			_, scores[j] = moments(v)
		}
	}
	return scores, nil
}

// Correlation returns how strongly each column of rows goes with target, one value per row, along a
// line: the absolute value of Pearson's r, over the rows where both are finite; 0 where either is
// constant.
func Correlation(rows []float64, dim int, target []float64) ([]float64, error) {
	if err := checkTarget(rows, dim, target); err != nil {
		return nil, err
	}
	scores := make([]float64, dim)
	for j := range scores {
		var x, y []float64
		for i, t := range target {
			if v := rows[i*dim+j]; finite(v) && finite(t) {
				x, y = append(x, v), append(y, t)
			}
		}
		if len(x) == 0 {
			continue
		}
		xMean, xVar := moments(x)
		yMean, yVar := moments(y)
		covariance := 0.0
		for i := range x {
			covariance += (x[i] - xMean) * (y[i] - yMean)
		}
		if xVar > 0 && yVar > 0 {
			scores[j] = math.Abs(covariance/float64(len(x))) / (math.Sqrt(xVar) * math.Sqrt(yVar))
		}
	}
	return scores, nil
}

// MutualInformation returns what knowing each column of rows tells of target, one value per row, in
// nats and along any curve (Cover & Thomas, "Elements of Information Theory", §2.3): Σ p(x,y)·ln(p(x,y)/(p(x)·p(y)))
// over the bins of QuantileCuts, with a bin of its own for NaN on either side. bins ≥ 2; with n rows the
// estimate is too high by about (bins−1)²/2n (Miller 1955), the same for all columns that fill their bins.
func MutualInformation(rows []float64, dim int, target []float64, bins int) ([]float64, error) {
	err := checkTarget(rows, dim, target)
	if bins < 2 {
		err = errors.Join(err, fmt.Errorf("features: %d bins, want 2 or more", bins))
	}
	if err != nil {
		return nil, err
	}
	y, ny := binned(target, 1, 0, bins)
	scores := make([]float64, dim)
	for j := range scores {
		x, nx := binned(rows, dim, j, bins)
		joint, px, py := make([]float64, nx*ny), make([]float64, nx), make([]float64, ny)
		for i := range x {
			joint[x[i]*ny+y[i]]++
			px[x[i]]++
			py[y[i]]++
		}
		n := float64(len(x))
		for a := range px {
			for b := range py {
				if c := joint[a*ny+b]; c > 0 {
					scores[j] += c / n * math.Log(c*n/(px[a]*py[b]))
				}
			}
		}
		scores[j] = max(scores[j], 0) // rounding
	}
	return scores, nil
}

// binned returns the bin of each value of column j, and how many bins there are.
func binned(rows []float64, dim, j, bins int) (index []int, n int) {
	cuts, err := QuantileCuts(finiteColumn(rows, dim, j), bins)
	if err != nil {
		cuts = nil // nothing finite: infinities share a bin
	}
	for i := j; i < len(rows); i += dim {
		index = append(index, binOrNaN(cuts, rows[i]))
	}
	return index, len(cuts) + 2
}

func checkTarget(rows []float64, dim int, target []float64) error {
	if err := checkRows(rows, dim); err != nil {
		return err
	}
	if len(target)*dim != len(rows) {
		return fmt.Errorf("features: %d targets for %d rows", len(target), len(rows)/dim)
	}
	return nil
}
