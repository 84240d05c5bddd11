package simd

// Plain Go is held up by loads, stores and the bookkeeping of loops rather than by arithmetic, so the inner
// loops below do several terms at a time. Sums run in the order of the equation all the same.

// short is the number of columns below which an inner loop along them is all bookkeeping.
const short = 4

// densePortable is y = x·w + bias, rectified on request: x is rows×in, w in×out, y rows×out.
func densePortable(y, x, w, bias []float32, rows, in, out int, relu bool) {
	for r := range rows {
		yr, xr := y[r*out:(r+1)*out], x[r*in:(r+1)*in]
		copy(yr, bias)
		if out < short {
			for j, sum := range yr {
				for i, v := range xr {
					sum += v * w[i*out+j]
				}
				yr[j] = sum
			}
		} else {
			axpysPortable(yr, xr, w)
		}
		if relu {
			for j, v := range yr {
				yr[j] = max(v, 0)
			}
		}
	}
}

// axpysPortable is y += Σ a[i]·(row i of x), the rows being as long as y.
func axpysPortable(y, a, x []float32) {
	n := len(y)
	for ; len(a) >= 8; a = a[8:] {
		axpy8Portable(y, x, n, (*[8]float32)(a))
		x = x[8*n:]
	}
	for i, v := range a {
		axpyPortable(y, v, x[i*n:])
	}
}

// axpy8Portable is y += a[0]·x0 + … + a[7]·x7, the x a stride apart.
func axpy8Portable(y, x []float32, stride int, a *[8]float32) {
	x0, x1, x2, x3 := x[:len(y)], x[stride:][:len(y)], x[2*stride:][:len(y)], x[3*stride:][:len(y)]
	x4, x5, x6, x7 := x[4*stride:][:len(y)], x[5*stride:][:len(y)], x[6*stride:][:len(y)], x[7*stride:][:len(y)]
	a0, a1, a2, a3, a4, a5, a6, a7 := a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]
	for j, v := range y {
		y[j] = v + a0*x0[j] + a1*x1[j] + a2*x2[j] + a3*x3[j] + a4*x4[j] + a5*x5[j] + a6*x6[j] + a7*x7[j]
	}
}

// gradWeightsPortable is dw += xᵀ·dy: x is rows×in, dy rows×out, dw in×out.
func gradWeightsPortable(dw, x, dy []float32, rows, in, out int) {
	if out == 1 {
		axpysPortable(dw[:in], dy[:rows], x)
		return
	}
	r := 0
	for ; r+8 <= rows; r += 8 {
		for i := range in {
			var a [8]float32
			for q := range a {
				a[q] = x[(r+q)*in+i]
			}
			axpy8Portable(dw[i*out:(i+1)*out], dy[r*out:], out, &a)
		}
	}
	for ; r < rows; r++ {
		for i, v := range x[r*in : (r+1)*in] {
			axpyPortable(dw[i*out:(i+1)*out], v, dy[r*out:])
		}
	}
}

// gradInputPortable is dx = dy·wᵀ: dy is rows×out, w in×out, dx rows×in.
func gradInputPortable(dx, dy, w []float32, rows, in, out int) {
	for r := range rows {
		dxr, dyr := dx[r*in:(r+1)*in], dy[r*out:(r+1)*out]
		i := 0
		for ; i+4 <= in; i += 4 {
			w0, w1, w2, w3 := w[i*out:][:out], w[(i+1)*out:][:out], w[(i+2)*out:][:out], w[(i+3)*out:][:out]
			var s0, s1, s2, s3 float32
			for j, v := range dyr {
				s0, s1, s2, s3 = s0+v*w0[j], s1+v*w1[j], s2+v*w2[j], s3+v*w3[j]
			}
			dxr[i], dxr[i+1], dxr[i+2], dxr[i+3] = s0, s1, s2, s3
		}
		for ; i < in; i++ {
			dxr[i] = dotPortable(dyr, w[i*out:])
		}
	}
}
