package rl

import "github.com/leptonsched/lepton"

// QLearning learns the value of each action under the best behaviour afterwards, in a table and from
// transitions of any policy:
//
//	Q(s,a) ← Q(s,a) + α·(r + discount·max Q(s′,·) − Q(s,a))
//
// With TabularOptions.NStep it is the uncorrected n-step form: the steps before the maximum count as they
// were taken, exploration included, so that its values lie between those of the best behaviour and of the one
// that acted. (Q(σ) and Retrace correct for that; this does not.)
//
// Source: Watkins (1989); Sutton & Barto (2018), section 6.5. Not safe for concurrent use. Beside
// lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced.
type QLearning struct{ *tabular }

// NewQLearning returns a learner for the observations of spec. All faults of o are reported together.
func NewQLearning(spec lepton.Spec, o TabularOptions) (*QLearning, error) {
	l, err := newTabular("rl.qlearning", spec, o)
	if err != nil {
		return nil, err
	}
	l.learn = func(t *lepton.Transition) bool {
		next, ok := 0.0, true
		if t.Discount != 0 {
			next, ok = MaxValue(l.row(l.values, t, 0), &t.Next)
		}
		return ok && l.towards(l.values, t, next)
	}
	return &QLearning{l}, nil
}
