package nn

import (
	"math"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/simd"
)

// Rule says how an Optimizer turns a gradient into a step.
type Rule uint8

// The rules.
const (
	Adam    Rule = iota // Kingma & Ba (2015), algorithm 1, with β₁ = 0.9, β₂ = 0.999
	RMSProp             // Tieleman & Hinton (2012), lecture 6.5, with decay 0.99
	SGD                 // plain steps
)

// The constants of the rules.
const (
	beta1, beta2 = 0.9, 0.999
	decay        = 0.99
	epsilon      = 1e-8
)

// Optimizer descends a gradient. Not safe for concurrent use.
type Optimizer struct {
	rule         Rule
	mean, square []float32 // running, of the gradient; as far as the rule has them
	steps        uint64
}

// NewOptimizer returns the optimiser of n parameters.
func NewOptimizer(rule Rule, n int) *Optimizer {
	o := &Optimizer{rule: rule}
	if rule == Adam {
		o.mean = make([]float32, n)
	}
	if rule != SGD {
		o.square = make([]float32, n)
	}
	return o
}

// Step moves params against grads with step size rate.
func (o *Optimizer) Step(params, grads []float32, rate float64) {
	o.steps++
	switch o.rule {
	case Adam:
		simd.Adam(params, grads, o.mean, o.square, simd.AdamStep{
			Rate:  float32(rate / (1 - math.Pow(beta1, float64(o.steps)))),
			Scale: float32(1 / math.Sqrt(1-math.Pow(beta2, float64(o.steps)))),
			Beta1: beta1, Beta2: beta2, Epsilon: epsilon,
		})
	case RMSProp:
		for i, g := range grads {
			o.square[i] += (1 - decay) * (g*g - o.square[i])
			params[i] -= float32(rate) * g / (float32(math.Sqrt(float64(o.square[i]))) + epsilon)
		}
	default:
		simd.Axpy(params, -float32(rate), grads[:len(params)])
	}
}

// Write appends the state of o.
func (o *Optimizer) Write(w *codec.Writer) {
	w.Uint64(o.steps)
	w.Floats32(o.mean)
	w.Floats32(o.square)
}

// Read takes over what Write wrote for an optimiser of the same rule and size; what cannot be one fails r.
func (o *Optimizer) Read(r *codec.Reader) {
	steps, mean, square := r.Uint64(), r.Floats32(), r.Floats32()
	if len(mean) != len(o.mean) || len(square) != len(o.square) || !Finite(mean) || !Finite(square) {
		r.Fail("an optimiser of another size or with values that are not finite")
	}
	if r.Err() == nil {
		o.steps, o.mean, o.square = steps, mean, square
	}
}

// normBlock is how many squares are added up in float32 before they go into a float64.
const normBlock = 4096

// Norm returns the Euclidean length of x; not finite where a value is not, or is beyond 1e19.
func Norm(x []float32) float64 {
	sum := 0.0
	for len(x) > 0 {
		block := x[:min(len(x), normBlock)]
		sum += float64(simd.Dot(block, block))
		x = x[len(block):]
	}
	return math.Sqrt(sum)
}

// Finite reports whether all of x are finite, and none beyond 1e19, where squares overflow.
func Finite(x []float32) bool {
	n := Norm(x)
	return !math.IsNaN(n) && !math.IsInf(n, 0)
}

// Clip shortens grads to length limit where they are longer, and returns the length that they had.
func Clip(grads []float32, limit float64) float64 {
	norm := Norm(grads)
	if norm > limit && !math.IsInf(norm, 0) {
		scale := float32(limit / norm)
		for i := range grads {
			grads[i] *= scale
		}
	}
	return norm
}
