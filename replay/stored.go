package replay

import (
	"math"

	"github.com/leptonsched/lepton"
)

// Stored is one transition in a Store, in place: its slices are good until the slot is filled again, and
// must not be changed.
type Stored struct {
	Action    int       // index into the legal actions kept; in a fixed space the action's ID
	Reward    float32   // of the decision
	Discount  float32   // multiplies the value of what follows
	State     []float32 // features that the actions share, StateDim
	Next      []float32 // the same of what follows; zeroes where Discount is 0
	Rows      []float32 // features of the legal actions kept, ActionDim each, row-major; empty in a fixed space
	NextRows  []float32 // the same of what follows; empty where Discount is 0
	IDs       []uint64  // names of the legal actions kept; nil in a fixed space, where i is the name of action i
	NextIDs   []uint64  // the same of what follows
	Legal     Mask      // of a fixed space alone: which of all actions are legal
	NextLegal Mask      // the same of what follows; none is legal where Discount is 0
}

// Mask says which actions are legal. It is a view, as good as the Stored that it comes from.
type Mask struct {
	bits []float32 // action i is bit i%32 of number i/32: what a slot holds lies together
}

// Legal reports whether action i may be chosen.
func (m Mask) Legal(i int) bool { return math.Float32bits(m.bits[i/32])>>(i%32)&1 != 0 }

func (m Mask) set(i int) {
	m.bits[i/32] = math.Float32frombits(math.Float32bits(m.bits[i/32]) | 1<<(i%32))
}

// within reports whether only the first n actions can be legal.
func (m Mask) within(n int) bool { return n%32 == 0 || math.Float32bits(m.bits[n/32])>>(n%32) == 0 }

func maskSize(actions int) int { return (actions + 31) / 32 }

// record is what a slot holds, IDs apart: the head, the two masks of a fixed space, the two states, the two
// lists of rows.
type record []float32

// The head of a record. Whole numbers are kept as bits; the counts only where actions come and go.
const (
	headAction = iota
	headReward
	headDiscount
	headSize
	headActions = iota - 1
	headNexts
	headSizeRows
)

func (r record) int(i int) int { return int(math.Float32bits(r[i])) }

func (r record) setHead(action int, t *lepton.Transition) {
	r[headAction] = math.Float32frombits(uint32(action))
	r[headReward], r[headDiscount] = float32(t.Reward), float32(t.Discount)
}

func (r record) setCounts(actions, nexts int) {
	r[headActions], r[headNexts] = math.Float32frombits(uint32(actions)), math.Float32frombits(uint32(nexts))
}

// record returns what slot holds.
func (s *Store) record(slot int) record {
	if !s.fixed {
		return s.records[slot]
	}
	from := slot * s.stride()
	to := from + s.recordSize(0, 0)
	return s.flat[from:to:to]
}

// recordSize returns the length of a record with the given numbers of actions.
func (s *Store) recordSize(actions, nexts int) int {
	if s.fixed {
		return headSize + 2*maskSize(s.spec.Actions) + 2*s.spec.StateDim
	}
	return headSizeRows + 2*s.spec.StateDim + (actions+nexts)*s.spec.ActionDim
}

// stride is how far records lie apart in a fixed space: whole halves of a line of the cache, so that each lies
// on as few lines as it can.
func (s *Store) stride() int { return (s.recordSize(0, 0) + 7) / 8 * 8 }

// counts returns how many rows r has, of the observation and of the next.
func (s *Store) counts(r record) (actions, nexts int) {
	if s.fixed {
		return 0, 0
	}
	return r.int(headActions), r.int(headNexts)
}

// At returns what slot holds, 0 ≤ slot < Len.
func (s *Store) At(slot int) Stored {
	r := s.record(slot)
	if s.fixed {
		return s.view(r, nil)
	}
	return s.view(r, s.ids[slot])
}

func (s *Store) view(r record, ids []uint64) Stored {
	v := Stored{Action: r.int(headAction), Reward: r[headReward], Discount: r[headDiscount]}
	n, m := s.counts(r)
	take := func(n int) []float32 {
		part := r[:n:n]
		r = r[n:]
		return part
	}
	if s.fixed {
		take(headSize)
		v.Legal, v.NextLegal = Mask{take(maskSize(s.spec.Actions))}, Mask{take(maskSize(s.spec.Actions))}
	} else {
		take(headSizeRows)
		v.IDs, v.NextIDs = ids[:n:n], ids[n:]
	}
	v.State, v.Next = take(s.spec.StateDim), take(s.spec.StateDim)
	v.Rows, v.NextRows = take(n*s.spec.ActionDim), take(m*s.spec.ActionDim)
	return v
}
