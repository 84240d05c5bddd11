package supervised

import (
	"fmt"
	"math"
	"slices"
)

// asymmetricLoss is the squared loss with a weight for each side; Newey & Powell, Asymmetric Least
// Squares Estimation and Testing (1987).
type asymmetricLoss struct {
	pointLoss
	under, over float64
}

func (l *asymmetricLoss) side(y, score float64) float64 {
	if score < y {
		return l.under
	}
	return l.over
}

// base walks to the expectile: the fixed point of a mean weighted by side.
func (l *asymmetricLoss) base() []float64 {
	s := l.average(l.d.Target)
	for range 100 {
		var shift, weight float64
		for i := range l.d.Len() {
			w := l.d.Weight(i) * l.side(l.d.Target(i), s)
			shift += w * (l.d.Target(i) - s)
			weight += w
		}
		if shift/weight == 0 || l.under == l.over {
			break
		}
		s += shift / weight
	}
	return []float64{s}
}

func (l *asymmetricLoss) gradient(row, _ int, score float64) (g, h float64) {
	y := l.d.Target(row)
	w := l.side(y, score)
	return w * (score - y), w
}

func (l *asymmetricLoss) mean(scores []float64) float64 {
	return l.average(func(i int) float64 {
		r := l.d.Target(i) - scores[i]
		return l.side(l.d.Target(i), scores[i]) * r * r / 2
	})
}

// quantileLoss is the pinball loss times scale: Koenker & Bassett, Regression Quantiles (1978). A leaf
// answers with the quantile of its residuals.
type quantileLoss struct {
	pointLoss
	q, scale float64
}

func (l *quantileLoss) base() []float64 { return []float64{l.quantile(l.q, l.d.Target)} }

func (l *quantileLoss) gradient(row, _ int, score float64) (g, h float64) {
	if l.d.Target(row) > score {
		return -l.q * l.scale, 1
	}
	return (1 - l.q) * l.scale, 1
}

func (l *quantileLoss) refine(rows []residual, _ float64) float64 {
	for i := range rows {
		rows[i].value = l.d.Target(rows[i].row) - rows[i].score
	}
	return weightedQuantile(rows, l.q)
}

func (l *quantileLoss) mean(scores []float64) float64 {
	return l.average(func(i int) float64 {
		r := l.d.Target(i) - scores[i]
		return l.scale * max(l.q*r, (l.q-1)*r)
	})
}

// huberLoss is squared up to delta and linear beyond. A leaf answers with the median of its residuals
// and the mean of what is left, cut at delta: Friedman (2001), algorithm 4.
type huberLoss struct {
	pointLoss
	fixed, delta float64
}

func (l *huberLoss) base() []float64 {
	return []float64{l.quantile(0.5, l.d.Target)}
}

func (l *huberLoss) begin(scores []float64) {
	l.delta = l.fixed
	if l.delta == 0 {
		l.delta = l.quantile(0.9, func(i int) float64 { return math.Abs(l.d.Target(i) - scores[i]) })
	}
}

func (l *huberLoss) cut(r float64) float64 { return min(max(r, -l.delta), l.delta) }

func (l *huberLoss) gradient(row, _ int, score float64) (g, h float64) {
	return l.cut(score - l.d.Target(row)), 1
}

func (l *huberLoss) refine(rows []residual, _ float64) float64 {
	for i := range rows {
		rows[i].value = l.d.Target(rows[i].row) - rows[i].score
	}
	median := weightedQuantile(rows, 0.5)
	var sum, weight float64
	for _, r := range rows {
		sum += r.weight * l.cut(r.value-median)
		weight += r.weight
	}
	return median + sum/weight
}

// mean is the loss itself when Delta is given; when it follows the residuals, values of different rounds
// could not be compared, and the mean absolute difference stands in.
func (l *huberLoss) mean(scores []float64) float64 {
	return l.average(func(i int) float64 {
		r := math.Abs(l.d.Target(i) - scores[i])
		switch {
		case l.fixed == 0:
			return r
		case r <= l.fixed:
			return r * r / 2
		}
		return l.fixed * (r - l.fixed/2)
	})
}

// poissonLoss is the negative log-likelihood of a count whose mean is e^score. A leaf answers with the
// logarithm of what was seen over what was expected, which is exact.
type poissonLoss struct{ pointLoss }

func newPoissonLoss(p pointLoss) (*poissonLoss, error) {
	var sum float64
	for i := range p.d.Len() {
		y := p.d.Target(i)
		if y < 0 {
			return nil, fmt.Errorf("%w: the target of row %d is %v, the Poisson loss needs numbers of at least 0", ErrTask, i, y)
		}
		sum += p.d.Weight(i) * y
	}
	if sum == 0 {
		return nil, fmt.Errorf("%w: all targets are 0, the Poisson loss has no finite answer to that", ErrTask)
	}
	return &poissonLoss{p}, nil
}

