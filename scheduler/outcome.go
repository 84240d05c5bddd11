package scheduler

import (
	"fmt"
	"math"
	"time"

	"github.com/leptonsched/lepton"
)

// Report says what came of a decision and settles it: the RewardFunc prices the outcome, and the
// finished transition goes to the learner's queue. Safe for concurrent use, from any goroutine.
//
// The errors are ErrUnknownDecision (never made, settled already, cancelled, evicted, expired),
// ErrNotChosen, ErrReward (the decision stays open) and ErrClosed.
func (s *Scheduler[S, O]) Report(id lepton.DecisionID, outcome O) error {
	if s.isClosed() {
		return ErrClosed
	}
	return s.settle(id, outcome, Settled)
}

// Accrue adds a part of the outcome without settling the decision. In an episode with a
// CreditOptions.Unit it is discounted by the time since the decision. Errors as for Report.
func (s *Scheduler[S, O]) Accrue(id lepton.DecisionID, outcome O) error {
	if s.isClosed() {
		return ErrClosed
	}
	return s.settle(id, outcome, Accrued)
}

// settle prices outcome and adds it to decision id; kind says whether that ends it, and on whose word.
// The RewardFunc runs while the record is open, so that it can take its time.
func (s *Scheduler[S, O]) settle(id lepton.DecisionID, outcome O, kind EventKind) error {
	r := s.claim(id)
	if r == nil {
		return fmt.Errorf("%w: %v", ErrUnknownDecision, id)
	}
	d, late := r.decision(s.opt.Instance), kind != Defaulted && s.late(r)
	s.ledger.publish(r)
	switch {
	case late:
		s.expire(id)
		return fmt.Errorf("%w: %v expired", ErrUnknownDecision, id)
	case d.Action < 0:
		return fmt.Errorf("%w: %v", ErrNotChosen, id)
	}
	reward, err := s.price(d, outcome)
	if err != nil {
		return err
	}
	if r = s.claim(id); r == nil {
		return fmt.Errorf("%w: %v", ErrUnknownDecision, id)
	}
	if kind == Accrued && r.stream.unit > 0 {
		reward *= lepton.CreditOptions{Gamma: r.stream.gamma, Unit: r.stream.unit}.Discount(s.since(r))
	}
	if sum := r.reward + reward; math.IsInf(sum, 0) {
		s.ledger.publish(r)
		return fmt.Errorf("%w: the sum of %v and %v", ErrReward, r.reward, reward)
	}
	r.reward += reward
	w := s.workers.Get().(*worker)
	defer s.workers.Put(w)
	s.note(w, kind, r, reward, nil)
	switch kind {
	case Accrued:
		s.ledger.publish(r)
		return nil
	case Settled:
		s.count.settled.Add(1)
	case Defaulted:
		s.count.defaulted.Add(1)
	}
	r.settled = true
	s.finish(r)
	return nil
}

// price asks the RewardFunc, containing a panic.
func (s *Scheduler[S, O]) price(d lepton.Decision, outcome O) (reward float64, err error) {
	if s.opt.Reward == nil {
		return 0, nil
	}
	defer func() {
		if detail := recover(); detail != nil {
			s.fault(FaultReward, detail)
			err = fmt.Errorf("%w: panic: %v", ErrReward, detail)
		}
	}()
	if reward = s.opt.Reward.Reward(d, outcome); math.IsNaN(reward) || math.IsInf(reward, 0) {
		s.fault(FaultReward, reward)
		return 0, fmt.Errorf("%w: %v for decision %v", ErrReward, reward, d.ID)
	}
	return reward, nil
}

// Cancel takes a decision back that was not carried out (a failed bind): nothing is learned from it.
// In an episode the chain is cut there. The errors are ErrUnknownDecision and ErrClosed.
func (s *Scheduler[S, O]) Cancel(id lepton.DecisionID) error {
	if s.isClosed() {
		return ErrClosed
	}
	r := s.claim(id)
	if r == nil {
		return fmt.Errorf("%w: %v", ErrUnknownDecision, id)
	}
	w := s.workers.Get().(*worker)
	s.giveUp(w, r, Cancelled)
	s.workers.Put(w)
	s.ledger.release(r)
	return nil
}

// giveUp counts and notes that r, which is busy, ends without an outcome; kind says why. What waits for
// its successor has had its outcome, and only what would have been learned of it is lost.
func (s *Scheduler[S, O]) giveUp(w *worker, r *record, kind EventKind) {
	if r.settled {
		s.count.linkDropped.Add(1)
		return
	}
	switch kind {
	case Cancelled:
		s.count.cancelled.Add(1)
	case Evicted:
		s.count.evicted.Add(1)
	case Expired:
		s.count.expired.Add(1)
	}
	s.note(w, kind, r, 0, nil)
	if r.action < 0 {
		s.ranked.drop(r.seq)
	}
}

// claim makes decision id busy if it is open and its outcome is not known yet.
func (s *Scheduler[S, O]) claim(id lepton.DecisionID) *record {
	if id.Instance != s.opt.Instance || id.IsZero() {
		return nil
	}
	r := s.ledger.claim(id.Seq)
	if r != nil && r.settled {
		s.ledger.publish(r)
		return nil
	}
	return r
}

// finish hands r, which is busy, to the learner if all of it is known; else it goes on waiting.
func (s *Scheduler[S, O]) finish(r *record) {
	if !r.settled || !r.linked {
		s.ledger.publish(r)
		return
	}
	if r.learnable && math.IsInf(r.reward, 0) {
		s.setLearnable(r, true, false) // shaping made it so
	}
	if r.learnable {
		if s.queue.push(r) {
			s.wake()
		} else {
			s.count.queueDropped.Add(1)
		}
	}
	s.ledger.release(r)
}

// wake lets Run look at the queue.
func (s *Scheduler[S, O]) wake() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// late reports whether r, which is busy, has been open for longer than OpenFor. One whose outcome is
// known and that waits for its episode to go on has twice as long.
func (s *Scheduler[S, O]) late(r *record) bool {
	age := s.since(r)
	if r.settled {
		age /= 2
	}
	return s.opt.OpenFor > 0 && age > s.opt.OpenFor
}

// since returns the time from the decision r until now; a clock that went back counts as standing still.
func (s *Scheduler[S, O]) since(r *record) time.Duration {
	return max(time.Duration(s.now()-r.at), 0)
}

// sweep ends every decision that has been open for too long.
func (s *Scheduler[S, O]) sweep() {
	if s.opt.OpenFor == 0 {
		return
	}
	s.ledger.each(func(r *record) {
		id, late := lepton.DecisionID{Instance: s.opt.Instance, Seq: r.seq}, s.late(r)
		s.ledger.publish(r)
		if late {
			s.expire(id)
		}
	})
}

// expire ends a late decision: by DefaultOutcome if there is one and it can be priced, else unlearned.
func (s *Scheduler[S, O]) expire(id lepton.DecisionID) {
	if s.opt.DefaultOutcome != nil && s.settle(id, *s.opt.DefaultOutcome, Defaulted) == nil {
		return
	}
	if r := s.ledger.claim(id.Seq); r != nil {
		if !s.late(r) { // its outcome came in meanwhile, and it waits for its episode to go on
			s.ledger.publish(r)
			return
		}
		w := s.workers.Get().(*worker)
		s.giveUp(w, r, Expired)
		s.workers.Put(w)
		s.ledger.release(r)
	}
}
