package supervised

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
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
	Known       string   // column of the times at which the target was known, numbers; "": none

	// Like, when not nil, is the schema that the file must fit, of a model say: the features are its
	// columns, found by name in any order, with its levels and classes; further columns are left out.
	// It says what Target, Classify, Categorical and Ignore say otherwise, which must be left empty.
	Like *Schema
	// UnknownMissing takes a level that Like does not know for a missing value; otherwise it is a fault.
	UnknownMissing bool

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
	fields, err := o.withDefaults().scan(r, func(f *field, text string, missing []string) error {
		return f.addText(text, missing)
	})
	if err != nil {
		return nil, err
	}
	d := assemble(o.ordered(fields))
	if len(d.Target) == 0 {
		return nil, &CSVError{Line: 2, Err: ErrNoRows}
	}
	return adopt(d)
}

// InferCSV reads a CSV file once, keeping none of it, and returns o with those features added to
// Categorical that hold a text which is neither missing nor a number: the types of the columns, for
// ReadCSV to read the same bytes again. Ignored columns and those with another role stay as they are.
// A fault in the text is a *CSVError. A feature without a single value stays numeric.
func InferCSV(r io.Reader, o CSVOptions) (CSVOptions, error) {
	if o.Like != nil {
		return o, fmt.Errorf("%w: Like leaves nothing to infer", ErrOptions)
	}
	text := make(map[*field]bool)
	fields, err := o.withDefaults().scan(r, func(f *field, value string, missing []string) error {
		if f.role == isFeature && !f.coded && !text[f] && !slices.Contains(missing, strings.TrimSpace(value)) {
			_, err := parseNumber(value)
			text[f] = errors.Is(err, ErrNotNumber)
		}
		return nil
	})
	if err != nil {
		return o, err
	}
	o.Categorical = slices.Clone(o.Categorical)
	for _, f := range fields {
		if text[f] {
			o.Categorical = append(o.Categorical, f.name)
		}
	}
	return o, nil
}

// scan gives every value of the file to add, row by row, and returns the columns in the file's order.
func (o CSVOptions) scan(r io.Reader, add func(f *field, text string, missing []string) error) ([]*field, error) {
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
			return fields, nil
		}
		if err != nil {
			return nil, csvFault(err, len(header), line)
		}
		for j, f := range fields {
			if err := add(f, record[j], o.Missing); err != nil {
				line, _ := in.FieldPos(j)
				return nil, &CSVError{Line: line, Column: f.name, Err: err}
			}
		}
	}
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
	if o.Like != nil {
		errs = append(errs, o.likeFields(fields))
	} else if o.Target == "" {
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
	}{{o.Weight, isWeight}, {o.Group, isGroup}, {o.Time, isTime}, {o.Known, isKnown}} {
		if extra.name != "" {
			assign(extra.name, extra.role, extra.role == isGroup)
		}
	}
	return fields, errors.Join(errs...)
}
