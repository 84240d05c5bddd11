package supervised

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// ensemble is any number of trees in one array, and how a row is read before it walks down them.
//
// The nodes of a tree lie in pre-order: the left child of node i is node i+1. A row is first read into
// slots: a slot is one reading of a column, with a number of its own in place of a missing value, so
// that a node need not ask whether there is one. A column whose missing values go left in some nodes
// and right in others has a slot for each.
type ensemble struct {
	columns   int // width of a row
	slots     []slot
	tables    [][]float64 // encodings: what stands for each code of a column
	roots     []int32
	depths    []int32 // per tree: splits from its root to its deepest leaf
	nodes     []node
	sets      []uint64  // the sets of the categorical nodes
	sorted    bool      // there is a categorical node
	covers    []float32 // per node: how many rows it was grown on; all 0 when that is not known
	leafWidth int       // numbers in a leaf: outputs, or 1 when tree t speaks for output t mod outputs
	outputs   int
	leaves    []float64
	base      []float64 // per output: what the trees' numbers are added to
	mean      bool      // the trees' numbers are averaged, not added
	gains     []float64 // per column: what its splits took away, summing to 1, or all 0
	splits    []float64 // per column: the number of its splits
}

// slot is one reading of a column.
type slot struct {
	column  int32
	table   int32   // the encoding that the value goes through; −1: none
	levels  int32   // above 0: anything but a code below is missing
	single  bool    // the value is rounded to float32 first, as XGBoost's models expect
	zero    bool    // a value within nearZero of 0 is missing too, as LightGBM's models may say
	missing float64 // what stands for a missing value
}

// node is one split, or a leaf. 16 bytes.
//
// Values and thresholds are compared as whole numbers of the same order (orderedBits), which takes no
// branch. A leaf's key is its number, which is below the key of any value: a walk that comes to a leaf
// goes right, that is to the leaf itself, as often as it likes.
//
// In a categorical node the key is the place of its set in ensemble.sets (high half) and the number of
// words there (low half); the codes in the set go left, as does anything below 0.
type node struct {
	key   uint64 // a value of at most this goes left
	slot  uint32 // categorical: with its highest bit set; leaf: 0
	right int32  // number of the right child; leaf: its own
}

// nearZero is the float32 nearest 1e-35: LightGBM's kZeroThreshold.
const nearZero = 0x1.a95a5cp-117

const (
	categoricalNode = 1 << 31
	leafKeys        = 1 << 32 // keys below are leaves'; those of −Inf and above begin at 2⁵²−1
)

// isLeaf is whether node at of the array is a leaf: a split's right child lies behind it.
func (n *node) isLeaf(at int32) bool { return n.right == at }

// read fills row, which has one place per slot, with the keys of the values in x.
func (e *ensemble) read(row []uint64, x []float64) {
	row = row[:len(e.slots)]
	for i := range e.slots {
		s := &e.slots[i]
		v := x[s.column]
		if s.table >= 0 {
			v = lookup(e.tables[s.table], v)
		}
		if s.single {
			v = float64(float32(v))
		}
		if v != v || s.levels > 0 && !checkCode(v, int(s.levels)) || s.zero && math.Abs(v) <= nearZero {
			v = s.missing
		}
		row[i] = orderedBits(v)
	}
}

// lookup returns what stands for a code, NaN when nothing does.
func lookup(table []float64, code float64) float64 {
	if !checkCode(code, len(table)) {
		return math.NaN()
	}
	return table[int(code)]
}

// walk returns the node of the leaf that a read row falls into.
func (e *ensemble) walk(at int32, row []uint64) int32 {
	for {
		n := &e.nodes[at]
		switch {
		case n.right == at:
			return at
		case e.goesLeft(n, row):
			at++
		default:
			at = n.right
		}
	}
}

// goesLeft reports which way a read row takes at a split.
func (e *ensemble) goesLeft(n *node, row []uint64) bool {
	if n.slot&categoricalNode == 0 {
		return row[n.slot] <= n.key
	}
	v := orderedFloat(row[n.slot&^categoricalNode])
	if v < 0 {
		return true
	}
	return v < float64(uint32(n.key))*64 && e.sets[uint32(n.key>>32)+uint32(v)/64]&(1<<(uint32(v)%64)) != 0
}

