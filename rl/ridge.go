package rl

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"slices"

	"github.com/leptonsched/lepton/internal/codec"
)

// refreshEvery is the number of updates after which A⁻¹ and θ are computed from A and b anew.
const refreshEvery = 4096

// ridge is a regression of rewards on features x, in sums that come to the same in any order:
//
//	A = λI + Σ x·xᵀ,  b = Σ r·x,  θ = A⁻¹·b
//
// A⁻¹ is kept beside A by the formula of Sherman and Morrison (1950) and now and then computed anew.
type ridge struct {
	d        int
	a, p     []float64 // A and A⁻¹: upper triangles, row by row
	b, theta []float64
	stale    int       // updates since p and theta were computed from a and b
	u        []float64 // A⁻¹·x, for update
}

func newRidge(d int, lambda float64) *ridge {
	m := &ridge{d: d, a: make([]float64, triangle(d)), p: make([]float64, triangle(d))}
	m.b, m.theta, m.u = make([]float64, d), make([]float64, d), make([]float64, d)
	for i, at := 0, 0; i < d; i, at = i+1, at+d-i {
		m.a[at], m.p[at] = lambda, 1/lambda
	}
	return m
}

// triangle is the number of values in half a symmetric matrix.
func triangle(d int) int { return d * (d + 1) / 2 }

// update takes in one outcome and returns by how much the reward missed its prediction. It leaves the
// outcome out and returns false when what would come of it is not finite.
func (m *ridge) update(x []float64, reward float64) (delta float64, ok bool) {
	s := m.spread(x)
	if s < 0 && m.refresh() { // only after features of very different sizes
		s = m.spread(x)
	}
	delta = reward - inner(x, m.theta)
	if !(s >= 0) || !moderate(s, delta) || !moderate(m.u...) {
		return delta, false
	}
	gain := 1 / (1 + s)
	a, p := m.a, m.p
	for i := range x {
		n := m.d - i
		aRow, pRow, xs, us := a[:n], p[:n], x[i:][:n], m.u[i:][:n]
		xi, ui := x[i], gain*m.u[i]
		for j := range aRow {
			aRow[j] += xi * xs[j]
			pRow[j] -= ui * us[j]
		}
		a, p = a[n:], p[n:]
		m.b[i] += reward * xi
		m.theta[i] += ui * delta
	}
	if m.stale++; m.stale >= refreshEvery {
		m.refresh()
	}
	return delta, true
}

// spread returns xᵀA⁻¹x, and leaves A⁻¹x in u.
func (m *ridge) spread(x []float64) float64 {
	clear(m.u)
	p := m.p
	for i, xi := range x { // each value of the triangle stands for two of the matrix, but on the diagonal
		n := m.d - i
		row, xs, us := p[:n], x[i:][:n], m.u[i:][:n]
		sum := row[0] * xi
		for j := 1; j < len(row); j++ {
			sum += row[j] * xs[j]
			us[j] += row[j] * xi
		}
		us[0] += sum
		p = p[n:]
	}
	return inner(x, m.u)
}

func inner(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// forget moves the sums to where they would be had share of each earlier outcome not come.
func (m *ridge) forget(share, lambda float64) {
	for i := range m.a {
		m.a[i] *= 1 - share
	}
	for i, at := 0, 0; i < m.d; i, at = i+1, at+m.d-i {
		m.b[i] *= 1 - share
		m.a[at] += share * lambda
	}
}

// refresh computes A⁻¹ and θ from A and b. It leaves them alone and returns false when A is so ill-
// conditioned that it cannot.
func (m *ridge) refresh() bool {
	m.stale = 0
	upper, ok := lapack64.Potrf(m.upper(m.a))
	if !ok {
		return false
	}
	theta := slices.Clone(m.b)
	lapack64.Potrs(upper, blas64.General{Rows: m.d, Cols: 1, Stride: 1, Data: theta})
	inverse, ok := lapack64.Potri(upper)
	if !ok || !moderate(theta...) || !moderate(inverse.Data...) {
		return false
	}
	for i, at := 0, 0; i < m.d; i, at = i+1, at+m.d-i {
		copy(m.p[at:], inverse.Data[i*m.d+i:(i+1)*m.d])
	}
	m.theta = theta
	return true
}

// factor returns the upper triangular U, row by row, with UᵀU = A⁻¹.
func (m *ridge) factor() ([]float64, bool) {
	upper, ok := lapack64.Potrf(m.upper(m.p))
	if !ok && m.refresh() {
		upper, ok = lapack64.Potrf(m.upper(m.p))
	}
	return upper.Data, ok
}

// upper returns a symmetric matrix of which half holds the upper triangle.
func (m *ridge) upper(half []float64) blas64.Symmetric {
	whole := make([]float64, m.d*m.d)
	for i, at := 0, 0; i < m.d; i, at = i+1, at+m.d-i {
		copy(whole[i*m.d+i:(i+1)*m.d], half[at:])
	}
	return blas64.Symmetric{N: m.d, Stride: m.d, Data: whole, Uplo: blas.Upper}
}

func (m *ridge) write(w *codec.Writer) {
	w.Int(m.stale)
	for _, v := range [][]float64{m.a, m.p, m.b, m.theta} {
		w.Floats(v)
	}
}

// readRidge reads a model of d features, nil after a fault.
func readRidge(r *codec.Reader, d int) *ridge {
	m := &ridge{d: d, stale: r.Int()}
	if m.stale < 0 || m.stale >= refreshEvery {
		r.Fail("%d updates since the last refresh", m.stale)
	}
	for _, part := range []struct {
		to *[]float64
		n  int
	}{{&m.a, triangle(d)}, {&m.p, triangle(d)}, {&m.b, d}, {&m.theta, d}} {
		if *part.to = r.Floats(); len(*part.to) != part.n || slices.ContainsFunc(*part.to, notFinite) {
			r.Fail("%d values instead of %d, or some that are not finite", len(*part.to), part.n)
			return nil
		}
	}
	m.u = make([]float64, d)
	return m
}

func notFinite(x float64) bool { return !finite(x) }
