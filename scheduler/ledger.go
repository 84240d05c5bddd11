package scheduler

import (
	"runtime"
	"sync/atomic"
)

// ledger holds the open decisions. Deciding never waits on it.
//
// Decision seq lives in slot seq mod len(slots). One word a slot, seq<<2|phase, says who may touch the
// slot's record: nobody while it is open or vacant; whoever moved it to busy by compare-and-swap,
// until it is moved on. Busy spans are a few copies long and run no code of the embedder's.
type ledger struct {
	next  atomic.Uint64 // the seq to hand out next; starts at 1
	idle  atomic.Uint64 // seqs handed out to no decision: slots stepped over, races lost
	words []atomic.Uint64
	slots []record
	mask  uint64 // size−1 where the size is a power of two, which spares the division
}

const (
	vacant uint64 = 0
	open   uint64 = 1
	busy   uint64 = 3 // has all bits, so that or-ing it in makes either of the others busy

	phaseBits = 2
	phaseMask = 1<<phaseBits - 1
)

// probe is how many slots ahead acquire looks for a vacant one before it evicts the oldest of them.
// Decisions that stay open long are stepped over, so that a fast stream does not push them out.
const probe = 16

func newLedger(size int) *ledger {
	l := &ledger{words: make([]atomic.Uint64, size), slots: make([]record, size)}
	if size&(size-1) == 0 {
		l.mask = uint64(size) - 1
	}
	l.next.Store(1)
	return l
}

// slot returns where decision seq lives.
func (l *ledger) slot(seq uint64) uint64 {
	if l.mask != 0 {
		return seq & l.mask
	}
	return seq % uint64(len(l.words))
}

// acquire hands out a seq and its slot, busy, for the caller to fill and publish. evicted is the seq of
// the open decision that had to make room, 0 if none had. After losing several races for a slot it
// returns a nil record: the decision stands but is not tracked.
func (l *ledger) acquire() (seq uint64, r *record, evicted uint64) {
	size := uint64(len(l.words))
	for races := 0; races < 8; {
		base := l.next.Load()
		pick, found := uint64(0), uint64(0)
		ok := false
		at := l.slot(base)
		for j := range min(probe, size) {
			word := l.words[at].Load()
			if at++; at == size {
				at = 0
			}
			switch word & phaseMask {
			case vacant:
				pick, found, ok = j, word, true
			case open:
				if !ok || word < found {
					pick, found, ok = j, word, true
				}
			}
			if ok && found&phaseMask == vacant {
				break
			}
		}
		if !ok {
			races++ // everything near is being written: a ledger much too small
			continue
		}
		if !l.next.CompareAndSwap(base, base+pick+1) {
			continue // another decision was faster; somebody made progress
		}
		seq = base + pick
		if pick > 0 {
			l.idle.Add(pick)
		}
		slot := l.slot(seq)
		if !l.words[slot].CompareAndSwap(found, seq<<phaseBits|busy) {
			l.idle.Add(1)
			races++
			continue
		}
		if found&phaseMask == open {
			evicted = found >> phaseBits
		}
		return seq, &l.slots[slot], evicted
	}
	return l.next.Add(1) - 1, nil, 0
}

// claim makes the open decision seq busy and returns its record, nil if it is not open.
func (l *ledger) claim(seq uint64) *record {
	slot := l.slot(seq)
	for {
		word := l.words[slot].Load()
		if word>>phaseBits != seq || word&phaseMask == vacant {
			return nil
		}
		if word&phaseMask == open && l.words[slot].CompareAndSwap(word, seq<<phaseBits|busy) {
			return &l.slots[slot]
		}
		runtime.Gosched()
	}
}

// publish ends a busy span: the decision is open.
func (l *ledger) publish(seq uint64) {
	l.words[l.slot(seq)].Store(seq<<phaseBits | open)
}

// release ends a busy span: the slot is vacant. The seq stays in the word, so that vacant words of
// different ages differ and a late compare-and-swap cannot mistake one for the other.
func (l *ledger) release(seq uint64) {
	l.words[l.slot(seq)].Store(seq<<phaseBits | vacant)
}

// each claims every open decision in turn, in slot order, and calls f, which must publish or release.
func (l *ledger) each(f func(*record)) {
	for i := range l.words {
		if word := l.words[i].Load(); word&phaseMask != vacant {
			if r := l.claim(word >> phaseBits); r != nil {
				f(r)
			}
		}
	}
}

// remembered calls f with every record that holds a decision, open or ended, in slot order. It passes
// over those that are busy.
func (l *ledger) remembered(f func(*record)) {
	for i := range l.words {
		word := l.words[i].Load()
		if word == 0 || word&phaseMask == busy || !l.words[i].CompareAndSwap(word, word|busy) {
			continue
		}
		f(&l.slots[i])
		l.words[i].Store(word)
	}
}

// decisions counts the seqs that went to a decision.
func (l *ledger) decisions() uint64 {
	idle := l.idle.Load() // first, so that the difference is never negative
	return l.next.Load() - 1 - idle
}

// open counts the decisions that are open now.
func (l *ledger) open() int {
	n := 0
	for i := range l.words {
		if l.words[i].Load()&phaseMask != vacant {
			n++
		}
	}
	return n
}
