//go:build !purego

package simd

import "testing"

func TestTransposed(t *testing.T) {
	if supported() == Portable {
		t.Skip("this processor has no vectors to transpose with")
	}
	for rows := range 40 {
		for cols := range 40 {
			f := newField(1)
			dst, src := f.slice(rows*cols), f.slice(rows*cols)
			transposed(dst, src, rows, cols)
			for r := range rows {
				for c := range cols {
					if dst[c*rows+r] != src[r*cols+c] {
						t.Fatalf("%d×%d: row %d, column %d is elsewhere", rows, cols, r, c)
					}
				}
			}
			f.check(t)
		}
	}
}
