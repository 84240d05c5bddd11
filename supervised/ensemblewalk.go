package supervised

import (
	"math/bits"
	"slices"
	"sync"
)

// together is how many trees are walked at the same time: the processor then waits for the memory of
// one while it compares in another.
const together = 8

// smallRow is how many slots a row may have to be read into the stack.
const smallRow = 64

// rowScratch holds the read rows of ensembles with more slots than fit on the stack.
var rowScratch = sync.Pool{New: func() any { return new(scratchRow) }}

type scratchRow struct {
	keys   []uint64
	output []float64
}

// predict writes what the trees say of x into dst, which has one place per output.
func (e *ensemble) predict(dst, x []float64) {
	if len(e.slots) <= smallRow {
		var row [smallRow]uint64
		e.read(row[:], x)
		e.sum(dst, row[:])
		return
	}
	scratch := rowScratch.Get().(*scratchRow)
	scratch.keys = slices.Grow(scratch.keys[:0], len(e.slots))[:len(e.slots)]
	e.read(scratch.keys, x)
	e.sum(dst, scratch.keys)
	rowScratch.Put(scratch)
}

// predictOne is predict for one output.
func (e *ensemble) predictOne(k int, x []float64) float64 {
	if e.outputs == 1 {
		var one [1]float64
		e.predict(one[:], x)
		return one[0]
	}
	var few [smallRow]float64
	if e.outputs <= smallRow {
		e.predict(few[:e.outputs], x)
		return few[k]
	}
	scratch := rowScratch.Get().(*scratchRow)
	scratch.output = slices.Grow(scratch.output[:0], e.outputs)[:e.outputs]
	e.predict(scratch.output, x)
	v := scratch.output[k]
	rowScratch.Put(scratch)
	return v
}

// sum adds up the trees for a read row, in their order.
func (e *ensemble) sum(dst []float64, row []uint64) {
	copy(dst, e.base)
	var trees, at [together]int32
	for t := 0; t < len(e.roots); t += together {
		n := min(together, len(e.roots)-t)
		for k := range n {
			trees[k] = int32(t + k)
		}
		e.descend(&at, trees[:n], row)
		for k, leaf := range at[:n] {
			e.addLeaf(dst, t+k, leaf)
		}
	}
	e.finish(dst)
}

// addLeaf adds the numbers of one leaf of tree t.
func (e *ensemble) addLeaf(dst []float64, t int, at int32) {
	leaf := int(e.nodes[at].key)
	if e.leafWidth == 1 {
		dst[t%e.outputs] += e.leaves[leaf]
		return
	}
	for k, v := range e.leaves[leaf*e.leafWidth:][:e.leafWidth] {
		dst[k] += v
	}
}

// finish turns sums into means where that is what the ensemble says.
func (e *ensemble) finish(dst []float64) {
	if e.mean {
		for k := range dst {
			dst[k] /= float64(len(e.roots))
		}
	}
}

// descend walks down at most together trees and writes the leaves it comes to into at. It equals walk
// for each.
func (e *ensemble) descend(at *[together]int32, trees []int32, row []uint64) {
	if e.sorted || len(trees) < together {
		for k, t := range trees {
			at[k] = e.walk(e.roots[t], row)
		}
		return
	}
	steps := int32(0)
	for k, t := range trees[:together] {
		at[k] = e.roots[t]
		steps = max(steps, e.depths[t])
	}
	descendTogether(at, e.nodes, row, steps)
}

// descendTogether takes the given number of steps in each tree, with no branch that could be guessed
// wrong: whether a comparison borrows picks the way, and who has come to a leaf stays there.
func descendTogether(at *[together]int32, nodes []node, row []uint64, steps int32) {
	a, b, c, d, e, f, g, h := at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]
	for range steps {
		n := &nodes[a]
		_, right := bits.Sub64(n.key, row[n.slot], 0)
		a += 1 + (n.right-a-1)&-int32(right)
		n = &nodes[b]
		_, right = bits.Sub64(n.key, row[n.slot], 0)
		b += 1 + (n.right-b-1)&-int32(right)
		n = &nodes[c]
		_, right = bits.Sub64(n.key, row[n.slot], 0)
		c += 1 + (n.right-c-1)&-int32(right)
		n = &nodes[d]
		_, right = bits.Sub64(n.key, row[n.slot], 0)
		d += 1 + (n.right-d-1)&-int32(right)
		n = &nodes[e]
		_, right = bits.Sub64(n.key, row[n.slot], 0)
		e += 1 + (n.right-e-1)&-int32(right)
		n = &nodes[f]
		_, right = bits.Sub64(n.key, row[n.slot], 0)
		f += 1 + (n.right-f-1)&-int32(right)
		n = &nodes[g]
		_, right = bits.Sub64(n.key, row[n.slot], 0)
		g += 1 + (n.right-g-1)&-int32(right)
		n = &nodes[h]
		_, right = bits.Sub64(n.key, row[n.slot], 0)
		h += 1 + (n.right-h-1)&-int32(right)
	}
	*at = [together]int32{a, b, c, d, e, f, g, h}
}
