package supervised

import (
	"bytes"
	"cmp"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// slowBest is the slow, obvious twin of splitter.best: it parts the rows by every threshold and both
// places for missing values, and computes the impurity of both sides from the start. It returns the
// weighted impurity of the best.
func slowBest(col, target, weight []float64, classes, minLeaf int) float64 {
	impurity := func(rows []int) float64 {
		var total float64
		sums := make([]float64, max(classes, 1))
		for _, r := range rows {
			total += weight[r]
			if classes == 0 {
				sums[0] += weight[r] * target[r]
			} else {
				sums[int(target[r])] += weight[r]
			}
		}
		var out float64
		if classes == 0 {
			for _, r := range rows {
				out += weight[r] * (target[r] - sums[0]/total) * (target[r] - sums[0]/total)
			}
			return out
		}
		out = 1
		for _, s := range sums {
			out -= s / total * s / total
		}
		return total * out
	}
	best := math.Inf(1)
	for _, threshold := range append(slices.Clone(col), math.MaxFloat64) {
		for _, missingLeft := range []bool{false, true} {
			var left, right []int
			for r, v := range col {
				if v <= threshold || missingLeft && math.IsNaN(v) {
					left = append(left, r)
				} else {
					right = append(right, r)
				}
			}
			if !math.IsNaN(threshold) && len(left) >= minLeaf && len(right) >= minLeaf && min(len(left), len(right)) > 0 {
				best = min(best, impurity(left)+impurity(right))
			}
		}
	}
	return best
}

func TestSplitterAgreesWithSlowTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for trial := range 600 {
		n, classes, minLeaf := 2+r.IntN(25), []int{0, 2, 3}[r.IntN(3)], 1+r.IntN(3)
		col, target, weight, rows := make([]float64, n), make([]float64, n), make([]float64, n), make([]int32, n)
		for i := range n {
			col[i], weight[i], rows[i] = float64(r.IntN(8)), 0.1+r.Float64(), int32(i)
			if trial%2 == 0 && r.IntN(4) == 0 {
				col[i] = nan
			}
			target[i] = r.NormFloat64() + 100
			if classes > 0 {
				target[i] = float64(r.IntN(classes))
			}
		}
		g := grower{cols: [][]float64{col}, target: target, weight: weight, split: newSplitter(classes)}
		g.split.begin(rows, target, weight)
		missing := g.load(rows, col)
		got := g.split.best(g.present, missing, minLeaf)
		want := slowBest(col, target, weight, classes, minLeaf)
		if math.IsInf(want, 1) {
			require.True(t, math.IsInf(got.score, -1), "trial %d found a split where there is none", trial)
			continue
		}
		// The threshold that was chosen must reach the best impurity.
		g.scratch = make([]int32, n)
		k := g.partition(rows, got)
		require.True(t, k >= minLeaf && n-k >= minLeaf)
		left, right := newSplitter(classes), newSplitter(classes)
		left.begin(rows[:k], target, weight)
		right.begin(rows[k:], target, weight)
		reached := nodeImpurity(&left, rows[:k]) + nodeImpurity(&right, rows[k:])
		require.InDelta(t, want, reached, 1e-9, "trial %d", trial)
		slices.SortFunc(rows, cmp.Compare[int32])
		whole := newSplitter(classes)
		whole.begin(rows, target, weight)
		require.InDelta(t, nodeImpurity(&whole, rows)-reached, got.gain, 1e-9, "trial %d", trial)
	}
}

func nodeImpurity(s *splitter, rows []int32) float64 {
	if s.classes > 0 {
		return s.total.weight - s.total.score()
	}
	var out float64
	for _, r := range rows {
		out += s.weight[r] * (s.target[r] - s.mean) * (s.target[r] - s.mean)
	}
	return out
}

func TestTreeWorked(t *testing.T) {
	d := mustDataset(t, Data{
		Rows:   [][]float64{{1}, {2}, {3}, {10}, {11}, {nan}},
		Target: []float64{0, 0, 0, 1, 1, 1}, Classes: yesNo,
	})
	m, err := RandomForest{Trees: 1, NoBootstrap: true}.FitClassifier(d)
	require.NoError(t, err)
	require.Equal(t, []node{
		{threshold: 6.5, feature: 0, right: 2}, {feature: -1, right: 0}, {feature: -1, right: 1},
	}, m.forest.nodes, "one split in the middle, missing values with the ones")
	for x, want := range map[float64]float64{-5: 0, 6.5: 0, 6.6: 1, nan: 1} {
		assert.Equal(t, want, m.Predict([]float64{x}), x)
	}
	assert.Equal(t, []float64{1}, m.Importance())
	assert.Equal(t, 0, m.OutOfBag().Rows)
	assert.True(t, math.IsNaN(m.OutOfBag().Accuracy))
}

func TestMissingValuesNeverSeenFollowTheHeavierSide(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{1}, {2}, {3}}, Target: []float64{5, 9, 9}})
	m, err := RandomForest{Trees: 1, NoBootstrap: true}.FitRegressor(d)
	require.NoError(t, err)
	assert.Equal(t, 9.0, m.Predict([]float64{nan}))
	assert.Equal(t, 5.0, m.Predict([]float64{0}))
}

// Missing only: the one thing that tells the classes apart is that a value is not there.
func TestTreePartsMissingFromAllOthers(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{1}, {5}, {nan}, {nan}, {3}}, Target: []float64{0, 0, 1, 1, 0}, Classes: yesNo})
	m, err := RandomForest{Trees: 1, NoBootstrap: true}.FitClassifier(d)
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 0, 1, 1, 0}, Predictions(m, d))
	assert.Equal(t, 0.0, m.Predict([]float64{1e300}))
}

