package rl

import (
	"errors"

	"github.com/leptonsched/lepton"
)

// SARSA learns the value of each action under its own ε-greedy behaviour, in a table:
//
//	Q(s,a) ← Q(s,a) + α·(r + discount·Q(s′,a′) − Q(s,a))
//
// a′ is Transition.NextAction. Where that is −1, the expected value under the ε-greedy policy stands for
// Q(s′,a′): expected SARSA. ε is TabularOptions.Epsilon.
//
// Source: Rummery & Niranjan (1994), van Seijen et al. (2009); Sutton & Barto (2018), sections 6.4 and
// 6.6. Not safe for concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom,
// PolicyDecoder and Specced.
type SARSA struct{ tabular }

// NewSARSA returns a learner for the observations of spec. All faults of o are reported together.
func NewSARSA(spec lepton.Spec, o TabularOptions) (*SARSA, error) {
	t, err := newTabular("rl.sarsa", spec, o)
	if o.Replay.Capacity > 0 {
		err = errors.Join(err, errors.New("rl: SARSA takes no Replay: it learns from what it does itself"))
	}
	if err != nil {
		return nil, err
	}
	epsilon := o.Epsilon
	t.next = func(t *lepton.Transition, values []float64) (float64, bool) {
		switch a := t.NextAction; {
		case a < 0:
			return ExpectedValue(values, &t.Next, epsilon)
		case a >= len(values) || !t.Next.Legal(a):
			return 0, false
		default:
			return values[a], true
		}
	}
	return &SARSA{t}, nil
}
