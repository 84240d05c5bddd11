package rl

import (
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
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
		return uint64(int64(s[0]))
	}
	return math.MaxUint64
}

// tablePolicy is a published table: ε-greedy on its values, which are also its scores.
type tablePolicy struct {
	*setup  // of which it goes by the keys
	epsilon float64
	values  values
	second  values // DoubleQ's other one, nil for the rest: the mean of both counts
}

// Probs implements lepton.Policy.
func (p *tablePolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Scores(dst, obs, scratch)
	best := bestLegal(dst, obs)
	share := p.epsilon / float64(obs.LegalCount())
	all := obs.LegalCount() == len(dst)
	for i := range dst {
		dst[i] = 0
		if all || obs.Legal(i) {
			dst[i] = share
		}
	}
	if best >= 0 {
		dst[best] += 1 - p.epsilon
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

// Spec implements lepton.Specced.
func (p *tablePolicy) Spec() lepton.Spec { return p.spec }

// Kind implements lepton.Saver.
func (p *tablePolicy) Kind() string { return p.options.Prior.kind(tableKind(p.second != nil)) }

func tableKind(two bool) string {
	if two {
		return "rl.tables"
	}
	return "rl.table"
}

// WriteTo implements lepton.Saver.
func (p *tablePolicy) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, p.spec)
	b.Float(p.epsilon)
	p.values.writeValues(&b)
	if p.second != nil {
		p.second.writeValues(&b)
	}
	return codec.WriteContainer(w, p.Kind(), b.Bytes())
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *tabular) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	want := l.options.Prior.kind(tableKind(l.second != nil))
	body, err := readContainer(kind, want, r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	if err := readSpec(in, l.spec, want); err != nil {
		return nil, err
	}
	p := &tablePolicy{setup: l.setup, epsilon: in.Float()}
	if !(p.epsilon >= 0 && p.epsilon <= 1) {
		in.Fail("an epsilon of %v", p.epsilon)
	}
	p.values = readValues(in, l.spec, &l.options)
	if l.second != nil {
		p.second = readValues(in, l.spec, &l.options)
	}
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("rl: decoding %q: %w", want, err)
	}
	return p, nil
}
