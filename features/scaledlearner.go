package features

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
)

const scaledLearnerKind = "features.scaled_learner"

// ScaledLearner returns inner behind fitted scalers: it learns from observations that were transformed, and
// its policies are ScaledPolicies, so that a learner sees numbers of about 1 where observations hold
// milliseconds. state has inner's StateDim columns, rows its ActionDim; either may be nil.
//
// inner must be a lepton.Specced. The result is a lepton.Needer, Specced and PolicyDecoder, and a
// TargetLearner, and Saver with io.ReaderFrom, where inner is. What is read back brings its own scalers,
// which the parameters were learned behind, whatever others the learner was made with. inner belongs to the
// result from now on, to be asked for its counts alone. Not safe for concurrent use.
//
// The error lists every fault, as for ScaledPolicy. A transition of another width is passed on as it is, for
// inner to refuse and count.
func ScaledLearner(inner lepton.Learner, state, rows *Scaler) (lepton.Learner, error) {
	s, err := newScaling(state, rows)
	specced, known := inner.(lepton.Specced)
	switch {
	case inner == nil:
		err = errors.Join(err, errors.New("features: no learner to scale for"))
	case !known:
		err = errors.Join(err, fmt.Errorf("features: %T states no Spec to compare with the scalers", inner))
	case s != nil:
		err = errors.Join(s.check(specced.Spec()), checkInner(inner.Policy(), s))
	}
	if err != nil {
		return nil, err
	}
	l := &scaledLearner{Learner: inner, Specced: specced, scaling: s}
	teachable, targets := inner.(lepton.TargetLearner)
	saver, saves := inner.(lepton.Saver)
	reader, reads := inner.(io.ReaderFrom)
	switch {
	case targets && saves && reads:
		return &struct {
			*scaledLearner
			scaledTargets
			scaledCheckpoint
		}{l, scaledTargets{teachable, l}, scaledCheckpoint{saver, reader, l}}, nil
	case saves && reads:
		return &struct {
			*scaledLearner
			scaledCheckpoint
		}{l, scaledCheckpoint{saver, reader, l}}, nil
	case targets:
		return &struct {
			*scaledLearner
			scaledTargets
		}{l, scaledTargets{teachable, l}}, nil
	}
	return l, nil
}

type scaledLearner struct {
	lepton.Learner // inner: Step is its own
	lepton.Specced // inner
	scaling        *scaling
	copied         lepton.Transition // what inner observes
}

// Observe implements lepton.Learner.
func (l *scaledLearner) Observe(t *lepton.Transition) {
	l.copied.CopyFrom(t)
	l.scaling.apply(&l.copied.Obs)
	l.scaling.apply(&l.copied.Next)
	l.Learner.Observe(&l.copied)
}

// Policy implements lepton.Learner. Its snapshots share the scalers, which never change.
func (l *scaledLearner) Policy() lepton.Policy {
	p := l.Learner.Policy()
	if p == nil {
		return nil // for the facade to refuse
	}
	return newScaledPolicy(p, l.scaling)
}

// Needs implements lepton.Needer.
func (l *scaledLearner) Needs() lepton.Needs {
	if needer, ok := l.Learner.(lepton.Needer); ok {
		return needer.Needs()
	}
	return lepton.DefaultNeeds()
}

// DecodePolicy implements lepton.PolicyDecoder.
func (l *scaledLearner) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	var d Decoder
	if inner, ok := l.Learner.(lepton.PolicyDecoder); ok {
		d.Inner = inner.DecodePolicy
	}
	return d.DecodePolicy(kind, r)
}

// scaledTargets is the ability to learn whole distributions.
type scaledTargets struct {
	inner lepton.TargetLearner
	of    *scaledLearner
}

// ObserveTarget implements lepton.TargetLearner.
func (l scaledTargets) ObserveTarget(obs *lepton.Observation, target []float64, weight float64) {
	o := l.of.scaling.scaled(obs)
	l.inner.ObserveTarget(o, target, weight)
	l.of.scaling.pool.Put(o)
}

// scaledCheckpoint is the ability to be saved and read back.
type scaledCheckpoint struct {
	saver  lepton.Saver
	reader io.ReaderFrom
	of     *scaledLearner
}

// Kind implements lepton.Saver.
func (c scaledCheckpoint) Kind() string { return scaledLearnerKind }

// WriteTo implements lepton.Saver.
func (c scaledCheckpoint) WriteTo(w io.Writer) (int64, error) {
	return c.of.scaling.save(w, scaledLearnerKind, c.saver)
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why.
func (c scaledCheckpoint) ReadFrom(r io.Reader) (int64, error) {
	s, n, err := load(r, scaledLearnerKind)
	if err != nil {
		return n, err
	}
	if s.kind != c.saver.Kind() {
		return n, fmt.Errorf("features: it holds a learner of kind %q, not %q", s.kind, c.saver.Kind())
	}
	if err := s.scaling.check(c.of.Spec()); err != nil {
		return n, err
	}
	read, err := c.reader.ReadFrom(bytes.NewReader(s.body))
	if err != nil {
		return n, err
	}
	if left := int64(len(s.body)) - read; left != 0 { // forged: inner has changed, and so must the scalers
		err = fmt.Errorf("%w: %d bytes too many after %q", ErrCorrupt, left, s.kind)
	}
	c.of.scaling = s.scaling
	return n, err
}
