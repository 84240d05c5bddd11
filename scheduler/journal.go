package scheduler

import (
	"sync/atomic"

	"github.com/leptonsched/lepton"
)

// EventKind says what happened to a decision.
type EventKind uint8

// The events in the life of a decision. Exactly one of Settled, Defaulted, Cancelled, Evicted and
// Expired ends it.
const (
	Decided   EventKind = iota // Decide, Rank or Record made it
	Chosen                     // the host said what it took of a ranking
	Accrued                    // a part of the outcome came in
	Settled                    // the outcome came in
	Defaulted                  // nobody reported in time: DefaultOutcome settled it
	Cancelled                  // it was not carried out
	Evicted                    // it was given up to make room
	Expired                    // nobody reported in time, and there is no DefaultOutcome
)

var eventNames = [...]string{"decided", "chosen", "accrued", "settled", "defaulted", "cancelled", "evicted", "expired"}

// String returns the kind's name in lower case.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// Event is one entry of a Journal.
type Event struct {
	Kind     EventKind
	Decision lepton.Decision
	Config   uint64              // Stats.ConfigHash: encoder, action space and options
	At       int64               // Options.Clock in nanoseconds since 1970; 0 without a Clock
	Episode  uint64              // the stream that the decision belongs to; 0: a decision by itself
	Agent    uint32              // who in that stream decided
	Step     int                 // position in that stream, from 0
	Reward   float64             // of Accrued, Settled and Defaulted
	Obs      *lepton.Observation // of Decided: everything offered; valid during Append only. nil otherwise
}

// Journal is told every event. Append is called from every goroutine that decides or reports: it must
// be safe for concurrent use, must not block, and keeps neither e nor e.Obs. A Gate that is also a
// Journal is told as well. A Journal that is an io.Closer is closed by Scheduler.Close.
type Journal interface {
	Append(e *Event)
}

// MemoryJournal keeps the latest events, without their observations, in memory. Safe for concurrent
// use; it never blocks: an event that loses a race for its place is counted and dropped.
type MemoryJournal struct {
	next    atomic.Uint64
	dropped atomic.Uint64
	cells   []journalCell
}

type journalCell struct {
	word atomic.Uint64 // twice the position of the event held; odd while it is written or read
	e    Event
}

// NewMemoryJournal returns a journal of at least the latest size events: size is rounded up to a power
// of two.
func NewMemoryJournal(size int) *MemoryJournal {
	n := 1
	for n < size {
		n *= 2
	}
	return &MemoryJournal{cells: make([]journalCell, n)}
}

// Append records e, without its observation.
func (j *MemoryJournal) Append(e *Event) {
	pos := j.next.Add(1)
	c := &j.cells[pos&uint64(len(j.cells)-1)]
	word := c.word.Load()
	if word&1 == 1 || !c.word.CompareAndSwap(word, word|1) {
		j.dropped.Add(1)
		return
	}
	c.e = *e
	c.e.Obs = nil
	c.word.Store(pos << 1)
}

// Dropped returns how many events lost a race for their place.
func (j *MemoryJournal) Dropped() uint64 { return j.dropped.Load() }

// Recent appends the events held to dst, oldest first.
func (j *MemoryJournal) Recent(dst []Event) []Event {
	head := j.next.Load()
	size := uint64(len(j.cells))
	for pos := head - min(head, size) + 1; pos <= head; pos++ {
		c := &j.cells[pos&(size-1)]
		if c.word.CompareAndSwap(pos<<1, pos<<1|1) {
			dst = append(dst, c.e)
			c.word.Store(pos << 1)
		}
	}
	return dst
}
