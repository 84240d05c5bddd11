package features

import (
	"errors"
	"io"
	"math"

	"github.com/leptonsched/lepton"
)

const scaledPolicyKind = "features.scaled_policy"

// ScaledPolicy returns inner behind fitted scalers: it asks inner about a copy of the observation whose
// state and rows were transformed, so that the constants travel in the snapshot, and observations stay
// what they were. state has inner's StateDim columns, rows its ActionDim; either may be nil.
//
// The result is a lepton.Scorer, Specced (the same Spec) and Saver where inner is; Decoder reads it back.
// Immutable, safe for concurrent use where inner is; a decision allocates nothing beyond what inner does.
//
// The error lists every fault: no policy, one that is scaled already (fit one Scaler with all the steps),
// no scaler, and a *lepton.SpecError where inner states another Spec. An observation of another width makes
// the probabilities and scores of all legal actions NaN, as in package policy.
func ScaledPolicy(inner lepton.Policy, state, rows *Scaler) (lepton.Policy, error) {
	s, err := newScaling(state, rows)
	if err := errors.Join(err, checkInner(inner, s)); err != nil {
		return nil, err
	}
	return newScaledPolicy(inner, s), nil
}

// checkInner says why s cannot stand before inner. s is nil when it is faulty itself.
func checkInner(inner lepton.Policy, s *scaling) error {
	if inner == nil {
		return errors.New("features: no policy to scale for")
	}
	if _, twice := inner.(interface{ isScaled() }); twice {
		return errors.New("features: a policy that is scaled already")
	}
	if specced, ok := inner.(lepton.Specced); ok && s != nil {
		return s.check(specced.Spec())
	}
	return nil
}

// newScaledPolicy gives the policy exactly the abilities that inner has.
func newScaledPolicy(inner lepton.Policy, s *scaling) lepton.Policy {
	p := &scaledPolicy{inner, s}
	scorer, scores := inner.(lepton.Scorer)
	saver, saves := inner.(lepton.Saver)
	specced, known := inner.(lepton.Specced)
	if scores {
		return withScores(p, scaledScorer{scorer, s}, saver, specced)
	}
	switch {
	case saves && known:
		return &struct {
			*scaledPolicy
			scaledSaver
			lepton.Specced
		}{p, scaledSaver{saver, s}, specced}
	case saves:
		return &struct {
			*scaledPolicy
			scaledSaver
		}{p, scaledSaver{saver, s}}
	case known:
		return &struct {
			*scaledPolicy
			lepton.Specced
		}{p, specced}
	}
	return p
}

// withScores is the half of newScaledPolicy for a lepton.Scorer; saver and specced may be nil.
func withScores(p *scaledPolicy, scorer scaledScorer, saver lepton.Saver, specced lepton.Specced) lepton.Policy {
	switch {
	case saver != nil && specced != nil:
		return &struct {
			*scaledPolicy
			scaledScorer
			scaledSaver
			lepton.Specced
		}{p, scorer, scaledSaver{saver, p.scaling}, specced}
	case saver != nil:
		return &struct {
			*scaledPolicy
			scaledScorer
			scaledSaver
		}{p, scorer, scaledSaver{saver, p.scaling}}
	case specced != nil:
		return &struct {
			*scaledPolicy
			scaledScorer
			lepton.Specced
		}{p, scorer, specced}
	}
	return &struct {
		*scaledPolicy
		scaledScorer
	}{p, scorer}
}

type scaledPolicy struct {
	policy  lepton.Policy
	scaling *scaling
}

// isScaled marks what must not be scaled again.
func (p *scaledPolicy) isScaled() {}

// Probs implements lepton.Policy.
func (p *scaledPolicy) Probs(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	if !p.scaling.fits(obs) {
		fillLegal(dst, obs, math.NaN(), 0)
		return
	}
	o := p.scaling.scaled(obs)
	p.policy.Probs(dst, o, scratch)
	p.scaling.pool.Put(o)
}

// scaledScorer is the ability to rank.
type scaledScorer struct {
	scorer lepton.Scorer
	before *scaling
}

// Scores implements lepton.Scorer.
func (s scaledScorer) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	if !s.before.fits(obs) {
		fillLegal(dst, obs, math.NaN(), math.Inf(-1))
		return
	}
	o := s.before.scaled(obs)
	s.scorer.Scores(dst, o, scratch)
	s.before.pool.Put(o)
}

// fillLegal gives every legal action the value v and all others the value other.
func fillLegal(dst []float64, obs *lepton.Observation, v, other float64) {
	for i := range dst {
		if dst[i] = other; obs.Legal(i) {
			dst[i] = v
		}
	}
}

// scaledSaver is the ability to be saved.
type scaledSaver struct {
	inner  lepton.Saver
	before *scaling
}

// Kind implements lepton.Saver.
func (s scaledSaver) Kind() string { return scaledPolicyKind }

// WriteTo implements lepton.Saver.
func (s scaledSaver) WriteTo(w io.Writer) (int64, error) {
	return s.before.save(w, scaledPolicyKind, s.inner)
}
