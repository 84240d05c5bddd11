package supervised

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// minimise finds the least F = f + λ‖w‖₁ from θ = 0. See Nocedal & Wright, Numerical Optimization
// (2006), algorithm 7.1, for the truncated Newton step: it solves ∇²f·d = −∇f by conjugate gradients,
// preconditioned by the diagonal, and goes back along d until F falls enough. With λ above 0 the step
// is taken in the orthant that the steepest descent points into, over the weights that are or may
// become other than 0 (Andrew & Gao 2007, section 3.2), and a proximal gradient step follows, which
// alone would converge (Beck & Teboulle 2009, theorem 3.1), so that the whole does.
//
// F is convex, so the end is the optimum. What F does not settle, a shift of all softmax intercepts
// together, is settled by making them sum to 0.
func minimise(l *logisticLoss, tolerance float64, iterations int) ([]float64, error) {
	s := newDescent(l)
	if err := s.run(tolerance, iterations); err != nil {
		return nil, err
	}
	if l.outputs > 1 {
		var mean float64
		for k := range l.outputs {
			mean += l.row(s.theta, k)[l.p] / float64(l.outputs)
		}
		for k := range l.outputs {
			l.row(s.theta, k)[l.p] -= mean
		}
	}
	return s.theta, nil
}

// descent is the state of one minimisation. g is ∇f at theta; steepest is the negative of the
// sub-gradient of F of least norm, exactly 0 where a weight stays at 0.
type descent struct {
	*logisticLoss
	theta, g, steepest, diagonal []float64
	trial, gTrial                []float64
	value                        float64 // F(theta)

	d, hv, residual, z, along []float64 // of the conjugate gradients
}

func newDescent(l *logisticLoss) *descent {
	s := &descent{logisticLoss: l}
	for _, v := range []*[]float64{
		&s.theta, &s.g, &s.steepest, &s.diagonal, &s.trial, &s.gTrial, &s.d, &s.hv, &s.residual, &s.z, &s.along,
	} {
		*v = make([]float64, l.dim())
	}
	return s
}

func (s *descent) run(tolerance float64, iterations int) error {
	s.value = s.evaluate(s.g, s.theta)
	first := s.updateSteepest()
	norm := first
	for range iterations {
		if norm <= tolerance*first {
			return nil
		}
		s.curvatureDiagonal(s.diagonal)
		s.direction(min(0.25, math.Sqrt(norm/first)))
		done, err := s.search()
		if err != nil {
			return err
		}
		if done {
			return nil
		}
		if s.lasso > 0 {
			s.updateSteepest()
			if err := s.proximal(); err != nil {
				return err
			}
		}
		norm = s.updateSteepest()
	}
	if norm <= tolerance*first {
		return nil
	}
	return fmt.Errorf("%w: gradient %v of %v left after %d steps", ErrNotConverged, norm, first, iterations)
}

// updateSteepest sets steepest from g and theta and returns its norm.
func (s *descent) updateSteepest() float64 {
	floats.ScaleTo(s.steepest, -1, s.g)
	if s.lasso > 0 {
		for k := range s.outputs {
			theta, down := s.row(s.theta, k), s.row(s.steepest, k)
			for i, w := range theta[:s.p] {
				switch {
				case w > 0:
					down[i] -= s.lasso
				case w < 0:
					down[i] += s.lasso
				default:
					down[i] = soft(down[i], s.lasso)
				}
			}
		}
	}
	return floats.Norm(s.steepest, 2)
}

// soft moves v towards 0 by by, and not past it.
func soft(v, by float64) float64 {
	return math.Copysign(max(math.Abs(v)-by, 0), v)
}

