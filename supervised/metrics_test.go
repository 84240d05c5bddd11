package supervised

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Worked by hand.
func TestMetricsWorked(t *testing.T) {
	y, p := []float64{1, 0, 1, 0}, []float64{0.9, 0.1, 0.4, 0.6}
	got, err := LogLoss(y, p)
	require.NoError(t, err)
	assert.InDelta(t, -(2*math.Log(0.9)+2*math.Log(0.4))/4, got, 1e-15)

	got, err = Brier(y, p)
	require.NoError(t, err)
	assert.InDelta(t, (0.01+0.01+0.36+0.36)/4, got, 1e-15)

	got, err = RMSE([]float64{1, 2, 3}, []float64{1, 4, 0})
	require.NoError(t, err)
	assert.InDelta(t, math.Sqrt(13.0/3), got, 1e-15)

	got, err = MAE([]float64{1, 2, 3}, []float64{1, 4, 0})
	require.NoError(t, err)
	assert.InDelta(t, 5.0/3, got, 1e-15)

	got, err = Accuracy([]float64{0, 1, 2, 2}, []float64{0, 2, 2, 2})
	require.NoError(t, err)
	assert.Equal(t, 0.75, got)

	confusion, err := Confusion([]float64{0, 1, 2, 2}, []float64{0, 2, 2, 1}, 3)
	require.NoError(t, err)
	assert.Equal(t, [][]int{{1, 0, 0}, {0, 0, 1}, {0, 1, 1}}, confusion)

	got, err = LogLossClasses([]float64{2, 0}, []float64{0.2, 0.3, 0.5, 0.25, 0.5, 0.25}, 3)
	require.NoError(t, err)
	assert.InDelta(t, -(math.Log(0.5)+math.Log(0.25))/2, got, 1e-15)
}

// The example of scikit-learn's log_loss documentation.
func TestLogLossOfScikitLearnsExample(t *testing.T) {
	got, err := LogLoss([]float64{1, 0, 0, 1}, []float64{0.9, 0.1, 0.2, 0.65})
	require.NoError(t, err)
	assert.InDelta(t, 0.21616, got, 5e-6)
}

func TestLogLossClipsCertainty(t *testing.T) {
	wrong, err := LogLoss([]float64{1}, []float64{0})
	require.NoError(t, err)
	assert.InDelta(t, 52*math.Ln2, wrong, 1e-12)
	right, err := LogLoss([]float64{1}, []float64{1})
	require.NoError(t, err)
	assert.InDelta(t, 0, right, 1e-15)
	both, err := LogLossClasses([]float64{1}, []float64{1, 0}, 2)
	require.NoError(t, err)
	assert.Equal(t, wrong, both)
}

// The definition: the share of (1, 0) pairs that are in the right order, ties half.
func TestAUCAgreesWithCountingPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		n := 2 + r.IntN(30)
		y, score := make([]float64, n), make([]float64, n)
		for i := range y {
			y[i], score[i] = float64(r.IntN(2)), float64(r.IntN(6))
		}
		y[0], y[1] = 0, 1
		var good, pairs float64
		for i := range y {
			for j := range y {
				if y[i] == 1 && y[j] == 0 {
					pairs++
					switch {
					case score[i] > score[j]:
						good++
					case score[i] == score[j]:
						good += 0.5
					}
				}
			}
		}
		got, err := AUC(y, score)
		require.NoError(t, err)
		require.InDelta(t, good/pairs, got, 1e-12)
	}
}

func TestAUCClassesLeavesOutAbsentClasses(t *testing.T) {
	// Class 0 is told from the rest perfectly, class 1 half; class 2 has no rows.
	got, err := AUCClasses([]float64{0, 1}, []float64{0.8, 0.1, 0.1, 0.4, 0.1, 0.5}, 3)
	require.NoError(t, err)
	assert.Equal(t, 0.75, got)
}

func TestMetricsRefuse(t *testing.T) {
	binary := map[string]func(y, p []float64) (float64, error){"LogLoss": LogLoss, "AUC": AUC, "Brier": Brier}
	pairs := map[string]func(y, p []float64) (float64, error){"RMSE": RMSE, "MAE": MAE, "Accuracy": Accuracy}
	for name, f := range binary {
		pairs[name] = f
		_, err := f([]float64{0, 2}, []float64{0, 1})
		assert.ErrorIs(t, err, ErrLabel, name)
	}
	for name, f := range pairs {
		_, err := f(nil, nil)
		assert.ErrorIs(t, err, ErrNoRows, name)
		_, err = f([]float64{1, 0}, []float64{1})
		assert.ErrorIs(t, err, ErrRagged, name)
		_, err = f([]float64{1, 0}, []float64{1, nan})
		assert.ErrorIs(t, err, ErrNotFinite, name)
		_, err = f([]float64{1, math.Inf(1)}, []float64{1, 1})
		assert.ErrorIs(t, err, ErrNotFinite, name)
	}
	_, err := AUC([]float64{1, 1}, []float64{0.1, 0.2})
	assert.ErrorIs(t, err, ErrOneClass)
	_, err = AUCClasses([]float64{1, 1}, []float64{0, 1, 0, 1}, 2)
	assert.ErrorIs(t, err, ErrOneClass)
	_, err = LogLossClasses([]float64{0, 3}, make([]float64, 6), 3)
	assert.ErrorIs(t, err, ErrLabel)
	_, err = LogLossClasses([]float64{0, 1}, make([]float64, 5), 3)
	assert.ErrorIs(t, err, ErrRagged)
	_, err = LogLossClasses([]float64{0}, nil, 0)
	assert.ErrorIs(t, err, ErrRagged)
	_, err = LogLossClasses([]float64{0}, []float64{1, nan}, 2)
	assert.ErrorIs(t, err, ErrNotFinite)
	_, err = Confusion([]float64{0}, []float64{2}, 2)
	assert.ErrorIs(t, err, ErrLabel)
	_, err = Confusion([]float64{0}, []float64{0}, -1)
	assert.ErrorIs(t, err, ErrLabel)
}

func TestScoresOfOneClassHaveNoArea(t *testing.T) {
	s, err := scoreProba([]float64{1, 1}, []float64{0.2, 0.8, 0.6, 0.4}, 2)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(s.AUC))
	assert.Equal(t, 0.5, s.Accuracy)
	assert.InDelta(t, (0.04+0.36)/2, s.Brier, 1e-15)
}
