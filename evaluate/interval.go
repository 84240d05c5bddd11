package evaluate

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// defaultLevel is the confidence level that an option of 0 stands for.
const defaultLevel = 0.95

// Interval is an estimate with two-sided confidence limits. Where the data cannot support limits (one value, too few
// clusters) they are infinite (for a ratio: 0 and +Inf): nothing is known, which is not the same as an error.
// It is a plain value.
type Interval struct {
	Value        float64 // the estimate itself, in the unit of the values; for a ratio, a factor
	Lower, Upper float64 // limits, Lower ≤ Upper
	Level        float64 // confidence level, in (0, 1)
	Units        int     // values (pairs) that went in
	Clusters     int     // independent groups among them; Units when nothing is clustered
}

// Known reports whether the data supported limits at all.
func (i Interval) Known() bool { return !math.IsInf(i.Upper, 0) }

// MeanInterval is the mean of independent values, such as one result per seed, with Student's t interval
// mean ± t(n−1)·s/√n. It is exact for normally distributed values and good for values without heavy tails.
// level 0 means 0.95. One value has infinite limits. Errors: ErrNoValues, ErrNotFinite, ErrOption. Safe for concurrent use.
func MeanInterval(values []float64, level float64) (Interval, error) {
	level, err := checkLevel(level)
	if err != nil {
		return Interval{}, err
	}
	if err := checkValues(values); err != nil {
		return Interval{}, err
	}
	n := float64(len(values))
	mean, sd := stat.MeanStdDev(values, nil)
	half := math.Inf(1)
	if n > 1 {
		half = studentQuantile(1-(1-level)/2, n-1) * sd / math.Sqrt(n)
		if math.IsInf(mean, 0) || math.IsInf(half, 0) || math.IsNaN(half) {
			return Interval{}, fmt.Errorf("mean of %d values: %w", len(values), ErrNotFinite)
		}
	}
	return Interval{
		Value: mean, Lower: mean - half, Upper: mean + half,
		Level: level, Units: len(values), Clusters: len(values),
	}, nil
}

func studentQuantile(p, freedom float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(p)
}

func checkLevel(level float64) (float64, error) {
	if level == 0 {
		return defaultLevel, nil
	}
	if !(level > 0 && level < 1) {
		return 0, fmt.Errorf("level %v is not in (0, 1): %w", level, ErrOption)
	}
	return level, nil
}

func checkValues(values []float64) error {
	if len(values) == 0 {
		return ErrNoValues
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("value %d is %v: %w", i, v, ErrNotFinite)
		}
	}
	return nil
}
