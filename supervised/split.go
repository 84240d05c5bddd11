package supervised

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/leptonsched/lepton/internal/rng"
)

// Split names the rows of a Dataset to fit on and the rows to test on, each in ascending order.
type Split struct {
	Train []int // to fit on
	Test  []int // to score on
}

// HoldOut sets the given share of the rows, in (0, 1), aside at random for testing. Both parts get at
// least one row, so it needs two.
func HoldOut(d *Dataset, share float64, seed uint64) (Split, error) {
	return holdOut([][]int{indices(d.Len())}, share, rng.New(seed, "supervised.HoldOut"))
}

// StratifiedHoldOut is HoldOut within each class, so that both parts have the classes in nearly the
// same proportions. A class of one row goes to Train.
func StratifiedHoldOut(d *Dataset, share float64, seed uint64) (Split, error) {
	strata, err := byClass(d)
	if err != nil {
		return Split{}, err
	}
	return holdOut(strata, share, rng.New(seed, "supervised.StratifiedHoldOut"))
}

func holdOut(strata [][]int, share float64, r *rand.Rand) (Split, error) {
	if !(share > 0 && share < 1) {
		return Split{}, fmt.Errorf("%w: a share of %v is not in (0, 1)", ErrOptions, share)
	}
	var s Split
	for _, rows := range strata {
		shuffle(rows, r)
		n := min(max(int(share*float64(len(rows))+0.5), 1), len(rows)-1)
		s.Test = append(s.Test, rows[:max(n, 0)]...)
		s.Train = append(s.Train, rows[max(n, 0):]...)
	}
	if len(s.Test) == 0 || len(s.Train) == 0 {
		return Split{}, fmt.Errorf("%w: too few rows to part", ErrEmptyFold)
	}
	slices.Sort(s.Test)
	slices.Sort(s.Train)
	return s, nil
}

// KFold shuffles the rows and parts them into k test folds whose sizes differ by at most one; each
// split trains on the rest.
func KFold(d *Dataset, k int, seed uint64) ([]Split, error) {
	return deal([][]int{indices(d.Len())}, d.Len(), k, rng.New(seed, "supervised.KFold"))
}

// StratifiedKFold is KFold with each class spread over the folds as evenly as its rows allow.
func StratifiedKFold(d *Dataset, k int, seed uint64) ([]Split, error) {
	strata, err := byClass(d)
	if err != nil {
		return nil, err
	}
	return deal(strata, d.Len(), k, rng.New(seed, "supervised.StratifiedKFold"))
}

// deal gives the shuffled rows of each stratum to the folds in turn, going on where the stratum
// before it ended, so that the folds' sizes stay within one of each other.
func deal(strata [][]int, n, k int, r *rand.Rand) ([]Split, error) {
	if err := checkFolds(k, n, "rows"); err != nil {
		return nil, err
	}
	fold := make([]int, n)
	next := 0
	for _, rows := range strata {
		shuffle(rows, r)
		for _, i := range rows {
			fold[i] = next % k
			next++
		}
	}
	return splitsOf(fold, k), nil
}

func checkFolds(k, n int, of string) error {
	if k < 2 {
		return fmt.Errorf("%w: %d folds, at least 2 are needed", ErrOptions, k)
	}
	if k > n {
		return fmt.Errorf("%w: %d folds of %d %s", ErrEmptyFold, k, n, of)
	}
	return nil
}

func splitsOf(fold []int, k int) []Split {
	splits := make([]Split, k)
	for i, f := range fold {
		for s := range splits {
			if s == f {
				splits[s].Test = append(splits[s].Test, i)
			} else {
				splits[s].Train = append(splits[s].Train, i)
			}
		}
	}
	return splits
}

// byClass returns the rows of each class.
func byClass(d *Dataset) ([][]int, error) {
	if d.Classes() == 0 {
		return nil, fmt.Errorf("%w: strata need classes, %q is a number", ErrTask, d.schema.Target)
	}
	strata := make([][]int, d.Classes())
	for i := range d.Len() {
		k := int(d.Target(i))
		strata[k] = append(strata[k], i)
	}
	return strata, nil
}

func indices(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func shuffle(rows []int, r *rand.Rand) {
	r.Shuffle(len(rows), func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
}
