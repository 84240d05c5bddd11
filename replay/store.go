package replay

import (
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/simd"
)

// ErrMismatch is returned for a transition whose observations are not of the store's Spec, or whose
// action is not a legal one among those held.
var ErrMismatch = errors.New("replay: a transition of another spec or without a legal action")

// StoreOptions says how much a Store keeps.
type StoreOptions struct {
	// Capacity is the number of transitions kept; 0 means 100,000. The oldest make room.
	Capacity int
	// MaxActions bounds the legal actions kept of one observation, and with it memory, where actions have
	// features or come and go; 0 means 256. Of more, an even selection with the chosen one is kept.
	MaxActions int
}

func (o StoreOptions) withDefaults() StoreOptions {
	if o.Capacity == 0 {
		o.Capacity = 100_000
	}
	if o.MaxActions == 0 {
		o.MaxActions = 256
	}
	return o
}

func (o StoreOptions) validate(spec lepton.Spec) error {
	errs := []error{spec.Validate()}
	if o.Capacity < 1 || o.Capacity > math.MaxInt32 {
		errs = append(errs, fmt.Errorf("replay: StoreOptions.Capacity is %d, want 1 to %d", o.Capacity, math.MaxInt32))
	}
	if o.MaxActions < 1 || o.MaxActions > math.MaxInt32 {
		errs = append(errs, fmt.Errorf("replay: StoreOptions.MaxActions is %d, want 1 to %d", o.MaxActions, math.MaxInt32))
	}
	if spec.Actions > math.MaxInt32 {
		errs = append(errs, fmt.Errorf("replay: Spec.Actions is %d, want at most %d", spec.Actions, math.MaxInt32))
	}
	return errors.Join(errs...)
}

// Store keeps what a learner replays of transitions, as float32, in numbered slots: the latest Capacity
// of them. It is made for learners that draw slots at random and compute on whole batches (see Batch):
// what a slot holds lies together, so that drawing it costs few misses of the cache.
//
// In a fixed space (Spec.Actions > 0 and no features of actions) every slot takes the same room, which
// is reserved at once: 8·StateDim + 12 bytes, and 8 for each 32 actions, rounded up to 32. Action i is the one with ID i;
// one that an observation does not hold is not legal. Elsewhere a slot holds the rows and IDs of the legal
// actions, too, and keeps its memory for the next transition: at most
// 8·StateDim + 2·MaxActions·(4·ActionDim + 8) bytes and 70 beside.
//
// What a learner does not replay is left out: who decided, when, and with what propensity. Where
// Discount is 0 Next is kept as empty. Not safe for concurrent use.
type Store struct {
	spec        lepton.Spec
	o           StoreOptions
	fixed       bool
	size, next  int // slots in use; the slot that Add fills next
	overwritten uint64
	dropped     uint64

	flat    []float32   // in a fixed space: the records of all slots, one after the other
	records [][]float32 // elsewhere: those of each slot
	ids     [][]uint64  // and the IDs of the actions kept, then of the next ones
}

// NewStore makes an empty store for observations of spec. All faults are reported together.
func NewStore(spec lepton.Spec, o StoreOptions) (*Store, error) {
	o = o.withDefaults()
	if err := o.validate(spec); err != nil {
		return nil, err
	}
	s := &Store{spec: spec, o: o, fixed: spec.Actions > 0 && spec.ActionDim == 0}
	if s.fixed {
		s.flat = make([]float32, o.Capacity*s.stride())
	} else {
		s.records, s.ids = make([][]float32, o.Capacity), make([][]uint64, o.Capacity)
	}
	return s, nil
}

// Add puts t in as the latest transition and returns its slot: 0, 1, … up to the capacity, then again
// from 0. It keeps nothing of t's memory. A transition that is refused with ErrMismatch changes nothing.
func (s *Store) Add(t *lepton.Transition) (slot int, err error) {
	if !s.holds(&t.Obs) || t.Action < 0 || t.Action >= t.Obs.Len() || !t.Obs.Legal(t.Action) || follows(t) && !s.holds(&t.Next) {
		return 0, ErrMismatch
	}
	slot = s.next
	if s.next++; s.next == s.o.Capacity {
		s.next = 0
	}
	if s.size < s.o.Capacity {
		s.size++
	} else {
		s.overwritten++
	}
	if s.fixed {
		s.fillFixed(slot, t)
	} else {
		s.fillRows(slot, t)
	}
	return slot, nil
}

