package supervised

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Loss is what GradientBoosting lowers for a number y, with s what the trees say.
//
// CensoredLoss is for targets that were cut at a limit known beforehand, such as the run times of jobs
// killed at what they asked for: a row whose target is at least its value in the column Limit says only
// that its number would have been at least that. It assumes that the target (take the logarithm of a run
// time, and of its limit) is normal about s with one deviation for all rows, which it estimates, and that
// the limit says nothing of the target beyond what the features do. Where that is wrong, so is how far
// beyond the limit it answers.
type Loss uint8

const (
	SquaredLoss    Loss = iota // (y−s)²/2: s becomes the mean
	AbsoluteLoss               // |y−s|: the median
	HuberLoss                  // squared up to Delta, linear beyond: a mean that outliers move little
	QuantileLoss               // Quantile·(y−s) above, (1−Quantile)·(s−y) below: that quantile
	PoissonLoss                // eˢ − y·s, for y ≥ 0 such as counts: the mean; the model predicts eˢ
	AsymmetricLoss             // squared, times Under where s < y and Over where s > y: an expectile
	CensoredLoss               // normal about s, at least y where y reached its Limit: the mean without limits
)

var lossNames = []string{"squared", "absolute", "huber", "quantile", "poisson", "asymmetric", "censored"}

// String returns the loss's name in lower case.
func (l Loss) String() string {
	if int(l) < len(lossNames) {
		return lossNames[l]
	}
	return fmt.Sprintf("Loss(%d)", uint8(l))
}

// ParseLoss returns the loss of that name, and ErrOptions for a name it does not know.
func ParseLoss(name string) (Loss, error) {
	if i := slices.Index(lossNames, name); i >= 0 {
		return Loss(i), nil
	}
	return 0, fmt.Errorf("%w: no loss is called %q: there are %q", ErrOptions, name, lossNames)
}

// MarshalText returns the loss's name, ErrOptions for a number that is no loss.
func (l Loss) MarshalText() ([]byte, error) {
	if int(l) >= len(lossNames) {
		return nil, fmt.Errorf("%w: %v", ErrOptions, l)
	}
	return []byte(l.String()), nil
}

// UnmarshalText sets the loss by its name, as ParseLoss knows it, so that files and flags can hold one.
func (l *Loss) UnmarshalText(text []byte) error {
	parsed, err := ParseLoss(string(text))
	if err == nil {
		*l = parsed
	}
	return err
}

// validateLoss reports parameters out of range, and parameters of another loss.
func (o GradientBoosting) validateLoss() error {
	var errs []error
	if int(o.Loss) >= len(lossNames) {
		errs = append(errs, fmt.Errorf("%w: Loss is %v", ErrOptions, o.Loss))
	}
	for _, p := range []struct {
		name  string
		value float64
		loss  Loss
		most  float64
	}{
		{"Quantile", o.Quantile, QuantileLoss, 1}, {"Delta", o.Delta, HuberLoss, math.Inf(1)},
		{"Under", o.Under, AsymmetricLoss, math.Inf(1)}, {"Over", o.Over, AsymmetricLoss, math.Inf(1)},
	} {
		if p.value == 0 {
			continue
		}
		if o.Loss != p.loss {
			errs = append(errs, fmt.Errorf("%w: %s belongs to the %v loss, not the %v one", ErrOptions, p.name, p.loss, o.Loss))
		}
		if !(p.value > 0 && p.value < p.most) {
			errs = append(errs, fmt.Errorf("%w: %s is %v", ErrOptions, p.name, p.value))
		}
	}
	if (o.Limit != "") != (o.Loss == CensoredLoss) {
		errs = append(errs, fmt.Errorf("%w: Limit is %q with the %v loss", ErrOptions, o.Limit, o.Loss))
	}
	return errors.Join(errs...)
}

// loss is a loss on the rows of one Dataset. Rows are named by their number, outputs by theirs.
type loss interface {
	outputs() int
	base() []float64        // the best constants, where the fit starts
	begin(scores []float64) // before each round, with all that the trees so far say, row-major
	// gradient returns the first and second derivative for one row, before its weight.
	gradient(row, output int, score float64) (g, h float64)
	mean(scores []float64) float64 // weighted mean loss
}

// refiner is a loss whose leaves find their answer by looking at their rows again.
type refiner interface {
	// refine returns the number that, added to the scores of the rows, serves them best. newton is what
	// the sums of the gradients say. It may reorder rows.
	refine(rows []residual, newton float64) float64
}

// residual is a row as refine sees it.
type residual struct {
	row           int
	weight, score float64
	value         float64 // for refine's own use
}

// regressionLoss makes the loss that the options name.
func (o GradientBoosting) regressionLoss(d *Dataset) (loss, error) {
	p := pointLoss{d: d}
	switch o.Loss {
	case AbsoluteLoss:
		return &quantileLoss{pointLoss: p, q: 0.5, scale: 2}, nil
	case QuantileLoss:
		return &quantileLoss{pointLoss: p, q: cmp.Or(o.Quantile, 0.5), scale: 1}, nil
	case HuberLoss:
		return &huberLoss{pointLoss: p, fixed: o.Delta}, nil
	case AsymmetricLoss:
		return &asymmetricLoss{pointLoss: p, under: cmp.Or(o.Under, 1), over: cmp.Or(o.Over, 1)}, nil
	case PoissonLoss:
		return newPoissonLoss(p)
	case CensoredLoss:
		return newCensoredLoss(p, o.Limit)
	default:
		return &asymmetricLoss{pointLoss: p, under: 1, over: 1}, nil
	}
}

// pointLoss is what the losses of a number have in common.
type pointLoss struct{ d *Dataset }

func (p *pointLoss) outputs() int    { return 1 }
func (p *pointLoss) begin([]float64) {}

// average returns the weighted mean of f over the rows.
func (p *pointLoss) average(f func(row int) float64) float64 {
	var sum, weight float64
	for i := range p.d.Len() {
		if w := p.d.Weight(i); w > 0 {
			sum += w * f(i)
			weight += w
		}
	}
	return sum / weight
}

// quantile returns the least value f takes at or below which lies at least the share q of the weight.
func (p *pointLoss) quantile(q float64, f func(row int) float64) float64 {
	all := make([]residual, 0, p.d.Len())
	for i := range p.d.Len() {
		if w := p.d.Weight(i); w > 0 {
			all = append(all, residual{weight: w, value: f(i)})
		}
	}
	return weightedQuantile(all, q)
}

// weightedQuantile sorts rows by value.
func weightedQuantile(rows []residual, q float64) float64 {
	slices.SortFunc(rows, func(a, b residual) int { return cmp.Compare(a.value, b.value) })
	var total, below float64
	for _, r := range rows {
		total += r.weight
	}
	for i, r := range rows {
		below += r.weight
		if below > q*total {
			return r.value
		}
		if below == q*total && i+1 < len(rows) {
			return between(r.value, rows[i+1].value) // between the two, as the median is
		}
	}
	return rows[len(rows)-1].value
}
