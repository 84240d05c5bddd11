package rl

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

// looks bounds how many entries are looked at to find one that can go.
const looks = 64

// slot is one entry: the value of an action in a state.
type slot struct {
	state, action uint64
	value         float64
}

// hashedTable is a bounded map. Entries have places in the order in which they came; an index of open
// addressing with linear probing, at most three quarters full, leads to them.
//
// When it is full, a new entry takes the place of an old one, by CLOCK (Corbató 1968): a hand goes round the
// places, passes over those that were updated since it last came (an entry's first update does not count: much is
// seen once and never again), and stops at the first that was not, or after so many looks. Places, and not the index, decide what goes, so that a table read back goes on alike.
type hashedTable struct {
	actionKey func(*lepton.Observation, int) uint64
	index     paged[uint32] // place + 1; 0 is free
	mask      uint64        // size of the index − 1
	slots     paged[slot]
	used      int
	limit     int // most entries
	initial   float64
	gone      uint64 // entries evicted

	hand   int
	recent []bool // updated, not for the first time, since the hand came by
	counts tally
}

func newHashed(actionKey func(*lepton.Observation, int) uint64, limit int, initial float64, adaptive bool) *hashedTable {
	t := &hashedTable{actionKey: actionKey, limit: limit, initial: initial, counts: newTally(0, adaptive)}
	t.reindex(pageSize)
	return t
}

// reindex makes an index of n cells, a power of two.
func (t *hashedTable) reindex(n int) {
	t.index = paged[uint32]{epoch: t.index.epoch}
	t.index.grow(n)
	t.mask = uint64(n - 1)
	for place := range t.used {
		t.enter(place)
	}
}

// cell returns where the index leads to (state, action), or its free cell where it belongs.
func (t *hashedTable) cell(state, action uint64) (cell uint64, place int, ok bool) {
	for i := rng.Mix(state, action) & t.mask; ; i = (i + 1) & t.mask {
		place := int(*t.index.at(uint(i))) - 1
		if place < 0 {
			return i, place, false
		}
		if s := t.slots.at(uint(place)); s.state == state && s.action == action {
			return i, place, true
		}
	}
}

func (t *hashedTable) find(state, action uint64) (int, bool) {
	_, place, ok := t.cell(state, action)
	return place, ok
}

func (t *hashedTable) value(state, action uint64) float64 {
	if place, ok := t.find(state, action); ok {
		return t.at(place)
	}
	return t.initial
}

func (t *hashedTable) row(dst []float64, state uint64, obs *lepton.Observation) {
	for i := range dst {
		dst[i] = math.Inf(-1)
		if obs.Legal(i) {
			dst[i] = t.value(state, t.actionKey(obs, i))
		}
	}
}

func (t *hashedTable) make(state, action uint64) (int, bool) {
	if place, ok := t.find(state, action); ok {
		return place, true
	}
	place := t.used
	if t.used < t.limit {
		t.used++
		t.slots.grow(t.used)
		t.recent = append(t.recent, false)
	} else {
		place = t.evict()
	}
	*t.slots.own(uint(place)) = slot{state, action, t.initial}
	t.recent[place] = false
	t.counts.begin(place)
	if n := int(t.mask) + 1; t.used > n/4*3 {
		t.reindex(2 * n)
	} else {
		t.enter(place)
	}
	return place, true
}

// enter makes the index lead to a place.
func (t *hashedTable) enter(place int) {
	s := t.slots.at(uint(place))
	i, _, _ := t.cell(s.state, s.action)
	*t.index.own(uint(i)) = uint32(place + 1)
}

// evict takes an entry out and returns its place.
func (t *hashedTable) evict() int {
	for range looks {
		if !t.recent[t.hand] {
			break
		}
		t.recent[t.hand] = false
		t.hand = (t.hand + 1) % t.used
	}
	place := t.hand
	t.hand = (t.hand + 1) % t.used
	t.gone++
	s := t.slots.at(uint(place))
	free, _, _ := t.cell(s.state, s.action)
	// Those behind move up, so that none is cut off from where its search begins (Knuth, volume 3, 6.4 R).
	for i := (free + 1) & t.mask; *t.index.at(uint(i)) != 0; i = (i + 1) & t.mask {
		s := t.slots.at(uint(*t.index.at(uint(i)) - 1))
		home := rng.Mix(s.state, s.action) & t.mask
		if (i-home)&t.mask >= (i-free)&t.mask {
			*t.index.own(uint(free)) = *t.index.at(uint(i))
			free = i
		}
	}
	*t.index.own(uint(free)) = 0
	return place
}

func (t *hashedTable) at(place int) float64 { return t.slots.at(uint(place)).value }

func (t *hashedTable) set(place int, value float64, visits uint64) {
	t.slots.own(uint(place)).value = value
	t.recent[place] = t.counts.visits[place] > 0
	t.counts.visits[place] += visits
}

func (t *hashedTable) tally() *tally { return &t.counts }

func (t *hashedTable) snapshot() table {
	s := *t
	s.index, s.slots = t.index.snapshot(), t.slots.snapshot()
	s.recent, s.counts = nil, tally{}
	return &s
}

func (t *hashedTable) entries() int    { return t.used }
func (t *hashedTable) evicted() uint64 { return t.gone }

func (t *hashedTable) write(w *codec.Writer, whole bool) {
	w.Bool(false)
	w.Float(t.initial)
	if whole {
		w.Uint64(t.gone)
		w.Int(t.hand)
	}
	w.Int(t.used)
	for place := range t.used {
		s := t.slots.at(uint(place))
		w.Uint64(s.state)
		w.Uint64(s.action)
		w.Float(s.value)
		if whole {
			w.Bool(t.recent[place])
			t.counts.write(w, place)
		}
	}
}

func (t *hashedTable) read(r *codec.Reader, whole bool) {
	width, hand := 24, 0
	if whole {
		width += 1 + t.counts.width()
		t.gone, hand = r.Uint64(), r.Int()
	}
	n := r.Count(width)
	if n > t.limit {
		r.Fail("a table of %d entries, the limit is %d", n, t.limit)
	}
	if hand < 0 || hand >= max(n, 1) {
		r.Fail("a hand at entry %d of %d", hand, n)
	}
	for place := range n {
		s := slot{r.Uint64(), r.Uint64(), r.Float()}
		if !finite(s.value) {
			r.Fail("a value of %v", s.value)
		}
		if r.Err() != nil {
			return
		}
		if _, ok := t.find(s.state, s.action); ok {
			r.Fail("an entry twice")
			return
		}
		t.make(s.state, s.action)
		t.slots.own(uint(place)).value = s.value
		if whole {
			t.recent[place] = r.Bool()
			t.counts.read(r, place)
		}
	}
	t.hand = hand
}
