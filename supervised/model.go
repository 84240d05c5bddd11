package supervised

import (
	"fmt"
	"math"
)

// Model is what every fitted model is: immutable and safe for concurrent use.
//
// Predict takes one row in the column order of the Dataset that was fitted, keeps none of it, and
// does not allocate. A regressor returns its estimate, a classifier the probability of class 1 (the
// second of two classes). A NaN in x is a missing value. A row of the wrong width is answered with
// NaN, never with a number that could be taken for an estimate.
//
// A Model that is also a Classifier gives the probabilities of all classes; one that is also an
// io.WriterTo can be saved, and ReadModel reads it back.
type Model interface {
	Predict(x []float64) float64
}

// Classifier is a fitted model whose target is a class.
type Classifier interface {
	Model
	// Schema describes the rows that the model expects and names its classes.
	Schema() Schema
	// PredictProba writes the probability of each class into dst, which has one place per class.
	// They are at least 0 and sum to 1. It returns ErrWidth, and leaves dst alone, when dst or x is
	// of the wrong width.
	PredictProba(dst, x []float64) error
}

// rowsModel is a Model that answers many rows faster than one by one, with the same bits.
type rowsModel interface {
	PredictRows(dst, rows []float64) error
}

// Predictions returns m's answer for each row of d.
func Predictions(m Model, d *Dataset) []float64 {
	out := make([]float64, d.Len())
	var x []float64
	if many, ok := m.(rowsModel); ok {
		const block = 4096
		var rows []float64
		for start := 0; start < len(out); start += block {
			end := min(start+block, len(out))
			rows = rows[:0]
			for i := start; i < end; i++ {
				x = d.Row(x, i)
				rows = append(rows, x...)
			}
			if err := many.PredictRows(out[start:end], rows); err != nil {
				for i := range out { // the only fault is that of a width, which Predict answers so
					out[i] = math.NaN()
				}
				return out
			}
		}
		return out
	}
	for i := range out {
		x = d.Row(x, i)
		out[i] = m.Predict(x)
	}
	return out
}

// Probabilities returns m's probabilities for each row of d, row-major with one column per class.
func Probabilities(m Classifier, d *Dataset) ([]float64, error) {
	k := len(m.Schema().Classes)
	out := make([]float64, d.Len()*k)
	var x []float64
	for i := range d.Len() {
		x = d.Row(x, i)
		if err := m.PredictProba(out[i*k:(i+1)*k], x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkWidths is the common test of PredictProba.
func checkWidths(s *Schema, dst, x []float64) error {
	if len(dst) == len(s.Classes) && len(x) == len(s.Columns) {
		return nil
	}
	return fmt.Errorf("%w: %d features and %d classes, the model has %d and %d",
		ErrWidth, len(x), len(dst), len(s.Columns), len(s.Classes))
}

// argmax returns the place of the largest value, the lowest of equals.
func argmax(p []float64) int {
	best := 0
	for k, v := range p {
		if v > p[best] {
			best = k
		}
	}
	return best
}
