package rl

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// values is what policies need of a table: one value for each state and action. What a snapshot is of this
// may be asked from any number of goroutines.
type values interface {
	// row writes the values of the legal actions of obs in a state, −Inf for the others.
	row(dst []float64, state uint64, obs *lepton.Observation)
	// value returns the value of an action in a state, the initial one where it is not there.
	value(state, action uint64) float64
	writeValues(w *codec.Writer)
}

// table is what a learner fills: values, and what it has counted about each.
type table interface {
	values
	// entry returns an entry to be changed, which it makes room for; false: it can never be there.
	entry(state, action uint64) (entry, bool)
	// known returns the value of an entry to be changed, nil where there is none.
	known(state, action uint64) *float64
	snapshot() values // never changes, and shares nothing that does
	entries() int     // visited, or on the way to be
	evicted() uint64
	write(w *codec.Writer)
}

// entry leads to what a table holds of one state and action, until anything else is asked of the table.
type entry struct {
	value  *float64
	visits *uint64
	noise  *noise // nil unless step sizes adapt
}

// tally is what is counted about each entry of a table; policies do not need it.
type tally struct {
	visits []uint64
	noise  []noise // nil unless step sizes adapt
}

func newTally(n int, adaptive bool) tally {
	t := tally{visits: make([]uint64, n)}
	if adaptive {
		t.noise = make([]noise, n)
	}
	return t
}

// of returns the entry of a place, whose value is at value.
func (t *tally) of(place int, value *float64) entry {
	if t.noise == nil {
		return entry{value, &t.visits[place], nil}
	}
	return entry{value, &t.visits[place], &t.noise[place]}
}

// begin makes the tally of a place that of a new entry.
func (t *tally) begin(place int) {
	if place == len(t.visits) {
		t.visits = append(t.visits, 0)
		if t.noise != nil {
			t.noise = append(t.noise, noise{})
		}
		return
	}
	t.visits[place] = 0
	if t.noise != nil {
		t.noise[place] = noise{}
	}
}

func (t *tally) write(w *codec.Writer, place int) {
	w.Uint64(t.visits[place])
	if t.noise != nil {
		t.noise[place].write(w)
	}
}

func (t *tally) read(r *codec.Reader, place int) {
	t.visits[place] = r.Uint64()
	if t.noise != nil {
		t.noise[place].read(r)
	}
}

// newTable returns an empty table as o, which has its defaults, asks for.
func newTable(spec lepton.Spec, o *TabularOptions) table {
	if o.States > 0 {
		return newDense(o.States, spec.Actions, o.Initial, o.Adaptive)
	}
	return newHashed(o.actionKey, o.MaxEntries, o.Initial, o.Adaptive)
}

// readTable reads what the write of such a table wrote.
func readTable(r *codec.Reader, spec lepton.Spec, o *TabularOptions) table {
	if o.States > 0 {
		t := newDense(o.States, spec.Actions, o.Initial, o.Adaptive)
		t.read(r)
		return t
	}
	t := newHashed(o.actionKey, o.MaxEntries, o.Initial, o.Adaptive)
	t.read(r)
	return t
}

// readValues reads what the writeValues of such a table wrote, however many entries it has.
func readValues(r *codec.Reader, spec lepton.Spec, o *TabularOptions) values {
	if o.States > 0 {
		t := newDenseValues(o.States, spec.Actions, o.Initial)
		t.readValues(r)
		return t
	}
	t := newHashed(o.actionKey, math.MaxInt32, o.Initial, false)
	t.readValues(r)
	return &t.hashedValues
}

// readHead reads how the file of a table begins: whether it is dense, and the initial value.
func readHead(r *codec.Reader, dense bool) (initial float64) {
	got, initial := r.Bool(), r.Float()
	if !finite(initial) {
		r.Fail("an initial value of %v", initial)
	}
	if got != dense {
		r.Fail("one of two has TabularOptions.States, file or reader")
	}
	return initial
}
