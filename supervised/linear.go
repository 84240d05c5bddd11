package supervised

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// LinearRegression is least squares, or ridge regression when L2 is above 0: it minimises
// Σ weight·(y − b − w·x)² + L2·‖w‖² with a free intercept b. See Hastie, Tibshirani & Friedman, The
// Elements of Statistical Learning, sections 3.2 and 3.4.1. The zero value is plain least squares.
//
// A categorical column has one weight per level, a missing value counts as its column's mean, a
// constant column gets weight 0. Where columns depend on each other, the weights of least norm are
// taken.
type LinearRegression struct {
	L2          float64 // at least 0; 0 does not shrink
	Standardise bool    // scale columns to unit variance first, so that L2 treats them alike
}

// Fit solves by a singular value decomposition. It holds three copies of the rows, 8 bytes a
// cell, two of them with a categorical column as wide as its levels.
func (o LinearRegression) Fit(d *Dataset) (*LinearModel, error) {
	if !(o.L2 >= 0) || math.IsInf(o.L2, 0) {
		return nil, fmt.Errorf("%w: L2 is %v", ErrOptions, o.L2)
	}
	if err := d.checkRegression(); err != nil {
		return nil, err
	}
	g, err := newDesign(d, o.Standardise)
	if err != nil {
		return nil, err
	}
	y := d.Targets()
	x := g.dense()
	var mean, total float64
	for i, w := range g.weight {
		mean += w * y[i]
		total += w
	}
	mean /= total
	// Centring under weights needs Σ weight·x = 0, which missing values at the mean do not disturb.
	for i, w := range g.weight {
		root := math.Sqrt(w)
		y[i] = (y[i] - mean) * root
		for s := range g.p {
			x[i*g.p+s] *= root
		}
	}
	weights, err := ridge(mat.NewDense(g.n, g.p, x), mat.NewVecDense(g.n, y), o.L2)
	if err != nil {
		return nil, err
	}
	m := &LinearModel{schema: d.Schema(), terms: g.terms(weights, []float64{mean})}
	return m, m.validate()
}

// ridge returns V diag(s/(s²+l2)) Uᵀ y, leaving out the directions in which x does not vary.
func ridge(x *mat.Dense, y *mat.VecDense, l2 float64) ([]float64, error) {
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThin) {
		return nil, fmt.Errorf("%w: singular value decomposition", ErrNotConverged)
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	values := svd.Values(nil)
	n, p := x.Dims()
	cutoff := values[0] * float64(max(n, p)) * 0x1p-52
	var along mat.VecDense
	along.MulVec(u.T(), y)
	for k, s := range values {
		if s <= cutoff {
			along.SetVec(k, 0)
		} else {
			along.SetVec(k, along.AtVec(k)*s/(s*s+l2))
		}
	}
	var w mat.VecDense
	w.MulVec(&v, &along)
	return w.RawVector().Data, nil
}

// LinearModel is a fitted LinearRegression or QuantileRegression. Immutable; safe for concurrent use.
type LinearModel struct {
	schema Schema
	terms  terms
}

// Schema returns a copy of what the model expects of a row.
func (m *LinearModel) Schema() Schema { return m.schema.clone() }

// Predict returns the estimate for one row: see Model.
func (m *LinearModel) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	return m.terms.score(0, x)
}

// Intercept returns the estimate at a row of zeros.
func (m *LinearModel) Intercept() float64 { return m.terms.intercept[0] }

// Weights returns the weights of column j, in the column's own unit: one, or one per level.
func (m *LinearModel) Weights(j int) []float64 { return m.terms.column(0, j) }

func (m *LinearModel) validate() error {
	if m.schema.Classes != nil {
		return fmt.Errorf("%w: a regressor with classes", ErrModel)
	}
	return errors.Join(m.schema.validate(), m.terms.validate(m.schema.Columns, 1))
}
