package supervised

import (
	"cmp"
	"math"
	"slices"
)

// classSearch looks for the split of one node that leaves the purest sides of more than two classes.
// Gini's impurity of a side is 1 − Σ share², and since Σ over sides of weight·impurity is the node's
// weight less Σ_sides Σ_k w_k²/w, it looks for the largest of the latter.
type classSearch struct {
	classes, minLeaf int
	fixed            fixedPoint
	cells            []cell    // per row; only h is looked at
	target           []float64 // per row: the code of its class

	hist        []int64 // classes sums in each bin, of the kind of cell.h
	total       []int64 // of the node
	left        []int64
	atRest      float64
	totalWeight float64
	totalCount  int
	order       []category
}

func newClassSearch(classes, minLeaf int) *classSearch {
	return &classSearch{
		classes: classes, minLeaf: minLeaf, hist: make([]int64, (maxBins+1)*classes),
		total: make([]int64, classes), left: make([]int64, classes),
	}
}

// begin turns to the node that holds rows.
func (s *classSearch) begin(rows []int32) {
	clear(s.total)
	for _, r := range rows {
		s.total[int(s.target[r])] += s.cells[r].h
	}
	var sum int64
	for _, h := range s.total {
		sum += h
	}
	s.totalWeight, s.totalCount = float64(sum>>s.fixed.countBits), int(sum&s.fixed.countMask)
	s.atRest = 0
	for _, h := range s.total {
		w := float64(h >> s.fixed.countBits)
		s.atRest += w * w
	}
	s.atRest /= s.totalWeight
}

// fill sums the classes in each bin of a column and reports whether more than one bin holds rows.
func (s *classSearch) fill(c *binColumn, rows []int32, words []uint32, shift uint) (varies bool) {
	clear(s.hist[:(c.bins+1)*s.classes])
	first := uint8(words[rows[0]] >> (shift & 31))
	for _, r := range rows {
		b := uint8(words[r] >> (shift & 31))
		varies = varies || b != first
		s.hist[int(b)*s.classes+int(s.target[r])] += s.cells[r].h
	}
	return varies
}

// gain is what parting s.left from the rest of the node takes away, in units of weight.
func (s *classSearch) gain() float64 {
	var left int64
	for _, h := range s.left {
		left += h
	}
	count := int(left & s.fixed.countMask)
	wl := float64(left >> s.fixed.countBits)
	wr := s.totalWeight - wl
	if count < s.minLeaf || s.totalCount-count < s.minLeaf || wl <= 0 || wr <= 0 {
		return math.Inf(-1)
	}
	var l, r float64
	for k, h := range s.left {
		w := float64(h >> s.fixed.countBits)
		o := float64(s.total[k]>>s.fixed.countBits) - w
		l += w * w
		r += o * o
	}
	return (l/wl + r/wr - s.atRest) * s.fixed.perH
}

func (s *classSearch) bin(b int) []int64 { return s.hist[b*s.classes:][:s.classes] }

func (s *classSearch) move(b int) {
	for k, h := range s.bin(b) {
		s.left[k] += h
	}
}

func (s *classSearch) holds(b int) bool {
	for _, h := range s.bin(b) {
		if h != 0 {
			return true
		}
	}
	return false
}

// heavier is search.heavier.
func (s *classSearch) heavier() bool {
	var left int64
	for _, h := range s.left {
		left += h
	}
	return float64(left>>s.fixed.countBits) >= s.totalWeight/2
}

// sums is s.left as a node knows it.
func (s *classSearch) sums() (c cell) {
	for _, h := range s.left {
		c.h += h
	}
	return c
}

// column is search.column.
func (s *classSearch) column(best *split, column int, c *binColumn) {
	if c.low == nil {
		s.categorical(best, column, c)
		return
	}
	someMissing := s.holds(c.bins)
	s.numeric(best, column, c, someMissing, false)
	if someMissing {
		s.numeric(best, column, c, someMissing, true)
	}
}

// numeric is search.numeric.
func (s *classSearch) numeric(best *split, column int, c *binColumn, someMissing, missingLeft bool) {
	clear(s.left)
	if missingLeft {
		s.move(c.bins)
	}
	last := -1
	for b := range c.bins {
		if !s.holds(b) {
			continue
		}
		if last >= 0 {
			if gain := s.gain(); gain > best.gain {
				*best = split{column: column, bin: uint8(last), threshold: between(c.high[last], c.low[b]), gain: gain, left: s.sums()}
				best.missingLeft = missingLeft || !someMissing && s.heavier()
			}
		}
		s.move(b)
		last = b
	}
	if someMissing && !missingLeft && last >= 0 {
		if gain := s.gain(); gain > best.gain {
			*best = split{column: column, bin: uint8(c.bins - 1), threshold: math.MaxFloat64, gain: gain, left: s.sums()}
		}
	}
}

// categorical orders the bins by the share of the node's largest class and goes through the parts of
// that order. For more than two classes no order is sure to hold the best partition; this one parts the
// largest class from the others.
func (s *classSearch) categorical(best *split, column int, c *binColumn) {
	largest := 0
	for k, h := range s.total {
		if h > s.total[largest] {
			largest = k
		}
	}
	s.order = s.order[:0]
	for b := range c.bins + 1 {
		if s.holds(b) {
			var sum int64
			for _, h := range s.bin(b) {
				sum += h
			}
			s.order = append(s.order, category{b, float64(s.bin(b)[largest]) / float64(sum)})
		}
	}
	slices.SortFunc(s.order, func(a, b category) int {
		return cmp.Or(cmp.Compare(a.ratio, b.ratio), cmp.Compare(a.bin, b.bin))
	})
	clear(s.left)
	var left cell
	size, gain, unseenLeft := 0, best.gain, false
	for k := range max(len(s.order)-1, 0) {
		s.move(s.order[k].bin)
		if g := s.gain(); g > gain {
			size, gain, left, unseenLeft = k+1, g, s.sums(), s.heavier()
		}
	}
	if size == 0 {
		return
	}
	set := new(binSet)
	for b := range c.bins + 1 {
		if unseenLeft && !s.holds(b) {
			set.add(b)
		}
	}
	for _, o := range s.order[:size] {
		set.add(o.bin)
	}
	*best = split{column: column, set: set, missingLeft: set.has(uint8(c.bins)), gain: gain, left: left}
}
