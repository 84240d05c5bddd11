package scheduler

import (
	"fmt"
	"sync"
	"time"

	"github.com/leptonsched/lepton"
)

// Episode is an ordered stream of decisions, each of which is credited with what follows it. Its
// methods are for one goroutine at a time; outcomes are reported through the Scheduler, from anywhere.
//
// A decision becomes a transition once its outcome and its successor (or the end) are both known.
// While another goroutine copies the outcome of the latest decision, the next one may wait for that
// copy; decisions outside of episodes never wait.
type Episode[S, O any] struct {
	s      *Scheduler[S, O]
	credit lepton.CreditOptions
	stream stream // of the next decision
	prev   uint64 // seq of the latest decision; 0: none
	over   bool
}

// episodes is the registry of open streams that have a name.
type episodes[S, O any] struct {
	mu       sync.Mutex
	byID     map[uint64]*Episode[S, O] // guarded by mu, as are the others
	order    []uint64                  // names, oldest first
	nameless uint64                    // unnamed streams begun, for numbering them
}

// Episode opens the stream named c.ID, or returns it if it is open already (also after Restore), with
// c's Potential. ID 0 opens a new one under a number of its own, which cannot be reattached. At most
// MaxOpen named streams are remembered; the oldest is forgotten, and counted. The error says what is
// wrong with c, or that a stream of that name is open under other credit options.
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
		s.remember(ep)
	}
	return ep, nil
}

// remember registers ep under its name. s.episodes.mu is held.
func (s *Scheduler[S, O]) remember(ep *Episode[S, O]) {
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
	return e.with(func(w *worker) (lepton.Decision, error) { return e.s.decide(w, &state, e) })
}

// Rank is Scheduler.Rank for the next decision of the stream, and ErrEpisodeOver.
func (e *Episode[S, O]) Rank(state S, scores []float64) (lepton.Decision, error) {
	return e.with(func(w *worker) (lepton.Decision, error) { return e.s.rank(w, &state, scores, e) })
}

// Record is Scheduler.Record for the next decision of the stream, and ErrEpisodeOver.
func (e *Episode[S, O]) Record(state S, action int, propensity float64) (lepton.Decision, error) {
	return e.with(func(w *worker) (lepton.Decision, error) { return e.s.record(w, &state, action, propensity, e) })
}

func (e *Episode[S, O]) with(f func(*worker) (lepton.Decision, error)) (lepton.Decision, error) {
	if e.over {
		return lepton.Decision{}, ErrEpisodeOver
	}
	w := e.s.workers.Get().(*worker)
	d, err := f(w)
	e.s.workers.Put(w)
	return d, err
}

// End says that the stream came to its true end: nothing follows the latest decision.
func (e *Episode[S, O]) End() error {
	if e.over {
		return ErrEpisodeOver
	}
	e.link(func(r *record) {
		r.discount, r.last = 0, true
		r.elapsed = e.s.since(r)
		r.reward -= r.phi
	})
	e.finish()
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
	c, err := e.s.look(w, &state)
	if err != nil {
		return err
	}
	e.link(func(r *record) { e.succeed(w, r, nil, c.sound, true) })
	e.finish()
	return nil
}

func (e *Episode[S, O]) finish() {
	e.over = true
	e.s.forget(e)
}

// follow makes r, just decided on w.obs, the successor of the latest decision.
func (e *Episode[S, O]) follow(w *worker, r *record, sound bool) {
	r.stream = e.stream
	r.phi = e.credit.Phi(&w.obs)
	e.link(func(prev *record) { e.succeed(w, prev, r, sound, false) })
	e.prev = r.seq
	e.stream.step++
}

// link calls f with the latest decision, busy, if it is still open, and hands it on if it is complete.
func (e *Episode[S, O]) link(f func(*record)) {
	if e.prev == 0 {
		return
	}
	r := e.s.ledger.claim(e.prev)
	e.prev = 0
	if r == nil || r.linked {
		if r != nil {
			e.s.ledger.publish(r.seq)
		}
		e.s.count.unlinked.Add(1)
		return
	}
	f(r)
	r.linked = true
	e.s.finish(r)
}

// succeed links prev to the observation in w, in which next was decided (nil: nobody decides there).
func (e *Episode[S, O]) succeed(w *worker, prev, next *record, sound, last bool) {
	prev.elapsed = e.s.since(prev)
	prev.discount, prev.last = e.credit.Discount(prev.elapsed), last
	prev.reward += prev.discount*e.credit.Phi(&w.obs) - prev.phi
	if prev.discount == 0 || !prev.learnable {
		return
	}
	chosen := -1
	draw := e.s.othersDraw(prev.seq)
	if next != nil {
		chosen, draw = next.action, e.s.othersDraw(next.seq)
	}
	finite := false
	prev.nextAction, finite = prev.next.pack(&w.obs, chosen, e.s.needs.Others, draw)
	e.s.setLearnable(prev, true, finite && sound)
}

// since returns the time from the decision r until now.
func (s *Scheduler[S, O]) since(r *record) time.Duration { return time.Duration(s.now() - r.at) }
