package scheduler

import (
	"runtime"
	"sync/atomic"
)

// ledger holds the open decisions. Deciding never waits on it.
//
// Decision seq has one slot, which it shares with those len(slots) before and after. One word a slot,
// seq<<2|phase, says who may touch the slot's record: nobody while it is open, waiting or vacant;
// whoever moved it to busy by compare-and-swap, until it is moved on. Busy spans are a few copies and a Journal's Append long:
// a number is reserved before the policies are asked, its slot is occupied after they answered, so
// that a policy that hangs holds nothing up but its own decision.
type ledger struct {
	next  atomic.Uint64 // the seq to hand out next; starts at 1
	_     cacheLine     // next changes with every decision, the rest does not
	idle  atomic.Uint64 // seqs handed out to no decision: slots stepped over
	words []atomic.Uint64
	slots []record
	mask  uint64 // size−1 where the size is a power of two, which spares the division
}

// cacheLine keeps what one core writes apart from what the others read. 64 bytes is the line of amd64;
// arm64 has 64 or 128.
type cacheLine [64]byte

const (
	vacant  uint64 = 0
	open    uint64 = 1
	waiting uint64 = 2 // the outcome is known, and what follows in the episode is not
	busy    uint64 = 3 // has all bits, so that or-ing it in makes any of the others busy

	phaseBits = 2
	phaseMask = 1<<phaseBits - 1
)

// probe is how many slots ahead reserve looks for a vacant one before it settles for the oldest of them.
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

// slot returns where decision seq lives. Where the size is a power of two, neighbours in time live nine
// words apart, so that cores which decide side by side do not write to one cache line.
func (l *ledger) slot(seq uint64) uint64 {
	if l.mask != 0 {
		return seq * 9 & l.mask
	}
	return seq % uint64(len(l.words))
}

// reserve hands out a seq whose slot is vacant, or holds the oldest decision nearby.
func (l *ledger) reserve() uint64 {
	for {
		base := l.next.Load()
		pick := l.pick(base)
		if l.next.CompareAndSwap(base, base+pick+1) {
			if pick > 0 {
				l.idle.Add(pick)
			}
			return base + pick
		}
	}
}

// pick returns how many slots from base to step over. Where all are busy it is none.
func (l *ledger) pick(base uint64) (pick uint64) {
	size := uint64(len(l.words))
	oldest := uint64(0)
	for j := range min(probe, size) {
		word := l.words[l.slot(base+j)].Load()
		switch word & phaseMask {
		case vacant:
			return j
		case busy:
		default:
			if oldest == 0 || word < oldest {
				pick, oldest = j, word
			}
		}
	}
	return pick
}

// occupy makes the slot of seq busy, for the caller to fill and publish. evicted is the word of the
// decision that had to make room, 0 if none had. The record is nil where the slot went to a later
// decision or is fought over: the decision stands but is not tracked.
func (l *ledger) occupy(seq uint64) (r *record, evicted uint64) {
	slot := l.slot(seq)
	for range 8 {
		word := l.words[slot].Load()
		switch phase := word & phaseMask; {
		case phase == busy:
			runtime.Gosched()
			continue
		case phase == vacant:
			evicted = 0
		case word>>phaseBits > seq:
			return nil, 0
		default:
			evicted = word
		}
		if l.words[slot].CompareAndSwap(word, seq<<phaseBits|busy) {
			return &l.slots[slot], evicted
		}
	}
	return nil, 0
}

// claim makes decision seq busy and returns its record, nil if it is neither open nor waiting.
func (l *ledger) claim(seq uint64) *record {
	slot := l.slot(seq)
	for {
		word := l.words[slot].Load()
		if word>>phaseBits != seq || word&phaseMask == vacant {
			return nil
		}
		if word&phaseMask != busy && l.words[slot].CompareAndSwap(word, seq<<phaseBits|busy) {
			return &l.slots[slot]
		}
		runtime.Gosched()
	}
}

// publish ends the busy span of r: it is open, or waiting if its outcome is known.
func (l *ledger) publish(r *record) {
	phase := open
	if r.settled {
		phase = waiting
	}
	l.words[l.slot(r.seq)].Store(r.seq<<phaseBits | phase)
}

// release ends the busy span of r: the slot is vacant. The seq stays in the word, so that vacant words
// of different ages differ and a late compare-and-swap cannot mistake one for the other.
func (l *ledger) release(r *record) {
	l.words[l.slot(r.seq)].Store(r.seq<<phaseBits | vacant)
}

// each claims every open and waiting decision in turn, in slot order, and calls f, which must publish
// or release.
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

// count returns how many decisions are open now (or busy), and how many wait for what follows them.
func (l *ledger) count() (opened, waited int) {
	for i := range l.words {
		switch l.words[i].Load() & phaseMask {
		case vacant:
		case waiting:
			waited++
		default:
			opened++
		}
	}
	return opened, waited
}
