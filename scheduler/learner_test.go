package scheduler

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// tally is the learner of the tests that need a whole one: the mean return of each action's ID, with a
// random stream, so that there is state to lose in a checkpoint. It prefers what paid.
type tally struct {
	seen     uint64
	updates  uint64
	sum, n   map[uint64]float64
	source   *rand.PCG
	jitter   float64
	needs    lepton.Needs
	observed []lepton.DecisionID // for the test alone
}

func newTally() *tally {
	return &tally{sum: map[uint64]float64{}, n: map[uint64]float64{}, source: rand.NewPCG(1, 2), needs: lepton.Needs{Others: 2}}
}

func (l *tally) Needs() lepton.Needs { return l.needs }

func (l *tally) Observe(t *lepton.Transition) {
	value := t.Reward
	if t.Discount > 0 {
		best := 0.0
		for i := range t.Next.Len() {
			best = max(best, l.mean(t.Next.ID(i))+1e-3*t.Next.Action(i)[0])
		}
		value += t.Discount * best
	}
	id := t.Obs.ID(t.Action)
	l.sum[id] += value
	l.n[id]++
	l.seen++
	l.observed = append(l.observed, t.ID)
}

func (l *tally) mean(id uint64) float64 { return l.sum[id] / (1 + l.n[id]) }

func (l *tally) Step(context.Context) (lepton.Progress, error) {
	l.updates++
	l.jitter = rand.New(l.source).Float64()
	return lepton.Progress{Observed: l.seen, Updates: l.updates, Loss: math.NaN(), Idle: true}, nil
}

func (l *tally) Policy() lepton.Policy {
	p := &tallyPolicy{values: map[uint64]float64{}, jitter: l.jitter}
	for id := range l.n {
		p.values[id] = l.mean(id)
	}
	return p
}

func (l *tally) Kind() string { return "test.tally" }

func (l *tally) WriteTo(w io.Writer) (int64, error) {
	var out codec.Writer
	out.Uint64(l.seen)
	out.Uint64(l.updates)
	out.Float(l.jitter)
	ids := slices.Sorted(maps.Keys(l.n))
	out.Uint64s(ids)
	for _, id := range ids {
		out.Float(l.sum[id])
		out.Float(l.n[id])
	}
	state, err := l.source.MarshalBinary()
	if err != nil {
		return 0, err
	}
	out.Blob(state)
	n, err := w.Write(out.Bytes())
	return int64(n), err
}

func (l *tally) ReadFrom(r io.Reader) (int64, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	in := codec.NewReader(b)
	fresh := newTally()
	fresh.seen, fresh.updates, fresh.jitter = in.Uint64(), in.Uint64(), in.Float()
	for _, id := range in.Uint64s() {
		fresh.sum[id], fresh.n[id] = in.Float(), in.Float()
	}
	state := in.Blob()
	if err := in.Close(); err != nil {
		return 0, err
	}
	if err := fresh.source.UnmarshalBinary(state); err != nil {
		return 0, err
	}
	fresh.needs, fresh.observed = l.needs, l.observed
	*l = *fresh
	return int64(len(b)), nil
}

func (l *tally) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if kind != "test.tallypolicy" {
		return nil, fmt.Errorf("test: policy of kind %q", kind)
	}
	in := codec.NewReader(b)
	p := &tallyPolicy{values: map[uint64]float64{}, jitter: in.Float()}
	for _, id := range in.Uint64s() {
		p.values[id] = in.Float()
	}
	return p, in.Close()
}

// tallyPolicy is a softmax over the values known.
type tallyPolicy struct {
	values map[uint64]float64
	jitter float64
}

func (p *tallyPolicy) Kind() string { return "test.tallypolicy" }

func (p *tallyPolicy) WriteTo(w io.Writer) (int64, error) {
	var out codec.Writer
	out.Float(p.jitter)
	ids := slices.Sorted(maps.Keys(p.values))
	out.Uint64s(ids)
	for _, id := range ids {
		out.Float(p.values[id])
	}
	n, err := w.Write(out.Bytes())
	return int64(n), err
}

func (p *tallyPolicy) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		dst[i] = math.Inf(-1)
		if obs.Legal(i) {
			dst[i] = 2*p.values[obs.ID(i)] + p.jitter*obs.Action(i)[0]
		}
	}
}

func (p *tallyPolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Scores(dst, obs, scratch)
	best, sum := slices.Max(dst), 0.0
	for i, v := range dst {
		dst[i] = math.Exp(v - best)
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
}
