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
func LogLoss(y, p []float64) (float64, error) { return Weighted(nil).LogLoss(y, p) }

// LogLoss is the weighted form of the function LogLoss.
func (w Weighted) LogLoss(y, p []float64) (float64, error) {
	if err := w.checkBinary(y, p); err != nil {
		return 0, err
	}
	return w.mean(len(y), func(i int) float64 {
		q := min(max(p[i], Epsilon), 1-Epsilon)
		return -(y[i]*math.Log(q) + (1-y[i])*math.Log(1-q))
	}), nil
}

// LogLossClasses is −1/N Σ log p(class of row i), where y holds class codes and proba one row of
// classes probabilities for each of them. Probabilities are clipped as by LogLoss.
func LogLossClasses(y, proba []float64, classes int) (float64, error) {
	return Weighted(nil).LogLossClasses(y, proba, classes)
}

// LogLossClasses is the weighted form of the function LogLossClasses.
func (w Weighted) LogLossClasses(y, proba []float64, classes int) (float64, error) {
	if err := w.checkProba(y, proba, classes); err != nil {
		return 0, err
	}
	return w.mean(len(y), func(i int) float64 {
		return -math.Log(min(max(proba[i*classes+int(y[i])], Epsilon), 1-Epsilon))
	}), nil
}

// AUC is the area under the receiver operating characteristic: the probability that a row with
// label 1 scores above a row with label 0, ties counted half (the Mann-Whitney statistic). It returns
// ErrOneClass when either label has no row.
func AUC(y, score []float64) (float64, error) { return Weighted(nil).AUC(y, score) }

// AUC is the weighted form of the function AUC: pairs count with the product of their weights.
func (w Weighted) AUC(y, score []float64) (float64, error) {
	if err := w.checkBinary(y, score); err != nil {
		return 0, err
	}
	var wrong, ones, zeros float64
	w.ties(y, score, func(onesHere, zerosHere float64) {
		wrong += zeros*onesHere + onesHere*zerosHere/2 // the zeros met before score higher
		ones += onesHere
		zeros += zerosHere
	})
	if ones == 0 || zeros == 0 {
		return 0, fmt.Errorf("%w: the area needs both labels", ErrOneClass)
	}
	return 1 - wrong/(ones*zeros), nil
}

// ties goes through the distinct scores from the highest down and gives the weight of both labels there.
func (w Weighted) ties(y, score []float64, visit func(ones, zeros float64)) {
	order := indices(len(y))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	for lo := 0; lo < len(order); {
		hi := lo
		var ones, zeros float64
		for hi < len(order) && score[order[hi]] == score[order[lo]] {
			if i := order[hi]; y[i] == 1 {
				ones += w.at(i)
			} else {
				zeros += w.at(i)
			}
			hi++
		}
		visit(ones, zeros)
		lo = hi
	}
}

// AUCClasses is the mean over the classes of the AUC of one class against the rest. A class that has
// no row, or all of them, is left out; ErrOneClass when that leaves none.
func AUCClasses(y, proba []float64, classes int) (float64, error) {
	return Weighted(nil).AUCClasses(y, proba, classes)
}

