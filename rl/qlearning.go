package rl

import "github.com/leptonsched/lepton"

// QLearning learns the value of each action under the best behaviour afterwards, in a table and from
// transitions of any policy:
//
//	Q(s,a) ← Q(s,a) + α·(r + discount·max Q(s′,·) − Q(s,a))
//
// Source: Watkins (1989); Sutton & Barto (2018), section 6.5. Not safe for concurrent use. Beside
// lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced.
type QLearning struct{ tabular }

// NewQLearning returns a learner for the observations of spec. All faults of o are reported together.
func NewQLearning(spec lepton.Spec, o TabularOptions) (*QLearning, error) {
	t, err := newTabular("rl.qlearning", spec, o)
	if err != nil {
		return nil, err
	}
	t.next = func(t *lepton.Transition, values []float64) (float64, bool) { return MaxValue(values, &t.Next) }
	return &QLearning{t}, nil
}
