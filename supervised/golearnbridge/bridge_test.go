package golearnbridge

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/evaluation"
	"github.com/sjwhitworth/golearn/meta"
	"github.com/sjwhitworth/golearn/trees"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/supervised"
)

var nan = math.NaN()

func dataset(t testing.TB, d supervised.Data) *supervised.Dataset {
	t.Helper()
	out, err := supervised.NewDataset(d)
	require.NoError(t, err)
	return out
}

// jobs are rows with a number that tells the class, a category that helps, and noise; missing values on
// request.
func jobs(t testing.TB, n int, missing bool, seed uint64) *supervised.Dataset {
	r := rand.New(rand.NewPCG(seed, 1))
	d := supervised.Data{
		Columns: []supervised.Column{{Name: "load"}, {Name: "queue", Kind: supervised.Categorical, Levels: []string{"short", "long", "night"}}, {Name: "noise"}},
		Classes: []string{"done", "failed"}, TargetName: "state",
	}
	for range n {
		x := []float64{r.NormFloat64(), float64(r.IntN(3)), r.NormFloat64()}
		y := 0.0
		if x[0]+0.5*x[1]+0.2*r.NormFloat64() > 0.5 {
			y = 1
		}
		if missing && r.IntN(5) == 0 {
			x[r.IntN(3)] = nan
		}
		d.Rows, d.Target = append(d.Rows, x), append(d.Target, y)
	}
	return dataset(t, d)
}

func requireSame(t *testing.T, want, got *supervised.Dataset) {
	t.Helper()
	require.Equal(t, want.Schema(), got.Schema())
	require.Equal(t, want.Targets(), got.Targets())
	for i := range want.Len() {
		for j := range want.Width() {
			require.Equal(t, math.Float64bits(want.Value(i, j)), math.Float64bits(got.Value(i, j)), "row %d, column %d", i, j)
		}
	}
}

func TestGridRoundTrip(t *testing.T) {
	numbers := supervised.Data{Rows: [][]float64{{1, -1}, {2, nan}, {nan, 4}}, Target: []float64{0.5, -1, 3}}
	view, err := jobs(t, 50, true, 3).Subset([]int{4, 2, 49})
	require.NoError(t, err)
	for name, d := range map[string]*supervised.Dataset{
		"classes": jobs(t, 80, false, 1), "missing": jobs(t, 80, true, 2), "numbers": dataset(t, numbers), "a view": view,
	} {
		t.Run(name, func(t *testing.T) {
			grid, err := ToGrid(d)
			require.NoError(t, err)
			columns, rows := grid.Size()
			assert.Equal(t, []int{d.Width() + 1, d.Len()}, []int{columns, rows})
			again, err := FromGrid(grid)
			require.NoError(t, err)
			requireSame(t, d, again)
		})
	}
}

// What golearn itself reads from a file comes over with its types.
func TestFromGridOfGolearnsOwn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jobs.csv")
	require.NoError(t, os.WriteFile(file, []byte("procs,queue,state\n4,long,done\n8,?,failed\n2.5,short,done\n"), 0o600))
	grid, err := base.ParseCSVToInstances(file, true)
	require.NoError(t, err)
	d, err := FromGrid(grid)
	require.NoError(t, err)
	assert.Equal(t, supervised.Schema{
		Columns: []supervised.Column{{Name: "procs"}, {Name: "queue", Kind: supervised.Categorical, Levels: []string{"long", "short"}}},
		Target:  "state", Classes: []string{"done", "failed"},
	}, d.Schema())
	assert.Equal(t, []float64{2.5, 1}, d.Row(nil, 2), "the value behind the missing one moved up")
	assert.True(t, math.IsNaN(d.Value(1, 1)))
	assert.Equal(t, []float64{0, 1, 0}, d.Targets())
}

func TestBinaryAttributes(t *testing.T) {
	grid := base.NewDenseInstances()
	flag, class := base.NewBinaryAttribute("gpu"), base.NewBinaryAttribute("late")
	x, y := grid.AddAttribute(flag), grid.AddAttribute(class)
	require.NoError(t, grid.AddClassAttribute(class))
	require.NoError(t, grid.Extend(40))
	for i := range 40 {
		grid.Set(x, i, []byte{byte(i % 2)})
		grid.Set(y, i, []byte{byte(i % 2)})
	}
	d, err := FromGrid(grid)
	require.NoError(t, err)
	assert.Equal(t, []string{"0", "1"}, d.Schema().Classes)
	assert.Equal(t, 1.0, d.Value(1, 0))
	c := NewClassifier("tree", supervised.RandomForest{Trees: 3, Seed: 1}.FitClassifier)
	require.NoError(t, c.Fit(grid))
	answers, err := c.Predict(grid)
	require.NoError(t, err)
	for i := range 40 {
		assert.Equal(t, base.GetClass(grid, i), base.GetClass(answers, i))
	}
}