// AUCClasses is the weighted form of the function AUCClasses; classes themselves count alike.
func (w Weighted) AUCClasses(y, proba []float64, classes int) (float64, error) {
	if err := w.checkProba(y, proba, classes); err != nil {
		return 0, err
	}
	is, score := make([]float64, len(y)), make([]float64, len(y))
	var sum float64
	counted := 0
	for k := range classes {
		var ones, zeros float64
		for i, yi := range y {
			is[i] = hit(yi, float64(k))
			ones += w.at(i) * is[i]
			zeros += w.at(i) * (1 - is[i])
			score[i] = proba[i*classes+k]
		}
		if ones == 0 || zeros == 0 {
			continue
		}
		auc, err := w.AUC(is, score)
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

// PRAUC is the area under the curve of precision over recall, as average precision: the sum over the
// distinct scores, from the highest down, of the precision there times the recall gained there, without
// interpolation (Davis & Goadrich, The relationship between Precision-Recall and ROC curves, 2006, show
// what interpolating linearly would overstate). Rows of one score are taken together. A score
// that knows nothing reaches the share of label 1. ErrOneClass when no row has label 1.
func PRAUC(y, score []float64) (float64, error) { return Weighted(nil).PRAUC(y, score) }

// PRAUC is the weighted form of the function PRAUC.
func (w Weighted) PRAUC(y, score []float64) (float64, error) {
	if err := w.checkBinary(y, score); err != nil {
		return 0, err
	}
	var area, ones, all float64
	w.ties(y, score, func(onesHere, zerosHere float64) {
		ones += onesHere
		all += onesHere + zerosHere
		if onesHere > 0 {
			area += onesHere * ones / all
		}
	})
	if ones == 0 {
		return 0, fmt.Errorf("%w: no row has label 1", ErrOneClass)
	}
	return area / ones, nil
}

// Brier is the mean of (p−y)² over labels y, each 0 or 1, and the probabilities p of label 1.
func Brier(y, p []float64) (float64, error) { return Weighted(nil).Brier(y, p) }

// Brier is the weighted form of the function Brier.
func (w Weighted) Brier(y, p []float64) (float64, error) {
	if err := w.checkBinary(y, p); err != nil {
		return 0, err
	}
	return w.mean(len(y), func(i int) float64 { e := p[i] - y[i]; return e * e }), nil
}

// CalibrationError is the expected calibration error of the probabilities p of label 1: rows are put
// into bins of equal width by p (bins at least 1; 10 is usual), and it is the mean over rows of the
// difference between their bin's mean p and its share of label 1 (Naeini, Cooper & Hauskrecht,
// Obtaining Well Calibrated Probabilities Using Bayesian Binning, 2015). A p outside [0, 1] is
// ErrProbability.
func CalibrationError(y, p []float64, bins int) (float64, error) {
	return Weighted(nil).CalibrationError(y, p, bins)
}

// CalibrationError is the weighted form of the function CalibrationError.
func (w Weighted) CalibrationError(y, p []float64, bins int) (float64, error) {
	curve, err := w.Calibration(y, p, bins)
	if err != nil {
		return 0, err
	}
	var sum, total float64
	for _, b := range curve {
		sum += b.Weight * math.Abs(b.Predicted-b.Observed)
		total += b.Weight
	}
	return sum / total, nil
}

// CalibrationBin is one point of a reliability curve.
type CalibrationBin struct {
	Weight    float64 // of the bin's rows; their number when rows count once
	Predicted float64 // mean probability of label 1
	Observed  float64 // share of label 1
}

// Calibration is the reliability curve behind CalibrationError: the bins that have rows, by ascending
// probability.
func (w Weighted) Calibration(y, p []float64, bins int) ([]CalibrationBin, error) {
	if bins < 1 || bins > 1<<20 {
		return nil, fmt.Errorf("%w: %d bins", ErrOptions, bins)
	}
	if err := w.checkBinary(y, p); err != nil {
		return nil, err
	}
	all := make([]CalibrationBin, bins)
	for i, v := range p {
		if v < 0 || v > 1 {
			return nil, fmt.Errorf("%w: %v in row %d", ErrProbability, v, i)
		}
		b := &all[min(int(v*float64(bins)), bins-1)]
		b.Weight += w.at(i)
		b.Predicted += w.at(i) * v
		b.Observed += w.at(i) * y[i]
	}
	all = slices.DeleteFunc(all, func(b CalibrationBin) bool { return b.Weight == 0 })
	for k := range all {
		all[k].Predicted /= all[k].Weight
		all[k].Observed /= all[k].Weight
	}
	return all, nil
}

func (w Weighted) checkBinary(y, p []float64) error {
	if err := w.checkPairs(y, p); err != nil {
		return err
	}
	for i, yi := range y {
		if yi != 0 && yi != 1 {
			return fmt.Errorf("%w: row %d is %v, not 0 or 1", ErrLabel, i, yi)
		}
	}
	return nil
}

func (w Weighted) checkProba(y, proba []float64, classes int) error {
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
	return w.check(len(y))
}
