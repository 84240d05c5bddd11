package rl

import (
	"bytes"
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/policy"
)

const kindWithPrior = "rl.with_prior"

// Prior is a heuristic that a learner starts from. The zero value is none. Immutable, as safe for concurrent use as
// the scorer that it was made of.
type Prior struct{ scorer lepton.Scorer }

// WithPrior makes a learner start exactly at a heuristic and learn what it lacks: the scores of its policies are
// those of the heuristic plus a residual, which is 0 in the beginning.
//
// Learners of values (TabularOptions.Prior, FittedQOptions.Prior) learn Q = prior + residual, from the errors that Q
// makes. The nearer the scores are to returns, in their unit, the less there is to learn; where they are far too
// high, each action is tried in turn before one is settled on, and where they are far too low, the first that
// did better stays. REINFORCE and PPO learn a softmax of the sum: the larger the scores, the surer it is of the
// heuristic at first, and the slower it leaves it.
//
// s scores every legal action with a finite number and keeps the rules of lepton.Scorer. Like a Key it is
// not saved: files say only that there was one, and a learner without one, or with one where there was none,
// refuses them.
func WithPrior(s lepton.Scorer) Prior { return Prior{s} }

// kind marks the kind of a file that leaves a prior out.
func (p Prior) kind(kind string) string {
	if p.scorer == nil {
		return kind
	}
	return kind + "_with_prior"
}

// firstScale scales the first parameters of a network's last layer: 0 where a prior is to be met exactly.
func (p Prior) firstScale() float64 {
	if p.scorer != nil {
		return 0
	}
	return 0.01
}

// add adds the prior's scores of the legal actions of obs to dst.
func (p Prior) add(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	if p.scorer == nil {
		return
	}
	scores := scratch.Floats(len(dst))
	p.scorer.Scores(scores, obs, scratch)
	for i, s := range scores {
		if obs.Legal(i) {
			dst[i] += s
		}
	}
}

// of returns the prior's score of one action, 0 where there is none.
func (p Prior) of(obs *lepton.Observation, action int, scratch *lepton.Scratch) float64 {
	if p.scorer == nil {
		return 0
	}
	scratch.Reset()
	scores := scratch.Floats(obs.Len())
	p.scorer.Scores(scores, obs, scratch)
	return scores[action]
}

// plus is a scorer of the sum: one that is saved without the prior where the residual is saved, and states the
// residual's spec.
func (p Prior) plus(residual lepton.Scorer) lepton.Scorer {
	if p.scorer == nil {
		return residual
	}
	// Greedy passes scores on as they are, and is what policy.Decode gives back.
	sum := priorScorer{p, policy.Greedy(residual).(lepton.Scorer)}
	if _, ok := residual.(lepton.Saver); ok {
		return &savedPriorScorer{sum}
	}
	return &sum
}

// priorScorer scores by the sum of a prior and a residual.
type priorScorer struct {
	prior    Prior
	residual lepton.Scorer
}

// Scores implements lepton.Scorer.
func (s *priorScorer) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	s.residual.Scores(dst, obs, scratch)
	s.prior.add(dst, obs, scratch)
}

// savedPriorScorer is one whose residual is a lepton.Saver and a lepton.Specced, and so is it.
type savedPriorScorer struct{ priorScorer }

// Spec implements lepton.Specced.
func (s *savedPriorScorer) Spec() lepton.Spec { return s.residual.(lepton.Specced).Spec() }

// Kind implements lepton.Saver.
func (s *savedPriorScorer) Kind() string { return kindWithPrior }

// WriteTo implements lepton.Saver.
func (s *savedPriorScorer) WriteTo(w io.Writer) (int64, error) {
	residual := s.residual.(lepton.Saver)
	var body bytes.Buffer
	if _, err := residual.WriteTo(&body); err != nil {
		return 0, err
	}
	var b codec.Writer
	b.String(residual.Kind())
	b.Blob(body.Bytes())
	return codec.WriteContainer(w, kindWithPrior, b.Bytes())
}

// decode reads what a savedPriorScorer wrote.
func (p Prior) decode(kind string, r io.Reader) (lepton.Scorer, error) {
	body, err := readContainer(kind, kindWithPrior, r)
	if err != nil {
		return nil, err
	}
	in := codec.NewReader(body)
	inner, file := in.String(), in.Blob()
	if err := in.Close(); err != nil {
		return nil, err
	}
	residual, err := DecodePolicy(inner, bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	_, saved := residual.(lepton.Saver)
	_, specced := residual.(lepton.Specced)
	scorer, scores := residual.(lepton.Scorer)
	if !saved || !specced || !scores {
		return nil, fmt.Errorf("%w: %q behind a prior", ErrKind, inner)
	}
	return &savedPriorScorer{priorScorer{p, scorer}}, nil
}

// decodePolicy reads back a policy of spec whose scores are a network's or linear, behind the prior if there
// is one.
func (p Prior) decodePolicy(who string, spec lepton.Spec, kind string, r io.Reader) (lepton.Policy, error) {
	primed := false
	out, err := policy.Decoder{Part: func(kind string, r io.Reader) (any, error) {
		if kind == kindNetwork {
			return readNetwork(kind, r)
		}
		if p.scorer == nil {
			return nil, fmt.Errorf("%w: %q, and there is no prior", ErrKind, kind)
		}
		primed = true
		return p.decode(kind, r)
	}}.DecodePolicy(kind, r)
	if err != nil {
		return nil, err
	}
	if primed != (p.scorer != nil) {
		return nil, fmt.Errorf("%w: a policy without a prior", ErrKind)
	}
	s, ok := out.(lepton.Specced)
	if !ok {
		return nil, fmt.Errorf("%w: %q states no spec", ErrKind, kind)
	}
	return out, s.Spec().Check(who, spec)
}
