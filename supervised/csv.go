package supervised

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// CSVOptions says which columns of a CSV file are what. Every column that is not named here is a
// numeric feature.
type CSVOptions struct {
	Target      string   // the column to predict; required
	Classify    bool     // the target's text names a class; otherwise it is a number
	Categorical []string // features whose text names a level
	Ignore      []string // columns to leave out
	Weight      string   // column of sample weights; "": none
	Group       string   // column of groups, any text; "": none
	Time        string   // column of times, numbers; "": none

	Missing []string // texts that stand for a missing feature; nil means "", NA, NaN, nan, null
	Comma   rune     // between fields; 0 means ','
	MaxLine int      // longest line in bytes, which bounds memory; 0 means 1 MiB
}

// CSVError says where in a CSV file a fault was found.
type CSVError struct {
	Line   int    // counted from 1
	Column string // the column's name; "" when the fault is of the whole line
	Err    error  // the fault; errors.Is finds the sentinel in it
}

// Error names the line and, where there is one, the column.
func (e *CSVError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("csv line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("csv line %d, column %q: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the fault itself.
func (e *CSVError) Unwrap() error { return e.Err }

func (o CSVOptions) withDefaults() CSVOptions {
	if o.Missing == nil {
		o.Missing = []string{"", "NA", "NaN", "nan", "null"}
	}
	if o.Comma == 0 {
		o.Comma = ','
	}
	if o.MaxLine == 0 {
		o.MaxLine = 1 << 20
	}
	return o
}

// ReadCSV reads a Dataset from text with a header line, one record at a time. Levels, classes and
// groups are numbered in sorted order: by value when all of them are numbers, else as text.
//
// A fault in the text is a *CSVError; a fault of the table as a whole is one of NewDataset's errors.
func ReadCSV(r io.Reader, o CSVOptions) (*Dataset, error) {
	o = o.withDefaults()
	if o.MaxLine < 0 {
		return nil, fmt.Errorf("%w: MaxLine %d is negative", ErrOptions, o.MaxLine)
	}
	limit := &lineLimiter{r: r, max: o.MaxLine}
	in := csv.NewReader(limit)
	in.Comma = o.Comma
	in.ReuseRecord = true
	limit.reset()
	header, err := in.Read()
	switch {
	case err == io.EOF:
		return nil, &CSVError{Line: 1, Err: fmt.Errorf("%w, not even a header", ErrNoRows)}
	case err != nil:
		return nil, csvFault(err, 0, 0)
	}
	fields, err := o.fields(header)
	if err != nil {
		return nil, &CSVError{Line: 1, Err: err}
	}
	for line := 1; ; line, _ = in.FieldPos(0) {
		limit.reset()
		record, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, csvFault(err, len(header), line)
		}
		for j, f := range fields {
			if err := f.add(record[j], o.Missing); err != nil {
				line, _ := in.FieldPos(j)
				return nil, &CSVError{Line: line, Column: f.name, Err: err}
			}
		}
	}
	d := assemble(fields)
	if len(d.Target) == 0 {
		return nil, &CSVError{Line: 2, Err: ErrNoRows}
	}
	return NewDataset(d)
}

// csvFault names the place of an error of the csv package; last is the line of the record before it.
func csvFault(err error, want, last int) error {
	var parse *csv.ParseError
	switch {
	case errors.Is(err, csv.ErrFieldCount) && errors.As(err, &parse):
		return &CSVError{Line: parse.Line, Err: fmt.Errorf("%w: the header has %d", ErrRagged, want)}
	case errors.As(err, &parse):
		return &CSVError{Line: parse.Line, Err: parse.Err}
	}
	return &CSVError{Line: last + 1, Err: err}
}

// role is what a column of the file becomes.
type role uint8

const (
	isIgnored role = iota
	isFeature
	isTarget
	isWeight
	isGroup
	isTime
)

// field collects the values of one column of the file.
type field struct {
	name   string
	role   role
	coded  bool           // text is a level
	codes  map[string]int // level to its code in order of appearance
	levels []string
	values []float64
}

// fields finds the role of each column of the header. All faults are reported together.
func (o CSVOptions) fields(header []string) ([]*field, error) {
	var errs []error
	fields := make([]*field, len(header))
	at := make(map[string]*field, len(header))
	for j, name := range header {
		if j == 0 {
			name = strings.TrimPrefix(name, "\ufeff") // a byte order mark, as spreadsheets write
		}
		f := &field{name: strings.Clone(name), role: isFeature}
		if name == "" {
			errs = append(errs, fmt.Errorf("%w: column %d has none", ErrColumns, j+1))
		} else if at[name] != nil {
			errs = append(errs, fmt.Errorf("%w: %q twice", ErrColumns, name))
		}
		fields[j], at[f.name] = f, f
	}
	assign := func(name string, r role, coded bool) {
		f := at[name]
		switch {
		case f == nil:
			errs = append(errs, fmt.Errorf("%w: %q", ErrNoSuchColumn, name))
		case f.role != isFeature || f.coded:
			errs = append(errs, fmt.Errorf("%w: column %q has two roles", ErrOptions, name))
		default:
			f.role, f.coded = r, coded
		}
	}
	if o.Target == "" {
		errs = append(errs, fmt.Errorf("%w: Target is empty", ErrOptions))
	} else {
		assign(o.Target, isTarget, o.Classify)
	}
	for _, name := range o.Categorical {
		assign(name, isFeature, true)
	}
	for _, name := range o.Ignore {
		assign(name, isIgnored, false)
	}
	for _, extra := range []struct {
		name string
		role role
	}{{o.Weight, isWeight}, {o.Group, isGroup}, {o.Time, isTime}} {
		if extra.name != "" {
			assign(extra.name, extra.role, extra.role == isGroup)
		}
	}
	return fields, errors.Join(errs...)
}

// add appends one value.
func (f *field) add(text string, missing []string) error {
	if f.role == isIgnored {
		return nil
	}
	if slices.Contains(missing, strings.TrimSpace(text)) {
		if f.role != isFeature {
			return fmt.Errorf("%w: %q", ErrMissing, text)
		}
		f.values = append(f.values, math.NaN())
		return nil
	}
	if f.coded {
		code, known := f.codes[text]
		if !known {
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
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("%w: %.40q", ErrNotNumber, text)
	case notFinite(v):
		return fmt.Errorf("%w: %.40q", ErrNotFinite, text)
	}
	f.values = append(f.values, v)
	return nil
}

// sorted renumbers the codes so that they do not hang on the order of the rows.
func (f *field) sorted() {
	numbers := make(map[string]float64, len(f.levels))
	for _, l := range f.levels {
		if v, err := strconv.ParseFloat(strings.TrimSpace(l), 64); err == nil && !notFinite(v) {
			numbers[l] = v
		}
	}
	order := slices.Clone(f.levels)
	slices.Sort(order)
	if len(numbers) == len(order) {
		slices.SortStableFunc(order, func(a, b string) int {
			switch {
			case numbers[a] < numbers[b]:
				return -1
			case numbers[a] > numbers[b]:
				return 1
			}
			return 0
		})
	}
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

// assemble puts the columns of the file where their roles say.
func assemble(fields []*field) Data {
	d := Data{Columns: []Column{}, ByColumn: [][]float64{}}
	for _, f := range fields {
		if f.coded {
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
		case isGroup:
			d.Groups = make([]int, len(f.values))
			for i, v := range f.values {
				d.Groups[i] = int(v)
			}
		}
	}
	return d
}

// lineLimiter refuses to deliver more than one line may take between two resets. The csv reader
// buffers what it has read ahead, so a line may pass the limit by that buffer, never by more.
type lineLimiter struct {
	r         io.Reader
	max, left int
}

func (l *lineLimiter) reset() { l.left = l.max }

func (l *lineLimiter) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("%w: %d bytes", ErrTooLong, l.max)
	}
	if len(p) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= n
	return n, err
}
