package supervised

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func checkLoss(m Model, d *Dataset, quantile float64) float64 {
	var sum float64
	for i, p := range Predictions(m, d) {
		r := d.Target(i) - p
		sum += d.Weight(i) * max(quantile*r, (quantile-1)*r)
	}
	return sum
}

// bruteQuantile is the slow twin: the optimum of the linear program is at a vertex, a plane through as
// many rows as it has coefficients.
func bruteQuantile(d *Dataset, quantile float64) float64 {
	p := d.Width() + 1
	best := math.Inf(1)
	chosen := make([]int, p)
	var try func(k, from int)
	try = func(k, from int) {
		if k < p {
			for i := from; i < d.Len(); i++ {
				chosen[k] = i
				try(k+1, i+1)
			}
			return
		}
		a, b := mat.NewDense(p, p, nil), mat.NewVecDense(p, nil)
		for r, i := range chosen {
			a.SetRow(r, append(d.Row(nil, i), 1))
			b.SetVec(r, d.Target(i))
		}
		var beta mat.VecDense
		if beta.SolveVec(a, b) != nil {
			return
		}
		var loss float64
		for i := range d.Len() {
			r := d.Target(i) - mat.Dot(mat.NewVecDense(p, append(d.Row(nil, i), 1)), &beta)
			loss += d.Weight(i) * max(quantile*r, (quantile-1)*r)
		}
		best = min(best, loss)
	}
	try(0, 0)
	return best
}

func TestQuantileRegressionAgainstEveryVertex(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 5))
		var d Data
		for range 14 {
			x := []float64{100 + r.NormFloat64(), 1e-3 * r.NormFloat64()}
			d.Rows = append(d.Rows, x)
			d.Target = append(d.Target, 3*x[0]+2000*x[1]+math.Exp(2*r.NormFloat64()))
			d.Weights = append(d.Weights, float64(r.IntN(3)))
		}
		data := mustDataset(t, d)
		for _, quantile := range []float64{0.05, 0.3, 0.5, 0.9} {
			m, err := QuantileRegression{Quantile: quantile}.Fit(data)
			require.NoError(t, err, "seed %d, quantile %v", seed, quantile)
			require.InEpsilon(t, bruteQuantile(data, quantile), checkLoss(m, data, quantile), 2e-9, "seed %d, quantile %v", seed, quantile)
		}
	}
}

// Without columns that tell anything it is the quantile of the targets.
func TestQuantileRegressionOfNothingIsTheQuantile(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{5}, {5}, {5}, {5}, {5}}, Target: []float64{1, 2, 3, 4, 100}})
	for quantile, want := range map[float64]float64{0.5: 3, 0.3: 2, 0.9: 100} {
		m, err := QuantileRegression{Quantile: quantile}.Fit(d)
		require.NoError(t, err)
		assert.InDelta(t, want, m.Intercept(), 1e-5)
	}
	same := mustDataset(t, Data{Rows: [][]float64{{1}, {2}}, Target: []float64{7, 7}})
	m, err := QuantileRegression{}.Fit(same)
	require.NoError(t, err)
	assert.Equal(t, 7.0, m.Predict([]float64{9}))
}

// A share Quantile of the rows is below the plane, up to the rows on it (Koenker & Bassett, theorem 3.4).
func TestQuantileRegressionParts(t *testing.T) {
	d := generated(t, 2000, 0, true, 3).flat()
	plain := *d.table
	plain.weights = nil
	d = &Dataset{table: &plain}
	for _, quantile := range []float64{0.1, 0.5, 0.95} {
		m, err := QuantileRegression{Quantile: quantile}.Fit(d)
		require.NoError(t, err)
		below := 0
		for i, p := range Predictions(m, d) {
			if d.Target(i) < p {
				below++
			}
		}
		assert.InDelta(t, quantile*2000, float64(below), 11, "quantile %v", quantile)
	}
}

func TestQuantileRegressionRefuses(t *testing.T) {
	d := generated(t, 30, 0, false, 1)
	_, err := QuantileRegression{Quantile: 1, Tolerance: -1, Iterations: -1}.Fit(d)
	require.ErrorIs(t, err, ErrOptions)
	for _, part := range []string{"Quantile is 1", "Tolerance is -1", "Iterations is -1"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = QuantileRegression{Iterations: 1}.Fit(d)
	assert.ErrorIs(t, err, ErrNotConverged)
}

func BenchmarkQuantileFit(b *testing.B) {
	d := generated(b, 10000, 0, true, 40)
	b.Run(fmt.Sprintf("rows=%d/columns=6", d.Len()), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := QuantileRegression{Quantile: 0.9}.Fit(d)
			require.NoError(b, err)
		}
	})
}
