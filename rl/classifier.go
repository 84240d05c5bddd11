package rl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/supervised"
)

// Classifier is a multilayer perceptron for tables: the layers of the learners of this package, fitted as a
// model of package supervised. It minimises, by Adam in minibatches,
//
//	Σ weight·loss / Σ weight + ½·L2·‖w‖²
//
// where loss is the binary cross-entropy of one logistic output for two classes and the cross-entropy of a
// softmax for more; biases are free. Without hidden layers it is a logistic regression. See Goodfellow,
// Bengio & Courville (2016), chapters 6 to 8. The zero value works.
//
// A numeric column is centred on its weighted mean and scaled to unit variance, a categorical one has a
// number for each level, less the level's share. A missing value counts as the mean, as does a level without
// rows; a constant column does not matter; values beyond a million spreads count as that far. A class
// without rows gets probability 0.
type Classifier struct {
	// Network is the shape and how it is fitted. Hidden nil means 32, 32, StepSize.Alpha 0 means 1e-3 and
	// MaxNorm 0 means +Inf. Context is for candidates and has no place here.
	Network NetworkOptions

	Epochs int     // passes over the rows, at most; 0 means 200
	Batch  int     // rows a step; 0 means 32. As many as there are rows or more: all at once, in their order
	L2     float64 // weight of the penalty on large weights; 0: none

	// HoldOut is the share of the rows, at most one half, that is kept back to stop early: the model is that
	// of the epoch with the least loss on them. They are drawn within each class, or as whole groups where
	// the Dataset has more than one group. 0: none, and the model is that of the last epoch.
	HoldOut  float64
	Patience int // epochs without a new least loss after which a fit with a HoldOut ends; 0 means 10

	Seed uint64 // source of all randomness

	Progress func(ClassifierEpoch) // called after each epoch, from the goroutine of Fit; nil: silent
}

// ClassifierEpoch says how a fit stood after one pass over the rows.
type ClassifierEpoch struct {
	Epoch   int     // counted from 1
	Loss    float64 // weighted mean over the rows that are learned from, in nats, each before its own step
	HeldOut float64 // weighted mean over the rows held out, in nats, after the epoch; NaN without them
}

