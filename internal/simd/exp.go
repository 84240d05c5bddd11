package simd

import "math"

// The constants of exp: x = n·ln 2 + r with |r| ≤ ln 2 / 2, ln 2 in two parts of which the first has few bits,
// and a polynomial for (exp(r) − 1 − r)/r² (Moshier's Cephes library, expf).
const (
	expLowest  = -87.33654 // below it the result is not a normal number
	expHighest = 89        // above it, and a little below, the result is +Inf
	log2e      = 1.442695
	ln2High    = 0.693359375
	ln2Low     = -2.12194440e-4
	shifter    = 1.5 * (1 << 23) // a number of this size has no fraction: adding it rounds
	exp0       = 5.0000001201e-1
	exp1       = 1.6666665459e-1
	exp2       = 4.1665795894e-2
	exp3       = 8.3334519073e-3
	exp4       = 1.3981999507e-3
	exp5       = 1.9875691500e-4
)

// expPortable is dst[i] = exp(src[i] − top), and returns their sum.
func expPortable(dst, src []float32, top float32) (sum float32) {
	for i, x := range src[:len(dst)] {
		y := expOne(x - top)
		dst[i] = y
		sum += y
	}
	return sum
}

func expOne(x float32) float32 {
	if x < expLowest {
		return 0
	}
	if x > expHighest {
		x = expHighest
	}
	z := float32(x*log2e) + shifter
	n := z - shifter
	r := x - float32(n*ln2High) - float32(n*ln2Low)
	y := (((((exp5*r+exp4)*r+exp3)*r+exp2)*r+exp1)*r+exp0)*r*r + r + 1
	return y * math.Float32frombits(math.Float32bits(z)<<23+1<<23*127) // 2ⁿ
}
