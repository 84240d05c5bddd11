package supervised

import (
	"math"
	"math/rand/v2"
	"slices"
)

// grower grows one tree after another on the same rows; the caller sets weight before each.
type grower struct {
	cols                     [][]float64
	target                   []float64
	weight                   []float64 // per row: sample weight times how often it was drawn
	classes                  int       // 0: regression
	depth, minLeaf, features int

	rows    []int32 // the rows in the tree; each node owns a stretch
	scratch []int32
	present []cell // the values of one column in one node
	order   []int  // columns, in the order in which a split looks at them
	split   splitter
}

// cell is one value of the column that is being looked at.
type cell struct {
	value float64
	row   int32
}

// span is a node that is still to be grown.
type span struct {
	lo, hi, depth int
	parent        int32 // whose right child it is; −1 when it follows its parent directly
}

func newGrower(d *Dataset, classes, depth, minLeaf, features int) *grower {
	n := d.Len()
	return &grower{
		cols: d.cols, target: d.target, weight: make([]float64, n), classes: classes,
		depth: depth, minLeaf: minLeaf, features: features,
		rows: make([]int32, 0, n), scratch: make([]int32, n), present: make([]cell, 0, n),
		order: indices(d.Width()), split: newSplitter(classes),
	}
}

// grow grows one tree, depth first and left before right, which is the order of its nodes.
func (g *grower) grow(random *rand.Rand) tree {
	t := tree{gains: make([]float64, len(g.cols))}
	g.rows = g.rows[:0]
	for i, w := range g.weight {
		if w > 0 {
			g.rows = append(g.rows, int32(i))
		}
	}
	for j := range g.order {
		g.order[j] = j
	}
	open := []span{{hi: len(g.rows), parent: -1}}
	for len(open) > 0 {
		s := open[len(open)-1]
		open = open[:len(open)-1]
		at := int32(len(t.nodes))
		if s.parent >= 0 {
			t.nodes[s.parent].right = at
		}
		rows := g.rows[s.lo:s.hi]
		pure := g.split.begin(rows, g.target, g.weight)
		best := candidate{feature: -1}
		if !pure && s.depth < g.depth && len(rows)/2 >= g.minLeaf {
			best = g.bestSplit(rows, random)
		}
		if best.feature < 0 {
			t.nodes = append(t.nodes, node{feature: -1, right: int32(len(t.leaves) / max(g.classes, 1))})
			t.leaves = g.split.appendLeaf(t.leaves)
			continue
		}
		t.nodes = append(t.nodes, node{threshold: best.threshold, feature: int32(best.feature), missingLeft: best.missingLeft})
		t.gains[best.feature] += best.gain
		mid := s.lo + g.partition(rows, best)
		open = append(open,
			span{lo: mid, hi: s.hi, depth: s.depth + 1, parent: at},
			span{lo: s.lo, hi: mid, depth: s.depth + 1, parent: -1})
	}
	return t
}

// bestSplit looks at a few columns drawn without replacement, and at more only while all of those so
// far were constant in the node. The first of equals wins.
func (g *grower) bestSplit(rows []int32, random *rand.Rand) candidate {
	best := candidate{feature: -1, score: math.Inf(-1)}
	varies := 0
	for k := range g.order {
		if k >= g.features && varies > 0 {
			break
		}
		pick := k + random.IntN(len(g.order)-k)
		g.order[k], g.order[pick] = g.order[pick], g.order[k]
		f := g.order[k]
		missing := g.load(rows, g.cols[f])
		if len(g.present) == 0 || missing == 0 && g.present[0].value == g.present[len(g.present)-1].value {
			continue
		}
		varies++
		if c := g.split.best(g.present, missing, g.minLeaf); c.score > best.score {
			best = c
			best.feature = f
		}
	}
	return best
}

// load sorts the values of a column over the node's rows into g.present, tells the splitter which
// rows miss one, and returns how many do.
func (g *grower) load(rows []int32, col []float64) (missing int) {
	g.present = g.present[:0]
	g.split.clearMissing()
	for _, r := range rows {
		if v := col[r]; math.IsNaN(v) {
			g.split.addMissing(r)
			missing++
		} else {
			g.present = append(g.present, cell{v, r})
		}
	}
	slices.SortFunc(g.present, func(a, b cell) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return int(a.row) - int(b.row) // sums then do not hang on the order of the rows in the node
	})
	return missing
}

// partition moves the rows that go left to the front, keeping their order, and returns their number.
func (g *grower) partition(rows []int32, c candidate) int {
	col := g.cols[c.feature]
	left, right := 0, 0
	for _, r := range rows {
		if v := col[r]; v <= c.threshold || c.missingLeft && math.IsNaN(v) {
			rows[left] = r
			left++
		} else {
			g.scratch[right] = r
			right++
		}
	}
	copy(rows[left:], g.scratch[:right])
	return left
}
