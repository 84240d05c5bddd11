package rl

// The equations of prediction: what a state, or whatever else has a number in v, is worth under the policy
// that acted. They work on flat tables that the caller owns, and allocate nothing.

// Returns fills dst[t] with rewards[t] + discounts[t]·dst[t+1], the Monte-Carlo return of each step, where
// tail stands behind the last one: the value of the state in which an episode was cut, 0 after a true
// end. All three slices have the same length.
func Returns(dst, rewards, discounts []float64, tail float64) {
	for t := len(dst) - 1; t >= 0; t-- {
		tail = rewards[t] + discounts[t]*tail
		dst[t] = tail
	}
}

// TDUpdate returns the next value of a state after one transition under the policy in question: TD(0)
// (Sutton 1988; Sutton & Barto 2018, section 6.1):
//
//	v + α·(reward + discount·next − v)
//
// With reward and discount of NStepReward it is n-step TD (section 7.1).
func TDUpdate(v, alpha, reward, discount, next float64) float64 {
	return v + alpha*TDError(v, reward, discount, next)
}

// TDError returns reward + discount·next − v, the surprise that one transition holds.
func TDError(v, reward, discount, next float64) float64 { return reward + discount*next - v }

// NStepReward sums the rewards of consecutive steps up, and returns with it what the value after the last of
// them counts (Sutton & Barto 2018, section 7.1; the discounts may differ):
//
//	r₀ + γ₀·r₁ + γ₀γ₁·r₂ + …   and   γ₀γ₁⋯γₙ₋₁
//
// Both slices have the same length. replay.NStep does the same to transitions.
func NStepReward(rewards, discounts []float64) (reward, discount float64) {
	discount = 1
	for i, r := range rewards {
		reward += discount * r
		discount *= discounts[i]
	}
	return reward, discount
}

// MonteCarlo moves the value of every state visited in an episode towards the return from there, every visit
// counting, from the last step to the first (Sutton & Barto 2018, section 5.1):
//
//	v[states[t]] ← v[states[t]] + α·(returns[t] − v[states[t]])
//
// states and returns have the same length; Returns makes the latter.
func MonteCarlo(v []float64, states []int, returns []float64, alpha float64) {
	for t := len(states) - 1; t >= 0; t-- {
		v[states[t]] += alpha * (returns[t] - v[states[t]])
	}
}

// Trace says how a visit marks an eligibility trace.
type Trace uint8

// The kinds of traces.
const (
	Replacing    Trace = iota // a visit sets the trace to 1 (Singh & Sutton 1996)
	Accumulating              // a visit adds 1 (Sutton 1988)
)

// Visit returns what becomes of the trace z of a state, or a state and action, that is visited.
func (k Trace) Visit(z float64) float64 {
	if k == Accumulating {
		return z + 1
	}
	return 1
}

// DecayTraces lets all traces fade: z ← factor·z, where factor is γ·λ with the discount of the latest
// transition. It comes before the visit of the next state.
func DecayTraces(z []float64, factor float64) {
	for i := range z {
		z[i] *= factor
	}
}

// TraceUpdate moves all values by what the latest transition showed, each by its trace:
//
//	v ← v + α·δ·z
//
// where δ is TDError: the online backward view of TD(λ) and SARSA(λ) (Sutton & Barto 2018, section 12.2
// and 12.7). With the features of the latest state as z it is the semi-gradient TD(0) of a linear value.
// Both slices have the same length.
func TraceUpdate(v, z []float64, alpha, delta float64) {
	for i := range v {
		v[i] += alpha * delta * z[i]
	}
}

// TDC updates the weights w of a linear value v(s) = w·x(s) after one transition, and the weights h of its
// correction, in place (linear TD with gradient correction: Sutton et al. 2009):
//
//	δ = reward + discount·w·x′ − w·x
//	w ← w + α·(δ·x − discount·(h·x)·x′)
//	h ← h + β·(δ − h·x)·x
//
// Unlike the semi-gradient it does not diverge when the states come from another policy than the one in
// question. Weights of importance go into alpha and beta. All four slices have the same length.
func TDC(w, h, x, xNext []float64, alpha, beta, reward, discount float64) {
	now, next, correction := 0.0, 0.0, 0.0
	for i := range w {
		now += w[i] * x[i]
		next += w[i] * xNext[i]
		correction += h[i] * x[i]
	}
	delta := TDError(now, reward, discount, next)
	for i := range w {
		w[i] += alpha * (delta*x[i] - discount*correction*xNext[i])
		h[i] += beta * (delta - correction) * x[i]
	}
}
