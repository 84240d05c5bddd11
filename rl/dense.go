package rl

import (
	"math"
	"math/bits"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// denseValues is an array of states × actions: the key of a state and the ID of an action are its indices. A
// row, the values of a state, is as long as the next power of two, so that a place is state<<bits | action.
type denseValues struct {
	states, actions uint64
	bits            uint // a row is 1<<bits long
	page            uint // a page 1<<page
	initial         float64
	pages           [][]float64
}

func newDenseValues(states, actions int, initial float64) *denseValues {
	t := &denseValues{states: uint64(states), actions: uint64(actions), initial: initial, bits: uint(bits.Len(uint(actions - 1)))}
	n := states << t.bits
	for t.page = max(t.bits, 8); 1<<(2*t.page) < n; {
		t.page++
	}
	for page := range slices.Chunk(slices.Repeat([]float64{initial}, n), 1<<t.page) {
		t.pages = append(t.pages, page)
	}
	return t
}

// denseTable shares its pages, which are whole rows, with its snapshots, and copies one before it first writes
// to it afterwards. There are about as many pages as values in one, so that publishing costs the square root of
// the table, and a copy only of what changes.
type denseTable struct {
	denseValues
	shared []bool // pages that a snapshot reads
	counts tally
}

func newDense(states, actions int, initial float64, adaptive bool) *denseTable {
	v := newDenseValues(states, actions, initial)
	return &denseTable{denseValues: *v, shared: make([]bool, len(v.pages)), counts: newTally(states<<v.bits, adaptive)}
}

func (t *denseValues) row(dst []float64, state uint64, obs *lepton.Observation) {
	var row []float64
	if state < t.states {
		place := state << t.bits
		row = t.pages[place>>t.page][place&(1<<t.page-1):][:t.actions]
	}
	if len(dst) == len(row) && obs.LegalCount() == len(dst) {
		copy(dst, row) // the IDs of a fixed space are its indices
		return
	}
	for i := range dst {
		switch id := obs.ID(i); {
		case !obs.Legal(i):
			dst[i] = math.Inf(-1)
		case id < uint64(len(row)):
			dst[i] = row[id]
		default:
			dst[i] = t.initial
		}
	}
}

func (t *denseValues) value(state, action uint64) float64 {
	if place, ok := t.find(state, action); ok {
		return t.at(place)
	}
	return t.initial
}

func (t *denseValues) find(state, action uint64) (int, bool) {
	return int(state<<t.bits | action), state < t.states && action < t.actions
}

func (t *denseValues) at(place int) float64 {
	return t.pages[place>>t.page][place&(1<<t.page-1)]
}

func (t *denseTable) entry(state, action uint64) (entry, bool) {
	place, ok := t.find(state, action)
	if !ok {
		return entry{}, false
	}
	return t.counts.of(place, t.own(place)), true
}

func (t *denseTable) known(state, action uint64) *float64 {
	if place, ok := t.find(state, action); ok {
		return t.own(place)
	}
	return nil
}

// own returns a value to be written to, after it has copied a page that a snapshot reads.
func (t *denseTable) own(place int) *float64 {
	page := place >> t.page
	if t.shared[page] {
		t.pages[page], t.shared[page] = slices.Clone(t.pages[page]), false
	}
	return &t.pages[page][place&(1<<t.page-1)]
}

func (t *denseTable) snapshot() values {
	s := t.denseValues
	s.pages = slices.Clone(t.pages)
	for i := range t.shared {
		t.shared[i] = true
	}
	return &s
}

func (t *denseTable) entries() int {
	n := 0
	for _, v := range t.counts.visits {
		if v > 0 {
			n++
		}
	}
	return n
}

func (t *denseTable) evicted() uint64 { return 0 }

func (t *denseTable) write(w *codec.Writer) {
	t.writeValues(w)
	t.each(func(place int) { t.counts.write(w, place) })
}

func (t *denseTable) read(r *codec.Reader) {
	t.readValues(r)
	t.each(func(place int) { t.counts.read(r, place) })
}

func (t *denseValues) writeValues(w *codec.Writer) {
	w.Bool(true)
	w.Float(t.initial)
	w.Int(int(t.states))
	w.Int(int(t.actions))
	t.each(func(place int) { w.Float(t.at(place)) })
}

// readValues reads into a table that nobody else reads yet.
func (t *denseValues) readValues(r *codec.Reader) {
	t.initial = readHead(r, true)
	if states, actions := r.Uint64(), r.Uint64(); states != t.states || actions != t.actions {
		r.Fail("a table of %d states and %d actions, not %d and %d", states, actions, t.states, t.actions)
	}
	t.each(func(place int) {
		value := r.Float()
		if !finite(value) {
			r.Fail("a value of %v", value)
		}
		t.pages[place>>t.page][place&(1<<t.page-1)] = value
	})
}

// each calls do for the place of every entry, in order.
func (t *denseValues) each(do func(place int)) {
	for state := range t.states {
		for action := range t.actions {
			do(int(state<<t.bits | action))
		}
	}
}
