package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ForestClassifier is a RandomForest fitted to classes. Immutable; safe for concurrent use.
type ForestClassifier struct {
	schema   Schema
	forest   ensemble
	outOfBag ClassifierScores
}

// Schema returns a copy of what the model expects of a row, and its classes.
func (m *ForestClassifier) Schema() Schema { return m.schema.clone() }

// Predict returns the mean over the trees of the probability of class 1: see Model.
func (m *ForestClassifier) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	return m.forest.predictOne(1, x)
}

// PredictProba writes the mean over the trees of the class probabilities into dst: see Classifier.
func (m *ForestClassifier) PredictProba(dst, x []float64) error {
	if err := checkWidths(&m.schema, dst, x); err != nil {
		return err
	}
	m.forest.predict(dst, x)
	return nil
}

// OutOfBag returns the scores on the training rows, each predicted only by trees that did not see it:
// an estimate of the error on new rows. Rows is 0, and the scores are NaN, without a bootstrap.
func (m *ForestClassifier) OutOfBag() ClassifierScores { return m.outOfBag }

// Importance returns for each column its share of all impurity that the splits took away, averaged
// over the trees. It favours columns of many values; PermutationImportance does not.
func (m *ForestClassifier) Importance() []float64 { return slices.Clone(m.forest.gains) }

// Splits returns how many splits each column has in all trees, in the order of the schema.
func (m *ForestClassifier) Splits() []int { return m.forest.splitCounts() }

func (m *ForestClassifier) validate() error {
	if len(m.schema.Classes) < 2 || m.forest.outputs != len(m.schema.Classes) {
		return fmt.Errorf("%w: %d classes, %d values in a leaf", ErrModel, len(m.schema.Classes), m.forest.outputs)
	}
	return errors.Join(m.schema.validate(), m.forest.validateFor(&m.schema))
}

// ForestRegressor is a RandomForest fitted to numbers. Immutable; safe for concurrent use.
type ForestRegressor struct {
	schema   Schema
	forest   ensemble
	outOfBag RegressorScores
}

// Schema returns a copy of what the model expects of a row.
func (m *ForestRegressor) Schema() Schema { return m.schema.clone() }

// Predict returns the mean of the trees' estimates: see Model.
func (m *ForestRegressor) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	return m.forest.predictOne(0, x)
}

// OutOfBag returns the scores on the training rows: see ForestClassifier.OutOfBag.
func (m *ForestRegressor) OutOfBag() RegressorScores { return m.outOfBag }

// Importance returns each column's share of the variance taken away: see ForestClassifier.Importance.
func (m *ForestRegressor) Importance() []float64 { return slices.Clone(m.forest.gains) }

// Splits returns how many splits each column has in all trees, in the order of the schema.
func (m *ForestRegressor) Splits() []int { return m.forest.splitCounts() }

func (m *ForestRegressor) validate() error {
	if m.schema.Classes != nil || m.forest.outputs != 1 {
		return fmt.Errorf("%w: a regressor with %d classes, %d values in a leaf", ErrModel, len(m.schema.Classes), m.forest.outputs)
	}
	return errors.Join(m.schema.validate(), m.forest.validateFor(&m.schema))
}
