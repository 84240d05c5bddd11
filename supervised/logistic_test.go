package supervised

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/diff/fd"
)

func testLoss(t *testing.T, classes int) (*logisticLoss, []float64) {
	d := generated(t, 40, classes, true, 7)
	g, err := newDesign(d, true)
	require.NoError(t, err)
	l := &logisticLoss{design: g, outputs: outputs(classes), penalty: 0.7}
	for i := range g.n {
		l.class = append(l.class, int(d.Target(i)))
	}
	r := rand.New(rand.NewPCG(8, 8))
	theta := make([]float64, l.outputs*(l.p+1))
	for i := range theta {
		theta[i] = r.NormFloat64()
	}
	return l, theta
}

func TestLogisticGradientAndCurvatureAgainstFiniteDifferences(t *testing.T) {
	for _, classes := range []int{2, 3, 4} {
		l, theta := testLoss(t, classes)
		dim := len(theta)
		value := func(theta []float64) float64 { return l.evaluate(make([]float64, dim), theta) }
		got, diagonal := make([]float64, dim), make([]float64, dim)
		want := fd.Gradient(nil, value, theta, &fd.Settings{Formula: fd.Central})
		l.evaluate(got, theta)
		l.curvatureDiagonal(diagonal)
		assert.InDeltaSlice(t, want, got, 1e-6)

		r := rand.New(rand.NewPCG(9, 9))
		v, moved := make([]float64, dim), make([]float64, dim)
		for i := range v {
			v[i] = r.NormFloat64()
		}
		const h = 1e-5
		along := func(step float64, v []float64) []float64 {
			for i := range moved {
				moved[i] = theta[i] + step*v[i]
			}
			g := make([]float64, dim)
			l.evaluate(g, moved)
			return g
		}
		product := func(v []float64) []float64 {
			up, down := along(h, v), along(-h, v)
			for i := range up {
				up[i] = (up[i] - down[i]) / (2 * h)
			}
			return up
		}
		hv := make([]float64, dim)
		l.evaluate(got, theta)
		l.curvature(hv, v)
		assert.InDeltaSlice(t, product(v), hv, 1e-6)
		for i := range dim {
			unit := make([]float64, dim)
			unit[i] = 1
			assert.InDelta(t, product(unit)[i], diagonal[i], 1e-6)
		}
	}
}

// plainDescent is the slow twin of minimise: thousands of small steps down the gradient.
func plainDescent(l *logisticLoss, steps int) []float64 {
	dim := l.outputs * (l.p + 1)
	theta, g := make([]float64, dim), make([]float64, dim)
	for range steps {
		l.evaluate(g, theta)
		for i := range theta {
			theta[i] -= 0.02 * g[i]
			if i%(l.p+1) != l.p {
				theta[i] = soft(theta[i], 0.02*l.lasso)
			}
		}
	}
	return theta
}

func TestNewtonAgreesWithPlainDescent(t *testing.T) {
	for _, classes := range []int{2, 3} {
		for _, lasso := range []float64{0, 0.3, 2, 1000} {
			l, _ := testLoss(t, classes)
			l.lasso = lasso
			fast, err := minimise(l, 1e-9, 100)
			require.NoError(t, err)
			slow := plainDescent(l, 6000)
			assert.InDeltaSlice(t, slow, fast, 1e-6, "lasso %v", lasso)
			g := make([]float64, len(fast))
			assert.InEpsilon(t, l.evaluate(g, slow), l.evaluate(g, fast), 1e-12)
			zeros := 0
			for i := range fast {
				if slow[i] == 0 {
					zeros++
					assert.Zero(t, fast[i], "lasso %v", lasso)
				}
			}
			if lasso == 1000 {
				assert.Equal(t, l.outputs*l.p, zeros, "all weights are gone")
			}
		}
	}
}

// A constant column tells nothing, so the probabilities are the weighted shares of the classes.
func TestLogisticRegressionOfNothingIsTheShares(t *testing.T) {
	d := mustDataset(t, Data{
		Rows: [][]float64{{0.1}, {0.1}, {0.1}, {0.1}}, Target: []float64{0, 1, 2, 2},
		Classes: []string{"a", "b", "c"}, Weights: []float64{1, 2, 1, 4},
	})
	m, err := LogisticRegression{Standardise: true}.Fit(d)
	require.NoError(t, err)
	p := make([]float64, 3)
	require.NoError(t, m.PredictProba(p, []float64{0.1}))
	assert.InDeltaSlice(t, []float64{1.0 / 8, 2.0 / 8, 5.0 / 8}, p, 1e-9)
	assert.InDelta(t, p[1], m.Predict([]float64{0.1}), 1e-15)
	assert.Equal(t, 0.0, m.Weights(2, 0)[0])
}

