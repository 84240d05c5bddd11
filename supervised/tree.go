package supervised

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// node is one split, or a leaf. The nodes of a tree lie in pre-order: the left child of node i is node
// i+1. 24 bytes.
type node struct {
	threshold   float64 // a value at most this goes left
	feature     int32   // column looked at; −1 for a leaf
	right       int32   // split: index of the right child; leaf: index of its values
	missingLeft bool    // where NaN goes
}

// tree is one grown tree, with indices that start at 0.
type tree struct {
	nodes  []node
	leaves []float64 // outputs values per leaf
	gains  []float64 // per column: weighted impurity taken away by its splits
}

// forest is any number of trees in one array of nodes.
type forest struct {
	outputs    int // values per leaf: the number of classes, or 1
	roots      []int32
	nodes      []node
	leaves     []float64
	importance []float64 // per column, summing to 1, or all 0 when there was no split
}

// join lays the trees out behind each other and averages their importances.
func join(trees []tree, outputs, width int) (*forest, error) {
	f := &forest{outputs: outputs, importance: make([]float64, width)}
	nodes, leaves := 0, 0
	for _, t := range trees {
		nodes += len(t.nodes)
		leaves += len(t.leaves)
	}
	if nodes > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %d nodes", ErrTooLarge, nodes)
	}
	f.nodes, f.leaves = make([]node, 0, nodes), make([]float64, 0, leaves)
	for _, t := range trees {
		base, leafBase := int32(len(f.nodes)), int32(len(f.leaves)/outputs)
		f.roots = append(f.roots, base)
		for _, n := range t.nodes {
			if n.feature < 0 {
				n.right += leafBase
			} else {
				n.right += base
			}
			f.nodes = append(f.nodes, n)
		}
		f.leaves = append(f.leaves, t.leaves...)
		if total := floats.Sum(t.gains); total > 0 {
			floats.AddScaled(f.importance, 1/total, t.gains)
		}
	}
	if total := floats.Sum(f.importance); total > 0 {
		floats.Scale(1/total, f.importance)
	}
	return f, nil
}

// leaf returns the values of the leaf that x falls into; they belong to the forest.
func (f *forest) leaf(root int32, x []float64) []float64 {
	at := root
	for {
		n := &f.nodes[at]
		if n.feature < 0 {
			return f.leaves[int(n.right)*f.outputs:][:f.outputs]
		}
		switch v := x[n.feature]; {
		case v <= n.threshold, n.missingLeft && v != v:
			at++
		default:
			at = n.right
		}
	}
}

// mean writes the mean over the trees into dst. Trees are summed in their order.
func (f *forest) mean(dst, x []float64) {
	clear(dst)
	for _, root := range f.roots {
		for k, v := range f.leaf(root, x) {
			dst[k] += v
		}
	}
	for k := range dst {
		dst[k] /= float64(len(f.roots))
	}
}

// meanOf is mean for output k alone.
func (f *forest) meanOf(k int, x []float64) float64 {
	var sum float64
	for _, root := range f.roots {
		sum += f.leaf(root, x)[k]
	}
	return sum / float64(len(f.roots))
}

// validate makes sure that a walk over the nodes stays inside and ends: children lie behind their
// parent and before the next tree, every leaf's values are there.
func (f *forest) validate(width int) error {
	if len(f.roots) == 0 || len(f.importance) != width || f.outputs < 1 || len(f.leaves)%f.outputs != 0 {
		return fmt.Errorf("%w: %d trees, %d importances for %d columns", ErrModel, len(f.roots), len(f.importance), width)
	}
	leaves := len(f.leaves) / f.outputs
	for t, root := range f.roots {
		end := len(f.nodes)
		if t+1 < len(f.roots) {
			end = int(f.roots[t+1])
		}
		if (t == 0) != (root == 0) || int(root) >= end || end > len(f.nodes) {
			return fmt.Errorf("%w: tree %d starts at node %d", ErrModel, t, root)
		}
		for i := int(root); i < end; i++ {
			n := f.nodes[i]
			switch {
			case n.feature < 0 && n.feature == -1 && n.right >= 0 && int(n.right) < leaves:
			case n.feature >= 0 && int(n.feature) < width && !notFinite(n.threshold) &&
				int(n.right) > i+1 && int(n.right) < end:
			default:
				return fmt.Errorf("%w: node %d of tree %d leads nowhere", ErrModel, i, t)
			}
		}
	}
	for _, values := range [][]float64{f.leaves, f.importance} {
		for _, v := range values {
			if notFinite(v) {
				return fmt.Errorf("%w: a leaf or an importance is %v", ErrModel, v)
			}
		}
	}
	return nil
}
