package supervised

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// logisticLoss is the smooth part of what LogisticRegression minimises, divided by C:
//
//	f(θ) = Σ weight·(−log p(class | x)) + ½·penalty·‖w‖²
//
// θ is outputs rows of p weights and an intercept. One output is the logistic score of the second of
// two classes, more are softmax scores.
type logisticLoss struct {
	*design
	outputs int
	class   []int   // per row
	penalty float64 // on ½‖w‖²
	lasso   float64 // on ‖w‖₁, which evaluate adds to the value but not to the gradient

	proba    []float64 // outputs×n, at the θ that evaluate saw last
	operands []operand // one per output
	back     []operand // one per output
	block    []float64 // outputs×blockRows
	shared   []float64 // blockRows
}

func (l *logisticLoss) dim() int { return l.outputs * (l.p + 1) }

func (l *logisticLoss) row(theta []float64, k int) []float64 {
	return theta[k*(l.p+1) : (k+1)*(l.p+1)]
}

func (l *logisticLoss) prepare() {
	if l.proba != nil {
		return
	}
	l.proba = make([]float64, l.n*l.outputs)
	l.block, l.shared = make([]float64, l.outputs*l.blockRows), make([]float64, l.blockRows)
	for range l.outputs {
		l.operands, l.back = append(l.operands, newOperand(l.design)), append(l.back, newOperand(l.design))
	}
}

// load sets the operands to θ, clears the others and zeroes the intercepts of dst.
func (l *logisticLoss) load(dst, theta []float64) {
	l.prepare()
	for k := range l.outputs {
		l.operands[k].load(l.design, l.row(theta, k)[:l.p])
		l.back[k].clear()
		l.row(dst, k)[l.p] = 0
	}
}

// unload writes what was gathered into dst and adds penalty·theta.
func (l *logisticLoss) unload(dst, theta []float64) {
	for k := range l.outputs {
		row := l.row(dst, k)[:l.p]
		l.back[k].unload(l.design, row)
		floats.AddScaled(row, l.penalty, l.row(theta, k)[:l.p])
	}
}

// scores writes X·w + b of output k for the rows lo to lo+len(z) into z.
func (l *logisticLoss) scores(z, theta []float64, k, lo int) {
	b := l.row(theta, k)[l.p]
	for i := range z {
		z[i] = b
	}
	l.operands[k].forward(l.design, z, lo)
}

// evaluate returns f(θ) + lasso·‖w‖₁, writes ∇f(θ) into g, and keeps the probabilities for curvature.
func (l *logisticLoss) evaluate(g, theta []float64) float64 {
	l.load(g, theta)
	var sum float64
	for lo := 0; lo < l.n; lo += l.blockRows {
		hi := min(lo+l.blockRows, l.n)
		for k := range l.outputs {
			l.scores(l.proba[k*l.n+lo:k*l.n+hi], theta, k, lo)
		}
		if l.outputs == 1 {
			sum += l.binary(lo, hi)
		} else {
			sum += l.softmax(lo, hi)
		}
		for k := range l.outputs {
			slope := l.block[k*l.blockRows : k*l.blockRows+hi-lo]
			l.back[k].backward(l.design, slope, lo)
			l.row(g, k)[l.p] += floats.Sum(slope)
		}
	}
	l.unload(g, theta)
	for k := range l.outputs {
		w := l.row(theta, k)[:l.p]
		sum += l.penalty/2*floats.Dot(w, w) + l.lasso*floats.Norm(w, 1)
	}
	return sum
}

