package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Kind says how the numbers of a column are to be read.
type Kind uint8

const (
	Numeric     Kind = iota // any finite number; NaN is a missing value
	Categorical             // the code of a level, 0 to len(Levels)−1; NaN is a missing value
)

// Column is the name and type of one feature.
type Column struct {
	Name   string
	Kind   Kind
	Levels []string // what the codes of a Categorical column stand for; nil for a Numeric one
}

// Code returns the number that stands for level in a row: its place among Levels, or NaN (missing)
// when the column does not know it.
func (c Column) Code(level string) float64 {
	if i := slices.Index(c.Levels, level); i >= 0 {
		return float64(i)
	}
	return math.NaN()
}

// Schema describes the rows that a Dataset holds and that a model fitted to it expects.
type Schema struct {
	Columns []Column // the features, in the order of a row
	Target  string   // the target's name
	Classes []string // what the codes of the target stand for; nil when the target is a number
}

// clone lets a Schema be handed out without sharing anything that could be changed.
func (s Schema) clone() Schema {
	s.Columns = slices.Clone(s.Columns)
	for j := range s.Columns {
		s.Columns[j].Levels = slices.Clone(s.Columns[j].Levels)
	}
	s.Classes = slices.Clone(s.Classes)
	return s
}

func (s Schema) validate() error {
	var errs []error
	if len(s.Columns) == 0 {
		errs = append(errs, ErrNoColumns)
	}
	seen := make(map[string]bool, len(s.Columns))
	for j, c := range s.Columns {
		switch {
		case c.Name == "":
			errs = append(errs, fmt.Errorf("%w: column %d has none", ErrColumns, j))
		case seen[c.Name]:
			errs = append(errs, fmt.Errorf("%w: %q twice", ErrColumns, c.Name))
		}
		seen[c.Name] = true
		switch {
		case c.Kind > Categorical:
			errs = append(errs, fmt.Errorf("%w: %q is of unknown kind %d", ErrColumns, c.Name, c.Kind))
		case c.Kind == Numeric && len(c.Levels) > 0:
			errs = append(errs, fmt.Errorf("%w: %q is numeric and has levels", ErrColumns, c.Name))
		case c.Kind == Categorical && len(c.Levels) == 0:
			errs = append(errs, fmt.Errorf("%w: %q is categorical and has no levels", ErrColumns, c.Name))
		}
		if twice, found := duplicate(c.Levels); found {
			errs = append(errs, fmt.Errorf("%w: %q has level %q twice", ErrColumns, c.Name, twice))
		}
	}
	if twice, found := duplicate(s.Classes); found {
		errs = append(errs, fmt.Errorf("%w: class %q twice", ErrColumns, twice))
	}
	return errors.Join(errs...)
}

func duplicate(names []string) (string, bool) {
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if seen[n] {
			return n, true
		}
		seen[n] = true
	}
	return "", false
}

// checkCode reports whether v is one of the codes 0 to n−1.
func checkCode(v float64, n int) bool {
	return v >= 0 && v < float64(n) && v == math.Trunc(v)
}
