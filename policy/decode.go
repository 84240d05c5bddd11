package policy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// ErrCorrupt is wrapped by every error about bytes that cannot be what this package wrote.
var ErrCorrupt = codec.ErrCorrupt

// ErrKind is returned for a kind that is not known, or is not what is needed in its place.
var ErrKind = errors.New("policy: unknown kind")

// ErrDepth is returned for policies nested too deeply, and for files that claim to be.
var ErrDepth = errors.New("policy: nested too deeply")

// maxDepth bounds how often policies may wrap each other in a file.
const maxDepth = 16

// Decode reads back a policy that a lepton.Saver of this package wrote, all of whose parts are of this
// package; Decoder reads others. kind is what Saver.Kind returned; empty accepts any policy of this
// package. It reads no further than the policy's end. Damaged data is an error that wraps ErrCorrupt.
func Decode(kind string, r io.Reader) (lepton.Policy, error) {
	return Decoder{}.DecodePolicy(kind, r)
}

// Decoder reads back policies that have parts from elsewhere. It is a lepton.PolicyDecoder.
type Decoder struct {
	// Part reads a part that this package does not know: a Model inside FromModel, a lepton.Scorer inside
	// Greedy, EpsilonGreedy or Softmax, a lepton.Policy inside Mix. nil refuses them all.
	Part func(kind string, r io.Reader) (any, error)
}

// DecodePolicy implements lepton.PolicyDecoder; see Decode.
func (d Decoder) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	got, body, _, err := codec.ReadContainer(r)
	if err != nil {
		return nil, fmt.Errorf("policy: decoding %q: %w", kind, err)
	}
	if kind != "" && got != kind {
		return nil, fmt.Errorf("%w: found %q, want %q", ErrKind, got, kind)
	}
	v, err := d.build(got, body, 1)
	if err != nil {
		return nil, fmt.Errorf("policy: decoding %q: %w", got, err)
	}
	p, ok := v.(lepton.Policy)
	if !ok {
		return nil, fmt.Errorf("%w: %q is a scorer, not a policy", ErrKind, got)
	}
	return p, nil
}

// build makes a policy or scorer of a payload.
func (d Decoder) build(kind string, body []byte, depth int) (any, error) {
	r := codec.NewReader(body)
	switch kind {
	case kindUniform:
		return Uniform(), r.Close()
	case kindLinear:
		return readLinear(r)
	case kindModel:
		spec := readSpec(r)
		model, err := part[Model](d, r, depth)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		return FromModel(model, spec)
	case kindMix:
		weights := r.Floats()
		var policies []lepton.Policy // grows with the parts that are there, whatever the weights claim
		for range weights {
			p, err := part[lepton.Policy](d, r, depth)
			if err != nil {
				return nil, err
			}
			policies = append(policies, p)
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
		return Mix(weights, policies)
	case ruleKinds[ruleGreedy], ruleKinds[ruleEpsilon], ruleKinds[ruleSoftmax]:
		param := r.Float()
		scorer, err := part[lepton.Scorer](d, r, depth)
		if err := errors.Join(err, r.Close()); err != nil {
			return nil, err
		}
		switch kind {
		case ruleKinds[ruleEpsilon]:
			return EpsilonGreedy(scorer, param)
		case ruleKinds[ruleSoftmax]:
			return Softmax(scorer, param)
		}
		if param != 0 {
			return nil, fmt.Errorf("%w: a greedy policy with parameter %v", codec.ErrCorrupt, param)
		}
		return Greedy(scorer), nil
	}
	return nil, fmt.Errorf("%w: %q", ErrKind, kind)
}

// part reads a nested policy, scorer or model, which must be a T.
func part[T any](d Decoder, r *codec.Reader, depth int) (T, error) {
	var none T
	kind, body := r.String(), r.Blob()
	if err := r.Err(); err != nil {
		return none, err
	}
	if depth >= maxDepth {
		return none, ErrDepth
	}
	v, err := d.decodePart(kind, body, depth+1)
	if err != nil {
		return none, err
	}
	t, ok := v.(T)
	if !ok {
		return none, fmt.Errorf("%w: %q in a place where it does not fit", ErrKind, kind)
	}
	return t, nil
}

func (d Decoder) decodePart(kind string, body []byte, depth int) (any, error) {
	if !known(kind) {
		if d.Part == nil {
			return nil, fmt.Errorf("%w: %q", ErrKind, kind)
		}
		return d.Part(kind, bytes.NewReader(body))
	}
	return d.build(kind, body, depth)
}

func known(kind string) bool {
	switch kind {
	case kindUniform, kindLinear, kindModel, kindMix, ruleKinds[ruleGreedy], ruleKinds[ruleEpsilon], ruleKinds[ruleSoftmax]:
		return true
	}
	return false
}

// saver is a lepton.Saver of this package. Its payload nests in another's as it is: one container holds
// them all, and reading copies nothing.
type saver interface {
	lepton.Saver
	write(b *payload)
}

// payload is what a container of this package holds.
type payload struct {
	codec.Writer
	err error // the first failure of a part from elsewhere
}

// part writes s as its kind and its payload; where s comes from elsewhere, all that it writes.
func (b *payload) part(s lepton.Saver) {
	b.String(s.Kind())
	if own, ok := s.(saver); ok {
		var inner payload
		own.write(&inner)
		b.err = cmp.Or(b.err, inner.err)
		b.Blob(inner.Bytes())
		return
	}
	var body bytes.Buffer
	if _, err := s.WriteTo(&body); err != nil && b.err == nil {
		b.err = fmt.Errorf("policy: writing %q: %w", s.Kind(), err)
	}
	b.Blob(body.Bytes())
}

// writeTo is how every saver of this package implements io.WriterTo.
func writeTo(w io.Writer, s saver) (int64, error) {
	var b payload
	if s.write(&b); b.err != nil {
		return 0, b.err
	}
	return codec.WriteContainer(w, s.Kind(), b.Bytes())
}

func writeSpec(w *codec.Writer, s lepton.Spec) {
	w.Int(s.StateDim)
	w.Int(s.ActionDim)
	w.Int(s.Actions)
	w.Strings(s.StateNames)
	w.Strings(s.ActionNames)
}

func readSpec(r *codec.Reader) lepton.Spec {
	return lepton.Spec{
		StateDim: r.Int(), ActionDim: r.Int(), Actions: r.Int(),
		StateNames: r.Strings(), ActionNames: r.Strings(),
	}
}
