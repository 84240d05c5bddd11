package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// BoostedClassifier is a GradientBoosting fitted to classes. Immutable; safe for concurrent use.
type BoostedClassifier struct {
	schema Schema
	trees  ensemble
	held   []float64
}

// Schema returns a copy of what the model expects of a row, and its classes.
func (m *BoostedClassifier) Schema() Schema { return m.schema.clone() }

// Predict returns the probability of class 1: see Model.
func (m *BoostedClassifier) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	if m.trees.outputs == 1 {
		return sigmoid(m.trees.predictOne(0, x))
	}
	var few [smallRow]float64
	if m.trees.outputs <= smallRow {
		scores := few[:m.trees.outputs]
		m.trees.predict(scores, x)
		softmaxInPlace(scores)
		return scores[1]
	}
	scratch := rowScratch.Get().(*scratchRow)
	scratch.output = slices.Grow(scratch.output[:0], m.trees.outputs)[:m.trees.outputs]
	m.trees.predict(scratch.output, x)
	softmaxInPlace(scratch.output)
	p := scratch.output[1]
	rowScratch.Put(scratch)
	return p
}

// PredictProba writes the probability of each class into dst: see Classifier.
func (m *BoostedClassifier) PredictProba(dst, x []float64) error {
	if err := checkWidths(&m.schema, dst, x); err != nil {
		return err
	}
	if m.trees.outputs == 1 {
		dst[1] = sigmoid(m.trees.predictOne(0, x))
		dst[0] = 1 - dst[1]
		return nil
	}
	m.trees.predict(dst, x)
	softmaxInPlace(dst)
	return nil
}

// Rounds returns how many rounds of trees the model has: fewer than asked for when Held ended the fit,
// or when no tree could be split any more.
func (m *BoostedClassifier) Rounds() int { return len(m.trees.roots) / m.trees.outputs }

// HeldLoss returns the mean loss on Held after each round of the fit, nil when there was no Held.
func (m *BoostedClassifier) HeldLoss() []float64 { return slices.Clone(m.held) }

// Importance returns for each column its share of all loss that the splits took away. It favours
// columns of many values; PermutationImportance does not.
func (m *BoostedClassifier) Importance() []float64 { return slices.Clone(m.trees.gains) }

// Splits returns how many splits each column has in all trees, in the order of the schema.
func (m *BoostedClassifier) Splits() []int { return m.trees.splitCounts() }

func (m *BoostedClassifier) validate() error {
	k := len(m.schema.Classes)
	if k < 2 || k == 2 && m.trees.outputs != 1 || k > 2 && m.trees.outputs != k {
		return fmt.Errorf("%w: %d classes, trees for %d", ErrModel, k, m.trees.outputs)
	}
	return errors.Join(m.schema.validate(), m.trees.validateBoosted(&m.schema))
}

// BoostedRegressor is a GradientBoosting fitted to numbers. Immutable; safe for concurrent use.
type BoostedRegressor struct {
	schema  Schema
	trees   ensemble
	logLink bool // the trees speak of the logarithm
	held    []float64
}

// Schema returns a copy of what the model expects of a row.
func (m *BoostedRegressor) Schema() Schema { return m.schema.clone() }

// Predict returns the model's estimate: see Model.
func (m *BoostedRegressor) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	return m.link(m.trees.predictOne(0, x))
}

// link turns what the trees say into an estimate.
func (m *BoostedRegressor) link(v float64) float64 {
	if m.logLink {
		return math.Exp(v)
	}
	return v
}

// Rounds returns how many trees the model has: see BoostedClassifier.Rounds.
func (m *BoostedRegressor) Rounds() int { return len(m.trees.roots) }

// HeldLoss returns the mean loss on Held after each round of the fit, nil when there was no Held.
func (m *BoostedRegressor) HeldLoss() []float64 { return slices.Clone(m.held) }

// Importance returns each column's share of the loss taken away: see BoostedClassifier.Importance.
func (m *BoostedRegressor) Importance() []float64 { return slices.Clone(m.trees.gains) }

// Splits returns how many splits each column has in all trees, in the order of the schema.
func (m *BoostedRegressor) Splits() []int { return m.trees.splitCounts() }

func (m *BoostedRegressor) validate() error {
	if m.schema.Classes != nil || m.trees.outputs != 1 {
		return fmt.Errorf("%w: a regressor with %d classes, trees for %d outputs", ErrModel, len(m.schema.Classes), m.trees.outputs)
	}
	return errors.Join(m.schema.validate(), m.trees.validateBoosted(&m.schema))
}

// validateBoosted is validateFor for trees that are added up, one for each output in turn.
func (e *ensemble) validateBoosted(s *Schema) error {
	if e.mean || e.leafWidth != 1 || len(e.roots)%max(e.outputs, 1) != 0 {
		return fmt.Errorf("%w: %d trees of %d numbers for %d outputs", ErrModel, len(e.roots), e.leafWidth, e.outputs)
	}
	return e.validateFor(s)
}
