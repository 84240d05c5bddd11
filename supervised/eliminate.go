package supervised

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// EliminateOptions are those of Eliminate. The zero value works.
type EliminateOptions struct {
	Step  int // columns that leave at a time; 0 means 1
	Least int // columns to stop at; 0 means 1
}

func (o EliminateOptions) withDefaults() EliminateOptions {
	if o.Step == 0 {
		o.Step = 1
	}
	if o.Least == 0 {
		o.Least = 1
	}
	return o
}

func (o EliminateOptions) validate(width int) error {
	var errs []error
	if o.Step < 0 {
		errs = append(errs, fmt.Errorf("%w: Step is %d", ErrOptions, o.Step))
	}
	if o.Least < 0 || o.Least > width {
		errs = append(errs, fmt.Errorf("%w: Least is %d of %d columns", ErrOptions, o.Least, width))
	}
	return errors.Join(errs...)
}

// Elimination is what Eliminate found.
type Elimination struct {
	Columns []string  // the chosen columns, in the Dataset's order
	Order   []string  // all columns, those that left first at the front, the chosen ones at the end
	Sizes   []int     // numbers of columns that were tried, descending
	Losses  []float64 // mean loss over the splits for each of Sizes
}

// Eliminate chooses columns by recursive elimination with cross-validation (Guyon, Weston, Barnhill &
// Vapnik, Gene Selection for Cancer Classification using Support Vector Machines, 2002): fit, take out
// the Step columns that matter least, fit again. On the Train rows of each split this goes down to
// Least columns, and the loss on its Test rows is taken for each number of columns; the number with
// the least mean loss, the fewest of equals, is then reached on all of d. Since each split
// chooses its columns without its test rows, the losses are honest for the number of columns.
//
// importance says how much each column of a fit matters, in their order; of equals the last column
// leaves first. A method fits as it is: (*ForestClassifier).Importance. The error of a fit names the
// split and the number of columns. It ends when ctx does. Nothing is random but what fit does.
func Eliminate[M any](
	ctx context.Context, d *Dataset, splits []Split, fit func(train *Dataset) (M, error),
	importance func(m M) []float64, loss func(m M, test *Dataset) (float64, error), o EliminateOptions,
) (Elimination, error) {
	o = o.withDefaults()
	if err := errors.Join(o.validate(d.Width()), checkSearch(1, splits)); err != nil {
		return Elimination{}, err
	}
	e := Elimination{Sizes: o.sizes(d.Width())}
	e.Losses = make([]float64, len(e.Sizes))
	down := &eliminator[M]{fit: fit, importance: importance, sizes: e.Sizes}
	for k, s := range splits {
		err := down.split(ctx, d, s, func(step int, m M, test *Dataset) error {
			got, err := loss(m, test)
			if err == nil && notFinite(got) {
				err = fmt.Errorf("%w: the loss is %v", ErrNotFinite, got)
			}
			e.Losses[step] += got / float64(len(splits))
			return err
		})
		if err != nil {
			return Elimination{}, fmt.Errorf("split %d: %w", k, err)
		}
	}
	best := 0
	for step, got := range e.Losses {
		if got <= e.Losses[best] {
			best = step
		}
	}
	left, gone, err := down.reach(ctx, d, e.Sizes[:best+1], nil)
	if err != nil {
		return Elimination{}, err
	}
	e.Columns = d.columnNames(left)
	e.Order = append(d.columnNames(gone), e.Columns...)
	return e, nil
}

// sizes returns the numbers of columns to try.
func (o EliminateOptions) sizes(width int) []int {
	sizes := []int{width}
	for n := width; n > o.Least; {
		n = max(n-o.Step, o.Least)
		sizes = append(sizes, n)
	}
	return sizes
}

// eliminator takes out columns step by step.
type eliminator[M any] struct {
	fit        func(*Dataset) (M, error)
	importance func(M) []float64
	sizes      []int
}

// split goes down on the training rows of s and gives each fit to score, with the test rows.
func (e *eliminator[M]) split(ctx context.Context, d *Dataset, s Split, score func(step int, m M, test *Dataset) error) error {
	if len(s.Train) == 0 || len(s.Test) == 0 {
		return fmt.Errorf("%w: %d to fit, %d to test", ErrEmptyFold, len(s.Train), len(s.Test))
	}
	train, err := d.Subset(s.Train)
	if err != nil {
		return err
	}
	test, err := d.Subset(s.Test)
	if err != nil {
		return err
	}
	_, _, err = e.reach(ctx, train, e.sizes, func(step int, m M, left []int) error {
		return score(step, m, test.selectAt(left))
	})
	return err
}

// reach takes columns out until the last of sizes is left, giving each fit to visit, and returns the
// places of those that are left and of those that are gone, in the order in which they went. Without a
// visitor the last fit is spared.
func (e *eliminator[M]) reach(ctx context.Context, d *Dataset, sizes []int, visit func(step int, m M, left []int) error) (left, gone []int, err error) {
	left = indices(d.Width())
	for step, n := range sizes {
		last := step == len(sizes)-1
		if last && visit == nil {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("supervised: elimination: %w", err)
		}
		m, err := e.fit(d.selectAt(left))
		if err == nil && visit != nil {
			err = visit(step, m, left)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("with %d columns: %w", n, err)
		}
		if last {
			break
		}
		matter := e.importance(m)
		if len(matter) != n || slices.ContainsFunc(matter, math.IsNaN) {
			return nil, nil, fmt.Errorf("%w: the importances of %d columns are %v", ErrOptions, n, matter)
		}
		stay := top(matter, sizes[step+1])
		out := slices.DeleteFunc(indices(n), func(k int) bool {
			_, stays := slices.BinarySearch(stay, k)
			return stays
		})
		slices.SortStableFunc(out, func(a, b int) int { return cmp.Or(cmp.Compare(matter[a], matter[b]), b-a) })
		gone = append(gone, gather(left, out)...)
		left = gather(left, stay)
	}
	return left, gone, nil
}
