//go:build !purego

package simd

// transposed writes the rows×cols matrix src to dst as cols×rows: blocks in vectors, then what they leave.
func transposed(dst, src []float32, rows, cols int) {
	if rows == 1 || cols == 1 {
		copy(dst, src[:rows*cols])
		return
	}
	high, c4 := rows&^15, cols&^3
	if high > 0 && c4 > 0 {
		transpose(&dst[0], rows, &src[0], cols, high, c4)
	}
	swap(dst, src, rows, cols, 0, high, c4)
	low, c8 := rows&^3, cols&^7
	if low > high && c8 > 0 {
		transposeLow(&dst[high], rows, &src[high*cols], cols, low-high, c8)
	}
	swap(dst, src, rows, cols, high, low, c8)
	swap(dst, src, rows, cols, low, rows, 0)
}

// swap transposes rows [from,to) and the columns from col on, one by one.
func swap(dst, src []float32, rows, cols, from, to, col int) {
	for r := from; r < to; r++ {
		for c := col; c < cols; c++ {
			dst[c*rows+r] = src[r*cols+c]
		}
	}
}
