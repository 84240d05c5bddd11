package supervised

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

func TestSelect(t *testing.T) {
	d := generated(t, 30, 2, true, 1)
	view, err := d.Subset([]int{5, 3})
	require.NoError(t, err)
	few, err := view.Select("noise1", "c")
	require.NoError(t, err)
	assert.Equal(t, []Column{{Name: "noise1"}, {Name: "c", Kind: Categorical, Levels: []string{"p", "q", "r", "s"}}}, few.Schema().Columns)
	assert.Equal(t, 2, few.Len())
	assert.Equal(t, math.Float64bits(d.Value(3, 3)), math.Float64bits(few.Value(1, 0)))
	assert.Equal(t, d.Target(5), few.Target(0))
	assert.Equal(t, 6, d.Width(), "the dataset stays")
	assert.ErrorIs(t, errOf(d.Select()), ErrNoColumns)
	assert.ErrorIs(t, errOf(d.Select("a", "a")), ErrColumns)
	assert.ErrorIs(t, errOf(d.Select("a", "zzz")), ErrNoSuchColumn)

	names, err := TopColumns(d, []float64{1, nan, 3, 1, math.Inf(1), 0}, 3)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "c", "noise2"}, names)
	assert.ErrorIs(t, errOf(TopColumns(d, nil, 1)), ErrRagged)
	assert.ErrorIs(t, errOf(TopColumns(d, make([]float64, 6), 7)), ErrOptions)
	assert.ErrorIs(t, errOf(TopColumns(d, make([]float64, 6), 0)), ErrOptions)
}

// Worked by hand: between the classes 6 with 1 degree of freedom, within them 4 with 4; r = 0.8 over four
// rows; levels with means 1 and 3 of a target.
func TestFScoresWorked(t *testing.T) {
	d := mustDataset(t, Data{ByColumn: [][]float64{{1, 2, 3, 3, 4, 5, nan}, {7, 7, 7, 7, 7, 7, 7}, {0, 0, 0, 1, 1, 1, 1}}, Target: []float64{0, 0, 0, 1, 1, 1, 1}, Classes: yesNo})
	got, err := FScores(d)
	require.NoError(t, err)
	assert.InDelta(t, 6, got[0], 1e-12)
	assert.Equal(t, 0.0, got[1])
	assert.True(t, math.IsInf(got[2], 1))

	d = mustDataset(t, Data{
		Columns:  []Column{{Name: "x"}, {Name: "q", Kind: Categorical, Levels: []string{"p", "r", "never"}}, {Name: "same"}},
		ByColumn: [][]float64{{1, 2, 3, 4, 9}, {0, 1, 0, 1, 1}, {2, 2, 2, 2, 2}}, Target: []float64{1, 3, 2, 4, 100}, Weights: []float64{1, 1, 1, 1, 0},
	})
	got, err = FScores(d)
	require.NoError(t, err)
	assert.InDelta(t, 0.64/0.36*2, got[0], 1e-12)
	assert.InDelta(t, 4/(1.0/2), got[1], 1e-12, "means 1.5 and 3.5, half around each")
	assert.Equal(t, 0.0, got[2])

	assert.ErrorIs(t, errOf(FScores(generated(t, 20, 2, false, 1))), ErrTask)
}

func TestCorrelationsAgreeWithGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := Data{ByColumn: make([][]float64, 3)}
	var kept [3][]float64
	for range 50 {
		x, w, y := r.NormFloat64(), float64(r.IntN(3)), r.NormFloat64()
		d.ByColumn[0] = append(d.ByColumn[0], x)
		d.ByColumn[1] = append(d.ByColumn[1], 1e9)
		gap := x
		if r.IntN(3) == 0 {
			gap = nan
		}
		d.ByColumn[2] = append(d.ByColumn[2], gap)
		d.Weights, d.Target = append(d.Weights, w), append(d.Target, y-x)
		if !math.IsNaN(gap) {
			kept[0], kept[1], kept[2] = append(kept[0], gap), append(kept[1], y-x), append(kept[2], w)
		}
	}
	got, err := Correlations(mustDataset(t, d))
	require.NoError(t, err)
	assert.InDelta(t, math.Abs(stat.Correlation(d.ByColumn[0], d.Target, d.Weights)), got[0], 1e-12)
	assert.Equal(t, 0.0, got[1])
	assert.InDelta(t, math.Abs(stat.Correlation(kept[0], kept[1], kept[2])), got[2], 1e-12)
	assert.ErrorIs(t, errOf(Correlations(generated(t, 20, 3, false, 1))), ErrTask)
	assert.ErrorIs(t, errOf(Correlations(generated(t, 20, 0, false, 1))), ErrTask)
}

