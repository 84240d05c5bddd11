package scheduler

import (
	"fmt"
	"math"
	"sync"

	"github.com/leptonsched/lepton"
)

// Episode is an ordered stream of decisions, each of which is credited with what follows it. Its
// methods are for one goroutine at a time; outcomes are reported through the Scheduler, from anywhere.
//
// A decision becomes a transition once its outcome and its successor (or the end) are both known.
// While another goroutine copies the outcome of the latest decision, or a checkpoint copies all, the
// next one may wait for that copy; decisions outside of episodes never wait.
type Episode[S, O any] struct {
	s      *Scheduler[S, O]
	credit lepton.CreditOptions

	mu     sync.Mutex // guards what follows against Checkpoint; held for the length of a few copies
	stream stream     // of the next decision
	prev   uint64     // seq of the latest decision; 0: none
	over   bool
}

// episodes is the registry of open streams that have a name.
type episodes[S, O any] struct {
	mu       sync.Mutex // guards what follows; never held while an Episode's is waited for
	byID     map[uint64]*Episode[S, O]
	order    []uint64 // names, oldest first
	nameless uint64   // unnamed streams begun, for numbering them
}

// Episode opens the stream named c.ID, or returns it if it is open already (also after Restore), with
// c's Potential. ID 0 opens a new one under a number of its own, which cannot be reattached. At most
// MaxOpen named streams are remembered; the oldest is forgotten, and counted. The error says what is
// wrong with c, that a stream of that name is open under other credit options, or is ErrClosed.
func (s *Scheduler[S, O]) Episode(c lepton.CreditOptions) (*Episode[S, O], error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if s.isClosed() {
		return nil, ErrClosed
	}
	reg := &s.episodes
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if ep := reg.byID[c.ID]; ep != nil {
		if ep.credit.Gamma != c.Gamma || ep.credit.Unit != c.Unit || ep.credit.Agent != c.Agent {
			return nil, fmt.Errorf("scheduler: episode %d is open under other credit options", c.ID)
		}
		ep.credit.Potential = c.Potential
		return ep, nil
	}
	ep := &Episode[S, O]{s: s, credit: c}
	if ep.credit.ID == 0 {
		reg.nameless++
		ep.credit.ID = 1<<63 | reg.nameless
	}
	ep.stream = stream{episode: ep.credit.ID, agent: c.Agent, gamma: c.Gamma, unit: c.Unit}
	if c.ID != 0 {
		s.register(ep)
	}
	return ep, nil
}

// register remembers ep under its name. s.episodes.mu is held.
func (s *Scheduler[S, O]) register(ep *Episode[S, O]) {
	reg := &s.episodes
	if len(reg.order) >= s.opt.MaxOpen {
		delete(reg.byID, reg.order[0])
		reg.order = append(reg.order[:0], reg.order[1:]...)
		s.count.episodesLost.Add(1)
	}
	reg.byID[ep.credit.ID] = ep
	reg.order = append(reg.order, ep.credit.ID)
}

func (s *Scheduler[S, O]) forget(ep *Episode[S, O]) {
	reg := &s.episodes
	reg.mu.Lock()
	defer reg.mu.Unlock()
	if reg.byID[ep.credit.ID] != ep {
		return
	}
	delete(reg.byID, ep.credit.ID)
	for i, id := range reg.order {
		if id == ep.credit.ID {
			reg.order = append(reg.order[:i], reg.order[i+1:]...)
			return
		}
	}
}

// Decide is Scheduler.Decide for the next decision of the stream, and ErrEpisodeOver.
func (e *Episode[S, O]) Decide(state S) (lepton.Decision, error) {
	if e.over {
		return lepton.Decision{}, ErrEpisodeOver
	}
	var c call
	w := e.s.workers.Get().(*worker)
	err := e.s.decide(w, &c, &state, e)
	e.s.workers.Put(w)
	return c.decision(e.s.opt.Instance), err
}

// Rank is Scheduler.Rank for the next decision of the stream, and ErrEpisodeOver.
func (e *Episode[S, O]) Rank(state S, scores []float64) (lepton.Decision, error) {
	if e.over {
		return lepton.Decision{}, ErrEpisodeOver
	}
	var c call
	w := e.s.workers.Get().(*worker)
	err := e.s.rank(w, &c, &state, scores, e)
	e.s.workers.Put(w)
	return c.decision(e.s.opt.Instance), err
}

