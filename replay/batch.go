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

	masks   []float32 // of a fixed space, 2·width for each transition; empty elsewhere, where all are legal
	width   int
	touched uint32 // keeps gatherFixed's first loop alive
}

// Legal reports whether action a could be chosen in place of that of transition i.
func (b *Batch) Legal(i, a int) bool {
	return len(b.masks) == 0 || Mask{b.masks[2*i*b.width:]}.Legal(a)
}

// NextLegal reports whether action a may be chosen after transition i.
func (b *Batch) NextLegal(i, a int) bool {
	return len(b.masks) == 0 || Mask{b.masks[(2*i+1)*b.width:]}.Legal(a)
}

// Gather fills b with what slots hold, each below Len.
func (s *Store) Gather(b *Batch, slots []int) {
	n, d := len(slots), s.spec.StateDim
	b.States, b.Next = room(b.States, n*d), room(b.Next, n*d)
	b.Actions, b.Rewards, b.Discounts = room(b.Actions, n), room(b.Rewards, n), room(b.Discounts, n)
	if s.fixed {
		s.gatherFixed(b, slots)
		return
	}
	b.masks = b.masks[:0]
	for i, slot := range slots {
		r := record(s.records[slot])
		b.Actions[i], b.Rewards[i], b.Discounts[i] = r.int(headAction), r[headReward], r[headDiscount]
		copy(b.States[i*d:(i+1)*d], r[headSizeRows:])
		copy(b.Next[i*d:(i+1)*d], r[headSizeRows+d:])
	}
}

// gatherFixed first touches both ends of each record in a loop that does nothing else, so that the misses of
// the cache overlap, and then copies.
func (s *Store) gatherFixed(b *Batch, slots []int) {
	n, d, size, stride, flat := len(slots), s.spec.StateDim, s.recordSize(0, 0), s.stride(), s.flat
	touched := uint32(0)
	for _, slot := range slots {
		touched ^= math.Float32bits(flat[slot*stride]) ^ math.Float32bits(flat[slot*stride+size-1])
	}
	b.touched = touched

	b.width = maskSize(s.spec.Actions)
	width := 2 * b.width
	b.masks = room(b.masks, n*width)
	actions, rewards, discounts := b.Actions[:n], b.Rewards[:n], b.Discounts[:n]
	for i, slot := range slots {
		r := flat[slot*stride : slot*stride+size]
		h := (*[headSize]float32)(r)
		actions[i], rewards[i], discounts[i] = int(math.Float32bits(h[headAction])), h[headReward], h[headDiscount]
		for k := range width {
			b.masks[i*width+k] = r[headSize+k]
		}
	}
	if d == 0 {
		return
	}
	at := size - 2*d
	for i, slot := range slots {
		states := flat[slot*stride+at : slot*stride+size]
		copy(b.States[i*d:(i+1)*d], states)
		copy(b.Next[i*d:(i+1)*d], states[d:])
	}
}

// Offers are the actions of a sample of observations of a space that is not fixed, one observation after the
// other. The zero value is ready to be filled. Not safe for concurrent use.
type Offers struct {
	// First is where each observation's actions begin, and at the end their number: actions First[i] to
	// First[i+1]−1 are the legal ones of observation i.
	First []int
	Rows  []float32 // features, ActionDim for each action, row-major
}

// GatherOffers fills o with the actions that slots' observations offered; none in a fixed space.
func (s *Store) GatherOffers(o *Offers, slots []int) { s.gatherOffers(o, slots, false) }

// GatherNext fills o with the actions of what follows; none where the discount is 0, and in a fixed space.
func (s *Store) GatherNext(o *Offers, slots []int) { s.gatherOffers(o, slots, true) }

func (s *Store) gatherOffers(o *Offers, slots []int, next bool) {
	o.First, o.Rows = room(o.First, len(slots)+1), o.Rows[:0]
	clear(o.First)
	if s.fixed {
		return
	}
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

// GatherChosen fills o with the actions taken alone, one of each of slots; none in a fixed space.
func (s *Store) GatherChosen(o *Offers, slots []int) {
	o.First, o.Rows = room(o.First, len(slots)+1), o.Rows[:0]
	clear(o.First)
	if s.fixed {
		return
	}
	for i, slot := range slots {
		r := record(s.records[slot])
		at := headSizeRows + 2*s.spec.StateDim + r.int(headAction)*s.spec.ActionDim
		o.Rows = append(o.Rows, r[at:at+s.spec.ActionDim]...)
		o.First[i+1] = i + 1
	}
}