func TestGridRefuses(t *testing.T) {
	marked := dataset(t, supervised.Data{
		Columns: []supervised.Column{{Name: "q", Kind: supervised.Categorical, Levels: []string{"a", Missing}}},
		Rows:    [][]float64{{0}, {nan}}, Target: []float64{1, 2},
	})
	_, err := ToGrid(marked)
	assert.ErrorIs(t, err, ErrGrid)
	_, err = ToGrid(dataset(t, supervised.Data{Columns: []supervised.Column{{Name: "y"}}, Rows: [][]float64{{0}}, Target: []float64{1}, TargetName: "y"}))
	assert.ErrorIs(t, err, ErrGrid)
	_, err = FromGrid(base.NewDenseInstances())
	assert.ErrorIs(t, err, ErrGrid, "no class")
	infinite, err := ToGrid(jobs(t, 3, false, 1))
	require.NoError(t, err)
	spec, err := infinite.GetAttribute(base.NewFloatAttribute("load"))
	require.NoError(t, err)
	infinite.Set(spec, 1, base.PackFloatToBytes(math.Inf(1)))
	_, err = FromGrid(infinite)
	assert.ErrorIs(t, err, supervised.ErrNotFinite)
	assert.ErrorContains(t, err, `"load", row 1`)
}

// Our forest in golearn's hands: fitted, evaluated and bagged there, it answers what it answers here.
func TestOurModelAsGolearnClassifier(t *testing.T) {
	train, test := jobs(t, 300, true, 1), jobs(t, 200, true, 2)
	trainGrid, err := ToGrid(train)
	require.NoError(t, err)
	testGrid, err := ToGrid(test)
	require.NoError(t, err)
	forest := supervised.RandomForest{Trees: 15, Seed: 1}
	var c base.Classifier = NewClassifier("lepton forest", forest.FitClassifier)
	_, err = c.Predict(testGrid)
	assert.ErrorIs(t, err, ErrNotFitted)
	assert.ErrorIs(t, c.Save(filepath.Join(t.TempDir(), "x")), ErrNotFitted)
	require.NoError(t, c.Fit(trainGrid))
	answers, err := c.Predict(testGrid)
	require.NoError(t, err)

	own, err := forest.FitClassifier(train)
	require.NoError(t, err)
	right := 0
	for i := range test.Len() {
		want := "done"
		if own.Predict(test.Row(nil, i)) > 0.5 {
			want = "failed"
		}
		require.Equal(t, want, base.GetClass(answers, i), "row %d", i)
		if want == test.Schema().Classes[int(test.Target(i))] {
			right++
		}
	}
	confusion, err := evaluation.GetConfusionMatrix(testGrid, answers)
	require.NoError(t, err)
	assert.InDelta(t, float64(right)/200, evaluation.GetAccuracy(confusion), 1e-12)
	assert.Greater(t, right, 160)
	assert.Equal(t, "lepton forest", c.String())

	// Its archive is one of golearn's, and the model in it the same.
	file := filepath.Join(t.TempDir(), "forest.cls")
	require.NoError(t, c.Save(file))
	again := NewClassifier("lepton forest", forest.FitClassifier)
	require.NoError(t, again.Load(file))
	for i := range test.Len() {
		require.Equal(t, own.Predict(test.Row(nil, i)), again.Model().Predict(test.Row(nil, i)))
	}
	require.Error(t, again.Load(filepath.Join(t.TempDir(), "nothing")))

	bag := &meta.BaggedModel{}
	for range 3 {
		bag.AddModel(NewClassifier("tree", supervised.RandomForest{Trees: 1, Seed: 2}.FitClassifier))
	}
	bag.Fit(trainGrid)
	bagged, err := bag.Predict(testGrid)
	require.NoError(t, err)
	confusion, err = evaluation.GetConfusionMatrix(testGrid, bagged)
	require.NoError(t, err)
	assert.Greater(t, evaluation.GetAccuracy(confusion), 0.75)
}

