package reward

import "github.com/leptonsched/lepton"

// Func is a closure as a lepton.RewardFunc. The closure is pure and safe for concurrent use.
type Func[O any] func(d lepton.Decision, outcome O) float64

// Reward calls f.
func (f Func[O]) Reward(d lepton.Decision, outcome O) float64 { return f(d, outcome) }

// Of is Func for a reward that depends on the outcome alone.
func Of[O any](value func(outcome O) float64) Func[O] {
	return func(_ lepton.Decision, outcome O) float64 { return value(outcome) }
}

// Sum adds the parts, in their order; 0 for none.
func Sum[O any](parts ...lepton.RewardFunc[O]) Func[O] {
	parts = append([]lepton.RewardFunc[O](nil), parts...)
	return func(d lepton.Decision, outcome O) float64 {
		sum := 0.0
		for _, p := range parts {
			sum += p.Reward(d, outcome)
		}
		return sum
	}
}

// Times multiplies what part says by factor: −1 makes a reward of a cost.
func Times[O any](factor float64, part lepton.RewardFunc[O]) Func[O] {
	return func(d lepton.Decision, outcome O) float64 { return factor * part.Reward(d, outcome) }
}

// Clip holds what part says within [lo, hi], infinities too; NaN stays NaN. One outcome in a thousand
// that is a thousand times worse than the rest drowns what a learner can see, but clipping changes
// what is optimal: a job that is late anyway costs nothing more. Where lo > hi the result is hi.
func Clip[O any](lo, hi float64, part lepton.RewardFunc[O]) Func[O] {
	return func(d lepton.Decision, outcome O) float64 {
		return min(max(part.Reward(d, outcome), lo), hi)
	}
}
