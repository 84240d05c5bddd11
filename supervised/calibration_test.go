package supervised

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overconfident claims probabilities whose log-odds are three times too far from 0.
type overconfident struct{ schema Schema }

func (o overconfident) Schema() Schema { return o.schema }

func (o overconfident) Predict(x []float64) float64 { return logistic(3*x[0] + 1) }

func (o overconfident) PredictProba(dst, x []float64) error {
	if err := checkWidths(&o.schema, dst, x); err != nil {
		return err
	}
	p := o.Predict(x)
	dst[0], dst[1] = 1-p, p
	return nil
}

func calibrationRows(t testing.TB, n int, seed uint64) *Dataset {
	r := rand.New(rand.NewPCG(seed, 7))
	d := Data{Classes: yesNo}
	for range n {
		x, y := r.NormFloat64(), 0.0
		if r.Float64() < logistic(x) {
			y = 1
		}
		d.Rows, d.Target = append(d.Rows, []float64{x}), append(d.Target, y)
	}
	return mustDataset(t, d)
}

// The true curve is known: p = σ(x), and the claim is σ(3x+1), so Platt's slope is ⅓ and its shift −⅓.
func TestPlattFindsTheCurve(t *testing.T) {
	d := calibrationRows(t, 20000, 1)
	m, err := Calibration{}.Fit(overconfident{d.Schema()}, d)
	require.NoError(t, err)
	assert.InDelta(t, 1.0/3, m.curves[0].y[0], 0.02)
	assert.InDelta(t, -1.0/3, m.curves[0].y[1], 0.03)
}

// Lin's targets: with all scores equal the curve is one probability, the mean of the smoothed targets.
func TestPlattOfOneScoreIsTheSmoothedShare(t *testing.T) {
	points := []point{{0.5, 1, 1}, {0.5, 1, 1}, {0.5, 1, 1}, {0.5, 0, 1}}
	c, err := platt(points)
	require.NoError(t, err)
	assert.InDelta(t, (3*4.0/5+1.0/3)/4, c.at(Platt, 0.5), 1e-9)
}

func TestCalibrationImprovesLogLoss(t *testing.T) {
	fit, test := calibrationRows(t, 5000, 2), calibrationRows(t, 5000, 3)
	inner := overconfident{fit.Schema()}
	before, err := ScoreClassifier(inner, test)
	require.NoError(t, err)
	best := 0.0 // the entropy that nobody can beat
	for i := range test.Len() {
		p := logistic(test.Value(i, 0))
		if test.Target(i) == 0 {
			p = 1 - p
		}
		best -= math.Log(p) / float64(test.Len())
	}
	require.Greater(t, before.LogLoss, best+0.2)
	for _, method := range []CalibrationMethod{Platt, Isotonic} {
		m, err := Calibration{Method: method}.Fit(inner, fit)
		require.NoError(t, err)
		after, err := ScoreClassifier(m, test)
		require.NoError(t, err)
		assert.InDelta(t, best, after.LogLoss, 0.01, "method %d", method)
		assert.InDelta(t, before.AUC, after.AUC, 0.005, "ranks stay")
	}
}

// The slow twin: isotonic regression by the min-max formula (Robertson, Wright & Dykstra 1988, theorem 1.4.4).
func TestIsotonicAgainstMinMax(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 8))
		var points []point
		for range 1 + r.IntN(12) {
			points = append(points, point{x: float64(r.IntN(8)) / 8, y: float64(r.IntN(2)), weight: 0.5 + float64(r.IntN(3))})
		}
		mean := func(from, to float64) (sum, weight float64) {
			for _, p := range points {
				if from <= p.x && p.x <= to {
					sum += p.weight * p.y
					weight += p.weight
				}
			}
			return sum, weight
		}
		want := map[float64]float64{}
		for _, at := range points {
			best := math.Inf(-1)
			for _, a := range points {
				least := math.Inf(1)
				for _, b := range points {
					if a.x <= at.x && at.x <= b.x {
						sum, weight := mean(a.x, b.x)
						least = min(least, sum/weight)
					}
				}
				if a.x <= at.x {
					best = max(best, least)
				}
			}
			want[at.x] = best
		}
		c := isotonic(points)
		for x, p := range want {
			require.InDelta(t, p, c.at(Isotonic, x), 1e-12, "seed %d at %v", seed, x)
		}
	}
}

func TestIsotonicBetweenKnots(t *testing.T) {
	c := isotonic([]point{{0.2, 0, 1}, {0.4, 1, 1}})
	assert.InDelta(t, 0.5, c.at(Isotonic, 0.3), 1e-12)
	assert.Equal(t, []float64{0, 1}, []float64{c.at(Isotonic, 0), c.at(Isotonic, 1)})
}

func TestCalibrationOfManyClasses(t *testing.T) {
	fit := generated(t, 600, 3, true, 50)
	inner, err := RandomForest{Trees: 10, Seed: 1}.FitClassifier(generated(t, 300, 3, true, 51))
	require.NoError(t, err)
	for _, method := range []CalibrationMethod{Platt, Isotonic} {
		m, err := Calibration{Method: method}.Fit(inner, fit)
		require.NoError(t, err)
		before, err := ScoreClassifier(inner, fit)
		require.NoError(t, err)
		after, err := ScoreClassifier(m, fit)
		require.NoError(t, err)
		assert.Less(t, after.LogLoss, before.LogLoss)
		p := make([]float64, 3)
		require.NoError(t, m.PredictProba(p, fit.Row(nil, 0)))
		assert.InDelta(t, 1, p[0]+p[1]+p[2], 1e-12)
		assert.Equal(t, p[1], m.Predict(fit.Row(nil, 0)))
		assert.True(t, math.IsNaN(m.Predict(nil)))
	}
}

func TestCalibrationRefuses(t *testing.T) {
	d := calibrationRows(t, 50, 1)
	inner := overconfident{d.Schema()}
	_, err := Calibration{Method: 9}.Fit(inner, d)
	assert.ErrorIs(t, err, ErrOptions)
	_, err = Calibration{}.Fit(inner, generated(t, 30, 3, false, 1))
	assert.ErrorIs(t, err, ErrLabel)
	_, err = Calibration{}.Fit(inner, mustDataset(t, Data{Rows: [][]float64{{1}, {2}}, Target: []float64{1, 1}, Classes: yesNo}))
	assert.ErrorIs(t, err, ErrOneClass)
	_, err = Calibration{}.Fit(inner, mustDataset(t, Data{Rows: [][]float64{{1}, {nan}}, Target: []float64{0, 1}, Classes: yesNo}))
	assert.ErrorIs(t, err, ErrNotFinite)
	m, err := Calibration{}.Fit(inner, d)
	require.NoError(t, err)
	_, err = Calibration{}.Fit(m, d)
	assert.ErrorIs(t, err, ErrModel)
	_, err = m.WriteTo(nil)
	assert.ErrorIs(t, err, ErrModel)
}
