package supervised

import (
	"bytes"
	"math"
	"math/bits"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// expected is what a tree says when only the columns in known are: at a split of another column it goes
// both ways, by how many rows did.
func expected(e *ensemble, at int32, row []uint64, known uint, output int) float64 {
	n := &e.nodes[at]
	if n.isLeaf(at) {
		if e.leafWidth == 1 {
			return e.leaves[n.key]
		}
		return e.leaves[int(n.key)*e.leafWidth+output]
	}
	if known>>e.slots[n.slot&^categoricalNode].column&1 == 1 {
		if e.goesLeft(n, row) {
			return expected(e, at+1, row, known, output)
		}
		return expected(e, n.right, row, known, output)
	}
	left, right := float64(e.covers[at+1]), float64(e.covers[n.right])
	return (left*expected(e, at+1, row, known, output) + right*expected(e, n.right, row, known, output)) / (left + right)
}

// slowShapley sums over all sets of the other columns.
func slowShapley(e *ensemble, x []float64, output int) (base float64, phi []float64) {
	row := make([]uint64, len(e.slots))
	e.read(row, x)
	value := func(known uint) float64 {
		sum := 0.0
		for t, root := range e.roots {
			if e.leafWidth > 1 || t%e.outputs == output {
				sum += expected(e, root, row, known, output)
			}
		}
		if e.mean {
			sum /= float64(len(e.roots))
		}
		return e.base[output] + sum
	}
	phi = make([]float64, len(x))
	for j := range x {
		for set := range uint(1) << len(x) {
			if set>>j&1 == 1 {
				continue
			}
			k, n := bits.OnesCount(set), len(x)
			weight := math.Gamma(float64(k+1)) * math.Gamma(float64(n-k)) / math.Gamma(float64(n+1))
			phi[j] += weight * (value(set|1<<j) - value(set))
		}
	}
	return value(0), phi
}

func TestTreeSHAPEqualsBruteForce(t *testing.T) {
	rows := generated(t, 25, 0, true, 90)
	check := func(e *ensemble, output int, explain func(x []float64) (Explanation, error)) {
		for i := range rows.Len() {
			x := rows.Row(nil, i)
			got, err := explain(x)
			require.NoError(t, err)
			base, phi := slowShapley(e, x, output)
			require.InDelta(t, base, got.Base, 1e-10)
			sum := got.Base
			for j, c := range got.Contributions {
				require.Equal(t, rows.schema.Columns[j].Name, c.Column)
				require.InDelta(t, phi[j], c.Value, 1e-10, "row %d, column %d", i, j)
				sum += c.Value
			}
			out := make([]float64, e.outputs)
			e.predict(out, x)
			require.InDelta(t, out[output], sum, 1e-10, "they sum to the answer")
		}
	}
	models := goldenModels(t)
	forest := models["forest-classifier"].(*ForestClassifier)
	check(&forest.forest, 2, func(x []float64) (Explanation, error) { return forest.Explain(x, 2) })
	numbers := models["forest-regressor"].(*ForestRegressor)
	check(&numbers.forest, 0, numbers.Explain)
	soft := models["boosted-softmax"].(*BoostedClassifier)
	check(&soft.trees, 1, func(x []float64) (Explanation, error) { return soft.Explain(x, 1) })
	binary := models["boosted-classifier"].(*BoostedClassifier)
	check(&binary.trees, 0, func(x []float64) (Explanation, error) { return binary.Explain(x, 1) })
	deep, err := GradientBoosting{Rounds: 4, MinLeaf: 1, Depth: 8}.FitRegressor(generated(t, 80, 0, true, 91))
	require.NoError(t, err)
	check(&deep.trees, 0, deep.Explain)

	x := rows.Row(nil, 0)
	one, err := binary.Explain(x, 1)
	require.NoError(t, err)
	zero, err := binary.Explain(x, 0)
	require.NoError(t, err)
	assert.Equal(t, -one.Base, zero.Base)
	assert.Equal(t, -one.Contributions[0].Value, zero.Contributions[0].Value)
}

func TestExplainRefuses(t *testing.T) {
	models := goldenModels(t)
	forest := models["forest-classifier"].(*ForestClassifier)
	_, err := forest.Explain(make([]float64, 6), 3)
	assert.ErrorIs(t, err, ErrRange)
	_, err = forest.Explain(make([]float64, 5), 0)
	assert.ErrorIs(t, err, ErrWidth)
	_, err = models["boosted-softmax"].(*BoostedClassifier).Explain(make([]float64, 6), -1)
	assert.ErrorIs(t, err, ErrRange)
	file, err := os.ReadFile("testdata/forest-regressor.v1.lept")
	require.NoError(t, err)
	old, err := ReadModel(bytes.NewReader(file))
	require.NoError(t, err)
	_, err = old.(*ForestRegressor).Explain(make([]float64, 6))
	assert.ErrorIs(t, err, ErrModel)
}

func TestPartialDependence(t *testing.T) {
	d := mustDataset(t, Data{
		Columns: []Column{{Name: "a"}, {Name: "b"}},
		Rows:    [][]float64{{1, 10}, {2, 20}, {3, 60}}, Target: []float64{11, 22, 63}, Weights: []float64{1, 1, 2},
	})
	m, err := LinearRegression{}.Fit(d)
	require.NoError(t, err)
	got, err := PartialDependence(m, d, "a", []float64{0, 5})
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{37.5, 42.5}, got, 1e-9, "a + the weighted mean of b")
	_, err = PartialDependence(m, d, "c", nil)
	assert.ErrorIs(t, err, ErrNoSuchColumn)
	_, err = PartialDependence(m, d, "a", []float64{math.Inf(1)})
	assert.ErrorIs(t, err, ErrNotFinite)
}
