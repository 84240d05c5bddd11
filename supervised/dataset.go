package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Data is what NewDataset is made from: the features row by row or column by column, the target,
// and what belongs to a row without being a feature.
type Data struct {
	Columns  []Column    // nil: numeric columns named x0, x1, …
	Rows     [][]float64 // Rows[i][j] is feature j of row i; leave nil when ByColumn is given
	ByColumn [][]float64 // ByColumn[j][i], the same the other way round

	Target     []float64 // one per row: a finite number, or the code of a class
	TargetName string    // "" means "target"
	Classes    []string  // what the codes 0, 1, … of Target stand for; nil: Target is a number

	Weights []float64 // finite, at least 0, not all 0; nil: every row counts once
	Groups  []int     // what a row belongs to (a user, a fold): see GroupKFold; nil: none
	Times   []float64 // when a row's features were known, in any unit: see ForwardChain; nil: none
	Known   []float64 // when its target came to be known, not before Times, which it needs; nil: at once
}

// Dataset is a table of float64 features with a target, immutable and safe for concurrent use. A
// missing feature is NaN; infinities are refused.
//
// It takes 8 bytes a cell and 8 a row for each of target, weights, groups, times and known. A Subset shares
// all that and adds 8 bytes a row.
type Dataset struct {
	*table
	rows []int // positions in the table; nil: all of them in order
}

// table is the storage that a Dataset and its subsets share. Nothing changes it once it is made.
type table struct {
	schema  Schema
	cols    [][]float64
	target  []float64
	weights []float64
	groups  []int
	times   []float64
	known   []float64
}

// NewDataset copies and checks d. All faults are reported together, the first of each column.
func NewDataset(d Data) (*Dataset, error) {
	if d.Rows != nil && d.ByColumn != nil {
		return nil, fmt.Errorf("%w: Rows and ByColumn are both given", ErrOptions)
	}
	if len(d.Target) == 0 {
		return nil, ErrNoRows
	}
	cols, err := columnsOf(d)
	if err != nil {
		return nil, err
	}
	d.Rows, d.ByColumn = nil, cols
	d.Target, d.Weights, d.Groups = slices.Clone(d.Target), slices.Clone(d.Weights), slices.Clone(d.Groups)
	d.Times, d.Known = slices.Clone(d.Times), slices.Clone(d.Known)
	return adopt(d)
}

// adopt makes a Dataset that keeps the columns and slices of d, which must come by column.
func adopt(d Data) (*Dataset, error) {
	if len(d.Target) == 0 {
		return nil, ErrNoRows
	}
	if d.TargetName == "" {
		d.TargetName = "target"
	}
	t := &table{
		schema:  Schema{Columns: d.Columns, Target: d.TargetName, Classes: d.Classes}.clone(),
		cols:    d.ByColumn,
		target:  d.Target,
		weights: d.Weights,
		groups:  d.Groups,
		times:   d.Times,
		known:   d.Known,
	}
	if t.schema.Columns == nil {
		for j := range t.cols {
			t.schema.Columns = append(t.schema.Columns, Column{Name: fmt.Sprintf("x%d", j)})
		}
	}
	if err := t.validate(); err != nil {
		return nil, err
	}
	return &Dataset{table: t}, nil
}

// columnsOf copies the features of d into columns.
func columnsOf(d Data) ([][]float64, error) {
	n := len(d.Target)
	if d.ByColumn != nil {
		cols := make([][]float64, len(d.ByColumn))
		for j, c := range d.ByColumn {
			if len(c) != n {
				return nil, fmt.Errorf("%w: column %d has %d values, the target %d", ErrRagged, j, len(c), n)
			}
			cols[j] = slices.Clone(c)
		}
		return cols, nil
	}
	if len(d.Rows) != n {
		return nil, fmt.Errorf("%w: %d rows, the target has %d", ErrRagged, len(d.Rows), n)
	}
	width := len(d.Rows[0])
	cols := make([][]float64, width)
	for j := range cols {
		cols[j] = make([]float64, n)
	}
	for i, row := range d.Rows {
		if len(row) != width {
			return nil, fmt.Errorf("%w: row %d has %d values, row 0 has %d", ErrRagged, i, len(row), width)
		}
		for j, v := range row {
			cols[j][i] = v
		}
	}
	return cols, nil
}

