package rl

import (
	"math"

	"github.com/leptonsched/lepton/internal/codec"
)

// adam ascends a gradient with steps that adapt to each parameter's own scale.
// Source: Kingma & Ba (2015), algorithm 1, with β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
type adam struct {
	mean, square []float64
	n            uint64
}

func newAdam(n int) *adam { return &adam{mean: make([]float64, n), square: make([]float64, n)} }

// step moves x by about alpha in each direction that g persistently points to.
func (a *adam) step(x, g []float64, alpha float64) {
	const beta1, beta2, epsilon = 0.9, 0.999, 1e-8
	a.n++
	unbias1, unbias2 := 1-math.Pow(beta1, float64(a.n)), 1-math.Pow(beta2, float64(a.n))
	for i, gi := range g {
		a.mean[i] += (1 - beta1) * (gi - a.mean[i])
		a.square[i] += (1 - beta2) * (gi*gi - a.square[i])
		x[i] += alpha * (a.mean[i] / unbias1) / (math.Sqrt(a.square[i]/unbias2) + epsilon)
	}
}

func (a *adam) write(w *codec.Writer) {
	w.Uint64(a.n)
	w.Floats(a.mean)
	w.Floats(a.square)
}

// readAdam reads the state of an optimiser of n parameters.
func readAdam(r *codec.Reader, n int) *adam {
	a := &adam{n: r.Uint64()}
	a.mean, a.square = readFloats(r, n), readFloats(r, n)
	return a
}
