package rl

import (
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

const kindTable = "rl.table"

// StateKey is the default Key of a table: a hash of the shared features. They count to the precision of
// float32, in which the facade stores observations until their outcome is known, so that a state has the
// same key when it is decided in and when it is learned from.
func StateKey(obs *lepton.Observation) uint64 {
	h := uint64(len(obs.State()))
	for _, x := range obs.State() {
		h = rng.Mix(h, uint64(math.Float32bits(float32(x)+0))) // +0 makes one of the two zeros
	}
	return h
}

// actionID is the default ActionKey of a table.
func actionID(obs *lepton.Observation, i int) uint64 { return obs.ID(i) }

// tablePolicy is a published table: ε-greedy on its values, which are also its scores.
type tablePolicy struct {
	spec      lepton.Spec
	key       func(*lepton.Observation) uint64
	actionKey func(*lepton.Observation, int) uint64
	epsilon   float64
	values    *table
}

// Probs implements lepton.Policy.
func (p *tablePolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Scores(dst, obs, scratch)
	best := bestLegal(dst, obs)
	share := p.epsilon / float64(obs.LegalCount())
	for i := range dst {
		dst[i] = 0
		if obs.Legal(i) {
			dst[i] = share
		}
	}
	if best >= 0 {
		dst[best] += 1 - p.epsilon
	}
}

// Scores implements lepton.Scorer: the value of each action.
func (p *tablePolicy) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	p.fill(dst, obs, p.values)
}

// fill writes the values of the legal actions of obs according to t.
func (p *tablePolicy) fill(dst []float64, obs *lepton.Observation, t *table) {
	state := p.key(obs)
	for i := range dst {
		dst[i] = math.Inf(-1)
		if obs.Legal(i) {
			dst[i] = t.value(state, p.actionKey(obs, i))
		}
	}
}

// Spec implements lepton.Specced.
func (p *tablePolicy) Spec() lepton.Spec { return p.spec }

// Kind implements lepton.Saver.
func (p *tablePolicy) Kind() string { return kindTable }

// WriteTo implements lepton.Saver.
func (p *tablePolicy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, p.spec)
	b.Float(p.epsilon)
	p.values.write(&b)
	return codec.WriteContainer(w, kindTable, b.Bytes())
}

// decode reads a policy that uses p's keys.
func (p *tablePolicy) decode(kind string, r io.Reader) (lepton.Policy, error) {
	body, err := readContainer(kind, kindTable, r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	q := *p
	if err := readSpec(in, p.spec, kindTable); err != nil {
		return nil, err
	}
	q.epsilon = in.Float()
	q.values = readTable(in, math.MaxInt)
	if !(q.epsilon >= 0 && q.epsilon <= 1) {
		in.Fail("an epsilon of %v", q.epsilon)
	}
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("rl: decoding %q: %w", kindTable, err)
	}
	return &q, nil
}
