package supervised

import (
	"errors"
	"math"
)

// ClassifierScores are the measures of a classifier on one Dataset. Sample weights are not used.
type ClassifierScores struct {
	Rows     int     // how many were scored
	Accuracy float64 // share whose most probable class is the true one
	LogLoss  float64 // see LogLossClasses
	AUC      float64 // two classes: AUC; more: AUCClasses; NaN when the rows hold one class only
	Brier    float64 // two classes: Brier; more: the mean of Σ over classes of (p−y)² (Brier 1950)
}

// RegressorScores are the measures of a regressor on one Dataset. Sample weights are not used.
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
	return scoreProba(d.Targets(), proba, len(m.Schema().Classes))
}

// ScoreRegressor measures m on d.
func ScoreRegressor[M Model](m M, d *Dataset) (RegressorScores, error) {
	return scoreValues(d.Targets(), Predictions(m, d))
}

func scoreProba(y, proba []float64, k int) (ClassifierScores, error) {
	logLoss, err := LogLossClasses(y, proba, k)
	if err != nil {
		return ClassifierScores{}, err
	}
	predicted, ones := make([]float64, len(y)), make([]float64, len(y))
	var brier float64
	for i, yi := range y {
		p := proba[i*k : (i+1)*k]
		predicted[i] = float64(argmax(p))
		ones[i] = p[min(1, k-1)]
		for class, v := range p {
			if class == int(yi) {
				v -= 1
			}
			brier += v * v
		}
	}
	s := ClassifierScores{Rows: len(y), LogLoss: logLoss, Brier: brier / float64(len(y))}
	if k == 2 {
		s.Brier /= 2 // both classes miss by the same amount: count it once
		s.AUC, err = AUC(y, ones)
	} else {
		s.AUC, err = AUCClasses(y, proba, k)
	}
	if errors.Is(err, ErrOneClass) {
		s.AUC, err = math.NaN(), nil
	}
	if err != nil {
		return ClassifierScores{}, err
	}
	s.Accuracy, err = Accuracy(y, predicted)
	return s, err
}

func scoreValues(y, predicted []float64) (RegressorScores, error) {
	rmse, err := RMSE(y, predicted)
	if err != nil {
		return RegressorScores{}, err
	}
	mae, err := MAE(y, predicted)
	return RegressorScores{Rows: len(y), RMSE: rmse, MAE: mae}, err
}
