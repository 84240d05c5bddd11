package main

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/leptonsched/lepton/supervised"
)

// measure is one score of a model on rows.
type measure struct {
	name  string // as in JSON
	text  string // for people
	value float64
}

// scored is what a model answers on rows, and how good that is.
type scored struct {
	rows      int
	predicted []float64 // class codes or numbers
	proba     []float64 // of classes, row-major; nil for numbers
	measures  []measure
}

// score asks m about all rows of d.
func (o fitOptions) score(m supervised.Model, d *supervised.Dataset, quantile float64) (scored, error) {
	s := scored{rows: d.Len()}
	y, w := d.Targets(), weightsOf(d)
	var err error
	add := func(name, text string, f func() (float64, error)) {
		v, fault := f()
		if errors.Is(fault, supervised.ErrOneClass) || errors.Is(fault, supervised.ErrZero) {
			v, fault = math.NaN(), nil // not defined for these rows
		}
		err = errors.Join(err, fault)
		s.measures = append(s.measures, measure{name, text, v})
	}
	classifier, ok := m.(supervised.Classifier)
	if !ok {
		s.predicted = supervised.Predictions(m, d)
		if o.task == taskQuantile {
			add("pinball", "pinball loss", func() (float64, error) { return w.Pinball(y, s.predicted, quantile) })
			below := make([]float64, len(y))
			for i := range y {
				if y[i] <= s.predicted[i] {
					below[i] = 1
				}
			}
			add("coverage", "share at most the prediction", func() (float64, error) { return stat.Mean(below, w), nil })
		}
		add("rmse", "RMSE", func() (float64, error) { return w.RMSE(y, s.predicted) })
		add("mae", "MAE", func() (float64, error) { return w.MAE(y, s.predicted) })
		add("mape", "MAPE", func() (float64, error) { return w.MAPE(y, s.predicted) })
		return s, err
	}
	if s.proba, err = supervised.Probabilities(classifier, d); err != nil {
		return s, err
	}
	k := d.Classes()
	ones := make([]float64, len(y))
	for i := range y {
		p := s.proba[i*k : (i+1)*k]
		s.predicted = append(s.predicted, float64(slices.Index(p, slices.Max(p))))
		ones[i] = p[k-1]
	}
	add("accuracy", "accuracy", func() (float64, error) { return w.Accuracy(y, s.predicted) })
	add("balanced_accuracy", "balanced accuracy", func() (float64, error) { return w.BalancedAccuracy(y, s.predicted) })
	add("auc", "AUC", func() (float64, error) { return w.AUCClasses(y, s.proba, k) })
	add("logloss", "log-loss", func() (float64, error) { return w.LogLossClasses(y, s.proba, k) })
	if k == 2 {
		add("pr_auc", "PR-AUC", func() (float64, error) { return w.PRAUC(y, ones) })
		add("brier", "Brier score", func() (float64, error) { return w.Brier(y, ones) })
		add("calibration_error", "calibration error", func() (float64, error) { return w.CalibrationError(y, ones, 10) })
	}
	return s, err
}

// weightsOf returns the weights of d's rows for the metrics.
func weightsOf(d *supervised.Dataset) supervised.Weighted {
	w := make(supervised.Weighted, d.Len())
	for i := range w {
		w[i] = d.Weight(i)
	}
	return w
}

// splits parts the training rows for -cv: by groups or by time where those were given, else at random,
// classes alike.
func (o fitOptions) splits(d *supervised.Dataset) ([]supervised.Split, error) {
	switch {
	case o.time != "":
		return supervised.ForwardChain(d, o.cv, o.gap)
	case o.group != "" && o.classify():
		return supervised.StratifiedGroupKFold(d, o.cv, o.seed)
	case o.group != "":
		return supervised.GroupKFold(d, o.cv, o.seed)
	case o.classify():
		return supervised.StratifiedKFold(d, o.cv, o.seed)
	}
	return supervised.KFold(d, o.cv, o.seed)
}

// spread is one score over the folds of a cross-validation.
type spread struct {
	measure         // the mean
	std     float64 // between folds, with the n−1 divisor; NaN for one fold
}

// crossValidate fits once for each fold and returns every score over the folds where it is defined.
func (o fitOptions) crossValidate(ctx context.Context, show *progress, fit fitting, d *supervised.Dataset) ([]spread, error) {
	splits, err := o.splits(d)
	if err != nil {
		return nil, err
	}
	done := 0
	folds, err := supervised.CrossValidate(d, splits, func(train *supervised.Dataset) (supervised.Model, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return fit.run(train)
	}, func(m supervised.Model, test *supervised.Dataset) (scored, error) {
		done++
		show.show(done, len(splits))
		return o.score(m, test, fit.quantile)
	})
	if err != nil {
		return nil, err
	}
	var out []spread
	for k, first := range folds[0].measures {
		var values []float64
		for _, fold := range folds {
			if v := fold.measures[k].value; !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		s := spread{measure: first, std: math.NaN()}
		s.value = stat.Mean(values, nil) // NaN for none
		if len(values) > 1 {
			s.std = stat.StdDev(values, nil)
		}
		out = append(out, s)
	}
	return out, nil
}

// importances returns how much the model leans on each column, most first, and what the numbers are: its own
// measure where it has one, else how the loss rises when the column is shuffled among at most a
// thousand rows.
func (o fitOptions) importances(m supervised.Model, d *supervised.Dataset) (list []importance, what string, err error) {
	schema := d.Schema()
	if own, ok := m.(interface{ Importance() []float64 }); ok {
		for j, v := range own.Importance() {
			list = append(list, importance{schema.Columns[j].Name, v})
		}
		what = "share of what the splits gain"
	} else {
		const most = 1000
		if d.Len() > most {
			if d, err = thinned(d, most); err != nil {
				return nil, "", err
			}
		}
		loss := supervised.RegressorLoss[supervised.Model]
		what = "rise of the RMSE when the column is shuffled"
		if _, ok := m.(supervised.Classifier); ok {
			what = "rise of the log-loss when the column is shuffled"
			loss = func(m supervised.Model, d *supervised.Dataset) (float64, error) {
				return supervised.ClassifierLoss(m.(supervised.Classifier), d)
			}
		}
		permuted, err := supervised.PermutationImportance(m, d, loss, 1, o.seed)
		if err != nil {
			return nil, "", err
		}
		for _, p := range permuted {
			list = append(list, importance{p.Column, p.Mean})
		}
	}
	slices.SortStableFunc(list, func(a, b importance) int {
		switch {
		case a.Value > b.Value:
			return -1
		case a.Value < b.Value:
			return 1
		}
		return 0
	})
	return list, what, nil
}

// importance is one column of the list.
type importance struct {
	Column string  `json:"column"`
	Value  float64 `json:"value"`
}

// thinned returns n rows of d, evenly spread.
func thinned(d *supervised.Dataset, n int) (*supervised.Dataset, error) {
	rows := make([]int, n)
	for k := range rows {
		rows[k] = k * d.Len() / n
	}
	return d.Subset(rows)
}
