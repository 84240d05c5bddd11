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
// Q(s′,a′), as in ExpectedSARSA. ε is TabularOptions.Epsilon. With TabularOptions.NStep it is n-step SARSA.
//
// Source: Rummery & Niranjan (1994); Sutton & Barto (2018), sections 6.4 and 7.2. Not safe for concurrent use.
// Beside lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced.
type SARSA struct{ *tabular }

// NewSARSA returns a learner for the observations of spec. All faults of o are reported together.
func NewSARSA(spec lepton.Spec, o TabularOptions) (*SARSA, error) {
	l, err := newTabular("rl.sarsa", spec, o, noReplay("SARSA", o))
	if err != nil {
		return nil, err
	}
	l.learn = func(t *lepton.Transition) bool {
		next, ok := l.followed(t)
		return ok && l.towards(l.values, t, next)
	}
	return &SARSA{l}, nil
}

// noReplay refuses a Replay for learners that follow their own behaviour.
func noReplay(who string, o TabularOptions) error {
	if o.Replay.Capacity > 0 {
		return errors.New("rl: " + who + " takes no Replay: it learns from what it does itself")
	}
	return nil
}

// followed returns the value of the action that was taken after t, where it is known, else expected; false
// when it was not legal, or nothing is.
func (l *tabular) followed(t *lepton.Transition) (float64, bool) {
	a := t.NextAction
	switch {
	case t.Discount == 0:
		return 0, true
	case a < 0:
		return l.expected(t)
	case a >= t.Next.Len() || !t.Next.Legal(a):
		return 0, false
	}
	return l.values.value(l.options.Key(&t.Next), l.options.actionKey(&t.Next, a)) + l.options.Prior.of(&t.Next, a, &l.scratch), true
}

// expected returns the value of what follows t under the ε-greedy policy; false when nothing is legal.
func (l *tabular) expected(t *lepton.Transition) (float64, bool) {
	if t.Discount == 0 {
		return 0, true
	}
	return ExpectedValue(l.row(l.values, t, 0), &t.Next, l.options.epsilon(l.progress.Updates))
}