func (l *poissonLoss) base() []float64 { return []float64{math.Log(l.average(l.d.Target))} }

func (l *poissonLoss) gradient(row, _ int, score float64) (g, h float64) {
	mu := math.Exp(score)
	return mu - l.d.Target(row), mu
}

func (l *poissonLoss) refine(rows []residual, newton float64) float64 {
	var seen, expected float64
	for _, r := range rows {
		seen += r.weight * l.d.Target(r.row)
		expected += r.weight * math.Exp(r.score)
	}
	if v := math.Log(seen / expected); v > newton && !notFinite(v) {
		return v
	}
	return newton // −1 at least: where nothing was seen the logarithm has no end
}

func (l *poissonLoss) mean(scores []float64) float64 {
	return l.average(func(i int) float64 { return math.Exp(scores[i]) - l.d.Target(i)*scores[i] })
}

// censoredLoss is the negative log-likelihood of a target that is normal about the score with one
// deviation for all rows, and known only to be at least its limit where it reached it: Tobin, Estimation
// of Relationships for Limited Dependent Variables (1958). The deviation is estimated anew each round by
// the expectation-maximisation step. Gradients are multiplied by its square.
type censoredLoss struct {
	pointLoss
	cut   []bool
	sigma float64
}

func newCensoredLoss(p pointLoss, limit string) (*censoredLoss, error) {
	j := slices.IndexFunc(p.d.schema.Columns, func(c Column) bool { return c.Name == limit })
	if j < 0 {
		return nil, fmt.Errorf("%w: Limit names %q", ErrNoSuchColumn, limit)
	}
	if p.d.schema.Columns[j].Kind != Numeric {
		return nil, fmt.Errorf("%w: Limit names %q, which is categorical", ErrOptions, limit)
	}
	l := &censoredLoss{pointLoss: p, cut: make([]bool, p.d.Len())}
	whole := false
	for i := range l.cut {
		l.cut[i] = p.d.Target(i) >= p.d.Value(i, j) // a missing limit cuts nothing
		whole = whole || !l.cut[i] && p.d.Weight(i) > 0
	}
	if !whole {
		return nil, fmt.Errorf("%w: every row that counts reached its limit in %q", ErrTask, limit)
	}
	return l, nil
}

func (l *censoredLoss) base() []float64 {
	mean := l.average(l.d.Target)
	constant := make([]float64, l.d.Len())
	for range 50 { // expectation-maximisation for one mean and deviation
		for i := range constant {
			constant[i] = mean
		}
		l.begin(constant)
		mean -= l.average(func(i int) float64 { g, _ := l.gradient(i, 0, mean); return g })
	}
	return []float64{mean}
}

func (l *censoredLoss) begin(scores []float64) {
	if l.sigma == 0 {
		l.sigma = math.Sqrt(l.average(func(i int) float64 { r := l.d.Target(i) - scores[i]; return r * r }))
	}
	l.sigma = math.Sqrt(l.average(func(i int) float64 {
		r := l.d.Target(i) - scores[i]
		if !l.cut[i] {
			return r * r
		}
		return l.sigma * l.sigma * (1 + r/l.sigma*mills(r/l.sigma)) // E[(Y−s)² | Y ≥ limit]
	}))
	l.sigma = max(l.sigma, 1e-9*(1+math.Abs(scores[0])))
}

func (l *censoredLoss) gradient(row, _ int, score float64) (g, h float64) {
	r := l.d.Target(row) - score
	if !l.cut[row] {
		return -r, 1
	}
	z := r / l.sigma
	m := mills(z)
	return -l.sigma * m, min(max(m*(m-z), 1e-3), 1)
}

func (l *censoredLoss) mean(scores []float64) float64 {
	if l.sigma == 0 {
		l.begin(scores)
	}
	return l.average(func(i int) float64 {
		r := l.d.Target(i) - scores[i]
		if !l.cut[i] {
			return r*r/(2*l.sigma*l.sigma) + math.Log(l.sigma) + math.Log(2*math.Pi)/2
		}
		return -logTail(r / l.sigma)
	})
}

// logTail is the logarithm of the chance that a standard normal number is above z.
func logTail(z float64) float64 {
	if z > 30 { // erfc is 0 beyond 38; its first terms at infinity do from here on
		return -z*z/2 - math.Log(z) - math.Log(2*math.Pi)/2 + math.Log1p(-1/(z*z)+3/(z*z*z*z))
	}
	return math.Log(math.Erfc(z/math.Sqrt2) / 2)
}

// mills is the density at z over the chance of more: how far beyond z a standard normal number lies on
// average when it does.
func mills(z float64) float64 { return math.Exp(-z*z/2-logTail(z)) / math.Sqrt(2*math.Pi) }
