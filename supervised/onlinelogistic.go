package supervised

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// OnlineLogistic is logistic regression (softmax for more than two classes) that learns row by row, by
// stochastic gradient steps with a rate of its own for each weight, whatever the columns' units:
// algorithm NAG of Ross, Mineiro & Langford (2013), "Normalized online learning", which scales AdaGrad
// (Duchi, Hazan & Singer 2011). A missing value has a weight of its own in each column. There is no
// penalty. The zero value works.
type OnlineLogistic struct {
	Rate float64 // step size, above 0; 0 means 0.5
}

// Start returns a trainer for rows of schema s, whose model gives all classes the same probability.
func (o OnlineLogistic) Start(s Schema) (*OnlineLogisticTrainer, error) {
	if o.Rate == 0 {
		o.Rate = 0.5
	}
	if !(o.Rate > 0) || math.IsInf(o.Rate, 0) {
		return nil, fmt.Errorf("%w: Rate is %v", ErrOptions, o.Rate)
	}
	if err := s.checkClasses(); err != nil {
		return nil, err
	}
	t := &OnlineLogisticTrainer{schema: s.clone(), layout: newLayout(s.Columns), rate: o.Rate, outputs: outputs(len(s.Classes))}
	t.width = t.layout.slots() + len(s.Columns) + 1
	t.weights, t.squares = make([]float64, t.outputs*t.width), make([]float64, t.outputs*t.width)
	t.scale = make([]float64, t.width)
	t.score = make([]float64, t.outputs)
	return t, nil
}

// OnlineLogisticTrainer is a running OnlineLogistic. Its memory does not grow. Not safe for concurrent
// use.
type OnlineLogisticTrainer struct {
	schema  Schema
	layout  layout
	rate    float64
	outputs int
	width   int       // slots, then the missing value of each column, then the intercept
	weights []float64 // outputs×width
	squares []float64 // outputs×width: Σ of squared gradients
	scale   []float64 // the largest |value| seen
	norm    float64   // Σ over rows of Σ (value/scale)²
	rows    float64

	active []int // of the present row
	value  []float64
	score  []float64
}

// PartialFit takes one row: see Incremental.
func (t *OnlineLogisticTrainer) PartialFit(x []float64, y float64) error {
	if err := t.schema.checkRow(x, y); err != nil {
		return err
	}
	t.activate(x)
	for n, s := range t.active {
		size := math.Abs(t.value[n])
		if size > t.scale[s] {
			for k := range t.outputs {
				t.weights[k*t.width+s] *= t.scale[s] / size
			}
			t.scale[s] = size
		}
		ratio := size / t.scale[s]
		t.norm += ratio * ratio
	}
	t.rows++
	for k := range t.score {
		t.score[k] = 0
		for n, s := range t.active {
			t.score[k] += t.weights[k*t.width+s] * t.value[n]
		}
	}
	if t.outputs == 1 {
		t.score[0] = logistic(t.score[0]) - y
	} else {
		total := floats.LogSumExp(t.score)
		for k, z := range t.score {
			t.score[k] = math.Exp(z - total)
		}
		t.score[int(y)]--
	}
	rate := t.rate * math.Sqrt(t.rows/t.norm)
	for k, slope := range t.score {
		for n, s := range t.active {
			at := k*t.width + s
			// In units of the scale, so that squares of huge values do not overflow.
			g := slope * (t.value[n] / t.scale[s])
			if g == 0 {
				continue
			}
			t.squares[at] += g * g
			t.weights[at] -= rate * g / (t.scale[s] * math.Sqrt(t.squares[at]))
		}
	}
	return nil
}

// activate lists what of x is not 0.
func (t *OnlineLogisticTrainer) activate(x []float64) {
	t.active, t.value = t.active[:0], t.value[:0]
	add := func(slot int, v float64) {
		if v != 0 {
			t.active, t.value = append(t.active, slot), append(t.value, v)
		}
	}
	for j, v := range x {
		switch {
		case math.IsNaN(v):
			add(t.layout.slots()+j, 1)
		case t.layout.categorical[j]:
			add(t.layout.first[j]+int(v), 1)
		default:
			add(t.layout.first[j], v)
		}
	}
	add(t.width-1, 1)
}

// Model returns what has been learned so far, a *LogisticModel.
func (t *OnlineLogisticTrainer) Model() Model {
	m := &LogisticModel{schema: t.schema.clone(), terms: terms{layout: t.layout}}
	for k := range t.schema.Classes {
		m.present = append(m.present, k)
	}
	slots := t.layout.slots()
	for w := range slices.Chunk(t.weights, t.width) {
		m.terms.weights = append(m.terms.weights, w[:slots]...)
		m.terms.missing = append(m.terms.missing, w[slots:t.width-1]...)
		m.terms.intercept = append(m.terms.intercept, w[t.width-1])
	}
	return m
}
