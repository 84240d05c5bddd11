package simd

import "math"

// densePortable is y = x·w + bias, rectified on request: x is rows×in, w in×out, y rows×out.
func densePortable(y, x, w, bias []float32, rows, in, out int, relu bool) {
	for r := range rows {
		yr, xr := y[r*out:(r+1)*out], x[r*in:(r+1)*in]
		copy(yr, bias)
		for i, xi := range xr {
			axpyPortable(yr, xi, w[i*out:(i+1)*out])
		}
		if relu {
			for j, v := range yr {
				yr[j] = max(v, 0)
			}
		}
	}
}

// gradWeightsPortable is dw += xᵀ·dy: x is rows×in, dy rows×out, dw in×out.
func gradWeightsPortable(dw, x, dy []float32, rows, in, out int) {
	for r := range rows {
		for i, xi := range x[r*in : (r+1)*in] {
			axpyPortable(dw[i*out:(i+1)*out], xi, dy[r*out:(r+1)*out])
		}
	}
}

// gradInputPortable is dx = dy·wᵀ: dy is rows×out, w in×out, dx rows×in.
func gradInputPortable(dx, dy, w []float32, rows, in, out int) {
	for r := range rows {
		for i := range in {
			dx[r*in+i] = dotPortable(dy[r*out:(r+1)*out], w[i*out:(i+1)*out])
		}
	}
}

// columnSumsPortable is sums[j] += Σ over rows of x[r,j].
func columnSumsPortable(sums, x []float32, rows, cols int) {
	for r := range rows {
		axpyPortable(sums, 1, x[r*cols:(r+1)*cols])
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

// expPortable is dst[i] = exp(src[i] − top), and returns their sum.
func expPortable(dst, src []float32, top float32) (sum float32) {
	for i, v := range src[:len(dst)] {
		e := float32(math.Exp(float64(v - top)))
		dst[i] = e
		sum += e
	}
	return sum
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
