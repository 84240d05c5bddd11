package supervised

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The residuals of least squares are orthogonal to the constant and to every column.
func TestLinearRegressionSolvesTheNormalEquations(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{0, 1}, {1, 0}, {2, 5}, {3, 2}}, Target: []float64{5, 4, 16, 12}})
	m, err := LinearRegression{}.Fit(d)
	require.NoError(t, err)
	var residuals [3]float64
	for i := range d.Len() {
		x := d.Row(nil, i)
		r := d.Target(i) - m.Predict(x)
		for k, v := range []float64{1, x[0], x[1]} {
			residuals[k] += r * v
		}
	}
	for _, r := range residuals {
		assert.InDelta(t, 0, r, 1e-12)
	}
}

// One column, by hand: w = Sxy/(Sxx + L2), with x − 3 = −2 −1 0 3 and y − 4 = −2 −2 1 3.
func TestRidgeWorked(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{1}, {2}, {3}, {6}}, Target: []float64{2, 2, 5, 7}})
	const sxx, sxy = 4 + 1 + 0 + 9.0, 4 + 2 + 0 + 9.0
	for _, l2 := range []float64{0, 1, 100} {
		m, err := LinearRegression{L2: l2}.Fit(d)
		require.NoError(t, err)
		w := sxy / (sxx + l2)
		assert.InDelta(t, w, m.Weights(0)[0], 1e-12)
		assert.InDelta(t, 4-3*w, m.Intercept(), 1e-12)
	}
	scaled, err := LinearRegression{L2: 1, Standardise: true}.Fit(d)
	require.NoError(t, err)
	variance := sxx / 4
	assert.InDelta(t, sxy/(4+1)/variance, scaled.Weights(0)[0], 1e-12, "in standard units Sxx is the number of rows")
}

// A weight of 2 is the row twice, a weight of 0 no row.
func TestWeightsAreRepeatedRows(t *testing.T) {
	plain := generated(t, 60, 0, true, 5)
	var rows []int
	weights := make([]float64, plain.Len())
	for i := range weights {
		weights[i] = float64(i % 3)
		for range i % 3 {
			rows = append(rows, i)
		}
	}
	for _, classes := range []int{0, 2, 3} {
		d := generated(t, 60, classes, true, 5).flat()
		unweighted := *d.table
		unweighted.weights = nil
		repeated, err := (&Dataset{table: &unweighted}).Subset(rows)
		require.NoError(t, err)
		weighted := unweighted
		weighted.weights = weights
		w := &Dataset{table: &weighted}

		var got, want []Model
		fit := func(d *Dataset) []Model {
			whole := RandomForest{Trees: 1, NoBootstrap: true, Features: 99, Depth: 3}
			if classes == 0 {
				ridge, err := LinearRegression{L2: 1, Standardise: true}.Fit(d)
				require.NoError(t, err)
				tree, err := whole.FitRegressor(d)
				require.NoError(t, err)
				return []Model{ridge, tree}
			}
			logistic, err := LogisticRegression{Standardise: true}.Fit(d)
			require.NoError(t, err)
			tree, err := whole.FitClassifier(d)
			require.NoError(t, err)
			return []Model{logistic, tree}
		}
		got, want = fit(w), fit(repeated)
		for k := range got {
			require.InDeltaSlice(t, Predictions(want[k], d), Predictions(got[k], d), 1e-7, "%d classes, %T", classes, got[k])
		}
	}
}

func TestLinearModelsTakeCategoriesAndMissingValues(t *testing.T) {
	category := []Column{{Name: "queue", Kind: Categorical, Levels: []string{"p", "q", "r"}}, {Name: "x"}}
	d := mustDataset(t, Data{
		Columns: category,
		Rows:    [][]float64{{0, 1}, {0, 3}, {1, nan}, {1, 2}, {2, 2}, {2, 2}},
		Target:  []float64{1, 1, 5, 5, 9, 9},
	})
	m, err := LinearRegression{}.Fit(d)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{1, 1, 5, 5, 9, 9}, Predictions(m, d), 1e-12)
	assert.InDelta(t, 5, m.Predict([]float64{nan, nan}), 1e-12, "missing everything: the mean")
	assert.InDelta(t, 5, m.Predict([]float64{7, 2}), 1e-12, "an unknown level is a missing one")
	assert.Len(t, m.Weights(0), 3)
	assert.InDelta(t, 0, m.Weights(1)[0], 1e-12)
}

// Two equal columns share the weight: the least norm.
func TestLinearRegressionOfDependentColumns(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{1, 1}, {2, 2}, {4, 4}}, Target: []float64{2, 4, 8}})
	m, err := LinearRegression{}.Fit(d)
	require.NoError(t, err)
	assert.InDelta(t, 1, m.Weights(0)[0], 1e-12)
	assert.InDelta(t, 1, m.Weights(1)[0], 1e-12)
	wide := mustDataset(t, Data{Rows: [][]float64{{1, 2, 3, 4}, {0, 1, 0, 1}}, Target: []float64{2, 4}})
	m, err = LinearRegression{}.Fit(wide)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{2, 4}, Predictions(m, wide), 1e-12)
}
