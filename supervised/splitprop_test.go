package supervised

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawn is a table of any shape for properties of splits: classes, groups, times that tie, and targets
// that come to be known later.
func drawn(t *rapid.T) *Dataset {
	n := rapid.IntRange(2, 60).Draw(t, "rows")
	classes := rapid.IntRange(2, 4).Draw(t, "classes")
	groups := rapid.IntRange(1, 12).Draw(t, "groups")
	d := Data{Classes: []string{"a", "b", "c", "d"}[:classes]}
	for range n {
		d.Rows = append(d.Rows, []float64{0})
		d.Target = append(d.Target, float64(rapid.IntRange(0, classes-1).Draw(t, "class")))
		d.Groups = append(d.Groups, rapid.IntRange(0, groups-1).Draw(t, "group"))
		at := float64(rapid.IntRange(0, 30).Draw(t, "time"))
		d.Times = append(d.Times, at)
		d.Known = append(d.Known, at+float64(rapid.IntRange(0, 5).Draw(t, "later")))
	}
	out, err := NewDataset(d)
	require.NoError(t, err)
	return out
}

func requireApart(t require.TestingT, d *Dataset, s Split) {
	require.NotEmpty(t, s.Train)
	require.NotEmpty(t, s.Test)
	require.True(t, slices.IsSorted(s.Train) && slices.IsSorted(s.Test))
	for _, i := range s.Test {
		_, found := slices.BinarySearch(s.Train, i)
		require.False(t, found, "row %d is on both sides", i)
		require.Less(t, i, d.Len())
	}
}

func requireCover(t require.TestingT, d *Dataset, splits []Split) {
	var all []int
	for _, s := range splits {
		requireApart(t, d, s)
		require.Len(t, s.Train, d.Len()-len(s.Test))
		all = append(all, s.Test...)
	}
	slices.Sort(all)
	require.Equal(t, indices(d.Len()), all)
}

func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawn(t)
		k := rapid.IntRange(2, 6).Draw(t, "folds")
		seed := rapid.Uint64().Draw(t, "seed")
		share := rapid.Float64Range(0.05, 0.95).Draw(t, "share")
		gap := float64(rapid.IntRange(0, 4).Draw(t, "gap"))
		refused := func(err error) bool {
			if err != nil {
				require.ErrorIs(t, err, ErrEmptyFold, "the only fault that these options can have")
			}
			return err != nil
		}
		counts := func(rows []int) []int {
			out := make([]int, d.Classes())
			for _, i := range rows {
				out[int(d.Target(i))]++
			}
			return out
		}

		if splits, err := KFold(d, k, seed); !refused(err) {
			requireCover(t, d, splits)
		}
		if splits, err := StratifiedKFold(d, k, seed); !refused(err) {
			requireCover(t, d, splits)
			for class := range d.Classes() {
				lo, hi := d.Len(), 0
				for _, s := range splits {
					lo, hi = min(lo, counts(s.Test)[class]), max(hi, counts(s.Test)[class])
				}
				require.LessOrEqual(t, hi-lo, 1)
			}
		}
		for _, split := range []func(*Dataset, int, uint64) ([]Split, error){GroupKFold, StratifiedGroupKFold} {
			if splits, err := split(d, k, seed); !refused(err) {
				requireCover(t, d, splits)
				for _, s := range splits {
					requireGroupsApart(t, d, s)
				}
				again, err := split(d, k, seed)
				require.NoError(t, err)
				require.Equal(t, splits, again)
			}
		}
		if s, err := GroupHoldOut(d, share, seed); !refused(err) {
			requireApart(t, d, s)
			requireGroupsApart(t, d, s)
			require.Equal(t, d.Len(), len(s.Train)+len(s.Test))
		}
		if splits, err := ForwardChain(d, k, gap); !refused(err) {
			for _, s := range splits {
				requireApart(t, d, s)
				requireForward(t, d, s, gap)
			}
		}
		if s, err := ForwardHoldOut(d, share, gap); !refused(err) {
			requireApart(t, d, s)
			requireForward(t, d, s, gap)
		}
	})
}