// Worked by hand: the class itself, half the class, its being missing, and nothing.
func TestMutualInformationWorked(t *testing.T) {
	d := mustDataset(t, Data{
		Columns: []Column{{Name: "same", Kind: Categorical, Levels: []string{"a", "b"}}, {Name: "number"}, {Name: "gone"}, {Name: "none"}, {Name: "weighted"}},
		ByColumn: [][]float64{
			{0, 0, 0, 0, 1, 1, 1, 1, 0}, {1, 1, 1, 1, 9, 9, 9, 9, 1}, {nan, nan, nan, nan, 5, 5, 5, 5, 5},
			{1, 2, 1, 2, 1, 2, 1, 2, 1}, {0, 0, 1, 1, 1, 1, 1, 1, 0},
		},
		Target: []float64{0, 0, 0, 0, 1, 1, 1, 1, 1}, Classes: yesNo, Weights: []float64{1, 1, 1, 1, 1, 1, 1, 1, 0},
	})
	got, err := MutualInformation(d, 0)
	require.NoError(t, err)
	for j := range 3 {
		assert.InDelta(t, math.Ln2, got[j], 1e-15, "column %d", j)
	}
	assert.InDelta(t, 0, got[3], 1e-15)
	// p(0,no) = ¼, p(1,no) = ¼, p(1,yes) = ½.
	assert.InDelta(t, 0.25*math.Log(2)+0.25*math.Log(0.25/0.375)+0.5*math.Log(0.5/0.375), got[4], 1e-15)
	assert.ErrorIs(t, errOf(MutualInformation(d, 1)), ErrOptions)

	// A parabola has no correlation and much information; noise next to none.
	r := rand.New(rand.NewPCG(1, 1))
	curve := Data{ByColumn: make([][]float64, 2)}
	for range 4000 {
		x := r.NormFloat64()
		curve.ByColumn[0] = append(curve.ByColumn[0], x)
		curve.ByColumn[1] = append(curve.ByColumn[1], r.NormFloat64())
		curve.Target = append(curve.Target, x*x)
	}
	got, err = MutualInformation(mustDataset(t, curve), 8)
	require.NoError(t, err)
	assert.Greater(t, got[0], 1.0)
	assert.Less(t, got[1], 0.02, "49 degrees of freedom over 2·4,000 rows are 0.006")
}

func TestBinsHoldEqualRows(t *testing.T) {
	cell, cells := binned([]float64{5, 1, 2, nan, 3, 4, 4, 4}, 3)
	assert.Equal(t, 3, cells)
	assert.True(t, math.IsNaN(cell[3]))
	cell[3] = -1
	assert.Equal(t, []float64{2, 0, 0, -1, 1, 2, 2, 2}, cell, "bins begin at the third and the fifth of 1 2 3 4 4 4 5")
	_, cells = binned([]float64{7, 7, 7}, 4)
	assert.Equal(t, 1, cells)
	_, cells = binned([]float64{nan}, 4)
	assert.Equal(t, 1, cells)
}

