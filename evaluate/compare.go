package evaluate

import (
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Metric names one measured quantity and says how to judge it.
type Metric struct {
	Name           string // as readers shall see it, with its unit: "mean wait (s)"
	HigherIsBetter bool   // false: lower is better
	Scale          Scale  // how methods are set against the reference: Difference or Ratio
}

// Method is one contender with everything that was measured of it.
type Method struct {
	Name   string      // as readers shall see it; all names differ
	Values [][]float64 // Values[m][u]: metric m of CompareOptions.Metrics on unit u, for every metric
}

// CompareOptions says what is compared with what. Reference and Metrics are required.
type CompareOptions struct {
	Reference string   // name of the method that the others are set against
	Metrics   []Metric // in the order of Method.Values
	Unit      string   // what one unit is called, in the singular; "" means "unit"
	Clusters  []int    // as in BootstrapOptions
	Resamples int      // as in BootstrapOptions
	Level     float64  // as in BootstrapOptions
	Seed      uint64   // as in BootstrapOptions; all methods and metrics meet the same resamples
}

func (o CompareOptions) withDefaults() CompareOptions {
	if o.Unit == "" {
		o.Unit = "unit"
	}
	b := o.bootstrap(Difference).withDefaults()
	o.Resamples, o.Level = b.Resamples, b.Level
	return o
}

func (o CompareOptions) bootstrap(scale Scale) BootstrapOptions {
	return BootstrapOptions{Scale: scale, Clusters: o.Clusters, Resamples: o.Resamples, Level: o.Level, Seed: o.Seed}
}

// Verdict is what an interval says about a method, in one word.
type Verdict string

// The verdicts. A method is better or worse when its whole interval lies on that side of equality; one whose interval
// holds equality, touches it, or is not known is undecided.
const (
	Better    Verdict = "better"
	Worse     Verdict = "worse"
	Undecided Verdict = "undecided"
	Reference Verdict = "reference" // the method itself is what the others are set against
)

// Cell is one method under one metric.
type Cell struct {
	Values  []float64 // per unit, a copy
	Mean    float64   // arithmetic mean of Values
	Effect  Interval  // against the reference, on the metric's Scale; zero for the reference itself
	Verdict Verdict
}

// Comparison is a table of methods by metrics, judged against one of the methods. Immutable; safe for concurrent use.
type Comparison struct {
	options CompareOptions
	names   []string // methods, as given
	cells   [][]Cell // by method, metric
}

// Compare judges each method against the reference with PairedBootstrap, metric by metric. All faults are reported
// together: ErrNoValues, ErrLengths, ErrNotFinite, ErrNotPositive, ErrName (empty or used twice), ErrUnknownName (no such
// reference), ErrOption.
func Compare(methods []Method, o CompareOptions) (*Comparison, error) {
	o = o.withDefaults()
	o.Metrics = slices.Clone(o.Metrics)
	o.Clusters = slices.Clone(o.Clusters)
	if err := checkMethods(methods, o); err != nil {
		return nil, err
	}
	c := &Comparison{options: o}
	reference := methods[slices.IndexFunc(methods, func(m Method) bool { return m.Name == o.Reference })]
	var faults []error
	for _, method := range methods {
		row := make([]Cell, len(o.Metrics))
		for m, metric := range o.Metrics {
			cell, err := compareCell(method.Values[m], reference.Values[m], metric, o)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s of %s: %w", metric.Name, method.Name, err))
			}
			if method.Name == o.Reference {
				cell.Effect, cell.Verdict = Interval{}, Reference
			}
			row[m] = cell
		}
		c.names = append(c.names, method.Name)
		c.cells = append(c.cells, row)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return c, nil
}

func compareCell(values, reference []float64, metric Metric, o CompareOptions) (Cell, error) {
	effect, err := PairedBootstrap(values, reference, o.bootstrap(metric.Scale))
	if err != nil {
		return Cell{}, err
	}
	mean := stat.Mean(values, nil)
	if checkValues([]float64{mean}) != nil {
		return Cell{}, fmt.Errorf("mean: %w", ErrNotFinite)
	}
	return Cell{Values: slices.Clone(values), Mean: mean, Effect: effect, Verdict: verdict(effect, metric)}, nil
}

func verdict(effect Interval, metric Metric) Verdict {
	equal := metric.Scale.equal()
	switch {
	case !effect.Known():
		return Undecided
	case effect.Upper < equal && !metric.HigherIsBetter, effect.Lower > equal && metric.HigherIsBetter:
		return Better
	case effect.Upper < equal, effect.Lower > equal:
		return Worse
	}
	return Undecided
}

// checkMethods finds every fault in names and shapes; values are checked where they are used.
func checkMethods(methods []Method, o CompareOptions) error {
	var faults []error
	if len(methods) == 0 || len(o.Metrics) == 0 {
		faults = append(faults, fmt.Errorf("%d methods, %d metrics: %w", len(methods), len(o.Metrics), ErrNoValues))
	}
	faults = append(faults,
		checkNames("method", methods, func(m Method) string { return m.Name }),
		checkNames("metric", o.Metrics, func(m Metric) string { return m.Name }))
	if !slices.ContainsFunc(methods, func(m Method) bool { return m.Name == o.Reference }) {
		faults = append(faults, fmt.Errorf("reference %q is no method: %w", o.Reference, ErrUnknownName))
	}
	for _, method := range methods {
		if len(method.Values) != len(o.Metrics) {
			faults = append(faults, fmt.Errorf("method %q has values of %d metrics, not %d: %w",
				method.Name, len(method.Values), len(o.Metrics), ErrLengths))
		}
	}
	return errors.Join(faults...)
}

func checkNames[T any](kind string, items []T, name func(T) string) error {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		if n := name(item); n == "" || seen[n] {
			return fmt.Errorf("%s %q: %w", kind, n, ErrName)
		}
		seen[name(item)] = true
	}
	return nil
}

// Methods lists the methods, in the order they were given.
func (c *Comparison) Methods() []string { return slices.Clone(c.names) }

// Cell finds one method under one metric by their names; ErrUnknownName when there is none.
// The caller owns the result.
func (c *Comparison) Cell(method, metric string) (Cell, error) {
	i := slices.Index(c.names, method)
	m, err := c.metric(metric)
	if i < 0 {
		err = errors.Join(fmt.Errorf("method %q: %w", method, ErrUnknownName), err)
	}
	if err != nil {
		return Cell{}, err
	}
	cell := c.cells[i][m]
	cell.Values = slices.Clone(cell.Values)
	return cell, nil
}

func (c *Comparison) metric(name string) (int, error) {
	m := slices.IndexFunc(c.options.Metrics, func(m Metric) bool { return m.Name == name })
	if m < 0 {
		return 0, fmt.Errorf("metric %q: %w", name, ErrUnknownName)
	}
	return m, nil
}
