package benchmarks

import (
	"fmt"
	"runtime"

	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/meta"
	"github.com/sjwhitworth/golearn/neural"
	"github.com/sjwhitworth/golearn/trees"

	"github.com/leptonsched/lepton/supervised"
)

const (
	treeDepth   = 8
	forestTrees = 50
	netPasses   = 20
)

// predictor answers every row of a table. What it returns reads one answer, and is not timed.
type predictor func(*table) (func(row int) float64, error)

// contender is one model of one library.
type contender struct {
	model, library string
	slow           bool // a fit to 10,000 rows takes half a minute
	fit            func(*table) (predictor, error)
}

// contenders, ours and golearn's by turns. How far the work of a pair is the same:
//
//   - tree: the same. Exact splits by Gini impurity, halfway between neighbouring values, no deeper than
//     treeDepth, no pruning; TestTreesAgree holds them together. golearn's counts all classes anew at every
//     possible split, which takes time quadratic in the rows.
//   - id3: golearn's other tree, which has no counterpart here. It splits by information gain and uses a column
//     once on the way to a leaf, so that it stays small and less accurate.
//   - forest: the same number of trees on bootstraps, two columns looked at per split. Ours are CART trees of
//     depth 16 whose class shares are averaged; golearn's use each column once, as ID3 does, and vote. golearn's own
//     ensemble.RandomForest is the same meta.BaggedModel over ID3 trees, in a package that needs cgo. Two columns
//     are also the most that its RandomTree takes: with three it searches for ever in a node where two are left.
//   - logistic: the same model, not the same fit. golearn has logistic regression only behind cgo; its network
//     without hidden layers is one sigmoid over a weighted sum, moved by netPasses passes of gradient steps on the
//     squared error. Ours runs Newton's method on the likelihood to convergence.
func contenders() []contender {
	return []contender{
		{model: "tree", library: "lepton", fit: leptonTree(treeDepth)},
		{model: "tree", library: "golearn", slow: true, fit: golearnTree(treeDepth)},
		{model: "id3", library: "golearn", fit: golearnID3},
		{model: "forest", library: "lepton", fit: leptonForest},
		{model: "forest", library: "golearn", fit: golearnForest},
		{model: "logistic", library: "lepton", fit: leptonLogistic},
		{model: "logistic", library: "golearn", fit: golearnLogistic},
	}
}

func leptonTree(depth int) func(*table) (predictor, error) {
	return func(t *table) (predictor, error) {
		m, err := supervised.RandomForest{Trees: 1, NoBootstrap: true, Features: columns, Depth: depth}.FitClassifier(t.dataset)
		return leptonPredictor(m), err
	}
}

// golearn fits the trees of a forest in a goroutine each, so ours may use as many threads as there are.
func leptonForest(t *table) (predictor, error) {
	m, err := supervised.RandomForest{
		Trees: forestTrees, Features: 2, Threads: runtime.GOMAXPROCS(0), Seed: 1,
	}.FitClassifier(t.dataset)
	return leptonPredictor(m), err
}

func leptonLogistic(t *table) (predictor, error) {
	m, err := supervised.LogisticRegression{}.Fit(t.dataset)
	return leptonPredictor(m), err
}

func leptonPredictor(m supervised.Model) predictor {
	return func(t *table) (func(int) float64, error) {
		classes := make([]float64, len(t.rows))
		for i, x := range t.rows {
			if m.Predict(x) > 0.5 {
				classes[i] = 1
			}
		}
		return func(row int) float64 { return classes[row] }, nil
	}
}

func golearnTree(depth int64) func(*table) (predictor, error) {
	return func(t *table) (p predictor, err error) {
		defer contain(&err)
		m := trees.NewDecisionTreeClassifier(trees.GINI, depth, []int64{0, 1})
		if err := m.Fit(t.coded); err != nil {
			return nil, err
		}
		return func(t *table) (_ func(int) float64, err error) {
			defer contain(&err)
			classes := m.Predict(t.coded)
			return func(row int) float64 { return float64(classes[row]) }, nil
		}, nil
	}
}

func golearnID3(t *table) (predictor, error) { return golearnNamed(trees.NewID3DecisionTree(0), t) }

func golearnForest(t *table) (predictor, error) {
	m := &meta.BaggedModel{}
	for range forestTrees {
		m.AddModel(trees.NewRandomTree(2))
	}
	return golearnNamed(bagged{m}, t)
}

// bagged gives BaggedModel.Fit the signature that golearn's other models have.
type bagged struct{ *meta.BaggedModel }

func (b bagged) Fit(from base.FixedDataGrid) error {
	b.BaggedModel.Fit(from)
	return nil
}

// golearnNamed fits a model of golearn that predicts a category.
func golearnNamed(m interface {
	Fit(base.FixedDataGrid) error
	Predict(base.FixedDataGrid) (base.FixedDataGrid, error)
}, t *table) (p predictor, err error) {
	defer contain(&err)
	if err := m.Fit(t.named); err != nil {
		return nil, err
	}
	return func(t *table) (_ func(int) float64, err error) {
		defer contain(&err)
		grid, err := m.Predict(t.named)
		return func(row int) float64 {
			if base.GetClass(grid, row) == "yes" {
				return 1
			}
			return 0
		}, err
	}, nil
}

func golearnLogistic(t *table) (p predictor, err error) {
	defer contain(&err)
	m := neural.NewMultiLayerNet(nil)
	m.MaxIterations, m.LearningRate = netPasses, 0.05
	m.Fit(t.coded)
	return func(t *table) (_ func(int) float64, err error) {
		defer contain(&err)
		grid := m.Predict(t.coded)
		spec := base.ResolveAttributes(grid, grid.AllClassAttributes())[0]
		return func(row int) float64 {
			if base.UnpackBytesToFloat(grid.Get(spec, row)) > 0.5 {
				return 1
			}
			return 0
		}, nil
	}, nil
}

// contain turns a panic into an error: golearn panics on much that it does not expect. What it does in
// goroutines of its own (BaggedModel.Fit) cannot be contained; the rows here are finite and both classes there.
func contain(err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("golearn panicked: %v", fault)
	}
}
