package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

// Three differences 1, 2, 6 have 27 equally likely resamples: means 1 (1 of 27), 4/3 (3), 5/3 (3), … 14/3 (3), 6 (1).
// At level 0.6 the widened tail is Φ(−√1.5·t(2; 0.8)) = Φ(−1.2990) = 0.0970, so the limits are the second values from
// both ends, which span 1/27 = 0.037 to 4/27 = 0.148.
func TestPairedBootstrapWorkedNumbers(t *testing.T) {
	got, err := PairedBootstrap([]float64{11, 22, 36}, []float64{10, 20, 30}, BootstrapOptions{Level: 0.6, Seed: 1})
	require.NoError(t, err)
	assert.InDelta(t, 0.0970, expandedTail(0.2, 3), 1e-4)
	assert.InDelta(t, 3, got.Value, 1e-12)
	assert.InDelta(t, 4.0/3, got.Lower, 1e-12)
	assert.InDelta(t, 14.0/3, got.Upper, 1e-12)
	assert.Equal(t, []int{3, 3}, []int{got.Units, got.Clusters})
	assert.Equal(t, 0.6, got.Level)
}

// Efron & Tibshirani (1993), table 2.1: the ideal bootstrap standard error of the mean of the seven treated mice is 23.36.
func TestResampleMatchesTheBook(t *testing.T) {
	mice := []float64{94, 197, 16, 38, 99, 141, 23}
	means := resample(groupByCluster(mice, nil), 200_000, 7)
	mean, sd := stat.MeanStdDev(means, nil)
	assert.InDelta(t, 86.86, mean, 0.2)
	assert.InDelta(t, 23.36, sd, 0.1)
}

// The slow twin: all n^n resamples of clusters, each one a list of units, instead of random ones.
func TestPairedBootstrapAgainstEveryResample(t *testing.T) {
	method := []float64{3, 9, 4, 1, 5, 9, 2, 6, 5}
	reference := []float64{2, 7, 1, 8, 2, 8, 1, 8, 2}
	clusters := []int{4, 4, 9, 1, 0, 0, 0, -3, 5} // six clusters of unequal size
	order := []int{4, 9, 1, 0, -3, 5}
	for _, scale := range []Scale{Difference, Ratio} {
		var means []float64
		total := 46656 // 6^6
		for code := range total {
			var sum float64
			var n int
			for c, rest := 0, code; c < 6; c, rest = c+1, rest/6 {
				for u := range method {
					if clusters[u] != order[rest%6] {
						continue
					}
					n++
					if scale == Ratio {
						sum += math.Log(method[u] / reference[u])
					} else {
						sum += method[u] - reference[u]
					}
				}
			}
			means = append(means, sum/float64(n))
		}
		slices.Sort(means)
		k := int(expandedTail(0.025, 6) * float64(total))
		lower, upper := means[k], means[total-1-k]
		if scale == Ratio {
			lower, upper = math.Exp(lower), math.Exp(upper)
		}
		got, err := PairedBootstrap(method, reference,
			BootstrapOptions{Scale: scale, Clusters: clusters, Resamples: 200_000, Seed: 3})
		require.NoError(t, err)
		assert.InDelta(t, lower, got.Lower, 0.06, scale)
		assert.InDelta(t, upper, got.Upper, 0.06, scale)
		assert.Equal(t, []int{9, 6}, []int{got.Units, got.Clusters})
	}
}

func TestRatioIsTheGeometricMean(t *testing.T) {
	// Half on three units and double on three: nothing gained. Plain means would say 25 % worse.
	got, err := PairedBootstrap([]float64{1, 1, 1, 4, 4, 4}, []float64{2, 2, 2, 2, 2, 2}, BootstrapOptions{Scale: Ratio})
	require.NoError(t, err)
	assert.InDelta(t, 1, got.Value, 1e-12)
	assert.InDelta(t, 0.5, got.Lower, 1e-12)
	assert.InDelta(t, 2, got.Upper, 1e-12)
}

// coverage is the share of intervals that hold the truth over many data sets drawn from a known distribution.
func coverage(t *testing.T, truth float64, o BootstrapOptions, draw func(rng *rand.Rand) (method, reference []float64, clusters []int)) float64 {
	t.Helper()
	const sets = 1500
	held := 0
	for s := range sets {
		rng := rand.New(rand.NewPCG(uint64(s), 42))
		o.Resamples, o.Seed = 999, uint64(s)
		var method, reference []float64
		method, reference, o.Clusters = draw(rng)
		got, err := PairedBootstrap(method, reference, o)
		require.NoError(t, err)
		if got.Lower <= truth && truth <= got.Upper {
			held++
		}
	}
	return float64(held) / sets
}

