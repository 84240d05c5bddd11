package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// ErrUnsupported is what ReadXGBoost, ReadLightGBM and ReadForestJSON return for a model that is whole, but
// of a kind that this package cannot answer for. The error that wraps it names the kind.
var ErrUnsupported = errors.New("supervised: a kind of model that cannot be read here")

// allowance is how many columns, classes, levels or words of sets a small file may ask for. More must be
// paid for with a longer file, so that memory stays in proportion to the input.
const allowance = 1 << 16

// foreignNode is a node of a tree as another library numbers it.
type foreignNode struct {
	left, right int       // its children; a leaf has −1 on the left
	slot        slot      // how its column is read
	threshold   float64   // a value of at most this goes left
	set         *[]uint64 // not nil: the codes in it go left
	cover, gain float64
}

// treeImport builds an ensemble from the trees of another library.
type treeImport struct {
	*ensemble
	numbers map[slot]uint32 // where a slot is
	levels  []int           // per column: codes that splits or the file know; 0: a number
	words   int             // of all sets made so far
	size    int             // bytes of the file
}

// newImporter returns one without trees. leafWidth is that of the ensemble.
func newImporter(size, columns, outputs, leafWidth int) (*treeImport, error) {
	most := allowance + size/16
	if columns < 1 || columns > most {
		return nil, fmt.Errorf("%w: %d feature columns in a file of %d bytes", ErrModel, columns, size)
	}
	if outputs < 1 || outputs > most {
		return nil, fmt.Errorf("%w: %d classes in a file of %d bytes", ErrModel, outputs, size)
	}
	return &treeImport{
		ensemble: newEnsemble(columns, outputs, leafWidth),
		numbers:  map[slot]uint32{}, levels: make([]int, columns), size: size,
	}, nil
}

// add lays a tree out in pre-order. leaf appends the numbers of a leaf to those so far. Nodes that the
// root does not lead to are pruned ones, which XGBoost leaves in its files.
func (in *treeImport) add(tree int, nodes []foreignNode, leaf func(leaves []float64, at int) []float64) error {
	type visit struct {
		node          int
		parent, depth int32
	}
	in.roots = append(in.roots, int32(len(in.nodes)))
	var deepest int32
	seen := make([]bool, len(nodes))
	todo := []visit{{0, -1, 0}}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		fault := func(format string, args ...any) error {
			return fmt.Errorf("%w: tree %d, node %d %s", ErrModel, tree, v.node, fmt.Sprintf(format, args...))
		}
		if v.node < 0 || v.node >= len(nodes) {
			return fault("is a child, and there are %d nodes", len(nodes))
		}
		if seen[v.node] {
			return fault("is a child twice")
		}
		seen[v.node] = true
		if len(in.nodes) == math.MaxInt32 {
			return fmt.Errorf("%w: more than %d nodes", ErrTooLarge, math.MaxInt32)
		}
		at := int32(len(in.nodes))
		if v.parent >= 0 {
			in.nodes[v.parent].right = at
		}
		deepest = max(deepest, v.depth)
		n := &nodes[v.node]
		in.covers = append(in.covers, float32(n.cover))
		if n.left < 0 {
			if len(nodes) == 1 && !(n.cover > 0) {
				in.covers[at] = 1 // a tree that asks nothing says the same of any number of rows
			}
			in.nodes = append(in.nodes, node{key: uint64(len(in.leaves) / in.leafWidth), right: at})
			before := len(in.leaves)
			in.leaves = leaf(in.leaves, v.node)
			if i := slices.IndexFunc(in.leaves[before:], notFinite); i >= 0 {
				return fault("is a leaf of %v", in.leaves[before+i])
			}
			continue
		}
		if n.slot.column < 0 || int(n.slot.column) >= in.columns {
			return fault("asks for column %d of %d", n.slot.column, in.columns)
		}
		split := node{key: orderedBits(n.threshold), slot: in.slotNumber(n.slot)}
		if n.set != nil {
			split.slot |= categoricalNode
			split.key = uint64(len(in.sets))<<32 | uint64(len(*n.set))
			in.sets = append(in.sets, *n.set...)
		} else if notFinite(n.threshold) {
			return fault("splits at %v", n.threshold)
		}
		in.nodes = append(in.nodes, split)
		if n.gain > 0 && !notFinite(n.gain) {
			in.gains[n.slot.column] += n.gain
		}
		in.splits[n.slot.column]++
		todo = append(todo, visit{n.right, at, v.depth + 1}, visit{n.left, -1, v.depth + 1})
	}
	in.depths = append(in.depths, deepest)
	return nil
}

