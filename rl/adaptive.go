package rl

import (
	"math"

	"github.com/leptonsched/lepton/internal/codec"
)

// noise is what the adaptive step size of one entry remembers (the bias-adjusted Kalman filter, also called
// the optimal step size algorithm: George & Powell 2006). Of the errors it estimates how much is bias, that
// is the value lags behind and should move, and how much is noise, which should be averaged away:
//
//	β ← (1−ν)·β + ν·δ        bias
//	m ← (1−ν)·m + ν·δ²       mean square
//	σ² = (m − β²)/(1+λ)      noise
//	α = 1 − σ²/m
//	λ ← (1−α)²·λ + α²        variance of the value in units of σ²
//
// with ν = max(1/n, 0.05) for update n, and α = 1/n for the first two. With noise alone α falls like 1/n;
// with bias alone it is 1.
type noise struct {
	bias, square, spread float64
}

// noiseMemory is ν in the long run.
const noiseMemory = 0.05

// step returns the step size of update n, counted from 1, whose error is delta, within floor and most.
func (e *noise) step(n uint64, delta, floor, most float64) float64 {
	nu := max(1/float64(n), noiseMemory)
	e.bias += nu * (delta - e.bias)
	e.square += nu * (delta*delta - e.square)
	alpha := 1 / float64(n)
	if n > 2 && e.square > 0 {
		alpha = 1 - (e.square-e.bias*e.bias)/(1+e.spread)/e.square
	}
	alpha = min(max(alpha, floor), most)
	e.spread = (1-alpha)*(1-alpha)*e.spread + alpha*alpha
	return alpha
}

// sound reports whether no error was so large that its square overflowed.
func (e *noise) sound() bool { return finite(e.bias) && !math.IsInf(e.square, 0) && finite(e.spread) }

func (e *noise) write(w *codec.Writer) {
	w.Float(e.bias)
	w.Float(e.square)
	w.Float(e.spread)
}

func (e *noise) read(r *codec.Reader) {
	e.bias, e.square, e.spread = r.Float(), r.Float(), r.Float()
	if !e.sound() || !(e.square >= 0 && e.spread >= 0) {
		r.Fail("the noise of an entry %v", *e)
	}
}
