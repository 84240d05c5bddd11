package golearnbridge

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leptonsched/lepton/supervised"
)

// Missing is the value of a categorical attribute that stands for a missing one.
const Missing = "?"

// Faults of the bridge. The error that wraps one says which attribute or row.
var (
	ErrGrid  = errors.New("golearnbridge: not a table that a Dataset can hold")
	ErrPanic = errors.New("golearnbridge: golearn panicked")
)

// contain turns a panic of golearn's into an error.
func contain(err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("%w: %v", ErrPanic, fault)
	}
}

// ToGrid copies d into a grid of golearn's, with the target as its class attribute: a categorical one
// for classes, else a float one. A categorical column with missing values gets the further value
// Missing; ErrGrid when it has such a level already, or a column has the target's name.
func ToGrid(d *supervised.Dataset) (*base.DenseInstances, error) {
	l, err := layoutOf(d)
	if err != nil {
		return nil, err
	}
	return l.grid(d)
}

// layout is the attributes of a table. golearn knows attributes by their address, so that all grids of
// one model share them.
type layout struct {
	schema  supervised.Schema
	columns []base.Attribute
	missing []bool // a categorical column has the value Missing
	class   base.Attribute
}

func layoutOf(d *supervised.Dataset) (*layout, error) {
	l := &layout{schema: d.Schema()}
	for j, c := range l.schema.Columns {
		missing := false
		for i := 0; i < d.Len() && c.Kind == supervised.Categorical && !missing; i++ {
			missing = math.IsNaN(d.Value(i, j))
		}
		switch {
		case c.Name == l.schema.Target:
			return nil, fmt.Errorf("%w: column and target are both called %q", ErrGrid, c.Name)
		case missing && slices.Contains(c.Levels, Missing):
			return nil, fmt.Errorf("%w: %q has missing values and a level %q", ErrGrid, c.Name, Missing)
		case missing:
			c.Levels = append(slices.Clone(c.Levels), Missing)
		}
		l.columns, l.missing = append(l.columns, attribute(c)), append(l.missing, missing)
	}
	target := supervised.Column{Name: l.schema.Target, Levels: l.schema.Classes}
	if target.Levels != nil {
		target.Kind = supervised.Categorical
	}
	l.class = attribute(target)
	return l, nil
}

func attribute(c supervised.Column) base.Attribute {
	if c.Kind == supervised.Numeric {
		return base.NewFloatAttribute(c.Name)
	}
	a := base.NewCategoricalAttribute()
	a.SetName(c.Name)
	for _, level := range c.Levels { // fixes their codes
		a.GetSysValFromString(level)
	}
	return a
}

// empty returns a grid of n rows and the places of its columns, the class last.
func (l *layout) empty(n int) (grid *base.DenseInstances, specs []base.AttributeSpec, err error) {
	defer contain(&err)
	grid = base.NewDenseInstances()
	for j, a := range slices.Concat(l.columns, []base.Attribute{l.class}) {
		// A group of its own keeps each column in its place: golearn lists attributes group by group.
		group := fmt.Sprint("COLUMN", j)
		if err := grid.CreateAttributeGroup(group, 8); err != nil {
			return nil, nil, err
		}
		spec, err := grid.AddAttributeToAttributeGroup(a, group)
		if err != nil {
			return nil, nil, err
		}
		specs = append(specs, spec)
	}
	return grid, specs, errors.Join(grid.AddClassAttribute(l.class), grid.Extend(n))
}

func (l *layout) grid(d *supervised.Dataset) (*base.DenseInstances, error) {
	grid, specs, err := l.empty(d.Len())
	if err != nil {
		return nil, err
	}
	var x []float64
	for i := range d.Len() {
		x = d.Row(x, i)
		if err := l.setRow(grid, specs, i, x); err != nil {
			return nil, err
		}
		value := base.PackFloatToBytes(d.Target(i))
		if l.schema.Classes != nil {
			value = base.PackU64ToBytes(uint64(d.Target(i)))
		}
		grid.Set(specs[len(x)], i, value)
	}
	return grid, nil
}