// slotNumber returns the number of a slot, making it when there is none like it yet.
func (in *treeImport) slotNumber(s slot) uint32 {
	at, ok := in.numbers[s]
	if !ok {
		at = uint32(len(in.slots))
		in.slots, in.numbers[s] = append(in.slots, s), at
	}
	return at
}

// setOf returns the set of codes, and the lowest number above them.
func (in *treeImport) setOf(codes []int) (set []uint64, levels int, err error) {
	if len(codes) > 0 {
		levels = slices.Max(codes) + 1
	}
	if set, err = in.makeSet((levels + 63) / 64); err != nil {
		return nil, 0, err
	}
	for _, c := range codes {
		set[c/64] |= 1 << (c % 64)
	}
	return set, levels, nil
}

// makeSet returns an empty set of so many words. The error has no sentinel.
func (in *treeImport) makeSet(words int) ([]uint64, error) {
	if in.words += words; in.words > allowance+in.size {
		return nil, fmt.Errorf("has categories up to %d, too many for a file of %d bytes", words*64-1, in.size)
	}
	return make([]uint64, words), nil
}

// schema describes the columns by their names (none: prefix and a number), the levels of a category by
// their codes.
func (in *treeImport) schema(names []string, prefix string, classes int) (Schema, error) {
	s := Schema{Columns: make([]Column, in.columns), Target: "target"}
	if len(names) > 0 && len(names) != in.columns {
		return s, fmt.Errorf("%w: %d names for %d feature columns", ErrModel, len(names), in.columns)
	}
	total := 0
	for j, n := range in.levels {
		total += n
		if n < 0 || total > allowance+in.size {
			return s, fmt.Errorf("%w: feature column %d has %d categories in a file of %d bytes", ErrModel, j, n, in.size)
		}
	}
	for j := range s.Columns {
		c := &s.Columns[j]
		c.Name = prefix + strconv.Itoa(j)
		if len(names) > 0 {
			c.Name = names[j]
		}
		if in.levels[j] > 0 {
			c.Kind, c.Levels = Categorical, codeNames(in.levels[j])
		}
	}
	if classes > 0 {
		s.Classes = codeNames(classes)
	}
	return s, nil
}

func codeNames(n int) []string {
	out := make([]string, n)
	for k := range out {
		out[k] = strconv.Itoa(k)
	}
	return out
}

// finish brings the gains to shares, and forgets the covers when one of them says nothing: Explain needs
// them all.
func (in *treeImport) finish() {
	in.share()
	if slices.ContainsFunc(in.covers, func(c float32) bool { return !(c > 0) || math.IsInf(float64(c), 1) }) {
		clear(in.covers)
	}
}

// boosted makes the model of the trees added so far: a classifier when there are classes.
func (in *treeImport) boosted(names []string, prefix string, classes int, logLink bool) (Model, error) {
	in.finish()
	s, err := in.schema(names, prefix, classes)
	if err != nil {
		return nil, err
	}
	if classes > 0 {
		m := &BoostedClassifier{schema: s, trees: *in.ensemble}
		if err := m.validate(); err != nil {
			return nil, err
		}
		return m, nil
	}
	m := &BoostedRegressor{schema: s, trees: *in.ensemble, logLink: logLink}
	if err := m.validate(); err != nil {
		return nil, err
	}
	return m, nil
}
