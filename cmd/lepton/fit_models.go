package main

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/leptonsched/lepton/supervised"
)

// The tasks of lepton fit.
const (
	taskBinary     = "binary"
	taskMulticlass = "multiclass"
	taskRegression = "regression"
	taskQuantile   = "quantile"
)

var fitTasks = []string{taskBinary, taskMulticlass, taskRegression, taskQuantile}

// fitModel is a kind of model that lepton fit knows. Its settings are the fields of its options in lower
// case.
type fitModel struct {
	name    string
	summary string
	options any // the options that settings start from
	tasks   []string
	unset   []string // fields of the options that are of no use here, such as those about rows held out
	fit     func(options any, task string, d *supervised.Dataset) (supervised.Model, error)
}

// fitModels lists them, in the order of the manual.
func fitModels() []fitModel {
	classes, numbers := []string{taskBinary, taskMulticlass}, []string{taskRegression}
	forest := func(o supervised.RandomForest, task string, d *supervised.Dataset) (supervised.Model, error) {
		if task == taskRegression {
			return checked(o.FitRegressor(d))
		}
		return checked(o.FitClassifier(d))
	}
	boosting := newFitModel("gbdt", "gradient boosting", supervised.GradientBoosting{}, fitTasks, fitBoosting)
	boosting.unset = []string{"Patience"}
	return []fitModel{
		newFitModel("forest", "a random forest", supervised.RandomForest{}, append(classes, numbers...), forest),
		newFitModel("tree", "one tree on all rows, fully grown",
			supervised.RandomForest{Trees: 1, NoBootstrap: true, Features: math.MaxInt32, Depth: math.MaxInt32}, append(classes, numbers...), forest),
		boosting,
		newFitModel("logistic", "logistic regression", supervised.LogisticRegression{}, classes,
			func(o supervised.LogisticRegression, _ string, d *supervised.Dataset) (supervised.Model, error) {
				return checked(o.Fit(d))
			}),
		newFitModel("linear", "least squares", supervised.LinearRegression{}, numbers, fitLinear),
		newFitModel("ridge", "least squares on standardised columns, shrunk by l2",
			supervised.LinearRegression{L2: 1, Standardise: true}, numbers, fitLinear),
		newFitModel("quantile", "a linear model of a quantile", supervised.QuantileRegression{}, []string{taskQuantile},
			func(o supervised.QuantileRegression, _ string, d *supervised.Dataset) (supervised.Model, error) {
				return checked(o.Fit(d))
			}),
	}
}

func fitBoosting(o supervised.GradientBoosting, task string, d *supervised.Dataset) (supervised.Model, error) {
	switch {
	case task == taskQuantile && o.Loss != supervised.QuantileLoss:
		return nil, fmt.Errorf("-task quantile takes the quantile loss, not the %v one", o.Loss)
	case task == taskQuantile, task == taskRegression:
		return checked(o.FitRegressor(d))
	}
	return checked(o.FitClassifier(d))
}

func fitLinear(o supervised.LinearRegression, _ string, d *supervised.Dataset) (supervised.Model, error) {
	return checked(o.Fit(d))
}

// checked keeps a nil pointer from becoming a Model.
func checked[M supervised.Model](m M, err error) (supervised.Model, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

func newFitModel[O any](
	name, summary string, options O, tasks []string, fit func(o O, task string, d *supervised.Dataset) (supervised.Model, error),
) fitModel {
	return fitModel{name: name, summary: summary, options: options, tasks: tasks,
		fit: func(options any, task string, d *supervised.Dataset) (supervised.Model, error) {
			return fit(options.(O), task, d)
		}}
}

// aimedAt returns the model with the options that settings start from for the task.
func (m fitModel) aimedAt(task string) fitModel {
	if o, ok := m.options.(supervised.GradientBoosting); ok && task == taskQuantile {
		o.Loss = supervised.QuantileLoss
		m.options = o
	}
	return m
}

// settings returns the names that -set takes for the model.
func (m fitModel) settings() []string {
	var out []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(m.options)) {
		if settable(f.Type) && !slices.Contains(m.unset, f.Name) {
			out = append(out, strings.ToLower(f.Name))
		}
	}
	return out
}

func settable(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Uint64, reflect.Float64, reflect.Bool:
		return true
	case reflect.Slice:
		return t.Elem().Kind() == reflect.String || t.Elem().Kind() == reflect.Float64
	}
	return false
}

// configured returns the options with the settings, name=value each, and with the seed unless that is
// among them. All faults are reported together.
func (m fitModel) configured(settings []string, seed uint64) (any, error) {
	options := reflect.New(reflect.TypeOf(m.options)).Elem()
	options.Set(reflect.ValueOf(m.options))
	if f := options.FieldByName("Seed"); f.IsValid() && f.CanUint() {
		f.SetUint(seed)
	}
	var errs []error
	for _, s := range settings {
		name, value, found := strings.Cut(s, "=")
		if !found {
			errs = append(errs, fmt.Errorf("-set %s: want NAME=VALUE", s))
			continue
		}
		known := m.settings()
		if !slices.Contains(known, name) {
			hint := "it has " + strings.Join(known, ", ")
			if guess := suggest(name, known); guess != "" {
				hint = fmt.Sprintf("did you mean %s?", guess)
			}
			errs = append(errs, fmt.Errorf("-set %s: %s has no %q: %s", s, m.name, name, hint))
			continue
		}
		f := options.FieldByNameFunc(func(field string) bool { return strings.ToLower(field) == name })
		if err := setField(f, value); err != nil {
			errs = append(errs, fmt.Errorf("-set %s: %w", s, err))
		}
	}
	return options.Interface(), errors.Join(errs...)
}

// setField parses value as the field's type has it.
func setField(f reflect.Value, value string) error {
	if named, ok := f.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return named.UnmarshalText([]byte(value))
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(value)
	case reflect.Int:
		v, err := strconv.ParseInt(value, 10, strconv.IntSize)
		if err != nil {
			return errors.New("not a whole number")
		}
		f.SetInt(v)
	case reflect.Uint64:
		v, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return errors.New("not a whole number of at least 0")
		}
		f.SetUint(v)
	case reflect.Float64:
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return errors.New("not a number")
		}
		f.SetFloat(v)
	case reflect.Bool:
		v, err := strconv.ParseBool(value)
		if err != nil {
			return errors.New("neither true nor false")
		}
		f.SetBool(v)
	default: // a slice, by commas
		parts := strings.Split(value, ",")
		list := reflect.MakeSlice(f.Type(), len(parts), len(parts))
		for k, part := range parts {
			if f.Type().Elem().Kind() == reflect.String {
				list.Index(k).SetString(part)
			} else if err := setField(list.Index(k), part); err != nil {
				return err
			}
		}
		f.Set(list)
	}
	return nil
}

// quantileOf returns the level that options with a field Quantile aim at; 0 there means the median.
func quantileOf(options any) float64 {
	if f := reflect.ValueOf(options).FieldByName("Quantile"); f.IsValid() && f.CanFloat() && f.Float() != 0 {
		return f.Float()
	}
	return 0.5
}
