package supervised

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

type guess struct {
	Value float64
	Name  string
}

func TestCandidates(t *testing.T) {
	grid := Grid(guess{Name: "base"},
		Vary(func(o *guess, v float64) { o.Value = v }, 1, 2),
		Vary(func(o *guess, v string) { o.Name = v }, "a", "b", "c"))
	assert.Equal(t, []guess{{1, "a"}, {1, "b"}, {1, "c"}, {2, "a"}, {2, "b"}, {2, "c"}}, grid)
	assert.Equal(t, []guess{{Name: "base"}}, Grid(guess{Name: "base"}))
	assert.Empty(t, Grid(guess{}, Vary(func(o *guess, v float64) { o.Value = v })))

	uniform := func(o *guess, r *rand.Rand) { o.Value = r.Float64() }
	few, many := Draws(guess{Name: "x"}, 3, 1, uniform), Draws(guess{Name: "x"}, 5, 1, uniform)
	assert.Equal(t, few, many[:3])
	assert.Equal(t, "x", few[0].Name)
	assert.NotEqual(t, few, Draws(guess{Name: "x"}, 3, 2, uniform))
	assert.NotEqual(t, few[0].Value, few[1].Value)
	assert.Empty(t, Draws(guess{}, -1, 1, uniform))
}

// A constant as model: the best is the mean of the target.
func fitGuess(o guess, train *Dataset) (float64, error) {
	if o.Name == "broken" {
		return 0, errBroken
	}
	if o.Name == "fussy" && train.Target(0) == 0 {
		return 0, fmt.Errorf("%w: row 0 is here", errBroken)
	}
	return o.Value, nil
}

var errBroken = errors.New("no luck")

func missed(m float64, test *Dataset) (float64, error) {
	return RMSE(test.Targets(), slices.Repeat([]float64{m}, test.Len()))
}

func counted(t *testing.T, n, classes int) *Dataset {
	d := Data{}
	for i := range n {
		d.Rows = append(d.Rows, []float64{float64(i)})
		if classes > 0 {
			d.Target = append(d.Target, float64(min(i%10, classes-1)))
		} else {
			d.Target = append(d.Target, float64(i))
		}
	}
	d.Classes = []string{"a", "b", "c", "d"}[:classes]
	if classes == 0 {
		d.Classes = nil
	}
	return mustDataset(t, d)
}

func TestSearch(t *testing.T) {
	defer goleak.VerifyNone(t)
	d := counted(t, 20, 0) // mean 9.5
	splits, err := KFold(d, 4, 1)
	require.NoError(t, err)
	candidates := []guess{{Value: 3}, {Value: 9.5}, {Name: "broken"}, {Value: 9.5, Name: "twin"}, {Name: "fussy"}, {Value: 100}}
	var first []Trial[guess]
	for _, threads := range []int{0, 2, 7} {
		var seen []SearchProgress
		trials, err := Search(context.Background(), d, splits, candidates, fitGuess, missed, SearchOptions{
			Threads: threads, Progress: func(p SearchProgress) { seen = append(seen, p) },
		})
		require.NoError(t, err)
		if first == nil {
			first = trials
		}
		for k := range trials {
			if trials[k].Err != nil {
				assert.EqualError(t, trials[k].Err, first[k].Err.Error())
				trials[k].Err = first[k].Err
			}
		}
		assert.Equal(t, first, trials, "%d threads", threads)
		require.Len(t, seen, 24)
		for k, p := range seen {
			assert.Equal(t, k+1, p.Done)
			assert.Equal(t, 24, p.Total)
		}
		assert.Equal(t, first[0].Loss, seen[23].Best)
	}
	var order []int
	for _, trial := range first {
		order = append(order, trial.Candidate)
	}
	assert.Equal(t, []int{1, 3, 0, 5, 2, 4}, order, "twins in their order, faults last")
	assert.ErrorIs(t, first[4].Err, errBroken)
	assert.ErrorContains(t, first[4].Err, "split 0")
	assert.Len(t, first[0].Losses, 4)
	assert.InDelta(t, (first[0].Losses[0]+first[0].Losses[1]+first[0].Losses[2]+first[0].Losses[3])/4, first[0].Loss, 1e-12)
	assert.True(t, math.IsInf(first[5].Loss, 1))

	// The loss of the only split is what CrossValidate says.
	one, err := CrossValidate(d, splits, func(train *Dataset) (float64, error) { return fitGuess(guess{Value: 3}, train) }, missed)
	require.NoError(t, err)
	assert.Equal(t, one, first[2].Losses)
}

func TestSearchRefuses(t *testing.T) {
	d := counted(t, 10, 0)
	splits, err := KFold(d, 2, 1)
	require.NoError(t, err)
	ctx := context.Background()
	run := func(ctx context.Context, splits []Split, c []guess, loss func(float64, *Dataset) (float64, error), o SearchOptions) error {
		return errOf(Search(ctx, d, splits, c, fitGuess, loss, o))
	}
	assert.ErrorIs(t, run(ctx, splits, nil, missed, SearchOptions{}), ErrOptions)
	assert.ErrorIs(t, run(ctx, nil, []guess{{}}, missed, SearchOptions{}), ErrOptions)
	assert.ErrorIs(t, run(ctx, splits, []guess{{}}, missed, SearchOptions{Threads: -1}), ErrOptions)
	assert.ErrorIs(t, run(ctx, splits, []guess{{Name: "broken"}}, missed, SearchOptions{}), errBroken)
	assert.ErrorIs(t, run(ctx, []Split{{Train: []int{1}}}, []guess{{}}, missed, SearchOptions{}), ErrEmptyFold)
	nowhere := func(float64, *Dataset) (float64, error) { return math.NaN(), nil }
	assert.ErrorIs(t, run(ctx, splits, []guess{{}}, nowhere, SearchOptions{}), ErrNotFinite)

	ended, stop := context.WithCancel(ctx)
	fits := 0
	err = run(ended, splits, make([]guess, 50), missed, SearchOptions{Progress: func(SearchProgress) {
		if fits++; fits == 3 {
			stop()
		}
	}})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 3, fits)
}

