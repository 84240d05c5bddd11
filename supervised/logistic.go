package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// LogisticRegression is maximum-likelihood classification with an elastic-net penalty: it minimises
//
//	C·Σ weight·(−log p(class | x)) + L1Ratio·‖w‖₁ + ½(1−L1Ratio)·‖w‖²
//
// where p is the logistic function of b + w·x for two classes and the softmax of one such score per
// class for more; intercepts are free. C and L1Ratio mean what they mean in scikit-learn. See Hastie,
// Tibshirani & Friedman, The Elements of Statistical Learning, section 4.4, and Zou & Hastie (2005)
// for the penalty. The zero value is C = 1, L2 alone, unscaled.
//
// A categorical column has one weight per level, a missing value counts as its column's mean, a
// constant column gets weight 0. A class without rows gets probability 0.
type LogisticRegression struct {
	C           float64 // weight of the data against the penalty, above 0; 0 means 1
	L1Ratio     float64 // share of the L1 penalty, in [0, 1]: above 0, weights become exactly 0; 0 is L2 alone
	Standardise bool    // scale columns to unit variance first, so that the penalty treats them alike
	Tolerance   float64 // stop when the gradient's norm is this share of the first; 0 means 1e-6
	Iterations  int     // Newton steps at most, then ErrNotConverged; 0 means 200
}

func (o LogisticRegression) withDefaults() LogisticRegression {
	if o.C == 0 {
		o.C = 1
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-6
	}
	if o.Iterations == 0 {
		o.Iterations = 200
	}
	return o
}

func (o LogisticRegression) validate() error {
	var errs []error
	if !(o.C > 0) || math.IsInf(o.C, 0) {
		errs = append(errs, fmt.Errorf("%w: C is %v, must be above 0", ErrOptions, o.C))
	}
	if !(o.L1Ratio >= 0 && o.L1Ratio <= 1) {
		errs = append(errs, fmt.Errorf("%w: L1Ratio is %v, not in [0, 1]", ErrOptions, o.L1Ratio))
	}
	if !(o.Tolerance > 0 && o.Tolerance < 1) {
		errs = append(errs, fmt.Errorf("%w: Tolerance is %v, not in (0, 1)", ErrOptions, o.Tolerance))
	}
	if o.Iterations < 0 {
		errs = append(errs, fmt.Errorf("%w: Iterations is %d", ErrOptions, o.Iterations))
	}
	return errors.Join(errs...)
}

// Fit runs Newton's method to convergence. It holds a copy of the rows, 8 bytes a cell (4 in
// categorical columns), and three numbers a row for each class beyond two. Same data, same bits.
func (o LogisticRegression) Fit(d *Dataset) (*LogisticModel, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	sums, err := d.classWeights()
	if err != nil {
		return nil, err
	}
	g, err := newDesign(d, o.Standardise)
	if err != nil {
		return nil, err
	}
	m := &LogisticModel{schema: d.Schema()}
	place := make([]int, len(sums)) // of each class among those that have rows
	for k, s := range sums {
		if s > 0 {
			place[k] = len(m.present)
			m.present = append(m.present, k)
		}
	}
	loss := &logisticLoss{design: g, outputs: outputs(len(m.present)), penalty: (1 - o.L1Ratio) / o.C, lasso: o.L1Ratio / o.C}
	loss.class = make([]int, g.n)
	for i := range loss.class {
		loss.class[i] = place[int(d.Target(i))]
	}
	theta, err := minimise(loss, o.Tolerance, o.Iterations)
	if err != nil {
		return nil, err
	}
	var weights, intercept []float64
	for row := range slices.Chunk(theta, g.p+1) {
		weights = append(weights, row[:g.p]...)
		intercept = append(intercept, row[g.p])
	}
	m.terms = g.terms(weights, intercept)
	return m, m.validate()
}

// outputs returns how many scores tell n classes apart: two need one.
func outputs(n int) int {
	if n == 2 {
		return 1
	}
	return n
}

// LogisticModel is a fitted LogisticRegression. Immutable; safe for concurrent use.
type LogisticModel struct {
	schema  Schema
	present []int // the classes that had rows, ascending; the others have probability 0
	terms   terms // one output for the second of two present classes, else one per present class
}

// Schema returns a copy of what the model expects of a row, and its classes.
func (m *LogisticModel) Schema() Schema { return m.schema.clone() }

// Predict returns the probability of class 1: see Model.
func (m *LogisticModel) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	at, found := slices.BinarySearch(m.present, 1)
	if !found {
		return 0
	}
	if len(m.present) == 2 {
		return logistic(float64(2*at-1) * m.terms.score(0, x))
	}
	// The softmax written as 1/Σ exp(score − score₁), which needs no room for the scores.
	own := m.terms.score(at, x)
	var sum float64
	for k := range m.present {
		if k == at {
			sum++
		} else {
			sum += math.Exp(m.terms.score(k, x) - own)
		}
	}
	return 1 / sum
}

// PredictProba writes the probabilities of the classes into dst: see Classifier.
func (m *LogisticModel) PredictProba(dst, x []float64) error {
	if err := checkWidths(&m.schema, dst, x); err != nil {
		return err
	}
	clear(dst)
	if len(m.present) == 2 {
		p := logistic(m.terms.score(0, x))
		dst[m.present[0]], dst[m.present[1]] = 1-p, p
		return nil
	}
	highest := math.Inf(-1)
	for k, class := range m.present {
		dst[class] = m.terms.score(k, x)
		highest = max(highest, dst[class])
	}
	var sum float64
	for _, class := range m.present {
		dst[class] = math.Exp(dst[class] - highest)
		sum += dst[class]
	}
	for _, class := range m.present {
		dst[class] /= sum
	}
	return nil
}

// Intercept returns the intercept of the score of a class. With two classes that had rows the second
// has the score, and the first has none: 0. A class without rows has −Inf.
func (m *LogisticModel) Intercept(class int) float64 {
	k, ok := slices.BinarySearch(m.present, class)
	switch {
	case !ok:
		return math.Inf(-1)
	case len(m.present) > 2:
		return m.terms.intercept[k]
	}
	return float64(k) * m.terms.intercept[0]
}

// Weights returns the weights of column j in the score of a class, in the column's own unit: one, or
// one per level. They are 0 where the class has no score of its own: see Intercept.
func (m *LogisticModel) Weights(class, j int) []float64 {
	k, ok := slices.BinarySearch(m.present, class)
	if ok && len(m.present) > 2 {
		return m.terms.column(k, j)
	}
	w := m.terms.column(0, j)
	if !ok || k == 0 {
		clear(w)
	}
	return w
}

func (m *LogisticModel) validate() error {
	n := len(m.present)
	if n < 2 || !slices.IsSorted(m.present) || m.present[0] < 0 || m.present[n-1] >= len(m.schema.Classes) ||
		len(slices.Compact(slices.Clone(m.present))) != n {
		return fmt.Errorf("%w: present classes %v of %d", ErrModel, m.present, len(m.schema.Classes))
	}
	return errors.Join(m.schema.validate(), m.terms.validate(m.schema.Columns, outputs(n)))
}

// logistic is 1/(1+e⁻ᶻ), right at both ends.
func logistic(z float64) float64 {
	if z >= 0 {
		return 1 / (1 + math.Exp(-z))
	}
	e := math.Exp(z)
	return e / (1 + e)
}
