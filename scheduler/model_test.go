package scheduler

import (
	"math"
	"time"

	"github.com/leptonsched/lepton"
)

// model is the plain twin of the ledger, the queue, the ranked lists and the episodes: slices, a map and
// no concurrency. It says what each call must return, and what the learner must be given.
type model struct {
	maxOpen, maxRanked, queueLen, others int
	openFor                              time.Duration
	byDefault                            bool // the default outcome is 0.25

	now       time.Duration
	off       bool
	next      uint64
	idle      uint64
	place     func(seq uint64) uint64
	slots     []*modelDecision
	rankedAt  int
	ranked    []uint64 // seq whose list is kept at each place; 0: none
	queue     []*modelDecision
	delivered []*modelDecision
	st        Stats                     // of which it keeps the counts of endings and drops
	endings   map[uint64]EventKind      // how each decision ended
	streams   map[uint64]*modelEpisode  // named and open
	order     []uint64                  // their names, oldest first
	all       map[uint64]*modelDecision // every decision ever made
}

type modelDecision struct {
	seq       uint64
	at        time.Duration
	state     pool
	action    int // −1: not chosen yet
	learnable bool
	settled   bool
	linked    bool
	reward    float64

	ep       *modelEpisode // nil: by itself
	step     int
	discount float64
	elapsed  time.Duration
	last     bool
	nextIn   *pool // what followed; nil: nothing did
	nextBy   int   // what was chosen there
}

type modelEpisode struct {
	credit lepton.CreditOptions
	step   int
	prev   uint64
	over   bool
}

func newModel(maxOpen, maxRanked, queueLen, others int) *model {
	return &model{
		maxOpen: maxOpen, maxRanked: maxRanked, queueLen: queueLen, others: others, next: 1, place: newLedger(maxOpen).slot,
		slots: make([]*modelDecision, maxOpen), ranked: make([]uint64, maxRanked),
		endings: map[uint64]EventKind{}, streams: map[uint64]*modelEpisode{}, all: map[uint64]*modelDecision{},
	}
}

// slot is where a decision lives: the layout, and with it the order in which Train sweeps, is the
// ledger's own affair.
func (m *model) slot(seq uint64) **modelDecision { return &m.slots[m.place(seq)] }

// find returns the decision if it is in the ledger.
func (m *model) find(seq uint64) *modelDecision {
	if d := *m.slot(seq); d != nil && d.seq == seq {
		return d
	}
	return nil
}

func potential(n int) float64 { return float64(n) / 10 }

func (m *model) decide(ep *modelEpisode, state pool, action int) *modelDecision {
	seq := m.next
	for j := range min(probe, m.maxOpen) {
		at := m.next + uint64(j)
		if *m.slot(at) == nil {
			seq = at
			break
		}
		if (*m.slot(at)).seq < (*m.slot(seq)).seq {
			seq = at
		}
	}
	m.idle += seq - m.next
	m.next = seq + 1
	if old := *m.slot(seq); old != nil {
		m.giveUp(old, Evicted)
	}
	d := &modelDecision{seq: seq, at: m.now, state: state, action: action, learnable: !m.off, linked: ep == nil}
	*m.slot(seq) = d
	m.all[seq] = d
	if ep != nil {
		d.ep, d.step = ep, ep.step
		m.link(ep, &state, action, false)
		ep.prev = seq
		ep.step++
	}
	if action < 0 && m.others >= 0 && len(state.workers) > 1+m.others {
		m.rankedAt = (m.rankedAt + 1) % m.maxRanked
		if m.ranked[m.rankedAt] != 0 {
			m.st.RankDropped++
		}
		m.ranked[m.rankedAt] = seq
	}
	return d
}

// link completes the latest decision of ep by what followed it; next nil: a true end.
func (m *model) link(ep *modelEpisode, next *pool, action int, last bool) {
	if ep.prev == 0 {
		return
	}
	d := m.find(ep.prev)
	ep.prev = 0
	if d == nil {
		m.st.Unlinked++
		return
	}
	d.linked, d.last, d.elapsed = true, last, m.now-d.at
	shaping := -potential(len(d.state.workers))
	if next != nil {
		d.discount = ep.credit.Discount(d.elapsed)
		shaping += d.discount * potential(len(next.workers))
		d.nextIn, d.nextBy = next, action
	}
	d.reward += shaping
	m.finish(d)
}

