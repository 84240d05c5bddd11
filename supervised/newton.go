package supervised

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// logisticLoss is the penalised negative log-likelihood of LogisticRegression, divided by C:
//
//	f(θ) = Σ weight·(−log p(class | x)) + ½·penalty·‖w‖²
//
// θ is outputs rows of p weights and an intercept. One output is the logistic score of the second of
// two classes, more are softmax scores.
type logisticLoss struct {
	*design
	outputs int
	class   []int // per row
	penalty float64

	proba []float64 // n×outputs, at the θ that value saw last
}

// value returns f(θ) and keeps the probabilities for gradient and curvature.
func (l *logisticLoss) value(theta []float64) float64 {
	if l.proba == nil {
		l.proba = make([]float64, l.n*l.outputs)
	}
	var sum float64
	for i := range l.n {
		z := l.proba[i*l.outputs : (i+1)*l.outputs]
		l.scores(z, theta, i)
		if l.outputs == 1 {
			// −log p = log(1+eᶻ) − y·z, written so that e never overflows.
			sum += l.weight[i] * (max(z[0], 0) + math.Log1p(math.Exp(-math.Abs(z[0]))) - float64(l.class[i])*z[0])
			z[0] = logistic(z[0])
			continue
		}
		own, total := z[l.class[i]], floats.LogSumExp(z)
		sum += l.weight[i] * (total - own)
		for k := range z {
			z[k] = math.Exp(z[k] - total)
		}
	}
	for k := range l.outputs {
		w := l.row(theta, k)[:l.p]
		sum += l.penalty / 2 * floats.Dot(w, w)
	}
	return sum
}

// scores writes the scores of row i into z.
func (l *logisticLoss) scores(z, theta []float64, i int) {
	x := l.x[i*l.p : (i+1)*l.p]
	for k := range z {
		t := l.row(theta, k)
		z[k] = t[l.p] + floats.Dot(t[:l.p], x)
	}
}

func (l *logisticLoss) row(theta []float64, k int) []float64 {
	return theta[k*(l.p+1) : (k+1)*(l.p+1)]
}

// gradient writes ∇f into g and the diagonal of ∇²f into diagonal.
func (l *logisticLoss) gradient(g, diagonal, theta []float64) {
	clear(g)
	clear(diagonal)
	for i := range l.n {
		x := l.x[i*l.p : (i+1)*l.p]
		for k := range l.outputs {
			p := l.proba[i*l.outputs+k]
			slope, bend := l.weight[i]*(p-l.is(i, k)), l.weight[i]*p*(1-p)
			gk, dk := l.row(g, k), l.row(diagonal, k)
			for s, v := range x {
				gk[s] += slope * v
				dk[s] += bend * v * v
			}
			gk[l.p] += slope
			dk[l.p] += bend
		}
	}
	for k := range l.outputs {
		floats.AddScaled(l.row(g, k)[:l.p], l.penalty, l.row(theta, k)[:l.p])
		floats.AddConst(l.penalty, l.row(diagonal, k)[:l.p])
	}
}

// is returns 1 when output k stands for the class of row i, else 0.
func (l *logisticLoss) is(i, k int) float64 {
	if l.outputs == 1 {
		return float64(l.class[i])
	}
	if l.class[i] == k {
		return 1
	}
	return 0
}

// curvature writes ∇²f·v into hv.
func (l *logisticLoss) curvature(hv, v, scratch []float64) {
	clear(hv)
	for i := range l.n {
		x := l.x[i*l.p : (i+1)*l.p]
		p := l.proba[i*l.outputs : (i+1)*l.outputs]
		l.scores(scratch, v, i)
		if l.outputs == 1 {
			scratch[0] *= 1 - p[0]
		} else {
			floats.AddConst(-floats.Dot(p, scratch), scratch)
		}
		for k, a := range scratch {
			a *= l.weight[i] * p[k]
			row := l.row(hv, k)
			floats.AddScaled(row[:l.p], a, x)
			row[l.p] += a
		}
	}
	for k := range l.outputs {
		floats.AddScaled(l.row(hv, k)[:l.p], l.penalty, l.row(v, k)[:l.p])
	}
}

