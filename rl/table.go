package rl

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// table holds one value for each state and action, and what the learner has counted about it. A place is the
// number of an entry; it stays good until the next call of make.
type table interface {
	// row writes the values of the legal actions of obs in a state, −Inf for the others. It may be called
	// from any number of goroutines on a snapshot.
	row(dst []float64, state uint64, obs *lepton.Observation)
	// value returns the value of an action in a state, the initial one where it is not there; likewise.
	value(state, action uint64) float64

	find(state, action uint64) (place int, ok bool) // false: not there
	make(state, action uint64) (place int, ok bool) // makes room if need be; false: it can never be there
	at(place int) float64
	set(place int, value float64, visits uint64) // finite; adds so many visits, 0 or 1, to the tally
	tally() *tally

	snapshot() table // never changes, shares nothing that does, and counts nothing
	entries() int
	evicted() uint64
	write(w *codec.Writer, whole bool) // whole: what is counted too
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

// width is how many bytes write takes.
func (t *tally) width() int {
	if t.noise != nil {
		return 8 + noiseWidth
	}
	return 8
}

// newTable returns an empty table as o, which has its defaults, asks for.
func newTable(spec lepton.Spec, o TabularOptions) table {
	if o.States > 0 {
		return newDense(o.States, spec.Actions, o.Initial, o.Adaptive)
	}
	return newHashed(o.actionKey, o.MaxEntries, o.Initial, o.Adaptive)
}

// readTable reads what the write of a table like this one wrote. The values of a policy, not whole, may be
// more than the limit of its reader.
func readTable(r *codec.Reader, spec lepton.Spec, o TabularOptions, whole bool) table {
	dense, initial := r.Bool(), r.Float()
	if !finite(initial) {
		r.Fail("an initial value of %v", initial)
	}
	if dense != (o.States > 0) {
		r.Fail("one of two has TabularOptions.States, file or reader")
	}
	if r.Err() != nil {
		return nil
	}
	o.Initial = initial
	if dense {
		t := newDense(o.States, spec.Actions, o.Initial, o.Adaptive)
		t.read(r, whole)
		return t
	}
	if !whole {
		o.MaxEntries = math.MaxInt32
	}
	t := newHashed(o.actionKey, o.MaxEntries, o.Initial, o.Adaptive)
	t.read(r, whole)
	return t
}
