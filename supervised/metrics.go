package supervised

import (
	"fmt"
	"math"
	"slices"
)

// Weighted are the weights of rows for the metrics, one each: a row of weight 2 counts as two rows.
// Weighted(nil) counts every row once, and so does each metric as a plain function. Weights must be
// finite, at least 0 and not all 0 (ErrWeight), and as many as there are rows (ErrRagged).
type Weighted []float64

// at returns the weight of row i.
func (w Weighted) at(i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

// mean returns the weighted mean of cost(i) over n rows, summed in their order.
func (w Weighted) mean(n int, cost func(i int) float64) float64 {
	var sum, total float64
	for i := range n {
		sum += w.at(i) * cost(i)
		total += w.at(i)
	}
	return sum / total
}

// Accuracy is the share of rows whose predicted value equals y exactly; meant for class codes.
func Accuracy(y, predicted []float64) (float64, error) { return Weighted(nil).Accuracy(y, predicted) }

// Accuracy is the weighted form of the function Accuracy.
func (w Weighted) Accuracy(y, predicted []float64) (float64, error) {
	if err := w.checkPairs(y, predicted); err != nil {
		return 0, err
	}
	return w.mean(len(y), func(i int) float64 { return hit(y[i], predicted[i]) }), nil
}

// BalancedAccuracy is the mean, over the values that y has, of the share of that value's rows which
// were predicted: 1 over the number of classes for any constant answer, however rare a class is
// (Brodersen et al., The balanced accuracy and its posterior distribution, 2010).
func BalancedAccuracy(y, predicted []float64) (float64, error) {
	return Weighted(nil).BalancedAccuracy(y, predicted)
}

// BalancedAccuracy is the weighted form of the function BalancedAccuracy. A value whose rows all have
// weight 0 is left out.
func (w Weighted) BalancedAccuracy(y, predicted []float64) (float64, error) {
	if err := w.checkPairs(y, predicted); err != nil {
		return 0, err
	}
	values := slices.Clone(y)
	slices.Sort(values)
	values = slices.Compact(values)
	hits, totals := make([]float64, len(values)), make([]float64, len(values))
	for i, yi := range y {
		at, _ := slices.BinarySearch(values, yi)
		hits[at] += w.at(i) * hit(yi, predicted[i])
		totals[at] += w.at(i)
	}
	var sum, counted float64
	for k, total := range totals {
		if total > 0 {
			sum += hits[k] / total
			counted++
		}
	}
	return sum / counted, nil
}

func hit(y, predicted float64) float64 {
	if y == predicted {
		return 1
	}
	return 0
}

// Confusion counts rows by true and predicted class: element [t][p] is how many rows of class t were
// taken for class p. Both arguments hold class codes.
func Confusion(y, predicted []float64, classes int) ([][]int, error) {
	if err := checkPairs(y, predicted); err != nil {
		return nil, err
	}
	counts := make([][]int, max(classes, 0))
	for k := range counts {
		counts[k] = make([]int, classes)
	}
	for i := range y {
		if !checkCode(y[i], classes) || !checkCode(predicted[i], classes) {
			return nil, fmt.Errorf("%w: row %d is %v, predicted %v, of %d classes", ErrLabel, i, y[i], predicted[i], classes)
		}
		counts[int(y[i])][int(predicted[i])]++
	}
	return counts, nil
}

// RMSE is the root of the mean squared difference.
func RMSE(y, predicted []float64) (float64, error) { return Weighted(nil).RMSE(y, predicted) }

// RMSE is the weighted form of the function RMSE.
func (w Weighted) RMSE(y, predicted []float64) (float64, error) {
	if err := w.checkPairs(y, predicted); err != nil {
		return 0, err
	}
	return math.Sqrt(w.mean(len(y), func(i int) float64 { e := predicted[i] - y[i]; return e * e })), nil
}

// MAE is the mean absolute difference.
func MAE(y, predicted []float64) (float64, error) { return Weighted(nil).MAE(y, predicted) }

// MAE is the weighted form of the function MAE.
func (w Weighted) MAE(y, predicted []float64) (float64, error) {
	if err := w.checkPairs(y, predicted); err != nil {
		return 0, err
	}
	return w.mean(len(y), func(i int) float64 { return math.Abs(predicted[i] - y[i]) }), nil
}

// MAPE is the mean absolute difference as a share of the truth, |predicted − y|/|y|: 0.1 is ten percent.
// A truth of 0, of which nothing is a share, is ErrZero and names the row.
func MAPE(y, predicted []float64) (float64, error) { return Weighted(nil).MAPE(y, predicted) }

// MAPE is the weighted form of the function MAPE.
func (w Weighted) MAPE(y, predicted []float64) (float64, error) {
	if err := w.checkPairs(y, predicted); err != nil {
		return 0, err
	}
	if i := slices.Index(y, 0); i >= 0 {
		return 0, fmt.Errorf("%w: row %d", ErrZero, i)
	}
	return w.mean(len(y), func(i int) float64 { return math.Abs((predicted[i] - y[i]) / y[i]) }), nil
}

// Pinball is the mean of max(q·(y−p), (q−1)·(y−p)): the loss that the quantile q in (0, 1) minimises
// (Koenker & Bassett, Regression Quantiles, 1978). For q = ½ it is half of MAE.
func Pinball(y, predicted []float64, q float64) (float64, error) {
	return Weighted(nil).Pinball(y, predicted, q)
}

// Pinball is the weighted form of the function Pinball.
func (w Weighted) Pinball(y, predicted []float64, q float64) (float64, error) {
	if !(q > 0 && q < 1) {
		return 0, fmt.Errorf("%w: a quantile of %v is not in (0, 1)", ErrOptions, q)
	}
	if err := w.checkPairs(y, predicted); err != nil {
		return 0, err
	}
	return w.mean(len(y), func(i int) float64 {
		e := y[i] - predicted[i]
		return max(q*e, (q-1)*e)
	}), nil
}

// checkPairs holds for every metric: as many answers as truths, at least one, all finite.
func checkPairs(y, p []float64) error {
	if len(y) == 0 {
		return ErrNoRows
	}
	if len(y) != len(p) {
		return fmt.Errorf("%w: %d truths, %d predictions", ErrRagged, len(y), len(p))
	}
	for i := range y {
		if notFinite(y[i]) || notFinite(p[i]) {
			return fmt.Errorf("%w: row %d: truth %v, prediction %v", ErrNotFinite, i, y[i], p[i])
		}
	}
	return nil
}

func (w Weighted) checkPairs(y, p []float64) error {
	if err := checkPairs(y, p); err != nil {
		return err
	}
	return w.check(len(y))
}

func (w Weighted) check(n int) error {
	if w == nil {
		return nil
	}
	return validateWeights(w, n)
}
