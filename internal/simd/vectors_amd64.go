//go:build !purego

package simd

import "unsafe"

func (l Level) axpy(y []float32, a float32, x []float32) {
	py, px := unsafe.SliceData(y), unsafe.SliceData(x)
	switch l {
	case AVX512:
		axpyAVX512(py, a, px, len(y))
	case AVX2:
		axpyAVX2(py, a, px, len(y))
	default:
		axpyPortable(y, a, x)
	}
}

func (l Level) dot(a, b []float32) float32 {
	pa, pb := unsafe.SliceData(a), unsafe.SliceData(b)
	switch l {
	case AVX512:
		return dotAVX512(pa, pb, len(a))
	case AVX2:
		return dotAVX2(pa, pb, len(a))
	}
	return dotPortable(a, b)
}

func (l Level) mask(dy, y []float32) {
	pd, py := unsafe.SliceData(dy), unsafe.SliceData(y)
	switch l {
	case AVX512:
		maskAVX512(pd, py, len(dy))
	case AVX2:
		maskAVX2(pd, py, len(dy))
	default:
		maskPortable(dy, y)
	}
}

func (l Level) exp(dst, src []float32, top float32) float32 {
	pd, ps := unsafe.SliceData(dst), unsafe.SliceData(src)
	switch l {
	case AVX512:
		return expAVX512(pd, ps, top, len(dst))
	case AVX2:
		return expAVX2(pd, ps, top, len(dst))
	}
	return expPortable(dst, src, top)
}

func (l Level) narrow(dst []float32, src []float64) {
	pd, ps := unsafe.SliceData(dst), unsafe.SliceData(src)
	switch l {
	case AVX512:
		narrowAVX512(pd, ps, len(dst))
	case AVX2:
		narrowAVX2(pd, ps, len(dst))
	default:
		narrowPortable(dst, src)
	}
}

func (l Level) adam(p, g, m, v []float32, s AdamStep) {
	if l == Portable {
		adamPortable(p, g, m, v, s)
		return
	}
	constants := [...]float32{s.Rate, s.Scale, s.Beta1, 1 - s.Beta1, s.Beta2, 1 - s.Beta2, s.Epsilon}
	for len(p) > 0 {
		some := min(len(p), atOnce>>6) // a root and a quotient take as long as many multiplications
		pp, pg, pm, pv := unsafe.SliceData(p), unsafe.SliceData(g), unsafe.SliceData(m), unsafe.SliceData(v)
		if l == AVX512 {
			adamAVX512(pp, pg, pm, pv, &constants[0], some)
		} else {
			adamAVX2(pp, pg, pm, pv, &constants[0], some)
		}
		p, g, m, v = p[some:], g[some:], m[some:], v[some:]
	}
}
