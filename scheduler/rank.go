package scheduler

import (
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
)

// Rank is Decide for hosts that make the final choice themselves: it fills scores, one for each action
// in the order offered, and leaves Decision.Action at −1 until Chose says what was taken. Higher is
// better; actions that are not legal get negative infinity. Scores come from the Scorer behind the
// policy whose turn it is, or from its probabilities. Exploring is the host's to do here. The list is
// kept until Chose within MaxRanked.
//
// Safe for concurrent use; allocates nothing in steady state. The errors are those of Decide, and
// ErrScores.
func (s *Scheduler[S, O]) Rank(state S, scores []float64) (lepton.Decision, error) {
	var c call
	w := s.workers.Get().(*worker)
	err := s.rank(w, &c, &state, scores, nil)
	s.workers.Put(w)
	return c.decision(s.opt.Instance), err
}

func (s *Scheduler[S, O]) rank(w *worker, c *call, state *S, scores []float64, ep *Episode[S, O]) error {
	if err := s.look(w, c, state); err != nil {
		return err
	}
	if n := w.obs.Offered(); len(scores) != n {
		return fmt.Errorf("%w: %d for %d actions", ErrScores, len(scores), n)
	}
	s.take(c)
	for i := w.obs.Len(); i < len(scores); i++ {
		scores[i] = math.Inf(-1)
	}
	scores = scores[:w.obs.Len()]
	s.rate(w, c, state, scores)
	if c.mode == Shadow {
		s.shadow(w, c, state, argmax(scores))
	}
	c.action = -1
	s.commit(w, c, ep)
	return nil
}

// rate fills scores by whoever is to decide: their scores, else their probabilities.
func (s *Scheduler[S, O]) rate(w *worker, c *call, state *S, scores []float64) {
	if s.scores(w, c, state, scores) {
		return
	}
	p, arm := w.probabilities(w.obs.Len()), c.arm
	s.distribute(w, c, state, p)
	if c.arm != arm && s.scores(w, c, state, scores) {
		return // the incumbent stepped in
	}
	for i, v := range p {
		if scores[i] = v; !w.obs.Legal(i) {
			scores[i] = math.Inf(-1)
		}
	}
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
		s.ledger.publish(r)
		return err
	}
	s.giveUp(w, r, Evicted)
	s.ledger.release(r)
	return fmt.Errorf("%w: %v: its list made room for newer ones, see MaxRanked", ErrUnknownDecision, id)
}

var errListLost = errors.New("scheduler: the ranked list is gone")

func (s *Scheduler[S, O]) chose(w *worker, r *record, action int, propensity float64) error {
	if r.action >= 0 {
		return fmt.Errorf("%w: %d", ErrChosen, r.action)
	}
	list, at := r.obs, -1
	if list.len() == 0 {
		if list, at = s.ranked.claim(r.seq); list == nil {
			return errListLost
		}
	}
	if action < 0 || action >= list.len() || !list.legal[action] {
		s.ranked.put(at, r.seq, open)
		return fmt.Errorf("%w: index %d of %d", ErrAction, action, list.len())
	}
	r.action, r.actionID, r.propensity, r.kept = action, list.ids[action], propensity, action
	if at >= 0 {
		if r.obs == nil {
			r.obs = new(packed)
		}
		finite := true
		r.kept, finite = r.obs.cut(list, action, s.needs.Others, s.othersDraw(r.seq))
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
	c := call{action: action, propensity: propensity}
	w := s.workers.Get().(*worker)
	err := s.record(w, &c, &state, nil)
	s.workers.Put(w)
	return c.decision(s.opt.Instance), err
}

// record writes down c.action, taken with c.propensity.
func (s *Scheduler[S, O]) record(w *worker, c *call, state *S, ep *Episode[S, O]) error {
	if !(c.propensity > 0 && c.propensity <= 1) {
		return fmt.Errorf("%w: %v", ErrPropensity, c.propensity)
	}
	if err := s.look(w, c, state); err != nil {
		return err
	}
	if n := w.obs.Len(); c.action < 0 || c.action >= n || !w.obs.Legal(c.action) {
		return fmt.Errorf("%w: index %d of %d", ErrAction, c.action, n)
	}
	s.take(c)
	c.arm, c.group = lepton.ArmIncumbent, lepton.ArmIncumbent
	if c.mode == Shadow {
		s.shadow(w, c, state, c.action)
	}
	s.commit(w, c, ep)
	return nil
}