// minimise finds the least f by truncated Newton steps from θ = 0: each step solves ∇²f·d = −∇f by
// conjugate gradients, preconditioned by the diagonal, and goes back along d until f falls enough.
// See Nocedal & Wright, Numerical Optimization (2006), algorithm 7.1. f is convex, so the end is the
// optimum. What f does not settle, a shift of all softmax intercepts together, is settled by making
// them sum to 0.
func minimise(l *logisticLoss, tolerance float64, iterations int) ([]float64, error) {
	theta, err := l.descend(tolerance, iterations)
	if err != nil || l.outputs == 1 {
		return theta, err
	}
	var mean float64
	for k := range l.outputs {
		mean += l.row(theta, k)[l.p] / float64(l.outputs)
	}
	for k := range l.outputs {
		l.row(theta, k)[l.p] -= mean
	}
	return theta, nil
}

func (l *logisticLoss) descend(tolerance float64, iterations int) ([]float64, error) {
	dim := l.outputs * (l.p + 1)
	theta, trial := make([]float64, dim), make([]float64, dim)
	g, diagonal := make([]float64, dim), make([]float64, dim)
	f := l.value(theta)
	l.gradient(g, diagonal, theta)
	first := floats.Norm(g, 2)
	for range iterations {
		norm := floats.Norm(g, 2)
		if norm <= tolerance*first {
			return theta, nil
		}
		d := l.direction(g, diagonal, min(0.1, math.Sqrt(norm/first)))
		slope := floats.Dot(g, d)
		rounding := 0x1p-46 * math.Abs(f)
		if -slope <= rounding {
			floats.Add(theta, d) // one more Newton step gains digits that f cannot show
			return theta, nil
		}
		step := 1.0
		for {
			floats.AddScaledTo(trial, theta, step, d)
			if ft := l.value(trial); ft <= f+1e-4*step*slope+rounding {
				f = ft
				break
			}
			step /= 2
			if step < 0x1p-40 {
				return nil, fmt.Errorf("%w: no way down from %v, gradient %v", ErrNotConverged, f, norm)
			}
		}
		theta, trial = trial, theta
		l.gradient(g, diagonal, theta)
	}
	return nil, fmt.Errorf("%w: gradient %v of %v left after %d steps", ErrNotConverged, floats.Norm(g, 2), first, iterations)
}

// direction solves ∇²f·d = −g until the residual is the given share of g.
func (l *logisticLoss) direction(g, diagonal []float64, share float64) []float64 {
	dim := len(g)
	d, hv, scratch := make([]float64, dim), make([]float64, dim), make([]float64, l.outputs)
	residual, z, along := make([]float64, dim), make([]float64, dim), make([]float64, dim)
	floats.ScaleTo(residual, -1, g)
	precondition := func() {
		for s, r := range residual {
			z[s] = r / max(diagonal[s], 0x1p-300)
		}
	}
	precondition()
	copy(along, z)
	rz := floats.Dot(residual, z)
	end := share * floats.Norm(g, 2)
	for range 10 * dim {
		if floats.Norm(residual, 2) <= end {
			break
		}
		l.curvature(hv, along, scratch)
		bend := floats.Dot(along, hv)
		if !(bend > 0) {
			break // flat to rounding
		}
		alpha := rz / bend
		floats.AddScaled(d, alpha, along)
		floats.AddScaled(residual, -alpha, hv)
		precondition()
		next := floats.Dot(residual, z)
		floats.AddScaledTo(along, z, next/rz, along)
		rz = next
	}
	if floats.Norm(d, 2) == 0 {
		copy(d, along) // steepest descent
	}
	return d
}
