package supervised

import (
	"math"
	"slices"
)

// grownNode is a node of a tree that is being grown, or was.
type grownNode struct {
	split                 // column −1: a leaf
	children     [2]int32 // numbers of nodes, left and right
	lo, hi       int      // its rows are this stretch of the tree's
	sums         cell     // of its rows
	lower, upper float64  // its answer lies between
}

// boostGrower grows one tree after another on the same quantised table, either the leaf first that
// gains most (Shi, Best-first Decision Tree Learning, 2007; Ke et al., LightGBM, 2017) or level by
// level. Of two children only the one with fewer rows is summed; the other is what is left of the
// parent.
type boostGrower struct {
	q         *quantised
	search    search
	leaves    int
	depth     int
	depthWise bool
	threads   int
	cells     []cell // per row; the caller sets them before each tree

	rows, scratch []int32
	nodes         []grownNode
	open          []openLeaf
	free          [][]cell // histograms that no leaf holds
	made          int      // histograms there are
	each          []search // one per column, for several threads
	found         []split  // what each of them found
}

// openLeaf is a leaf with a split that would gain something.
type openLeaf struct {
	node  int32
	depth int
	hist  []cell // nil: there was no room to keep it
}

// histogramBytes bounds the memory of the histograms that wait in open leaves. Beyond it both children
// of a leaf are summed.
const histogramBytes = 48 << 20

// parallelCells is how many cells a histogram has for a search by several threads to be worth their start.
const parallelCells = 1 << 13

func newBoostGrower(q *quantised, s search, o GradientBoosting) *boostGrower {
	return &boostGrower{
		q: q, search: s, leaves: o.Leaves, depth: o.Depth, depthWise: o.DepthWise, threads: o.Threads,
		cells: make([]cell, q.rows), scratch: make([]int32, q.rows),
	}
}

// grow grows a tree on rows, which it reorders, and returns its nodes, the root first; they are valid
// until the next tree.
func (g *boostGrower) grow(rows []int32) []grownNode {
	g.rows = rows
	g.nodes, g.open = g.nodes[:0], g.open[:0]
	var sums cell
	for _, r := range rows {
		sums = sums.plus(g.cells[r])
	}
	g.nodes = append(g.nodes, grownNode{split: split{column: -1}, hi: len(rows), sums: sums, lower: math.Inf(-1), upper: math.Inf(1)})
	if g.leaves > 1 && g.divisible(0, 0) {
		g.consider(0, 0, g.sum(0))
	}
	for leaves := 1; leaves < g.leaves && len(g.open) > 0; leaves++ {
		g.split(g.next(), leaves+1 == g.leaves)
	}
	for _, o := range g.open {
		g.nodes[o.node].column = -1
		g.give(o.hist)
	}
	return g.nodes
}

// divisible reports whether a node is large and high enough to be split.
func (g *boostGrower) divisible(node int32, depth int) bool {
	n := &g.nodes[node]
	return depth < g.depth && (n.hi-n.lo)/2 >= g.search.minLeaf
}

// sum makes the histogram of a node from its rows.
func (g *boostGrower) sum(node int32) []cell {
	n := &g.nodes[node]
	hist := g.take()
	g.q.fill(hist, g.rows[n.lo:n.hi], g.cells, g.threads)
	return hist
}

// consider opens a node if some split of it gains more than rounding could. It takes over hist.
func (g *boostGrower) consider(node int32, depth int, hist []cell) {
	n := &g.nodes[node]
	g.search.begin(n.sums, n.lower, n.upper)
	best := split{column: -1, gain: 1e-12 * math.Abs(g.search.atRest)}
	if g.threads > 1 && g.q.cells >= parallelCells {
		best = g.findInParallel(best, hist)
	} else {
		for j := range g.q.columns {
			g.search.column(&best, j, &g.q.columns[j], hist[g.q.columns[j].offset:])
		}
	}
	if best.column < 0 {
		g.give(hist)
		return
	}
	n.split = best
	if len(g.free) == 0 && g.made*len(hist)*16 > histogramBytes {
		g.give(hist)
		hist = nil
	}
	g.open = append(g.open, openLeaf{node, depth, hist})
}

