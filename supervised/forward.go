package supervised

import (
	"cmp"
	"fmt"
	"slices"
)

// ForwardChain parts the rows by their Times into k+1 blocks of nearly equal size and tests on each
// block but the first, trained only on rows whose time is before the block's first by more than gap
// (in the unit of Times, at least 0). Rows of one time are never parted.
//
// A row's target is known later than its features: when times are submission times, a gap of the
// longest run time keeps outcomes that were still open out of the training part. It returns
// ErrEmptyFold when the gap or ties leave a part without rows.
func ForwardChain(d *Dataset, k int, gap float64) ([]Split, error) {
	if d.times == nil {
		return nil, fmt.Errorf("%w: the dataset has no times", ErrOptions)
	}
	if k < 1 || !(gap >= 0) {
		return nil, fmt.Errorf("%w: %d folds with a gap of %v", ErrOptions, k, gap)
	}
	rows := indices(d.Len())
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(d.Time(a), d.Time(b)) })
	bounds := make([]int, k+2)
	for b := 1; b <= k+1; b++ {
		at := b * len(rows) / (k + 1)
		for at > 0 && at < len(rows) && d.Time(rows[at]) == d.Time(rows[at-1]) {
			at++
		}
		bounds[b] = at
	}
	splits := make([]Split, 0, k)
	for b := 1; b <= k; b++ {
		test := slices.Clone(rows[bounds[b]:max(bounds[b], bounds[b+1])])
		if len(test) == 0 {
			return nil, fmt.Errorf("%w: fold %d has none to test", ErrEmptyFold, b-1)
		}
		first := d.Time(test[0])
		end, _ := slices.BinarySearchFunc(rows, first, func(i int, first float64) int {
			if first-d.Time(i) > gap {
				return -1
			}
			return 1
		})
		if end == 0 {
			return nil, fmt.Errorf("%w: fold %d has no row more than %v before %v", ErrEmptyFold, b-1, gap, first)
		}
		train := slices.Clone(rows[:end])
		slices.Sort(train)
		slices.Sort(test)
		splits = append(splits, Split{Train: train, Test: test})
	}
	return splits, nil
}