// Record is Scheduler.Record for the next decision of the stream, and ErrEpisodeOver.
func (e *Episode[S, O]) Record(state S, action int, propensity float64) (lepton.Decision, error) {
	if e.over {
		return lepton.Decision{}, ErrEpisodeOver
	}
	c := call{action: action, propensity: propensity}
	w := e.s.workers.Get().(*worker)
	err := e.s.record(w, &c, &state, e)
	e.s.workers.Put(w)
	return c.decision(e.s.opt.Instance), err
}

// End says that the stream came to its true end: nothing follows the latest decision. The errors are
// ErrEpisodeOver and ErrClosed.
func (e *Episode[S, O]) End() error {
	if e.over {
		return ErrEpisodeOver
	}
	if e.s.isClosed() {
		return ErrClosed
	}
	e.mu.Lock()
	if r := e.latest(); r != nil {
		r.last, r.elapsed = true, e.s.since(r)
		e.s.shape(r, 0) // the potential of an end is 0
		e.hand(r)
	}
	e.over = true
	e.mu.Unlock()
	e.s.forget(e)
	return nil
}

// Cut says that the stream is watched no further, although it goes on from state: the latest decision
// is credited with what the learner expects from there. The errors are those of encoding state, of
// ErrEpisodeOver and ErrClosed; after an error the stream is still open.
func (e *Episode[S, O]) Cut(state S) error {
	if e.over {
		return ErrEpisodeOver
	}
	w := e.s.workers.Get().(*worker)
	defer e.s.workers.Put(w)
	var c call
	if err := e.s.look(w, &c, &state); err != nil {
		return err
	}
	phi := e.potential(&w.obs)
	e.mu.Lock()
	if r := e.latest(); r != nil {
		r.last = true
		e.succeed(w, r, -1, e.s.othersDraw(r.seq), phi, c.sound)
		e.hand(r)
	}
	e.over = true
	e.mu.Unlock()
	e.s.forget(e)
	return nil
}

// commit writes the next decision of the stream down and makes it the successor of the latest.
func (e *Episode[S, O]) commit(w *worker, c *call) {
	phi := e.potential(&w.obs)
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.s.enter(w, c)
	r.stream, r.phi = e.stream, phi
	if prev := e.latest(); prev != nil {
		e.succeed(w, prev, c.action, e.s.othersDraw(r.seq), phi, c.sound)
		e.hand(prev)
	}
	e.prev = r.seq
	e.stream.step++
	e.s.publish(w, c, r)
}

// potential returns Φ of obs, 0 where there is none or it panics.
func (e *Episode[S, O]) potential(obs *lepton.Observation) (phi float64) {
	if e.credit.Potential == nil {
		return 0
	}
	defer func() {
		if detail := recover(); detail != nil {
			e.s.fault(FaultReward, detail)
		}
	}()
	return e.credit.Phi(obs)
}

// latest returns the latest decision, busy, for its successor to be written into it. nil: there is
// none, or it is gone, which is counted.
func (e *Episode[S, O]) latest() *record {
	if e.prev == 0 {
		return nil
	}
	r := e.s.ledger.claim(e.prev)
	e.prev = 0
	if r != nil && r.linked {
		e.s.ledger.publish(r)
		r = nil
	}
	if r == nil {
		e.s.count.unlinked.Add(1)
	}
	return r
}

// hand passes r, whose successor is known now, on to the learner if its outcome is known too.
func (e *Episode[S, O]) hand(r *record) {
	r.linked = true
	e.s.finish(r)
}

// succeed writes into prev that the observation in w followed, with potential phi, and which action was
// chosen there (−1: none yet, or nobody decides).
func (e *Episode[S, O]) succeed(w *worker, prev *record, action int, draw uint64, phi float64, sound bool) {
	prev.elapsed = e.s.since(prev)
	prev.discount = e.credit.Discount(prev.elapsed)
	e.s.shape(prev, prev.discount*phi)
	if prev.discount == 0 || !prev.learnable {
		return
	}
	finite := false
	prev.nextAction, finite = keep(&prev.next, &w.obs, action, e.s.needs.Others, draw)
	e.s.setLearnable(prev, true, finite && sound)
}

// shape adds the potential-based part, ahead − Φ, to the reward of r.
func (s *Scheduler[S, O]) shape(r *record, ahead float64) {
	part := ahead - r.phi
	if math.IsInf(part, 0) {
		s.setLearnable(r, r.learnable, false)
		return
	}
	r.reward += part
}
