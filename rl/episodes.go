package rl

import (
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/replay"
)

// streamKey names one agent's part of an episode.
type streamKey struct {
	episode uint64
	agent   uint32
}

// stream collects the steps of an episode, which may arrive in any order.
type stream struct {
	key   streamKey
	steps []*lepton.Transition // sorted by Step
	last  int                  // number of the last step; −1 while it is not known
}

// assembler puts transitions together into whole episodes. It is bounded: when there are too many open
// streams or too many steps in them, the stream that was opened first is dropped and counted.
type assembler struct {
	maxStreams, maxSteps int

	open      map[streamKey]*stream
	order     []*stream // the open ones, oldest first
	held      int       // steps in open streams
	free      []*lepton.Transition
	dropped   uint64 // steps dropped with their streams
	duplicate uint64 // steps that were there already
}

func newAssembler(maxStreams, maxSteps int) *assembler {
	return &assembler{maxStreams: maxStreams, maxSteps: maxSteps, open: map[streamKey]*stream{}}
}

// add takes in a copy of t and returns the episode that it completes, sorted, or nil. The episode is
// good until the next add.
func (a *assembler) add(t *lepton.Transition) []*lepton.Transition {
	key := streamKey{t.Episode, t.Agent}
	s := a.open[key]
	if s == nil {
		s = a.begin(key)
	}
	i, found := slices.BinarySearchFunc(s.steps, t.Step, func(u *lepton.Transition, step int) int { return u.Step - step })
	if found {
		a.duplicate++
		return nil
	}
	for a.held >= a.maxSteps {
		oldest := a.order[0]
		a.drop(oldest)
		if oldest == s {
			a.dropped++
			return nil
		}
	}
	s.steps = slices.Insert(s.steps, i, a.copyOf(t))
	a.held++
	if t.Last {
		s.last = t.Step
	}
	if s.last < 0 || len(s.steps) != s.last+1 {
		return nil
	}
	a.remove(s)
	a.free = append(a.free, s.steps...)
	return s.steps
}

// discard drops the episode that t belongs to, which can no longer be whole.
func (a *assembler) discard(t *lepton.Transition) {
	a.dropped++
	if s := a.open[streamKey{t.Episode, t.Agent}]; s != nil {
		a.drop(s)
	}
}

func (a *assembler) begin(key streamKey) *stream {
	if len(a.order) >= a.maxStreams {
		a.drop(a.order[0])
	}
	s := &stream{key: key, last: -1}
	a.open[key] = s
	a.order = append(a.order, s)
	return s
}

func (a *assembler) drop(s *stream) {
	a.dropped += uint64(len(s.steps))
	a.remove(s)
	a.free = append(a.free, s.steps...)
}

func (a *assembler) remove(s *stream) {
	delete(a.open, s.key)
	a.order = slices.DeleteFunc(a.order, func(o *stream) bool { return o == s })
	a.held -= len(s.steps)
}

// copyOf keeps of t what an episode needs: Next matters only where the episode was cut.
func (a *assembler) copyOf(t *lepton.Transition) *lepton.Transition {
	c := new(lepton.Transition)
	if n := len(a.free); n > 0 {
		c = a.free[n-1]
		a.free = a.free[:n-1]
	}
	obs, next := c.Obs, c.Next
	*c = *t
	obs.CopyFrom(&t.Obs)
	next.Reset(0, 0)
	if t.Last && t.Discount != 0 {
		next.SetState(t.Next.State())
	}
	c.Obs, c.Next = obs, next
	c.NextAction = -1
	return c
}

func (a *assembler) write(w *codec.Writer) {
	w.Uint64(a.dropped)
	w.Uint64(a.duplicate)
	w.Int(len(a.order))
	for _, s := range a.order {
		w.Int(len(s.steps))
		for _, t := range s.steps {
			w.Blob(replay.AppendTransition(nil, t))
		}
	}
}

// read fills an empty assembler with what write wrote.
func (a *assembler) read(r *codec.Reader, check func(*lepton.Transition) bool) error {
	dropped, duplicate := r.Uint64(), r.Uint64()
	for range r.Count(8) {
		n := r.Count(8)
		if n == 0 {
			r.Fail("an episode without steps")
		}
		for range n {
			blob := r.Blob()
			if err := r.Err(); err != nil {
				return err
			}
			t := new(lepton.Transition)
			if err := replay.ReadTransition(t, blob); err != nil {
				return fmt.Errorf("rl: an open episode: %w", err)
			}
			if !check(t) || a.add(t) != nil {
				r.Fail("an open episode that cannot be")
				return r.Err()
			}
		}
	}
	if a.dropped+a.duplicate > 0 {
		r.Fail("more open episodes than there is room for")
	}
	a.dropped, a.duplicate = dropped, duplicate
	return r.Err()
}

// usable reports whether t can be learned from: an action that was legal, and finite numbers.
func usable(t *lepton.Transition) bool {
	return t.Action >= 0 && t.Action < t.Obs.Len() && t.Obs.Legal(t.Action) &&
		finite(t.Reward) && finite(t.Discount) && t.Step >= 0 && t.Step < math.MaxInt
}

// tooLarge is where squares and sums begin to overflow; nothing real comes near.
const tooLarge = 1e100

// moderate reports whether all of x are finite and far from overflow.
func moderate(x ...float64) bool {
	for _, v := range x {
		if !(math.Abs(v) < tooLarge) {
			return false
		}
	}
	return true
}
