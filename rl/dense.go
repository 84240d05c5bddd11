package rl

import (
	"math"
	"math/bits"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// denseTable is an array of states × actions: the key of a state and the ID of an action are its indices. A
// row, the values of a state, is as long as the next power of two, so that a place is state<<bits | action.
//
// Pages are whole rows; a snapshot shares them, and the table copies one before it first writes to it
// afterwards. There are about as many pages as values in one, so that publishing costs the square root of the
// table, and a copy only of what changes.
type denseTable struct {
	states, actions uint64
	bits            uint // a row is 1<<bits long
	page            uint // a page 1<<page
	initial         float64
	pages           [][]float64
	shared          []bool // pages that a snapshot reads
	used            int    // entries visited
	counts          tally
}

func newDense(states, actions int, initial float64, adaptive bool) *denseTable {
	t := &denseTable{states: uint64(states), actions: uint64(actions), initial: initial, bits: uint(bits.Len(uint(actions - 1)))}
	n := states << t.bits
	for t.page = max(t.bits, 5); 1<<(2*t.page) < n; {
		t.page++
	}
	t.counts = newTally(n, adaptive)
	values := slices.Repeat([]float64{initial}, n)
	for page := range slices.Chunk(values, 1<<t.page) {
		t.pages = append(t.pages, page)
	}
	t.shared = make([]bool, len(t.pages))
	return t
}

func (t *denseTable) row(dst []float64, state uint64, obs *lepton.Observation) {
	var row []float64
	if state < t.states {
		place := state << t.bits
		row = t.pages[place>>t.page][place&(1<<t.page-1):][:t.actions]
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

func (t *denseTable) value(state, action uint64) float64 {
	if place, ok := t.find(state, action); ok {
		return t.at(place)
	}
	return t.initial
}

func (t *denseTable) find(state, action uint64) (int, bool) {
	return int(state<<t.bits | action), state < t.states && action < t.actions
}

func (t *denseTable) make(state, action uint64) (int, bool) { return t.find(state, action) }

func (t *denseTable) at(place int) float64 {
	return t.pages[place>>t.page][place&(1<<t.page-1)]
}

func (t *denseTable) set(place int, value float64, visits uint64) {
	page := place >> t.page
	if t.shared[page] {
		t.pages[page], t.shared[page] = slices.Clone(t.pages[page]), false
	}
	t.pages[page][place&(1<<t.page-1)] = value
	if t.counts.visits[place] == 0 {
		t.used += int(visits)
	}
	t.counts.visits[place] += visits
}

func (t *denseTable) tally() *tally { return &t.counts }

func (t *denseTable) snapshot() table {
	s := *t
	s.pages, s.shared, s.counts = slices.Clone(t.pages), nil, tally{}
	for i := range t.shared {
		t.shared[i] = true
	}
	return &s
}

func (t *denseTable) entries() int    { return t.used }
func (t *denseTable) evicted() uint64 { return 0 }

func (t *denseTable) write(w *codec.Writer, whole bool) {
	w.Bool(true)
	w.Float(t.initial)
	w.Int(int(t.states))
	w.Int(int(t.actions))
	for state := range t.states {
		for action := range t.actions {
			place := int(state<<t.bits | action)
			w.Float(t.at(place))
			if whole {
				t.counts.write(w, place)
			}
		}
	}
}

func (t *denseTable) read(r *codec.Reader, whole bool) {
	if states, actions := r.Uint64(), r.Uint64(); states != t.states || actions != t.actions {
		r.Fail("a table of %d states and %d actions, not %d and %d", states, actions, t.states, t.actions)
	}
	for state := range t.states {
		for action := range t.actions {
			place, value := int(state<<t.bits|action), r.Float()
			if !finite(value) {
				r.Fail("a value of %v", value)
			}
			if r.Err() != nil {
				return
			}
			t.pages[place>>t.page][place&(1<<t.page-1)] = value
			if whole {
				t.counts.read(r, place)
				if t.counts.visits[place] > 0 {
					t.used++
				}
			}
		}
	}
}
