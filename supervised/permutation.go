package supervised

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/leptonsched/lepton/internal/rng"
)

// Importance says how much a model leans on one column.
type Importance struct {
	Column string  // the column's name
	Mean   float64 // by how much the loss rises, in the loss's own unit
	Std    float64 // over repeats, with the n−1 divisor; 0 for one repeat
}

// PermutationImportance measures, for each column in order, by how much loss (lower is better) rises
// when that column's values are shuffled among the rows of d, over the given number of repeats (at
// least 1). See Breiman, Random Forests (2001), section 10. Use rows that the model was not fitted on.
// Columns that carry the same information hide each other.
func PermutationImportance[M any](
	m M, d *Dataset, loss func(m M, d *Dataset) (float64, error), repeats int, seed uint64,
) ([]Importance, error) {
	if repeats < 1 {
		return nil, fmt.Errorf("%w: %d repeats", ErrOptions, repeats)
	}
	d = d.flat()
	before, err := loss(m, d)
	if err != nil {
		return nil, err
	}
	out := make([]Importance, d.Width())
	for j, c := range d.schema.Columns {
		r := rng.New(seed, "supervised.PermutationImportance."+c.Name)
		values := slices.Clone(d.cols[j])
		rises := make([]float64, repeats)
		for k := range rises {
			r.Shuffle(len(values), func(a, b int) { values[a], values[b] = values[b], values[a] })
			after, err := loss(m, d.withColumn(j, values))
			if err != nil {
				return nil, fmt.Errorf("column %q: %w", c.Name, err)
			}
			rises[k] = after - before
		}
		out[j] = Importance{Column: c.Name, Mean: stat.Mean(rises, nil)}
		if repeats > 1 {
			out[j].Std = stat.StdDev(rises, nil)
		}
	}
	return out, nil
}

// withColumn returns d, which must be flat, with other values in column j and the rest shared.
func (d *Dataset) withColumn(j int, values []float64) *Dataset {
	t := *d.table
	t.cols = slices.Clone(t.cols)
	t.cols[j] = values
	return &Dataset{table: &t}
}