// search takes the longest of the steps 1, ½, ¼, … along d that lowers F enough. It reports done when
// F can show no more.
func (s *descent) search() (done bool, err error) {
	rounding := 0x1p-46 * math.Abs(s.value)
	if floats.Dot(s.steepest, s.d) <= rounding {
		s.advance(1) // one more Newton step gains digits that F cannot show
		s.theta, s.trial = s.trial, s.theta
		return true, nil
	}
	for step := 1.0; step >= 0x1p-40; step /= 2 {
		promised := s.advance(step)
		if value := s.evaluate(s.gTrial, s.trial); value <= s.value-1e-4*promised+rounding {
			s.accept(value)
			return false, nil
		}
	}
	if s.lasso > 0 {
		s.value = s.evaluate(s.g, s.theta) // nothing along d: the proximal step goes on from here
		return false, nil
	}
	return false, fmt.Errorf("%w: no way down from %v, gradient %v", ErrNotConverged, s.value, floats.Norm(s.steepest, 2))
}

// advance sets trial to theta + step·d, stopped at 0 where a weight would leave its orthant, and
// returns by how much F would fall if it were linear.
func (s *descent) advance(step float64) float64 {
	floats.AddScaledTo(s.trial, s.theta, step, s.d)
	if s.lasso > 0 {
		for k := range s.outputs {
			theta, down, trial := s.row(s.theta, k), s.row(s.steepest, k), s.row(s.trial, k)
			for i, w := range theta[:s.p] {
				if w == 0 {
					w = down[i]
				}
				if trial[i]*w <= 0 {
					trial[i] = 0
				}
			}
		}
	}
	var promised float64
	for i, v := range s.steepest {
		promised += v * (s.trial[i] - s.theta[i])
	}
	return promised
}

// proximal takes one step of proximal gradient descent in the metric of the diagonal D:
// θ ← soft(θ − ∇f/(aD), λ/(aD)), with a doubled until f lies below its bound
// f(θ) + ∇f·δ + ½a·δᵀDδ, which makes F fall.
func (s *descent) proximal() error {
	rounding := 0x1p-46 * math.Abs(s.value)
	for a := 1.0; a <= 0x1p60; a *= 2 {
		var model float64
		for i, w := range s.theta {
			by, scale := 0.0, a*max(s.diagonal[i], 0x1p-300)
			if i%(s.p+1) != s.p {
				by = s.lasso
			}
			s.trial[i] = soft(w-s.g[i]/scale, by/scale)
			delta := s.trial[i] - w
			model += s.g[i]*delta + scale/2*delta*delta + by*(math.Abs(s.trial[i])-math.Abs(w))
		}
		if value := s.evaluate(s.gTrial, s.trial); value <= s.value+model+rounding {
			s.accept(value)
			return nil
		}
	}
	return fmt.Errorf("%w: no way down from %v", ErrNotConverged, s.value)
}

func (s *descent) accept(value float64) {
	s.value = value
	s.theta, s.trial = s.trial, s.theta
	s.g, s.gTrial = s.gTrial, s.g
}

// direction solves ∇²f·d = steepest over the weights that may move, until the residual is the given
// share of what it was.

func (s *descent) direction(share float64) {
	clear(s.d)
	copy(s.residual, s.steepest)
	precondition := func() {
		for i, r := range s.residual {
			s.z[i] = r / max(s.diagonal[i], 0x1p-300)
		}
	}
	precondition()
	copy(s.along, s.z)
	rz := floats.Dot(s.residual, s.z)
	end := share * floats.Norm(s.residual, 2)
	for range 10 * s.dim() {
		if floats.Norm(s.residual, 2) <= end {
			break
		}
		s.curvature(s.hv, s.along)
		if s.lasso > 0 {
			for i, w := range s.theta {
				if w == 0 && s.steepest[i] == 0 {
					s.hv[i] = 0
				}
			}
		}
		bend := floats.Dot(s.along, s.hv)
		if !(bend > 0) {
			break // flat to rounding
		}
		alpha := rz / bend
		floats.AddScaled(s.d, alpha, s.along)
		floats.AddScaled(s.residual, -alpha, s.hv)
		precondition()
		next := floats.Dot(s.residual, s.z)
		floats.AddScaledTo(s.along, s.z, next/rz, s.along)
		rz = next
	}
	if floats.Norm(s.d, 2) == 0 {
		copy(s.d, s.along) // steepest descent
	}
}
