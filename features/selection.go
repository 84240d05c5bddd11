package features

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Selection is a choice of columns. Immutable, safe for concurrent use.
type Selection struct {
	dim   int
	index []int
	names []string
}

// Top selects the k columns with the highest scores: a filter's (Variance, Correlation,
// MutualInformation) or a model's importances, one for each name. Of equal scores the earlier column
// goes first, and NaN is never selected. The error says when lengths differ, or fewer than k ≥ 1
// columns have a score.
func Top(names []string, scores []float64, k int) (*Selection, error) {
	order, err := scored(names, scores)
	if err != nil {
		return nil, err
	}
	if k < 1 || k > len(order) {
		return nil, fmt.Errorf("features: the top %d of %d columns that have a score", k, len(order))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return selection(names, order[:k]), nil
}

// AtLeast selects the columns whose score is threshold or more; see Top. The error says when lengths
// differ, or no column is left.
func AtLeast(names []string, scores []float64, threshold float64) (*Selection, error) {
	order, err := scored(names, scores)
	if err != nil {
		return nil, err
	}
	order = slices.DeleteFunc(order, func(j int) bool { return !(scores[j] >= threshold) })
	if len(order) == 0 {
		return nil, fmt.Errorf("features: no column has a score of %v or more", threshold)
	}
	return selection(names, order), nil
}

// scored returns the columns that have a score, in their order.
func scored(names []string, scores []float64) ([]int, error) {
	if len(names) != len(scores) {
		return nil, fmt.Errorf("features: %d scores for %d names", len(scores), len(names))
	}
	var index []int
	for j, s := range scores {
		if !math.IsNaN(s) {
			index = append(index, j)
		}
	}
	return index, nil
}

func selection(names []string, index []int) *Selection {
	s := &Selection{dim: len(names), index: slices.Sorted(slices.Values(index))}
	for _, j := range s.index {
		s.names = append(s.names, names[j])
	}
	return s
}

// Columns returns the selected columns in ascending order; the caller must not change them.
func (s *Selection) Columns() []int { return s.index }

// FeatureNames returns the names of the selected columns; the caller must not change them.
func (s *Selection) FeatureNames() []string { return s.names }

// Append appends the selected columns of rows, one row or several of the original width, to dst. The error is
// ErrDim, with nothing appended, when rows are not whole.
func (s *Selection) Append(dst, rows []float64) ([]float64, error) {
	if len(rows)%s.dim != 0 {
		return dst, fmt.Errorf("%w: %d values in rows of %d", ErrDim, len(rows), s.dim)
	}
	for ; len(rows) > 0; rows = rows[s.dim:] {
		for _, j := range s.index {
			dst = append(dst, rows[j])
		}
	}
	return dst, nil
}
