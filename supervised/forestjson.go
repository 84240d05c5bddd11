package supervised

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// forestFile is the text that ReadForestJSON reads.
type forestFile struct {
	Format   string            `json:"format"`
	Version  jsonNumber        `json:"version"`
	Features []string          `json:"features"`
	Classes  []string          `json:"classes"`
	Trees    []json.RawMessage `json:"trees"`
}

type forestTree struct {
	Left        []jsonNumber `json:"left"`
	Right       []jsonNumber `json:"right"`
	Feature     []jsonNumber `json:"feature"`
	Threshold   []jsonNumber `json:"threshold"`
	MissingLeft []jsonNumber `json:"missing_left"`
	Cover       []jsonNumber `json:"cover"`
	Impurity    []jsonNumber `json:"impurity"`
	Value       []jsonNumber `json:"value"`
}

// ReadForestJSON reads a forest of scikit-learn, up to the end of r: a random forest, extremely randomised
// trees or a single tree, as a *ForestClassifier when it has classes, else a *ForestRegressor. Answers are
// those of predict_proba and predict. The text is made by supervised/testdata/forest_json.py, in short
//
//	t = estimator.tree_; leaf = t.children_left < 0; value = t.value[leaf, 0, :]
//	{"format": "lepton.forest", "version": 1,
//	 "features": ["load", "size"],
//	 "classes": ["no", "yes"],                         // absent for a number
//	 "trees": [{                                       // one for each of model.estimators_
//	   "left": t.children_left.tolist(),               // per node; −1: a leaf
//	   "right": t.children_right.tolist(),
//	   "feature": t.feature.tolist(),
//	   "threshold": t.threshold.tolist(),              // float32(x) ≤ threshold goes left
//	   "missing_left": t.missing_go_to_left.tolist(),  // may be absent: missing values go right
//	   "cover": t.weighted_n_node_samples.tolist(),    // may be absent: Explain then has nothing to weigh by
//	   "impurity": t.impurity.tolist(),                // may be absent: Importance is then 0
//	   "value": (value / value.sum(1, keepdims=True)).ravel().tolist()}]}
//
// where value holds, for the leaves only and in the order of the nodes, the probability of each class, or
// without classes the one number (t.value as it is). Node 0 is the root. Faults wrap ErrModel and say
// which tree and node. Memory is at most in proportion to what r delivers.
func ReadForestJSON(r io.Reader) (Model, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading a forest: %w", err)
	}
	m, err := decodeForestJSON(text)
	if err != nil {
		return nil, fmt.Errorf("supervised: reading a forest: %w", err)
	}
	return m, nil
}

func decodeForestJSON(text []byte) (Model, error) {
	plainJSON(text)
	var f forestFile
	if err := decodeJSON("the file", text, &f); err != nil {
		return nil, err
	}
	if f.Format != "lepton.forest" || f.Version != 1 {
		return nil, fmt.Errorf("%w: the format %.40q in version %v; \"lepton.forest\" in version 1 is known", ErrUnsupported, f.Format, f.Version)
	}
	width := max(1, len(f.Classes))
	in, err := newImporter(len(text), len(f.Features), width, width)
	if err != nil {
		return nil, err
	}
	for t, tree := range f.Trees {
		if err := in.addForestTree(t, tree); err != nil {
			return nil, err
		}
	}
	in.mean = true
	in.finish()
	s, err := in.schema(f.Features, "", 0)
	if err != nil {
		return nil, err
	}
	if f.Classes != nil {
		s.Classes = f.Classes
		nan := math.NaN()
		m := &ForestClassifier{schema: s, forest: *in.ensemble,
			outOfBag: ClassifierScores{Accuracy: nan, LogLoss: nan, AUC: nan, Brier: nan}}
		if err := m.validate(); err != nil {
			return nil, err
		}
		return m, nil
	}
	m := &ForestRegressor{schema: s, forest: *in.ensemble, outOfBag: RegressorScores{RMSE: math.NaN(), MAE: math.NaN()}}
	if err := m.validate(); err != nil {
		return nil, err
	}
	return m, nil
}

func (in *treeImport) addForestTree(t int, text json.RawMessage) error {
	var x forestTree
	if err := decodeJSON(fmt.Sprintf("tree %d", t), text, &x); err != nil {
		return err
	}
	n := len(x.Left)
	for _, list := range []struct {
		name     string
		length   int
		optional bool
	}{
		{"left", n, false}, {"right", len(x.Right), false}, {"feature", len(x.Feature), false}, {"threshold", len(x.Threshold), false},
		{"missing_left", len(x.MissingLeft), true}, {"cover", len(x.Cover), true}, {"impurity", len(x.Impurity), true},
	} {
		if n == 0 || list.length != n && !(list.optional && list.length == 0) {
			return fmt.Errorf("%w: tree %d has %d numbers in %s and %d in left", ErrModel, t, list.length, list.name, n)
		}
	}
	nodes, values := make([]foreignNode, n), make([]int, n)
	leaves := 0
	for i := range nodes {
		f := &nodes[i]
		if len(x.Cover) > 0 {
			f.cover = float64(x.Cover[i])
		}
		if x.Left[i] == -1 {
			f.left, values[i] = -1, leaves
			leaves++
			continue
		}
		f.left, f.right = x.Left[i].whole(n-1), x.Right[i].whole(n-1)
		if f.left < 0 || f.right < 0 {
			return fmt.Errorf("%w: tree %d, node %d has the children %v and %v of %d nodes", ErrModel, t, i, x.Left[i], x.Right[i], n)
		}
		f.slot = slot{column: int32(x.Feature[i].whole(math.MaxInt32)), table: -1, single: true, missing: math.Inf(1)}
		if len(x.MissingLeft) > 0 && x.MissingLeft[i] == 1 {
			f.slot.missing = math.Inf(-1)
		}
		f.threshold = float64(x.Threshold[i])
		f.gain = x.gain(i, f)
	}
	if len(x.Value) != leaves*in.leafWidth {
		return fmt.Errorf("%w: tree %d has %d numbers in value for %d leaves of %d", ErrModel, t, len(x.Value), leaves, in.leafWidth)
	}
	value := func(at int) []jsonNumber { return x.Value[values[at]*in.leafWidth:][:in.leafWidth] }
	if in.leafWidth > 1 {
		for i := range nodes {
			if nodes[i].left < 0 && !isDistribution(value(i)) {
				return fmt.Errorf("%w: tree %d, node %d: %v are no probabilities", ErrModel, t, i, value(i))
			}
		}
	}
	return in.add(t, nodes, func(leaves []float64, at int) []float64 {
		for _, v := range value(at) {
			leaves = append(leaves, float64(v))
		}
		return leaves
	})
}

// gain is the impurity that a split takes away, by rows.
func (x *forestTree) gain(i int, n *foreignNode) float64 {
	if len(x.Impurity) == 0 || len(x.Cover) == 0 {
		return 0
	}
	at := func(k int) float64 { return float64(x.Impurity[k] * x.Cover[k]) }
	return (at(i) - at(n.left) - at(n.right)) / float64(x.Cover[0])
}

// isDistribution reports whether p are numbers of at least 0 that sum to 1, but for rounding.
func isDistribution(p []jsonNumber) bool {
	var sum jsonNumber
	for _, v := range p {
		sum += v
	}
	return math.Abs(float64(sum)-1) <= 1e-6 && !slices.ContainsFunc(p, func(v jsonNumber) bool { return v < 0 })
}
