package supervised

import (
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton/internal/rng"
)

// encodePrior is the weight of the mean over all rows in the number that stands for a level.
const encodePrior = 1

// encode replaces, among inputs, each categorical column that is named by ordered target statistics, and
// returns the numbers that stand for its levels when the model predicts. A level becomes
//
//	(Σ weight·y of its rows + a·mean) / (Σ weight of its rows + a)
//
// where in a row that is fitted only the rows before it count, in an order drawn from seed: so that a
// row's own target does not leak into its features. With more than two classes there is one such column
// for each class. See Prokhorenkova et al., CatBoost (2018), sections 3.2 and 3.3.
func encode(inputs []input, d *Dataset, names []string, seed uint64) ([]input, [][]float64, error) {
	var tables [][]float64
	for _, name := range names {
		j := slices.IndexFunc(d.schema.Columns, func(c Column) bool { return c.Name == name })
		if j < 0 {
			return nil, nil, fmt.Errorf("%w: Encode names %q", ErrNoSuchColumn, name)
		}
		if d.schema.Columns[j].Kind != Categorical {
			return nil, nil, fmt.Errorf("%w: Encode names %q, which is numeric", ErrOptions, name)
		}
		order := rng.New(seed, "supervised.encode."+name).Perm(d.Len())
		classes := []int{-1}
		if d.Classes() > 2 {
			classes = indices(d.Classes())
		}
		var made []input
		for _, class := range classes {
			values, table := orderedStatistics(d, j, order, func(i int) float64 {
				switch y := d.Target(i); {
				case class < 0:
					return y
				case int(y) == class:
					return 1
				}
				return 0
			})
			made = append(made, input{source: j, table: len(tables), values: values})
			tables = append(tables, table)
		}
		at := slices.IndexFunc(inputs, func(in input) bool { return in.source == j && in.table < 0 })
		if at < 0 {
			return nil, nil, fmt.Errorf("%w: Encode names %q twice", ErrOptions, name)
		}
		inputs = slices.Replace(inputs, at, at+1, made...)
	}
	return inputs, tables, nil
}

// orderedStatistics returns what stands for column j in each row of the fit, and for each level after it.
func orderedStatistics(d *Dataset, j int, order []int, y func(row int) float64) (values, table []float64) {
	var sum, weight float64
	for i := range d.Len() {
		sum += d.Weight(i) * y(i)
		weight += d.Weight(i)
	}
	mean := sum / weight
	levels := len(d.schema.Columns[j].Levels)
	sums, weights := make([]float64, levels), make([]float64, levels)
	statistic := func(code int) float64 { return (sums[code] + encodePrior*mean) / (weights[code] + encodePrior) }
	values = make([]float64, d.Len())
	for _, i := range order {
		v := d.Value(i, j)
		if v != v {
			values[i] = math.NaN()
			continue
		}
		code := int(v)
		values[i] = statistic(code)
		sums[code] += d.Weight(i) * y(i)
		weights[code] += d.Weight(i)
	}
	table = make([]float64, levels)
	for code := range table {
		table[code] = statistic(code)
	}
	return values, table
}

// prepare turns the columns of d, which must be flat, into bins, after encoding those that are named.
func prepare(d *Dataset, names []string, bins, threads int, seed uint64) (*quantised, [][]float64, error) {
	inputs := make([]input, d.Width())
	for j, c := range d.schema.Columns {
		inputs[j] = input{source: j, table: -1, values: d.cols[j], levels: len(c.Levels)}
	}
	inputs, tables, err := encode(inputs, d, names, seed)
	if err != nil {
		return nil, nil, err
	}
	for _, in := range inputs {
		if in.levels > maxBins {
			return nil, nil, fmt.Errorf("%w: column %q has %d levels, at most %d can be told apart: name it in Encode",
				ErrBins, d.schema.Columns[in.source].Name, in.levels, maxBins)
		}
	}
	return quantise(inputs, d.Weight, d.Len(), bins, threads), tables, nil
}
