package supervised

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The examples of scikit-learn's documentation of each function, whose four digits printed there are cut, not rounded.
func TestMetricsOfScikitLearnsExamples(t *testing.T) {
	type floats = []float64
	for _, c := range []struct {
		name string
		got  func() (float64, error)
		want float64
	}{
		{"roc_auc_score", func() (float64, error) { return AUC(floats{0, 0, 1, 1}, floats{0.1, 0.4, 0.35, 0.8}) }, 0.75},
		{"average_precision_score", func() (float64, error) { return PRAUC(floats{0, 0, 1, 1}, floats{0.1, 0.4, 0.35, 0.8}) }, 0.8333},
		{"balanced_accuracy_score", func() (float64, error) { return BalancedAccuracy(floats{0, 1, 0, 0, 1, 0}, floats{0, 1, 0, 0, 0, 1}) }, 0.625},
		{"brier_score_loss", func() (float64, error) { return Brier(floats{0, 1, 1, 0}, floats{0.1, 0.9, 0.8, 0.3}) }, 0.0375},
		{"mean_absolute_error", func() (float64, error) { return MAE(floats{3, -0.5, 2, 7}, floats{2.5, 0, 2, 8}) }, 0.5},
		{"mean_absolute_percentage_error", func() (float64, error) { return MAPE(floats{3, -0.5, 2, 7}, floats{2.5, 0, 2, 8}) }, 0.3273},
		{"mean_pinball_loss low", func() (float64, error) { return Pinball(floats{1, 2, 3}, floats{0, 2, 3}, 0.1) }, 0.0333},
		{"mean_pinball_loss high", func() (float64, error) { return Pinball(floats{1, 2, 3}, floats{1, 2, 4}, 0.1) }, 0.3},
		{"mean_pinball_loss low, 0.9", func() (float64, error) { return Pinball(floats{1, 2, 3}, floats{0, 2, 3}, 0.9) }, 0.3},
		{"mean_pinball_loss high, 0.9", func() (float64, error) { return Pinball(floats{1, 2, 3}, floats{1, 2, 4}, 0.9) }, 0.0333},
	} {
		got, err := c.got()
		require.NoError(t, err, c.name)
		assert.InDelta(t, c.want, got, 1e-4, c.name)
	}
}

// Worked by hand. Scores 0.9 (1), 0.5 (1 and 0 tied), 0.1 (1 and 0 tied): precision 1 at recall 1/3, 2/3 at
// 2/3, 3/5 at 1.
func TestPRAUCTakesTiesTogether(t *testing.T) {
	y, score := []float64{0, 1, 1, 1, 0}, []float64{0.5, 0.9, 0.5, 0.1, 0.1}
	got, err := PRAUC(y, score)
	require.NoError(t, err)
	assert.InDelta(t, (1+2.0/3+3.0/5)/3, got, 1e-15)
	same, err := PRAUC([]float64{0, 0, 0, 1}, []float64{7, 7, 7, 7})
	require.NoError(t, err)
	assert.Equal(t, 0.25, same, "a score that knows nothing")
}

// Worked by hand: bins [0, ½) with p 0.1 and 0.3 and one label 1 of two, [½, 1] with p 0.5 and 1, all 1.
func TestCalibrationError(t *testing.T) {
	y, p := []float64{0, 1, 1, 1}, []float64{0.1, 0.3, 0.5, 1}
	got, err := CalibrationError(y, p, 2)
	require.NoError(t, err)
	assert.InDelta(t, (2*0.3+2*0.25)/4, got, 1e-15)
	curve, err := Weighted{1, 3, 0, 0}.Calibration(y, p, 2)
	require.NoError(t, err)
	require.Len(t, curve, 1, "a bin without weight is left out")
	assert.InDelta(t, 0.25, curve[0].Predicted, 1e-15)
	assert.Equal(t, CalibrationBin{Weight: 4, Predicted: curve[0].Predicted, Observed: 0.75}, curve[0])
}

