package supervised

import (
	"math"
	"math/bits"
)

// cell is what a split must know of some rows: the sum of their gradients, and the sum of their
// hessians with the number of rows in its lowest bits. All are whole numbers (see fixedPoint), so that
// sums are exact, come out the same in any order, and a difference of two histograms has no residue.
type cell struct{ g, h int64 }

// fixedPoint says how gradients and hessians were made whole numbers. The scales are powers of two,
// as large as the sums over all rows allow.
type fixedPoint struct {
	g, h       float64 // what a number is multiplied by
	perG, perH float64 // their inverses
	countBits  uint    // the lowest bits of cell.h, which count rows
	countMask  int64
}

// newFixedPoint takes the sum of absolute gradients and the sum of hessians, both finite, over rows.
func newFixedPoint(sumAbsG, sumH float64, rows int) fixedPoint {
	countBits := uint(bits.Len(uint(rows)))
	f := fixedPoint{countBits: countBits, countMask: 1<<countBits - 1}
	// Rounding adds at most half a unit a row, which one bit of the sum has room for.
	f.g, f.perG = powerOfTwo(61, sumAbsG)
	f.h, f.perH = powerOfTwo(61-int(countBits), sumH)
	return f
}

// powerOfTwo returns the largest scale, within reason, at which sum stays below 2^room, and its inverse.
func powerOfTwo(room int, sum float64) (scale, inverse float64) {
	_, e := math.Frexp(sum)
	k := min(room-e, 1000)
	return math.Ldexp(1, k), math.Ldexp(1, -k)
}

// cell makes the cell of one row.
func (f *fixedPoint) cell(g, h float64) cell {
	return cell{int64(math.RoundToEven(g * f.g)), int64(math.RoundToEven(h*f.h))<<f.countBits | 1}
}

func (f *fixedPoint) gradient(c cell) float64 { return float64(c.g) * f.perG }
func (f *fixedPoint) hessian(c cell) float64  { return float64(c.h>>f.countBits) * f.perH }
func (f *fixedPoint) count(c cell) int        { return int(c.h & f.countMask) }

func (c cell) plus(o cell) cell  { return cell{c.g + o.g, c.h + o.h} }
func (c cell) minus(o cell) cell { return cell{c.g - o.g, c.h - o.h} }

// newHistogram returns a histogram for all columns of q. Behind its last cell there is room for a whole
// byte's worth, so that each column can be seen as an array of 256.
func (q *quantised) newHistogram() []cell { return make([]cell, q.cells+maxBins+1) }

// parallelWork is how many values a step has to look at for other threads to be worth their start.
const parallelWork = 1 << 18

// fill sums the cells of the given rows into hist, which it clears first: one column's bins lie behind
// the other's.
func (q *quantised) fill(hist []cell, rows []int32, cells []cell, threads int) {
	clear(hist)
	if len(rows)*len(q.columns) < parallelWork {
		threads = 1
	}
	halves := 1
	if threads > 1 {
		halves = 2 // so that few words can be shared out evenly
	}
	parallel(threads, len(q.words)*halves, func(task int) {
		k, half := task/halves, task%halves
		var none [maxBins + 1]cell // takes what the lanes without a column hold
		at := [lanes]*[maxBins + 1]cell{&none, &none, &none, &none}
		for lane := range min(lanes, len(q.columns)-k*lanes) {
			at[lane] = (*[maxBins + 1]cell)(hist[q.columns[k*lanes+lane].offset:])
		}
		switch {
		case halves == 1:
			addWords(at[0], at[1], at[2], at[3], q.words[k], rows, cells)
		case half == 0:
			addHalfWords(at[0], at[1], 0, q.words[k], rows, cells)
		default:
			addHalfWords(at[2], at[3], 16, q.words[k], rows, cells)
		}
	})
}

// addHalfWords is addWords for the two lanes from shift on.
func addHalfWords(a, b *[maxBins + 1]cell, shift uint, words []uint32, rows []int32, cells []cell) {
	cells = cells[:len(words)]
	for _, r := range rows {
		w, x := words[r]>>(shift&31), cells[r]
		p := &a[uint8(w)]
		p.g += x.g
		p.h += x.h
		p = &b[uint8(w>>8)]
		p.g += x.g
		p.h += x.h
	}
}

// addWords equals, for each row and each of the four lanes, adding the row's cell to the bin in its lane.
func addWords(a, b, c, d *[maxBins + 1]cell, words []uint32, rows []int32, cells []cell) {
	cells = cells[:len(words)]
	for _, r := range rows {
		w, x := words[r], cells[r]
		p := &a[uint8(w)]
		p.g += x.g
		p.h += x.h
		p = &b[uint8(w>>8)]
		p.g += x.g
		p.h += x.h
		p = &c[uint8(w>>16)]
		p.g += x.g
		p.h += x.h
		p = &d[w>>24]
		p.g += x.g
		p.h += x.h
	}
}

// subtract makes hist what is in it and not in part.
func subtract(hist, part []cell) {
	part = part[:len(hist)]
	for i := range hist {
		hist[i].g -= part[i].g
		hist[i].h -= part[i].h
	}
}
