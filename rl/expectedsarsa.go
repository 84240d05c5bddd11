package rl

import "github.com/leptonsched/lepton"

// ExpectedSARSA learns the value of each action under its own ε-greedy behaviour, in a table and from
// transitions of any policy:
//
//	Q(s,a) ← Q(s,a) + α·(r + discount·Σ π(a′|s′)·Q(s′,a′) − Q(s,a))
//
// π is ε-greedy with TabularOptions.Epsilon; Transition.NextAction is not looked at. It is SARSA without the
// noise of the next draw. With an EpsilonDecay it turns into QLearning by and by, and with an NStep it is
// uncorrected as that is.
//
// Source: van Seijen et al. (2009); Sutton & Barto (2018), section 6.6. Not safe for concurrent use. Beside
// lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced.
type ExpectedSARSA struct{ *tabular }

// NewExpectedSARSA returns a learner for the observations of spec. All faults of o are reported together.
func NewExpectedSARSA(spec lepton.Spec, o TabularOptions) (*ExpectedSARSA, error) {
	l, err := newTabular("rl.expectedsarsa", spec, o)
	if err != nil {
		return nil, err
	}
	l.learn = func(t *lepton.Transition) bool {
		next, ok := l.expected(t)
		return ok && l.towards(l.values, t, next)
	}
	return &ExpectedSARSA{l}, nil
}
