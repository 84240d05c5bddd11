package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// 1 … 5: s = √2.5, t(4; 0.975) = 2.776445 (any table of Student's t), half = 2.776445·√2.5/√5 = 1.963243.
func TestMeanIntervalWorkedNumbers(t *testing.T) {
	got, err := MeanInterval([]float64{1, 2, 3, 4, 5}, 0)
	require.NoError(t, err)
	assert.Equal(t, 3.0, got.Value)
	assert.InDelta(t, 3-1.963243, got.Lower, 1e-6)
	assert.InDelta(t, 3+1.963243, got.Upper, 1e-6)
	assert.Equal(t, []int{5, 5}, []int{got.Units, got.Clusters})
	assert.Equal(t, 0.95, got.Level)
}

func TestMeanIntervalEdges(t *testing.T) {
	one, err := MeanInterval([]float64{7}, 0.9)
	require.NoError(t, err)
	assert.Equal(t, Interval{Value: 7, Lower: math.Inf(-1), Upper: math.Inf(1), Level: 0.9, Units: 1, Clusters: 1}, one)
	assert.False(t, one.Known())

	equal, err := MeanInterval([]float64{7, 7, 7}, 0)
	require.NoError(t, err)
	assert.Equal(t, []float64{7, 7, 7}, []float64{equal.Lower, equal.Value, equal.Upper})

	for name, test := range map[string]struct {
		values []float64
		level  float64
		want   error
	}{
		"nothing":    {nil, 0, ErrNoValues},
		"NaN":        {[]float64{1, math.NaN()}, 0, ErrNotFinite},
		"infinite":   {[]float64{math.Inf(1)}, 0, ErrNotFinite},
		"overflow":   {[]float64{math.MaxFloat64, math.MaxFloat64}, 0, ErrNotFinite},
		"level of 1": {[]float64{1, 2}, 1, ErrOption},
		"level NaN":  {[]float64{1, 2}, math.NaN(), ErrOption},
	} {
		_, err := MeanInterval(test.values, test.level)
		assert.ErrorIs(t, err, test.want, name)
	}
}

func TestMeanIntervalCoverage(t *testing.T) {
	const sets = 4000
	held := 0
	for s := range sets {
		rng := rand.New(rand.NewPCG(uint64(s), 1))
		values := make([]float64, 5)
		for i := range values {
			values[i] = 3 + 2*rng.NormFloat64()
		}
		got, err := MeanInterval(values, 0.9)
		require.NoError(t, err)
		if got.Lower <= 3 && 3 <= got.Upper {
			held++
		}
	}
	assert.InDelta(t, 0.9, float64(held)/sets, 0.015) // three standard errors
}
