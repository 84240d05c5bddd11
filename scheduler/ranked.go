package scheduler

import (
	"sync/atomic"

	"github.com/leptonsched/lepton"
)

// rankedLists keeps whole lists between Rank and Chose, where the ledger's own records are cut to what
// the learner needs. The oldest list makes room; words work as in the ledger.
type rankedLists struct {
	next  atomic.Uint64
	words []atomic.Uint64 // seq<<phaseBits | phase
	lists []packed
}

func newRankedLists(size int) *rankedLists {
	return &rankedLists{words: make([]atomic.Uint64, size), lists: make([]packed, size)}
}

// store keeps all of obs for decision seq. If its place is being read or written, nothing is kept.
func (l *rankedLists) store(seq uint64, obs *lepton.Observation, count *counters) {
	at := l.next.Add(1) % uint64(len(l.words))
	word := l.words[at].Load()
	if word&phaseMask == busy || !l.words[at].CompareAndSwap(word, seq<<phaseBits|busy) {
		count.rankDropped.Add(1)
		return
	}
	if word&phaseMask == open {
		count.rankDropped.Add(1)
	}
	l.lists[at].pack(obs, -1, lepton.AllRows, 0)
	l.words[at].Store(seq<<phaseBits | open)
}

// claim returns the list of decision seq, busy, and its place; nil if it made room for another.
func (l *rankedLists) claim(seq uint64) (list *packed, at int) {
	for at := range l.words {
		if l.words[at].CompareAndSwap(seq<<phaseBits|open, seq<<phaseBits|busy) {
			return &l.lists[at], at
		}
	}
	return nil, -1
}

// put ends the busy span of place at, if there is one.
func (l *rankedLists) put(at int, seq, phase uint64) {
	if at >= 0 {
		l.words[at].Store(seq<<phaseBits | phase)
	}
}

// drop gives up the list of decision seq, if it is still there.
func (l *rankedLists) drop(seq uint64) {
	if _, at := l.claim(seq); at >= 0 {
		l.put(at, seq, vacant)
	}
}
