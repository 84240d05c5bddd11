package rl

import (
	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

// DoubleQ is Q-learning with two tables, of which a coin picks the one to update with the other as its judge:
//
//	A(s,a) ← A(s,a) + α·(r + discount·B(s′, argmax A(s′,·)) − A(s,a))   or the reverse
//
// Where rewards are noisy, QLearning's maximum takes luck for value; DoubleQ does not, at twice the memory and
// half the updates of each table. Its policies go by the mean of both.
//
// Source: van Hasselt (2010). Not safe for concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver
// with io.ReaderFrom, PolicyDecoder and Specced.
type DoubleQ struct{ *tabular }

// NewDoubleQ returns a learner for the observations of spec. All faults of o are reported together.
func NewDoubleQ(spec lepton.Spec, o TabularOptions) (*DoubleQ, error) {
	l, err := newTabular("rl.doubleq", spec, o)
	if err != nil {
		return nil, err
	}
	l.second = newTable(spec, &l.options)
	d := &doubleQ{tabular: l}
	l.learn, l.more = d.learn, d
	return &DoubleQ{l}, nil
}

type doubleQ struct {
	*tabular
	tosses uint64 // of the coin
}

func (l *doubleQ) learn(t *lepton.Transition) bool {
	l.tosses++
	updated, judge := l.values, l.second
	if rng.Mix(l.options.Seed, l.tosses)&1 == 0 {
		updated, judge = judge, updated
	}
	next, ok := 0.0, true
	if t.Discount != 0 {
		next, ok = DoubleValue(l.row(updated, t, 0), l.row(judge, t, 1), &t.Next)
	}
	return ok && l.towards(updated, t, next)
}

func (l *doubleQ) write(w *codec.Writer) {
	w.Uint64(l.tosses)
	l.second.write(w)
}

func (l *doubleQ) read(r *codec.Reader) func() {
	tosses := r.Uint64()
	second := readTable(r, l.spec, &l.options)
	return func() { l.tosses, l.second = tosses, second }
}

func (l *doubleQ) stats(s *TabularStats) {
	s.Entries = max(s.Entries, l.second.entries())
	s.Evicted += l.second.evicted()
}
