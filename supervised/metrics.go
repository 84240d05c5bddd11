package supervised

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Epsilon is how far LogLoss keeps a probability from 0 and 1: 2⁻⁵², as scikit-learn does for
// float64. One certain mistake therefore costs at most 52·ln 2 ≈ 36.04.
const Epsilon = 0x1p-52

// LogLoss is the binary log-loss −1/N Σ (y log ŷ + (1−y) log(1−ŷ)) of the labels y, each 0 or 1,
// under the probabilities p of label 1, which are clipped to [Epsilon, 1−Epsilon].
func LogLoss(y, p []float64) (float64, error) {
	if err := checkBinary(y, p); err != nil {
		return 0, err
	}
	var sum float64
	for i, yi := range y {
		q := min(max(p[i], Epsilon), 1-Epsilon)
		sum += yi*math.Log(q) + (1-yi)*math.Log(1-q)
	}
	return -sum / float64(len(y)), nil
}

// LogLossClasses is −1/N Σ log p(class of row i), where y holds class codes and proba one row of
// classes probabilities for each of them. Probabilities are clipped as by LogLoss.
func LogLossClasses(y, proba []float64, classes int) (float64, error) {
	if err := checkProba(y, proba, classes); err != nil {
		return 0, err
	}
	var sum float64
	for i, yi := range y {
		sum += math.Log(min(max(proba[i*classes+int(yi)], Epsilon), 1-Epsilon))
	}
	return -sum / float64(len(y)), nil
}

// Accuracy is the share of rows whose predicted value equals y exactly; meant for class codes.
func Accuracy(y, predicted []float64) (float64, error) {
	if err := checkPairs(y, predicted); err != nil {
		return 0, err
	}
	hits := 0
	for i, yi := range y {
		if yi == predicted[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(y)), nil
}

// AUC is the area under the receiver operating characteristic: the probability that a row with
// label 1 scores above a row with label 0, ties counted half (the Mann-Whitney statistic, from
// mid-ranks). It returns ErrOneClass when either label has no row.
func AUC(y, score []float64) (float64, error) {
	if err := checkBinary(y, score); err != nil {
		return 0, err
	}
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(score[a], score[b]) })
	var rankSum, ones float64
	for lo := 0; lo < len(order); {
		hi := lo
		var onesHere float64
		for hi < len(order) && score[order[hi]] == score[order[lo]] {
			onesHere += y[order[hi]]
			hi++
		}
		rankSum += onesHere * float64(lo+1+hi) / 2 // the mean of the ranks lo+1 … hi
		ones += onesHere
		lo = hi
	}
	zeros := float64(len(y)) - ones
	if ones == 0 || zeros == 0 {
		return 0, fmt.Errorf("%w: the area needs both labels", ErrOneClass)
	}
	return (rankSum - ones*(ones+1)/2) / (ones * zeros), nil
}

// AUCClasses is the mean over the classes of the AUC of one class against the rest. A class that has
// no row, or all of them, is left out; ErrOneClass when that leaves none.
func AUCClasses(y, proba []float64, classes int) (float64, error) {
	if err := checkProba(y, proba, classes); err != nil {
		return 0, err
	}
	is, score := make([]float64, len(y)), make([]float64, len(y))
	var sum float64
	counted := 0
	for k := range classes {
		ones := 0
		for i, yi := range y {
			is[i] = 0
			if int(yi) == k {
				is[i] = 1
				ones++
			}
			score[i] = proba[i*classes+k]
		}
		if ones == 0 || ones == len(y) {
			continue
		}
		auc, err := AUC(is, score)
		if err != nil {
			return 0, err
		}
		sum += auc
		counted++
	}
	if counted == 0 {
		return 0, fmt.Errorf("%w: the area needs two", ErrOneClass)
	}
	return sum / float64(counted), nil
}

// Brier is the mean of (p−y)² over labels y, each 0 or 1, and the probabilities p of label 1.
func Brier(y, p []float64) (float64, error) {
	if err := checkBinary(y, p); err != nil {
		return 0, err
	}
	return meanOver(y, p, func(e float64) float64 { return e * e }), nil
}

// RMSE is the root of the mean squared difference.
func RMSE(y, predicted []float64) (float64, error) {
	if err := checkPairs(y, predicted); err != nil {
		return 0, err
	}
	return math.Sqrt(meanOver(y, predicted, func(e float64) float64 { return e * e })), nil
}

// MAE is the mean absolute difference.
func MAE(y, predicted []float64) (float64, error) {
	if err := checkPairs(y, predicted); err != nil {
		return 0, err
	}
	return meanOver(y, predicted, math.Abs), nil
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

func meanOver(y, p []float64, cost func(float64) float64) float64 {
	var sum float64
	for i, yi := range y {
		sum += cost(p[i] - yi)
	}
	return sum / float64(len(y))
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

func checkBinary(y, p []float64) error {
	if err := checkPairs(y, p); err != nil {
		return err
	}
	for i, yi := range y {
		if yi != 0 && yi != 1 {
			return fmt.Errorf("%w: row %d is %v, not 0 or 1", ErrLabel, i, yi)
		}
	}
	return nil
}

func checkProba(y, proba []float64, classes int) error {
	if len(y) == 0 {
		return ErrNoRows
	}
	if classes < 1 || len(proba) != len(y)*classes {
		return fmt.Errorf("%w: %d probabilities for %d rows of %d classes", ErrRagged, len(proba), len(y), classes)
	}
	for i, yi := range y {
		if !checkCode(yi, classes) {
			return fmt.Errorf("%w: row %d is %v, of %d classes", ErrLabel, i, yi, classes)
		}
	}
	if i := slices.IndexFunc(proba, notFinite); i >= 0 {
		return fmt.Errorf("%w: the probability of row %d, class %d is %v", ErrNotFinite, i/classes, i%classes, proba[i])
	}
	return nil
}
