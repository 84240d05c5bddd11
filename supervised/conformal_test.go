package supervised

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// always answers every row with itself, whatever the row.
type always float64

func (c always) Predict([]float64) float64 { return float64(c) }

// runtimes are n rows of one column with a heavy-tailed target whose scatter grows with the column, in
// groups of unequal size and noise.
func runtimes(t testing.TB, n int, r *rand.Rand) *Dataset {
	var d Data
	for range n {
		x, group := r.Float64(), min(int(3*r.Float64()*r.Float64()), 2)
		d.Rows = append(d.Rows, []float64{x})
		d.Target = append(d.Target, 2*x+(1+x)*float64(1+2*group)*math.Exp(r.NormFloat64()))
		d.Groups = append(d.Groups, group)
	}
	return mustDataset(t, d)
}

func TestConformalQuantileWorked(t *testing.T) {
	nine := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	assert.Equal(t, 9.0, conformalQuantile(nine, 0.1), "⌈10·0.9⌉ = 9, not 10 by rounding")
	assert.Equal(t, 5.0, conformalQuantile(nine, 0.5))
	assert.True(t, math.IsInf(conformalQuantile(nine, 0.09), 1))
	assert.True(t, math.IsInf(conformalQuantile(nil, 0.5), 1))
	assert.Equal(t, 9, fewestRows(0.1))
	assert.Equal(t, 19, fewestRows(0.05))
	assert.Equal(t, 3, fewestRows(0.3))

	d := mustDataset(t, Data{Rows: [][]float64{{0}, {0}, {0}, {0}}, Target: []float64{13, 9, 8, 12}})
	up, err := Conformal{Alpha: 0.4}.Calibrate(always(10), d) // scores 3 −1 −2 2, the third smallest
	require.NoError(t, err)
	assert.Equal(t, 12.0, up.Predict([]float64{0}))
	low, high := up.Bounds([]float64{0})
	assert.Equal(t, []float64{math.Inf(-1), 12}, []float64{low, high})
	two, err := Conformal{Alpha: 0.4, TwoSided: true}.Calibrate(always(10), d) // 3 1 2 2
	require.NoError(t, err)
	low, high = two.Bounds([]float64{0})
	assert.Equal(t, []float64{8, 12}, []float64{low, high})
	pair, err := Conformal{Alpha: 0.4}.CalibrateQuantiles(always(9), always(11), d) // 2 0 1 1
	require.NoError(t, err)
	low, high = pair.Bounds([]float64{0})
	assert.Equal(t, []float64{8, 12}, []float64{low, high})
}

// Over fresh calibration sets the number of covered new rows is binomial with the coverage that the
// theory names exactly for continuous scores, k/(n+1) with k = ⌈(n+1)(1−α)⌉: Vovk et al. 2005.
func TestConformalCoverage(t *testing.T) {
	repeats := 1000
	if testing.Short() {
		repeats = 200
	}
	fit := runtimes(t, 300, rand.New(rand.NewPCG(1, 1)))
	mean, err := LinearRegression{}.Fit(fit)
	require.NoError(t, err)
	lower, err := QuantileRegression{Quantile: 0.05}.Fit(fit)
	require.NoError(t, err)
	upper, err := QuantileRegression{Quantile: 0.95}.Fit(fit)
	require.NoError(t, err)
	const n, alpha = 64, 0.1
	for name, calibrate := range map[string]func(*Dataset) (*ConformalModel, error){
		"upper":           func(d *Dataset) (*ConformalModel, error) { return Conformal{}.Calibrate(mean, d) },
		"upper quantile":  func(d *Dataset) (*ConformalModel, error) { return Conformal{}.Calibrate(upper, d) },
		"two-sided":       func(d *Dataset) (*ConformalModel, error) { return Conformal{TwoSided: true}.Calibrate(mean, d) },
		"quantiles":       func(d *Dataset) (*ConformalModel, error) { return Conformal{}.CalibrateQuantiles(lower, upper, d) },
		"uncalibrated":    func(*Dataset) (*ConformalModel, error) { return &ConformalModel{high: mean}, nil },
		"useless, honest": func(d *Dataset) (*ConformalModel, error) { return Conformal{}.Calibrate(always(-7), d) },
	} {
		covered := 0
		for k := range repeats {
			r := rand.New(rand.NewPCG(uint64(k), 2))
			m, err := calibrate(runtimes(t, n, r))
			require.NoError(t, err, name)
			fresh := runtimes(t, 1, r)
			low, high := m.Bounds(fresh.Row(nil, 0))
			if y := fresh.Target(0); low <= y && y <= high {
				covered++
			}
		}
		share := math.Ceil((n+1)*(1-alpha)) / (n + 1)
		deviation := 4 * math.Sqrt(share*(1-share)*float64(repeats)) // one run in 16,000 of each
		if name == "uncalibrated" {
			assert.Less(t, float64(covered), share*float64(repeats)-deviation, "the check of the check")
		} else {
			assert.InDelta(t, share*float64(repeats), float64(covered), deviation, name)
		}
	}
}

