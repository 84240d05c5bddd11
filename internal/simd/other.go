//go:build !amd64 || purego

package simd

func supported() Level { return Portable }

func (Level) dense(y, x, w, bias []float32, rows, in, out int, relu bool) {
	densePortable(y, x, w, bias, rows, in, out, relu)
}

func (Level) gradWeights(dw, x, dy []float32, rows, in, out int) {
	gradWeightsPortable(dw, x, dy, rows, in, out)
}

func (Level) gradInput(dx, dy, w, _ []float32, rows, in, out int) {
	gradInputPortable(dx, dy, w, rows, in, out)
}

func (Level) columnSums(sums, x []float32, rows, cols int) { columnSumsPortable(sums, x, rows, cols) }

func (Level) axpy(y []float32, a float32, x []float32) { axpyPortable(y, a, x) }

func (Level) dot(a, b []float32) float32 { return dotPortable(a, b) }

func (Level) mask(dy, y []float32) { maskPortable(dy, y) }

func (Level) exp(dst, src []float32, top float32) float32 { return expPortable(dst, src, top) }

func (Level) narrow(dst []float32, src []float64) { narrowPortable(dst, src) }

func (Level) adam(p, g, m, v []float32, s AdamStep) { adamPortable(p, g, m, v, s) }