// A row of weight 3 is three rows, one of weight 0 none.
func TestWeightsCountRows(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	codes := func(f func(w Weighted, y, p []float64) (float64, error)) func(Weighted, []float64, []float64) (float64, error) {
		return func(w Weighted, y, p []float64) (float64, error) {
			rounded := make([]float64, len(p))
			for i, v := range p {
				rounded[i] = math.Round(v)
			}
			return f(w, y, rounded)
		}
	}
	two := func(p []float64) []float64 {
		var proba []float64
		for _, v := range p {
			proba = append(proba, 1-v, v)
		}
		return proba
	}
	metrics := map[string]func(w Weighted, y, p []float64) (float64, error){
		"Accuracy": codes(Weighted.Accuracy), "BalancedAccuracy": codes(Weighted.BalancedAccuracy),
		"LogLoss": Weighted.LogLoss, "AUC": Weighted.AUC, "PRAUC": Weighted.PRAUC, "Brier": Weighted.Brier,
		"RMSE": Weighted.RMSE, "MAE": Weighted.MAE,
		"LogLossClasses":   func(w Weighted, y, p []float64) (float64, error) { return w.LogLossClasses(y, two(p), 2) },
		"AUCClasses":       func(w Weighted, y, p []float64) (float64, error) { return w.AUCClasses(y, two(p), 2) },
		"CalibrationError": func(w Weighted, y, p []float64) (float64, error) { return w.CalibrationError(y, p, 4) },
		"Pinball":          func(w Weighted, y, p []float64) (float64, error) { return w.Pinball(y, p, 0.3) },
		"MAPE": func(w Weighted, y, p []float64) (float64, error) {
			shifted := make([]float64, len(y))
			for i, v := range y {
				shifted[i] = v + 1
			}
			return w.MAPE(shifted, p)
		},
		"scoreProba": func(w Weighted, y, p []float64) (float64, error) {
			s, err := w.scoreProba(y, two(p), 2)
			return s.Accuracy + s.AUC + s.Brier + s.LogLoss, err
		},
	}
	for range 50 {
		n := 4 + r.IntN(20)
		y, p, w := make([]float64, n), make([]float64, n), make(Weighted, n)
		var ys, ps []float64
		for i := range y {
			y[i], p[i], w[i] = float64(r.IntN(2)), float64(r.IntN(9))/8, float64(r.IntN(4))
			if i < 2 {
				y[i], w[i] = float64(i), 1
			}
			for range int(w[i]) {
				ys, ps = append(ys, y[i]), append(ps, p[i])
			}
		}
		for name, f := range metrics {
			want, err := f(nil, ys, ps)
			require.NoError(t, err, name)
			got, err := f(w, y, p)
			require.NoError(t, err, name)
			require.InDelta(t, want, got, 1e-12, name)
		}
	}
	for name, f := range metrics {
		_, err := f(Weighted{1}, []float64{0, 1}, []float64{0, 1})
		assert.ErrorIs(t, err, ErrRagged, name)
		_, err = f(Weighted{0, 0}, []float64{0, 1}, []float64{0, 1})
		assert.ErrorIs(t, err, ErrWeight, name)
		_, err = f(Weighted{nan, 0}, []float64{0, 1}, []float64{0, 1})
		assert.ErrorIs(t, err, ErrWeight, name)
	}
}

func TestScoresUseTheDatasetsWeights(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{0}, {1}, {5}}, Target: []float64{0, 1, 2}, Weights: []float64{1, 1, 2}})
	m, err := LinearRegression{}.Fit(mustDataset(t, Data{Rows: [][]float64{{0}, {1}}, Target: []float64{0, 1}}))
	require.NoError(t, err)
	s, err := ScoreRegressor(m, d)
	require.NoError(t, err)
	assert.InDelta(t, 2*3.0/4, s.MAE, 1e-12)
	view, err := d.Subset([]int{2, 0})
	require.NoError(t, err)
	s, err = ScoreRegressor(m, view)
	require.NoError(t, err)
	assert.InDelta(t, 2*3.0/3, s.MAE, 1e-12)
}

func TestNewMetricsRefuse(t *testing.T) {
	assert.ErrorIs(t, errOf(PRAUC([]float64{0, 0}, []float64{1, 2})), ErrOneClass)
	assert.ErrorIs(t, errOf(PRAUC([]float64{0, 3}, []float64{1, 2})), ErrLabel)
	assert.ErrorIs(t, errOf(CalibrationError([]float64{0, 1}, []float64{0, 1.5}, 5)), ErrProbability)
	assert.ErrorIs(t, errOf(CalibrationError([]float64{0, 1}, []float64{0, 1}, 0)), ErrOptions)
	assert.ErrorIs(t, errOf(CalibrationError([]float64{0, 1}, []float64{0, 1}, math.MaxInt)), ErrOptions)
	assert.ErrorIs(t, errOf(Pinball([]float64{0}, []float64{0}, 1)), ErrOptions)
	assert.ErrorIs(t, errOf(Pinball([]float64{0}, []float64{nan}, 0.5)), ErrNotFinite)
	err := errOf(MAPE([]float64{1, 0}, []float64{1, 1}))
	assert.ErrorIs(t, err, ErrZero)
	assert.ErrorContains(t, err, "row 1")
}
