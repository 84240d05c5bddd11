package supervised

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requireParts checks that the splits' test parts are disjoint and cover all rows, and that each
// training part is exactly the rest.
func requireParts(t *testing.T, n int, splits []Split) {
	t.Helper()
	var all []int
	for _, s := range splits {
		both := slices.Concat(s.Train, s.Test)
		slices.Sort(both)
		require.Equal(t, indices(n), both)
		require.True(t, slices.IsSorted(s.Train) && slices.IsSorted(s.Test))
		all = append(all, s.Test...)
	}
	slices.Sort(all)
	require.Equal(t, indices(n), all)
}

func sizes(splits []Split) []int {
	var out []int
	for _, s := range splits {
		out = append(out, len(s.Test))
	}
	slices.Sort(out)
	return out
}

func TestKFolds(t *testing.T) {
	d := generated(t, 103, 3, false, 1)
	splits, err := KFold(d, 5, 1)
	require.NoError(t, err)
	requireParts(t, 103, splits)
	assert.Equal(t, []int{20, 20, 21, 21, 21}, sizes(splits))

	again, err := KFold(d, 5, 1)
	require.NoError(t, err)
	assert.Equal(t, splits, again)
	other, err := KFold(d, 5, 2)
	require.NoError(t, err)
	assert.NotEqual(t, splits, other)

	splits, err = StratifiedKFold(d, 5, 1)
	require.NoError(t, err)
	requireParts(t, 103, splits)
	assert.Equal(t, []int{20, 20, 21, 21, 21}, sizes(splits))
	for k := range 3 {
		var counts []int
		for _, s := range splits {
			c := 0
			for _, i := range s.Test {
				if int(d.Target(i)) == k {
					c++
				}
			}
			counts = append(counts, c)
		}
		assert.LessOrEqual(t, slices.Max(counts)-slices.Min(counts), 1, "class %d: %v", k, counts)
	}
}

func TestGroupFoldsKeepGroupsTogether(t *testing.T) {
	d := generated(t, 120, 0, false, 2)
	leaveOneOut, err := LeaveOneGroupOut(d)
	require.NoError(t, err)
	folds, err := GroupKFold(d, 4, 1)
	require.NoError(t, err)
	assert.Len(t, folds, 4)
	assert.LessOrEqual(t, slices.Max(sizes(folds))-slices.Min(sizes(folds)), 10, "largest first keeps the folds near even")
	for _, splits := range [][]Split{leaveOneOut, folds} {
		requireParts(t, 120, splits)
		for _, s := range splits {
			for _, i := range s.Test {
				for _, j := range s.Train {
					require.NotEqual(t, d.Group(i), d.Group(j))
				}
			}
		}
	}
	assert.Less(t, d.Group(leaveOneOut[0].Test[0]), d.Group(leaveOneOut[1].Test[0]))
}

func TestHoldOuts(t *testing.T) {
	d := generated(t, 100, 2, false, 3)
	s, err := HoldOut(d, 0.25, 1)
	require.NoError(t, err)
	assert.Len(t, s.Test, 25)
	s, err = StratifiedHoldOut(d, 0.25, 1)
	require.NoError(t, err)
	both := slices.Concat(s.Train, s.Test)
	slices.Sort(both)
	assert.Equal(t, indices(100), both)
	share := func(rows []int) float64 {
		var ones float64
		for _, i := range rows {
			ones += d.Target(i)
		}
		return ones / float64(len(rows))
	}
	assert.InDelta(t, share(s.Train), share(s.Test), 0.03)
}

func TestForwardChainNeverLooksAhead(t *testing.T) {
	d := generated(t, 90, 0, false, 4)
	for _, gap := range []float64{0, 3} {
		splits, err := ForwardChain(d, 4, gap)
		require.NoError(t, err)
		require.Len(t, splits, 4)
		for k, s := range splits {
			first := d.Time(s.Test[0])
			for _, i := range s.Test {
				first = min(first, d.Time(i))
			}
			for _, i := range s.Train {
				require.Greater(t, first-d.Time(i), gap)
			}
			for i := range d.Len() { // and wastes nothing that it may see
				require.Equal(t, first-d.Time(i) > gap, slices.Contains(s.Train, i))
			}
			if k > 0 {
				require.Greater(t, len(s.Train), len(splits[k-1].Train))
			}
		}
	}
}

