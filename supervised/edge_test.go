package supervised

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// classifiers and regressors are every fit of the package, for what must hold of all.
var classifiers = map[string]func(*Dataset) (Classifier, error){
	"forest": func(d *Dataset) (Classifier, error) { return RandomForest{Trees: 3}.FitClassifier(d) },
	"tree": func(d *Dataset) (Classifier, error) {
		return RandomForest{Trees: 1, NoBootstrap: true}.FitClassifier(d)
	},
	"logistic": func(d *Dataset) (Classifier, error) { return LogisticRegression{}.Fit(d) },
	"boosted": func(d *Dataset) (Classifier, error) {
		return GradientBoosting{Rounds: 20, MinLeaf: 1}.FitClassifier(d)
	},
}

var regressors = map[string]func(*Dataset) (Model, error){
	"forest":   func(d *Dataset) (Model, error) { return RandomForest{Trees: 3}.FitRegressor(d) },
	"tree":     func(d *Dataset) (Model, error) { return RandomForest{Trees: 1, NoBootstrap: true}.FitRegressor(d) },
	"boosted":  func(d *Dataset) (Model, error) { return GradientBoosting{Rounds: 20, MinLeaf: 1}.FitRegressor(d) },
	"linear":   func(d *Dataset) (Model, error) { return LinearRegression{}.Fit(d) },
	"ridge":    func(d *Dataset) (Model, error) { return LinearRegression{L2: 1, Standardise: true}.Fit(d) },
	"quantile": func(d *Dataset) (Model, error) { return QuantileRegression{}.Fit(d) },
}

func TestFitsRefuse(t *testing.T) {
	rows := [][]float64{{1, 5}, {2, 5}, {3, 5}}
	missing := [][]float64{{1, nan}, {2, nan}, {3, nan}}
	for name, fit := range classifiers {
		_, err := fit(mustDataset(t, Data{Rows: rows, Target: []float64{1, 1, 1}, Classes: yesNo}))
		assert.ErrorIs(t, err, ErrOneClass, name)
		assert.ErrorContains(t, err, `"yes"`, name)
		_, err = fit(mustDataset(t, Data{Rows: rows, Target: []float64{0, 1, 1}, Classes: yesNo, Weights: []float64{0, 1, 1}}))
		assert.ErrorIs(t, err, ErrOneClass, "%s: the other class has no weight", name)
		_, err = fit(mustDataset(t, Data{Rows: rows, Target: []float64{0, 1, 1}}))
		assert.ErrorIs(t, err, ErrTask, name)
		_, err = fit(mustDataset(t, Data{Rows: missing, Target: []float64{0, 1, 1}, Classes: yesNo}))
		assert.ErrorIs(t, err, ErrAllMissing, name)
		assert.ErrorContains(t, err, `"x1"`, name)
	}
	for name, fit := range regressors {
		_, err := fit(mustDataset(t, Data{Rows: rows, Target: []float64{0, 1, 1}, Classes: yesNo}))
		assert.ErrorIs(t, err, ErrTask, name)
		_, err = fit(mustDataset(t, Data{Rows: missing, Target: []float64{0, 1, 1}}))
		assert.ErrorIs(t, err, ErrAllMissing, name)
		weightless, err := mustDataset(t, Data{Rows: rows, Target: []float64{0, 1, 1}, Weights: []float64{0, 1, 1}}).Subset([]int{0})
		require.NoError(t, err)
		_, err = fit(weightless)
		assert.ErrorIs(t, err, ErrWeight, name)
	}
}

func TestOneRowIsItsOwnMean(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{3, 4}}, Target: []float64{7}})
	for name, fit := range regressors {
		m, err := fit(d)
		require.NoError(t, err, name)
		assert.Equal(t, 7.0, m.Predict([]float64{1, nan}), name)
	}
}

