package lepton

import (
	"errors"
	"fmt"
	"math"
)

// ErrStateDim is returned when a StateEncoder appended another number of values than its StateDim.
var ErrStateDim = errors.New("lepton: the encoder appended a wrong number of values")

// ErrActionCount is returned when a fixed ActionSpace offered another number of actions than it declared.
var ErrActionCount = errors.New("lepton: a fixed action space offered a wrong number of actions")

// Observation holds the numbers that a policy sees for one decision: the shared features of the
// state, and one row of features for each action offered.
//
// It is flat and reusable: Reset keeps the memory. Methods that return slices return views into it,
// valid until the next Reset, CopyFrom or Add. Not safe for concurrent use while it is being filled;
// afterwards any number of readers may share it. The zero value is an empty observation.
type Observation struct {
	state   []float64
	rows    []float64 // the first len(actions)×dim are in use, row-major; the rest is zero, so that Add need not clear
	actions []action
	spare   []float64 // the row of an action beyond limit
	dim     int       // features of an action
	illegal int       // actions held that are not legal
	unheld  int       // actions that were on offer and are not held
	limit   int       // most actions held
}

type action struct {
	id    uint64
	legal bool
}

// Reset empties o for actions of actionDim features each (below 0 counts as 0: Spec.Validate reports
// it) and keeps at most maxActions of those that will be added (0: all of them). Memory of earlier
// uses is kept.
func (o *Observation) Reset(actionDim, maxActions int) {
	clear(o.Rows())
	o.state = o.state[:0]
	o.actions = o.actions[:0]
	o.dim = max(actionDim, 0)
	if o.limit = maxActions; maxActions <= 0 {
		o.limit = math.MaxInt
	}
	o.illegal, o.unheld = 0, 0
}

// State returns the features that all actions share; its length is Spec.StateDim.
func (o *Observation) State() []float64 { return o.state }

// Len returns the number of actions held.
func (o *Observation) Len() int { return len(o.actions) }

// LegalCount returns how many of the actions held are legal.
func (o *Observation) LegalCount() int { return len(o.actions) - o.illegal }

// Offered returns how many actions were on offer when the decision was taken. It is larger than Len
// in a Transition that keeps only the chosen row and a few sampled others (see Needs), and when the
// limit given to Reset cut the list.
func (o *Observation) Offered() int { return len(o.actions) + o.unheld }

// ActionDim returns the number of features of one action.
func (o *Observation) ActionDim() int { return o.dim }

// Action returns the feature row of action i.
func (o *Observation) Action(i int) []float64 {
	return o.rows[i*o.dim : (i+1)*o.dim : (i+1)*o.dim]
}

// Rows returns all feature rows, Len×ActionDim, row-major, for batched scoring.
func (o *Observation) Rows() []float64 { return o.rows[:len(o.actions)*o.dim] }

// ID returns the embedder's stable name for action i; in a fixed space it is i.
func (o *Observation) ID(i int) uint64 { return o.actions[i].id }

// Legal reports whether action i may be chosen.
func (o *Observation) Legal(i int) bool { return o.actions[i].legal }

// SetState replaces the shared features by a copy of v.
func (o *Observation) SetState(v []float64) { o.state = append(o.state[:0], v...) }

// GrowState makes the shared features n zeroes (below 0 counts as 0), for the caller to fill through
// State.
func (o *Observation) GrowState(n int) {
	o.state = grow(o.state[:0], max(n, 0))
	clear(o.state)
}

// SetOffered records how many actions were on offer, where o holds only some of them. A number below
// Len counts as Len.
func (o *Observation) SetOffered(n int) { o.unheld = max(n-len(o.actions), 0) }

// Actions returns the set through which actions are added to o.
func (o *Observation) Actions() ActionSet { return ActionSet{o} }

