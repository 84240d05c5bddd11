package rl

import (
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

const (
	kindTable  = "rl.table"
	kindTables = "rl.tables"
)

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

// StateIndex is the default Key of a table with TabularOptions.States: the first of the shared features,
// which is the number of the state. What is no number from 0 on becomes one that no table has.
func StateIndex(obs *lepton.Observation) uint64 {
	if s := obs.State(); len(s) > 0 && s[0] >= 0 && s[0] < 1<<53 {
		return uint64(s[0])
	}
	return math.MaxUint64
}

// tablePolicy is a published table: ε-greedy on its values, which are also its scores.
type tablePolicy struct {
	spec    lepton.Spec
	options TabularOptions // Epsilon is that of the policy
	values  table
	second  table // DoubleQ's other one, nil for the rest: the mean of both counts
}

// Probs implements lepton.Policy.
func (p *tablePolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Scores(dst, obs, scratch)
	best := bestLegal(dst, obs)
	share := p.options.Epsilon / float64(obs.LegalCount())
	for i := range dst {
		dst[i] = 0
		if obs.Legal(i) {
			dst[i] = share
		}
	}
	if best >= 0 {
		dst[best] += 1 - p.options.Epsilon
	}
}

// Scores implements lepton.Scorer: the value of each action.
func (p *tablePolicy) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	state := p.options.Key(obs)
	p.values.row(dst, state, obs)
	if p.second != nil {
		for i := range dst {
			if obs.Legal(i) {
				dst[i] = dst[i]/2 + p.second.value(state, p.options.actionKey(obs, i))/2
			}
		}
	}
	p.options.Prior.add(dst, obs, scratch)
}

// snapshot returns a policy that never changes.
func (p *tablePolicy) snapshot(epsilon float64) *tablePolicy {
	s := &tablePolicy{spec: p.spec, options: p.options, values: p.values.snapshot()}
	s.options.Epsilon = epsilon
	if p.second != nil {
		s.second = p.second.snapshot()
	}
	return s
}

// Spec implements lepton.Specced.
func (p *tablePolicy) Spec() lepton.Spec { return p.spec }

// Kind implements lepton.Saver.
func (p *tablePolicy) Kind() string {
	if p.second != nil {
		return p.options.Prior.kind(kindTables)
	}
	return p.options.Prior.kind(kindTable)
}

// WriteTo implements lepton.Saver.
func (p *tablePolicy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, p.spec)
	b.Float(p.options.Epsilon)
	p.values.write(&b, false)
	if p.second != nil {
		p.second.write(&b, false)
	}
	return codec.WriteContainer(w, p.Kind(), b.Bytes())
}

// decode reads a policy that uses p's keys.
func (p *tablePolicy) decode(kind string, r io.Reader) (lepton.Policy, error) {
	body, err := readContainer(kind, p.Kind(), r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	q := *p
	if err := readSpec(in, p.spec, p.Kind()); err != nil {
		return nil, err
	}
	q.options.Epsilon = in.Float()
	if !(q.options.Epsilon >= 0 && q.options.Epsilon <= 1) {
		in.Fail("an epsilon of %v", q.options.Epsilon)
	}
	q.values = readTable(in, p.spec, p.options, false)
	if p.second != nil {
		q.second = readTable(in, p.spec, p.options, false)
	}
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("rl: decoding %q: %w", p.Kind(), err)
	}
	return &q, nil
}
