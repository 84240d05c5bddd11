package supervised

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The bits of decision_type: LightGBM's include/LightGBM/tree.h.
const (
	lgbCategorical = 1
	lgbDefaultLeft = 2
	lgbMissing     = 2 // shift to the kind of missing values: 0 none, 1 zero, 2 NaN
)

// lgbTree is one tree. Splits are numbered from 0, and ~i among the children is leaf i.
type lgbTree struct {
	columns, types, left, right, boundaries, words []int64
	thresholds, leaves, gains                      []float64
	covers, leafCovers                             []float64
}

// list reads a field of numbers with spaces between them. It must be n long; less than 0: any length.
func lgbList[T int64 | float64](tree int, f lgbFields, name string, n int, parse func(s string) (T, error)) ([]T, error) {
	text := string(f[name])
	if text == "" && n <= 0 {
		return nil, nil
	}
	out := make([]T, 0, strings.Count(text, " ")+1)
	for s := range strings.FieldsSeq(text) {
		v, err := parse(s)
		if err != nil {
			return nil, fmt.Errorf("%w: tree %d, %s, number %d is %.40q", ErrModel, tree, name, len(out), s)
		}
		out = append(out, v)
	}
	if n >= 0 && len(out) != n {
		return nil, fmt.Errorf("%w: tree %d has %d numbers in %s, not %d", ErrModel, tree, len(out), name, n)
	}
	return out, nil
}

func lgbInt(s string) (int64, error)     { return strconv.ParseInt(s, 10, 64) }
func lgbFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

func readLGBTree(t int, f lgbFields) (*lgbTree, error) {
	if linear := string(f["is_linear"]); linear != "" && linear != "0" {
		return nil, fmt.Errorf("%w: LightGBM's linear trees (tree %d)", ErrUnsupported, t)
	}
	leaves, err := f.whole("num_leaves", math.MaxInt32, -1)
	if err != nil || leaves < 1 {
		return nil, fmt.Errorf("%w: tree %d has %.40q in num_leaves", ErrModel, t, f["num_leaves"])
	}
	cats, err := f.whole("num_cat", math.MaxInt32, 0)
	if err != nil {
		return nil, fmt.Errorf("tree %d: %w", t, err)
	}
	x := &lgbTree{}
	for _, list := range []struct {
		name  string
		n     int
		ints  *[]int64
		reals *[]float64
	}{
		{name: "leaf_value", n: leaves, reals: &x.leaves},
		{name: "split_feature", n: leaves - 1, ints: &x.columns},
		{name: "threshold", n: leaves - 1, reals: &x.thresholds},
		{name: "decision_type", n: leaves - 1, ints: &x.types},
		{name: "left_child", n: leaves - 1, ints: &x.left},
		{name: "right_child", n: leaves - 1, ints: &x.right},
		{name: "split_gain", n: -1, reals: &x.gains},
		{name: "internal_count", n: -1, reals: &x.covers},
		{name: "leaf_count", n: -1, reals: &x.leafCovers},
		{name: "cat_boundaries", n: cats + min(cats, 1), ints: &x.boundaries},
		{name: "cat_threshold", n: -1, ints: &x.words},
	} {
		if list.ints != nil {
			*list.ints, err = lgbList(t, f, list.name, list.n, lgbInt)
		} else {
			*list.reals, err = lgbList(t, f, list.name, list.n, lgbFloat)
		}
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

// addLGBTree adds tree t, its leaves multiplied by scale. Its shrinkage is in them already.
func (in *treeImport) addLGBTree(t int, f lgbFields, scale float64) error {
	x, err := readLGBTree(t, f)
	if err != nil {
		return err
	}
	splits := len(x.columns)
	nodes := make([]foreignNode, splits+len(x.leaves))
	child := func(c int64) int {
		if c < 0 {
			return splits + int(^c)
		}
		return int(c)
	}
	for i := range splits {
		n := &nodes[i]
		n.left, n.right = child(x.left[i]), child(x.right[i])
		if n.left < 0 || n.right < 0 || x.columns[i] < 0 || x.columns[i] >= int64(in.columns) {
			return fmt.Errorf("%w: tree %d, node %d asks for column %d of %d, children %d and %d", ErrModel, t, i,
				x.columns[i], in.columns, x.left[i], x.right[i])
		}
		if len(x.gains) == splits {
			n.gain = x.gains[i]
		}
		if len(x.covers) == splits {
			n.cover = x.covers[i]
		}
		if err := in.lgbSplit(n, x, i); err != nil {
			return fmt.Errorf("%w: tree %d, node %d %v", ErrModel, t, i, err)
		}
	}
	for i := range x.leaves {
		nodes[splits+i].left = -1
		if len(x.leafCovers) == len(x.leaves) {
			nodes[splits+i].cover = x.leafCovers[i]
		}
	}
	return in.add(t, nodes, func(leaves []float64, at int) []float64 {
		return append(leaves, scale*x.leaves[at-splits])
	})
}

// lgbSplit says how split i reads its column. The error has no sentinel.
func (in *treeImport) lgbSplit(n *foreignNode, x *lgbTree, i int) error {
	kind := x.types[i]
	n.slot = slot{column: int32(x.columns[i]), table: -1, missing: math.Inf(1)}
	if kind < 0 || kind > 15 || kind>>lgbMissing > 2 {
		return fmt.Errorf("has the decision_type %d", kind)
	}
	if kind&lgbCategorical != 0 {
		set, levels, err := in.lgbSet(x, x.thresholds[i])
		if err != nil {
			return err
		}
		n.set = &set
		in.levels[x.columns[i]] = max(in.levels[x.columns[i]], levels, 1)
		n.slot.levels = math.MaxInt32
		return nil
	}
	n.threshold = x.thresholds[i]
	if math.IsInf(n.threshold, 1) { // between a number and its missing values, which lie above all
		n.threshold = math.MaxFloat64
	}
	switch {
	case kind>>lgbMissing == 0:
		n.slot.missing = 0
		return nil
	case kind>>lgbMissing == 1:
		n.slot.zero = true
	}
	if kind&lgbDefaultLeft != 0 {
		n.slot.missing = math.Inf(-1)
	}
	return nil
}

// lgbSet returns the codes of the categorical split whose number stands in place of a threshold, and the
// lowest number above them. The file holds 32 codes a word.
func (in *treeImport) lgbSet(x *lgbTree, threshold float64) (set []uint64, levels int, err error) {
	k := int(max(-1, min(threshold, math.MaxInt32)))
	if k < 0 || k+1 >= len(x.boundaries) || float64(k) != threshold {
		return nil, 0, fmt.Errorf("has the categories %v of %d", threshold, max(len(x.boundaries)-1, 0))
	}
	from, to := x.boundaries[k], x.boundaries[k+1]
	if from < 0 || to < from || to > int64(len(x.words)) {
		return nil, 0, fmt.Errorf("has the words %d to %d of %d in cat_threshold", from, to, len(x.words))
	}
	if set, err = in.makeSet(int(to-from+1) / 2); err != nil {
		return nil, 0, err
	}
	for i, w := range x.words[from:to] {
		if w < 0 || w > math.MaxUint32 {
			return nil, 0, fmt.Errorf("has the word %d in cat_threshold", w)
		}
		set[i/2] |= uint64(w) << (i % 2 * 32)
		for c := range 32 {
			if w>>c&1 != 0 {
				levels = i*32 + c + 1
			}
		}
	}
	return set, levels, nil
}
