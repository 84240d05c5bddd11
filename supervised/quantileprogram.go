package supervised

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// quantileProgram is quantile regression as a linear program. Its dual is
//
//	maximise y·a  subject to  Xᵀ·a = (1−quantile)·Xᵀ·1,  0 ≤ a ≤ 1
//
// and the coefficients β are the multipliers of the equalities.
type quantileProgram struct {
	quantile float64
	width    int
	x        []float64 // rows×width
	y        []float64
}

// interior is a point of the Frisch-Newton method: a and s = 1−a within the box, z and w the
// multipliers of its two sides, β that of the equalities.
type interior struct{ a, s, z, w, beta []float64 }

func newInterior(n, width int) interior {
	return interior{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, width)}
}

// solve runs the predictor-corrector interior-point method of Portnoy & Koenker (1997), "The Gaussian
// hare and the Laplacian tortoise", section 4, after Mehrotra (1992). It ends when the loss at β is within
// tolerance·(loss) of the value of the dual, hence of the minimum.
func (q *quantileProgram) solve(tolerance float64, iterations int) ([]float64, error) {
	n := len(q.y)
	at, step := newInterior(n, q.width), newInterior(n, q.width)
	for i := range n {
		at.a[i], at.s[i] = 1-q.quantile, q.quantile
	}
	normal := newNormalEquations(q.width)
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	if err := normal.factor(q.x, ones); err != nil {
		return nil, err
	}
	normal.solve(at.beta, q.x, q.y)
	for i := range n {
		r := q.residual(at.beta, i)
		// The multipliers must be inside: neither is 0 at the start.
		at.z[i], at.w[i] = max(-r, 0)+1e-3/float64(n), max(r, 0)+1e-3/float64(n)
	}
	weight, rhs, r := make([]float64, n), make([]float64, n), make([]float64, n)
	var gap, loss float64
	for range iterations {
		loss, gap = q.gap(&at)
		if gap <= tolerance*loss {
			return at.beta, nil
		}
		for i := range n {
			weight[i] = 1 / (at.z[i]/at.a[i] + at.w[i]/at.s[i])
			r[i] = q.residual(at.beta, i)
			rhs[i] = weight[i] * r[i]
		}
		if err := normal.factor(q.x, weight); err != nil {
			return nil, err
		}
		normal.solve(step.beta, q.x, rhs)
		for i := range n {
			da := weight[i] * (r[i] - floats.Dot(q.row(i), step.beta))
			step.a[i], step.s[i] = da, -da
			step.z[i] = -at.z[i] * (1 + da/at.a[i])
			step.w[i] = -at.w[i] * (1 - da/at.s[i])
		}
		primal, dual := at.reach(&step)
		if min(primal, dual) < 1 {
			// How far the predictor gets says how much to stay in the middle.
			var before, after float64
			for i := range n {
				before += at.z[i]*at.a[i] + at.w[i]*at.s[i]
				after += (at.z[i]+dual*step.z[i])*(at.a[i]+primal*step.a[i]) + (at.w[i]+dual*step.w[i])*(at.s[i]+primal*step.s[i])
			}
			mu := before * math.Pow(after/before, 3) / float64(2*n)
			for i := range n {
				az, sw := step.a[i]*step.z[i], step.s[i]*step.w[i]
				// What of the steps of z and w does not depend on the corrected da.
				step.z[i], step.w[i] = mu/at.a[i]-at.z[i]-az/at.a[i], mu/at.s[i]-at.w[i]-sw/at.s[i]
				r[i] = q.residual(at.beta, i) + (at.z[i] + step.z[i]) - (at.w[i] + step.w[i])
				rhs[i] = weight[i] * r[i]
			}
			normal.solve(step.beta, q.x, rhs)
			for i := range n {
				da := weight[i] * (r[i] - floats.Dot(q.row(i), step.beta))
				step.a[i], step.s[i] = da, -da
				step.z[i] -= at.z[i] / at.a[i] * da
				step.w[i] += at.w[i] / at.s[i] * da
			}
			primal, dual = at.reach(&step)
		}
		floats.AddScaled(at.a, primal, step.a)
		floats.AddScaled(at.s, primal, step.s)
		floats.AddScaled(at.z, dual, step.z)
		floats.AddScaled(at.w, dual, step.w)
		floats.AddScaled(at.beta, dual, step.beta)
	}
	return nil, fmt.Errorf("%w: %v of the loss %v is left after %d steps", ErrNotConverged, gap, loss, iterations)
}

func (q *quantileProgram) row(i int) []float64 { return q.x[i*q.width : (i+1)*q.width] }

func (q *quantileProgram) residual(beta []float64, i int) float64 {
	return q.y[i] - floats.Dot(q.row(i), beta)
}

// gap returns the loss at β and how far it is above the dual's value at a. With r the residuals the
// value is Σ r·(a − 1 + quantile), because a meets the equalities.
func (q *quantileProgram) gap(at *interior) (loss, gap float64) {
	for i := range q.y {
		r := q.residual(at.beta, i)
		rho := q.quantile * r
		if r < 0 {
			rho -= r
		}
		loss += rho
		gap += rho - r*(at.a[i]-1+q.quantile)
	}
	return loss, gap
}

// reach returns how much of the step leaves a and s, and z and w, inside.
func (at *interior) reach(step *interior) (primal, dual float64) {
	primal, dual = 1/0.9995, 1/0.9995
	for i := range at.a {
		primal = min(primal, room(at.a[i], step.a[i]), room(at.s[i], step.s[i]))
		dual = min(dual, room(at.z[i], step.z[i]), room(at.w[i], step.w[i]))
	}
	return 0.9995 * primal, 0.9995 * dual
}

func room(v, step float64) float64 {
	if step < 0 {
		return -v / step
	}
	return math.Inf(1)
}

// normalEquations solves Xᵀ·diag(weight)·X·β = Xᵀ·v for several v.
type normalEquations struct {
	width int
	sum   *mat.SymDense
	chol  mat.Cholesky
	right *mat.VecDense
}

func newNormalEquations(width int) *normalEquations {
	return &normalEquations{width: width, sum: mat.NewSymDense(width, nil), right: mat.NewVecDense(width, nil)}
}

// factor adds 1e-12 of the diagonal to it, so that columns that depend on each other share a weight:
// the right side has no part in the direction in which they do not vary.
func (m *normalEquations) factor(x, weight []float64) error {
	raw := m.sum.RawSymmetric()
	clear(raw.Data)
	for i, w := range weight {
		row := x[i*m.width : (i+1)*m.width]
		for s, v := range row {
			if v != 0 {
				floats.AddScaled(raw.Data[s*raw.Stride+s:s*raw.Stride+m.width], w*v, row[s:])
			}
		}
	}
	var most float64
	for s := range m.width {
		most = max(most, m.sum.At(s, s))
	}
	for s := range m.width {
		v := m.sum.At(s, s)
		m.sum.SetSym(s, s, v*(1+1e-12)+1e-14*most)
	}
	if !m.chol.Factorize(m.sum) {
		return fmt.Errorf("%w: the normal equations are singular", ErrNotConverged)
	}
	return nil
}

func (m *normalEquations) solve(beta, x, v []float64) {
	right := m.right.RawVector().Data
	clear(right)
	for i, r := range v {
		floats.AddScaled(right, r, x[i*m.width:(i+1)*m.width])
	}
	// The error of a Cholesky solution is one of conditioning, which the end of solve measures.
	_ = m.chol.SolveVecTo(mat.NewVecDense(m.width, beta), m.right)
}