// 1,500 data sets tell a coverage of 0.95 within ±0.017 (three standard errors); the wider lower bounds are what
// percentile intervals are known to lose on skewed values.
func TestPairedBootstrapCoverage(t *testing.T) {
	if testing.Short() {
		t.Skip("12,000 bootstraps take some seconds")
	}
	pairs := func(n int, noise func(*rand.Rand) float64) func(*rand.Rand) ([]float64, []float64, []int) {
		return func(rng *rand.Rand) (method, reference []float64, clusters []int) {
			for range n {
				unit := 10 * rng.ExpFloat64() // what the pairing takes out
				method, reference = append(method, unit+noise(rng)), append(reference, unit)
			}
			return method, reference, nil
		}
	}
	normal := func(rng *rand.Rand) float64 { return 2 + rng.NormFloat64() }
	skewed := func(rng *rand.Rand) float64 { return rng.ExpFloat64() }
	ratios := func(rng *rand.Rand) (method, reference []float64, clusters []int) {
		for range 20 {
			unit := math.Exp(2 * rng.NormFloat64())
			method, reference = append(method, unit*math.Exp(0.1+0.3*rng.NormFloat64())), append(reference, unit)
		}
		return method, reference, nil
	}
	clustered := func(named bool) func(*rand.Rand) ([]float64, []float64, []int) {
		return func(rng *rand.Rand) (method, reference []float64, clusters []int) {
			for c := range 15 {
				shared := rng.NormFloat64()
				for range 8 {
					method, reference = append(method, shared+0.5*rng.NormFloat64()), append(reference, 0)
					clusters = append(clusters, c)
				}
			}
			if !named {
				clusters = nil
			}
			return method, reference, clusters
		}
	}
	tests := []struct {
		name     string
		truth    float64
		o        BootstrapOptions
		draw     func(*rand.Rand) ([]float64, []float64, []int)
		low, top float64
	}{
		{"normal, 6 units", 2, BootstrapOptions{}, pairs(6, normal), 0.925, 0.97},
		{"normal, 10 units", 2, BootstrapOptions{}, pairs(10, normal), 0.93, 0.97},
		{"normal, 40 units", 2, BootstrapOptions{}, pairs(40, normal), 0.93, 0.97},
		{"normal, level 0.8", 2, BootstrapOptions{Level: 0.8}, pairs(15, normal), 0.77, 0.83},
		{"exponential, 40 units", 1, BootstrapOptions{}, pairs(40, skewed), 0.91, 0.97},
		{"ratios of log-normal values", math.Exp(0.1), BootstrapOptions{Scale: Ratio}, ratios, 0.93, 0.97},
		{"clusters named", 0, BootstrapOptions{}, clustered(true), 0.925, 0.97},
		{"clusters hidden: too narrow, as documented", 0, BootstrapOptions{}, clustered(false), 0.4, 0.7},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := coverage(t, test.truth, test.o, test.draw)
			t.Logf("coverage %.3f", got)
			assert.GreaterOrEqual(t, got, test.low)
			assert.LessOrEqual(t, got, test.top)
		})
	}
}

func TestPairedBootstrapEdges(t *testing.T) {
	inf := math.Inf(1)
	tests := []struct {
		name              string
		method, reference []float64
		o                 BootstrapOptions
		want              Interval
	}{
		{"one unit", []float64{3}, []float64{1}, BootstrapOptions{},
			Interval{Value: 2, Lower: -inf, Upper: inf, Level: 0.95, Units: 1, Clusters: 1}},
		{"one unit, ratio", []float64{3}, []float64{3}, BootstrapOptions{Scale: Ratio},
			Interval{Value: 1, Lower: 0, Upper: inf, Level: 0.95, Units: 1, Clusters: 1}},
		{"six units in one cluster", []float64{3, 3, 3, 3, 3, 3}, make([]float64, 6), BootstrapOptions{Clusters: make([]int, 6)},
			Interval{Value: 3, Lower: -inf, Upper: inf, Level: 0.95, Units: 6, Clusters: 1}},
		{"five clusters are too few for 0.95", []float64{1, 1, 1, 1, 1}, make([]float64, 5), BootstrapOptions{},
			Interval{Value: 1, Lower: -inf, Upper: inf, Level: 0.95, Units: 5, Clusters: 5}},
		{"five clusters do for 0.9", []float64{1, 1, 1, 1, 1}, make([]float64, 5), BootstrapOptions{Level: 0.9},
			Interval{Value: 1, Lower: 1, Upper: 1, Level: 0.9, Units: 5, Clusters: 5}},
		{"equal values", []float64{5, 6, 7, 8, 9, 1}, []float64{5, 6, 7, 8, 9, 1}, BootstrapOptions{},
			Interval{Value: 0, Lower: 0, Upper: 0, Level: 0.95, Units: 6, Clusters: 6}},
		{"equal values, ratio", []float64{5, 6, 7, 8, 9, 1}, []float64{5, 6, 7, 8, 9, 1}, BootstrapOptions{Scale: Ratio},
			Interval{Value: 1, Lower: 1, Upper: 1, Level: 0.95, Units: 6, Clusters: 6}},
		{"equal but for rounding", []float64{0.30000000000000004, 1, 3, 3, 3, 3}, []float64{0.3, 1, 3, 3, 3, 3}, BootstrapOptions{},
			Interval{Value: 0, Lower: 0, Upper: 0, Level: 0.95, Units: 6, Clusters: 6}},
		{"single resample", []float64{1, 1, 1, 1, 1, 1}, make([]float64, 6), BootstrapOptions{Resamples: 1},
			Interval{Value: 1, Lower: 1, Upper: 1, Level: 0.95, Units: 6, Clusters: 6}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := PairedBootstrap(test.method, test.reference, test.o)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Equal(t, !math.IsInf(test.want.Upper, 0), got.Known())
		})
	}
}