// With one margin for all, the noisy group is covered too rarely; with its own it is covered.
func TestConformalPerGroup(t *testing.T) {
	repeats := 1000
	if testing.Short() {
		repeats = 200
	}
	missed := func(o Conformal) (rates [3]float64) {
		var rows [3]float64
		for k := range repeats {
			r := rand.New(rand.NewPCG(uint64(k), 3))
			m, err := o.Calibrate(always(1), runtimes(t, 200, r))
			require.NoError(t, err)
			fresh := runtimes(t, 8, r)
			for i := range fresh.Len() {
				g := fresh.Group(i)
				rows[g]++
				if _, high := m.GroupBounds(fresh.Row(nil, i), g); fresh.Target(i) > high {
					rates[g]++
				}
			}
		}
		for g := range rates {
			// Outside the binomial's central 1 − 1/16,000 for α when positive; rows of one repeat share
			// a margin, so the interval is taken as if there were a third as many.
			n := rows[g] / 3
			rates[g] = (rates[g]/rows[g] - 0.1) / (4 * math.Sqrt(0.09/n))
		}
		return rates
	}
	own := missed(Conformal{PerGroup: true})
	for g, excess := range own {
		assert.Less(t, excess, 1.0, "group %d", g)
	}
	assert.Greater(t, missed(Conformal{})[2], 1.0, "the noisy group under the margin of all: the check of the check")
}

func TestConformalSmallGroupsFallBack(t *testing.T) {
	var d Data
	for i := range 60 {
		d.Rows, d.Target, d.Groups = append(d.Rows, []float64{0}), append(d.Target, float64(i)), append(d.Groups, i/55)
	}
	data := mustDataset(t, d) // 55 rows of group 0, 5 of group 1
	m, err := Conformal{PerGroup: true}.Calibrate(always(0), data)
	require.NoError(t, err)
	margin, own := m.Margin(0)
	assert.Equal(t, 50.0, margin, "⌈56·0.9⌉ = 51st of 0…54")
	assert.True(t, own)
	for _, group := range []int{1, -3} {
		margin, own = m.Margin(group)
		assert.Equal(t, 54.0, margin, "⌈61·0.9⌉ = 55th of 0…59")
		assert.False(t, own)
	}
	_, high := m.GroupBounds([]float64{0}, 0)
	assert.Equal(t, 50.0, high)
}

func TestConformalRefuses(t *testing.T) {
	d := runtimes(t, 8, rand.New(rand.NewPCG(1, 1)))
	_, err := Conformal{Alpha: 2, MinGroup: -1}.Calibrate(always(0), d)
	require.ErrorIs(t, err, ErrOptions)
	assert.ErrorContains(t, err, "Alpha is 2")
	assert.ErrorContains(t, err, "MinGroup is -1")
	_, err = Conformal{}.Calibrate(always(0), d)
	assert.ErrorIs(t, err, ErrNoRows)
	assert.ErrorContains(t, err, "Alpha 0.1 needs 9")
	_, err = Conformal{Alpha: 0.5}.Calibrate(always(nan), d)
	assert.ErrorIs(t, err, ErrNotFinite)
	assert.ErrorContains(t, err, "row 0")
	_, err = Conformal{Alpha: 0.5, PerGroup: true}.Calibrate(always(0), mustDataset(t, Data{Rows: [][]float64{{1}}, Target: []float64{1}}))
	assert.ErrorIs(t, err, ErrOptions)
	_, err = Conformal{Alpha: 0.5}.Calibrate(always(0), generated(t, 9, 2, false, 1))
	assert.ErrorIs(t, err, ErrTask)
	m, err := Conformal{Alpha: 0.5}.Calibrate(always(0), d)
	require.NoError(t, err)
	_, err = Conformal{Alpha: 0.5}.Calibrate(m, d)
	assert.ErrorIs(t, err, ErrModel)
	_, err = Conformal{Alpha: 0.5}.Calibrate(nil, d)
	assert.ErrorIs(t, err, ErrModel)
	_, err = m.WriteTo(nil)
	assert.ErrorIs(t, err, ErrModel, "the model within cannot be saved")
}

