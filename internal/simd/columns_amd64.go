//go:build !purego

package simd

// one multiplies in columnSums.
var one = []float32{1}

// columnSums is the product of a row of ones and x. Where rows of x are short, several are taken for one long
// one, so that there are enough sums to go on with while others wait, and their parts are added up at the end.
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
	if together := enough / cols; together > 1 && rows >= 2*together {
		width := together * cols
		long := rows / together
		l.rows(product{c: parts[:width], keep: true, a: one, b: x, ldb: width, n: width, k: long}, 1)
		for i := 0; i < width; i += cols {
			for j, v := range parts[i : i+cols] {
				sums[j] += v
			}
		}
		x, rows = x[long*width:], rows%together
	}
	if rows > 0 {
		l.rows(product{c: sums, keep: true, a: one, b: x, ldb: cols, n: cols, k: rows}, 1)
	}
}
