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

// hashedValues is a map. Entries have places in the order in which they came; an index of open addressing with
// linear probing, at most three quarters full, leads to them.
type hashedValues struct {
	actionKey func(*lepton.Observation, int) uint64
	index     paged[uint32] // place + 1; 0 is free
	mask      uint64        // size of the index − 1
	slots     paged[slot]
	used      int
	initial   float64
}

// hashedTable is a bounded map. It shares pages of index and entries with its snapshots.
//
// When it is full, a new entry takes the place of an old one, by CLOCK (Corbató 1968): a hand goes round the
// places, passes over those that were updated since it last came (an entry's first update does not count: much is
// seen once and never again), and stops at the first that was not, or after so many looks. Places, and not the index,
// decide what goes, so that a table read back goes on alike.
type hashedTable struct {
	hashedValues
	limit  int    // most entries
	gone   uint64 // entries evicted
	hand   int
	recent []bool // updated, not for the first time, since the hand came by
	counts tally
}

func newHashed(actionKey func(*lepton.Observation, int) uint64, limit int, initial float64, adaptive bool) *hashedTable {
	t := &hashedTable{hashedValues: hashedValues{actionKey: actionKey, initial: initial}, limit: limit, counts: newTally(0, adaptive)}
	t.reindex(pageSize)
	return t
}

// cell returns where the index leads to (state, action), or its free cell where it belongs.
func (t *hashedValues) cell(state, action uint64) (cell uint64, place int, ok bool) {
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

func (t *hashedValues) find(state, action uint64) (int, bool) {
	_, place, ok := t.cell(state, action)
	return place, ok
}

func (t *hashedValues) value(state, action uint64) float64 {
	if place, ok := t.find(state, action); ok {
		return t.at(place)
	}
	return t.initial
}

func (t *hashedValues) row(dst []float64, state uint64, obs *lepton.Observation) {
	for i := range dst {
		dst[i] = math.Inf(-1)
		if obs.Legal(i) {
			dst[i] = t.value(state, t.actionKey(obs, i))
		}
	}
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

func (t *hashedTable) entry(state, action uint64) (entry, bool) {
	place, ok := t.find(state, action)
	if !ok {
		place = t.add(state, action)
	}
	t.recent[place] = t.counts.visits[place] > 0
	return t.counts.of(place, &t.slots.own(uint(place)).value), true
}

func (t *hashedTable) known(state, action uint64) *float64 {
	if place, ok := t.find(state, action); ok {
		return &t.slots.own(uint(place)).value
	}
	return nil
}

// add makes an entry for what has none, and room if need be.
func (t *hashedTable) add(state, action uint64) int {
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
	return place
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

func (t *hashedValues) at(place int) float64 { return t.slots.at(uint(place)).value }

func (t *hashedTable) snapshot() values {
	s := t.hashedValues
	s.index, s.slots = t.index.snapshot(), t.slots.snapshot()
	return &s
}

func (t *hashedTable) entries() int    { return t.used }
func (t *hashedTable) evicted() uint64 { return t.gone }

func (t *hashedTable) write(w *codec.Writer) {
	t.writeValues(w)
	w.Uint64(t.gone)
	w.Int(t.hand)
	for place := range t.used {
		w.Bool(t.recent[place])
		t.counts.write(w, place)
	}
}

func (t *hashedTable) read(r *codec.Reader) {
	t.readValues(r)
	t.gone, t.hand = r.Uint64(), r.Int()
	if t.hand < 0 || t.hand >= max(t.used, 1) {
		r.Fail("a hand at entry %d of %d", t.hand, t.used)
	}
	for place := range t.used {
		t.recent[place] = r.Bool()
		t.counts.read(r, place)
	}
}

func (t *hashedValues) writeValues(w *codec.Writer) {
	w.Bool(false)
	w.Float(t.initial)
	w.Int(t.used)
	for place := range t.used {
		s := t.slots.at(uint(place))
		w.Uint64(s.state)
		w.Uint64(s.action)
		w.Float(s.value)
	}
}

// readValues reads into an empty table.
func (t *hashedTable) readValues(r *codec.Reader) {
	t.initial = readHead(r, false)
	n := r.Count(24)
	if n > t.limit {
		r.Fail("a table of %d entries, the limit is %d", n, t.limit)
	}
	for range n {
		s := slot{r.Uint64(), r.Uint64(), r.Float()}
		if !finite(s.value) {
			r.Fail("a value of %v", s.value)
		}
		if _, ok := t.find(s.state, s.action); ok {
			r.Fail("an entry twice")
		}
		if r.Err() != nil {
			return
		}
		place := t.add(s.state, s.action)
		t.slots.own(uint(place)).value = s.value
	}
}
