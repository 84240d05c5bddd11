package supervised

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// role is what a column of a file, or a field of a struct, becomes.
type role uint8

const (
	isIgnored role = iota
	isFeature
	isTarget
	isWeight
	isGroup
	isTime
	isKnown
)

// field collects the values of one column.
type field struct {
	name   string
	role   role
	coded  bool           // text is a level
	codes  map[string]int // level to its code in order of appearance
	levels []string
	given  bool // the levels were given: an unknown one is a fault, or missing
	lax    bool // of given levels: an unknown one is missing
	values []float64
}

// give fixes the levels, in place of those that the text will hold.
func (f *field) give(levels []string, lax bool) {
	f.given, f.lax = true, lax
	f.levels = levels
	f.codes = make(map[string]int, len(levels))
	for k, l := range levels {
		f.codes[l] = k
	}
}

// addText appends one value written as text, unless the column is ignored.
func (f *field) addText(text string, missing []string) error {
	if f.role == isIgnored {
		return nil
	}
	if slices.Contains(missing, strings.TrimSpace(text)) {
		return f.addMissing(text)
	}
	if f.coded {
		return f.addLevel(text)
	}
	v, err := parseNumber(text)
	if err != nil {
		return err
	}
	f.values = append(f.values, v)
	return nil
}

func (f *field) addMissing(text string) error {
	if f.role != isFeature {
		return fmt.Errorf("%w: %q", ErrMissing, text)
	}
	f.values = append(f.values, math.NaN())
	return nil
}

// addLevel appends the code of a level, a new one where none were given.
func (f *field) addLevel(text string) error {
	code, known := f.codes[text]
	switch {
	case known:
	case f.given && f.role == isTarget:
		return fmt.Errorf("%w: %.40q", ErrLabel, text)
	case f.given && f.lax:
		f.values = append(f.values, math.NaN())
		return nil
	case f.given:
		return fmt.Errorf("%w: %.40q", ErrLevel, text)
	default:
		if f.codes == nil {
			f.codes = make(map[string]int)
		}
		level := strings.Clone(text) // the csv reader reuses its buffer
		code = len(f.levels)
		f.codes[level] = code
		f.levels = append(f.levels, level)
	}
	f.values = append(f.values, float64(code))
	return nil
}

// parseNumber returns the finite number that text holds.
func parseNumber(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%w: %.40q", ErrNotNumber, text)
	case notFinite(v):
		return 0, fmt.Errorf("%w: %.40q", ErrNotFinite, text)
	}
	return v, nil
}

// sorted renumbers the codes so that they do not hang on the order of the rows.
func (f *field) sorted() {
	order := sortedLevels(f.levels)
	code := make([]float64, len(order))
	for k, l := range order {
		code[f.codes[l]] = float64(k)
	}
	for i, v := range f.values {
		if !math.IsNaN(v) {
			f.values[i] = code[int(v)]
		}
	}
	f.levels = order
}

// sortedLevels returns the levels in ascending order: by value when all are numbers, else as text.
func sortedLevels(levels []string) []string {
	numbers := make(map[string]float64, len(levels))
	for _, l := range levels {
		if v, err := parseNumber(l); err == nil {
			numbers[l] = v
		}
	}
	order := slices.Clone(levels)
	slices.Sort(order)
	if len(numbers) == len(order) {
		slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(numbers[a], numbers[b]) })
	}
	return order
}

// assemble puts the columns where their roles say.
func assemble(fields []*field) Data {
	d := Data{Columns: []Column{}, ByColumn: [][]float64{}}
	for _, f := range fields {
		if f.coded && !f.given {
			f.sorted()
		}
		switch f.role {
		case isFeature:
			c := Column{Name: f.name}
			if f.coded {
				c.Kind, c.Levels = Categorical, f.levels
			}
			d.Columns = append(d.Columns, c)
			d.ByColumn = append(d.ByColumn, f.values)
		case isTarget:
			d.Target, d.TargetName, d.Classes = f.values, f.name, f.levels
		case isWeight:
			d.Weights = f.values
		case isTime:
			d.Times = f.values
		case isKnown:
			d.Known = f.values
		case isGroup:
			d.Groups = make([]int, len(f.values))
			for i, v := range f.values {
				d.Groups[i] = int(v)
			}
		}
	}
	return d
}
