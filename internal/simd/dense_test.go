package simd

import (
	"math/rand/v2"
	"testing"
)

func TestProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		rows, in, out := rng.IntN(40), rng.IntN(40), rng.IntN(70)
		y, x, w, bias := randoms(rng, rows*out), randoms(rng, rows*in), randoms(rng, in*out), randoms(rng, out)
		z := make([]float32, rows*out)
		dw, dx, s := randoms(rng, in*out), make([]float32, rows*in), make([]float32, in*out)
		densePortable(z, x, w, bias, rows, in, out, true)
		dwp := append([]float32{}, dw...)
		dxp := append([]float32{}, dx...)
		gradWeightsPortable(dwp, x, z, rows, in, out)
		gradInputPortable(dxp, z, w, rows, in, out)
		for l := AVX2; l <= supported(); l++ {
			l.dense(y, x, w, bias, rows, in, out, true)
			near(t, z, y)
			dw := append([]float32{}, dw...)
			l.gradWeights(dw, x, z, rows, in, out)
			near(t, dwp, dw)
			l.gradInput(dx, z, w, s, rows, in, out)
			near(t, dxp, dx)
		}
	}
}
func near(t *testing.T, z, y []float32) {
	t.Helper()
	for i := range z {
		if d := z[i] - y[i]; !(d*d < 1e-4) {
			t.Fatal(i, z[i], y[i])
		}
	}
}