func TestHalving(t *testing.T) {
	defer goleak.VerifyNone(t)
	d := counted(t, 100, 3)
	splits, err := StratifiedKFold(d, 2, 1)
	require.NoError(t, err)
	candidates := make([]guess, 9)
	for k := range candidates {
		candidates[k].Value = float64((k * 5) % 9)
	}
	var mu sync.Mutex
	rows := map[string][]string{} // by share of the training rows and candidate: which were there
	fit := func(o guess, train *Dataset) (float64, error) {
		ones := 0
		var there []string
		for i := range train.Len() {
			if train.Target(i) == 1 {
				ones++
			}
			there = append(there, fmt.Sprint(train.Value(i, 0)))
		}
		if ones == 0 {
			return 0, errors.New("the rare class is gone")
		}
		mu.Lock()
		defer mu.Unlock()
		key := fmt.Sprint(train.Len())
		rows[key] = append(rows[key], fmt.Sprint(there))
		return o.Value, nil
	}
	loss := func(m float64, test *Dataset) (float64, error) { return math.Abs(m - 2), nil }
	var first []Trial[guess]
	for _, threads := range []int{1, 3} {
		clear(rows)
		fits := 0
		trials, err := Halving(context.Background(), d, splits, candidates, fit, loss, HalvingOptions[guess]{
			Seed: 7, SearchOptions: SearchOptions{Threads: threads, Progress: func(p SearchProgress) {
				fits++
				assert.Equal(t, fits, p.Done)
				assert.Equal(t, 2*(9+3+1), p.Total)
			}},
		})
		require.NoError(t, err)
		assert.Equal(t, 26, fits)
		assert.Len(t, rows["50"], 2, "one candidate in the end, on two splits")
		if first == nil {
			first = trials
		}
		assert.Equal(t, first, trials, "%d threads", threads)
	}
	assert.Equal(t, 2.0, first[0].Options.Value)
	var shares []float64
	for _, trial := range first {
		shares = append(shares, math.Round(trial.Share*900)/100)
	}
	assert.Equal(t, []float64{9, 3, 3, 1, 1, 1, 1, 1, 1}, shares)
	assert.ElementsMatch(t, []float64{1, 3}, []float64{first[1].Options.Value, first[2].Options.Value})

	// By budget: all rows, smaller numbers.
	var budgets []float64
	trials, err := Halving(context.Background(), d, splits[:1], candidates[:4], func(o guess, train *Dataset) (float64, error) {
		assert.Equal(t, len(splits[0].Train), train.Len())
		return o.Value, nil
	}, loss, HalvingOptions[guess]{Factor: 2, MinShare: 0.4, Budget: func(o guess, share float64) guess {
		budgets = append(budgets, share)
		return o
	}})
	require.NoError(t, err)
	assert.Equal(t, []float64{0.4, 0.4, 0.4, 0.4, 0.5, 0.5, 1}, budgets)
	assert.Equal(t, 1.0, trials[0].Share)
}

// A round's rows are among those of the next, the classes keep their shares, and none is lost.
func TestHalvingCutsNested(t *testing.T) {
	d := counted(t, 200, 3) // the classes have 20, 20 and 160 rows
	splits, err := StratifiedKFold(d, 4, 1)
	require.NoError(t, err)
	orders, err := halvingOrders(d, splits, 1)
	require.NoError(t, err)
	before := cutTrain(splits, orders, 0.01)
	for _, share := range []float64{0.1, 0.3, 1} {
		cut := cutTrain(splits, orders, share)
		for s := range cut {
			assert.Equal(t, splits[s].Test, cut[s].Test)
			assert.InDelta(t, share*150, float64(len(cut[s].Train)), 3)
			assert.True(t, slices.IsSorted(cut[s].Train))
			for _, i := range before[s].Train {
				assert.Contains(t, cut[s].Train, i)
			}
		}
		before = cut
	}
	assert.Equal(t, splits, before, "share 1 is everything")
}

func TestHalvingRefuses(t *testing.T) {
	d := counted(t, 10, 0)
	splits, err := KFold(d, 2, 1)
	require.NoError(t, err)
	run := func(splits []Split, o HalvingOptions[guess]) error {
		return errOf(Halving(context.Background(), d, splits, []guess{{}}, fitGuess, missed, o))
	}
	require.NoError(t, run(splits, HalvingOptions[guess]{}))
	assert.ErrorIs(t, run(splits, HalvingOptions[guess]{Factor: 1}), ErrOptions)
	assert.ErrorIs(t, run(splits, HalvingOptions[guess]{MinShare: nan}), ErrOptions)
	assert.ErrorIs(t, run(nil, HalvingOptions[guess]{}), ErrOptions)
	assert.ErrorIs(t, run([]Split{{Train: []int{10}, Test: []int{0}}}, HalvingOptions[guess]{}), ErrRange)
}
