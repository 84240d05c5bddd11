package supervised

import (
	"cmp"
	"math"
	"slices"
)

// binSet is a set of bins of one column.
type binSet [4]uint64

func (s *binSet) add(bin int)        { s[bin/64] |= 1 << (bin % 64) }
func (s *binSet) has(bin uint8) bool { return s[bin/64]&(1<<(bin%64)) != 0 }

// split is one way to part the rows of a node.
type split struct {
	column      int     // of the quantised table; −1: no split
	threshold   float64 // numeric: a value at most this goes left …
	bin         uint8   // … which are the bins up to this one
	missingLeft bool    // where missing values go
	set         *binSet // categorical: the bins that go left, the one for missing values among them
	gain        float64 // Σ over sides of G²/(H+λ), less the same of the node
	left        cell    // the sums of the rows that go left
}

// search looks for the split of one node that takes away most of the loss. With gradients G and
// hessians H of a side, the loss at its best answer is −G²/(2(H+λ)) less than at 0: Friedman, Greedy
// Function Approximation (2001), in the second-order form of Chen & Guestrin, XGBoost (2016), section
// 2.2. With g = weight·target and h = weight this is the variance (CART); for two classes coded 0 and 1
// it is half of Gini's impurity.
type search struct {
	fixed      fixedPoint
	l2         float64
	minLeaf    int
	minHessian float64
	rising     []int8 // per column: 1 the answer must not fall, −1 it must not rise; nil: no such column

	// Of the node.
	total        cell
	lower, upper float64 // its answers must lie between, which monotone columns ask for
	sumG, sumH   float64
	mean         float64 // G/H
	atRest       float64 // what gain takes away: the node's own score

	order []category // scratch
}

// category is one bin of a categorical column on its way into order.
type category struct {
	bin   int
	ratio float64
}

// begin turns to a node.
func (s *search) begin(total cell, lower, upper float64) {
	s.total, s.lower, s.upper = total, lower, upper
	s.sumG, s.sumH = s.fixed.gradient(total), s.fixed.hessian(total)
	s.mean = s.sumG / s.sumH
	s.atRest = s.score(s.sumG, s.sumH)
}

// answer is the number that serves a side best, within the bounds of its node.
func (s *search) answer(g, h float64) float64 {
	if h+s.l2 <= 0 {
		return 0
	}
	return min(max(-g/(h+s.l2), s.lower), s.upper)
}

// score is twice the loss that a side's answer takes away.
func (s *search) score(g, h float64) float64 {
	if s.rising == nil {
		return g * g / (h + s.l2)
	}
	v := s.answer(g, h)
	return -(2*g*v + (h+s.l2)*v*v)
}

// gain is what parting the node takes away, −Inf when it is not allowed.
func (s *search) gain(left cell, column int) float64 {
	right := s.total.minus(left)
	if int(left.h&s.fixed.countMask) < s.minLeaf || int(right.h&s.fixed.countMask) < s.minLeaf {
		return math.Inf(-1)
	}
	gl, hl := s.fixed.gradient(left), s.fixed.hessian(left)
	hr := s.fixed.hessian(right)
	if hl < s.minHessian || hr < s.minHessian || hl <= 0 || hr <= 0 {
		return math.Inf(-1)
	}
	if s.l2 == 0 && s.rising == nil {
		d := gl - s.mean*hl // equals the difference of the scores, without its cancellation
		return d * d * s.sumH / (hl * hr)
	}
	gr := s.fixed.gradient(right)
	if s.rising != nil && s.rising[column] != 0 && float64(s.rising[column])*(s.answer(gr, hr)-s.answer(gl, hl)) < 0 {
		return math.Inf(-1)
	}
	return s.score(gl, hl) + s.score(gr, hr) - s.atRest
}

// column puts the best split of one column into best when it gains more than what is there.
func (s *search) column(best *split, column int, c *binColumn, hist []cell) {
	hist = hist[:c.bins+1]
	if c.low == nil {
		s.categorical(best, column, c, hist)
		return
	}
	missing := hist[c.bins]
	s.numeric(best, column, c, hist, cell{}, missing.h != 0)
	if missing.h != 0 {
		s.numeric(best, column, c, hist, missing, true)
	}
}