// CopyFrom makes o a deep copy of src, reusing o's memory.
func (o *Observation) CopyFrom(src *Observation) {
	o.state = append(o.state[:0], src.state...)
	rows := src.Rows()
	if had := len(o.Rows()); had > len(rows) {
		clear(o.rows[len(rows):had])
	}
	if len(o.rows) < len(rows) {
		o.rows = make([]float64, len(rows))
	}
	copy(o.rows, rows)
	o.actions = append(o.actions[:0], src.actions...)
	o.dim, o.illegal, o.unheld, o.limit = src.dim, src.illegal, src.unheld, src.limit
}

// ActionSet is the open end of an Observation: an ActionSpace adds what it offers. It is a handle,
// passed by value, good for the duration of one Offer call.
type ActionSet struct{ o *Observation }

// Add offers one action under the embedder's stable name id and returns its zeroed feature row to
// fill. The row is valid until the next Add. An action that is not legal keeps its place in the list
// and is never chosen. Beyond the limit set by Reset the action is counted in Offered and dropped;
// the row returned is then a scratch one.
func (s ActionSet) Add(id uint64, legal bool) []float64 {
	o := s.o
	n := len(o.actions)
	if n >= o.limit && o.full() {
		return o.spareRow()
	}
	at := n * o.dim
	end := at + o.dim
	if n == cap(o.actions) || end > len(o.rows) {
		o.makeRoom()
	}
	o.actions = o.actions[:n+1]
	o.actions[n] = action{id, legal}
	if !legal {
		o.illegal++
	}
	return o.rows[at:end:end]
}

// full reports whether o takes no more actions. A zero Observation, never Reset, has no limit yet.
func (o *Observation) full() bool {
	if o.limit == 0 {
		o.limit = math.MaxInt
	}
	return len(o.actions) >= o.limit
}

// makeRoom doubles what o can hold, for Add.
func (o *Observation) makeRoom() {
	n := max(8, 2*len(o.actions))
	if cap(o.actions) < n {
		o.actions = append(make([]action, 0, n), o.actions...)
	}
	if len(o.rows) < n*o.dim {
		grown := make([]float64, n*o.dim)
		copy(grown, o.rows)
		o.rows = grown
	}
}

// spareRow counts an action that is not held and returns a zeroed row for it.
func (o *Observation) spareRow() []float64 {
	o.unheld++
	o.spare = grow(o.spare[:0], o.dim)
	clear(o.spare)
	return o.spare
}

// Len returns the number of actions held so far.
func (s ActionSet) Len() int { return len(s.o.actions) }

// grow lengthens s by n without setting the new values.
func grow(s []float64, n int) []float64 {
	if need := len(s) + n; need <= cap(s) {
		return s[:need]
	}
	return append(s, make([]float64, n)...)
}

// Encode fills o with what enc and actions say of state s, keeping at most maxActions actions
// (0: all): Offer, then EncodeState.
func Encode[S any](o *Observation, enc StateEncoder[S], actions ActionSpace[S], s S, maxActions int) error {
	return errors.Join(Offer(o, actions, s, maxActions), EncodeState(o, enc, s))
}

// Offer empties o and adds the actions open in s, keeping at most maxActions (0: all). It returns
// ErrActionCount, wrapped with the numbers, if a fixed space breaks its word.
func Offer[S any](o *Observation, actions ActionSpace[S], s S, maxActions int) error {
	n, dim := actions.ActionSpec()
	o.Reset(dim, maxActions)
	actions.Offer(ActionSet{o}, s)
	if n > 0 && o.Offered() != n {
		return fmt.Errorf("%w: %d instead of %d", ErrActionCount, o.Offered(), n)
	}
	return nil
}

// EncodeState replaces the shared features of o by those of s. It returns ErrStateDim, wrapped with
// the numbers, if the encoder breaks its word; the features are then zeroes of the right number.
func EncodeState[S any](o *Observation, enc StateEncoder[S], s S) error {
	o.state = enc.AppendState(o.state[:0], s)
	if got, want := len(o.state), enc.StateDim(); got != want {
		o.GrowState(want)
		return fmt.Errorf("%w: %d instead of %d", ErrStateDim, got, want)
	}
	return nil
}
