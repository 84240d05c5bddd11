package replay

import "math"

// fanout is the number of children of a node: as many sums as fill a line of the cache.
const fanout = 8

// sumTree holds one value ≥ 0 for each slot, and sums of them from which slots are drawn in proportion.
//
// levels[0] holds the values, and each node of a level above the sum of fanout nodes of the one below,
// added from left to right. A sum is always computed afresh from its children, never adjusted, so that it
// is a function of the values alone and does not drift; its relative error is below 1e-15 for each level.
type sumTree struct {
	levels [][]float64 // from the values up to the one sum; all but the last filled up to whole nodes
}

func newSumTree(slots int) sumTree {
	var t sumTree
	for n := slots; ; n = (n + fanout - 1) / fanout {
		if n == 1 && len(t.levels) > 0 {
			t.levels = append(t.levels, make([]float64, 1))
			return t
		}
		t.levels = append(t.levels, make([]float64, (n+fanout-1)/fanout*fanout))
	}
}

func (t *sumTree) total() float64 { return t.levels[len(t.levels)-1][0] }

func (t *sumTree) get(slot int) float64 { return t.levels[0][slot] }

// set changes one value, and the sums above it as far as they change.
func (t *sumTree) set(slot int, value float64) {
	t.levels[0][slot] = value
	for l, at := 1, slot/fanout; l < len(t.levels); l, at = l+1, at/fanout {
		sum := t.sum(l-1, at)
		if t.levels[l][at] == sum {
			return
		}
		t.levels[l][at] = sum
	}
}

// refresh sums up anew what is above slots, whose values were written. Level by level, the misses of the
// cache overlap.
func (t *sumTree) refresh(slots []int, nodes []int) {
	for i, slot := range slots {
		nodes[i] = slot / fanout
	}
	for l := 1; l < len(t.levels); l++ {
		level := t.levels[l]
		for i, at := range nodes {
			level[at] = t.sum(l-1, at)
			nodes[i] = at / fanout
		}
	}
}

// rebuild sums up everything anew.
func (t *sumTree) rebuild() {
	for l := 1; l < len(t.levels); l++ {
		for at := range min(len(t.levels[l]), len(t.levels[l-1])/fanout) {
			t.levels[l][at] = t.sum(l-1, at)
		}
	}
}

// sum adds the children, on level l, of node at of the level above.
func (t *sumTree) sum(l, at int) float64 {
	c := (*[fanout]float64)(t.levels[l][at*fanout:])
	return c[0] + c[1] + c[2] + c[3] + c[4] + c[5] + c[6] + c[7]
}

// find replaces each of targets, 0 ≤ target < total, by what is left of it in the slot in which it falls
// when the values are laid end to end, and fills slots with those. All go down one level before any goes
// down the next, so that the misses of the cache overlap. A slot of value 0 is never found.
func (t *sumTree) find(slots []int, targets []float64) {
	clear(slots)
	for l := len(t.levels) - 2; l >= 0; l-- {
		level := t.levels[l]
		for i, at := range slots {
			c := (*[fanout]float64)(level[at*fanout:])
			// Where the children begin, and where the last one ends, as sum adds them up.
			var begin [fanout]float64
			begin[1] = c[0]
			begin[2] = begin[1] + c[1]
			begin[3] = begin[2] + c[2]
			begin[4] = begin[3] + c[3]
			begin[5] = begin[4] + c[4]
			begin[6] = begin[5] + c[5]
			begin[7] = begin[6] + c[6]
			end := begin[7] + c[7]
			// Rounding may have left a target at the end of its node or just beyond: it belongs to the
			// last child that is above 0. Numbers ≥ 0 are in the order of their bits, which spares branches
			// that nothing can predict.
			u := min(math.Float64bits(targets[i]), math.Float64bits(end)-1)
			child := fanout - 1 - int(before(u, begin[1])+before(u, begin[2])+before(u, begin[3])+
				before(u, begin[4])+before(u, begin[5])+before(u, begin[6])+before(u, begin[7]))
			targets[i], slots[i] = math.Float64frombits(u)-begin[child%fanout], at*fanout+child
		}
	}
}

// before returns 1 where the number ≥ 0 with bits u is below x ≥ 0, else 0.
func before(u uint64, x float64) uint64 { return (u - math.Float64bits(x)) >> 63 }
