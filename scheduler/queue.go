package scheduler

import (
	"runtime"
	"sync/atomic"
)

// queue is the bounded way from outcomes to the learner: many producers, one consumer, no locks, after
// D. Vyukov's bounded MPMC queue. Observations are exchanged by swapping, so that their memory goes round.
type queue struct {
	head  atomic.Uint64 // next position to fill
	tail  atomic.Uint64 // next position to take; moved by the consumer alone
	cells []cell
}

type cell struct {
	turn atomic.Uint64 // 2×position: free to fill; one more: full
	rec  record
}

func newQueue(size int) *queue {
	q := &queue{cells: make([]cell, size)}
	for i := range q.cells {
		q.cells[i].turn.Store(2 * uint64(i))
	}
	return q
}

// push takes r over, all but its facts, or reports false when it is full.
func (q *queue) push(r *record) bool {
	for {
		pos := q.head.Load()
		c := &q.cells[pos%uint64(len(q.cells))]
		switch turn := c.turn.Load(); {
		case turn == 2*pos:
			if q.head.CompareAndSwap(pos, pos+1) {
				c.rec.facts = r.facts
				c.rec.obs, r.obs = r.obs, c.rec.obs
				c.rec.next, r.next = r.next, c.rec.next
				c.turn.Store(2*pos + 1)
				return true
			}
		case turn < 2*pos:
			return false
		}
	}
}

// pop calls f with the oldest record and reports whether there was one. One goroutine at a time.
func (q *queue) pop(f func(*record)) bool {
	pos := q.tail.Load()
	c := q.full(pos)
	if c == nil {
		return false
	}
	f(&c.rec)
	c.turn.Store(2 * (pos + uint64(len(q.cells))))
	q.tail.Store(pos + 1)
	return true
}

// each calls f with every record waiting, oldest first, and leaves them there; those that are being
// pushed are waited for. Consumer only.
func (q *queue) each(f func(*record)) {
	head := q.head.Load()
	for pos := q.tail.Load(); pos < head; pos++ {
		c := q.full(pos)
		for ; c == nil; c = q.full(pos) {
			runtime.Gosched()
		}
		f(&c.rec)
	}
}

// full returns the cell of position pos if it has been filled.
func (q *queue) full(pos uint64) *cell {
	if c := &q.cells[pos%uint64(len(q.cells))]; c.turn.Load() == 2*pos+1 {
		return c
	}
	return nil
}

// len returns about how many records wait.
func (q *queue) len() int {
	tail := q.tail.Load() // before head, so that the difference is never negative
	return int(q.head.Load() - tail)
}