func requireGroupsApart(t require.TestingT, d *Dataset, s Split) {
	for _, i := range s.Test {
		for _, j := range s.Train {
			require.NotEqual(t, d.Group(i), d.Group(j))
		}
	}
}

// requireForward: whatever is trained on was known before anything that is tested began, and nothing
// that was is left out.
func requireForward(t require.TestingT, d *Dataset, s Split, gap float64) {
	first := d.Time(s.Test[0])
	for _, i := range s.Test {
		first = min(first, d.Time(i))
	}
	for i := range d.Len() {
		require.Equal(t, first-d.Known(i) > gap, slices.Contains(s.Train, i))
	}
}

// Worked by hand: job 2 is submitted before job 3 but ends after it.
func TestForwardChainWaitsForOutcomes(t *testing.T) {
	d := mustDataset(t, Data{
		Rows: [][]float64{{0}, {0}, {0}, {0}}, Target: make([]float64, 4),
		Times: []float64{0, 1, 2, 3}, Known: []float64{1, 9, 2.5, 4},
	})
	s, err := ForwardHoldOut(d, 0.25, 0)
	require.NoError(t, err)
	assert.Equal(t, Split{Train: []int{0, 2}, Test: []int{3}}, s)
	s, err = ForwardHoldOut(d, 0.25, 1)
	require.NoError(t, err)
	assert.Equal(t, Split{Train: []int{0}, Test: []int{3}}, s)
	splits, err := ForwardChain(d, 1, 0)
	require.NoError(t, err)
	assert.Equal(t, []Split{{Train: []int{0}, Test: []int{2, 3}}}, splits)
	_, err = ForwardChain(d, 3, 0)
	assert.ErrorIs(t, err, ErrEmptyFold, "at time 1 nothing is known")
	view, err := d.Subset([]int{3, 1})
	require.NoError(t, err)
	assert.Equal(t, []float64{4, 9}, []float64{view.Known(0), view.Known(1)})
	assert.Equal(t, 9.0, view.flat().Known(1))

	for _, known := range [][]float64{{1}, {1, nan, 3, 4}, {0, 0, 2, 3}} {
		_, err := NewDataset(Data{Rows: [][]float64{{0}, {0}, {0}, {0}}, Target: make([]float64, 4), Times: []float64{0, 1, 2, 3}, Known: known})
		assert.Error(t, err)
	}
	_, err = NewDataset(Data{Rows: [][]float64{{0}}, Target: []float64{1}, Known: []float64{1}})
	assert.ErrorIs(t, err, ErrRagged, "Known without Times")
}

// Twelve groups of two rows, half of them of one class each way: each of three folds must get four
// rows of each class, which dealing by size alone does not promise.
func TestStratifiedGroupKFoldSpreadsClasses(t *testing.T) {
	d := Data{Classes: yesNo}
	for g := range 12 {
		for range 2 {
			d.Rows = append(d.Rows, []float64{0})
			d.Groups = append(d.Groups, g)
			d.Target = append(d.Target, float64(g%2))
		}
	}
	table := mustDataset(t, d)
	for seed := range uint64(20) {
		splits, err := StratifiedGroupKFold(table, 3, seed)
		require.NoError(t, err)
		for _, s := range splits {
			ones := 0.0
			for _, i := range s.Test {
				ones += table.Target(i)
			}
			assert.Len(t, s.Test, 8)
			assert.Equal(t, 4.0, ones)
		}
	}
	numbers := mustDataset(t, Data{Rows: [][]float64{{1}, {2}}, Target: []float64{1, 2}, Groups: []int{1, 2}})
	assert.ErrorIs(t, errOf(StratifiedGroupKFold(numbers, 2, 0)), ErrTask)
	assert.ErrorIs(t, errOf(GroupHoldOut(numbers, 1, 0)), ErrOptions)
	assert.ErrorIs(t, errOf(ForwardHoldOut(numbers, 0.5, 0)), ErrOptions)
}
