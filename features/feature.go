package features

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/exp/constraints"
)

// Number is any type of number that a feature may be read from.
type Number interface {
	constraints.Integer | constraints.Float
}

// Feature is one named part of a row: a number, a few numbers that belong together (a one-hot), or a
// condition (Legal). T is what it reads: the state S in State, a Candidate[S, A] in Candidates and
// Discrete. A faulty Feature is reported by the builder that it is given to. Immutable.
type Feature[T any] struct {
	names []string
	value func(T) float64          // the one number; or
	write func(row []float64, x T) // fills a zeroed row of len(names); or
	legal func(T) bool             // a condition, without a name
	err   error
}

// Fill is a group of features written by one call, for kinds that are not here and for the last
// nanosecond: write gets a zeroed row of len(names) to fill, and keeps neither it nor x.
func Fill[T any](names []string, write func(row []float64, x T)) Feature[T] {
	return group(names, write != nil, nil, write)
}

// Legal is the condition under which an action may be chosen. It adds nothing to the row; with several
// of them all must hold. An action that is not legal keeps its place and its features. In State it is
// a fault: only an action can be legal.
func Legal[T any](holds func(T) bool) Feature[T] {
	f := Feature[T]{legal: holds}
	if holds == nil {
		f.err = errors.New("features: Legal has a nil closure")
	}
	return f
}

// scalar makes a feature of one number; hasGet is false where the user's closure is nil.
func scalar[T any](name string, hasGet bool, value func(T) float64, faults ...error) Feature[T] {
	return Feature[T]{names: []string{name}, value: value, err: check(name, hasGet, faults)}
}

// group makes a feature of several numbers.
func group[T any](names []string, hasGet bool, faults []error, write func(row []float64, x T)) Feature[T] {
	first := ""
	if len(names) > 0 {
		first = names[0]
	} else if faults == nil {
		faults = []error{errors.New("features: Fill has no names")}
	}
	return Feature[T]{names: slices.Clone(names), write: write, err: check(first, hasGet, faults)}
}

func check(name string, hasGet bool, faults []error) error {
	faults = slices.Clone(faults)
	if !hasGet {
		faults = append(faults, fmt.Errorf("features: %q has a nil closure", name))
	}
	return errors.Join(faults...)
}

// fault is an error about the feature called name.
func fault(name, format string, args ...any) error {
	return fmt.Errorf("features: %q "+format, append([]any{name}, args...)...)
}

// layout is the compiled form of a list of features.
type layout[T any] struct {
	names []string
	parts []part[T]
	legal []func(T) bool
}

// part is one feature at its place in the row.
type part[T any] struct {
	at, end int
	value   func(T) float64
	write   func(row []float64, x T)
}

// compile lays out the features one after the other and reports every fault of the list.
func compile[T any](list []Feature[T]) (layout[T], []error) {
	var l layout[T]
	var faults []error
	for _, f := range list {
		switch {
		case f.err != nil:
			faults = append(faults, f.err)
		case f.legal != nil:
			l.legal = append(l.legal, f.legal)
		case f.value == nil && f.write == nil:
			faults = append(faults, errors.New("features: an empty Feature{}; make one with Numeric, OneHot and so on"))
		default:
			at := len(l.names)
			l.parts = append(l.parts, part[T]{at, at + len(f.names), f.value, f.write})
		}
		for _, name := range f.names {
			switch {
			case name == "":
				faults = append(faults, errors.New("features: a feature has no name"))
			case slices.Contains(l.names, name):
				faults = append(faults, fault(name, "is named twice"))
			}
			l.names = append(l.names, name)
		}
	}
	return l, faults
}

// fill writes every feature of x into row, which is zeroed.
func (l *layout[T]) fill(row []float64, x T) {
	for i := range l.parts {
		if p := &l.parts[i]; p.value != nil {
			row[p.at] = p.value(x)
		} else {
			p.write(row[p.at:p.end], x)
		}
	}
}

// isLegal reports whether all conditions hold for x.
func (l *layout[T]) isLegal(x T) bool {
	for _, holds := range l.legal {
		if !holds(x) {
			return false
		}
	}
	return true
}
