package rl

import (
	"math"

	"github.com/leptonsched/lepton/internal/codec"
	"gonum.org/v1/gonum/mat"
)

// Baseline says what a return is compared with, so that only the surprise teaches. It lowers the variance
// of the gradient and adds no bias (Williams 1992; Sutton & Barto 2018, section 13.4).
type Baseline uint8

// The baselines.
const (
	LinearBaseline Baseline = iota // a linear function of the state, fitted to the returns
	MeanBaseline                   // the mean of the returns
	NoBaseline                     // nothing
)

const (
	// baselineMemory is the number of returns after which an old one counts 1/e.
	baselineMemory = 1000
	// baselineRidge is the weight of the pull towards the mean, in returns.
	baselineRidge = 1e-3
)

// returnModel predicts returns. The linear one keeps the sums of a least-squares fit with forgetting
// and solves them when asked; features and returns are centred at their means.
type returnModel struct {
	kind    Baseline
	n       float64 // returns seen, with forgetting
	mean    float64
	scale   float64   // mean square of the surprises
	xMean   []float64 // of the state's features
	xx      []float64 // dim×dim, Σ (x−x̄)(x−x̄)ᵀ
	xy      []float64 // Σ (x−x̄)(y−ȳ)
	weights []float64 // solution; zeros before the first
}

func newReturnModel(kind Baseline, dim int) *returnModel {
	m := &returnModel{kind: kind}
	if kind == LinearBaseline {
		m.xMean, m.weights, m.xy = make([]float64, dim), make([]float64, dim), make([]float64, dim)
		m.xx = make([]float64, dim*dim)
	}
	return m
}

// predict returns the return to be expected in a state.
func (m *returnModel) predict(state []float64) float64 {
	if m.kind == NoBaseline {
		return 0
	}
	v := m.mean
	for i, w := range m.weights {
		v += w * (state[i] - m.xMean[i])
	}
	return v
}

// observe takes in one return. The moments are updated as by Welford (1962), with forgetting.
func (m *returnModel) observe(state []float64, y float64) {
	const keep = 1 - 1.0/baselineMemory
	m.n = m.n*keep + 1
	dy := y - m.mean
	m.mean += dy / m.n
	if m.kind != LinearBaseline {
		return
	}
	dim := len(m.xMean)
	shrink := 1 - 1/m.n
	for i := range dim {
		dxi := state[i] - m.xMean[i]
		m.xy[i] = m.xy[i]*keep + shrink*dxi*dy
		for j := range i + 1 {
			m.xx[i*dim+j] = m.xx[i*dim+j]*keep + shrink*dxi*(state[j]-m.xMean[j])
			m.xx[j*dim+i] = m.xx[i*dim+j]
		}
	}
	for i := range dim {
		m.xMean[i] += (state[i] - m.xMean[i]) / m.n
	}
}

// surprise takes in the difference of a return from its prediction.
func (m *returnModel) surprise(delta float64) {
	n := min(m.n+1, baselineMemory)
	m.scale += (delta*delta - m.scale) / n
}

// solve fits the weights to what was observed. Where that has no finite answer they stay as they were.
func (m *returnModel) solve() {
	dim := len(m.xMean)
	if dim == 0 || m.n < float64(dim)+2 {
		return
	}
	a := mat.NewSymDense(dim, nil)
	for i := range dim {
		for j := i; j < dim; j++ {
			a.SetSym(i, j, m.xx[i*dim+j])
		}
		// Relative to the feature's own spread, and never zero, so that a constant feature gets no weight.
		a.SetSym(i, i, m.xx[i*dim+i]*(1+baselineRidge)+1e-12)
	}
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		return
	}
	w := mat.NewVecDense(dim, nil)
	if err := chol.SolveVecTo(w, mat.NewVecDense(dim, m.xy)); err != nil {
		if _, poor := err.(mat.Condition); !poor {
			return
		}
	}
	for i := range dim {
		if !finite(w.AtVec(i)) {
			return
		}
	}
	copy(m.weights, w.RawVector().Data)
}

func (m *returnModel) write(w *codec.Writer) {
	for _, x := range [...]float64{m.n, m.mean, m.scale} {
		w.Float(x)
	}
	for _, v := range [...][]float64{m.xMean, m.xx, m.xy, m.weights} {
		w.Floats(v)
	}
}

// readReturnModel reads what write wrote into a model like m.
func readReturnModel(r *codec.Reader, m *returnModel) *returnModel {
	out := &returnModel{kind: m.kind, n: r.Float(), mean: r.Float(), scale: r.Float()}
	out.xMean, out.xx = readFloats(r, len(m.xMean)), readFloats(r, len(m.xx))
	out.xy, out.weights = readFloats(r, len(m.xy)), readFloats(r, len(m.weights))
	if !finite(out.n+out.mean+out.scale) || out.n < 0 || out.scale < 0 {
		r.Fail("moments of %v, %v, %v", out.n, out.mean, out.scale)
	}
	return out
}

// readFloats reads n finite values.
func readFloats(r *codec.Reader, n int) []float64 {
	v := r.Floats()
	if len(v) != n {
		r.Fail("%d values instead of %d", len(v), n)
		return make([]float64, n)
	}
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			r.Fail("a value of %v", x)
		}
	}
	return v
}
