package scheduler

import (
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
)

// This file asks the policies and contains what they do: a panic, an unusable number or a late answer
// becomes a counted fault, never the host's problem.

// learned fills p by the planner or the snapshot and reports whether the answer can be used. began is
// when the clock started for this answer.
func (s *Scheduler[S, O]) learned(w *worker, c *call, began int64, state *S, p []float64) bool {
	cause, detail := s.askLearned(w, c.snap, state, p)
	if cause == noFault && s.opt.Budget > 0 {
		if took := s.now() - began; took > int64(s.opt.Budget) {
			cause, detail = FaultBudget, took
		}
	}
	if cause == noFault {
		s.breaker.succeed()
		c.version = c.snap.number()
		return true
	}
	s.blame(c.seq, cause, detail)
	return false
}

// blame counts a fault of the learned policy and trips the breaker when it was one too many.
func (s *Scheduler[S, O]) blame(seq uint64, cause FaultCause, detail any) {
	s.fault(cause, detail)
	if s.breaker.fail(seq, s.opt.BreakAfter, s.opt.BreakFor) {
		s.count.trips.Add(1)
		if s.opt.Logger != nil {
			s.opt.Logger.Warn("lepton: breaker tripped, the incumbent decides", "decisions", s.opt.BreakFor)
		}
	}
}

func (s *Scheduler[S, O]) askLearned(w *worker, snap *snapshot, state *S, p []float64) (cause FaultCause, detail any) {
	defer containPanic(&cause, &detail)
	w.scratch.Reset()
	if s.opt.Planner != nil {
		s.opt.Planner.ProbsState(p, *state, &w.obs, &w.scratch)
	} else {
		snap.policy.Probs(p, &w.obs, &w.scratch)
	}
	if !distribution(p, &w.obs) {
		return FaultNumbers, nil
	}
	return noFault, nil
}

// incumbent fills p by the incumbent; uniform probabilities step in for one that fails.
func (s *Scheduler[S, O]) incumbent(w *worker, state *S, p []float64) {
	if cause, detail := s.askIncumbent(w, state, p); cause != noFault {
		s.fault(FaultIncumbent, detail)
		uniform[S]{}.ProbsState(p, *state, &w.obs, nil)
	}
}

func (s *Scheduler[S, O]) askIncumbent(w *worker, state *S, p []float64) (cause FaultCause, detail any) {
	defer containPanic(&cause, &detail)
	w.scratch.Reset()
	s.opt.Incumbent.ProbsState(p, *state, &w.obs, &w.scratch)
	if !distribution(p, &w.obs) {
		return FaultNumbers, nil
	}
	return noFault, nil
}

// containPanic turns a panic into a cause. Deferred directly.
func containPanic(cause *FaultCause, detail *any) {
	if r := recover(); r != nil {
		*cause, *detail = FaultPanic, r
	}
}

// scores fills dst by the Scorer behind whoever decides c, and reports whether there is one whose
// answer can be used: no NaN, and a finite best legal score.
func (s *Scheduler[S, O]) scores(w *worker, c *call, state *S, dst []float64) bool {
	ok, detail := s.askScores(w, c, state, dst)
	if detail != nil {
		if c.arm == lepton.ArmLearned {
			s.blame(c.seq, FaultPanic, detail)
		} else {
			s.fault(FaultIncumbent, detail)
		}
		return false
	}
	return ok
}

func (s *Scheduler[S, O]) askScores(w *worker, c *call, state *S, dst []float64) (ok bool, detail any) {
	defer contain(&detail)
	w.scratch.Reset()
	by := s.incumbentScorer
	if c.arm == lepton.ArmLearned {
		by = s.plannerScorer
	}
	switch {
	case by != nil:
		by.ScoresState(dst, *state, &w.obs, &w.scratch)
	case c.arm == lepton.ArmLearned && s.opt.Planner == nil && c.snap.scorer != nil:
		c.snap.scorer.Scores(dst, &w.obs, &w.scratch)
	default:
		return false, nil
	}
	best := math.Inf(-1)
	for i, v := range dst {
		if !w.obs.Legal(i) {
			dst[i] = math.Inf(-1)
			continue
		}
		if v != v {
			return false, fmt.Sprintf("score of action %d is NaN", i)
		}
		best = max(best, v)
	}
	if math.IsInf(best, 0) {
		return false, "the best score is infinite"
	}
	return true, nil
}

// shadow asks the learned policy what it would have done, and changes nothing.
func (s *Scheduler[S, O]) shadow(w *worker, c *call, state *S, action int) {
	if c.snap == nil && s.opt.Planner == nil || !c.sound || s.breaker.open(c.seq) {
		return
	}
	w.probabilities(w.obs.Len())
	asked := *c // the answer must not touch the decision
	if !s.learned(w, &asked, s.now(), state, w.q) {
		return
	}
	s.count.shadowAsked.Add(1)
	best := 0
	for i, v := range w.q {
		if v > w.q[best] {
			best = i
		}
	}
	if best == action {
		s.count.shadowAgreed.Add(1)
	}
}