// setRow writes the features x into row i. A category that the attribute has no value for is ErrLevel.
func (l *layout) setRow(grid *base.DenseInstances, specs []base.AttributeSpec, i int, x []float64) error {
	for j, v := range x {
		c := &l.schema.Columns[j]
		value := base.PackFloatToBytes(v)
		if c.Kind == supervised.Categorical {
			switch {
			case v >= 0 && v < float64(len(c.Levels)) && v == math.Trunc(v):
			case l.missing[j] && math.IsNaN(v):
				v = float64(len(c.Levels))
			default:
				return fmt.Errorf("%w: %v in column %q", supervised.ErrLevel, v, c.Name)
			}
			value = base.PackU64ToBytes(uint64(v))
		}
		grid.Set(specs[j], i, value)
	}
	return nil
}

// FromGrid copies a grid into a Dataset. The grid needs exactly one class attribute, which becomes the
// target: classes for a categorical or binary one, a number for a float one. Other kinds of attributes and
// another number of classes are ErrGrid; bad values are NewDataset's errors.
func FromGrid(g base.FixedDataGrid) (*supervised.Dataset, error) {
	classes := g.AllClassAttributes()
	if len(classes) != 1 {
		return nil, fmt.Errorf("%w: %d class attributes", ErrGrid, len(classes))
	}
	d := supervised.Data{Columns: []supervised.Column{}, ByColumn: [][]float64{}}
	for _, a := range features(g, classes) {
		c, values, err := read(g, a)
		if err != nil {
			return nil, err
		}
		d.Columns, d.ByColumn = append(d.Columns, c), append(d.ByColumn, values)
	}
	target, values, err := read(g, classes[0])
	if err != nil {
		return nil, err
	}
	d.TargetName, d.Target, d.Classes = target.Name, values, target.Levels
	if _, ok := classes[0].(*base.BinaryAttribute); ok {
		d.Classes = []string{"0", "1"}
	}
	return supervised.NewDataset(d)
}

// features returns the attributes that are no class, in the grid's order, which golearn's own
// NonClassAttributes does not keep.
func features(g base.FixedDataGrid, classes []base.Attribute) []base.Attribute {
	return slices.DeleteFunc(g.AllAttributes(), func(a base.Attribute) bool {
		return slices.ContainsFunc(classes, a.Equals)
	})
}

// read copies one attribute's values.
func read(g base.FixedDataGrid, a base.Attribute) (c supervised.Column, values []float64, err error) {
	defer contain(&err)
	c.Name = a.GetName()
	decode, missing := base.UnpackBytesToFloat, -1 // the code of Missing
	switch a := a.(type) {
	case *base.FloatAttribute:
	case *base.BinaryAttribute:
		decode = func(b []byte) float64 { return float64(b[0]) }
	case *base.CategoricalAttribute:
		decode = func(b []byte) float64 { return float64(base.UnpackBytesToU64(b)) }
		c.Kind, c.Levels = supervised.Categorical, slices.Clone(a.GetValues())
		if missing = slices.Index(c.Levels, Missing); missing >= 0 {
			c.Levels = slices.Delete(c.Levels, missing, missing+1)
		}
	default:
		return c, nil, fmt.Errorf("%w: attribute %q is a %T", ErrGrid, c.Name, a)
	}
	spec, err := g.GetAttribute(a)
	if err != nil {
		return c, nil, fmt.Errorf("%w: %w", ErrGrid, err)
	}
	_, n := g.Size()
	values = make([]float64, n)
	for i := range values {
		v := decode(g.Get(spec, i))
		switch {
		case missing < 0:
		case v == float64(missing):
			v = math.NaN()
		case v > float64(missing):
			v-- // the codes behind it move up
		}
		values[i] = v
	}
	return c, values, nil
}
