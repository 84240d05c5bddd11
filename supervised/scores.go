package supervised

import (
	"errors"
	"math"
)

// ClassifierScores are the measures of a classifier on one Dataset, rows counting by their weights.
type ClassifierScores struct {
	Rows     int     // how many were scored
	Accuracy float64 // share whose most probable class is the true one
	LogLoss  float64 // see LogLossClasses
	AUC      float64 // two classes: AUC; more: AUCClasses; NaN when the rows hold one class only
	Brier    float64 // two classes: Brier; more: the mean of Σ over classes of (p−y)² (Brier 1950)
}

// RegressorScores are the measures of a regressor on one Dataset, rows counting by their weights.
type RegressorScores struct {
	Rows int     // how many were scored
	RMSE float64 // root of the mean squared difference
	MAE  float64 // mean absolute difference
}

// ScoreClassifier measures m on d, whose classes must be the ones that m was fitted to.
func ScoreClassifier[M Classifier](m M, d *Dataset) (ClassifierScores, error) {
	proba, err := Probabilities(m, d)
	if err != nil {
		return ClassifierScores{}, err
	}
	return d.sampleWeights().scoreProba(d.Targets(), proba, len(m.Schema().Classes))
}

// ScoreRegressor measures m on d.
func ScoreRegressor[M Model](m M, d *Dataset) (RegressorScores, error) {
	return d.sampleWeights().scoreValues(d.Targets(), Predictions(m, d))
}

// sampleWeights returns the weights of d for the metrics.
func (d *Dataset) sampleWeights() Weighted {
	if d.weights == nil || d.rows == nil {
		return d.weights
	}
	return gather(d.weights, d.rows)
}

func scoreProba(y, proba []float64, k int) (ClassifierScores, error) {
	return Weighted(nil).scoreProba(y, proba, k)
}

func (w Weighted) scoreProba(y, proba []float64, k int) (ClassifierScores, error) {
	logLoss, err := w.LogLossClasses(y, proba, k)
	if err != nil {
		return ClassifierScores{}, err
	}
	predicted, ones := make([]float64, len(y)), make([]float64, len(y))
	for i := range y {
		p := proba[i*k : (i+1)*k]
		predicted[i] = float64(argmax(p))
		ones[i] = p[min(1, k-1)]
	}
	brier := w.mean(len(y), func(i int) float64 {
		var sum float64
		for class, v := range proba[i*k : (i+1)*k] {
			v -= hit(y[i], float64(class))
			sum += v * v
		}
		return sum
	})
	s := ClassifierScores{Rows: len(y), LogLoss: logLoss, Brier: brier}
	if k == 2 {
		s.Brier /= 2 // both classes miss by the same amount: count it once
		s.AUC, err = w.AUC(y, ones)
	} else {
		s.AUC, err = w.AUCClasses(y, proba, k)
	}
	if errors.Is(err, ErrOneClass) {
		s.AUC, err = math.NaN(), nil
	}
	if err != nil {
		return ClassifierScores{}, err
	}
	s.Accuracy, err = w.Accuracy(y, predicted)
	return s, err
}

func scoreValues(y, predicted []float64) (RegressorScores, error) {
	return Weighted(nil).scoreValues(y, predicted)
}

func (w Weighted) scoreValues(y, predicted []float64) (RegressorScores, error) {
	rmse, err := w.RMSE(y, predicted)
	if err != nil {
		return RegressorScores{}, err
	}
	mae, err := w.MAE(y, predicted)
	return RegressorScores{Rows: len(y), RMSE: rmse, MAE: mae}, err
}