func TestEliminateKeepsWhatMatters(t *testing.T) {
	d := generated(t, 400, 0, false, 7)
	numeric, err := d.Select("noise1", "a", "noise2", "b", "noise3")
	require.NoError(t, err)
	splits, err := KFold(numeric, 4, 1)
	require.NoError(t, err)
	fit := RandomForest{Trees: 20, Depth: 8, Seed: 1}.FitRegressor
	e, err := Eliminate(context.Background(), numeric, splits, fit, (*ForestRegressor).Importance, RegressorLoss, EliminateOptions{})
	require.NoError(t, err)
	assert.Subset(t, e.Columns, []string{"a", "b"})
	assert.ElementsMatch(t, []string{"noise1", "a", "noise2", "b", "noise3"}, e.Order)
	assert.Equal(t, []int{5, 4, 3, 2, 1}, e.Sizes)
	assert.Len(t, e.Losses, 5)
	assert.Less(t, e.Losses[3], 1.05*e.Losses[0], "noise can go")
	assert.Less(t, 1.2*e.Losses[3], e.Losses[4], "the second column cannot")
}

// Worked with a model that is its own number of columns, importances that fall, and a loss that is
// least for three and for two columns alike.
func TestEliminateWorked(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}}, Target: []float64{1, 2, 3}})
	splits := []Split{{Train: []int{0}, Test: []int{1}}, {Train: []int{1}, Test: []int{0, 2}}}
	rank := map[string]float64{"x0": 1, "x1": 9, "x2": 1, "x3": 5, "x4": 0.5}
	fits := 0
	fit := func(train *Dataset) ([]float64, error) {
		fits++
		var matter []float64
		for _, c := range train.Schema().Columns {
			matter = append(matter, rank[c.Name])
		}
		return matter, nil
	}
	same := func(m []float64) []float64 { return m }
	loss := func(m []float64, test *Dataset) (float64, error) {
		require.Equal(t, len(m), test.Width())
		return map[int]float64{5: 4, 3: 1, 2: 1}[len(m)], nil
	}
	ctx := context.Background()
	e, err := Eliminate(ctx, d, splits, fit, same, loss, EliminateOptions{Step: 2, Least: 2})
	require.NoError(t, err)
	assert.Equal(t, Elimination{
		Columns: []string{"x1", "x3"}, Order: []string{"x4", "x2", "x0", "x1", "x3"}, Sizes: []int{5, 3, 2}, Losses: []float64{4, 1, 1},
	}, e, "of x0 and x2, equally unimportant, the last leaves first")
	assert.Equal(t, 2*3+2, fits)

	broken := errors.New("no luck")
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"too few columns", errOf(Eliminate(ctx, d, splits, fit, same, loss, EliminateOptions{Least: 6})), ErrOptions},
		{"negative step", errOf(Eliminate(ctx, d, splits, fit, same, loss, EliminateOptions{Step: -1})), ErrOptions},
		{"no splits", errOf(Eliminate(ctx, d, nil, fit, same, loss, EliminateOptions{})), ErrOptions},
		{"an empty fold", errOf(Eliminate(ctx, d, []Split{{Train: []int{0}}}, fit, same, loss, EliminateOptions{})), ErrEmptyFold},
		{"no such row", errOf(Eliminate(ctx, d, []Split{{Train: []int{0}, Test: []int{3}}}, fit, same, loss, EliminateOptions{})), ErrRange},
		{"a fit that fails", errOf(Eliminate(ctx, d, splits, func(*Dataset) ([]float64, error) { return nil, broken }, same, loss, EliminateOptions{})), broken},
		{"importances of others", errOf(Eliminate(ctx, d, splits, fit, func(m []float64) []float64 { return m[1:] }, loss, EliminateOptions{})), ErrOptions},
		{"no loss", errOf(Eliminate(ctx, d, splits, fit, same, func([]float64, *Dataset) (float64, error) { return nan, nil }, EliminateOptions{})), ErrNotFinite},
	} {
		assert.ErrorIs(t, c.err, c.want, c.name)
	}
	ended, stop := context.WithCancel(ctx)
	stop()
	assert.ErrorIs(t, errOf(Eliminate(ended, d, splits, fit, same, loss, EliminateOptions{})), context.Canceled)
}
