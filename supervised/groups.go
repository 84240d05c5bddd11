package supervised

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/leptonsched/lepton/internal/rng"
)

// GroupKFold parts the rows into k folds so that no group has rows in two of them: nothing of a test
// row's own user, say, is seen in training. Groups are dealt out largest first, each to the fold that
// has the fewest rows so far; equal ones in an order drawn from seed. It needs at least k groups.
func GroupKFold(d *Dataset, k int, seed uint64) ([]Split, error) {
	groups, err := dealtGroups(d, k, rng.New(seed, "supervised.GroupKFold"))
	if err != nil {
		return nil, err
	}
	fold := make([]int, d.Len())
	sizes := make([]int, k)
	for _, rows := range groups {
		smallest := slices.Index(sizes, slices.Min(sizes))
		sizes[smallest] += len(rows)
		for _, i := range rows {
			fold[i] = smallest
		}
	}
	return splitsOf(fold, k), nil
}

// dealtGroups returns the rows of each group in the order in which k folds get them: largest first,
// equal ones as they were shuffled.
func dealtGroups(d *Dataset, k int, r *rand.Rand) ([][]int, error) {
	groups, err := byGroup(d)
	if err != nil {
		return nil, err
	}
	if err := checkFolds(k, len(groups), "groups"); err != nil {
		return nil, err
	}
	r.Shuffle(len(groups), func(a, b int) { groups[a], groups[b] = groups[b], groups[a] })
	slices.SortStableFunc(groups, func(a, b []int) int { return len(b) - len(a) })
	return groups, nil
}

// StratifiedGroupKFold is GroupKFold that also spreads the classes: groups are dealt out largest first,
// each to the fold where the shares of the classes over the folds come out most even (the least sum of
// squares of counts over the class's total), then to the one with the fewest rows.
func StratifiedGroupKFold(d *Dataset, k int, seed uint64) ([]Split, error) {
	strata, err := byClass(d)
	if err != nil {
		return nil, err
	}
	groups, err := dealtGroups(d, k, rng.New(seed, "supervised.StratifiedGroupKFold"))
	if err != nil {
		return nil, err
	}
	fold := make([]int, d.Len())
	sizes := make([]int, k)
	counts := make([]float64, k*len(strata)) // of the classes in each fold
	own := make([]float64, len(strata))
	for _, rows := range groups {
		clear(own)
		for _, i := range rows {
			own[int(d.Target(i))]++
		}
		best, bestCost := 0, math.Inf(1)
		for f := range k {
			var cost float64
			for c, n := range own {
				if n > 0 {
					total := float64(len(strata[c]))
					cost += n * (2*counts[f*len(strata)+c] + n) / (total * total)
				}
			}
			if cost < bestCost || cost == bestCost && sizes[f] < sizes[best] {
				best, bestCost = f, cost
			}
		}
		sizes[best] += len(rows)
		floats.Add(counts[best*len(strata):(best+1)*len(strata)], own)
		for _, i := range rows {
			fold[i] = best
		}
	}
	return testedSplits(fold, k)
}

// testedSplits is splitsOf for a fold that may have come out empty.
func testedSplits(fold []int, k int) ([]Split, error) {
	splits := splitsOf(fold, k)
	for f, s := range splits {
		if len(s.Test) == 0 {
			return nil, fmt.Errorf("%w: fold %d has none to test", ErrEmptyFold, f)
		}
	}
	return splits, nil
}

// GroupHoldOut sets whole groups aside for testing, drawn at random until they have at least the given
// share of the rows, in (0, 1); one group at least stays for training.
func GroupHoldOut(d *Dataset, share float64, seed uint64) (Split, error) {
	if !(share > 0 && share < 1) {
		return Split{}, fmt.Errorf("%w: a share of %v is not in (0, 1)", ErrOptions, share)
	}
	groups, err := byGroup(d)
	if err != nil {
		return Split{}, err
	}
	if len(groups) < 2 {
		return Split{}, fmt.Errorf("%w: one group cannot be parted", ErrEmptyFold)
	}
	r := rng.New(seed, "supervised.GroupHoldOut")
	r.Shuffle(len(groups), func(a, b int) { groups[a], groups[b] = groups[b], groups[a] })
	var s Split
	for g, rows := range groups {
		if float64(len(s.Test)) < share*float64(d.Len()) && g < len(groups)-1 {
			s.Test = append(s.Test, rows...)
		} else {
			s.Train = append(s.Train, rows...)
		}
	}
	slices.Sort(s.Test)
	slices.Sort(s.Train)
	return s, nil
}

// LeaveOneGroupOut tests on each group in turn, in ascending order, and trains on all others. Over a
// column of fold numbers it repeats a split that was published.
func LeaveOneGroupOut(d *Dataset) ([]Split, error) {
	groups, err := byGroup(d)
	if err != nil {
		return nil, err
	}
	if err := checkFolds(len(groups), len(groups), "groups"); err != nil {
		return nil, err
	}
	fold := make([]int, d.Len())
	for g, rows := range groups {
		for _, i := range rows {
			fold[i] = g
		}
	}
	return splitsOf(fold, len(groups)), nil
}

// byGroup returns the rows of each group, in ascending order of the groups' numbers.
func byGroup(d *Dataset) ([][]int, error) {
	if d.groups == nil {
		return nil, fmt.Errorf("%w: the dataset has no groups", ErrOptions)
	}
	rows := indices(d.Len())
	slices.SortStableFunc(rows, func(a, b int) int {
		ga, gb := d.Group(a), d.Group(b)
		switch {
		case ga < gb:
			return -1
		case ga > gb:
			return 1
		}
		return 0
	})
	var groups [][]int
	for lo := 0; lo < len(rows); {
		hi := lo + 1
		for hi < len(rows) && d.Group(rows[hi]) == d.Group(rows[lo]) {
			hi++
		}
		groups = append(groups, rows[lo:hi:hi])
		lo = hi
	}
	return groups, nil
}
