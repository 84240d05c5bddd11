//go:build !purego

package simd

import "unsafe"

// product is one call of the matrix kernel, see gen/product.go: c is m×n and contiguous.
type product struct {
	c, bias []float32 // bias nil: none
	keep    bool
	a       []float32
	ra, ca  int
	b       []float32
	ldb     int
	n, k    int
	relu    bool
}

const (
	// depth is how many rows of b are worked through at a time, so that a panel of them stays in the cache
	// nearby. The sums go on where they stopped, so that it shows in no result.
	depth = 512

	// atOnce bounds the multiplications of one call of a kernel. Assembly cannot be preempted, and whoever
	// stops the world, the garbage collector for one, waits for it: some tens of microseconds.
	atOnce = 1 << 22
)

// rows computes m rows of the product at level l, which is not Portable.
func (l Level) rows(p product, m int) {
	relu, left := p.relu, p.k
	for {
		p.k = min(left, depth)
		left -= p.k
		p.relu = relu && left == 0
		l.slice(p, m)
		if left == 0 {
			return
		}
		p.bias, p.keep = nil, true
		p.a, p.b = p.a[p.k*p.ca:], p.b[p.k*p.ldb:]
	}
}

// slice computes m rows over a depth that suits the cache: tiles of several rows, then single ones.
func (l Level) slice(p product, m int) {
	const tile = 4        // the fewest rows whose sums keep the multipliers busy
	const highest = 3 * 4 // a multiple of every tile's rows
	most := max(atOnce/max(p.n*p.k, 1)/highest, 1) * highest
	for m >= tile {
		some := min(m&^(tile-1), most)
		l.tiles(p, some)
		m -= some
		if m == 0 {
			return
		}
		p.c, p.a = p.c[some*p.n:], p.a[some*p.ra:]
	}
	if m > 0 {
		l.singles(p, m)
	}
}

// tiles computes a multiple of four rows.
func (l Level) tiles(p product, m int) {
	c, bias, a, b := unsafe.SliceData(p.c), unsafe.SliceData(p.bias), unsafe.SliceData(p.a), unsafe.SliceData(p.b)
	if l == AVX512 {
		productAVX512(c, p.n, bias, p.keep, a, p.ra, p.ca, b, p.ldb, m, p.n, p.k, p.relu)
	} else {
		productAVX2(c, p.n, bias, p.keep, a, p.ra, p.ca, b, p.ldb, m, p.n, p.k, p.relu)
	}
}

// singles computes row by row. A matrix that is no wider than a narrow vector leaves a wide one half idle.
func (l Level) singles(p product, m int) {
	c, bias, a, b := unsafe.SliceData(p.c), unsafe.SliceData(p.bias), unsafe.SliceData(p.a), unsafe.SliceData(p.b)
	if l == AVX512 && p.n > 8 {
		rowAVX512(c, p.n, bias, p.keep, a, p.ra, p.ca, b, p.ldb, m, p.n, p.k, p.relu)
	} else {
		rowAVX2(c, p.n, bias, p.keep, a, p.ra, p.ca, b, p.ldb, m, p.n, p.k, p.relu)
	}
}
