package rl

import (
	"container/list"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/replay"
)

// traces are the eligibility traces of all open streams of a SARSALambda.
type traces struct {
	*tabular
	options  SARSALambdaOptions
	open     map[streamKey]*traced
	order    *list.List // of *traced, longest untouched first
	spare    *traced    // one that was closed, for its memory
	alone    traced     // of a decision by itself
	gathered []float64  // the values that traces lead to
	counts   replay.NStepStats
}

// traced is one stream.
type traced struct {
	key      streamKey
	at       *list.Element // in order; nil for a decision by itself
	step     int           // of the latest transition
	discount float64       // of the latest transition
	pairs    []pair        // what there are traces of, in the order in which they were begun
	z        []float64     // the traces
}

type pair struct{ state, action uint64 }

// stream returns the stream of t, with no traces where t does not follow on what it had.
func (z *traces) stream(t *lepton.Transition) *traced {
	if t.Episode == 0 {
		z.alone.pairs, z.alone.z = z.alone.pairs[:0], z.alone.z[:0]
		return &z.alone
	}
	key := streamKey{t.Episode, t.Agent}
	s := z.open[key]
	if s == nil {
		if len(z.open) >= z.options.MaxStreams {
			z.close(z.order.Front().Value.(*traced))
			z.counts.Evicted++
		}
		return z.begin(key)
	}
	z.order.MoveToBack(s.at)
	if t.Step != s.step+1 {
		z.counts.Gaps++
		s.pairs, s.z = s.pairs[:0], s.z[:0]
	}
	return s
}

func (z *traces) begin(key streamKey) *traced {
	s := z.spare
	if z.spare = nil; s == nil {
		s = &traced{}
	}
	s.key, s.pairs, s.z = key, s.pairs[:0], s.z[:0]
	s.at = z.order.PushBack(s)
	z.open[key] = s
	return s
}

// close forgets a stream, and keeps its memory for the next.
func (z *traces) close(s *traced) {
	if s.at != nil {
		z.order.Remove(s.at)
		delete(z.open, s.key)
		z.spare = s
	}
}

// visit lets the traces of s fade and marks that of a pair, in the last place.
func (s *traced) visit(state, action uint64, o *SARSALambdaOptions) {
	DecayTraces(s.z, s.discount*o.Lambda)
	kept, mark := 0, 0.0
	for i, p := range s.pairs {
		switch {
		case p == pair{state, action}:
			mark = s.z[i]
		case s.z[i] >= o.Cut || s.z[i] <= -o.Cut:
			s.pairs[kept], s.z[kept] = p, s.z[i]
			kept++
		}
	}
	s.pairs, s.z = s.pairs[:kept], s.z[:kept]
	if kept >= o.MaxTraces {
		s.pairs, s.z = append(s.pairs[:0], s.pairs[1:]...), append(s.z[:0], s.z[1:]...)
	}
	s.pairs, s.z = append(s.pairs, pair{state, action}), append(s.z, o.Trace.Visit(mark))
}

func (z *traces) stats(s *TabularStats) {
	s.Streams = z.counts
	s.Streams.Open = len(z.open)
}

func (z *traces) write(w *codec.Writer) {
	w.Uint64(z.counts.Gaps)
	w.Uint64(z.counts.Evicted)
	w.Int(z.order.Len())
	for at := z.order.Front(); at != nil; at = at.Next() {
		s := at.Value.(*traced)
		w.Uint64(s.key.episode)
		w.Uint32(s.key.agent)
		w.Int(s.step)
		w.Float(s.discount)
		w.Int(len(s.pairs))
		for i, p := range s.pairs {
			w.Uint64(p.state)
			w.Uint64(p.action)
			w.Float(s.z[i])
		}
	}
}

func (z *traces) read(r *codec.Reader) func() {
	in := &traces{open: map[streamKey]*traced{}, order: list.New()}
	in.counts.Gaps, in.counts.Evicted = r.Uint64(), r.Uint64()
	n := r.Count(36)
	if n > z.options.MaxStreams {
		r.Fail("%d streams of at most %d", n, z.options.MaxStreams)
	}
	for range n {
		key := streamKey{r.Uint64(), r.Uint32()}
		if in.open[key] != nil || key.episode == 0 {
			r.Fail("stream %d/%d twice, or without a name", key.episode, key.agent)
		}
		if r.Err() != nil {
			return nil
		}
		s := in.begin(key)
		s.step, s.discount = r.Int(), r.Float()
		size := r.Count(24)
		if size < 1 || size > z.options.MaxTraces || !finite(s.discount) {
			r.Fail("%d traces of at most %d, discount %v", size, z.options.MaxTraces, s.discount)
		}
		for range size {
			s.pairs, s.z = append(s.pairs, pair{r.Uint64(), r.Uint64()}), append(s.z, r.Float())
			if !finite(s.z[len(s.z)-1]) {
				r.Fail("a trace of %v", s.z[len(s.z)-1])
			}
		}
		if r.Err() != nil {
			return nil
		}
	}
	return func() { z.open, z.order, z.counts = in.open, in.order, in.counts }
}
