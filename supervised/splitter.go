package supervised

import "math"

// candidate is the best split of one column in one node.
type candidate struct {
	feature     int
	threshold   float64
	missingLeft bool
	score       float64 // what is compared: higher is purer, in one node only
	gain        float64 // weighted impurity taken away, at least 0
}

// splitter finds the threshold that leaves the purest two sides. For classes the impurity is Gini's,
// 1 − Σ share², and since Σ over sides of weight·impurity = W − Σ_sides Σ_k w_k²/w, it looks for the
// largest Σ_sides Σ_k w_k²/w. For numbers it is the variance, and with targets taken relative to the
// node's mean the same holds for Σ_sides (Σ w·y)²/w. So a side is a vector of sums either way.
type splitter struct {
	classes        int
	target, weight []float64
	mean           float64 // of the node's target; 0 for classes

	total, missing, left, right side
}

// side is what is known of the rows on one side of a threshold.
type side struct {
	rows   int
	weight float64
	sums   []float64 // classes: weight of each; numbers: one sum of weight·(target − mean)
}

func newSplitter(classes int) splitter {
	k := max(classes, 1)
	sums := make([]float64, 4*k)
	return splitter{
		classes: classes,
		total:   side{sums: sums[:k]}, missing: side{sums: sums[k : 2*k]},
		left: side{sums: sums[2*k : 3*k]}, right: side{sums: sums[3*k:]},
	}
}

func (s *side) clear() {
	s.rows, s.weight = 0, 0
	clear(s.sums)
}

func (s *side) set(o *side) {
	s.rows, s.weight = o.rows, o.weight
	copy(s.sums, o.sums)
}

// setDifference makes s what is in a and not in b.
func (s *side) setDifference(a, b *side) {
	s.rows, s.weight = a.rows-b.rows, a.weight-b.weight
	for k := range s.sums {
		s.sums[k] = a.sums[k] - b.sums[k]
	}
}

// score is Σ sums²/weight.
func (s *side) score() float64 {
	var squares float64
	for _, v := range s.sums {
		squares += v * v
	}
	return squares / s.weight
}

// add counts row r in o.
func (s *splitter) add(o *side, r int32) {
	w := s.weight[r]
	o.rows++
	o.weight += w
	if s.classes == 0 {
		o.sums[0] += w * (s.target[r] - s.mean)
	} else {
		o.sums[int(s.target[r])] += w
	}
}

// begin turns to the node that holds rows, and reports whether their targets are all the same.
func (s *splitter) begin(rows []int32, target, weight []float64) (pure bool) {
	s.target, s.weight = target, weight
	s.mean = 0
	s.total.clear()
	pure = true
	for _, r := range rows {
		s.add(&s.total, r)
		pure = pure && target[r] == target[rows[0]]
	}
	if s.classes == 0 {
		s.mean = s.total.sums[0] / s.total.weight
		if pure {
			s.mean = target[rows[0]] // exactly, without the rounding of the sum
		}
		s.total.clear()
		for _, r := range rows {
			s.add(&s.total, r)
		}
	}
	return pure
}

// appendLeaf appends what the node answers as a leaf: its class shares, or its mean.
func (s *splitter) appendLeaf(leaves []float64) []float64 {
	if s.classes == 0 {
		return append(leaves, s.mean)
	}
	for _, w := range s.total.sums {
		leaves = append(leaves, w/s.total.weight)
	}
	return leaves
}

func (s *splitter) clearMissing()      { s.missing.clear() }
func (s *splitter) addMissing(r int32) { s.add(&s.missing, r) }

// best goes through the thresholds between the sorted present values, once with the missing rows on
// the right and, if there are any, once with them on the left. With missing rows it also tries to part
// them from all the rest.
func (s *splitter) best(present []cell, missing, minLeaf int) candidate {
	best := candidate{feature: -1, score: math.Inf(-1)}
	s.left.clear()
	s.scan(&best, present, minLeaf, missing > 0, false)
	if missing > 0 {
		s.left.set(&s.missing)
		s.scan(&best, present, minLeaf, false, true)
	}
	return best
}

// scan moves the present rows one by one to the left side, which it finds filled with what is there
// from the start.
func (s *splitter) scan(best *candidate, present []cell, minLeaf int, partMissing, missingLeft bool) {
	for i, c := range present {
		s.add(&s.left, c.row)
		last := i+1 == len(present)
		if last && !partMissing || !last && present[i+1].value == c.value {
			continue
		}
		s.right.setDifference(&s.total, &s.left)
		if s.left.rows < minLeaf || s.right.rows < minLeaf || !(s.right.weight > 0) {
			continue
		}
		score := s.left.score() + s.right.score()
		if !(score > best.score) {
			continue
		}
		*best = candidate{threshold: math.MaxFloat64, score: score, gain: max(score-s.total.score(), 0)}
		if !last {
			best.threshold = between(c.value, present[i+1].value)
		}
		best.missingLeft = missingLeft
		if !partMissing && !missingLeft { // none seen: follow the heavier side
			best.missingLeft = s.left.weight >= s.right.weight
		}
	}
}

// between returns the middle of a < b, which is at least a and below b.
func between(a, b float64) float64 {
	if m := a/2 + b/2; m >= a && m < b {
		return m
	}
	return a
}
