package rl

import (
	"math"

	"github.com/leptonsched/lepton"
)

// QUpdate returns the next value of an action after one transition, as in Q-learning (Watkins 1989;
// Sutton & Barto 2018, section 6.5):
//
//	q + α·(reward + discount·max Q′ − q)
//
// discount is 0 at a true end. SARSA is the same with another value in place of the maximum.
func QUpdate(q, alpha, reward, discount, next float64) float64 {
	return q + alpha*(reward+discount*next-q)
}

// DoubleValue returns what double Q-learning bootstraps on when it updates the first of its two tables
// (van Hasselt 2010): the other table's value of the first action that chooser holds for the best,
//
//	judge[argmax chooser]
//
// over the legal actions of obs; false when none is legal. That the one who chooses does not judge takes
// away the maximum's liking for lucky values. The update itself is QUpdate.
func DoubleValue(chooser, judge []float64, obs *lepton.Observation) (float64, bool) {
	best := bestLegal(chooser, obs)
	if best < 0 {
		return 0, false
	}
	return judge[best], true
}

// DifferentialQUpdate returns the next value of an action and the next gain, the reward earned in a unit of
// time, after one transition that took tau units (differential Q-learning: Wan, Naik & Sutton 2021, eqs. 5
// and 6; the gain times tau is that of semi-Markov problems, Das et al. 1999):
//
//	δ    = reward − gain·τ + max Q′ − q
//	q    ← q + α·δ
//	gain ← gain + η·α·δ
//
// next is max Q′, 0 at a true end. There is no discount.
func DifferentialQUpdate(q, gain, alpha, eta, reward, tau, next float64) (qNext, gainNext float64) {
	delta := reward - gain*tau + next - q
	return q + alpha*delta, gain + eta*alpha*delta
}

// MaxValue returns the highest value of the legal actions of obs, and false when none is legal.
func MaxValue(values []float64, obs *lepton.Observation) (float64, bool) {
	if len(values) > 0 && obs.LegalCount() == len(values) {
		top := values[0]
		for _, v := range values[1:] {
			top = max(top, v)
		}
		return top, true
	}
	best := bestLegal(values, obs)
	if best < 0 {
		return 0, false
	}
	return values[best], true
}

// ExpectedValue returns the mean of the values under the ε-greedy policy over the legal actions of obs:
// ε/n on each, the rest on the first maximum (van Seijen et al. 2009). false when none is legal.
func ExpectedValue(values []float64, obs *lepton.Observation, epsilon float64) (float64, bool) {
	best := bestLegal(values, obs)
	if best < 0 {
		return 0, false
	}
	sum := 0.0
	for i, v := range values {
		if obs.Legal(i) {
			sum += v
		}
	}
	return epsilon/float64(obs.LegalCount())*sum + (1-epsilon)*values[best], true
}

// bestLegal returns the first legal action with the highest value, −1 when none is legal.
func bestLegal(values []float64, obs *lepton.Observation) int {
	if len(values) > 0 && obs.LegalCount() == len(values) {
		best, top := 0, values[0]
		for i := 1; i < len(values); i++ {
			if values[i] > top {
				best, top = i, values[i]
			}
		}
		return best
	}
	best, top := -1, math.Inf(-1)
	for i, v := range values {
		if obs.Legal(i) && (v > top || best < 0) {
			best, top = i, v
		}
	}
	return best
}

func finite(x float64) bool { return x-x == 0 } // ±Inf and NaN give NaN
