package supervised

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// incrementals are the classifiers that learn row by row.
var incrementals = map[string]func(Schema) (Incremental, error){
	"logistic": func(s Schema) (Incremental, error) { return OnlineLogistic{}.Start(s) },
	"tree":     func(s Schema) (Incremental, error) { return HoeffdingTree{Grace: 50, Delta: 0.01}.Start(s) },
	"forest":   func(s Schema) (Incremental, error) { return AdaptiveForest{Trees: 5, Seed: 1}.Start(s) },
	"refit": func(s Schema) (Incremental, error) {
		return DriftRefit{}.Start(s, nil, func(d *Dataset) (Model, error) { return LogisticRegression{}.Fit(d) })
	},
}

func scoresOn(t testing.TB, m Model, d *Dataset) ClassifierScores {
	s, err := ScoreClassifier(m.(Classifier), d)
	require.NoError(t, err)
	return s
}

// Taught with the labels shuffled they rank no better than chance: the check of the check.
func TestIncrementalsLearn(t *testing.T) {
	for _, classes := range []int{2, 3} {
		train, test := generated(t, 8000, classes, true, 60), generated(t, 1000, classes, true, 61)
		shuffled := *train.table
		shuffled.target = train.Targets()
		rand.New(rand.NewPCG(1, 1)).Shuffle(train.Len(), func(a, b int) {
			shuffled.target[a], shuffled.target[b] = shuffled.target[b], shuffled.target[a]
		})
		for name, start := range incrementals {
			learned := func(d *Dataset) float64 {
				tr, err := start(d.Schema())
				require.NoError(t, err)
				require.NoError(t, PartialFit(tr, d))
				return scoresOn(t, tr.Model(), test).AUC
			}
			got := learned(train)
			t.Logf("%d classes, %s: AUC %.3f", classes, name, got)
			assert.Greater(t, got, 0.75, "%d classes, %s", classes, name)
			assert.Less(t, learned(&Dataset{table: &shuffled}), 0.65, "%d classes, %s", classes, name)
		}
	}
}

// The online weights come close to those of the batch: within two points of its accuracy, in any unit.
func TestOnlineLogisticNearsTheBatch(t *testing.T) {
	train, test := generated(t, 10000, 2, false, 62), generated(t, 2000, 2, false, 63)
	batch, err := LogisticRegression{}.Fit(train)
	require.NoError(t, err)
	want := scoresOn(t, batch, test).Accuracy
	for _, unit := range []float64{1, 1e6, 1e-6} {
		in := func(d *Dataset) *Dataset {
			out := *d.flat().table
			out.cols = append([][]float64{make([]float64, d.Len())}, out.cols[1:]...)
			for i := range out.cols[0] {
				out.cols[0][i] = unit * d.Value(i, 0)
			}
			return &Dataset{table: &out}
		}
		tr, err := OnlineLogistic{}.Start(train.Schema())
		require.NoError(t, err)
		require.NoError(t, PartialFit(tr, in(train)))
		assert.InDelta(t, want, scoresOn(t, tr.Model(), in(test)).Accuracy, 0.02, "unit %v", unit)
	}
}

// One step from 0 by hand: p = ½, so the slope of a row of class 1 is −½; every normalised feature is 1, the
// norm is the number of active features, and each weight becomes rate·√(1/2)/scale.
func TestOnlineLogisticWorked(t *testing.T) {
	s := Schema{Columns: []Column{{Name: "x"}}, Target: "y", Classes: yesNo}
	tr, err := OnlineLogistic{Rate: 0.8}.Start(s)
	require.NoError(t, err)
	require.NoError(t, tr.PartialFit([]float64{4}, 1))
	m := tr.Model().(*LogisticModel)
	assert.InDelta(t, 0.8*math.Sqrt(0.5)/4, m.Weights(1, 0)[0], 1e-15)
	assert.InDelta(t, 0.8*math.Sqrt(0.5), m.Intercept(1), 1e-15)
	before := m.Predict([]float64{nan})
	require.NoError(t, tr.PartialFit([]float64{nan}, 0))
	assert.Less(t, tr.Model().Predict([]float64{nan}), before, "a missing value has a weight of its own")
}