// binary turns the scores of the rows lo to hi into probabilities, writes the slopes of the loss into
// block and returns the loss.
//
// −log p is log(1+eᶻ) − y·z, or max(z, 0) − y·z + log(1+e^−|z|), whose last term's argument is
// between 1 and 2: so one logarithm of a product serves up to 512 rows of one weight.
func (l *logisticLoss) binary(lo, hi int) float64 {
	proba, weight, class := l.proba[lo:hi], l.weight[lo:hi], l.class[lo:hi]
	slope := l.block[:hi-lo]
	var sum float64
	product, factors, of := 1.0, 0, weight[0]
	for i, z := range proba {
		if factors == 512 || weight[i] != of {
			sum += of * math.Log(product)
			product, factors, of = 1, 0, weight[i]
		}
		e := math.Exp(-math.Abs(z))
		product *= 1 + e
		factors++
		p, y := 1/(1+e), float64(class[i])
		lost := -y * z
		if z < 0 {
			p *= e
		} else {
			lost += z
		}
		sum += of * lost
		proba[i], slope[i] = p, of*(p-y)
	}
	return sum + of*math.Log(product)
}

// softmax does for several outputs what binary does for one.
func (l *logisticLoss) softmax(lo, hi int) float64 {
	highest := l.shared[:hi-lo]
	copy(highest, l.proba[lo:hi])
	for k := 1; k < l.outputs; k++ {
		for i, z := range l.proba[k*l.n+lo : k*l.n+hi] {
			highest[i] = max(highest[i], z)
		}
	}
	var sum float64
	for i, class := range l.class[lo:hi] {
		sum += l.weight[lo+i] * (highest[i] - l.proba[class*l.n+lo+i])
	}
	total := make([]float64, hi-lo)
	for k := range l.outputs {
		for i, z := range l.proba[k*l.n+lo : k*l.n+hi] {
			e := math.Exp(z - highest[i])
			l.proba[k*l.n+lo+i] = e
			total[i] += e
		}
	}
	for i, t := range total {
		sum += l.weight[lo+i] * math.Log(t)
	}
	for k := range l.outputs {
		slope := l.block[k*l.blockRows:]
		for i, t := range total {
			p := l.proba[k*l.n+lo+i] / t
			l.proba[k*l.n+lo+i] = p
			if l.class[lo+i] == k {
				p--
			}
			slope[i] = l.weight[lo+i] * p
		}
	}
	return sum
}

// curvature writes ∇²f·v into hv.
func (l *logisticLoss) curvature(hv, v []float64) {
	l.load(hv, v)
	for lo := 0; lo < l.n; lo += l.blockRows {
		hi := min(lo+l.blockRows, l.n)
		weight := l.weight[lo:hi]
		mean := l.shared[:hi-lo] // Σ over the outputs of p·u
		clear(mean)
		for k := range l.outputs {
			u, proba := l.block[k*l.blockRows:k*l.blockRows+hi-lo], l.proba[k*l.n+lo:k*l.n+hi]
			l.scores(u, v, k, lo)
			for i, p := range proba {
				mean[i] += p * u[i]
			}
		}
		for k := range l.outputs {
			u, proba := l.block[k*l.blockRows:k*l.blockRows+hi-lo], l.proba[k*l.n+lo:k*l.n+hi]
			for i, p := range proba {
				u[i] = weight[i] * p * (u[i] - mean[i])
			}
			l.back[k].backward(l.design, u, lo)
			l.row(hv, k)[l.p] += floats.Sum(u)
		}
	}
	l.unload(hv, v)
}

// curvatureDiagonal writes the diagonal of ∇²f into dst.
func (l *logisticLoss) curvatureDiagonal(dst []float64) {
	for k := range l.outputs {
		row := l.row(dst, k)
		row[l.p] = 0
		l.back[k].clear()
		for lo := 0; lo < l.n; lo += l.blockRows {
			hi := min(lo+l.blockRows, l.n)
			bend := l.shared[:hi-lo]
			for i, p := range l.proba[k*l.n+lo : k*l.n+hi] {
				bend[i] = l.weight[lo+i] * p * (1 - p)
			}
			l.back[k].backwardSquares(l.design, bend, lo)
			row[l.p] += floats.Sum(bend)
		}
		l.back[k].unloadSquares(l.design, row[:l.p])
		floats.AddConst(l.penalty, row[:l.p])
	}
}
