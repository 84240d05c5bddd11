package scheduler

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enterSlot makes and opens decision seq in l.
func enterSlot(t *testing.T, l *ledger, seq uint64) (evicted uint64) {
	r, word := l.occupy(seq)
	require.NotNil(t, r)
	r.facts = facts{seq: seq}
	l.publish(r)
	return word >> phaseBits
}

func TestLedgerStepsOverLongDecisions(t *testing.T) {
	l := newLedger(4)
	for seq := uint64(1); seq <= 4; seq++ {
		require.Equal(t, seq, l.reserve())
		require.Zero(t, enterSlot(t, l, seq))
	}
	for _, seq := range []uint64{2, 4} {
		l.release(l.claim(seq))
	}
	assert.Equal(t, uint64(6), l.reserve(), "5 would share the slot of 1, which is open")
	enterSlot(t, l, 6)
	assert.Equal(t, uint64(8), l.reserve(), "7 would share that of 3")
	enterSlot(t, l, 8)
	assert.Equal(t, uint64(9), l.reserve(), "all are open: the oldest makes room")
	assert.Equal(t, uint64(1), enterSlot(t, l, 9))
	assert.Equal(t, uint64(7), l.decisions(), "5 and 7 went to none")
	assert.Nil(t, l.claim(1))
	assert.Nil(t, l.claim(2))
}

// Two decisions are on their way at once, and the later one is ready first.
func TestLedgerPrefersTheLaterOfTwoInOneSlot(t *testing.T) {
	l := newLedger(2)
	early, other, late := l.reserve(), l.reserve(), l.reserve()
	require.Equal(t, l.slot(early), l.slot(late))
	enterSlot(t, l, other)
	enterSlot(t, l, late)
	r, _ := l.occupy(early)
	assert.Nil(t, r, "it would evict a younger one")
	assert.NotNil(t, l.claim(late))
	r, _ = l.occupy(late + 2)
	assert.Nil(t, r, "the slot is busy for good: the decision goes untracked, and nobody waits")
}

func TestQueueIsBoundedAndInOrder(t *testing.T) {
	for size := range 4 {
		size++
		q := newQueue(size)
		next, taken := uint64(0), uint64(0)
		for range 5 {
			for range size {
				require.True(t, q.push(&record{facts: facts{seq: next}}))
				next++
			}
			require.False(t, q.push(&record{}), "full at %d", size)
			require.Equal(t, size, q.len())
			var seen []uint64
			q.each(func(r *record) { seen = append(seen, r.seq) })
			require.Len(t, seen, size)
			for range 1 + size/2 {
				require.True(t, q.pop(func(r *record) { require.Equal(t, taken, r.seq); taken++ }))
			}
			for q.pop(func(r *record) { require.Equal(t, taken, r.seq); taken++ }) {
			}
			require.Zero(t, q.len())
		}
	}
}