func TestPairedBootstrapErrors(t *testing.T) {
	one, big := []float64{1}, math.MaxFloat64
	tests := []struct {
		name              string
		method, reference []float64
		o                 BootstrapOptions
		want              []error
	}{
		{"nothing", nil, nil, BootstrapOptions{}, []error{ErrNoValues}},
		{"lengths", one, []float64{1, 2}, BootstrapOptions{}, []error{ErrLengths}},
		{"NaN", []float64{math.NaN()}, one, BootstrapOptions{}, []error{ErrNotFinite}},
		{"infinite reference", one, []float64{math.Inf(-1)}, BootstrapOptions{}, []error{ErrNotFinite}},
		{"zero in a ratio", []float64{0}, one, BootstrapOptions{Scale: Ratio}, []error{ErrNotPositive}},
		{"negative reference in a ratio", one, []float64{-1}, BootstrapOptions{Scale: Ratio}, []error{ErrNotPositive}},
		{"difference overflows", []float64{big}, []float64{-big}, BootstrapOptions{}, []error{ErrNotFinite}},
		{"sum overflows", []float64{big, big, 0, 0, 0, 0}, make([]float64, 6), BootstrapOptions{}, []error{ErrNotFinite}},
		{"ratio overflows", []float64{1e308}, []float64{1e-308}, BootstrapOptions{Scale: Ratio}, []error{ErrNotFinite}},
		{"all options wrong at once", one, one, BootstrapOptions{Scale: 7, Resamples: -1, Level: 1, Clusters: []int{1, 2}},
			[]error{ErrOption, ErrLengths}},
		{"level is NaN", one, one, BootstrapOptions{Level: math.NaN()}, []error{ErrOption}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := PairedBootstrap(test.method, test.reference, test.o)
			for _, want := range test.want {
				assert.ErrorIs(t, err, want)
			}
			assert.Zero(t, got)
		})
	}
}

func TestPairedBootstrapRepeats(t *testing.T) {
	a, b := []float64{3, 1, 4, 1, 5, 9, 2, 6}, []float64{2, 7, 1, 8, 2, 8, 1, 8}
	first, err := PairedBootstrap(a, b, BootstrapOptions{Seed: 5})
	require.NoError(t, err)
	again, _ := PairedBootstrap(a, b, BootstrapOptions{Seed: 5})
	assert.Equal(t, first, again)

	// Renamed clusters are the same clusters.
	named, _ := PairedBootstrap(a, b, BootstrapOptions{Seed: 5, Clusters: []int{9, -1, 7, 3, 100, 2, 44, 0}})
	assert.Equal(t, first, named)

	// Swapped, the ratio turns over.
	forth, _ := PairedBootstrap(a, b, BootstrapOptions{Scale: Ratio, Seed: 5})
	back, _ := PairedBootstrap(b, a, BootstrapOptions{Scale: Ratio, Seed: 5})
	assert.InDelta(t, 1/forth.Lower, back.Upper, 1e-12)
	assert.InDelta(t, 1/forth.Upper, back.Lower, 1e-12)

	assert.NotEqual(t, resample(groupByCluster(a, nil), 10, 5), resample(groupByCluster(a, nil), 10, 6))
}

func TestMinClusters(t *testing.T) {
	for level, want := range map[float64]int{0.5: 2, 0.75: 3, 0.9: 5, 0.95: 6, 0.99: 8, 0: 6, 2: 6} {
		assert.Equal(t, want, MinClusters(level), level)
	}
}