// numeric goes through the thresholds between the bins that hold rows. start is what is on the left
// already: nothing, or the missing values. Before that, missing values are also parted from all others.
func (s *search) numeric(best *split, column int, c *binColumn, hist []cell, start cell, someMissing bool) {
	left, last := start, -1
	for b := range c.bins {
		x := hist[b]
		if x.h == 0 {
			continue
		}
		if last >= 0 {
			if gain := s.gain(left, column); gain > best.gain {
				*best = split{column: column, bin: uint8(last), threshold: between(c.high[last], c.low[b]), gain: gain, left: left}
				best.missingLeft = start.h != 0
				if !someMissing {
					best.missingLeft = s.heavier(left)
				}
			}
		}
		left = left.plus(x)
		last = b
	}
	if someMissing && start.h == 0 && last >= 0 {
		if gain := s.gain(left, column); gain > best.gain {
			*best = split{column: column, bin: uint8(c.bins - 1), threshold: math.MaxFloat64, gain: gain, left: left}
		}
	}
}

// heavier reports whether at least half of the node's weight is on the left: there go values that the
// node has not seen.
func (s *search) heavier(left cell) bool {
	return left.h>>s.fixed.countBits >= (s.total.h-left.h)>>s.fixed.countBits
}

// categorical orders the bins that hold rows, the missing values being one of them, by G/H and goes
// through the parts of that order: for a convex loss the best of all 2^(bins−1) partitions is among
// them (Fisher, On Grouping for Maximum Homogeneity, 1958).
func (s *search) categorical(best *split, column int, c *binColumn, hist []cell) {
	s.order = s.order[:0]
	for b, x := range hist {
		if x.h != 0 {
			s.order = append(s.order, category{b, s.fixed.gradient(x) / s.fixed.hessian(x)})
		}
	}
	slices.SortFunc(s.order, func(a, b category) int {
		return cmp.Or(cmp.Compare(a.ratio, b.ratio), cmp.Compare(a.bin, b.bin))
	})
	var left, bestLeft cell
	size, gain := 0, best.gain
	for k := range max(len(s.order)-1, 0) {
		left = left.plus(hist[s.order[k].bin])
		if g := s.gain(left, column); g > gain {
			size, gain, bestLeft = k+1, g, left
		}
	}
	if size == 0 {
		return
	}
	set, unseenLeft := new(binSet), s.heavier(bestLeft)
	for b, x := range hist {
		if x.h == 0 && unseenLeft {
			set.add(b)
		}
	}
	for _, o := range s.order[:size] {
		set.add(o.bin)
	}
	*best = split{column: column, set: set, missingLeft: set.has(uint8(c.bins)), gain: gain, left: bestLeft}
}

// partition moves the rows that go left to the front and returns their number. Both sides keep their
// order. scratch has room for all rows.
func (q *quantised) partition(rows, scratch []int32, s *split) int {
	var goes [maxBins + 1]uint8 // 1 for the bins that go left: looked up, since a branch would often be guessed wrong
	for b := range goes {
		if s.set != nil && s.set.has(uint8(b)) || s.set == nil && b <= int(s.bin) {
			goes[b] = 1
		}
	}
	if s.set == nil && s.missingLeft {
		goes[q.columns[s.column].bins] = 1
	}
	words, shift := q.lane(s.column)
	scratch = scratch[:len(rows)]
	left, right := 0, 0
	for _, r := range rows {
		g := int(goes[uint8(words[r]>>(shift&31))])
		rows[left], scratch[right] = r, r // left never overtakes the row that is read
		left += g
		right += 1 - g
	}
	copy(rows[left:], scratch[:right])
	return left
}

// partitionInParallel equals partition. Each thread parts a stretch of its own; then the left sides are
// put together, and the right ones behind them.
func (q *quantised) partitionInParallel(threads int, rows, scratch []int32, s *split) int {
	if threads <= 1 || len(rows) < parallelWork/8 {
		return q.partition(rows, scratch, s)
	}
	size := (len(rows) + threads - 1) / threads
	stretch := func(of []int32, k int) []int32 { return of[min(k*size, len(rows)):min((k+1)*size, len(rows))] }
	lefts := make([]int, threads)
	parallel(threads, threads, func(k int) { lefts[k] = q.partition(stretch(rows, k), stretch(scratch, k), s) })
	total := 0
	for _, l := range lefts {
		total += l
	}
	left, right := make([]int, threads), make([]int, threads) // where each stretch's sides begin
	for k, l := range lefts[:threads-1] {
		left[k+1] = left[k] + l
		right[k+1] = right[k] + len(stretch(rows, k)) - l
	}
	parallel(threads, threads, func(k int) {
		part := stretch(rows, k)
		copy(scratch[left[k]:], part[:lefts[k]])
		copy(scratch[total+right[k]:], part[lefts[k]:])
	})
	parallel(threads, threads, func(k int) { copy(stretch(rows, k), stretch(scratch, k)) })
	return total
}
