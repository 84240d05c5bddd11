package scheduler

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// Scheduler wires encoder, action space, reward, learner and policy into decisions that get better.
// S is the embedder's state, O its outcome. Safe for concurrent use.
type Scheduler[S, O any] struct {
	opt    Options[S, O]
	spec   lepton.Spec
	needs  lepton.Needs
	config uint64

	mode                           atomic.Uint32
	current                        atomic.Pointer[snapshot]
	breaker                        breaker
	ledger                         *ledger
	ranked                         *rankedLists
	queue                          *queue
	arrived                        chan struct{}         // holds a token when the queue may have something in it
	workers                        sync.Pool             // of *worker
	incumbentScorer, plannerScorer lepton.StateScorer[S] // Incumbent and Planner again, where they rank

	watcher  Journal // the gate, where it is a journal too
	listened bool    // somebody wants to be told of events

	drawSeed, keySeed uint64

	_        cacheLine // what is above is read by every decision, what is below is written
	count    counters
	episodes episodes[S, O]

	train      sync.Mutex // guards the learner, the queue's tail and what follows
	updates    uint64     // the learner's Progress.Updates at its latest publication
	transition lepton.Transition

	// Another lock, taken second, so that a Rollback need not wait for a learner that takes its time.
	publishing sync.Mutex // guards the gate and what follows
	kept       []*snapshot
	lastNumber uint64 // version given out last
	pinned     bool   // Rollback chose by hand: the learner's snapshots wait for Follow
	probes     probes

	running atomic.Bool
	closing chan struct{}
	close   sync.Once
}

// worker is what one decision works with; decisions borrow it, so that they allocate nothing.
type worker struct {
	obs       lepton.Observation
	scratch   lepton.Scratch
	p, q      []float64
	event     Event
	untracked record // of a decision that found no slot
}

func (w *worker) probabilities(n int) []float64 {
	if cap(w.p) < n {
		w.p, w.q = make([]float64, n), make([]float64, n)
	}
	w.p, w.q = w.p[:n], w.q[:n]
	return w.p
}

