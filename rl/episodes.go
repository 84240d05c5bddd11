package rl

import (
	"cmp"
	"container/list"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
)

// streamKey names one agent's part of an episode.
type streamKey struct {
	episode uint64
	agent   uint32
}

// stream collects the steps of an episode, which may arrive in any order. A spent one has been used and
// holds no steps: it is there to know what comes late, and where an episode that made room goes on.
type stream struct {
	key    streamKey
	from   int                  // what lies before has been used: 0, or where the earlier part ended
	newest lepton.DecisionID    // of the latest step used
	steps  []*lepton.Transition // sorted by Step
	last   int                  // number of the last step; −1 while it is not known
	latest uint64               // assembler.clock at the latest arrival

	in *list.List // the assembler's list that it is in
	at *list.Element
}

// assembler puts transitions together into whole episodes and hands them to learn. Of an episode that
// cannot be waited for any longer it hands on each run of steps without a gap.
//
// Steps are of one episode as long as the order of their numbers is that of their IDs. Where it is not, the
// name has been given to another episode. IDs that are zero or of different instances have no order.
type assembler struct {
	maxStreams, maxSteps int
	patience             uint64
	learn                func(steps []*lepton.Transition) // good until it returns
	segment              int                              // steps without a gap that are used without waiting for the end; 0: all wait
	rows                 bool                             // keep the actions of Next as well

	streams map[streamKey]*stream
	clock   uint64    // transitions observed
	running list.List // the *streams whose end is not known, silent for longest first
	ended   list.List // those whose end is known and that lack steps, likewise
	spent   list.List // the last maxStreams that were used before they were whole, oldest first
	held    int       // steps in all of them
	free    []*lepton.Transition

	dropped   uint64 // steps that were not usable or late
	duplicate uint64 // steps that were there already
	gaps      uint64 // steps that were missing when their episode was used
}

func newAssembler(maxStreams, maxSteps, patience int, learn func([]*lepton.Transition)) *assembler {
	return &assembler{
		maxStreams: maxStreams, maxSteps: maxSteps, patience: uint64(patience), learn: learn,
		streams: map[streamKey]*stream{},
	}
}

// add takes in a copy of t.
func (a *assembler) add(t *lepton.Transition) {
	s, i := a.find(t)
	if s == nil {
		a.dropped++
		return
	}
	if i < len(s.steps) && s.steps[i].Step == t.Step {
		a.duplicate++
		return
	}
	s.steps = slices.Insert(s.steps, i, a.copyOf(t))
	a.held++
	if t.Last {
		s.last = t.Step
		a.dropped += uint64(len(s.steps) - i - 1)
		a.release(s, i+1) // what lies behind the end was another's
	}
	a.arrived(s)
	if n := len(s.steps); s.whole() || a.segment > 0 && n >= a.segment && s.steps[n-1].Step == s.from+n-1 {
		a.spend(s)
	}
	for a.held > a.maxSteps {
		a.spend(a.silent())
	}
}

// lose takes note that t came and cannot be learned from.
func (a *assembler) lose(t *lepton.Transition) {
	a.dropped++
	s := a.streams[streamKey{t.Episode, t.Agent}]
	if s == nil || s.in == &a.spent || !t.Last || t.Step < 0 || t.Step == math.MaxInt {
		return
	}
	if i, whose := s.place(t); whose == 0 && i == len(s.steps) {
		s.last = t.Step
		a.arrived(s)
	}
}

// tick ends the observation of one transition: it uses what has waited for too long.
func (a *assembler) tick() {
	for e := a.ended.Front(); e != nil && a.clock-e.Value.(*stream).latest >= a.patience; e = a.ended.Front() {
		a.spend(e.Value.(*stream))
	}
	a.clock++
}

// open returns the number of episodes that wait for steps.
func (a *assembler) open() int { return a.running.Len() + a.ended.Len() }

// find returns the stream that t belongs to, which it begins if need be, and where in it; nil: t is late.
func (a *assembler) find(t *lepton.Transition) (*stream, int) {
	key := streamKey{t.Episode, t.Agent}
	s := a.streams[key]
	if s == nil {
		return a.begin(&stream{key: key, last: -1}), 0
	}
	i, whose := s.place(t)
	switch {
	case whose < 0:
		return nil, 0
	case whose > 0:
		if s.in != &a.spent {
			a.spend(s)
		}
		a.forget(s)
		return a.begin(&stream{key: key, last: -1, newest: s.newest}), 0
	case s.in == &a.spent:
		a.forget(s)
		return a.begin(s), 0
	}
	return s, i
}

