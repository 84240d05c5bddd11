package supervised

import (
	"cmp"
	"fmt"
	"slices"
)

// ForwardChain parts the rows by their Times into k+1 blocks of nearly equal size and tests on each
// block but the first, trained only on rows whose target was known before the block's first time by
// more than gap (in the unit of Times, at least 0). Rows of one time are never parted.
//
// A row's target is known later than its features: with submissions as Times and ends as Known, no
// outcome that was still open is trained on. Where Known was not given, targets count as known at once,
// and a gap of the longest run time does the same at the price of rows. It returns ErrEmptyFold when
// that, the gap or ties leave a part without rows.
func ForwardChain(d *Dataset, k int, gap float64) ([]Split, error) {
	rows, err := inTime(d, gap)
	if err != nil {
		return nil, err
	}
	if k < 1 {
		return nil, fmt.Errorf("%w: %d folds", ErrOptions, k)
	}
	bounds := make([]int, k+2)
	for b := 1; b <= k+1; b++ {
		bounds[b] = afterTies(d, rows, b*len(rows)/(k+1))
	}
	splits := make([]Split, 0, k)
	for b := 1; b <= k; b++ {
		s, err := forwardSplit(d, rows, bounds[b], bounds[b+1], gap)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", b-1, err)
		}
		splits = append(splits, s)
	}
	return splits, nil
}

// ForwardHoldOut sets the latest share of the rows, in (0, 1), aside for testing and trains on those
// whose target was known before by more than gap: see ForwardChain. Rows of one time are never parted,
// so that the share may come out smaller.
func ForwardHoldOut(d *Dataset, share, gap float64) (Split, error) {
	rows, err := inTime(d, gap)
	if err != nil {
		return Split{}, err
	}
	if !(share > 0 && share < 1) {
		return Split{}, fmt.Errorf("%w: a share of %v is not in (0, 1)", ErrOptions, share)
	}
	from := len(rows) - max(int(share*float64(len(rows))+0.5), 1)
	return forwardSplit(d, rows, afterTies(d, rows, from), len(rows), gap)
}

// inTime returns the rows in the order of their times.
func inTime(d *Dataset, gap float64) ([]int, error) {
	if d.times == nil {
		return nil, fmt.Errorf("%w: the dataset has no times", ErrOptions)
	}
	if !(gap >= 0) {
		return nil, fmt.Errorf("%w: a gap of %v", ErrOptions, gap)
	}
	rows := indices(d.Len())
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(d.Time(a), d.Time(b)) })
	return rows, nil
}

// afterTies moves at forward until the row there is later than the one before it.
func afterTies(d *Dataset, rows []int, at int) int {
	for at > 0 && at < len(rows) && d.Time(rows[at]) == d.Time(rows[at-1]) {
		at++
	}
	return at
}

// forwardSplit tests on rows[from:to] and trains on what was known before.
func forwardSplit(d *Dataset, rows []int, from, to int, gap float64) (Split, error) {
	if from >= to {
		return Split{}, fmt.Errorf("%w: none to test", ErrEmptyFold)
	}
	s := Split{Test: slices.Clone(rows[from:to])}
	first := d.Time(rows[from])
	for _, i := range rows[:from] {
		if first-d.Known(i) > gap {
			s.Train = append(s.Train, i)
		}
	}
	if len(s.Train) == 0 {
		return Split{}, fmt.Errorf("%w: no row is known more than %v before %v", ErrEmptyFold, gap, first)
	}
	slices.Sort(s.Train)
	slices.Sort(s.Test)
	return s, nil
}
