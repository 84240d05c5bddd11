package simd

import "math"

// columnSumsPortable is sums[j] += Σ over rows of x[r,j].
func columnSumsPortable(sums, x []float32, rows, cols int) {
	for r := range rows {
		axpyPortable(sums[:cols], 1, x[r*cols:])
	}
}

// axpyPortable is y += a·x.
func axpyPortable(y []float32, a float32, x []float32) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] += a * v
	}
}

// dotPortable is Σ a·b.
func dotPortable(a, b []float32) float32 {
	var sum float32
	b = b[:len(a)]
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// maskPortable is dy[i] = 0 where y[i] is not above 0: the gradient of a rectifier.
func maskPortable(dy, y []float32) {
	y = y[:len(dy)]
	for i, v := range y {
		if !(v > 0) {
			dy[i] = 0
		}
	}
}

// narrowPortable is dst[i] = src[i], rounded to float32.
func narrowPortable(dst []float32, src []float64) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] = float32(v)
	}
}

// adamPortable is one step of Adam (Kingma & Ba 2015, algorithm 1), see Adam.
func adamPortable(p, g, m, v []float32, s AdamStep) {
	g, m, v = g[:len(p)], m[:len(p)], v[:len(p)]
	for i, d := range g {
		m[i] = s.Beta1*m[i] + (1-s.Beta1)*d
		v[i] = s.Beta2*v[i] + (1-s.Beta2)*d*d
		p[i] -= s.Rate * m[i] / (float32(math.Sqrt(float64(v[i])))*s.Scale + s.Epsilon)
	}
}

// tanhPortable is y = tanh(y).
func tanhPortable(y []float32) {
	for i, v := range y {
		y[i] = float32(math.Tanh(float64(v)))
	}
}
