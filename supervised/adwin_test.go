package supervised

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The slow twin keeps the values themselves: the buckets must sum up exactly the last Len of them.
func TestADWINAgainstTheValuesThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, err := NewADWIN(ADWINOptions{Delta: 0.2, Every: rapid.IntRange(1, 40).Draw(t, "every")})
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var all []float64
		var drifts int
		for range rapid.IntRange(1, 600).Draw(t, "values") {
			v := r.Float64()
			if len(all)/150%2 == 1 {
				v = math.Sqrt(v)
			}
			all = append(all, v)
			before := a.Len()
			drift, err := a.Add(v)
			require.NoError(t, err)
			require.Equal(t, drift, a.Len() != before+1)
			if drift {
				drifts++
			}
			window := all[len(all)-a.Len():]
			var mean, dev float64
			for _, v := range window {
				mean += v / float64(len(window))
			}
			for _, v := range window {
				dev += (v - mean) * (v - mean)
			}
			require.InDelta(t, mean, a.Mean(), 1e-9)
			require.InDelta(t, dev, a.deviation(), 1e-9)
			held := 0
			for i, row := range a.rows {
				require.LessOrEqual(t, len(row), bucketsPerRow)
				held += len(row) << i
			}
			require.Equal(t, a.Len(), held)
		}
	})
}

func TestADWINSeesChangesAndNothingElse(t *testing.T) {
	alarms, latest := 0, 0
	for seed := range uint64(20) {
		a, err := NewADWIN(ADWINOptions{})
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(seed, 2))
		value := func(p float64) float64 {
			if r.Float64() < p {
				return 1
			}
			return 0
		}
		for range 5000 {
			drift, err := a.Add(value(0.2))
			require.NoError(t, err)
			if drift {
				alarms++
			}
		}
		seen := 0
		for k := 1; seen == 0 && k <= 1000; k++ {
			drift, err := a.Add(value(0.5))
			require.NoError(t, err)
			if drift {
				seen = k
			}
		}
		require.NotZero(t, seen, "seed %d: 0.2 to 0.5 is not seen within 1,000", seed)
		latest = max(latest, seen)
		for range 1000 {
			_, err := a.Add(value(0.5))
			require.NoError(t, err)
		}
		assert.InDelta(t, 0.5, a.Mean(), 0.06, "seed %d: what came before is forgotten", seed)
	}
	assert.LessOrEqual(t, alarms, 6, "100,000 values without a change, 3,125 looks at Delta 0.002")
	assert.LessOrEqual(t, latest, 300)
}

func TestADWINMemoryGrowsAsTheLogarithm(t *testing.T) {
	a, err := NewADWIN(ADWINOptions{})
	require.NoError(t, err)
	for range 1 << 17 {
		_, err := a.Add(0.5)
		require.NoError(t, err)
	}
	assert.Equal(t, 1<<17, a.Len())
	assert.LessOrEqual(t, len(a.rows), 17)
}

func TestADWINRefuses(t *testing.T) {
	_, err := NewADWIN(ADWINOptions{Delta: 1, Every: -1})
	require.ErrorIs(t, err, ErrOptions)
	assert.ErrorContains(t, err, "Delta is 1")
	assert.ErrorContains(t, err, "Every is -1")
	a, err := NewADWIN(ADWINOptions{})
	require.NoError(t, err)
	for _, v := range []float64{nan, -0.1, 1.1, math.Inf(1)} {
		_, err = a.Add(v)
		assert.ErrorIs(t, err, ErrRange)
	}
	assert.Zero(t, a.Len())
}