// Categories are matched by their text, whatever codes the other grid has, and columns by their name.
func TestPredictMatchesByName(t *testing.T) {
	c := NewClassifier("forest", supervised.RandomForest{Trees: 5, Seed: 1}.FitClassifier)
	train, err := ToGrid(jobs(t, 200, false, 1))
	require.NoError(t, err)
	require.NoError(t, c.Fit(train))
	grid := func(names, queues, classes []string) base.FixedDataGrid {
		d := supervised.Data{TargetName: "state", Classes: classes}
		for _, name := range names {
			column := supervised.Column{Name: name}
			if name == "queue" {
				column.Kind, column.Levels = supervised.Categorical, queues
			}
			d.Columns = append(d.Columns, column)
		}
		d.Rows, d.Target = [][]float64{{0, 0, 0.2}, {0, 1, 0.2}}, []float64{0, 0} // the queue stands in the middle
		g, err := ToGrid(dataset(t, d))
		require.NoError(t, err)
		return g
	}
	classes := []string{"done", "failed"}
	one, err := c.Predict(grid([]string{"noise", "queue", "load"}, []string{"night", "short"}, classes))
	require.NoError(t, err)
	other, err := c.Predict(grid([]string{"noise", "queue", "load"}, []string{"short", "night"}, []string{"failed", "done"}))
	require.NoError(t, err)
	assert.Equal(t, []string{"failed", "done"}, []string{base.GetClass(one, 0), base.GetClass(one, 1)})
	assert.Equal(t, []string{"done", "failed"}, []string{base.GetClass(other, 0), base.GetClass(other, 1)})
	_, err = c.Predict(grid([]string{"noise", "queue", "load"}, []string{"unknown", "short"}, classes))
	require.NoError(t, err, "missing to the model")

	_, err = c.Predict(grid([]string{"noise", "queue", "other"}, []string{"a", "b"}, classes))
	assert.ErrorIs(t, err, supervised.ErrNoSuchColumn)
	_, err = c.Predict(grid([]string{"noise", "queue", "load"}, []string{"a", "b"}, []string{"done", "lost"}))
	assert.ErrorIs(t, err, ErrGrid)
}

// golearn's tree in our hands answers what it answers by itself, also from several goroutines.
func TestGolearnModelAsOurs(t *testing.T) {
	train, test := jobs(t, 300, false, 1), jobs(t, 200, false, 2)
	m, err := Fit(trees.NewRandomTree(2), train)
	require.NoError(t, err)
	assert.Equal(t, train.Schema(), m.Schema())
	scores, err := supervised.ScoreClassifier(m, test)
	require.NoError(t, err)
	assert.Greater(t, scores.Accuracy, 0.7)

	id3 := trees.NewID3DecisionTree(0)
	m, err = Fit(id3, train)
	require.NoError(t, err)
	grid, err := m.layout.grid(test)
	require.NoError(t, err)
	want, err := id3.Predict(grid)
	require.NoError(t, err)
	var all sync.WaitGroup
	for part := range 4 {
		all.Go(func() {
			for i := part; i < test.Len(); i += 4 {
				proba := make([]float64, 2)
				x := test.Row(nil, i)
				assert.NoError(t, m.PredictProba(proba, x))
				assert.Equal(t, []float64{1 - m.Predict(x), m.Predict(x)}, proba)
				assert.Equal(t, base.GetClass(want, i) == "failed", proba[1] == 1, "row %d", i)
			}
		})
	}
	all.Wait()
}

type rogue struct {
	answer string
	fail   error
}

func (r rogue) Fit(base.FixedDataGrid) error {
	if r.answer == "" && r.fail == nil {
		panic("at the fit")
	}
	return nil
}

func (r rogue) Predict(g base.FixedDataGrid) (base.FixedDataGrid, error) {
	if r.answer == "panic" {
		panic("at the answer")
	}
	out := base.GeneratePredictionVector(g)
	base.SetClass(out, 0, r.answer)
	return out, r.fail
}

func TestGolearnsFaultsAreErrors(t *testing.T) {
	d := jobs(t, 20, false, 1)
	_, err := Fit(rogue{}, d)
	assert.ErrorIs(t, err, ErrPanic)
	_, err = Fit(rogue{answer: "done"}, dataset(t, supervised.Data{Rows: [][]float64{{1}}, Target: []float64{1}}))
	assert.ErrorIs(t, err, supervised.ErrTask)
	proba, x := []float64{7, 7}, d.Row(nil, 0)
	broken := errors.New("no luck")
	for _, c := range []struct {
		rogue rogue
		x     []float64
		want  error
	}{
		{rogue{answer: "panic"}, x, ErrPanic},
		{rogue{answer: "done", fail: broken}, x, broken},
		{rogue{answer: "lost"}, x, supervised.ErrLabel},
		{rogue{answer: "done"}, x[:2], supervised.ErrWidth},
		{rogue{answer: "done"}, []float64{0, 3, 0}, supervised.ErrLevel},
		{rogue{answer: "done"}, []float64{0, nan, 0}, supervised.ErrLevel},
	} {
		m, err := Fit(c.rogue, d)
		require.NoError(t, err)
		assert.ErrorIs(t, m.PredictProba(proba, c.x), c.want)
		assert.Equal(t, []float64{7, 7}, proba)
		assert.True(t, math.IsNaN(m.Predict(c.x)))
	}
	m, err := Fit(rogue{answer: "done"}, d)
	require.NoError(t, err)
	assert.ErrorIs(t, m.PredictProba(proba[:1], x), supervised.ErrWidth)
	m.Schema().Columns[1].Levels[0] = "changed"
	assert.Equal(t, "short", m.Schema().Columns[1].Levels[0])
}