func (m *model) finish(d *modelDecision) {
	if !d.settled || !d.linked {
		return
	}
	*m.slot(d.seq) = nil
	switch {
	case !d.learnable:
	case len(m.queue) < m.queueLen:
		m.queue = append(m.queue, d)
	default:
		m.st.QueueDropped++
	}
}

func (m *model) giveUp(d *modelDecision, kind EventKind) {
	*m.slot(d.seq) = nil
	if d.settled {
		m.st.LinkDropped++
		return
	}
	m.endings[d.seq] = kind
	for i, seq := range m.ranked {
		if seq == d.seq {
			m.ranked[i] = 0
		}
	}
	switch kind {
	case Cancelled:
		m.st.Cancelled++
	case Evicted:
		m.st.Evicted++
	case Expired:
		m.st.Expired++
	}
}

func (m *model) late(d *modelDecision) bool {
	age := m.now - d.at
	if d.settled {
		age /= 2
	}
	return m.openFor > 0 && age > m.openFor
}

func (m *model) expire(d *modelDecision) {
	if !d.settled && d.action >= 0 && m.byDefault {
		m.st.Defaulted++
		m.settle(d, 0.25, Defaulted)
		return
	}
	m.giveUp(d, Expired)
}

func (m *model) settle(d *modelDecision, reward float64, kind EventKind) {
	d.reward += reward
	d.settled = true
	m.endings[d.seq] = kind
	m.finish(d)
}

// report is Report, and Accrue where accrue is set.
func (m *model) report(seq uint64, reward float64, accrue bool) error {
	d := m.find(seq)
	switch {
	case d == nil || d.settled:
		return ErrUnknownDecision
	case m.late(d):
		m.expire(d)
		return ErrUnknownDecision
	case d.action < 0:
		return ErrNotChosen
	case math.IsNaN(reward):
		return ErrReward
	case accrue:
		if d.ep != nil && d.ep.credit.Unit > 0 {
			reward *= d.ep.credit.Discount(m.now - d.at)
		}
		d.reward += reward
		return nil
	}
	m.st.Settled++
	m.settle(d, reward, Settled)
	return nil
}

func (m *model) cancel(seq uint64) error {
	d := m.find(seq)
	if d == nil || d.settled {
		return ErrUnknownDecision
	}
	m.giveUp(d, Cancelled)
	return nil
}

func (m *model) chose(seq uint64, action int) error {
	d := m.find(seq)
	switch {
	case d == nil || d.settled:
		return ErrUnknownDecision
	case d.action >= 0:
		return ErrChosen
	}
	at := -1
	if m.others >= 0 && len(d.state.workers) > 1+m.others {
		for i, s := range m.ranked {
			if s == seq {
				at = i
			}
		}
		if at < 0 {
			m.giveUp(d, Evicted)
			return ErrUnknownDecision
		}
	}
	if action < 0 || action >= len(d.state.workers) || d.state.workers[action].illegal {
		return ErrAction
	}
	if at >= 0 {
		m.ranked[at] = 0
	}
	d.action = action
	return nil
}

func (m *model) train() {
	for _, d := range m.slots {
		if d != nil && m.late(d) {
			m.expire(d)
		}
	}
	if m.off {
		return
	}
	m.delivered = append(m.delivered, m.queue...)
	m.queue = nil
}

// stats returns the counts that the scheduler should show.
func (m *model) stats() Stats {
	st := m.st
	st.Decisions, st.Queued, st.Learned = m.next-1-m.idle, len(m.queue), uint64(len(m.delivered))
	for _, d := range m.slots {
		switch {
		case d == nil:
		case d.settled:
			st.Waiting++
		default:
			st.Open++
		}
	}
	return st
}
