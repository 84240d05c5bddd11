package supervised

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestTreeWorked(t *testing.T) {
	d := mustDataset(t, Data{
		Rows:   [][]float64{{1}, {2}, {3}, {10}, {11}, {nan}},
		Target: []float64{0, 0, 0, 1, 1, 1}, Classes: yesNo,
	})
	m, err := RandomForest{Trees: 1, NoBootstrap: true}.FitClassifier(d)
	require.NoError(t, err)
	require.Len(t, m.forest.nodes, 3, "one split")
	assert.Equal(t, 6.5, orderedFloat(m.forest.nodes[0].key), "in the middle")
	assert.Equal(t, []slot{{column: 0, table: -1, missing: math.Inf(1)}}, m.forest.slots, "missing values with the ones")
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
		counts := map[int32]int{}
		for i := range d.Len() {
			row := make([]uint64, len(m.forest.slots))
			m.forest.read(row, d.Row(nil, i))
			counts[m.forest.walk(root, row)]++
		}
		assert.LessOrEqual(t, len(counts), 1<<4, "tree %d", t0)
		for _, c := range counts {
			assert.GreaterOrEqual(t, c, 7)
		}
	}
	d, err = d.Subset(indices(250)) // no more than there are bins
	require.NoError(t, err)
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