// findInParallel equals the loop over the columns in consider: the first of equals wins.
func (g *boostGrower) findInParallel(floor split, hist []cell) split {
	if g.each == nil {
		g.each, g.found = make([]search, len(g.q.columns)), make([]split, len(g.q.columns))
	}
	parallel(g.threads, len(g.q.columns), func(j int) {
		order := g.each[j].order
		g.each[j], g.found[j] = g.search, floor
		g.each[j].order = order
		g.each[j].column(&g.found[j], j, &g.q.columns[j], hist[g.q.columns[j].offset:])
	})
	best := floor
	for _, s := range g.found {
		if s.gain > best.gain {
			best = s
		}
	}
	return best
}

// next takes the leaf that is to be split out of the open ones: the one of largest gain, or the first
// of the lowest level.
func (g *boostGrower) next() openLeaf {
	best := 0
	for i, o := range g.open {
		if !g.depthWise && g.nodes[o.node].gain > g.nodes[g.open[best].node].gain {
			best = i
		}
	}
	o := g.open[best]
	g.open = slices.Delete(g.open, best, best+1)
	return o
}

// split carries out the split of an open leaf and opens its children, unless the tree is then full.
func (g *boostGrower) split(o openLeaf, last bool) {
	n := g.nodes[o.node]
	mid := n.lo + g.q.partitionInParallel(g.threads, g.rows[n.lo:n.hi], g.scratch, &n.split)
	left := grownNode{split: split{column: -1}, lo: n.lo, hi: mid, sums: n.left, lower: n.lower, upper: n.upper}
	right := grownNode{split: split{column: -1}, lo: mid, hi: n.hi, sums: n.sums.minus(n.left), lower: n.lower, upper: n.upper}
	g.bound(&n, &left, &right)
	a, b := int32(len(g.nodes)), int32(len(g.nodes)+1)
	g.nodes[o.node].children = [2]int32{a, b}
	g.nodes = append(g.nodes, left, right)
	openA, openB := !last && g.divisible(a, o.depth+1), !last && g.divisible(b, o.depth+1)
	var histA, histB []cell
	switch {
	case !openA && !openB:
		g.give(o.hist)
		return
	case o.hist == nil:
		if openA {
			g.consider(a, o.depth+1, g.sum(a))
		}
		if openB {
			g.consider(b, o.depth+1, g.sum(b))
		}
		return
	case mid-n.lo <= n.hi-mid:
		histA, histB = g.sum(a), o.hist
		subtract(histB, histA)
	default:
		histA, histB = o.hist, g.sum(b)
		subtract(histA, histB)
	}
	if openA {
		g.consider(a, o.depth+1, histA)
	} else {
		g.give(histA)
	}
	if openB {
		g.consider(b, o.depth+1, histB)
	} else {
		g.give(histB)
	}
}

// bound keeps the answers below a split of a monotone column on their sides of the middle between the
// two children, so that no later split can undo the order (as XGBoost and LightGBM's basic method do).
func (g *boostGrower) bound(n, left, right *grownNode) {
	if g.search.rising == nil || g.search.rising[n.column] == 0 {
		return
	}
	l, r := g.answer(left), g.answer(right)
	middle := l/2 + r/2
	if g.search.rising[n.column] > 0 {
		left.upper, right.lower = middle, middle
	} else {
		left.lower, right.upper = middle, middle
	}
}

// answer is the number that serves the node's rows best: see search.answer.
func (g *boostGrower) answer(n *grownNode) float64 {
	g.search.lower, g.search.upper = n.lower, n.upper
	return g.search.answer(g.search.fixed.gradient(n.sums), g.search.fixed.hessian(n.sums))
}

// take returns a histogram, with anything in it.
func (g *boostGrower) take() []cell {
	if k := len(g.free); k > 0 {
		h := g.free[k-1]
		g.free = g.free[:k-1]
		return h
	}
	g.made++
	return g.q.newHistogram()
}

func (g *boostGrower) give(hist []cell) {
	if hist != nil {
		g.free = append(g.free, hist)
	}
}
