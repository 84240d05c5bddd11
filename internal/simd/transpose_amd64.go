//go:build !purego

package simd

// transposed writes the rows×cols matrix src to dst as cols×rows: blocks in vectors, then what they leave.
func transposed(dst, src []float32, rows, cols int) {
	if rows == 1 || cols == 1 {
		copy(dst, src[:rows*cols])
		return
	}
	r16, c4 := rows&^15, cols&^3
	if r16 > 0 && c4 > 0 {
		transpose(&dst[0], rows, &src[0], cols, r16, c4)
	}
	for r := range rows {
		from := c4
		if r >= r16 {
			from = 0
		}
		for c := from; c < cols; c++ {
			dst[c*rows+r] = src[r*cols+c]
		}
	}
}
