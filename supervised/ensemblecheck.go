package supervised

import (
	"fmt"
	"math"
)

// validateFor is validate, with what the columns of a schema allow.
func (e *ensemble) validateFor(s *Schema) error {
	if e.columns != len(s.Columns) {
		return fmt.Errorf("%w: trees for %d columns, there are %d", ErrModel, e.columns, len(s.Columns))
	}
	return e.validate()
}

// validate makes sure that a walk over the nodes stays inside and ends: children lie behind their
// parent and before the next tree, every slot, set and leaf is there.
func (e *ensemble) validate() error {
	if len(e.roots) != len(e.depths) || e.outputs < 1 || len(e.base) != e.outputs ||
		e.leafWidth != 1 && e.leafWidth != e.outputs || len(e.leaves)%max(e.leafWidth, 1) != 0 ||
		len(e.covers) != len(e.nodes) || len(e.gains) != e.columns || len(e.splits) != e.columns || e.mean && len(e.roots) == 0 {
		return fmt.Errorf("%w: the parts of its trees do not fit together", ErrModel)
	}
	for i, s := range e.slots {
		if s.column < 0 || int(s.column) >= e.columns || s.table < -1 || int(s.table) >= len(e.tables) || s.levels < 0 || s.missing != s.missing {
			return fmt.Errorf("%w: slot %d reads what is not there", ErrModel, i)
		}
	}
	e.sorted = false
	for t, root := range e.roots {
		end := len(e.nodes)
		if t+1 < len(e.roots) {
			end = int(e.roots[t+1])
		}
		if (t == 0) != (root == 0) || int(root) >= end || end > len(e.nodes) {
			return fmt.Errorf("%w: tree %d starts at node %d", ErrModel, t, root)
		}
		if err := e.validateTree(t, int(root), end); err != nil {
			return err
		}
	}
	for _, values := range [][]float64{e.leaves, e.base, e.gains, e.splits} {
		for _, v := range values {
			if notFinite(v) {
				return fmt.Errorf("%w: a leaf or an importance is %v", ErrModel, v)
			}
		}
	}
	for _, table := range e.tables {
		for _, v := range table {
			if notFinite(v) {
				return fmt.Errorf("%w: the number for a level is %v", ErrModel, v)
			}
		}
	}
	return nil
}

// validateTree checks the nodes of one tree and sets its depth and e.sorted. A tree in pre-order is
// read like a bracketed text: each split opens a place behind its left subtree, where its right child
// must lie.
func (e *ensemble) validateTree(t, root, end int) error {
	type due struct{ at, depth int32 } // a right child that is still to come
	var waiting []due
	var depth, deepest int32
	for i := root; i < end; i++ {
		n := e.nodes[i]
		at := int32(i)
		fault := func(what string) error {
			return fmt.Errorf("%w: node %d of tree %d %s", ErrModel, i, t, what)
		}
		deepest = max(deepest, depth)
		if c := e.covers[i]; !(c >= 0) || math.IsInf(float64(c), 0) || (c == 0) != (e.covers[0] == 0) {
			return fault("covers no number of rows")
		}
		if n.isLeaf(at) {
			if n.slot != 0 || n.key >= uint64(len(e.leaves)/e.leafWidth) || n.key >= leafKeys {
				return fault("is no leaf")
			}
			if len(waiting) == 0 {
				if i+1 != end {
					return fault("is followed by what no node leads to")
				}
				e.depths[t] = deepest
				return nil
			}
			next := waiting[len(waiting)-1]
			waiting = waiting[:len(waiting)-1]
			if int(next.at) != i+1 {
				return fault("is not where its parent says")
			}
			depth = next.depth
			continue
		}
		if int(n.right) <= i+1 || int(n.right) >= end || int(n.slot&^categoricalNode) >= len(e.slots) {
			return fault("leads nowhere")
		}
		if n.slot&categoricalNode != 0 {
			e.sorted = true
			if n.key>>32+n.key&math.MaxUint32 > uint64(len(e.sets)) {
				return fault("has no set")
			}
		} else if notFinite(orderedFloat(n.key)) {
			return fault("has no threshold")
		}
		depth++
		waiting = append(waiting, due{n.right, depth})
	}
	return fmt.Errorf("%w: tree %d ends too early", ErrModel, t)
}
