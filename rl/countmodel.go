package rl

import (
	"cmp"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// countModel is the decision problem that a log describes: how often each action was taken in each state, what it
// earned, and what followed. States stand in the order in which they were first seen, which is that of all sums.
type countModel struct {
	limit   int // most entries
	index   map[uint64]int
	states  []countState
	entries int // actions, and what followed them
	refused uint64
	mean    float64 // value of an average state: of those in which nothing was logged
}

type countState struct {
	key     uint64
	visits  uint64
	value   float64
	known   bool          // by the latest sweep: some action that may be taken was logged
	actions []countAction // sorted by key
}

type countAction struct {
	key    uint64
	n      uint64      // how often it was taken
	reward float64     // Σ over those
	share  float64     // Σ of the incumbent's probability over the visits of the state; n where none is given
	next   []countNext // sorted by state
}

type countNext struct {
	state    int
	discount float64 // Σ over the transitions to it
}

func newCountModel(limit int) *countModel { return &countModel{limit: limit, index: map[uint64]int{}} }

// add counts a transition, or refuses it for want of room. shares holds the incumbent's probabilities; empty:
// it is whoever made the log.
func (m *countModel) add(t *lepton.Transition, key func(*lepton.Observation) uint64, actionKey func(*lepton.Observation, int) uint64, shares []float64) bool {
	state := key(&t.Obs)
	taken := actionKey(&t.Obs, t.Action)
	ok := m.hold(state, taken)
	for i, share := range shares {
		if share > 0 {
			ok = ok && m.hold(state, actionKey(&t.Obs, i))
		}
	}
	if ok && t.Discount != 0 {
		ok = m.holdNext(state, taken, key(&t.Next))
	}
	if !ok {
		m.refused++
		return false
	}
	s := &m.states[m.index[state]]
	s.visits++
	for i, share := range shares {
		if share > 0 {
			at, _ := s.find(actionKey(&t.Obs, i))
			s.actions[at].share += share
		}
	}
	at, _ := s.find(taken)
	a := &s.actions[at]
	a.n++
	if len(shares) == 0 {
		a.share++
	}
	a.reward += t.Reward
	if t.Discount != 0 {
		at, _ := a.find(m.index[key(&t.Next)])
		a.next[at].discount += t.Discount
	}
	return true
}

// hold makes sure that an action of a state has a place; false: there is no room.
func (m *countModel) hold(state, action uint64) bool {
	if i, ok := m.index[state]; ok {
		if _, ok := m.states[i].find(action); ok {
			return true
		}
	}
	if m.entries >= m.limit {
		return false
	}
	s := &m.states[m.place(state)]
	at, _ := s.find(action)
	s.actions = slices.Insert(s.actions, at, countAction{key: action})
	m.entries++
	return true
}

// holdNext makes sure that what follows an action, which has a place, has one too.
func (m *countModel) holdNext(state, action, next uint64) bool {
	s := m.index[state]
	at, _ := m.states[s].find(action)
	if i, ok := m.index[next]; ok {
		if _, ok := m.states[s].actions[at].find(i); ok {
			return true
		}
	}
	if m.entries >= m.limit {
		return false
	}
	i := m.place(next)
	a := &m.states[s].actions[at]
	to, _ := a.find(i)
	a.next = slices.Insert(a.next, to, countNext{state: i})
	m.entries++
	return true
}

// place returns the number of a state, which it gives it if need be.
func (m *countModel) place(key uint64) int {
	i, ok := m.index[key]
	if !ok {
		i = len(m.states)
		m.index[key] = i
		m.states = append(m.states, countState{key: key})
	}
	return i
}

func (s *countState) find(action uint64) (int, bool) {
	return slices.BinarySearchFunc(s.actions, action, func(a countAction, key uint64) int { return cmp.Compare(a.key, key) })
}

func (a *countAction) find(state int) (int, bool) {
	return slices.BinarySearchFunc(a.next, state, func(n countNext, i int) int { return n.state - i })
}

// value is what an action that was logged is worth, at the present values of the states.
func (m *countModel) value(a *countAction) float64 {
	sum := a.reward
	for _, n := range a.next {
		if s := &m.states[n.state]; s.known {
			sum += n.discount * s.value
		} else {
			sum += n.discount * m.mean
		}
	}
	return sum / float64(a.n)
}

// sweep brings the values of all states up to date once, the latest state first, and returns the largest change
// and the largest value.
func (m *countModel) sweep(minCount int) (moved, scale float64) {
	var p, values, counts []float64
	visits, sum := 0.0, 0.0
	for i := len(m.states) - 1; i >= 0; i-- {
		s := &m.states[i]
		p, values, counts = p[:0], values[:0], counts[:0]
		for j := range s.actions {
			a := &s.actions[j]
			value := math.NaN()
			if a.n > 0 {
				value = m.value(a)
			}
			p, values, counts = append(p, a.share), append(values, value), append(counts, float64(a.n))
		}
		improve(p, values, counts, minCount)
		value, total := 0.0, 0.0
		for j, share := range p {
			if counts[j] > 0 {
				value += share * values[j]
				total += share
			}
		}
		if total == 0 {
			continue
		}
		value /= total
		moved, scale = max(moved, math.Abs(value-s.value)), max(scale, math.Abs(value))
		s.value, s.known = value, true
		visits += float64(s.visits)
		sum += float64(s.visits) * value
	}
	if visits > 0 {
		m.mean = sum / visits
	}
	return moved, scale
}

// forgetValues makes all values 0, as in the beginning.
func (m *countModel) forgetValues() {
	m.mean = 0
	for i := range m.states {
		m.states[i].value, m.states[i].known = 0, false
	}
}

// table returns what each action logged is worth, and how often it was.
func (m *countModel) table() *countTable {
	var entries []countEntry
	for i := range m.states {
		s := &m.states[i]
		for j := range s.actions {
			if a := &s.actions[j]; a.n > 0 {
				entries = append(entries, countEntry{s.key, a.key, m.value(a), a.n})
			}
		}
	}
	return newCountTable(entries)
}

func (m *countModel) write(w *codec.Writer) {
	w.Uint64(m.refused)
	w.Float(m.mean)
	w.Int(len(m.states))
	for i := range m.states {
		s := &m.states[i]
		w.Uint64(s.key)
		w.Uint64(s.visits)
		w.Float(s.value)
		w.Bool(s.known)
		w.Int(len(s.actions))
		for j := range s.actions {
			a := &s.actions[j]
			w.Uint64(a.key)
			w.Uint64(a.n)
			w.Float(a.reward)
			w.Float(a.share)
			w.Int(len(a.next))
			for _, n := range a.next {
				w.Int(n.state)
				w.Float(n.discount)
			}
		}
	}
}

// readCountModel reads what write wrote into a model of at most limit entries.
func readCountModel(r *codec.Reader, limit int) *countModel {
	m := newCountModel(limit)
	m.refused, m.mean = r.Uint64(), r.Float()
	m.states = make([]countState, r.Count(33))
	finiteAll := finite(m.mean)
	for i := range m.states {
		s := &m.states[i]
		s.key, s.visits, s.value, s.known = r.Uint64(), r.Uint64(), r.Float(), r.Bool()
		visits := s.visits
		if _, twice := m.index[s.key]; twice {
			r.Fail("a state told twice")
		}
		m.index[s.key] = i
		s.actions = make([]countAction, r.Count(40))
		m.entries += len(s.actions)
		finiteAll = finiteAll && finite(s.value)
		for j := range s.actions {
			a := &s.actions[j]
			a.key, a.n, a.reward, a.share = r.Uint64(), r.Uint64(), r.Float(), r.Float()
			visits -= a.n
			finiteAll = finiteAll && finite(a.reward) && finite(a.share)
			if j > 0 && a.key <= s.actions[j-1].key || a.share < 0 {
				r.Fail("an action out of order, or with a share of %v", a.share)
			}
			a.next = make([]countNext, r.Count(16))
			m.entries += len(a.next)
			for k := range a.next {
				n := countNext{r.Int(), r.Float()}
				finiteAll = finiteAll && finite(n.discount)
				if n.state < 0 || n.state >= len(m.states) || k > 0 && n.state <= a.next[k-1].state || a.n == 0 {
					r.Fail("a next state out of order, or after an action never taken")
				}
				a.next[k] = n
			}
			if r.Err() != nil {
				return m
			}
		}
		if visits != 0 {
			r.Fail("%d visits more than actions", visits)
		}
	}
	if !finiteAll {
		r.Fail("a number that is not finite")
	}
	if m.entries > limit {
		r.Fail("a model of %d entries, the limit is %d", m.entries, limit)
	}
	return m
}
