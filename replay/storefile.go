package replay

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton/internal/codec"
)

const storeKind = "replay.store"

// WriteTo writes the contents. Writing twice gives the same bytes.
func (s *Store) WriteTo(w io.Writer) (int64, error) {
	var out codec.Writer
	for _, v := range s.settings() {
		out.Int(v)
	}
	out.Uint64(s.overwritten)
	out.Uint64(s.dropped)
	out.Int(s.next)
	out.Int(s.size)
	for slot := range s.size {
		out.Floats32(s.record(slot))
		if !s.fixed {
			out.Uint64s(s.ids[slot])
		}
	}
	n, err := codec.WriteContainer(w, storeKind, out.Bytes())
	if err != nil {
		return n, fmt.Errorf("replay: saving a store: %w", err)
	}
	return n, nil
}

// settings are what a file and the store that reads it must agree on.
func (s *Store) settings() [5]int {
	return [...]int{s.o.Capacity, s.o.MaxActions, s.spec.StateDim, s.spec.ActionDim, s.spec.Actions}
}

// ReadFrom replaces the contents by what WriteTo wrote, from a store with the same options and sizes of
// Spec. On an error the store stays as it was.
func (s *Store) ReadFrom(src io.Reader) (int64, error) {
	in, n, err := open(src, storeKind)
	if err != nil {
		return n, err
	}
	want := s.settings()
	for i, name := range [...]string{"Capacity", "MaxActions", "StateDim", "ActionDim", "Actions"} {
		if got := in.Int(); in.Err() == nil && got != want[i] {
			return n, fmt.Errorf("%w: a store with a %s of %d, not %d", ErrSettings, name, got, want[i])
		}
	}
	overwritten, dropped, next, size := in.Uint64(), in.Uint64(), in.Int(), in.Count(8)
	if size > s.o.Capacity || next != size%s.o.Capacity && (size < s.o.Capacity || next < 0 || next >= size) {
		in.Fail("slot %d is next of %d in a store of %d", next, size, s.o.Capacity)
	}
	if overwritten > 0 && size < s.o.Capacity || s.fixed && dropped > 0 {
		in.Fail("%d overwritten and %d dropped in a store with %d slots of %d in use", overwritten, dropped, size, s.o.Capacity)
	}
	if err := in.Err(); err != nil {
		return n, fmt.Errorf("replay: loading a store: %w", err)
	}
	read, err := NewStore(s.spec, s.o)
	if err != nil {
		return n, err
	}
	read.overwritten, read.dropped, read.next, read.size = overwritten, dropped, next, size
	for slot := range size {
		if in.Err() != nil {
			break
		}
		read.readSlot(in, slot)
	}
	if err := in.Close(); err != nil {
		return n, fmt.Errorf("replay: loading a store: %w", err)
	}
	*s = *read
	return n, nil
}

func (s *Store) readSlot(in *codec.Reader, slot int) {
	r, ids := record(in.Floats32()), []uint64(nil)
	if !s.fixed {
		ids = in.Uint64s()
	}
	if len(r) < s.recordSize(0, 0) {
		in.Fail("%d values in slot %d", len(r), slot)
	}
	if in.Err() != nil {
		return
	}
	n, m := s.counts(r)
	if !s.fixed && (n > s.o.MaxActions || m > s.o.MaxActions || n+m != len(ids)) || len(r) != s.recordSize(n, m) {
		in.Fail("%d and %d actions, %d IDs, %d values in slot %d", n, m, len(ids), len(r), slot)
		return
	}
	v := s.view(r, ids)
	if !s.fixed {
		if v.Action >= n {
			in.Fail("action %d of %d in slot %d", v.Action, n, slot)
		}
		s.records[slot], s.ids[slot] = r, ids
		return
	}
	if a := s.spec.Actions; v.Action >= a || !v.Legal.Legal(v.Action) || !v.Legal.within(a) || !v.NextLegal.within(a) {
		in.Fail("action %d of %d, or one beyond the last is legal, in slot %d", v.Action, a, slot)
	}
	copy(s.record(slot), r)
}