// append adds a grown tree. leaf appends the numbers of a leaf to the ones so far.
func (e *ensemble) append(q *quantised, grown []grownNode, f *fixedPoint, leaf func(leaves []float64, n *grownNode) []float64) error {
	if len(e.nodes)+len(grown) > math.MaxInt32 {
		return fmt.Errorf("%w: %d nodes", ErrTooLarge, len(e.nodes)+len(grown))
	}
	type visit struct{ node, parent, depth int32 }
	e.roots = append(e.roots, int32(len(e.nodes)))
	var deepest int32
	todo := []visit{{0, -1, 0}}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		at := int32(len(e.nodes))
		if v.parent >= 0 {
			e.nodes[v.parent].right = at
		}
		deepest = max(deepest, v.depth)
		g := &grown[v.node]
		e.covers = append(e.covers, float32(f.count(g.sums)))
		if g.column < 0 {
			e.nodes = append(e.nodes, node{key: uint64(len(e.leaves) / e.leafWidth), right: at})
			e.leaves = leaf(e.leaves, g)
			continue
		}
		c := &q.columns[g.column]
		n := node{key: orderedBits(g.threshold), slot: e.reading(c, g.missingLeft)}
		if g.set != nil {
			n.slot |= categoricalNode
			words := c.bins/64 + 1
			n.key = uint64(len(e.sets))<<32 | uint64(words)
			set := *g.set
			set[c.bins/64] &^= 1 << (c.bins % 64) // missing values go by their slot
			e.sets = append(e.sets, set[:words]...)
			e.sorted = true
		}
		e.nodes = append(e.nodes, n)
		e.gains[c.source] += g.gain
		e.splits[c.source]++
		todo = append(todo, visit{g.children[1], at, v.depth + 1}, visit{g.children[0], -1, v.depth + 1})
	}
	e.depths = append(e.depths, deepest)
	return nil
}

// reading returns the slot for a column's values as a split reads them.
func (e *ensemble) reading(c *binColumn, missingLeft bool) uint32 {
	s := slot{column: int32(c.source), table: int32(c.table), missing: math.Inf(1)}
	if missingLeft {
		s.missing = math.Inf(-1)
	}
	if c.low == nil {
		s.levels = int32(c.bins)
	}
	return e.slot(s)
}

// slot returns the number of a slot, making it when there is none like it yet.
func (e *ensemble) slot(s slot) uint32 {
	at := slices.Index(e.slots, s)
	if at < 0 {
		at = len(e.slots)
		e.slots = append(e.slots, s)
	}
	return uint32(at)
}

// newEnsemble returns one without trees.
func newEnsemble(columns, outputs, leafWidth int) *ensemble {
	return &ensemble{
		columns: columns, outputs: outputs, leafWidth: leafWidth, base: make([]float64, outputs),
		gains: make([]float64, columns), splits: make([]float64, columns),
	}
}

// join lays ensembles of one kind out behind each other. Gains are added up; alike says that each part's
// are brought to a sum of 1 before.
func join(parts []*ensemble, alike bool) (*ensemble, error) {
	nodes, leaves := 0, 0
	for _, p := range parts {
		nodes += len(p.nodes)
		leaves += len(p.leaves)
	}
	if nodes > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %d nodes", ErrTooLarge, nodes)
	}
	e := newEnsemble(parts[0].columns, parts[0].outputs, parts[0].leafWidth)
	e.nodes, e.leaves, e.covers = make([]node, 0, nodes), make([]float64, 0, leaves), make([]float32, 0, nodes)
	for _, p := range parts {
		base, leafBase, setBase := int32(len(e.nodes)), len(e.leaves)/e.leafWidth, uint64(len(e.sets))
		slots := make([]uint32, len(p.slots))
		for i, s := range p.slots {
			slots[i] = e.slot(s)
		}
		for i, n := range p.nodes {
			leaf := n.isLeaf(int32(i))
			n.right += base
			switch {
			case leaf:
				n.key += uint64(leafBase)
			case n.slot&categoricalNode != 0:
				n.slot = slots[n.slot&^categoricalNode] | categoricalNode
				n.key += setBase << 32
			default:
				n.slot = slots[n.slot]
			}
			e.nodes = append(e.nodes, n)
		}
		for t, root := range p.roots {
			e.roots, e.depths = append(e.roots, root+base), append(e.depths, p.depths[t])
		}
		e.sets, e.sorted = append(e.sets, p.sets...), e.sorted || p.sorted
		e.leaves, e.covers = append(e.leaves, p.leaves...), append(e.covers, p.covers...)
		floats.Add(e.splits, p.splits)
		if alike {
			p.share()
		}
		floats.Add(e.gains, p.gains)
	}
	e.share()
	return e, nil
}

// share brings the gains to a sum of 1.
func (e *ensemble) share() {
	if total := floats.Sum(e.gains); total > 0 {
		floats.Scale(1/total, e.gains)
	}
}

// splitCounts is splits as whole numbers.
func (e *ensemble) splitCounts() []int {
	out := make([]int, len(e.splits))
	for j, n := range e.splits {
		out[j] = int(n)
	}
	return out
}
