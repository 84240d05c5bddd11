package rl

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// direct solves a ridge regression from sums of its own.
type direct struct {
	a *mat.SymDense
	b *mat.VecDense
}

func newDirect(d int, lambda float64) *direct {
	s := &direct{mat.NewSymDense(d, nil), mat.NewVecDense(d, nil)}
	for i := range d {
		s.a.SetSym(i, i, lambda)
	}
	return s
}

func (s *direct) add(x []float64, reward float64) {
	v := mat.NewVecDense(len(x), x)
	s.a.SymRankOne(s.a, 1, v)
	s.b.AddScaledVec(s.b, reward, v)
}

func (s *direct) solve(t testing.TB) (inverse *mat.Dense, theta *mat.VecDense) {
	t.Helper()
	inverse, theta = new(mat.Dense), new(mat.VecDense)
	require.NoError(t, inverse.Inverse(s.a))
	require.NoError(t, theta.SolveVec(s.a, s.b))
	return inverse, theta
}

// drift is by how much m is off, relative to the largest number.
func (s *direct) drift(t testing.TB, m *ridge) (ofInverse, ofTheta float64) {
	inverse, theta := s.solve(t)
	most, off := 0.0, 0.0
	at := 0
	for i := range m.d {
		for j := i; j < m.d; j++ {
			most, off = max(most, math.Abs(inverse.At(i, j))), max(off, math.Abs(inverse.At(i, j)-m.p[at]))
			at++
		}
	}
	mostTheta, offTheta := 0.0, 0.0
	for i, v := range m.theta {
		mostTheta, offTheta = max(mostTheta, math.Abs(theta.AtVec(i))), max(offTheta, math.Abs(theta.AtVec(i)-v))
	}
	return off / most, offTheta / mostTheta
}

// By hand: λ = 1, x = (1, 2), r = 3 gives A = [2 2; 2 5], A⁻¹ = [5 −2; −2 2]/6, θ = A⁻¹·(3, 6) = (½, 1).
func TestRidgeWorkedNumbers(t *testing.T) {
	m := newRidge(2, 1)
	delta, ok := m.update([]float64{1, 2}, 3)
	require.True(t, ok)
	assert.Equal(t, 3.0, delta)
	assert.InDeltaSlice(t, []float64{2, 2, 5}, m.a, 1e-15)
	assert.InDeltaSlice(t, []float64{5.0 / 6, -1.0 / 3, 1.0 / 3}, m.p, 1e-15)
	assert.InDeltaSlice(t, []float64{0.5, 1}, m.theta, 1e-15)
	assert.InDelta(t, 5.0/6, m.spread([]float64{1, 2}), 1e-15)

	m.forget(0.5, 1)
	assert.InDeltaSlice(t, []float64{1.5, 1, 3}, m.a, 1e-15)
	assert.InDeltaSlice(t, []float64{1.5, 3}, m.b, 1e-15)
	require.True(t, m.refresh())
	assert.InDeltaSlice(t, []float64{3 / 3.5, -1 / 3.5, 1.5 / 3.5}, m.p, 1e-15)
}

// After 1e6 updates (1e5 in the short form), a thousand times as large in three directions as in the nine
// others, A⁻¹ and θ are those of a direct solution to 1e-12 of their largest number.
func TestRidgeDoesNotDrift(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	const d = 12
	r := rng.New(1, "drift")
	m, s := newRidge(d, 1), newDirect(d, 1)
	x, truth := make([]float64, d), make([]float64, d)
	for i := range truth {
		truth[i] = r.NormFloat64()
	}
	worstInverse, worstTheta := 0.0, 0.0
	for i := 1; i <= n; i++ {
		for j := range x {
			x[j] = r.NormFloat64()
			if j >= 3 {
				x[j] *= 1e-3
			}
		}
		reward := inner(x, truth) + r.NormFloat64()
		_, ok := m.update(x, reward)
		require.True(t, ok)
		s.add(x, reward)
		if i%refreshEvery == refreshEvery-1 && i > n/2 || i == n { // where it is at its worst
			inverse, theta := s.drift(t, m)
			worstInverse, worstTheta = max(worstInverse, inverse), max(worstTheta, theta)
		}
	}
	t.Logf("%d updates: A⁻¹ is off by %.1e, θ by %.1e", n, worstInverse, worstTheta)
	assert.Less(t, worstInverse, 1e-12)
	assert.Less(t, worstTheta, 1e-12)
}

// Features of very different sizes leave a model that is finite and can be used on.
func TestRidgeSurvivesExtremes(t *testing.T) {
	for _, size := range []float64{0, 1e-300, 1e-9, 1e9, 1e30, 1e49, 1e99} {
		m := newRidge(3, 1)
		for i := range 3 * 4096 {
			x := []float64{1, size, float64(i%7) - 3}
			if i%2 == 0 {
				x[1] = 1
			}
			m.update(x, float64(i%5))
		}
		assert.True(t, moderate(m.p...) && moderate(m.theta...), "size %v: %v, %v", size, m.p, m.theta)
		for i, at := 0, 0; i < 3; i, at = i+1, at+3-i {
			assert.Greater(t, m.p[at], -1e-9, "size %v", size)
		}
		var w codec.Writer
		m.write(&w)
		back := codec.NewReader(w.Bytes())
		assert.Equal(t, m.a, readRidge(back, 3).a, "size %v", size)
		assert.NoError(t, back.Close())
		if size <= 1e9 {
			assert.InDelta(t, 2, m.theta[0]+m.theta[1]*min(size, 1), 0.7, "size %v", size)
		}
	}
}
