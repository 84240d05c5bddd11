package rl

import (
	"cmp"
	"math"
	"slices"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

// pageSize is the number of slots that a table copies at once; a power of two.
const pageSize = 16

// slot is one entry: the value of an action in a state. NaN marks a free slot.
type slot struct {
	state, action uint64
	value         float64
	visits        uint64
}

// page is a run of slots. It belongs to the table of its epoch; others may read it.
type page struct {
	epoch uint64
	slots [pageSize]slot
}

// table maps (state, action) to a value: open addressing with linear probing over pages, at most three
// quarters full. A snapshot shares the pages, and the table copies one before it first writes to it afterwards, so
// that publishing costs one pointer a page and a copy only of what changes.
type table struct {
	pages   []*page // their number is a power of two
	epoch   uint64
	used    int
	limit   int // most entries
	refused uint64
	initial float64 // value of what is not there
}

// newTable returns an empty table with room for size entries.
func newTable(size, limit int, initial float64) *table {
	n := 1
	for crowded(size, n) {
		n *= 2
	}
	return &table{limit: limit, initial: initial, pages: freshPages(n, 0)}
}

// crowded tells whether n entries are too many for a number of pages.
func crowded(n, pages int) bool { return n > pages*pageSize/4*3 }

func freshPages(n int, epoch uint64) []*page {
	pages := make([]*page, n)
	for i := range pages {
		pages[i] = &page{epoch: epoch}
		for j := range pages[i].slots {
			pages[i].slots[j].value = math.NaN()
		}
	}
	return pages
}

// find returns the place of (state, action), or of the free slot where it belongs.
func (t *table) find(state, action uint64) *slot {
	mask := uint64(len(t.pages)*pageSize - 1)
	for i := rng.Mix(state, action) & mask; ; i = (i + 1) & mask {
		s := &t.pages[i/pageSize].slots[i%pageSize]
		if s.value != s.value || s.state == state && s.action == action {
			return s
		}
	}
}

// value returns the value of (state, action), the initial one when it is not there.
func (t *table) value(state, action uint64) float64 {
	if s := t.find(state, action); s.value == s.value {
		return s.value
	}
	return t.initial
}

// get returns value and number of updates so far.
func (t *table) get(state, action uint64) (value float64, visits uint64) {
	if s := t.find(state, action); s.value == s.value {
		return s.value, s.visits
	}
	return t.initial, 0
}

// set stores a finite value. It refuses, and counts, a new entry in a full table.
func (t *table) set(state, action uint64, value float64, visits uint64) bool {
	if s := t.find(state, action); s.value != s.value {
		if t.used >= t.limit {
			t.refused++
			return false
		}
		if crowded(t.used+1, len(t.pages)) {
			t.grow()
		}
		t.used++
	}
	*t.own(state, action) = slot{state, action, value, visits}
	return true
}

// own is find for writing: it copies a page that a snapshot still reads.
func (t *table) own(state, action uint64) *slot {
	mask := uint64(len(t.pages)*pageSize - 1)
	for i := rng.Mix(state, action) & mask; ; i = (i + 1) & mask {
		p := t.pages[i/pageSize]
		s := &p.slots[i%pageSize]
		if s.value == s.value && (s.state != state || s.action != action) {
			continue
		}
		if p.epoch != t.epoch {
			p = &page{epoch: t.epoch, slots: p.slots}
			t.pages[i/pageSize] = p
		}
		return &p.slots[i%pageSize]
	}
}

func (t *table) grow() {
	old := t.pages
	t.pages = freshPages(2*len(old), t.epoch)
	for _, p := range old {
		for i := range p.slots {
			if s := &p.slots[i]; s.value == s.value {
				*t.find(s.state, s.action) = *s
			}
		}
	}
}

// snapshot returns a table that never changes.
func (t *table) snapshot() *table {
	s := *t
	s.pages = slices.Clone(t.pages)
	t.epoch++
	return &s
}

// write stores the entries in the order of their keys, so that equal tables give equal bytes whatever
// their history.
func (t *table) write(w *codec.Writer) {
	entries := make([]slot, 0, t.used)
	for _, p := range t.pages {
		for _, s := range p.slots {
			if s.value == s.value {
				entries = append(entries, s)
			}
		}
	}
	slices.SortFunc(entries, func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(a.action, b.action))
	})
	w.Float(t.initial)
	w.Uint64(t.refused)
	w.Int(len(entries))
	for _, s := range entries {
		w.Uint64(s.state)
		w.Uint64(s.action)
		w.Float(s.value)
		w.Uint64(s.visits)
	}
}

// readTable reads what write wrote into a table of at most limit entries.
func readTable(r *codec.Reader, limit int) *table {
	initial, refused, n := r.Float(), r.Uint64(), r.Count(32)
	if !finite(initial) {
		r.Fail("an initial value of %v", initial)
	}
	if n > limit {
		r.Fail("a table of %d entries, the limit is %d", n, limit)
		n = 0
	}
	t := newTable(n, limit, initial)
	var last slot
	for i := range n {
		s := slot{r.Uint64(), r.Uint64(), r.Float(), r.Uint64()}
		if r.Err() != nil {
			break
		}
		if !finite(s.value) {
			r.Fail("a value of %v", s.value)
			break
		}
		if i > 0 && cmp.Or(cmp.Compare(last.state, s.state), cmp.Compare(last.action, s.action)) >= 0 {
			r.Fail("entries out of order")
			break
		}
		last = s
		t.set(s.state, s.action, s.value, s.visits)
	}
	t.refused = refused
	return t
}
