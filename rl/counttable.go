package rl

import (
	"cmp"
	"slices"

	"github.com/leptonsched/lepton/internal/codec"
)

// countTable holds what each action that was logged is worth, and how often it was logged. It never changes.
type countTable struct {
	entries []countEntry      // of one state after the other, each in the order of the actions' keys
	states  map[uint64][2]int // where the entries of a state begin and end
}

type countEntry struct {
	state, action uint64
	value         float64
	n             uint64
}

// newCountTable takes entries over.
func newCountTable(entries []countEntry) *countTable {
	t := &countTable{entries: entries, states: map[uint64][2]int{}}
	for begin, i := 0, 1; i <= len(entries); i++ {
		if i == len(entries) || entries[i].state != entries[begin].state {
			t.states[entries[begin].state] = [2]int{begin, i}
			begin = i
		}
	}
	return t
}

// state returns the entries of a state.
func (t *countTable) state(key uint64) []countEntry {
	span := t.states[key]
	return t.entries[span[0]:span[1]]
}

// findEntry returns the entry of an action among those of a state, nil when there is none.
func findEntry(entries []countEntry, action uint64) *countEntry {
	i, ok := slices.BinarySearchFunc(entries, action, func(e countEntry, key uint64) int { return cmp.Compare(e.action, key) })
	if !ok {
		return nil
	}
	return &entries[i]
}

func (t *countTable) write(w *codec.Writer) {
	w.Int(len(t.entries))
	for _, e := range t.entries {
		w.Uint64(e.state)
		w.Uint64(e.action)
		w.Float(e.value)
		w.Uint64(e.n)
	}
}

// readCountTable reads what write wrote.
func readCountTable(r *codec.Reader) *countTable {
	entries := make([]countEntry, r.Count(32))
	for i := range entries {
		e := countEntry{r.Uint64(), r.Uint64(), r.Float(), r.Uint64()}
		if !finite(e.value) || e.n == 0 {
			r.Fail("an entry of value %v, logged %d times", e.value, e.n)
		}
		if i > 0 && e.state == entries[i-1].state && e.action <= entries[i-1].action {
			r.Fail("entries out of order")
		}
		entries[i] = e
	}
	t := newCountTable(entries)
	covered := 0
	for _, span := range t.states {
		covered += span[1] - span[0]
	}
	if covered != len(entries) {
		r.Fail("a state told twice")
	}
	return t
}