// New checks o and returns a scheduler that is ready to decide. All faults of o are reported together;
// a learner or policy that cannot serve the observations is a *lepton.SpecError among them.
func New[S, O any](o Options[S, O]) (*Scheduler[S, O], error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Scheduler[S, O]{
		opt:     o,
		spec:    lepton.SpecOf(o.Encoder, o.Actions),
		needs:   o.needs(),
		ledger:  newLedger(o.MaxOpen),
		ranked:  newRankedLists(o.MaxRanked),
		queue:   newQueue(o.QueueLen),
		arrived: make(chan struct{}, 1),
		closing: make(chan struct{}),
	}
	s.config = s.configHash()
	s.workers.New = func() any { return new(worker) }
	s.drawSeed = rng.Mix(rng.Mix(o.Seed, o.Instance), 0xd4a3)
	s.keySeed = rng.Mix(o.Seed, 0x6b65)
	s.mode.Store(uint32(o.Mode))
	s.episodes.byID = make(map[uint64]*Episode[S, O])
	s.incumbentScorer, _ = o.Incumbent.(lepton.StateScorer[S])
	s.plannerScorer, _ = o.Planner.(lepton.StateScorer[S])
	s.watcher, _ = o.Gate.(Journal)
	s.listened = o.Journal != nil || s.watcher != nil || o.Hooks.Given != nil
	first := o.Policy
	if first == nil && o.Learner != nil {
		var err error
		if first, err = s.learnerPolicy(); err != nil {
			return nil, err
		}
	}
	if first != nil {
		if _, err := s.offerPolicy(first); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Spec describes the observations that policies see.
func (s *Scheduler[S, O]) Spec() lepton.Spec { return s.spec }

// Recent appends to dst what is remembered of the latest decisions, at most MaxOpen of them, in order of
// their IDs: for each the last event in its life, At the time of the decision and with the reward so
// far. It is the journal of those who set none. Safe for concurrent use; a decision that is being
// written is left out.
func (s *Scheduler[S, O]) Recent(dst []Event) []Event {
	from := len(dst)
	s.ledger.remembered(func(r *record) {
		var e Event
		s.describe(&e, r, r.reward, r.at)
		dst = append(dst, e)
	})
	slices.SortFunc(dst[from:], func(a, b Event) int { return cmp.Compare(a.Decision.ID.Seq, b.Decision.ID.Seq) })
	return dst
}

// SetMode changes who decides, from the next decision on. Off is the one-call freeze. A mode that was
// never named, or a closed scheduler, leaves things as they are.
func (s *Scheduler[S, O]) SetMode(m Mode) {
	for {
		was := s.mode.Load()
		if m > Live || Mode(was) == closed {
			return
		}
		if s.mode.CompareAndSwap(was, uint32(m)) {
			s.breaker.reset()
			s.wake() // Run slept through Off
			return
		}
	}
}

// Close ends Run and every open way in: later calls return ErrClosed. Open decisions are given up. A
// Journal that is an io.Closer is closed, and its error returned. Close twice does nothing.
func (s *Scheduler[S, O]) Close() error {
	var err error
	s.close.Do(func() {
		s.mode.Store(uint32(closed))
		close(s.closing)
		s.train.Lock() // waits for a Train that is under way
		defer s.train.Unlock()
		if c, ok := s.opt.Journal.(interface{ Close() error }); ok {
			err = c.Close()
		}
	})
	return err
}

func (s *Scheduler[S, O]) isClosed() bool { return Mode(s.mode.Load()) == closed }

// now returns the clock in nanoseconds, 0 without one.
func (s *Scheduler[S, O]) now() int64 {
	if s.opt.Clock == nil {
		return 0
	}
	return s.opt.Clock().UnixNano()
}

func (s *Scheduler[S, O]) configHash() uint64 {
	h := fnv.New64a()
	h.Write([]byte(s.opt.ConfigID))
	var b []byte
	for _, v := range [...]uint64{
		s.spec.Hash(), s.opt.Seed, math.Float64bits(s.opt.Canary), math.Float64bits(s.opt.Holdout),
		math.Float64bits(s.opt.Explore.Share), math.Float64bits(s.opt.Explore.MaxLoss), uint64(s.opt.Budget),
		uint64(s.opt.OpenFor), uint64(s.opt.MaxOpen), uint64(s.opt.MaxActions),
	} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	h.Write(b)
	return h.Sum64()
}

// note writes down what happened to r, and tells the journal, the gate and the hook where they listen.
func (s *Scheduler[S, O]) note(w *worker, kind EventKind, r *record, reward float64, obs *lepton.Observation) {
	r.event = kind
	if !s.listened {
		return
	}
	at := r.at
	if kind != Decided {
		at = s.now()
	}
	e := &w.event
	s.describe(e, r, reward, at)
	e.Obs = obs
	s.tell(e)
	e.Obs = nil
}

// tell passes e on to those who listen, containing a panic of theirs.
func (s *Scheduler[S, O]) tell(e *Event) {
	defer s.containListener()
	if s.opt.Journal != nil {
		s.opt.Journal.Append(e)
	}
	if s.watcher != nil {
		s.watcher.Append(e)
	}
	if s.opt.Hooks.Given != nil && (e.Kind == Evicted || e.Kind == Expired || e.Kind == Defaulted) {
		s.opt.Hooks.Given(e.Decision.ID, e.Kind)
	}
}

// containListener counts a panic of a journal, hook or logger, and nothing else: whoever hears of
// faults may be the one that fails. Deferred directly.
func (s *Scheduler[S, O]) containListener() {
	if recover() != nil {
		s.count.faults[FaultListener].Add(1)
	}
}

// describe fills e, all but Obs.
func (s *Scheduler[S, O]) describe(e *Event, r *record, reward float64, at int64) {
	e.Kind, e.Config, e.At, e.Reward = r.event, s.config, at, reward
	e.Episode, e.Agent, e.Step = r.stream.episode, r.stream.agent, r.stream.step
	e.Decision = r.decision(s.opt.Instance)
}

// fault counts a contained fault and tells whoever listens.
func (s *Scheduler[S, O]) fault(cause FaultCause, detail any) {
	s.count.faults[cause].Add(1)
	defer s.containListener()
	if s.opt.Hooks.Fault != nil {
		s.opt.Hooks.Fault(cause, detail)
	}
	if s.opt.Logger != nil {
		s.opt.Logger.Warn("lepton: contained a fault", "cause", cause.String(), "detail", detail)
	}
}