// follows reports whether the value of Next counts, in float32 too.
func follows(t *lepton.Transition) bool { return float32(t.Discount) != 0 }

// holds reports whether obs is one of the store's spec.
func (s *Store) holds(obs *lepton.Observation) bool {
	if len(obs.State()) != s.spec.StateDim || obs.ActionDim() != s.spec.ActionDim {
		return false
	}
	if s.fixed {
		for i := range obs.Len() {
			if obs.ID(i) >= uint64(s.spec.Actions) {
				return false
			}
		}
	}
	return true
}

func (s *Store) fillFixed(slot int, t *lepton.Transition) {
	r := s.record(slot)
	r.setHead(int(t.Obs.ID(t.Action)), t)
	v := s.view(r, nil)
	clear(v.Legal.bits)
	clear(v.NextLegal.bits)
	setLegal(v.Legal, &t.Obs)
	if follows(t) {
		setLegal(v.NextLegal, &t.Next)
	}
	fillStates(&v, t)
}

func setLegal(mask Mask, obs *lepton.Observation) {
	for i := range obs.Len() {
		if obs.Legal(i) {
			mask.set(int(obs.ID(i)))
		}
	}
}

func fillStates(v *Stored, t *lepton.Transition) {
	simd.Narrow(v.State, t.Obs.State())
	if follows(t) {
		simd.Narrow(v.Next, t.Next.State())
	} else {
		clear(v.Next)
	}
}

func (s *Store) fillRows(slot int, t *lepton.Transition) {
	n, m := min(t.Obs.LegalCount(), s.o.MaxActions), 0
	s.dropped += uint64(t.Obs.LegalCount() - n)
	if follows(t) {
		m = min(t.Next.LegalCount(), s.o.MaxActions)
		s.dropped += uint64(t.Next.LegalCount() - m)
	}
	s.records[slot], s.ids[slot] = room(s.records[slot], s.recordSize(n, m)), room(s.ids[slot], n+m)
	r := s.record(slot)
	r.setCounts(n, m)
	v := s.view(r, s.ids[slot])
	fillStates(&v, t)
	r.setHead(s.copyRows(v.Rows, v.IDs, &t.Obs, t.Action), t)
	if m > 0 {
		s.copyRows(v.NextRows, v.NextIDs, &t.Next, -1)
	}
}

// copyRows copies as many of obs's legal actions as ids has room for, evenly selected and in order, with the
// chosen one among them, whose index it returns. Of n actions for k places, place j gets the first of
// n·j/k to n·(j+1)/k−1.
func (s *Store) copyRows(rows []float32, ids []uint64, obs *lepton.Observation, chosen int) (at int) {
	n, k, d := obs.LegalCount(), len(ids), s.spec.ActionDim
	legal, filled := 0, 0 // actions seen, and places filled with them
	for i := range obs.Len() {
		if !obs.Legal(i) {
			continue
		}
		j := ((legal+1)*k - 1) / n // the place that action number legal stands for
		legal++
		if j < filled && i != chosen {
			continue
		}
		if i == chosen {
			at = j
		}
		simd.Narrow(rows[j*d:(j+1)*d], obs.Action(i))
		ids[j] = obs.ID(i)
		filled = j + 1
	}
	return at
}

// room returns n values of arbitrary content, in v's memory if that suffices.
func room[T any](v []T, n int) []T {
	if n <= cap(v) {
		return v[:n]
	}
	return make([]T, n)
}

// Len returns the number of slots in use: slots 0 to Len−1.
func (s *Store) Len() int { return s.size }

// Cap returns the number of slots.
func (s *Store) Cap() int { return s.o.Capacity }

// Spec returns the spec of the observations that are kept.
func (s *Store) Spec() lepton.Spec { return s.spec }

// Overwritten returns how many transitions had to make room for others.
func (s *Store) Overwritten() uint64 { return s.overwritten }

// Dropped returns how many actions were left out of observations because of MaxActions.
func (s *Store) Dropped() uint64 { return s.dropped }
