package supervised

import (
	"math"
	"math/rand/v2"
)

// forestGrower grows one tree after another on the same quantised table, depth first, looking at a few
// columns in each node. For numbers and for two classes it sums weight·target and weight in each bin
// (search); for more classes the weight of each (classSearch).
type forestGrower struct {
	q                        *quantised
	target                   []float64
	classes                  int // 0: regression
	depth, minLeaf, features int
	mean                     float64 // of the target, which is taken off it where it is a number

	weight  []float64 // per row: sample weight times how often it was drawn; the caller sets it before each tree
	cells   []cell
	rows    []int32
	scratch []int32
	order   []int // columns, in the order in which a split looks at them
	nodes   []grownNode
	hist    [maxBins + 1]cell
	search  search
	many    *classSearch
}

func newForestGrower(q *quantised, d *Dataset, classes, depth, minLeaf, features int) *forestGrower {
	n := d.Len()
	g := &forestGrower{
		q: q, target: d.target, classes: classes, depth: depth, minLeaf: minLeaf, features: features,
		weight: make([]float64, n), cells: make([]cell, n), rows: make([]int32, 0, n), scratch: make([]int32, n),
		order: indices(len(q.columns)), search: search{minLeaf: minLeaf},
	}
	if classes == 0 {
		var sum, weight float64
		for i, y := range d.target {
			sum += d.Weight(i) * (y / 2) // halved, so that the largest numbers do not overflow
			weight += d.Weight(i)
		}
		g.mean = sum / weight * 2
	}
	if classes > 2 {
		g.many = newClassSearch(classes, minLeaf)
	}
	return g
}

// grow grows a tree on the rows that have weight and returns its nodes, the root first; they are valid
// until the next tree.
func (g *forestGrower) grow(random *rand.Rand) []grownNode {
	g.load()
	for j := range g.order {
		g.order[j] = j
	}
	type place struct {
		node  int32
		depth int
	}
	open := []place{{}}
	for len(open) > 0 {
		p := open[len(open)-1]
		open = open[:len(open)-1]
		n := g.nodes[p.node]
		rows := g.rows[n.lo:n.hi]
		if p.depth >= g.depth || len(rows)/2 < g.minLeaf || g.pure(rows) {
			continue
		}
		best := g.find(rows, n.sums, random)
		if best.column < 0 {
			continue
		}
		mid := n.lo + g.q.partition(rows, g.scratch, &best)
		a := int32(len(g.nodes))
		g.nodes[p.node].split, g.nodes[p.node].children = best, [2]int32{a, a + 1}
		g.nodes = append(g.nodes,
			grownNode{split: split{column: -1}, lo: n.lo, hi: mid, sums: best.left},
			grownNode{split: split{column: -1}, lo: mid, hi: n.hi, sums: n.sums.minus(best.left)})
		open = append(open, place{a + 1, p.depth + 1}, place{a, p.depth + 1})
	}
	return g.nodes
}

// load lists the rows that count, makes their cells and the root.
func (g *forestGrower) load() {
	g.rows = g.rows[:0]
	var sumG, sumH float64
	for i, w := range g.weight {
		if w > 0 {
			g.rows = append(g.rows, int32(i))
			sumG += w * math.Abs(g.relative(i))
			sumH += w
		}
	}
	fixed := newFixedPoint(sumG, sumH, len(g.rows))
	g.search.fixed = fixed
	root := grownNode{split: split{column: -1}, hi: len(g.rows)}
	for _, r := range g.rows {
		w := g.weight[r]
		g.cells[r] = fixed.cell(w*g.relative(int(r)), w)
		root.sums = root.sums.plus(g.cells[r])
	}
	if g.many != nil {
		g.many.fixed, g.many.cells, g.many.target = fixed, g.cells, g.target
	}
	g.nodes = append(g.nodes[:0], root)
}

// relative is the target as a split sees it: the number less the mean, or the code of the class.
func (g *forestGrower) relative(row int) float64 { return g.target[row] - g.mean }

// pure reports whether the rows have the same target.
func (g *forestGrower) pure(rows []int32) bool {
	for _, r := range rows {
		if g.target[r] != g.target[rows[0]] {
			return false
		}
	}
	return true
}

// find looks at a few columns drawn without replacement, and at more only while all of those so far
// were constant in the node. The first of equals wins.
func (g *forestGrower) find(rows []int32, sums cell, random *rand.Rand) split {
	best := split{column: -1, gain: math.Inf(-1)}
	if g.many != nil {
		g.many.begin(rows)
	} else {
		g.search.begin(sums, math.Inf(-1), math.Inf(1))
	}
	varies := 0
	for k := range g.order {
		if k >= g.features && varies > 0 {
			break
		}
		pick := k + random.IntN(len(g.order)-k)
		g.order[k], g.order[pick] = g.order[pick], g.order[k]
		j := g.order[k]
		c := &g.q.columns[j]
		words, shift := g.q.lane(j)
		if g.many != nil {
			if g.many.fill(c, rows, words, shift) {
				varies++
				g.many.column(&best, j, c)
			}
			continue
		}
		clear(g.hist[:c.bins+1])
		addLane(&g.hist, words, shift, rows, g.cells)
		if g.hist[uint8(words[rows[0]]>>(shift&31))].h == sums.h {
			continue // all in one bin
		}
		varies++
		g.search.column(&best, j, c, g.hist[:])
	}
	best.gain = max(best.gain, 0)
	return best
}

// addLane equals adding each row's cell to the bin of its column.
func addLane(hist *[maxBins + 1]cell, words []uint32, shift uint, rows []int32, cells []cell) {
	cells = cells[:len(words)]
	for _, r := range rows {
		p, x := &hist[uint8(words[r]>>(shift&31))], cells[r]
		p.g += x.g
		p.h += x.h
	}
}

// appendLeaf appends what a leaf answers: its class shares, or its mean.
func (g *forestGrower) appendLeaf(leaves []float64, n *grownNode) []float64 {
	rows := g.rows[n.lo:n.hi]
	if g.classes > 0 {
		at := len(leaves)
		var total float64
		leaves = append(leaves, make([]float64, g.classes)...)
		for _, r := range rows {
			leaves[at+int(g.target[r])] += g.weight[r]
			total += g.weight[r]
		}
		for k := range g.classes {
			leaves[at+k] /= total
		}
		return leaves
	}
	first := g.target[rows[0]] // exact where all are equal
	var sum, total float64
	for _, r := range rows {
		sum += g.weight[r] * (g.target[r] - first)
		total += g.weight[r]
	}
	return append(leaves, first+sum/total)
}
