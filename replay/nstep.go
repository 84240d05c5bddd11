package replay

import (
	"container/list"
	"errors"
	"fmt"

	"github.com/leptonsched/lepton"
)

// NStepOptions says how far an n-step return looks ahead.
type NStepOptions struct {
	// N is the number of steps whose rewards are added up before the value of what follows is
	// estimated; 0 means 3. More carries a late reward back faster, and makes it noisier and more a
	// matter of the policies that took the steps between.
	N int
	// MaxStreams bounds the streams that are open at once, and with it memory: MaxStreams × (N−1)
	// transitions. 0 means 1024. Beyond it the stream that waited longest is closed early, and counted.
	MaxStreams int
}

func (o NStepOptions) withDefaults() NStepOptions {
	if o.N == 0 {
		o.N = 3
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 1024
	}
	return o
}

func (o NStepOptions) validate() error {
	var faults []error
	if o.N < 1 {
		faults = append(faults, fmt.Errorf("replay: NStepOptions.N is %d, want 1 or more", o.N))
	}
	if o.MaxStreams < 1 {
		faults = append(faults, fmt.Errorf("replay: NStepOptions.MaxStreams is %d, want 1 or more", o.MaxStreams))
	}
	return errors.Join(faults...)
}

// NStep turns one-step transitions into n-step ones (Sutton & Barto 2018, §7.1):
//
//	Reward   = r₀ + γ₀·r₁ + γ₀γ₁·r₂ + … + γ₀⋯γₙ₋₂·rₙ₋₁
//	Discount = γ₀⋯γₙ₋₁
//	Next     = the observation after the last of them
//
// A stream is an Episode and Agent; streams may come interleaved. A transition with Episode 0 stands
// by itself and passes as it is. Where a stream ends, is cut, has a discount of 0, misses a Step, or is
// closed early, the transitions that wait go out with the fewer steps that they have and Next after the
// last of those: nothing is lost, and nothing is added up across what is missing.
// Not safe for concurrent use.
type NStep struct {
	o       NStepOptions
	open    map[streamKey]*list.Element
	order   *list.List // of *stream, longest untouched first
	spare   []*stream  // closed ones, for their memory
	gaps    uint64
	evicted uint64
}

type streamKey struct {
	episode uint64
	agent   uint32
}

// stream is the window of one open stream: 1 to N−1 transitions, in a circle.
type stream struct {
	key         streamKey
	window      []lepton.Transition
	start, size int
}

// NStepStats counts what befell the streams.
type NStepStats struct {
	Open    int    // streams with transitions that wait
	Gaps    uint64 // times that a step was missing or came out of order
	Evicted uint64 // streams closed early by MaxStreams
}

// NewNStep reports all faults of o together.
func NewNStep(o NStepOptions) (*NStep, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &NStep{o: o, open: map[streamKey]*list.Element{}, order: list.New()}, nil
}

// Add takes in one transition, which it copies if need be, and calls emit for each n-step transition
// that is complete: first those of an evicted stream, then those of t's own, in the order of their
// Step. What emit gets is good until emit returns; it must not call into n.
func (n *NStep) Add(t *lepton.Transition, emit func(*lepton.Transition)) {
	if t.Episode == 0 || n.o.N == 1 {
		emit(t)
		return
	}
	key := streamKey{t.Episode, t.Agent}
	at := n.open[key]
	if at == nil {
		at = n.begin(key, emit)
	}
	n.order.MoveToBack(at)
	s := at.Value.(*stream)
	if s.size > 0 && t.Step != s.at(s.size-1).Step+1 {
		n.gaps++
		s.flush(emit)
	}
	s.size++
	s.at(s.size - 1).CopyFrom(t)
	switch {
	case t.Last || t.Discount == 0:
		s.flush(emit)
		n.close(at)
	case s.size == n.o.N:
		s.emitOldest(emit)
	}
}

// Flush emits everything that waits, with the steps that it has, and closes all streams.
func (n *NStep) Flush(emit func(*lepton.Transition)) {
	for at := n.order.Front(); at != nil; at = n.order.Front() {
		at.Value.(*stream).flush(emit)
		n.close(at)
	}
}

// Stats returns the counts so far.
func (n *NStep) Stats() NStepStats {
	return NStepStats{Open: len(n.open), Gaps: n.gaps, Evicted: n.evicted}
}

func (n *NStep) begin(key streamKey, emit func(*lepton.Transition)) *list.Element {
	if len(n.open) == n.o.MaxStreams {
		oldest := n.order.Front()
		oldest.Value.(*stream).flush(emit)
		n.close(oldest)
		n.evicted++
	}
	var s *stream
	if last := len(n.spare) - 1; last >= 0 {
		s, n.spare = n.spare[last], n.spare[:last]
	} else {
		s = &stream{window: make([]lepton.Transition, n.o.N)}
	}
	s.key = key
	at := n.order.PushBack(s)
	n.open[key] = at
	return at
}

// close forgets a stream whose window is empty.
func (n *NStep) close(at *list.Element) {
	s := n.order.Remove(at).(*stream)
	delete(n.open, s.key)
	n.spare = append(n.spare, s)
}

func (s *stream) at(i int) *lepton.Transition { return &s.window[(s.start+i)%len(s.window)] }

func (s *stream) flush(emit func(*lepton.Transition)) {
	for s.size > 0 {
		s.emitOldest(emit)
	}
}

// emitOldest looks from the oldest transition over the whole window and takes it out.
func (s *stream) emitOldest(emit func(*lepton.Transition)) {
	first, last := s.at(0), s.at(s.size-1)
	for k := 1; k < s.size; k++ {
		t := s.at(k)
		first.Reward += first.Discount * t.Reward
		first.Discount *= t.Discount
		first.Elapsed += t.Elapsed
	}
	if first != last {
		first.Next.CopyFrom(&last.Next)
		first.NextAction, first.Last = last.NextAction, last.Last
	}
	s.start = (s.start + 1) % len(s.window)
	s.size--
	emit(first)
}