// Proposition 4.1 of Gibbs & Candès (2021) holds for every sequence: here targets that drift, jump and
// answer the bounds out of spite.
func TestAdaptiveConformalBoundHoldsForAnySequence(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	const alpha, rate, steps = 0.1, 0.02, 5000
	for name, next := range map[string]func(k int, b *AdaptiveBounds) float64{
		"drift": func(k int, _ *AdaptiveBounds) float64 { return float64(k)/100 + r.NormFloat64() },
		"jumps": func(k int, _ *AdaptiveBounds) float64 { return float64(k/1000%2)*50 + r.NormFloat64() },
		"spite": func(_ int, b *AdaptiveBounds) float64 {
			if margin := b.model.margin; !math.IsInf(margin, 0) {
				return margin + 1
			}
			return 0
		},
	} {
		b, err := AdaptiveConformal{Alpha: alpha, Rate: rate, Window: 200}.Start(always(0))
		require.NoError(t, err)
		missed := 0.0
		for k := range steps {
			y := next(k, b)
			if y > b.Model().Predict(nil) {
				missed++
			}
			require.NoError(t, b.PartialFit(nil, y))
			require.LessOrEqual(t, len(b.recent), 200)
		}
		assert.InDelta(t, alpha, missed/steps, (max(alpha, 1-alpha)+rate)/(rate*steps), name)
	}
}

// A margin fixed before the jump misses; the adaptive one recovers.
func TestAdaptiveConformalFollowsDrift(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	b, err := AdaptiveConformal{}.Start(always(0))
	require.NoError(t, err)
	var fixed Model
	var missedFixed, missed int
	for k := range 6000 {
		y := math.Abs(r.NormFloat64())
		if k >= 2000 {
			y *= 3
		}
		if k == 2000 {
			fixed = b.Model()
		}
		if k >= 3000 {
			if y > fixed.Predict(nil) {
				missedFixed++
			}
			if y > b.Model().Predict(nil) {
				missed++
			}
		}
		require.NoError(t, b.PartialFit(nil, y))
	}
	assert.InDelta(t, 300, missed, 4*math.Sqrt(3000*0.09))
	assert.Greater(t, missedFixed, 1000)
	assert.ErrorIs(t, b.PartialFit(nil, nan), ErrNotFinite)
}

func TestAdaptiveConformalRefuses(t *testing.T) {
	_, err := AdaptiveConformal{Alpha: 1, Rate: 2, Window: -1}.Start(always(0))
	require.ErrorIs(t, err, ErrOptions)
	for _, part := range []string{"Alpha is 1", "Rate is 2", "Window is -1"} {
		assert.ErrorContains(t, err, part)
	}
}

// The coverage of split-conformal bounds given the calibration set is Beta(k, n+1−k): Vovk 2012.
func TestConformalCoverageIsBeta(t *testing.T) {
	const n, repeats = 19, 2000
	beta := distuv.Beta{Alpha: 18, Beta: 2} // k = ⌈20·0.9⌉
	below := 0
	for k := range repeats {
		r := rand.New(rand.NewPCG(uint64(k), 6))
		var d Data
		for range n {
			d.Rows, d.Target = append(d.Rows, []float64{0}), append(d.Target, r.Float64())
		}
		m, err := Conformal{}.Calibrate(always(0), mustDataset(t, d))
		require.NoError(t, err)
		if m.Predict(nil) < beta.Quantile(0.5) { // of a uniform target the bound is its own coverage
			below++
		}
	}
	assert.InDelta(t, repeats/2, below, 4*math.Sqrt(repeats/4))
}
