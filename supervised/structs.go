package supervised

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// structTag is the key of the tags that FromStructs reads.
const structTag = "lepton"

// FromStructs makes a Dataset of the fields of T, a struct, that have a tag:
//
//	type Job struct {
//		User    string        `lepton:"user,group"`
//		Queue   string        `lepton:"queue,categorical"`
//		Procs   int           `lepton:"procs"`
//		Memory  *float64      `lepton:"memory"`
//		Submit  time.Time     `lepton:"submit,time"`
//		End     time.Time     `lepton:"end,known"`
//		Runtime time.Duration `lepton:"seconds,target"`
//		Comment string
//	}
//
// The tag is the column's name and, behind a comma, what it is: nothing for a numeric feature,
// categorical for one whose text names a level, target for a number to predict, class for a target
// whose text names a class, weight, group, time or known as in Data. A field without a tag is left
// out, so that an outcome which is added to the struct later never becomes a feature by itself.
//
// Numbers may be of any integer or float type, a bool (0 or 1), a time.Duration (seconds) or a
// time.Time (seconds since 1970); text may be a string, an integer or a bool. A nil pointer and a NaN
// are missing values. Levels, classes and groups are numbered in sorted order, as by ReadCSV.
//
// A fault of T's tags is ErrTags; one of a value names the row and the field.
func FromStructs[T any](rows []T) (*Dataset, error) {
	tagged, err := taggedFields(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	fields := make([]*field, len(tagged))
	for k, t := range tagged {
		fields[k] = &field{name: t.name, role: t.role, coded: t.coded}
	}
	for i := range rows {
		row := reflect.ValueOf(&rows[i]).Elem()
		for k, t := range tagged {
			if err := t.add(fields[k], row.Field(t.at)); err != nil {
				return nil, fmt.Errorf("row %d, field %s: %w", i, t.field, err)
			}
		}
	}
	return adopt(assemble(fields))
}

// RowReader turns a struct into the row that a model fitted to such structs expects. Immutable; safe
// for concurrent use.
type RowReader[T any] struct {
	fields  []taggedField
	columns []Column
}

// NewRowReader finds the columns of s among the tagged fields of T, see FromStructs. It returns
// ErrNoSuchColumn for a column that no feature of T has the name of, and ErrColumns for one that is
// categorical in one and numeric in the other.
func NewRowReader[T any](s Schema) (*RowReader[T], error) {
	tagged, err := taggedFields(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	r := &RowReader[T]{columns: s.clone().Columns}
	byName := make(map[string]taggedField)
	for _, t := range tagged {
		if t.role == isFeature {
			byName[t.name] = t
		}
	}
	var errs []error
	for _, c := range r.columns {
		t, found := byName[c.Name]
		switch {
		case !found:
			errs = append(errs, fmt.Errorf("%w: %q", ErrNoSuchColumn, c.Name))
		case t.coded != (c.Kind == Categorical):
			errs = append(errs, fmt.Errorf("%w: %q is categorical on one side and numeric on the other", ErrColumns, c.Name))
		}
		r.fields = append(r.fields, t)
	}
	return r, errors.Join(errs...)
}

// Row writes the features of v into dst[:number of columns] and returns it; dst may be nil. A level
// that the schema does not know and a number that is not finite are missing values.
func (r *RowReader[T]) Row(dst []float64, v *T) []float64 {
	dst = dst[:0]
	row := reflect.ValueOf(v).Elem()
	for j, t := range r.fields {
		dst = append(dst, t.feature(row.Field(t.at), &r.columns[j]))
	}
	return dst
}

// taggedField is one field of a struct that has a tag.
type taggedField struct {
	at    int    // its place in the struct
	field string // its name in Go
	name  string // the column's
	role  role
	coded bool
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// taggedFields reads the tags of t. All faults are reported together.
func taggedFields(t reflect.Type) ([]taggedField, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: %v is no struct", ErrTags, t)
	}
	var tagged []taggedField
	var errs []error
	once := make(map[role]string)
	for at := range t.NumField() {
		f := t.Field(at)
		tag, found := f.Tag.Lookup(structTag)
		if !found || tag == "-" {
			continue
		}
		name, kind, _ := strings.Cut(tag, ",")
		out := taggedField{at: at, field: f.Name, name: name}
		switch kind {
		case "":
			out.role = isFeature
		case "categorical":
			out.role, out.coded = isFeature, true
		case "target":
			out.role = isTarget
		case "class":
			out.role, out.coded = isTarget, true
		case "weight":
			out.role = isWeight
		case "group":
			out.role, out.coded = isGroup, true
		case "time":
			out.role = isTime
		case "known":
			out.role = isKnown
		default:
			errs = append(errs, fmt.Errorf("%w: field %s: what is %q?", ErrTags, f.Name, kind))
		}
		switch first, twice := once[out.role]; {
		case !f.IsExported():
			errs = append(errs, fmt.Errorf("%w: field %s has a tag but is not exported", ErrTags, f.Name))
		case name == "":
			errs = append(errs, fmt.Errorf("%w: field %s has no name for its column", ErrTags, f.Name))
		case !readable(f.Type, out.coded):
			errs = append(errs, fmt.Errorf("%w: field %s cannot be read from a %v", ErrTags, f.Name, f.Type))
		case out.role != isFeature && twice:
			errs = append(errs, fmt.Errorf("%w: fields %s and %s have the same role", ErrTags, first, f.Name))
		}
		once[out.role] = f.Name
		tagged = append(tagged, out)
	}
	if _, found := once[isTarget]; !found {
		errs = append(errs, fmt.Errorf("%w: no field of %v is a target or a class", ErrTags, t))
	}
	return tagged, errors.Join(errs...)
}

// readable reports whether a value of type t, or behind a pointer to it, can be a number or a text.
func readable(t reflect.Type, text bool) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == timeType || t == durationType:
		return !text
	case t.Kind() == reflect.String:
		return text
	case t.Kind() == reflect.Bool:
		return true
	}
	zero := reflect.Zero(t)
	return zero.CanInt() || zero.CanUint() || zero.CanFloat() && !text
}

// add appends the value of the struct's field to the column.
func (t taggedField) add(f *field, v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return f.addMissing("nil")
		}
		v = v.Elem()
	}
	if t.coded {
		return f.addLevel(textOf(v))
	}
	x := numberOf(v)
	switch {
	case math.IsNaN(x):
		return f.addMissing("NaN")
	case math.IsInf(x, 0):
		return fmt.Errorf("%w: %v", ErrNotFinite, x)
	}
	f.values = append(f.values, x)
	return nil
}

// feature returns the value as it stands in a row.
func (t taggedField) feature(v reflect.Value, c *Column) float64 {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return math.NaN()
		}
		v = v.Elem()
	}
	if t.coded {
		return c.Code(textOf(v))
	}
	if x := numberOf(v); !notFinite(x) {
		return x
	}
	return math.NaN()
}

func textOf(v reflect.Value) string {
	switch {
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	return v.String()
}

func numberOf(v reflect.Value) float64 {
	switch {
	case v.Type() == timeType:
		at := v.Interface().(time.Time)
		return float64(at.Unix()) + float64(at.Nanosecond())*1e-9
	case v.Type() == durationType:
		return time.Duration(v.Int()).Seconds()
	case v.CanFloat():
		return v.Float()
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	case v.Bool():
		return 1
	}
	return 0
}
