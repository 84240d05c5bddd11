package supervised

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The slow twin: the weight of each row of the fit is the mean over trees of its share of the leaf.
func TestQuantilesAgreeWithSlowTwin(t *testing.T) {
	d := generated(t, 120, 0, true, 95)
	m, err := RandomForest{Trees: 9, MinLeaf: 4, NoBootstrap: true, Seed: 3}.FitQuantiles(d)
	require.NoError(t, err)
	walk := func(x []float64, tree int) int32 {
		row := make([]uint64, len(m.forest.slots))
		m.forest.read(row, x)
		return m.forest.walk(m.forest.roots[tree], row)
	}
	qs := []float64{0.05, 0.31, 0.5, 0.77, 0.99}
	got := make([]float64, len(qs))
	for i := range 40 {
		x := generated(t, 40, 0, true, 96).Row(nil, i)
		weights := make([]residual, d.Len())
		for r := range weights {
			weights[r].value = d.Target(r)
		}
		for tree := range 9 {
			var total float64
			var same []int
			for r := range d.Len() {
				if walk(d.Row(nil, r), tree) == walk(x, tree) {
					same = append(same, r)
					total += d.Weight(r)
				}
			}
			for _, r := range same {
				weights[r].weight += d.Weight(r) / total / 9
			}
		}
		require.NoError(t, m.Quantiles(got, x, qs))
		for k, q := range qs {
			require.Equal(t, weightedQuantile(weights, q), got[k], "row %d, quantile %v", i, q)
		}
		require.Equal(t, got[2], m.Predict(x))
		at, err := m.At(0.77)
		require.NoError(t, err)
		require.Equal(t, got[3], at.Predict(x))
	}
}

func TestQuantilesCover(t *testing.T) {
	train, test := skewed(t, 3000, 5, nil), skewed(t, 2000, 6, nil)
	m, err := RandomForest{Trees: 60, MinLeaf: 10, Features: 3}.FitQuantiles(train)
	require.NoError(t, err)
	for _, q := range []float64{0.1, 0.5, 0.9} {
		at, err := m.At(q)
		require.NoError(t, err)
		var below float64
		for i, p := range Predictions(at, test) {
			if test.Target(i) <= p {
				below++
			}
		}
		assert.InDelta(t, q, below/float64(test.Len()), 0.04)
	}
	regressor, err := RandomForest{Trees: 60, MinLeaf: 10, Features: 3}.FitRegressor(train)
	require.NoError(t, err)
	assert.Equal(t, saved(t, regressor)[len(saved(t, regressor))-200:len(saved(t, regressor))-8],
		saved(t, m)[len(saved(t, m))-200:len(saved(t, m))-8], "the same trees")
}

func TestQuantilesRefuse(t *testing.T) {
	m, err := RandomForest{Trees: 3}.FitQuantiles(generated(t, 40, 0, true, 97))
	require.NoError(t, err)
	x, dst := make([]float64, 6), []float64{7}
	for _, q := range []float64{0, 1, -1, nan} {
		assert.ErrorIs(t, m.Quantiles(dst, x, []float64{q}), ErrOptions)
		_, err := m.At(q)
		assert.ErrorIs(t, err, ErrOptions)
	}
	assert.ErrorIs(t, m.Quantiles(dst, x[1:], []float64{0.5}), ErrWidth)
	assert.ErrorIs(t, m.Quantiles(nil, x, []float64{0.5}), ErrWidth)
	assert.Equal(t, []float64{7}, dst)
	assert.True(t, math.IsNaN(m.Predict(x[1:])))
	_, err = RandomForest{}.FitQuantiles(generated(t, 40, 2, true, 97))
	assert.ErrorIs(t, err, ErrTask)
	_, err = RandomForest{ClassWeights: []float64{1}}.FitQuantiles(generated(t, 40, 0, true, 97))
	assert.ErrorIs(t, err, ErrOptions)
}