func TestConstantColumnsChangeNothing(t *testing.T) {
	rows := [][]float64{{1, 0.1}, {2, 0.1}, {3, 0.1}, {4, 0.1}, {5, 0.1}, {6, 0.1}}
	for name, fit := range classifiers {
		m, err := fit(mustDataset(t, Data{Rows: rows, Target: []float64{0, 0, 0, 1, 1, 1}, Classes: yesNo}))
		require.NoError(t, err, name)
		assert.Equal(t, m.Predict([]float64{2, 0.1}), m.Predict([]float64{2, 1e6}), name)
	}
	for name, fit := range regressors {
		m, err := fit(mustDataset(t, Data{Rows: rows, Target: []float64{1, 2, 3, 4, 5, 6}}))
		require.NoError(t, err, name)
		assert.Equal(t, m.Predict([]float64{2, 0.1}), m.Predict([]float64{2, 1e6}), name)
	}
	only := mustDataset(t, Data{Rows: [][]float64{{5}, {5}}, Target: []float64{1, 3}})
	for _, name := range []string{"tree", "linear", "ridge"} {
		m, err := regressors[name](only)
		require.NoError(t, err, name)
		assert.Equal(t, 2.0, m.Predict([]float64{5}), name)
	}
}

func TestHugeValuesAreNoPanic(t *testing.T) {
	huge := math.MaxFloat64
	d := mustDataset(t, Data{Rows: [][]float64{{-huge}, {huge}, {1}, {5e-324}}, Target: []float64{huge, -huge, huge, 0}})
	for name, fit := range regressors {
		if m, err := fit(d); err == nil {
			assert.False(t, math.IsInf(m.Predict([]float64{0}), 0), name)
		} else {
			assert.True(t, errors.Is(err, ErrModel) || errors.Is(err, ErrNotFinite), "%s: %v", name, err)
		}
	}
}

func TestPredictions(t *testing.T) {
	for _, classes := range []int{2, 3} {
		d := generated(t, 60, classes, true, 30)
		for name, fit := range classifiers {
			m, err := fit(d)
			require.NoError(t, err, name)
			dst := make([]float64, classes)
			for i := range d.Len() {
				x := d.Row(nil, i)
				require.NoError(t, m.PredictProba(dst, x))
				var sum float64
				for _, p := range dst {
					require.GreaterOrEqual(t, p, 0.0)
					sum += p
				}
				require.InDelta(t, 1, sum, 1e-12, name)
				require.InDelta(t, dst[1], m.Predict(x), 1e-12, "%s: Predict is the probability of class 1", name)
			}
			assert.True(t, math.IsNaN(m.Predict(make([]float64, 5))), name)
			assert.True(t, math.IsNaN(m.Predict(nil)), name)
			assert.ErrorIs(t, m.PredictProba(dst, make([]float64, 7)), ErrWidth, name)
			assert.ErrorIs(t, m.PredictProba(dst[1:], make([]float64, 6)), ErrWidth, name)
		}
	}
	d := generated(t, 60, 0, true, 30)
	for name, fit := range regressors {
		m, err := fit(d)
		require.NoError(t, err, name)
		assert.True(t, math.IsNaN(m.Predict(make([]float64, 5))), name)
		short := mustDataset(t, Data{Rows: [][]float64{{1}}, Target: []float64{1}})
		_, err = ScoreRegressor(m, short)
		assert.ErrorIs(t, err, ErrNotFinite, "%s: a wrong width does not pass for a score", name)
	}
}

func TestPredictingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops on purpose under the race detector")
	}
	for _, m := range goldenModels(t) {
		x := []float64{0.1, nan, 2, 0.3, -1, 2}
		assert.Zero(t, testing.AllocsPerRun(100, func() { m.Predict(x) }), "%T", m)
		if c, ok := m.(Classifier); ok {
			dst := make([]float64, len(m.Schema().Classes))
			assert.Zero(t, testing.AllocsPerRun(100, func() { _ = c.PredictProba(dst, x) }), "%T", m)
		}
	}
}
