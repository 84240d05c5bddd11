package replay

import "math"

// Batch is a sample of transitions, gathered into contiguous memory for a learner to compute on. Gather
// fills it and reuses its memory. The zero value is ready. Not safe for concurrent use.
type Batch struct {
	States    []float32 // StateDim each, row-major
	Next      []float32 // states that follow, in the same way; zeroes where Discounts is 0
	Actions   []int     // index of the action taken, as Stored.Action
	Rewards   []float32 // of the decisions
	Discounts []float32 // multiplies the value of what follows

	touched []uint32 // by gatherFixed
}

// Offers are the actions of a sample of observations, one observation after the other. GatherOffers and
// GatherNext fill it and reuse its memory. The zero value is ready. Not safe for concurrent use.
type Offers struct {
	// First is where each observation's actions begin, and at the end their number: actions First[i] to
	// First[i+1]−1 are those of observation i, in a fixed space all Spec.Actions, elsewhere the legal ones.
	First []int
	Rows  []float32 // features, ActionDim for each action, row-major; empty in a fixed space

	masks []float32 // of a fixed space, width for each observation; empty elsewhere, where all are legal
	width int
}

// Legal reports whether action a of observation i may be chosen.
func (o *Offers) Legal(i, a int) bool {
	return len(o.masks) == 0 || Mask{o.masks[i*o.width:]}.Legal(a)
}

// Gather fills b with what slots hold, each below Len.
func (s *Store) Gather(b *Batch, slots []int) {
	n, d := len(slots), s.spec.StateDim
	b.States, b.Next = room(b.States, n*d), room(b.Next, n*d)
	b.Actions, b.Rewards, b.Discounts, b.touched = room(b.Actions, n), room(b.Rewards, n), room(b.Discounts, n), room(b.touched, n)
	if s.fixed {
		s.gatherFixed(b, slots)
		return
	}
	for i, slot := range slots {
		r := record(s.records[slot])
		b.Actions[i], b.Rewards[i], b.Discounts[i] = r.int(headAction), r[headReward], r[headDiscount]
		copy(b.States[i*d:(i+1)*d], r[headSizeRows:])
		copy(b.Next[i*d:(i+1)*d], r[headSizeRows+d:])
	}
}

// gatherFixed copies the heads in a loop of its own, which also touches the middle and the end of each record:
// it is so short that their misses of the cache overlap.
func (s *Store) gatherFixed(b *Batch, slots []int) {
	d, size, flat := s.spec.StateDim, s.recordSize(0, 0), s.flat
	actions, rewards, discounts, touched := b.Actions[:len(slots)], b.Rewards[:len(slots)], b.Discounts[:len(slots)], b.touched[:len(slots)]
	for i, slot := range slots {
		r := flat[slot*size : slot*size+size]
		touched[i] = math.Float32bits(r[len(r)/2]) ^ math.Float32bits(r[len(r)-1])
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
	o.First, o.Rows, o.masks = room(o.First, len(slots)+1), o.Rows[:0], o.masks[:0]
	if s.fixed {
		s.gatherMasks(o, slots, next)
		return
	}
	o.First[0] = 0
	for i, slot := range slots {
		r := record(s.records[slot])
		n, m := s.counts(r)
		rows := r[headSizeRows+2*s.spec.StateDim:]
		if next {
			rows, n = rows[n*s.spec.ActionDim:], m
		}
		o.Rows = append(o.Rows, rows[:n*s.spec.ActionDim]...)
		o.First[i+1] = o.First[i] + n
	}
}

// gatherMasks is gatherOffers in a fixed space.
func (s *Store) gatherMasks(o *Offers, slots []int, next bool) {
	size, at := s.recordSize(0, 0), headSize
	o.width = maskSize(s.spec.Actions)
	if next {
		at += o.width
	}
	o.masks = room(o.masks, len(slots)*o.width)
	for i, slot := range slots {
		o.First[i] = i * s.spec.Actions
		mask := s.flat[slot*size+at:]
		for k := range o.width {
			o.masks[i*o.width+k] = mask[k]
		}
	}
	o.First[len(slots)] = len(slots) * s.spec.Actions
}

// GatherChosen fills o with the actions taken alone, one of each of slots; where the space is not fixed.
func (s *Store) GatherChosen(o *Offers, slots []int) {
	o.First, o.Rows, o.masks = room(o.First, len(slots)+1), o.Rows[:0], o.masks[:0]
	d := s.spec.ActionDim
	for i, slot := range slots {
		o.First[i] = i
		if !s.fixed {
			r := record(s.records[slot])
			at := headSizeRows + 2*s.spec.StateDim + r.int(headAction)*d
			o.Rows = append(o.Rows, r[at:at+d]...)
		}
	}
	o.First[len(slots)] = len(slots)
}
