package supervised

import "sync"

// together is how many trees are walked at the same time: the processor then waits for the memory of
// one while it compares in another.
const together = 8

// smallRow is how many slots a row may have to be read into the stack.
const smallRow = 64

// rowScratch holds the read rows of ensembles with more slots than fit on the stack.
var rowScratch = sync.Pool{New: func() any { return new([]float64) }}

// predict writes what the trees say of x into dst, which has one place per output.
func (e *ensemble) predict(dst, x []float64) {
	if len(e.slots) <= smallRow {
		var row [smallRow]float64
		e.read(row[:], x)
		e.sum(dst, row[:])
		return
	}
	scratch := rowScratch.Get().(*[]float64)
	row := sized(scratch, len(e.slots))
	e.read(row, x)
	e.sum(dst, row)
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
	scratch := rowScratch.Get().(*[]float64)
	dst := sized(scratch, e.outputs)
	e.predict(dst, x)
	v := dst[k]
	rowScratch.Put(scratch)
	return v
}

// sized returns a slice of n numbers that lives in s from one use to the next.
func sized(s *[]float64, n int) []float64 {
	if cap(*s) < n {
		*s = make([]float64, n)
	}
	return (*s)[:n]
}

// sum adds up the trees for a read row, in their order.
func (e *ensemble) sum(dst, row []float64) {
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
	leaf := e.nodes[at].leaf()
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
func (e *ensemble) descend(at *[together]int32, trees []int32, row []float64) {
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
	descend4((*[4]int32)(at[:4]), e.nodes, row, steps)
	descend4((*[4]int32)(at[4:]), e.nodes, row, steps)
}

// descend4 takes the given number of steps in four trees. It has no branch to guess: a comparison picks
// between two numbers, and who has come to a leaf stays there.
func descend4(at *[4]int32, nodes []node, row []float64, steps int32) {
	a, b, c, d := at[0], at[1], at[2], at[3]
	for range steps {
		n := &nodes[a]
		next := n.right
		if n.threshold >= row[n.slot] {
			next = a + 1
		}
		a = next
		n = &nodes[b]
		next = n.right
		if n.threshold >= row[n.slot] {
			next = b + 1
		}
		b = next
		n = &nodes[c]
		next = n.right
		if n.threshold >= row[n.slot] {
			next = c + 1
		}
		c = next
		n = &nodes[d]
		next = n.right
		if n.threshold >= row[n.slot] {
			next = d + 1
		}
		d = next
	}
	at[0], at[1], at[2], at[3] = a, b, c, d
}
