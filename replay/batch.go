package replay

import "math"

// Batch is a sample of transitions, gathered into contiguous memory for a learner to compute on. A
// Gather fills it and reuses its memory. The zero value is ready. Not safe for concurrent use.
type Batch struct {
	States    []float32 // StateDim each, row-major
	Next      []float32 // states that follow, in the same way; zeroes where Discounts is 0
	Actions   []int     // index of the action taken into those of its transition
	Rewards   []float32 // of the decisions
	Discounts []float32 // multiplies the value of what follows

	ends []float32 // what gatherFixed touched
}

// Offers are the actions of a sample of observations, one observation after the other. The zero value is
// ready to be filled. Not safe for concurrent use.
type Offers struct {
	// First is where each observation's actions begin, and at the end their number: actions First[i] to
	// First[i+1]−1 are those of observation i. In a fixed space each has Spec.Actions.
	First []int
	Rows  []float32 // features, ActionDim for each action, row-major; empty in a fixed space
	Legal []bool    // of each action
}

// Gather fills b with what slots hold, each below Len.
func (s *Store) Gather(b *Batch, slots []int) {
	n, d := len(slots), s.spec.StateDim
	b.States, b.Next = room(b.States, n*d), room(b.Next, n*d)
	b.Actions, b.Rewards, b.Discounts = room(b.Actions, n), room(b.Rewards, n), room(b.Discounts, n)
	b.ends = room(b.ends, n)
	if s.fixed {
		s.gatherFixed(b, slots)
		return
	}
	for i, slot := range slots {
		r := s.record(slot)
		b.Actions[i], b.Rewards[i], b.Discounts[i] = r.int(headAction), r[headReward], r[headDiscount]
		states := r[s.statesAt(r):]
		copy(b.States[i*d:(i+1)*d], states)
		copy(b.Next[i*d:(i+1)*d], states[d:])
	}
}

// gatherFixed copies the heads in a loop of its own, which also touches the ends of the records: it is so
// short that their misses of the cache overlap.
func (s *Store) gatherFixed(b *Batch, slots []int) {
	d, size, flat := s.spec.StateDim, s.recordSize(s.spec.Actions, s.spec.Actions), s.flat
	actions, rewards, discounts, ends := b.Actions[:len(slots)], b.Rewards[:len(slots)], b.Discounts[:len(slots)], b.ends[:len(slots)]
	for i, slot := range slots {
		r := flat[slot*size : slot*size+size]
		ends[i] = r[len(r)-1]
		h := (*[headSize]float32)(r)
		actions[i], rewards[i], discounts[i] = int(math.Float32bits(h[headAction])), h[headReward], h[headDiscount]
	}
	if d == 0 {
		return
	}
	at := size - 2*d
	for i, slot := range slots {
		states := flat[slot*size+at : (slot+1)*size]
		copy(b.States[i*d:(i+1)*d], states)
		copy(b.Next[i*d:(i+1)*d], states[d:])
	}
}

// GatherOffers fills o with the actions that slots' observations offered.
func (s *Store) GatherOffers(o *Offers, slots []int) { s.gatherOffers(o, slots, false) }

// GatherNext fills o with the actions of what follows: none, or in a fixed space none that is legal,
// where the discount is 0.
func (s *Store) GatherNext(o *Offers, slots []int) { s.gatherOffers(o, slots, true) }

func (s *Store) gatherOffers(o *Offers, slots []int, next bool) {
	o.First, o.Rows = room(o.First, len(slots)+1), o.Rows[:0]
	if s.fixed {
		s.gatherMasks(o, slots, next)
		return
	}
	o.Legal = o.Legal[:0]
	for i, slot := range slots {
		v := s.At(slot)
		rows, n, legal := v.Rows, len(v.IDs), v.Legal
		if next {
			rows, n, legal = v.NextRows, len(v.NextIDs), v.NextLegal
		}
		o.First[i] = len(o.Legal)
		o.Rows = append(o.Rows, rows...)
		for a := range n {
			o.Legal = append(o.Legal, legal.Legal(a))
		}
	}
	o.First[len(slots)] = len(o.Legal)
}

// gatherMasks is gatherOffers in a fixed space.
func (s *Store) gatherMasks(o *Offers, slots []int, next bool) {
	n, size, at := s.spec.Actions, s.recordSize(s.spec.Actions, s.spec.Actions), headSize
	if next {
		at += maskSize(n)
	}
	o.Legal = room(o.Legal, len(slots)*n)
	for i, slot := range slots {
		o.First[i] = i * n
		legal := o.Legal[i*n : (i+1)*n]
		var bits uint32
		for a := range legal {
			if a%32 == 0 {
				bits = math.Float32bits(s.flat[slot*size+at+a/32])
			}
			legal[a] = bits&1 != 0
			bits >>= 1
		}
	}
	o.First[len(slots)] = len(slots) * n
}

// GatherChosen appends to rows the features of the actions taken, ActionDim for each of slots.
func (s *Store) GatherChosen(rows []float32, slots []int) []float32 {
	d := s.spec.ActionDim
	for _, slot := range slots {
		v := s.At(slot)
		if d > 0 {
			rows = append(rows, v.Rows[v.Action*d:(v.Action+1)*d]...)
		}
	}
	return rows
}
