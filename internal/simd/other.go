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
