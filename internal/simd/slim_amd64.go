//go:build !purego

package simd

import "unsafe"

// zeros is the bias of a slim product without one.
var zeros [few]float32

// few is the most columns of a product that has a kernel of its own: one that fills a vector with several
// rows of b, where one row would leave most lanes idle.
const few = 4

// slim computes m rows of c = a·b + bias, a being m×k and b k×n with few columns, see gen/slim.go.
func (l Level) slim(c, bias, a, b []float32, m, n, k int, relu bool) {
	for m > 0 {
		some := min(m, max(atOnce/few/max(k, 1), 1)) // one column takes as long as a few
		pc, pbias, pa, pb := unsafe.SliceData(c), unsafe.SliceData(bias), unsafe.SliceData(a), unsafe.SliceData(b)
		if l == AVX512 && (n > 1 || k >= 16) { // shorter columns leave half of a wide vector idle
			slimAVX512(n, pc, pbias, pa, pb, some, k, relu)
		} else {
			slimAVX2(n, pc, pbias, pa, pb, some, k, relu)
		}
		m -= some
		c, a = c[some*n:], a[some*k:]
	}
}

func slimAVX512(n int, c, bias, a, b *float32, m, k int, relu bool) {
	switch n {
	case 1:
		slim1AVX512(c, bias, a, b, m, k, relu)
	case 2:
		slim2AVX512(c, bias, a, b, m, k, relu)
	case 3:
		slim3AVX512(c, bias, a, b, m, k, relu)
	case 4:
		slim4AVX512(c, bias, a, b, m, k, relu)
	}
}

func slimAVX2(n int, c, bias, a, b *float32, m, k int, relu bool) {
	switch n {
	case 1:
		slim1AVX2(c, bias, a, b, m, k, relu)
	case 2:
		slim2AVX2(c, bias, a, b, m, k, relu)
	case 3:
		slim3AVX2(c, bias, a, b, m, k, relu)
	case 4:
		slim4AVX2(c, bias, a, b, m, k, relu)
	}
}
