package scheduler

import (
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// Decide chooses one of the actions open in state and remembers the decision until its outcome is
// reported. Safe for concurrent use; never blocks, takes no lock, allocates nothing in steady state.
//
// It always answers with a legal action: where the learned policy, the encoder or the incumbent fails,
// the next in line takes over and the fault is counted. The errors are ErrNoLegalAction, ErrActionSpace
// and ErrClosed.
func (s *Scheduler[S, O]) Decide(state S) (lepton.Decision, error) {
	var c call
	w := s.workers.Get().(*worker)
	err := s.decide(w, &c, &state, nil)
	s.workers.Put(w)
	return c.decision(s.opt.Instance), err
}

func (s *Scheduler[S, O]) decide(w *worker, c *call, state *S, ep *Episode[S, O]) error {
	if err := s.look(w, c, state); err != nil {
		return err
	}
	s.take(c)
	p := w.probabilities(w.obs.Len())
	s.distribute(w, c, state, p)
	c.action, c.propensity = s.draw(w, c, state, p)
	if c.mode == Shadow {
		s.shadow(w, c, state, c.action)
	}
	s.commit(w, c, ep)
	return nil
}

// call is one decision on its way. It stays where the exported method put it: a Decision that is handed
// down through the levels is copied by each of them.
type call struct {
	mode     Mode
	arm      lepton.Arm
	group    lepton.Arm // arm, before exploration or a fault
	keyed    bool       // key is the embedder's
	sound    bool       // the observation is what the encoder should have made
	answered bool       // the learned policy or the planner gave an answer that is used
	failed   bool       // it also gave one that is not
	made     bool       // the decision stands
	key      uint64
	seq      uint64
	began    int64 // clock, nanoseconds
	snap     *snapshot
	version  uint64 // of the snapshot that decided; 0: the incumbent did

	action     int // −1: the host will say
	actionID   uint64
	propensity float64
}

// decision is what the embedder gets; zero if there was none.
func (c *call) decision(instance uint64) lepton.Decision {
	if !c.made {
		return lepton.Decision{}
	}
	return lepton.Decision{
		ID:     lepton.DecisionID{Instance: instance, Seq: c.seq},
		Action: c.action, ActionID: c.actionID, Propensity: c.propensity, Version: c.version, Arm: c.arm, Group: c.group,
	}
}

// look observes state.
func (s *Scheduler[S, O]) look(w *worker, c *call, state *S) error {
	if c.mode = Mode(s.mode.Load()); c.mode == closed {
		return ErrClosed
	}
	c.began = s.now()
	cause, detail := s.observe(w, c, state)
	if cause == FaultActionSpace {
		s.fault(cause, detail)
		if err, ok := detail.(error); ok {
			return fmt.Errorf("%w: %w", ErrActionSpace, err)
		}
		return fmt.Errorf("%w: %v", ErrActionSpace, detail)
	}
	if dropped := w.obs.Offered() - w.obs.Len(); dropped > 0 {
		s.count.truncated.Add(uint64(dropped))
	}
	if w.obs.LegalCount() == 0 {
		s.count.noAction.Add(1)
		return ErrNoLegalAction
	}
	if c.sound = cause == noFault; !c.sound {
		w.obs.GrowState(s.spec.StateDim)
		s.fault(cause, detail)
	}
	return nil
}

// observe fills w.obs and asks for the key, containing a panic of the embedder's code.
func (s *Scheduler[S, O]) observe(w *worker, c *call, state *S) (cause FaultCause, detail any) {
	defer contain(&detail)
	cause = FaultActionSpace
	w.obs.Reset(s.spec.ActionDim, s.opt.MaxActions)
	s.opt.Actions.Offer(w.obs.Actions(), *state)
	if n := s.spec.Actions; n > 0 && w.obs.Offered() != n {
		return cause, fmt.Errorf("%w: %d instead of %d", lepton.ErrActionCount, w.obs.Offered(), n)
	}
	cause = FaultEncoder
	if s.opt.Key != nil {
		c.key = s.opt.Key(*state)
		c.keyed = true
	}
	if err := lepton.EncodeState(&w.obs, s.opt.Encoder, *state); err != nil {
		return cause, err
	}
	return noFault, nil
}

// contain turns a panic into a detail to be counted. Deferred directly.
func contain(detail *any) {
	if r := recover(); r != nil {
		*detail = r
	}
}

// take draws a number, and says whose turn it is.
func (s *Scheduler[S, O]) take(c *call) {
	c.snap = s.current.Load()
	c.seq = s.ledger.reserve()
	if c.group = s.assign(c); c.group == lepton.ArmLearned && c.snap == nil && s.opt.Planner == nil {
		c.group = lepton.ArmIncumbent // nothing has been learned yet
	}
	if c.arm = c.group; c.arm == lepton.ArmLearned && (!c.sound || s.breaker.open(c.seq)) {
		c.arm = lepton.ArmGuarded
	}
}

// assign says which arm the key belongs to. Shares are intervals of one hash, so that a key keeps its
// arm, and a larger canary only ever adds keys.
func (s *Scheduler[S, O]) assign(c *call) lepton.Arm {
	switch {
	case c.mode == Off || c.mode < Canary && s.opt.Holdout == 0:
		return lepton.ArmIncumbent
	case c.mode == Live && s.opt.Holdout == 0:
		return lepton.ArmLearned
	}
	if !c.keyed {
		c.key = rng.Mix(s.opt.Instance, c.seq)
	}
	u := rng.Uniform(rng.Mix(s.keySeed, c.key))
	switch {
	case u < s.opt.Holdout:
		return lepton.ArmHoldout
	case c.mode == Live || c.mode == Canary && u >= 1-s.opt.Canary:
		return lepton.ArmLearned
	}
	return lepton.ArmIncumbent
}

// distribute fills p by whoever is to decide; the incumbent steps in for a learned policy that fails.
func (s *Scheduler[S, O]) distribute(w *worker, c *call, state *S, p []float64) {
	if c.arm == lepton.ArmLearned {
		if s.learned(w, c, state, p) {
			return
		}
		c.arm = lepton.ArmGuarded
	}
	s.incumbent(w, state, p)
}

// draw picks an action by p and the exploration budget. Its randomness is a pure function of the
// decision's number.
func (s *Scheduler[S, O]) draw(w *worker, c *call, state *S, p []float64) (action int, propensity float64) {
	bits := rng.Mix(s.drawSeed, c.seq)
	u := rng.Uniform(bits)
	share, n := s.opt.Explore.Share, 0
	if share > 0 && c.mode != Off && c.arm != lepton.ArmHoldout {
		n = s.eligible(w, c, state)
	}
	if n == 0 {
		action = draw(p, u)
		return action, min(p[action], 1)
	}
	if rng.Uniform(rng.Mix(bits, 1)) < share {
		action = nth(w.q, int(u*float64(n)))
		c.arm = lepton.ArmExplored
	} else {
		action = draw(p, u)
	}
	return action, min((1-share)*p[action]+share*w.q[action]/float64(n), 1)
}

// draw returns the index at which the running sum of p passes u; p sums to about 1.
func draw(p []float64, u float64) int {
	last := 0
	for i, v := range p {
		if v > 0 {
			last = i
			if u -= v; u < 0 {
				return i
			}
		}
	}
	return last
}

// nth returns the index of the k-th value of marks that is not 0.
func nth(marks []float64, k int) int {
	for i, v := range marks {
		if v != 0 {
			if k == 0 {
				return i
			}
			k--
		}
	}
	return 0
}

// eligible marks in w.q the actions that exploration may take, and counts them.
func (s *Scheduler[S, O]) eligible(w *worker, c *call, state *S) int {
	q := w.q
	bound := math.Inf(-1)
	if !math.IsInf(s.opt.Explore.MaxLoss, 1) {
		if !s.scores(w, c, state, q) {
			return 0 // nobody can say how much worse an action looks: explore none
		}
		best := math.Inf(-1)
		for i, v := range q {
			if w.obs.Legal(i) {
				best = max(best, v)
			}
		}
		bound = best - s.opt.Explore.MaxLoss
	} else {
		clear(q)
	}
	n := 0
	for i, v := range q {
		if q[i] = 0; w.obs.Legal(i) && v >= bound {
			q[i] = 1
			n++
		}
	}
	return n
}

// commit writes the decision down.
func (s *Scheduler[S, O]) commit(w *worker, c *call, ep *Episode[S, O]) {
	if c.made = true; c.action >= 0 {
		c.actionID = w.obs.ID(c.action)
	}
	if c.answered && !c.failed {
		s.breaker.succeed()
	}
	if c.arm != lepton.ArmLearned {
		s.count.byArm[c.arm].Add(1)
	}
	if ep != nil {
		ep.commit(w, c)
		return
	}
	r := s.enter(w, c)
	r.linked = true
	s.publish(w, c, r)
}

// enter takes a slot for the decision and writes into it what is known before its place in an episode is.
func (s *Scheduler[S, O]) enter(w *worker, c *call) *record {
	r, evicted := s.ledger.occupy(c.seq)
	if r == nil {
		s.count.untracked.Add(1)
		r = &w.untracked
	}
	if evicted != 0 {
		s.giveUp(w, r, Evicted)
	}
	r.facts = facts{} // and field by field: a literal would be built elsewhere and copied
	r.seq, r.version, r.arm, r.group, r.at = c.seq, c.version, c.arm, c.group, c.began
	r.action, r.actionID, r.propensity, r.kept = c.action, c.actionID, c.propensity, -1
	return r
}

// publish keeps what will be needed of the decision, tells who listens, and opens it to its outcome.
func (s *Scheduler[S, O]) publish(w *worker, c *call, r *record) {
	tracked := r != &w.untracked
	if tracked {
		s.keep(w, r, s.opt.Learner != nil && c.mode != Off && c.sound)
	}
	s.note(w, Decided, r, 0, &w.obs)
	if tracked {
		s.ledger.publish(r)
	}
}

// keep stores what will be needed of w.obs: by Chose, and by the learner if learn is set.
func (s *Scheduler[S, O]) keep(w *worker, r *record, learn bool) {
	others, finite, ranked := s.needs.Others, true, r.action < 0
	switch {
	case ranked && others != lepton.AllRows && w.obs.Len() > 1+others:
		r.obs.clear()
		s.ranked.store(r.seq, &w.obs, &s.count) // cut to size by Chose
	case ranked || learn:
		r.kept, finite = keep(&r.obs, &w.obs, r.action, others, s.othersDraw(r.seq))
	default:
		r.obs.clear()
	}
	s.setLearnable(r, learn, finite)
}

func (s *Scheduler[S, O]) setLearnable(r *record, learn, finite bool) {
	if r.learnable = learn && finite; learn && !finite {
		s.count.notFinite.Add(1)
	}
}

// othersDraw seeds the choice of the rows kept beside the chosen one.
func (s *Scheduler[S, O]) othersDraw(seq uint64) uint64 { return rng.Mix(s.drawSeed, ^seq) }