func (t *table) validate() error {
	if err := t.schema.validate(); err != nil {
		return err
	}
	if len(t.cols) != len(t.schema.Columns) {
		return fmt.Errorf("%w: %d columns of values, %d columns named", ErrRagged, len(t.cols), len(t.schema.Columns))
	}
	n := len(t.target)
	errs := []error{t.validateTarget()}
	for j, c := range t.schema.Columns {
		errs = append(errs, validateColumn(c, t.cols[j]))
	}
	if t.groups != nil && len(t.groups) != n {
		errs = append(errs, fmt.Errorf("%w: %d groups for %d rows", ErrRagged, len(t.groups), n))
	}
	if t.times != nil {
		if len(t.times) != n {
			errs = append(errs, fmt.Errorf("%w: %d times for %d rows", ErrRagged, len(t.times), n))
		}
		if i := slices.IndexFunc(t.times, notFinite); i >= 0 {
			errs = append(errs, fmt.Errorf("%w: the time of row %d is %v", ErrNotFinite, i, t.times[i]))
		}
	}
	errs = append(errs, t.validateKnown())
	if t.weights != nil {
		errs = append(errs, validateWeights(t.weights, n))
	}
	return errors.Join(errs...)
}

// validateKnown holds the times at which targets came to be known against those of the rows.
func (t *table) validateKnown() error {
	if t.known == nil {
		return nil
	}
	if len(t.known) != len(t.target) || len(t.times) != len(t.target) {
		return fmt.Errorf("%w: %d times of knowing and %d times for %d rows", ErrRagged, len(t.known), len(t.times), len(t.target))
	}
	for i, v := range t.known {
		switch {
		case notFinite(v):
			return fmt.Errorf("%w: the target of row %d is known at %v", ErrNotFinite, i, v)
		case v < t.times[i]:
			return fmt.Errorf("%w: the target of row %d is known at %v, before its time %v", ErrOptions, i, v, t.times[i])
		}
	}
	return nil
}

func (t *table) validateTarget() error {
	for i, v := range t.target {
		if notFinite(v) {
			return fmt.Errorf("%w: the target of row %d is %v", ErrNotFinite, i, v)
		}
		if t.schema.Classes != nil && !checkCode(v, len(t.schema.Classes)) {
			return fmt.Errorf("%w: the target of row %d is %v, with %d classes", ErrLabel, i, v, len(t.schema.Classes))
		}
	}
	return nil
}

func validateColumn(c Column, values []float64) error {
	for i, v := range values {
		switch {
		case math.IsNaN(v):
		case math.IsInf(v, 0):
			return fmt.Errorf("%w: column %q, row %d is %v", ErrNotFinite, c.Name, i, v)
		case c.Kind == Categorical && !checkCode(v, len(c.Levels)):
			return fmt.Errorf("%w: column %q, row %d is %v, with %d levels", ErrLevel, c.Name, i, v, len(c.Levels))
		}
	}
	return nil
}

