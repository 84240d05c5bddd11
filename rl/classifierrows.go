package rl

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/supervised"
)

// tableRows are rows as the network reads them, with what is to be said of each.
type tableRows struct {
	x      nn.Batch
	class  []int     // place among the present classes
	weight []float64 // on average 1
}

// weighted leaves out the rows of weight 0.
func weighted(d *supervised.Dataset) (*supervised.Dataset, error) {
	var rows []int
	for i := range d.Len() {
		if d.Weight(i) > 0 {
			rows = append(rows, i)
		}
	}
	switch len(rows) {
	case d.Len():
		return d, nil
	case 0:
		return nil, fmt.Errorf("%w: every row has weight 0", supervised.ErrWeight)
	}
	return d.Subset(rows)
}

// presentClasses returns the classes that have rows, ascending, and an error unless there are two.
func presentClasses(d *supervised.Dataset) ([]int, error) {
	if d.Classes() == 0 {
		return nil, fmt.Errorf("%w: a classifier needs classes, %q is a number", supervised.ErrTask, d.Schema().Target)
	}
	has := make([]bool, d.Classes())
	for i := range d.Len() {
		has[int(d.Target(i))] = true
	}
	var present []int
	for k, h := range has {
		if h {
			present = append(present, k)
		}
	}
	if len(present) < 2 {
		return nil, fmt.Errorf("%w: all rows are %q", supervised.ErrOneClass, d.Schema().Classes[present[0]])
	}
	return present, nil
}

// allMissing names the columns of d without any value.
func allMissing(d *supervised.Dataset) error {
	var errs []error
	for j, c := range d.Schema().Columns {
		present := false
		for i := 0; i < d.Len() && !present; i++ {
			present = !math.IsNaN(d.Value(i, j))
		}
		if !present {
			errs = append(errs, fmt.Errorf("%w: %q", supervised.ErrAllMissing, c.Name))
		}
	}
	return errors.Join(errs...)
}

// part returns the rows of d to learn from and those held out, nil if none are.
func (o Classifier) part(d *supervised.Dataset) (train, held *supervised.Dataset, err error) {
	if o.HoldOut == 0 {
		return d, nil, nil
	}
	groups := map[int]bool{}
	for i := range d.Len() {
		groups[d.Group(i)] = true
	}
	var split supervised.Split
	if len(groups) > 1 {
		var splits []supervised.Split
		splits, err = supervised.GroupKFold(d, int(min(math.Round(1/o.HoldOut), float64(len(groups)))), o.Seed)
		if err == nil {
			split = splits[0]
		}
	} else {
		split, err = supervised.StratifiedHoldOut(d, o.HoldOut, o.Seed)
	}
	if err != nil {
		return nil, nil, err
	}
	train, err = d.Subset(split.Train)
	if err != nil {
		return nil, nil, err
	}
	held, err = d.Subset(split.Test)
	return train, held, err
}

// layOut makes the rows of d what the network reads; nil has none.
func (m *ClassifierModel) layOut(d *supervised.Dataset) tableRows {
	var e tableRows
	if d == nil {
		return e
	}
	n, slots := d.Len(), m.inputs.slots()
	e.x.Reset()
	e.x.Rows = make([]float32, n*slots)
	e.weight = weightsOf(d)
	var x []float64
	for i := range n {
		x = d.Row(x, i)
		m.inputs.encode(e.x.Rows[i*slots:(i+1)*slots], x)
		e.x.EndGroup(1)
		k, _ := slices.BinarySearch(m.present, int(d.Target(i)))
		e.class = append(e.class, k)
	}
	return e
}

// weightsOf returns the weights of the rows of d, none of which is 0, scaled to be 1 on average.
func weightsOf(d *supervised.Dataset) []float64 {
	weights := make([]float64, d.Len())
	for i := range weights {
		weights[i] = d.Weight(i)
	}
	heaviest, sum := slices.Max(weights), 0.0
	for i := range weights {
		weights[i] /= heaviest // so that their sum cannot overflow
		sum += weights[i]
	}
	for i := range weights {
		weights[i] *= float64(len(weights)) / sum
	}
	return weights
}
