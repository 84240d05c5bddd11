//go:build !purego

package simd

// one multiplies in columnSums.
var one = []float32{1}

// columnSums is the product of a row of ones and x. Where rows of x are short, several are taken for one long
// one, so that there are enough sums to go on with while others wait, and in the end halves are added to halves.
func (l Level) columnSums(sums, x []float32, rows, cols int) {
	if l == Portable {
		columnSumsPortable(sums, x, rows, cols)
		return
	}
	if rows == 0 || cols == 0 {
		return
	}
	const enough = 64
	var parts [enough]float32
	together := 1
	for 2*together*cols <= enough {
		together *= 2
	}
	if together > 1 && rows >= 2*together {
		width := together * cols
		long := rows / together
		l.rows(product{c: parts[:width], keep: true, a: one, b: x, ldb: width, n: width, k: long}, 1)
		for ; width > cols; width /= 2 {
			l.axpy(parts[:width/2], 1, parts[width/2:])
		}
		l.axpy(sums[:cols], 1, parts[:])
		x, rows = x[long*together*cols:], rows%together
	}
	if rows > 0 {
		l.rows(product{c: sums, keep: true, a: one, b: x, ldb: cols, n: cols, k: rows}, 1)
	}
}