func validateWeights(weights []float64, n int) error {
	if len(weights) != n {
		return fmt.Errorf("%w: %d weights for %d rows", ErrRagged, len(weights), n)
	}
	var sum float64
	for i, w := range weights {
		if notFinite(w) || w < 0 {
			return fmt.Errorf("%w: %v at row %d", ErrWeight, w, i)
		}
		sum += w
	}
	if sum == 0 || math.IsInf(sum, 0) {
		return fmt.Errorf("%w: they sum to %v", ErrWeight, sum)
	}
	return nil
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// Len returns the number of rows, at least 1.
func (d *Dataset) Len() int {
	if d.rows == nil {
		return len(d.target)
	}
	return len(d.rows)
}

// Width returns the number of feature columns.
func (d *Dataset) Width() int { return len(d.cols) }

// Schema returns a copy of what the columns and the target are.
func (d *Dataset) Schema() Schema { return d.schema.clone() }

// Classes returns the number of classes of the target, 0 when it is a number.
func (d *Dataset) Classes() int { return len(d.schema.Classes) }

// at returns the place of row i in the table.
func (d *Dataset) at(i int) int {
	if d.rows == nil {
		return i
	}
	return d.rows[i]
}

// Row writes the features of row i into dst[:Width()] and returns it; dst may be nil.
func (d *Dataset) Row(dst []float64, i int) []float64 {
	dst = slices.Grow(dst[:0], len(d.cols))[:len(d.cols)]
	at := d.at(i)
	for j, c := range d.cols {
		dst[j] = c[at]
	}
	return dst
}

// Value returns feature j of row i.
func (d *Dataset) Value(i, j int) float64 { return d.cols[j][d.at(i)] }

// Target returns the target of row i: a number, or the code of its class.
func (d *Dataset) Target(i int) float64 { return d.target[d.at(i)] }

// Targets returns a new slice of the targets of all rows.
func (d *Dataset) Targets() []float64 {
	if d.rows == nil {
		return slices.Clone(d.target)
	}
	return gather(d.target, d.rows)
}

// Weight returns the sample weight of row i, 1 when none were given.
func (d *Dataset) Weight(i int) float64 {
	if d.weights == nil {
		return 1
	}
	return d.weights[d.at(i)]
}

// Group returns the group of row i, 0 when none were given.
func (d *Dataset) Group(i int) int {
	if d.groups == nil {
		return 0
	}
	return d.groups[d.at(i)]
}

// Time returns the time of row i, 0 when none were given.
func (d *Dataset) Time(i int) float64 {
	if d.times == nil {
		return 0
	}
	return d.times[d.at(i)]
}

// Known returns the time at which the target of row i came to be known, Time(i) when none were given.
func (d *Dataset) Known(i int) float64 {
	if d.known == nil {
		return d.Time(i)
	}
	return d.known[d.at(i)]
}

// Subset returns a view of the named rows, in that order; a row may be named more than once. It
// returns ErrNoRows for none and ErrRange for a row that d does not have.
func (d *Dataset) Subset(rows []int) (*Dataset, error) {
	if len(rows) == 0 {
		return nil, ErrNoRows
	}
	at := make([]int, len(rows))
	for k, i := range rows {
		if i < 0 || i >= d.Len() {
			return nil, fmt.Errorf("%w: %d of %d", ErrRange, i, d.Len())
		}
		at[k] = d.at(i)
	}
	return &Dataset{table: d.table, rows: at}, nil
}

// flat returns d with its rows laid out in order, sharing the table when they already are.
func (d *Dataset) flat() *Dataset {
	if d.rows == nil {
		return d
	}
	t := &table{
		schema:  d.schema,
		cols:    make([][]float64, len(d.cols)),
		target:  gather(d.target, d.rows),
		weights: gather(d.weights, d.rows),
		groups:  gather(d.groups, d.rows),
		times:   gather(d.times, d.rows),
		known:   gather(d.known, d.rows),
	}
	for j, c := range d.cols {
		t.cols[j] = gather(c, d.rows)
	}
	return &Dataset{table: t}
}

func gather[T any](values []T, rows []int) []T {
	if values == nil {
		return nil
	}
	out := make([]T, len(rows))
	for k, at := range rows {
		out[k] = values[at]
	}
	return out
}

// classWeights returns the summed weight of each class, and an error unless two have some.
func (d *Dataset) classWeights() ([]float64, error) {
	if d.schema.Classes == nil {
		return nil, fmt.Errorf("%w: a classifier needs classes, %q is a number", ErrTask, d.schema.Target)
	}
	sums := make([]float64, len(d.schema.Classes))
	for i := range d.Len() {
		sums[int(d.Target(i))] += d.Weight(i)
	}
	present, last := 0, 0
	for k, s := range sums {
		if s > 0 {
			present, last = present+1, k
		}
	}
	switch present {
	case 0:
		return nil, fmt.Errorf("%w: every row has weight 0", ErrWeight)
	case 1:
		return nil, fmt.Errorf("%w: all rows are %q", ErrOneClass, d.schema.Classes[last])
	}
	return sums, nil
}

// checkRegression returns an error unless the target is a number and some row counts.
func (d *Dataset) checkRegression() error {
	if d.schema.Classes != nil {
		return fmt.Errorf("%w: a regressor needs a number, %q is a class", ErrTask, d.schema.Target)
	}
	for i := range d.Len() {
		if d.Weight(i) > 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: every row has weight 0", ErrWeight)
}

// checkPresent returns ErrAllMissing for the columns that have no value in any row that counts.
func (d *Dataset) checkPresent() error {
	var errs []error
	for j, c := range d.schema.Columns {
		present := false
		for i := 0; i < d.Len() && !present; i++ {
			present = d.Weight(i) > 0 && !math.IsNaN(d.Value(i, j))
		}
		if !present {
			errs = append(errs, fmt.Errorf("%w: %q", ErrAllMissing, c.Name))
		}
	}
	return errors.Join(errs...)
}
