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

// MaxValue returns the highest value of the legal actions of obs, and false when none is legal.
func MaxValue(values []float64, obs *lepton.Observation) (float64, bool) {
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
	best, top := -1, math.Inf(-1)
	for i, v := range values {
		if obs.Legal(i) && (v > top || best < 0) {
			best, top = i, v
		}
	}
	return best
}

// Returns fills dst[t] with rewards[t] + discounts[t]·dst[t+1], the Monte-Carlo return of each step, where
// tail stands behind the last one: the value of the state in which an episode was cut, 0 after a true
// end. All three slices have the same length.
func Returns(dst, rewards, discounts []float64, tail float64) {
	for t := len(dst) - 1; t >= 0; t-- {
		tail = rewards[t] + discounts[t]*tail
		dst[t] = tail
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
