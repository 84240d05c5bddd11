package rl

import (
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/internal/simd"
	"github.com/leptonsched/lepton/policy"
)

const kindNetwork = "rl.network"

// networkScorer scores actions by a network: a lepton.Scorer, Saver and Specced. Immutable, safe for
// concurrent use.
type networkScorer struct {
	*network
	params []float32
}

// Spec implements lepton.Specced.
func (s *networkScorer) Spec() lepton.Spec { return s.spec }

// Scores implements lepton.Scorer.
func (s *networkScorer) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	switch {
	case len(obs.State()) != s.spec.StateDim || obs.ActionDim() != s.spec.ActionDim:
		for i := range dst {
			dst[i] = math.NaN()
		}
	case s.outputs > 0:
		s.scoreOutputs(dst, obs, scratch)
	default:
		s.scoreCandidates(dst, obs, scratch)
	}
}

func (s *networkScorer) scoreOutputs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	state, out := scratch.Floats32(s.spec.StateDim), scratch.Floats32(s.outputs)
	simd.Narrow(state, obs.State())
	s.net.Evaluate(out, s.params, nil, state, 1, scratch)
	for i := range dst {
		switch id := obs.ID(i); {
		case !obs.Legal(i):
			dst[i] = math.Inf(-1)
		case id >= uint64(s.outputs):
			dst[i] = math.NaN()
		default:
			dst[i] = float64(out[id])
		}
	}
}

func (s *networkScorer) scoreCandidates(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	n, dim := obs.LegalCount(), s.spec.ActionDim
	state, rows, out := scratch.Floats32(s.spec.StateDim), scratch.Floats32(n*dim), scratch.Floats32(n)
	simd.Narrow(state, obs.State())
	if n == len(dst) {
		simd.Narrow(rows, obs.Rows())
		s.net.Evaluate(out, s.params, state, rows, n, scratch)
		for i, v := range out {
			dst[i] = float64(v)
		}
		return
	}
	at := rows
	for i := range dst {
		if obs.Legal(i) {
			simd.Narrow(at[:dim], obs.Action(i))
			at = at[dim:]
		}
	}
	s.net.Evaluate(out, s.params, state, rows, n, scratch)
	for i := range dst {
		dst[i] = math.Inf(-1)
		if obs.Legal(i) {
			dst[i] = float64(out[0])
			out = out[1:]
		}
	}
}

// Kind implements lepton.Saver.
func (s *networkScorer) Kind() string { return kindNetwork }

// WriteTo implements lepton.Saver.
func (s *networkScorer) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, s.spec)
	s.form.write(&b)
	b.Floats32(s.params)
	return codec.WriteContainer(w, kindNetwork, b.Bytes())
}

func (f form) write(b *codec.Writer) {
	b.Int(len(f.hidden))
	for _, w := range f.hidden {
		b.Int(w)
	}
	b.Uint8(uint8(f.activation))
	b.Bool(f.context)
	b.Bool(f.dueling)
}

func readForm(in *codec.Reader) form {
	f := form{}
	for range in.Count(8) {
		f.hidden = append(f.hidden, in.Int())
	}
	f.activation = Activation(in.Uint8())
	f.context, f.dueling = in.Bool(), in.Bool()
	o := NetworkOptions{Hidden: f.hidden, Activation: f.activation, Context: f.context, MaxNorm: 1}
	if err := o.validate(); err != nil {
		in.Fail("a network that cannot be: %v", err)
		f.hidden = nil
	}
	return f
}

// readNetwork reads what WriteTo wrote.
func readNetwork(kind string, r io.Reader) (*networkScorer, error) {
	body, err := readContainer(kind, kindNetwork, r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	spec := readAnySpec(in)
	f := readForm(in)
	params := in.Floats32()
	if err := in.Close(); err != nil {
		return nil, fmt.Errorf("rl: decoding %q: %w", kindNetwork, err)
	}
	if max(spec.StateDim, spec.ActionDim, spec.Actions) > len(params) {
		return nil, fmt.Errorf("rl: decoding %q: %w: sizes beyond the number of parameters", kindNetwork, ErrCorrupt)
	}
	if err := spec.Validate(); err != nil {
		return nil, fmt.Errorf("rl: decoding %q: %w: %v", kindNetwork, ErrCorrupt, err)
	}
	n, err := newNetwork(kindNetwork, spec, f)
	if err != nil {
		return nil, err
	}
	if len(params) != n.net.Params() || !nn.Finite(params) {
		return nil, fmt.Errorf("rl: decoding %q: %w: parameters of another number or not finite", kindNetwork, ErrCorrupt)
	}
	return &networkScorer{n, params}, nil
}

// DecodePolicy reads back a policy whose scores are those of a network or a Classifier, without the learner that
// made it: for a program that decides and does not learn. kind is what Saver.Kind returned; empty accepts any
// of package policy. Damaged data is an error that wraps ErrCorrupt.
func DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return policy.Decoder{Part: func(kind string, r io.Reader) (any, error) {
		if kind == kindClassifier {
			return ReadClassifier(r)
		}
		return readNetwork(kind, r)
	}}.DecodePolicy(kind, r)
}