// begin makes s a running stream, and room for it.
func (a *assembler) begin(s *stream) *stream {
	for a.open() >= a.maxStreams {
		a.spend(a.silent())
	}
	a.enter(s, &a.running)
	return s
}

// arrived puts s behind all others of its list: it was heard of last.
func (a *assembler) arrived(s *stream) {
	s.latest = a.clock
	if s.last >= 0 && s.in == &a.running {
		a.forget(s)
		a.enter(s, &a.ended)
	}
	s.in.MoveToBack(s.at)
}

// silent returns the stream that can best be used as it is: one that has ended, else any; of those the one
// that has been silent for longest.
func (a *assembler) silent() *stream {
	if e := a.ended.Front(); e != nil {
		return e.Value.(*stream)
	}
	return a.running.Front().Value.(*stream)
}

// spend uses s as it is.
func (a *assembler) spend(s *stream) {
	whole, end := s.whole(), s.last+1
	for begin, i := 0, 1; i <= len(s.steps); i++ {
		if i == len(s.steps) || s.steps[i].Step != s.steps[i-1].Step+1 {
			a.learn(s.steps[begin:i])
			begin = i
		}
	}
	if n := len(s.steps); n > 0 {
		end, s.newest = max(end, s.steps[n-1].Step+1), s.steps[n-1].ID
	}
	a.gaps += uint64(max(end-s.from, 0) - len(s.steps))
	a.release(s, 0)
	a.forget(s)
	if whole && s.from == 0 {
		return // only a repetition could come late
	}
	s.from, s.steps = max(end, s.from), nil
	if a.spent.Len() >= a.maxStreams {
		a.forget(a.spent.Front().Value.(*stream))
	}
	a.enter(s, &a.spent)
}

// release takes the steps from index i on out of s.
func (a *assembler) release(s *stream, i int) {
	a.held -= len(s.steps) - i
	a.free = append(a.free, s.steps[i:]...)
	s.steps = slices.Delete(s.steps, i, len(s.steps))
}

func (a *assembler) enter(s *stream, in *list.List) {
	s.in, s.at = in, in.PushBack(s)
	a.streams[s.key] = s
}

func (a *assembler) forget(s *stream) {
	s.in.Remove(s.at)
	delete(a.streams, s.key)
}

// whole reports whether nothing is missing.
func (s *stream) whole() bool { return s.last >= 0 && len(s.steps) == s.last+1-s.from }

// place returns where t belongs in s.steps, and whose it is: of s (0), of what was used before or of an
// earlier episode of that name (−1), of a later one (+1).
func (s *stream) place(t *lepton.Transition) (i, whose int) {
	i, found := slices.BinarySearchFunc(s.steps, t.Step, func(u *lepton.Transition, step int) int { return cmp.Compare(u.Step, step) })
	before := s.newest
	if i > 0 {
		before = s.steps[i-1].ID
	}
	switch {
	case follows(before, t.ID), found && follows(s.steps[i].ID, t.ID):
		return i, -1
	case i < len(s.steps) && follows(t.ID, s.steps[i].ID), s.last >= 0 && t.Step > s.last:
		return i, +1
	case t.Step >= s.from:
		return i, 0
	case follows(t.ID, s.newest):
		return i, +1
	}
	return i, -1
}

// follows reports whether decision b was made before decision a, as far as is known.
func follows(a, b lepton.DecisionID) bool {
	return !a.IsZero() && !b.IsZero() && a.Instance == b.Instance && a.Seq > b.Seq
}

// copyOf keeps of t what an episode needs: of Next the state, and with rows the actions too, in case that the
// step after is a gap.
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
	switch {
	case t.Discount == 0:
	case a.rows:
		next.CopyFrom(&t.Next)
	default:
		next.SetState(t.Next.State())
	}
	c.Obs, c.Next = obs, next
	c.NextAction = -1
	return c
}
