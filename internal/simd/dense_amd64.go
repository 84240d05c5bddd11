//go:build !purego

package simd

func (l Level) dense(y, x, w, bias []float32, rows, in, out int, relu bool) {
	if l == Portable {
		densePortable(y, x, w, bias, rows, in, out, relu)
		return
	}
	if rows == 0 || out == 0 {
		return
	}
	if out <= few {
		l.slim(y, bias, x, w, rows, out, in, relu)
		return
	}
	p := product{
		c: y, bias: bias, a: x, ra: in, ca: 1, b: w, ldb: out, n: out, k: in, relu: relu,
	}
	l.rows(p, rows)
}

func (l Level) gradWeights(dw, x, dy []float32, rows, in, out int) {
	if l == Portable {
		gradWeightsPortable(dw, x, dy, rows, in, out)
		return
	}
	if rows == 0 || in == 0 || out == 0 {
		return
	}
	if in > out && (out <= few || out == 8 && l == AVX512) {
		l.gradWeightsTurned(dw, x, dy, rows, in, out)
		return
	}
	p := product{c: dw, keep: true, a: x, ra: 1, ca: in, b: dy, ldb: out, n: out, k: rows}
	l.rows(p, in)
}

// gradWeightsTurned is gradWeights for few columns, which would leave most lanes of a vector idle: it adds dyᵀ·x
// to dwᵀ, a part of the rows of dw at a time.
func (l Level) gradWeightsTurned(dw, x, dy []float32, rows, in, out int) {
	p := product{keep: true, a: dy, ra: 1, ca: out, ldb: in, k: rows}
	if out == 1 {
		p.c, p.b, p.n = dw, x, in
		l.rows(p, 1)
		return
	}
	const most = 128
	var turned [8 * most]float32
	for i := 0; i < in; i += most {
		p.n = min(most, in-i)
		part := dw[i*out : (i+p.n)*out]
		p.c, p.b = turned[:len(part)], x[i:]
		transposed(p.c, part, p.n, out)
		l.rows(p, out)
		transposed(part, p.c, out, p.n)
	}
}

func (l Level) gradInput(dx, dy, w, scratch []float32, rows, in, out int) {
	if l == Portable {
		gradInputPortable(dx, dy, w, rows, in, out)
		return
	}
	if rows == 0 || in == 0 {
		return
	}
	transposed(scratch, w, in, out)
	if in <= few {
		l.slim(dx, zeros[:], dy, scratch, rows, in, out, false)
		return
	}
	p := product{c: dx, a: dy, ra: out, ca: 1, b: scratch, ldb: in, n: in, k: out}
	l.rows(p, rows)
}