func TestTreeKeepsItsBounds(t *testing.T) {
	d := generated(t, 300, 0, true, 12)
	m, err := RandomForest{Trees: 3, Depth: 4, MinLeaf: 7, NoBootstrap: true}.FitRegressor(d)
	require.NoError(t, err)
	for t0, root := range m.forest.roots {
		counts := map[*float64]int{}
		for i := range d.Len() {
			counts[&m.forest.leaf(root, d.Row(nil, i))[0]]++
		}
		assert.LessOrEqual(t, len(counts), 1<<4, "tree %d", t0)
		for _, c := range counts {
			assert.GreaterOrEqual(t, c, 7)
		}
	}
	full, err := RandomForest{Trees: 1, Depth: math.MaxInt32, Features: 6, NoBootstrap: true}.FitRegressor(d)
	require.NoError(t, err)
	assert.Equal(t, d.Targets(), Predictions(full, d), "a full tree knows every row")
}

// XOR has no gain in any first split, and must be learned all the same.
func TestTreeLearnsXOR(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, Target: []float64{0, 1, 1, 0}, Classes: yesNo})
	m, err := RandomForest{Trees: 1, NoBootstrap: true, Features: 2}.FitClassifier(d)
	require.NoError(t, err)
	assert.Equal(t, d.Targets(), Predictions(m, d))
}

func TestForestLearns(t *testing.T) {
	train, test := generated(t, 400, 2, true, 13), generated(t, 400, 2, true, 14)
	m, err := RandomForest{Trees: 60, Seed: 1}.FitClassifier(train)
	require.NoError(t, err)
	s, err := ScoreClassifier(m, test)
	require.NoError(t, err)
	assert.Greater(t, s.AUC, 0.9)
	assert.Greater(t, m.OutOfBag().Rows, 390)
	assert.InDelta(t, s.Accuracy, m.OutOfBag().Accuracy, 0.06, "out of bag stands for new rows")
	assert.InDelta(t, s.LogLoss, m.OutOfBag().LogLoss, 0.12)

	importance := m.Importance()
	for _, noise := range []int{3, 4, 5} {
		assert.Greater(t, importance[0], 3*importance[noise])
	}
	loss := func(m *ForestClassifier, d *Dataset) (float64, error) {
		s, err := ScoreClassifier(m, d)
		return s.LogLoss, err
	}
	permuted, err := PermutationImportance(m, test, loss, 5, 1)
	require.NoError(t, err)
	again, err := PermutationImportance(m, test, loss, 5, 1)
	require.NoError(t, err)
	assert.Equal(t, permuted, again)
	assert.Equal(t, "a", permuted[0].Column)
	assert.Greater(t, permuted[0].Mean, 0.1)
	for _, noise := range permuted[3:] {
		assert.Less(t, noise.Mean, 0.02)
	}
	_, err = PermutationImportance(m, test, loss, 0, 1)
	assert.ErrorIs(t, err, ErrOptions)

	numbers, err := RandomForest{Trees: 60, Seed: 1}.FitRegressor(generated(t, 400, 0, true, 13))
	require.NoError(t, err)
	r, err := ScoreRegressor(numbers, generated(t, 400, 0, true, 14))
	require.NoError(t, err)
	assert.Less(t, r.RMSE, 1.6, "the target's own deviation is 2.5")
	assert.InEpsilon(t, r.RMSE, numbers.OutOfBag().RMSE, 0.15)
}

func saved(t testing.TB, m io.WriterTo) []byte {
	var b bytes.Buffer
	_, err := m.WriteTo(&b)
	require.NoError(t, err)
	return b.Bytes()
}

func TestForestIsTheSameOnAnyNumberOfThreads(t *testing.T) {
	defer goleak.VerifyNone(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	d, numbers := generated(t, 200, 3, true, 15), generated(t, 200, 0, true, 15)
	fit := func(threads int, seed uint64) []byte {
		o := RandomForest{Trees: 12, Threads: threads, Seed: seed}
		c, err := o.FitClassifier(d)
		require.NoError(t, err)
		r, err := o.FitRegressor(numbers)
		require.NoError(t, err)
		return append(saved(t, c), saved(t, r)...)
	}
	want := fit(1, 1)
	assert.NotEqual(t, want, fit(1, 2), "the seed matters")
	for _, procs := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(procs)
		for _, threads := range []int{1, 3, 40} {
			require.Equal(t, want, fit(threads, 1), "GOMAXPROCS %d, %d threads", procs, threads)
		}
	}
}

// A fit on a view is the fit on the same rows in a table of their own.
func TestFitOnASubset(t *testing.T) {
	d := generated(t, 200, 2, true, 16)
	view, err := d.Subset(rand.New(rand.NewPCG(1, 1)).Perm(200)[:120])
	require.NoError(t, err)
	for _, o := range []RandomForest{{Trees: 5}, {Trees: 2, NoBootstrap: true}} {
		a, err := o.FitClassifier(view)
		require.NoError(t, err)
		b, err := o.FitClassifier(view.flat())
		require.NoError(t, err)
		require.Equal(t, saved(t, a), saved(t, b))
	}
}

func TestForestOptions(t *testing.T) {
	d := generated(t, 30, 2, false, 1)
	_, err := RandomForest{Trees: -1, Depth: -2, MinLeaf: -3, Features: -4, Threads: -5}.FitClassifier(d)
	require.ErrorIs(t, err, ErrOptions)
	for _, part := range []string{"Trees is -1", "Depth is -2", "MinLeaf is -3", "Features is -4", "Threads is -5"} {
		assert.ErrorContains(t, err, part)
	}
}
