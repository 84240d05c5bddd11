package replay

import "fmt"

// Ring holds the latest items that were added, up to a fixed number, and overwrites the oldest.
// Not safe for concurrent use.
type Ring[T any] struct {
	items       []T // all of the capacity
	start, size int // oldest item; items held
	overwritten uint64
}

// NewRing makes a ring that holds up to capacity items (≥ 1); memory for them is reserved at once.
func NewRing[T any](capacity int) (*Ring[T], error) {
	if capacity < 1 {
		return nil, fmt.Errorf("replay: capacity is %d, want 1 or more", capacity)
	}
	return &Ring[T]{items: make([]T, capacity)}, nil
}

// Add puts v in as the latest item.
func (r *Ring[T]) Add(v T) { *r.Next() = v }

// Next makes room for the latest item and returns its place to be filled. The place may still hold the
// item that was overwritten, so that a CopyFrom can reuse its memory; fill it before anything else is
// asked of the ring.
func (r *Ring[T]) Next() *T {
	if r.size < len(r.items) {
		r.size++
	} else {
		r.start = r.index(1)
		r.overwritten++
	}
	return r.At(r.size - 1)
}

// At returns item i, 0 ≤ i < Len, counted from the oldest, in place: it is good until it is overwritten.
func (r *Ring[T]) At(i int) *T { return &r.items[r.index(i)] }

// index is the place of item i, counted from the oldest.
func (r *Ring[T]) index(i int) int {
	if i += r.start; i >= len(r.items) {
		i -= len(r.items)
	}
	return i
}

// Len returns the number of items held.
func (r *Ring[T]) Len() int { return r.size }

// Cap returns the number of items that there is room for.
func (r *Ring[T]) Cap() int { return len(r.items) }

// Overwritten returns how many items had to make room for others.
func (r *Ring[T]) Overwritten() uint64 { return r.overwritten }
