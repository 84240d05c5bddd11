package features

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFilters(t *testing.T) {
	nan := math.NaN()
	target := []float64{1, 2, 3, 4}
	for _, c := range []struct {
		name                  string
		column                []float64
		variance, correlation float64
	}{
		{"the target itself", []float64{1, 2, 3, 4}, 1.25, 1},
		{"its opposite", []float64{-2, -4, -6, -8}, 5, 1},
		{"a constant", []float64{3, 3, 3, 3}, 0, 0},
		// By hand: covariance 1/4·(−1.5·−0.5 − 0.5·0.5 + 0.5·−0.5 + 1.5·0.5) = 0.25, over √1.25·√0.25.
		{"half related", []float64{0, 1, 0, 1}, 0.25, 0.25 / math.Sqrt(1.25*0.25)},
		{"gaps are left out", []float64{5, nan, 7, math.Inf(1)}, 1, 1},
		{"nothing there", []float64{nan, nan, nan, nan}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := Variance(c.column, 1)
			require.NoError(t, err)
			r, err := Correlation(c.column, 1, target)
			require.NoError(t, err)
			assert.InDelta(t, c.variance, v[0], 1e-15)
			assert.InDelta(t, c.correlation, r[0], 1e-15)
		})
	}
}

func TestMutualInformation(t *testing.T) {
	nan := math.NaN()
	score := func(column, target []float64, bins int) float64 {
		s, err := MutualInformation(column, 1, target, bins)
		require.NoError(t, err)
		return s[0]
	}
	target := []float64{0, 0, 1, 1}
	assert.InDelta(t, math.Ln2, score([]float64{5, 5, 9, 9}, target, 2), 1e-15, "the same up to a renaming")
	assert.Equal(t, 0.0, score([]float64{0, 1, 0, 1}, target, 2), "independent")
	assert.Equal(t, 0.0, score([]float64{3, 3, 3, 3}, target, 2), "constant")
	assert.InDelta(t, math.Ln2, score([]float64{nan, nan, 2, 2}, target, 2), 1e-15, "that it is missing tells as well")
	assert.Equal(t, 0.0, score([]float64{nan, nan, nan, nan}, target, 2))
	// By hand: cells (0,0) 1/2, (1,0) 1/4, (1,1) 1/4: ½·ln(½/(½·¾)) + ¼·ln(¼/(½·¾)) + ¼·ln(¼/(½·¼)).
	want := math.Log(4.0/3)/2 + math.Log(2.0/3)/4 + math.Ln2/4
	assert.InDelta(t, want, score([]float64{0, 0, 1, 1}, []float64{0, 0, 0, 1}, 2), 1e-15)

	// A parabola has no correlation, and information all the same.
	rng := rand.New(rand.NewPCG(1, 2))
	var rows, y []float64
	for range 4000 {
		x, noise := rng.Float64()*2-1, rng.Float64()
		rows = append(rows, noise, x)
		y = append(y, x*x)
	}
	mi, err := MutualInformation(rows, 2, y, 8)
	require.NoError(t, err)
	r, err := Correlation(rows, 2, y)
	require.NoError(t, err)
	assert.Less(t, r[1], 0.05)
	assert.Greater(t, mi[1], 1.0)
	assert.InDelta(t, 49/8000.0, mi[0], 0.006, "noise is at the stated bias")
}

func TestFiltersRefuse(t *testing.T) {
	_, err := Variance([]float64{1, 2, 3}, 2)
	assert.EqualError(t, err, "features: 3 values are not rows of 2")
	_, err = Correlation([]float64{1, 2}, 1, []float64{1})
	assert.EqualError(t, err, "features: 1 targets for 2 rows")
	_, err = MutualInformation([]float64{1, 2}, 1, []float64{1}, 1)
	assert.EqualError(t, err, "features: 1 targets for 2 rows\nfeatures: 1 bins, want 2 or more")
}

func TestSelection(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	scores := []float64{1, 3, math.NaN(), 3, 0.5}
	for _, c := range []struct {
		name string
		sel  func() (*Selection, error)
		want []string
	}{
		{"top 1: the earlier of equals", func() (*Selection, error) { return Top(names, scores, 1) }, []string{"b"}},
		{"top 3: in the order of the columns", func() (*Selection, error) { return Top(names, scores, 3) }, []string{"a", "b", "d"}},
		{"threshold, inclusive", func() (*Selection, error) { return AtLeast(names, scores, 1) }, []string{"a", "b", "d"}},
		{"everything but NaN", func() (*Selection, error) { return AtLeast(names, scores, math.Inf(-1)) }, []string{"a", "b", "d", "e"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := c.sel()
			require.NoError(t, err)
			assert.Equal(t, c.want, s.FeatureNames())
			for i, j := range s.Columns() {
				assert.Equal(t, c.want[i], names[j])
			}
		})
	}
	s, err := Top(names, scores, 2)
	require.NoError(t, err)
	out, err := s.Append([]float64{-1}, []float64{1, 2, 3, 4, 5, 10, 20, 30, 40, 50})
	require.NoError(t, err)
	assert.Equal(t, []float64{-1, 2, 4, 20, 40}, out)
	_, err = s.Append(nil, []float64{1, 2, 3})
	assert.ErrorIs(t, err, ErrDim)

	_, err = Top(names, scores, 5)
	assert.EqualError(t, err, "features: the top 5 of 4 columns that have a score")
	_, err = Top(names[:2], scores, 1)
	assert.EqualError(t, err, "features: 5 scores for 2 names")
	_, err = AtLeast(names, scores, 4)
	assert.EqualError(t, err, "features: no column has a score of 4 or more")
}