// Worked by hand: rows out of order, and a tie over the border of the first two blocks, which moves it.
func TestForwardChainWorked(t *testing.T) {
	d := mustDataset(t, Data{
		Rows: [][]float64{{0}, {0}, {0}, {0}, {0}, {0}}, Target: make([]float64, 6),
		Times: []float64{5, 1, 2, 2, 3, 4},
	})
	splits, err := ForwardChain(d, 2, 0)
	require.NoError(t, err)
	assert.Equal(t, []Split{{Train: []int{1, 2, 3}, Test: []int{4}}, {Train: []int{1, 2, 3, 4}, Test: []int{0, 5}}}, splits)
}

func TestSplitsRefuse(t *testing.T) {
	plain := mustDataset(t, Data{Rows: [][]float64{{1}, {2}, {3}}, Target: []float64{1, 2, 3}})
	sameTime := mustDataset(t, Data{Rows: [][]float64{{1}, {2}, {3}}, Target: []float64{1, 2, 3}, Times: []float64{1, 1, 1}, Groups: []int{4, 4, 4}})
	timed := mustDataset(t, Data{Rows: [][]float64{{1}, {2}, {3}}, Target: []float64{1, 2, 3}, Times: []float64{1, 2, 3}})
	single := mustDataset(t, Data{Rows: [][]float64{{1}}, Target: []float64{0}, Classes: yesNo})
	many := func(s []Split, err error) error { return err }
	one := func(s Split, err error) error { return err }
	for _, c := range []struct {
		name      string
		got, want error
	}{
		{"one fold", many(KFold(plain, 1, 0)), ErrOptions},
		{"more folds than rows", many(KFold(plain, 4, 0)), ErrEmptyFold},
		{"strata of numbers", many(StratifiedKFold(plain, 2, 0)), ErrTask},
		{"strata of numbers, held out", one(StratifiedHoldOut(plain, 0.5, 0)), ErrTask},
		{"no groups", many(GroupKFold(plain, 2, 0)), ErrOptions},
		{"more folds than groups", many(GroupKFold(sameTime, 2, 0)), ErrEmptyFold},
		{"one group", many(LeaveOneGroupOut(sameTime)), ErrOptions},
		{"no groups to leave out", many(LeaveOneGroupOut(plain)), ErrOptions},
		{"no times", many(ForwardChain(plain, 2, 0)), ErrOptions},
		{"negative gap", many(ForwardChain(timed, 2, -1)), ErrOptions},
		{"NaN gap", many(ForwardChain(timed, 2, nan)), ErrOptions},
		{"no fold", many(ForwardChain(timed, 0, 0)), ErrOptions},
		{"all at once", many(ForwardChain(sameTime, 2, 0)), ErrEmptyFold},
		{"gap over all", many(ForwardChain(timed, 2, 10)), ErrEmptyFold},
		{"more blocks than rows", many(ForwardChain(timed, 9, 0)), ErrEmptyFold},
		{"share 0", one(HoldOut(plain, 0, 0)), ErrOptions},
		{"share 1", one(HoldOut(plain, 1, 0)), ErrOptions},
		{"share NaN", one(HoldOut(plain, nan, 0)), ErrOptions},
		{"one row", one(HoldOut(single, 0.5, 0)), ErrEmptyFold},
	} {
		assert.ErrorIs(t, c.got, c.want, c.name)
	}
}

func TestCrossValidate(t *testing.T) {
	d := mustDataset(t, Data{Rows: [][]float64{{1}, {2}, {3}, {4}}, Target: []float64{1, 2, 3, 10}})
	mean := func(train *Dataset) (float64, error) {
		var sum float64
		for _, y := range train.Targets() {
			sum += y
		}
		return sum / float64(train.Len()), nil
	}
	miss := func(m float64, test *Dataset) (float64, error) { return test.Target(0) - m, nil }
	splits := []Split{{Train: []int{0, 1, 2}, Test: []int{3}}, {Train: []int{3, 0}, Test: []int{1}}}
	got, err := CrossValidate(d, splits, mean, miss)
	require.NoError(t, err)
	assert.Equal(t, []float64{8, -3.5}, got)

	_, err = CrossValidate(d, []Split{splits[0], {Train: []int{1}}}, mean, miss)
	assert.ErrorIs(t, err, ErrEmptyFold)
	assert.ErrorContains(t, err, "split 1")
	_, err = CrossValidate(d, []Split{{Test: []int{1}}}, mean, miss)
	assert.ErrorIs(t, err, ErrEmptyFold)
	_, err = CrossValidate(d, []Split{{Train: []int{4}, Test: []int{1}}}, mean, miss)
	assert.ErrorIs(t, err, ErrRange)
	broken := errors.New("no luck")
	_, err = CrossValidate(d, splits, func(*Dataset) (float64, error) { return 0, broken }, miss)
	assert.ErrorIs(t, err, broken)
}
