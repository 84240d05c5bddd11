package rl

import (
	"cmp"
	"slices"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

// arm is what a bandit keeps numbers of: an action, by its ID, under a key of the state.
type arm struct{ key, action uint64 }

func (a arm) compare(b arm) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.action, b.action))
}

// places numbers arms from 0: open addressing with linear probing, at most half full.
type places struct {
	slots []int32 // place + 1; 0 is free. Their number is a power of two
	arms  []arm   // by place
}

func newPlaces(n int) places {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return places{slots: make([]int32, size), arms: make([]arm, 0, n)}
}

// find returns the place of a, −1 when it has none.
func (p *places) find(a arm) int { return int(p.slots[p.slot(a)]) - 1 }

// slot returns the slot that holds a, or the free one where it belongs.
func (p *places) slot(a arm) uint64 {
	mask := uint64(len(p.slots) - 1)
	for i := a.home() & mask; ; i = (i + 1) & mask {
		if n := p.slots[i]; n == 0 || p.arms[n-1] == a {
			return i
		}
	}
}

func (a arm) home() uint64 { return rng.Mix(a.key, a.action) }

// add gives a, which has none, the next place.
func (p *places) add(a arm) {
	if 2*(len(p.arms)+1) > len(p.slots) {
		p.slots = make([]int32, 2*len(p.slots))
		for i, b := range p.arms {
			p.slots[p.slot(b)] = int32(i + 1)
		}
	}
	p.slots[p.slot(a)] = int32(len(p.arms) + 1)
	p.arms = append(p.arms, a)
}

// replace gives a, which has none, the place of another arm.
func (p *places) replace(place int, a arm) {
	mask := uint64(len(p.slots) - 1)
	hole := p.slot(p.arms[place])
	for i := (hole + 1) & mask; p.slots[i] != 0; i = (i + 1) & mask { // close the gap behind the one that goes
		home := p.arms[p.slots[i]-1].home() & mask
		if (i-home)&mask >= (i-hole)&mask {
			p.slots[hole], hole = p.slots[i], i
		}
	}
	p.slots[hole] = 0
	p.slots[p.slot(a)] = int32(place + 1)
	p.arms[place] = a
}

// sorted returns the places in the order of their arms.
func (p *places) sorted() []int {
	order := make([]int, len(p.arms))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return p.arms[i].compare(p.arms[j]) })
	return order
}

// roster gives places to the arms heard of most recently, at most limit of them.
type roster struct {
	places
	shared         bool    // a snapshot reads the slots and arms: copy them before the next change
	older, newer   []int32 // neighbours by recency, by place; −1: none
	oldest, newest int32
	limit          int
	evicted        uint64 // arms that lost their place
}

func newRoster(limit int) roster {
	return roster{places: newPlaces(0), limit: limit, oldest: -1, newest: -1}
}

// take makes a the newest arm and returns its place. new says that it had none before: the place is the
// next one, or the one of the oldest arm, which is forgotten.
func (r *roster) take(a arm) (place int, isNew bool) {
	if place = r.find(a); place >= 0 {
		r.unlink(place)
		r.link(place)
		return place, false
	}
	if r.shared {
		r.slots, r.arms, r.shared = slices.Clone(r.slots), slices.Clone(r.arms), false
	}
	if len(r.arms) < r.limit {
		place = len(r.arms)
		r.add(a)
		r.older, r.newer = append(r.older, -1), append(r.newer, -1)
	} else {
		place = int(r.oldest)
		r.unlink(place)
		r.replace(place, a)
		r.evicted++
	}
	r.link(place)
	return place, true
}

// link makes a place the newest.
func (r *roster) link(place int) {
	r.older[place], r.newer[place] = r.newest, -1
	if r.newest >= 0 {
		r.newer[r.newest] = int32(place)
	} else {
		r.oldest = int32(place)
	}
	r.newest = int32(place)
}

func (r *roster) unlink(place int) {
	older, newer := r.older[place], r.newer[place]
	if older >= 0 {
		r.newer[older] = newer
	} else {
		r.oldest = newer
	}
	if newer >= 0 {
		r.older[newer] = older
	} else {
		r.newest = older
	}
}

// snapshot returns the places as they are; they never change.
func (r *roster) snapshot() places {
	r.shared = true
	return r.places
}

// recency returns the places, the oldest first.
func (r *roster) recency() []int {
	order := make([]int, 0, len(r.arms))
	for p := r.oldest; p >= 0; p = r.newer[p] {
		order = append(order, int(p))
	}
	return order
}

// append makes a the newest when it is new and there is room.
func (r *roster) append(a arm) bool {
	if len(r.arms) >= r.limit || r.find(a) >= 0 {
		return false
	}
	r.take(a)
	return true
}

// appendSorted gives a the next place when it stands behind all others.
func (p *places) appendSorted(a arm) bool {
	if n := len(p.arms); n > 0 && p.arms[n-1].compare(a) >= 0 {
		return false
	}
	p.add(a)
	return true
}

// writeArm writes a.
func writeArm(w *codec.Writer, a arm) {
	w.Uint64(a.key)
	w.Uint64(a.action)
}

// readArm reads an arm, which add must take in.
func readArm(r *codec.Reader, add func(arm) bool) {
	if a := (arm{r.Uint64(), r.Uint64()}); r.Err() == nil && !add(a) {
		r.Fail("arm (%d, %d) is there twice, out of order or one too many", a.key, a.action)
	}
}