func TestPublishedModelsDoNotChange(t *testing.T) {
	d := generated(t, 2000, 3, true, 64)
	first, err := d.Subset(indices(1000))
	require.NoError(t, err)
	for name, start := range incrementals {
		tr, err := start(d.Schema())
		require.NoError(t, err)
		require.NoError(t, PartialFit(tr, first))
		m := tr.Model()
		before := Predictions(m, d)
		require.NoError(t, PartialFit(tr, d))
		assert.Equal(t, before, Predictions(m, d), name)

		again, err := start(d.Schema())
		require.NoError(t, err)
		require.NoError(t, PartialFit(again, first))
		assert.Equal(t, before, Predictions(again.Model(), d), "%s: same rows, same bits", name)
	}
}

func TestIncrementalsRefuse(t *testing.T) {
	s := Schema{Columns: []Column{{Name: "x"}, {Name: "queue", Kind: Categorical, Levels: []string{"a", "b"}}}, Target: "y", Classes: yesNo}
	for name, start := range incrementals {
		tr, err := start(s)
		require.NoError(t, err, name)
		for _, c := range []struct {
			x    []float64
			y    float64
			want error
			says string
		}{
			{[]float64{1}, 0, ErrWidth, "1 features"},
			{[]float64{math.Inf(1), 0}, 0, ErrNotFinite, `"x"`},
			{[]float64{1, 2}, 0, ErrLevel, `"queue"`},
			{[]float64{1, 0.5}, 0, ErrLevel, `"queue"`},
			{[]float64{1, 0}, 2, ErrLabel, "2 classes"},
			{[]float64{1, 0}, nan, ErrLabel, "NaN"},
		} {
			err := tr.PartialFit(c.x, c.y)
			assert.ErrorIs(t, err, c.want, name)
			assert.ErrorContains(t, err, c.says, name)
		}
		if name == "refit" {
			continue
		}
		for _, row := range [][]float64{{nan, nan}, {math.MaxFloat64, 1}, {-math.MaxFloat64, 0}, {5e-324, 0}, {0, nan}} {
			require.NoError(t, tr.PartialFit(row, 1), name)
			require.NoError(t, tr.PartialFit(row, 0), name)
		}
		p := tr.Model().Predict([]float64{1, 0})
		assert.True(t, p >= 0 && p <= 1, "%s: %v", name, p)
		_, err = start(Schema{Columns: s.Columns, Target: "y"})
		assert.ErrorIs(t, err, ErrTask, name)
	}
	_, err := OnlineLogistic{Rate: -1}.Start(s)
	assert.ErrorIs(t, err, ErrOptions)
	_, err = HoeffdingTree{Grace: -1, Delta: 2, Tie: -1, Leaves: -1}.Start(s)
	for _, part := range []string{"Grace is -1", "Delta is 2", "Tie is -1", "Leaves is -1"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = AdaptiveForest{Trees: -1, Features: -1, Drift: 0.5}.Start(s)
	for _, part := range []string{"Trees is -1", "Features is -1", "Drift is 0.5"} {
		assert.ErrorContains(t, err, part)
	}
	_, err = DriftRefit{MinRows: 10, Window: 5}.Start(s, nil, nil)
	for _, part := range []string{"Window is 5", "no fit"} {
		assert.ErrorContains(t, err, part)
	}
}

// One numeric column that decides alone: the tree splits on it once Hoeffding's bound allows, not before.
func TestHoeffdingTreeSplitsWhenSure(t *testing.T) {
	s := Schema{Columns: []Column{{Name: "noise"}, {Name: "x"}}, Target: "y", Classes: yesNo}
	o := HoeffdingTree{Grace: 10, Delta: 1e-7, Tie: 1e-3}
	tr, err := o.Start(s)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 9))
	n := 0
	for tr.tree.root.seen != nil && n < 1000 {
		n++
		y := float64(r.IntN(2))
		require.NoError(t, tr.PartialFit([]float64{r.Float64(), y + 0.2*r.Float64()}, y))
	}
	// A gain near 1 bit against one near 0 wants ε < 1, so n > ln(10⁷)/2 = 8.06 rows at the least.
	assert.Equal(t, 1, tr.tree.root.split.column)
	assert.InDelta(t, 0.6, tr.tree.root.split.at, 0.4)
	assert.True(t, n >= 10 && n <= 30, "after %d rows", n)

	noise, err := o.Start(s)
	require.NoError(t, err)
	for range 2000 {
		require.NoError(t, noise.PartialFit([]float64{r.Float64(), r.Float64()}, float64(r.IntN(2))))
	}
	assert.NotNil(t, noise.tree.root.seen, "nothing to split on")
}

