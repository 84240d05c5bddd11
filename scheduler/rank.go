package scheduler

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/leptonsched/lepton"
)

// Rank is Decide for hosts that make the final choice themselves: it fills scores, one for each action
// in the order offered, and leaves Decision.Action at −1 until Chose says what was taken. Higher is
// better; actions that are not legal get negative infinity. Scores come from the Scorer behind the
// policy whose turn it is, or from its probabilities. The list is kept until Chose within MaxRanked.
//
// Safe for concurrent use; allocates nothing in steady state. The errors are those of Decide, and
// ErrScores.
func (s *Scheduler[S, O]) Rank(state S, scores []float64) (lepton.Decision, error) {
	w := s.workers.Get().(*worker)
	d, err := s.rank(w, &state, scores, nil)
	s.workers.Put(w)
	return d, err
}

func (s *Scheduler[S, O]) rank(w *worker, state *S, scores []float64, ep *Episode[S, O]) (lepton.Decision, error) {
	c, err := s.look(w, state)
	if err != nil {
		return lepton.Decision{}, err
	}
	if n := w.obs.Offered(); len(scores) != n {
		return lepton.Decision{}, fmt.Errorf("%w: %d for %d actions", ErrScores, len(scores), n)
	}
	s.take(&c)
	p := w.probabilities(w.obs.Len())
	s.distribute(w, &c, state, p)
	for i := w.obs.Len(); i < len(scores); i++ {
		scores[i] = math.Inf(-1)
	}
	scores = scores[:w.obs.Len()]
	if !s.scores(w, &c, state, scores) {
		for i, v := range p {
			if scores[i] = v; !w.obs.Legal(i) {
				scores[i] = math.Inf(-1)
			}
		}
	}
	if c.mode == Shadow {
		s.shadow(w, &c, state, -1)
	}
	return s.commit(w, &c, ep, -1, 0, true), nil
}

// Chose says which action of a ranked decision the host took: its index in the order offered, and the
// probability in (0, 1] with which it was taken (1 where the host takes the best). The errors are
// ErrUnknownDecision, ErrChosen, ErrAction and ErrPropensity; after the latter two Chose can be called
// again.
func (s *Scheduler[S, O]) Chose(id lepton.DecisionID, action int, propensity float64) error {
	if s.isClosed() {
		return ErrClosed
	}
	if !(propensity > 0 && propensity <= 1) {
		return fmt.Errorf("%w: %v", ErrPropensity, propensity)
	}
	r := s.claim(id)
	if r == nil {
		return fmt.Errorf("%w: %v", ErrUnknownDecision, id)
	}
	w := s.workers.Get().(*worker)
	defer s.workers.Put(w)
	err := s.chose(w, r, action, propensity)
	if err != errListLost {
		s.ledger.publish(r.seq)
		return err
	}
	s.count.evicted.Add(1)
	s.note(w, Evicted, r, 0, nil)
	s.ledger.release(r.seq)
	return fmt.Errorf("%w: %v: its list made room for newer ones, see MaxRanked", ErrUnknownDecision, id)
}

var errListLost = errors.New("scheduler: the ranked list is gone")

func (s *Scheduler[S, O]) chose(w *worker, r *record, action int, propensity float64) error {
	if r.action >= 0 {
		return fmt.Errorf("%w: %d", ErrChosen, r.action)
	}
	list, at := &r.obs, -1
	if len(list.ids) == 0 {
		if list, at = s.ranked.claim(r.seq); list == nil {
			return errListLost
		}
	}
	if action < 0 || action >= len(list.ids) || !list.legal[action] {
		s.ranked.put(at, r.seq, open)
		return fmt.Errorf("%w: index %d of %d", ErrAction, action, len(list.ids))
	}
	r.action, r.actionID, r.propensity, r.kept = action, list.ids[action], propensity, action
	if at >= 0 {
		list.unpack(&w.obs)
		finite := true
		r.kept, finite = r.obs.pack(&w.obs, action, s.needs.Others, s.othersDraw(r.seq))
		s.ranked.put(at, r.seq, vacant)
		s.setLearnable(r, r.learnable, finite)
	}
	s.note(w, Chosen, r, 0, nil)
	return nil
}

// Record remembers a decision that someone else made: the index of what was taken, in the order
// offered, and the probability in (0, 1] with which it was taken (1 if it was bound to be). In Shadow
// the learned policy is compared with it. The errors are those of Decide, ErrAction and ErrPropensity.
func (s *Scheduler[S, O]) Record(state S, action int, propensity float64) (lepton.Decision, error) {
	w := s.workers.Get().(*worker)
	d, err := s.record(w, &state, action, propensity, nil)
	s.workers.Put(w)
	return d, err
}

func (s *Scheduler[S, O]) record(w *worker, state *S, action int, propensity float64, ep *Episode[S, O]) (lepton.Decision, error) {
	if !(propensity > 0 && propensity <= 1) {
		return lepton.Decision{}, fmt.Errorf("%w: %v", ErrPropensity, propensity)
	}
	c, err := s.look(w, state)
	if err != nil {
		return lepton.Decision{}, err
	}
	if n := w.obs.Len(); action < 0 || action >= n || !w.obs.Legal(action) {
		return lepton.Decision{}, fmt.Errorf("%w: index %d of %d", ErrAction, action, n)
	}
	s.take(&c)
	c.arm = lepton.ArmIncumbent
	if c.mode == Shadow {
		s.shadow(w, &c, state, action)
	}
	return s.commit(w, &c, ep, action, propensity, false), nil
}

// rankedLists keeps whole lists between Rank and Chose, where the ledger's own records are cut to what
// the learner needs. The oldest list makes room; words work as in the ledger.
type rankedLists struct {
	next  atomic.Uint64
	words []atomic.Uint64 // seq<<phaseBits | phase
	lists []packed
}

func newRankedLists(size int) *rankedLists {
	return &rankedLists{words: make([]atomic.Uint64, size), lists: make([]packed, size)}
}

// store keeps all of obs for decision seq. If its place is being read or written, nothing is kept.
func (l *rankedLists) store(seq uint64, obs *lepton.Observation, count *counters) {
	at := l.next.Add(1) % uint64(len(l.words))
	word := l.words[at].Load()
	if word&phaseMask == busy || !l.words[at].CompareAndSwap(word, seq<<phaseBits|busy) {
		count.rankDropped.Add(1)
		return
	}
	if word&phaseMask == open {
		count.rankDropped.Add(1)
	}
	l.lists[at].pack(obs, -1, lepton.AllRows, 0)
	l.words[at].Store(seq<<phaseBits | open)
}

// claim returns the list of decision seq, busy, and its place; nil if it made room for another.
func (l *rankedLists) claim(seq uint64) (list *packed, at int) {
	for at := range l.words {
		if l.words[at].CompareAndSwap(seq<<phaseBits|open, seq<<phaseBits|busy) {
			return &l.lists[at], at
		}
	}
	return nil, -1
}

// put ends the busy span of place at, if there is one.
func (l *rankedLists) put(at int, seq, phase uint64) {
	if at >= 0 {
		l.words[at].Store(seq<<phaseBits | phase)
	}
}

// drop gives up the list of decision seq, if it is still there.
func (l *rankedLists) drop(seq uint64) {
	if _, at := l.claim(seq); at >= 0 {
		l.put(at, seq, vacant)
	}
}
