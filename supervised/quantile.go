package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// QuantileRegression is the linear model of a quantile of the target: it minimises
//
//	Σ weight·ρ(y − b − w·x)    with ρ(r) = Quantile·r for r ≥ 0, (Quantile−1)·r below
//
// See Koenker & Bassett (1978). The zero value is the median, which is least absolute deviations.
//
// A categorical column has one weight per level, a missing value counts as its column's mean, a
// constant column gets weight 0. Lines of different quantiles may cross away from the data.
type QuantileRegression struct {
	Quantile   float64 // in (0, 1); 0 means 0.5
	Tolerance  float64 // stop when the loss is within this share of its minimum, proved by duality; 0 means 1e-9
	Iterations int     // interior-point steps at most, then ErrNotConverged; 0 means 100
}

func (o QuantileRegression) withDefaults() QuantileRegression {
	if o.Quantile == 0 {
		o.Quantile = 0.5
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-9
	}
	if o.Iterations == 0 {
		o.Iterations = 100
	}
	return o
}

func (o QuantileRegression) validate() error {
	var errs []error
	if !(o.Quantile > 0 && o.Quantile < 1) {
		errs = append(errs, fmt.Errorf("%w: Quantile is %v, not in (0, 1)", ErrOptions, o.Quantile))
	}
	if !(o.Tolerance > 0 && o.Tolerance < 1) {
		errs = append(errs, fmt.Errorf("%w: Tolerance is %v, not in (0, 1)", ErrOptions, o.Tolerance))
	}
	if o.Iterations < 0 {
		errs = append(errs, fmt.Errorf("%w: Iterations is %d", ErrOptions, o.Iterations))
	}
	return errors.Join(errs...)
}

// Fit solves the linear program by an interior-point method, in units of the target's spread. It holds
// two dense copies of the rows, 8 bytes a cell, with a categorical column as wide as its levels. Same
// data, same bits.
func (o QuantileRegression) Fit(d *Dataset) (*LinearModel, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := d.checkRegression(); err != nil {
		return nil, err
	}
	g, err := newDesign(d, true)
	if err != nil {
		return nil, err
	}
	// ρ is homogeneous, so a row of weight w is that row and its target times w.
	p := quantileProgram{quantile: o.Quantile, width: g.p + 1}
	var mean, spread, total float64
	for i, w := range g.weight {
		mean += w * d.Target(i)
		total += w
	}
	mean /= total
	for i, w := range g.weight {
		spread += w * math.Abs(d.Target(i)-mean)
	}
	spread /= total
	if notFinite(spread) || slices.ContainsFunc(g.scale, notFinite) {
		return nil, fmt.Errorf("%w: the spread of the target or of a column", ErrNotFinite)
	}
	m := &LinearModel{schema: d.Schema()}
	if spread <= 0x1p-40*math.Abs(mean) {
		m.terms = g.terms(make([]float64, g.p), []float64{mean}) // all targets are the same
		return m, m.validate()
	}
	x := g.dense()
	for i, w := range g.weight {
		if w == 0 {
			continue
		}
		w /= total
		for _, v := range x[i*g.p : (i+1)*g.p] {
			p.x = append(p.x, w*v)
		}
		p.x = append(p.x, w)
		p.y = append(p.y, w*(d.Target(i)-mean)/spread)
	}
	beta, err := p.solve(o.Tolerance, o.Iterations)
	if err != nil {
		return nil, err
	}
	for s := range beta {
		beta[s] *= spread
	}
	m.terms = g.terms(beta[:g.p], []float64{beta[g.p] + mean})
	return m, m.validate()
}
