package scheduler

import (
	"fmt"
	"math"
	"time"

	"github.com/leptonsched/lepton"
)

// This file asks the policies and contains what they do: a panic, an unusable number or a late answer
// becomes a counted fault, never the host's problem.

// learned fills p by the planner or the snapshot and reports whether the answer can be used.
func (s *Scheduler[S, O]) learned(w *worker, c *call, state *S, p []float64) bool {
	cause, detail := s.askLearned(w, c.snap, state, p)
	return s.usable(c, cause, detail)
}

// usable takes in how the learned policy did when it was asked: it counts a fault, the lack of time
// among them, and reports whether there was none.
func (s *Scheduler[S, O]) usable(c *call, cause FaultCause, detail any) bool {
	if cause == noFault && s.opt.Budget > 0 {
		if took := s.now() - c.began; took > int64(s.opt.Budget) {
			cause, detail = FaultBudget, time.Duration(took)
		}
	}
	if cause == noFault {
		c.answered, c.version = true, c.snap.number()
		return true
	}
	c.failed = true
	s.fault(cause, detail)
	if s.breaker.fail(c.seq, s.opt.BreakAfter, s.opt.BreakFor) {
		s.count.trips.Add(1)
		if s.opt.Logger != nil {
			s.opt.Logger.Warn("lepton: breaker tripped, the incumbent decides", "decisions", s.opt.BreakFor)
		}
	}
	return false
}

func (s *Scheduler[S, O]) askLearned(w *worker, snap *snapshot, state *S, p []float64) (cause FaultCause, detail any) {
	defer containPanic(&cause, &detail)
	w.scratch.Reset()
	unanswered(p)
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
	unanswered(p)
	s.opt.Incumbent.ProbsState(p, *state, &w.obs, &w.scratch)
	if !distribution(p, &w.obs) {
		return FaultNumbers, nil
	}
	return noFault, nil
}

// unanswered marks both ends of p, so that whoever writes nothing, or too little, is not taken to have
// given the answer of the last decision again.
func unanswered(p []float64) { p[0], p[len(p)-1] = math.NaN(), math.NaN() }

// containPanic turns a panic into a cause. Deferred directly.
func containPanic(cause *FaultCause, detail *any) {
	if r := recover(); r != nil {
		*cause, *detail = FaultPanic, r
	}
}

// scores fills dst by the Scorer behind whoever decides c, and reports whether there is one whose
// answer can be used: no NaN, and a finite best legal score.
func (s *Scheduler[S, O]) scores(w *worker, c *call, state *S, dst []float64) bool {
	ok, cause, detail := s.askScores(w, c, state, dst)
	switch {
	case c.arm == lepton.ArmLearned && (ok || cause != noFault):
		return s.usable(c, cause, detail)
	case cause != noFault:
		s.fault(FaultIncumbent, detail)
	}
	return ok
}

func (s *Scheduler[S, O]) askScores(w *worker, c *call, state *S, dst []float64) (ok bool, cause FaultCause, detail any) {
	defer containPanic(&cause, &detail)
	w.scratch.Reset()
	unanswered(dst)
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
		return false, noFault, nil
	}
	best := math.Inf(-1)
	for i, v := range dst {
		if !w.obs.Legal(i) {
			dst[i] = math.Inf(-1)
			continue
		}
		if v != v {
			return false, FaultNumbers, fmt.Sprintf("score of action %d is NaN", i)
		}
		best = max(best, v)
	}
	return !math.IsInf(best, 0), noFault, nil // infinite: a scorer may say so, and then only its probabilities tell more
}

// shadow asks the learned policy what it would have done, and changes nothing.
func (s *Scheduler[S, O]) shadow(w *worker, c *call, state *S, action int) {
	if c.snap == nil && s.opt.Planner == nil || !c.sound || s.breaker.open(c.seq) {
		return
	}
	w.probabilities(w.obs.Len())
	asked := *c // the answer must not touch the decision
	asked.began = s.now()
	if !s.learned(w, &asked, state, w.q) {
		return
	}
	s.breaker.succeed()
	s.count.shadowAsked.Add(1)
	if argmax(w.q) == action {
		s.count.shadowAgreed.Add(1)
	}
}

// argmax returns the lowest index of the largest value.
func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
