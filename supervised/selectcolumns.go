package supervised

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Select returns a view of d with the named feature columns only, in that order, sharing everything
// with d. It returns ErrNoColumns for none, ErrNoSuchColumn for a name that d does not have and
// ErrColumns for one given twice.
func (d *Dataset) Select(columns ...string) (*Dataset, error) {
	var errs []error
	var at []int
	for _, name := range columns {
		j := slices.IndexFunc(d.schema.Columns, func(c Column) bool { return c.Name == name })
		switch {
		case j < 0:
			errs = append(errs, fmt.Errorf("%w: %q", ErrNoSuchColumn, name))
		case slices.Contains(at, j):
			errs = append(errs, fmt.Errorf("%w: %q twice", ErrColumns, name))
		}
		at = append(at, j)
	}
	if len(columns) == 0 {
		errs = append(errs, ErrNoColumns)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return d.selectAt(at), nil
}

// selectAt is Select by places that are right.
func (d *Dataset) selectAt(at []int) *Dataset {
	t := *d.table
	t.cols, t.schema.Columns = gather(t.cols, at), gather(t.schema.Columns, at)
	return &Dataset{table: &t, rows: d.rows}
}

// columnNames returns the names of the columns at those places.
func (d *Dataset) columnNames(at []int) []string {
	names := make([]string, len(at))
	for k, j := range at {
		names[k] = d.schema.Columns[j].Name
	}
	return names
}

// TopColumns returns the names of the n columns of d with the greatest scores, which come one per
// column (from MutualInformation, FScores, Correlations, a forest's Importance …), in the order of d;
// of equal scores the first columns win, and NaN is below everything. It returns ErrRagged for another
// number of scores and ErrOptions when n is not in 1 to Width.
func TopColumns(d *Dataset, scores []float64, n int) ([]string, error) {
	if len(scores) != d.Width() {
		return nil, fmt.Errorf("%w: %d scores for %d columns", ErrRagged, len(scores), d.Width())
	}
	if n < 1 || n > d.Width() {
		return nil, fmt.Errorf("%w: the best %d of %d columns", ErrOptions, n, d.Width())
	}
	return d.columnNames(top(scores, n)), nil
}

// top returns the places of the n greatest scores in ascending order.
func top(scores []float64, n int) []int {
	at := indices(len(scores))
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	at = at[:n]
	slices.Sort(at)
	return at
}