func TestHoeffdingTreeStopsAtItsLeaves(t *testing.T) {
	d := generated(t, 8000, 3, true, 65)
	tr, err := HoeffdingTree{Grace: 20, Leaves: 7, Delta: 0.5}.Start(d.Schema())
	require.NoError(t, err)
	require.NoError(t, PartialFit(tr, d))
	assert.Equal(t, 7, tr.tree.leaves)
	assert.Len(t, tr.Model().(*StreamClassifier).nodes, 13)
	assert.Equal(t, 1, tr.Model().(*StreamClassifier).Trees())
}

// drifting is a stream whose class flips with the sign of what decides it, half way.
func drifting(r *rand.Rand, k, half int) ([]float64, float64) {
	x := []float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
	y := 0.0
	if (x[0]+x[1] > 0) != (k >= half) {
		y = 1
	}
	return x, y
}

// After the flip the adaptive ones recover; a tree that cannot forget is still wrong.
func TestDriftIsForgotten(t *testing.T) {
	s := Schema{Columns: []Column{{Name: "a"}, {Name: "b"}, {Name: "c"}}, Target: "y", Classes: yesNo}
	const half, rows = 4000, 5000
	late := func(start func(Schema) (Incremental, error)) (float64, Incremental) {
		tr, err := start(s)
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(2, 10))
		right := 0.0
		for k := range rows {
			x, y := drifting(r, k, half)
			if m := tr.Model(); k >= rows-400 && k%4 == 0 {
				if (m.Predict(x) > 0.5) == (y == 1) {
					right++
				}
			}
			require.NoError(t, tr.PartialFit(x, y))
		}
		return right / 100, tr
	}
	forest, trainer := late(incrementals["forest"])
	assert.Greater(t, forest, 0.85)
	assert.GreaterOrEqual(t, trainer.(*AdaptiveForestTrainer).Replaced(), 5, "each tree at least once")
	refit, trainer := late(incrementals["refit"])
	assert.Greater(t, refit, 0.9)
	refits := trainer.(*DriftRefitTrainer).Refits()
	assert.True(t, refits >= 5 && refits <= 12, "%d refits", refits)
	deaf, _ := late(func(s Schema) (Incremental, error) {
		return AdaptiveForest{Trees: 5, Seed: 1, Warning: 1e-300, Drift: 1e-300}.Start(s)
	})
	assert.Less(t, deaf, forest-0.1, "without its windows: the check of the check")
}

// A regressor whose slope changes is fitted anew to the rows since, and only then.
func TestDriftRefitOfARegressor(t *testing.T) {
	s := Schema{Columns: []Column{{Name: "x"}}, Target: "y"}
	var sizes []int
	tr, err := DriftRefit{Window: 500, MinRows: 100}.Start(s, nil, func(d *Dataset) (Model, error) {
		sizes = append(sizes, d.Len())
		return LinearRegression{}.Fit(d)
	})
	require.NoError(t, err)
	assert.Nil(t, tr.Model())
	r := rand.New(rand.NewPCG(3, 11))
	for k := range 4000 {
		slope := 1.0
		if k >= 2000 {
			slope = 3
		}
		x := r.Float64()
		require.NoError(t, tr.PartialFit([]float64{x}, slope*x+0.1*r.NormFloat64()))
	}
	assert.InDelta(t, 3, tr.Model().(*LinearModel).Weights(0)[0], 0.2)
	assert.Equal(t, 100, sizes[0])
	assert.Equal(t, []int{100, 200, 400, 500, 100, 200, 400, 500}, sizes)
}

func BenchmarkPartialFit(b *testing.B) {
	d := generated(b, 4096, 2, true, 70)
	rows := make([][]float64, d.Len())
	for i := range rows {
		rows[i] = d.Row(nil, i)
	}
	for _, name := range []string{"logistic", "tree", "forest"} {
		b.Run(fmt.Sprintf("%s/columns=6", name), func(b *testing.B) {
			tr, err := incrementals[name](d.Schema())
			require.NoError(b, err)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				_ = tr.PartialFit(rows[i%len(rows)], d.Target(i%len(rows)))
				i++
			}
		})
	}
}
