package lepton

import (
	"errors"
	"fmt"
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
	rows    []float64 // len(ids) × dim, row-major
	ids     []uint64
	legal   []bool
	dim     int // features of an action
	nLegal  int
	offered int // actions offered when the decision was taken; ≥ len(ids)
	limit   int // most actions kept; 0: no limit
}

// Reset empties o for actions of actionDim features each (below 0 counts as 0: Spec.Validate reports
// it) and keeps at most maxActions of those that will be added (0: all of them). Memory of earlier
// uses is kept.
func (o *Observation) Reset(actionDim, maxActions int) {
	o.state = o.state[:0]
	o.rows = o.rows[:0]
	o.ids = o.ids[:0]
	o.legal = o.legal[:0]
	o.dim = max(actionDim, 0)
	o.limit = maxActions
	o.nLegal, o.offered = 0, 0
}

// State returns the features that all actions share; its length is Spec.StateDim.
func (o *Observation) State() []float64 { return o.state }

// Len returns the number of actions held.
func (o *Observation) Len() int { return len(o.ids) }

// LegalCount returns how many of the actions held are legal.
func (o *Observation) LegalCount() int { return o.nLegal }

// Offered returns how many actions were on offer when the decision was taken. It is larger than Len
// in a Transition that keeps only the chosen row and a few sampled others (see Needs), and when the
// limit given to Reset cut the list.
func (o *Observation) Offered() int { return o.offered }

// ActionDim returns the number of features of one action.
func (o *Observation) ActionDim() int { return o.dim }

// Action returns the feature row of action i.
func (o *Observation) Action(i int) []float64 {
	return o.rows[i*o.dim : (i+1)*o.dim : (i+1)*o.dim]
}

// Rows returns all feature rows, Len×ActionDim, row-major, for batched scoring.
func (o *Observation) Rows() []float64 { return o.rows }

// ID returns the embedder's stable name for action i; in a fixed space it is i.
func (o *Observation) ID(i int) uint64 { return o.ids[i] }

// Legal reports whether action i may be chosen.
func (o *Observation) Legal(i int) bool { return o.legal[i] }

// SetState replaces the shared features by a copy of v.
func (o *Observation) SetState(v []float64) { o.state = append(o.state[:0], v...) }

// GrowState makes the shared features n zeroes (below 0 counts as 0), for the caller to fill through
// State.
func (o *Observation) GrowState(n int) {
	o.state = grow(o.state[:0], max(n, 0))
	clear(o.state)
}

// SetOffered records how many actions were on offer, where o keeps only some of them.
func (o *Observation) SetOffered(n int) { o.offered = n }

// Actions returns the set through which actions are added to o.
func (o *Observation) Actions() ActionSet { return ActionSet{o} }

// CopyFrom makes o a deep copy of src, reusing o's memory.
func (o *Observation) CopyFrom(src *Observation) {
	o.state = append(o.state[:0], src.state...)
	o.rows = append(o.rows[:0], src.rows...)
	o.ids = append(o.ids[:0], src.ids...)
	o.legal = append(o.legal[:0], src.legal...)
	o.dim, o.nLegal, o.offered, o.limit = src.dim, src.nLegal, src.offered, src.limit
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
	o.offered++
	at := len(o.rows)
	o.rows = grow(o.rows, o.dim)
	row := o.rows[at : at+o.dim : at+o.dim]
	clear(row)
	if o.limit > 0 && len(o.ids) >= o.limit {
		o.rows = o.rows[:at]
		return row
	}
	o.ids = append(o.ids, id)
	o.legal = append(o.legal, legal)
	if legal {
		o.nLegal++
	}
	return row
}

// Len returns the number of actions held so far.
func (s ActionSet) Len() int { return len(s.o.ids) }

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
	if n > 0 && o.offered != n {
		return fmt.Errorf("%w: %d instead of %d", ErrActionCount, o.offered, n)
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