// Rows at −1 and 1: by symmetry b = 0, and the optimum has C·n·σ(−w) = w.
func TestLogisticRegressionWorked(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{-1}, {1}}, Target: []float64{0, 1}, Classes: yesNo})
	for _, c := range []float64{0.1, 1, 100} {
		m, err := LogisticRegression{C: c, Tolerance: 1e-9}.Fit(d)
		require.NoError(t, err)
		w := m.Weights(1, 0)[0]
		assert.InDelta(t, w, c*2*logistic(-w), 1e-7)
		assert.InDelta(t, 0, m.Intercept(1), 1e-9)
		assert.Equal(t, []float64{0}, m.Weights(0, 0))
		assert.InDelta(t, logistic(w), m.Predict([]float64{1}), 1e-12)
	}
}

// Without the labels it cannot be this good: the check of the check.
func TestLogisticRegressionLearns(t *testing.T) {
	train, test := generated(t, 400, 3, true, 10), generated(t, 400, 3, true, 11)
	auc := func(train *Dataset) float64 {
		m, err := LogisticRegression{}.Fit(train)
		require.NoError(t, err)
		s, err := ScoreClassifier(m, test)
		require.NoError(t, err)
		return s.AUC
	}
	assert.Greater(t, auc(train), 0.88)
	scrambled := *train.table
	scrambled.target = train.Targets()
	rand.New(rand.NewPCG(1, 1)).Shuffle(train.Len(), func(a, b int) {
		scrambled.target[a], scrambled.target[b] = scrambled.target[b], scrambled.target[a]
	})
	assert.Less(t, auc(&Dataset{table: &scrambled}), 0.65)
}

func TestLogisticRegressionGivesAbsentClassesNothing(t *testing.T) {
	classes := []string{"a", "b", "c", "d"}
	d := mustDataset(t, Data{Rows: [][]float64{{-1}, {1}, {-2}, {2}}, Target: []float64{0, 2, 0, 2}, Classes: classes})
	m, err := LogisticRegression{}.Fit(d)
	require.NoError(t, err)
	p := make([]float64, 4)
	require.NoError(t, m.PredictProba(p, []float64{2}))
	assert.Equal(t, []float64{0, 0}, []float64{p[1], p[3]})
	assert.InDelta(t, 1, p[0]+p[2], 1e-15)
	assert.Equal(t, 0.0, m.Predict([]float64{2}))
	assert.True(t, math.IsInf(m.Intercept(1), -1))

	d = mustDataset(t, Data{Rows: [][]float64{{-1}, {1}, {5}}, Target: []float64{0, 1, 3}, Classes: classes})
	m, err = LogisticRegression{}.Fit(d)
	require.NoError(t, err)
	require.NoError(t, m.PredictProba(p, []float64{2}))
	assert.Equal(t, 0.0, p[2])
	assert.InDelta(t, 1, p[0]+p[1]+p[3], 1e-15)
	assert.InDelta(t, p[1], m.Predict([]float64{2}), 1e-15)
}

func TestLogisticRegressionOptions(t *testing.T) {
	d := generated(t, 30, 2, false, 1)
	_, err := LogisticRegression{C: -1, L1Ratio: 1.5, Tolerance: 2, Iterations: -1}.Fit(d)
	require.ErrorIs(t, err, ErrOptions)
	for _, part := range []string{"C is -1", "L1Ratio is 1.5", "Tolerance is 2", "Iterations is -1"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = LogisticRegression{Iterations: 1}.Fit(d)
	assert.ErrorIs(t, err, ErrNotConverged)
	_, err = LinearRegression{L2: -1}.Fit(generated(t, 30, 0, false, 1))
	assert.ErrorIs(t, err, ErrOptions)
}

// Columns in bytes beside columns in shares, far from 0, and next to no penalty on classes that can be
// told apart: the hard cases of a solver.
func TestLogisticRegressionConvergesOnUnevenColumns(t *testing.T) {
	for _, classes := range []int{2, 3} {
		d := *generated(t, 300, classes, true, 17).table
		for j, scale := range []float64{1e9, 1e-6, 1} {
			if d.schema.Columns[j].Kind == Numeric {
				for i := range d.cols[j] {
					d.cols[j][i] = scale * (100 + d.cols[j][i])
				}
			}
		}
		scaled := &Dataset{table: &d}
		plain := generated(t, 300, classes, true, 17)
		for _, c := range []float64{1e-3, 1, 1e6} {
			a, err := LogisticRegression{C: c, Standardise: true}.Fit(scaled)
			require.NoError(t, err, "C %v", c)
			b, err := LogisticRegression{C: c, Standardise: true}.Fit(plain)
			require.NoError(t, err, "C %v", c)
			assert.InDeltaSlice(t, Predictions(b, plain), Predictions(a, scaled), 1e-5, "standardised, the unit does not matter")
			_, err = LogisticRegression{C: c}.Fit(scaled)
			require.NoError(t, err, "C %v, unscaled", c)
		}
	}
	apart := mustDataset(t, Data{Rows: [][]float64{{1}, {2}, {3}, {4}}, Target: []float64{0, 0, 1, 1}, Classes: yesNo})
	for _, c := range []float64{1, 1e4, 1e8} {
		m, err := LogisticRegression{C: c}.Fit(apart)
		require.NoError(t, err, "C %v", c)
		assert.InDelta(t, 0.5, m.Predict([]float64{2.5}), 1e-6)
	}
}
