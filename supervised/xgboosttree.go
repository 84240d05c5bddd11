package supervised

import (
	"encoding/json"
	"fmt"
	"math"
)

// xgbTree is one tree, a number for each node in each list.
type xgbTree struct {
	Left        []jsonNumber `json:"left_children"`
	Right       []jsonNumber `json:"right_children"`
	Columns     []jsonNumber `json:"split_indices"`
	Conditions  []jsonNumber `json:"split_conditions"` // thresholds; in a leaf its number
	DefaultLeft []jsonNumber `json:"default_left"`
	Gains       []jsonNumber `json:"loss_changes"`
	Covers      []jsonNumber `json:"sum_hessian"`
	Types       []jsonNumber `json:"split_type"` // 1: categorical; absent before 1.3

	Categories         []jsonNumber `json:"categories"` // those that go right, of all categorical nodes
	CategoriesNodes    []jsonNumber `json:"categories_nodes"`
	CategoriesSegments []jsonNumber `json:"categories_segments"` // per such node: where its categories begin
	CategoriesSizes    []jsonNumber `json:"categories_sizes"`

	Param struct {
		SizeLeafVector jsonNumber `json:"size_leaf_vector"`
	} `json:"tree_param"`
}

// xgbCodes is the number of codes that XGBoost takes: above it float32 does not hold every whole number.
const xgbCodes = 1 << 24

// addXGBTree adds tree t, its leaves multiplied by scale.
func (in *treeImport) addXGBTree(t int, text json.RawMessage, scale float64) error {
	var x xgbTree
	if err := decodeJSON(fmt.Sprintf("tree %d", t), text, &x); err != nil {
		return err
	}
	n := len(x.Left)
	if x.Param.SizeLeafVector > 1 {
		return fmt.Errorf("%w: an XGBoost model with %v numbers in a leaf", ErrUnsupported, x.Param.SizeLeafVector)
	}
	for _, list := range []struct {
		name     string
		length   int
		optional bool
	}{
		{"left_children", n, false}, {"right_children", len(x.Right), false}, {"split_indices", len(x.Columns), false},
		{"split_conditions", len(x.Conditions), false}, {"default_left", len(x.DefaultLeft), false},
		{"loss_changes", len(x.Gains), true}, {"sum_hessian", len(x.Covers), true}, {"split_type", len(x.Types), true},
	} {
		if n == 0 || list.length != n && !(list.optional && list.length == 0) {
			return fmt.Errorf("%w: tree %d has %d numbers in %s and %d in left_children", ErrModel, t, list.length, list.name, n)
		}
	}
	sets, err := in.xgbSets(t, &x)
	if err != nil {
		return err
	}
	nodes := make([]foreignNode, n)
	for i := range nodes {
		f := &nodes[i]
		if len(x.Covers) > 0 {
			f.cover = float64(x.Covers[i])
		}
		if x.Left[i] == -1 {
			f.left = -1
			continue
		}
		f.left, f.right = x.Left[i].whole(n-1), x.Right[i].whole(n-1)
		if f.left < 0 || f.right < 0 {
			return fmt.Errorf("%w: tree %d, node %d has the children %v and %v of %d nodes", ErrModel, t, i, x.Left[i], x.Right[i], n)
		}
		if len(x.Gains) > 0 {
			f.gain = float64(x.Gains[i])
		}
		defaultLeft := x.DefaultLeft[i] == 1
		f.slot = slot{column: int32(x.Columns[i].whole(math.MaxInt32)), table: -1, single: true}
		if len(x.Types) > 0 && x.Types[i] == 1 {
			set, ok := sets[i]
			if !ok {
				return fmt.Errorf("%w: tree %d, node %d has no categories", ErrModel, t, i)
			}
			f.set = &set
			f.left, f.right, defaultLeft = f.right, f.left, !defaultLeft // the set goes right there, left here
			f.slot.levels, f.slot.single = xgbCodes, false
		} else {
			// x < t is x ≤ the number below t. −0 and 0 are the same here and there.
			f.threshold = float64(math.Nextafter32(float32(x.Conditions[i]), float32(math.Inf(-1))))
		}
		f.slot.missing = math.Inf(1)
		if defaultLeft {
			f.slot.missing = math.Inf(-1)
		}
	}
	return in.add(t, nodes, func(leaves []float64, at int) []float64 {
		return append(leaves, scale*x.Conditions[at].single())
	})
}

// xgbSets returns the set of each categorical node.
func (in *treeImport) xgbSets(t int, x *xgbTree) (map[int][]uint64, error) {
	if len(x.CategoriesNodes) != len(x.CategoriesSegments) || len(x.CategoriesNodes) != len(x.CategoriesSizes) {
		return nil, fmt.Errorf("%w: tree %d has %d categories_nodes, %d segments and %d sizes", ErrModel, t,
			len(x.CategoriesNodes), len(x.CategoriesSegments), len(x.CategoriesSizes))
	}
	sets := make(map[int][]uint64, len(x.CategoriesNodes))
	begin := 0
	for k := range x.CategoriesNodes {
		node := x.CategoriesNodes[k].whole(len(x.Left) - 1)
		size := x.CategoriesSizes[k].whole(len(x.Categories) - begin)
		if node < 0 || size < 0 || x.CategoriesSegments[k].whole(begin) != begin {
			return nil, fmt.Errorf("%w: tree %d, categories_nodes %d: node %v has %v categories from %v on, of %d", ErrModel, t, k,
				x.CategoriesNodes[k], x.CategoriesSizes[k], x.CategoriesSegments[k], len(x.Categories))
		}
		codes := make([]int, size)
		for i := range codes {
			if codes[i] = x.Categories[begin+i].whole(xgbCodes - 1); codes[i] < 0 {
				return nil, fmt.Errorf("%w: tree %d, node %d has the category %v", ErrModel, t, node, x.Categories[begin+i])
			}
		}
		begin += size
		set, levels, err := in.setOf(codes)
		if err != nil {
			return nil, fmt.Errorf("%w: tree %d, node %d %v", ErrModel, t, node, err)
		}
		sets[node] = set
		if j := x.column(node); j >= 0 && j < in.columns {
			in.levels[j] = max(in.levels[j], levels, 1)
		}
	}
	return sets, nil
}

// column is that of a node, −1 when it says none.
func (x *xgbTree) column(node int) int { return x.Columns[node].whole(math.MaxInt32) }