func (o Classifier) withDefaults() Classifier {
	if o.Network.Hidden == nil {
		o.Network.Hidden = []int{32, 32}
	}
	o.Network = o.Network.withDefaults(lepton.Spec{}, 1e-3, math.Inf(1))
	for _, f := range [...]struct {
		field *int
		value int
	}{{&o.Epochs, 200}, {&o.Batch, 32}, {&o.Patience, 10}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return o
}

func (o Classifier) validate() error {
	var errs []error
	fault := func(bad bool, name string, value any, want string) {
		if bad {
			errs = append(errs, fmt.Errorf("rl: Classifier.%s is %v, want %s", name, value, want))
		}
	}
	fault(o.Network.Context, "Network.Context", true, "false: a row has no candidates beside it")
	o.Network.Context = false
	errs = append(errs, o.Network.validate())
	fault(o.Epochs < 0, "Epochs", o.Epochs, "0 or more")
	fault(o.Batch < 0, "Batch", o.Batch, "0 or more")
	fault(!(o.L2 >= 0) || math.IsInf(o.L2, 0), "L2", o.L2, "a finite number from 0")
	fault(!(o.HoldOut >= 0 && o.HoldOut <= 0.5), "HoldOut", o.HoldOut, "0 to 0.5")
	fault(o.Patience < 0, "Patience", o.Patience, "0 or more")
	return errors.Join(errs...)
}

// Fit fits a network to d, whose target must be a class. It holds a copy of the rows, 4 bytes a cell, with a
// categorical column as wide as its levels. Same data, same options, same kernel level: same bits, on any
// number of Workers.
//
// All faults of the options are reported together. Faults of the data wrap the errors of package supervised
// (ErrTask, ErrOneClass, ErrAllMissing), and ErrNotFinite says that a step overflowed. It ends with the error
// of ctx as soon as that is done: a fit may take minutes, unlike most of package supervised.
func (o Classifier) Fit(ctx context.Context, d *supervised.Dataset) (*ClassifierModel, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	f, err := newClassifierFit(o, d)
	if err == nil {
		err = f.run(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("rl: fitting a classifier: %w", err)
	}
	return f.model, nil
}

// ClassifierModel is a fitted Classifier: a supervised.Classifier, a policy.Model and a lepton.Saver, which
// ReadClassifier reads back. Immutable, safe for concurrent use.
type ClassifierModel struct {
	schema  supervised.Schema
	present []int // the classes that had rows, ascending; the others have probability 0
	inputs  tableInputs
	net     *network
	params  []float32
	history []ClassifierEpoch

	scratch sync.Pool // of *lepton.Scratch
}

// Schema returns a copy of what the model expects of a row, and its classes.
func (m *ClassifierModel) Schema() supervised.Schema {
	s := m.schema
	s.Columns, s.Classes = slices.Clone(s.Columns), slices.Clone(s.Classes)
	for j := range s.Columns {
		s.Columns[j].Levels = slices.Clone(s.Columns[j].Levels)
	}
	return s
}

// History returns a copy of how the fit went, epoch by epoch.
func (m *ClassifierModel) History() []ClassifierEpoch { return slices.Clone(m.history) }

// Predict returns the probability of class 1, and NaN for a row of the wrong width: see supervised.Model. It
// allocates only while no memory of an earlier call is free.
func (m *ClassifierModel) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	at, found := slices.BinarySearch(m.present, 1)
	if !found {
		return 0
	}
	s := m.borrow()
	defer m.scratch.Put(s)
	return m.probabilities(x, s)[at]
}

// PredictProba writes the probabilities of the classes into dst: see supervised.Classifier. It allocates as
// little as Predict.
func (m *ClassifierModel) PredictProba(dst, x []float64) error {
	if len(x) != len(m.schema.Columns) || len(dst) != len(m.schema.Classes) {
		return fmt.Errorf("%w: %d features and %d classes, the model has %d and %d",
			supervised.ErrWidth, len(x), len(dst), len(m.schema.Columns), len(m.schema.Classes))
	}
	s := m.borrow()
	defer m.scratch.Put(s)
	clear(dst)
	for k, p := range m.probabilities(x, s) {
		dst[m.present[k]] = p
	}
	return nil
}

func (m *ClassifierModel) borrow() *lepton.Scratch {
	s, _ := m.scratch.Get().(*lepton.Scratch)
	if s == nil {
		s = new(lepton.Scratch)
	}
	s.Reset()
	return s
}

// probabilities returns those of the present classes, in memory of s.
func (m *ClassifierModel) probabilities(x []float64, s *lepton.Scratch) []float64 {
	row, out := s.Floats32(m.inputs.slots()), s.Floats32(m.net.outputs)
	m.inputs.encode(row, x)
	m.net.net.Evaluate(out, m.params, nil, row, 1, s)
	p := s.Floats(len(m.present))
	if len(out) == 1 {
		p[0], p[1] = logistic(-float64(out[0])), logistic(float64(out[0]))
		return p
	}
	sum := logSumExp(out)
	for k, z := range out {
		p[k] = math.Exp(float64(z) - sum)
	}
	return p
}

// logistic is 1/(1+e⁻ᶻ), right at both ends.
func logistic(z float64) float64 {
	if z >= 0 {
		return 1 / (1 + math.Exp(-z))
	}
	e := math.Exp(z)
	return e / (1 + e)
}

// logSumExp is log Σ eᶻ.
func logSumExp(z []float32) float64 {
	top, sum := float64(slices.Max(z)), 0.0
	for _, v := range z {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}
