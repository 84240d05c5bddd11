package supervised

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// CalibrationMethod says how scores are turned into probabilities.
type CalibrationMethod uint8

const (
	Platt    CalibrationMethod = iota // a logistic curve over the log-odds: two numbers, does with few rows
	Isotonic                          // any rising curve, by pooling adjacent violators: wants some 1,000 rows
)

// Calibration makes the probabilities of a classifier mean what they say, on rows that it was not
// fitted to. Platt scaling is Platt (1999) with the priors of its section 2.2 and the algorithm of Lin, Lin
// & Weng (2007); isotonic regression is Zadrozny & Elkan (2002), straight between its knots. With more than
// two classes each is calibrated against the rest and the results are scaled to sum to 1 (section 5 there).
// The zero value is Platt scaling.
type Calibration struct {
	Method CalibrationMethod // Platt or Isotonic
}

// Fit calibrates m on the rows of d, whose classes must be m's. A class that has none of the rows, or
// all of them, is ErrOneClass: nothing could be learned of it.
func (o Calibration) Fit(m Classifier, d *Dataset) (*CalibratedClassifier, error) {
	if o.Method > Isotonic {
		return nil, fmt.Errorf("%w: Method is %d", ErrOptions, o.Method)
	}
	sums, err := d.classWeights()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(m.Schema().Classes, d.schema.Classes) {
		return nil, fmt.Errorf("%w: the model has classes %q, the rows %q", ErrLabel, m.Schema().Classes, d.schema.Classes)
	}
	for k, s := range sums {
		if s == 0 {
			return nil, fmt.Errorf("%w: no row is %q", ErrOneClass, d.schema.Classes[k])
		}
	}
	proba, err := Probabilities(m, d)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(proba, notFinite); i >= 0 {
		return nil, fmt.Errorf("%w: the model's answer to row %d", ErrNotFinite, i/len(sums))
	}
	c := &CalibratedClassifier{inner: m, schema: m.Schema(), method: o.Method}
	for k := range sums {
		if len(sums) == 2 && k == 0 {
			continue // the other of two
		}
		points := make([]point, d.Len())
		for i := range points {
			points[i] = point{x: proba[i*len(sums)+k], weight: d.Weight(i)}
			if int(d.Target(i)) == k {
				points[i].y = 1
			}
		}
		if o.Method == Platt {
			curve, err := platt(points)
			if err != nil {
				return nil, fmt.Errorf("class %q: %w", d.schema.Classes[k], err)
			}
			c.curves = append(c.curves, curve)
		} else {
			c.curves = append(c.curves, isotonic(points))
		}
	}
	return c, c.validate()
}

// point is a weighted pair of a score and what was seen.
type point struct{ x, y, weight float64 }

// curve is a fitted calibration of one class. Platt: p = 1/(1+exp(−(y[0]·logit(x) + y[1]))). Isotonic:
// straight lines between the knots (x, y), flat outside.
type curve struct{ x, y []float64 }

func (c *curve) at(method CalibrationMethod, p float64) float64 {
	if method == Platt {
		return logistic(c.y[0]*logit(p) + c.y[1])
	}
	k, exact := slices.BinarySearch(c.x, p)
	switch {
	case exact:
		return c.y[k]
	case k == 0:
		return c.y[0]
	case k == len(c.x):
		return c.y[k-1]
	}
	t := (p - c.x[k-1]) / (c.x[k] - c.x[k-1])
	return c.y[k-1] + t*(c.y[k]-c.y[k-1])
}

// logit returns the log-odds of p, kept finite: beyond 36 a float64 cannot tell p from 1.
func logit(p float64) float64 {
	return min(max(math.Log(p/(1-p)), -36), 36)
}

// platt fits the curve by Newton's method with backtracking: Lin, Lin & Weng (2007), algorithm 1. The
// targets are not 0 and 1 but what a uniform prior makes of the counts.
func platt(points []point) (curve, error) {
	var positive, negative float64
	for _, p := range points {
		positive += p.weight * p.y
		negative += p.weight * (1 - p.y)
	}
	f, target := make([]float64, len(points)), make([]float64, len(points))
	for i, p := range points {
		f[i] = logit(p.x)
		target[i] = 1 / (negative + 2)
		if p.y == 1 {
			target[i] = (positive + 1) / (positive + 2)
		}
	}
	loss := func(a, b float64) float64 {
		var sum float64
		for i, p := range points {
			z := a*f[i] + b
			sum += p.weight * (max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - target[i]*z)
		}
		return sum
	}
	a, b := 0.0, math.Log((positive+1)/(negative+1))
	value := loss(a, b)
	for range 100 {
		const ridge = 1e-12
		haa, hab, hbb, ga, gb := ridge, 0.0, ridge, 0.0, 0.0
		for i, p := range points {
			q := logistic(a*f[i] + b)
			bend, slope := p.weight*q*(1-q), p.weight*(q-target[i])
			haa += bend * f[i] * f[i]
			hab += bend * f[i]
			hbb += bend
			ga += slope * f[i]
			gb += slope
		}
		if math.Abs(ga) < 1e-9*(positive+negative) && math.Abs(gb) < 1e-9*(positive+negative) {
			return curve{y: []float64{a, b}}, nil
		}
		det := haa*hbb - hab*hab
		da, db := -(hbb*ga-hab*gb)/det, -(haa*gb-hab*ga)/det
		slope := ga*da + gb*db
		if -slope <= 0x1p-46*value { // one more step gains digits that the loss cannot show
			return curve{y: []float64{a + da, b + db}}, nil
		}
		step := 1.0
		for ; step >= 1e-10; step /= 2 {
			if next := loss(a+step*da, b+step*db); next <= value+1e-4*step*slope {
				a, b, value = a+step*da, b+step*db, next
				break
			}
		}
		if step < 1e-10 {
			break
		}
	}
	return curve{}, fmt.Errorf("%w: Platt scaling at %v, %v", ErrNotConverged, a, b)
}

// isotonic fits the rising curve of least squares by pooling adjacent violators (Ayer et al. 1955). Rows
// of one score are pooled first.
func isotonic(points []point) curve {
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
	var scores []point // one per score
	for _, p := range points {
		n := len(scores)
		switch {
		case p.weight == 0:
		case n > 0 && scores[n-1].x == p.x:
			of := &scores[n-1]
			of.weight += p.weight
			of.y += (p.y - of.y) * p.weight / of.weight
		default:
			scores = append(scores, p)
		}
	}
	type pool struct{ first, last, mean, weight float64 }
	var pools []pool
	for _, p := range scores {
		next := pool{p.x, p.x, p.y, p.weight}
		for n := len(pools); n > 0 && pools[n-1].mean >= next.mean; n-- {
			before := pools[n-1]
			weight := before.weight + next.weight
			next = pool{before.first, next.last, before.mean + (next.mean-before.mean)*next.weight/weight, weight}
			pools = pools[:n-1]
		}
		pools = append(pools, next)
	}
	var c curve
	for _, p := range pools {
		c.x, c.y = append(c.x, p.first), append(c.y, min(max(p.mean, 0), 1))
		if p.last > p.first {
			c.x, c.y = append(c.x, p.last), append(c.y, min(max(p.mean, 0), 1))
		}
	}
	return c
}

// scaleToOne scales p to sum 1, or makes it uniform when all are 0.
func scaleToOne(p []float64) {
	sum := floats.Sum(p)
	for k := range p {
		if sum > 0 {
			p[k] /= sum
		} else {
			p[k] = 1 / float64(len(p))
		}
	}
}
