package rl

import (
	"errors"
	"io"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/internal/simd"
)

const (
	kindLinThompson       = "rl.linthompson"
	kindLinThompsonPolicy = "rl.linthompsonpolicy"
)

// LinThompsonOptions sets up a LinThompson. The zero value works.
type LinThompsonOptions struct {
	Ridge   RidgeOptions // the regression of rewards on features
	Scale   float64      // standard deviation of the rewards' noise, which widens the draws, above 0; 0 means 1
	Draws   int          // members of the ensemble, 2 to 4,096; 0 means 64. More: finer propensities, dearer decisions
	Epsilon float64      // share of evenly drawn actions in the policies made, in [0, 1]; 0: none
	Batch   int          // outcomes from one publication to the next, at least; 0 means 1
	Seed    uint64       // of the draws
}

// maxDraws keeps the places of actions exact in float32 and the file within reason.
const maxDraws = 4096

func (o LinThompsonOptions) withDefaults() LinThompsonOptions {
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Draws == 0 {
		o.Draws = 64
	}
	if o.Batch == 0 {
		o.Batch = 1
	}
	return o
}

func (o LinThompsonOptions) validate() error {
	const of = "LinThompsonOptions"
	return errors.Join(positive(of, "Scale", o.Scale), within(of, "Draws", o.Draws, 2, maxDraws),
		epsilonFault(of, o.Epsilon), atLeast(of, "Batch", o.Batch, 1))
}

// LinThompson chooses each action with about the probability that it is the best, by a Bayesian linear model
// of rewards: with A and θ as in LinUCB, the weights are believed to be normal with mean θ and covariance
// Scale²·A⁻¹.
//
// A snapshot holds an ensemble of Draws weights drawn from that belief, in pairs on both sides of the mean
// (antithetic). The probability of an action is the share of members in whose eyes it is the best, the first of
// them on a tie. So probabilities are exact propensities, and multiples of 1/Draws: what no member likes has
// none, and cannot be judged from the log; an Epsilon gives every legal action its part. An action that nothing
// is known of, where each has weights of its own, is judged by draws from the prior.
//
// Because members differ, many decisions from one snapshot spread over what may be the best, which suits
// outcomes that come late or in batches. They may come in any order too, as in LinUCB, and of a transition
// only the reward counts. The draws are made anew for weights that have changed when they are published, from
// Seed and the number of the publication, so that a run repeats. That costs Draws·d² for d features: with many
// draws, publish in batches.
//
// Source: Agrawal & Goyal (2013); the ensemble is that of Lu & Van Roy (2017), drawn from the posterior
// itself. Not safe for concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom,
// PolicyDecoder and Specced. Its policies are lepton.Scorers, whose scores are the means believed in.
type LinThompson struct {
	linearBandit
	options LinThompsonOptions
	policy  *linThompsonPolicy
}

// NewLinThompson returns a learner for the observations of spec. All faults of o are reported together; a
// spec with no features at all, not even an intercept, or with more than 2,048 is a *lepton.SpecError.
func NewLinThompson(spec lepton.Spec, o LinThompsonOptions) (*LinThompson, error) {
	o = o.withDefaults()
	base, err := newLinearBandit(kindLinThompson, spec, o.Ridge, o.Batch, o.Epsilon, o.validate())
	if err != nil {
		return nil, err
	}
	l := &LinThompson{linearBandit: base, options: o}
	l.view = l.draw
	l.wrap = func(p linearPolicy) { l.policy = &linThompsonPolicy{p, o.Draws, o.Scale, l.seed()} }
	l.publish()
	return l, nil
}

// seed is that of the draws of the latest publication.
func (l *LinThompson) seed() uint64 { return rng.Mix(l.options.Seed, l.published) }

// draw returns what a policy holds of a model: θ, then the members' weights, one row a feature and one
// column a member: θ ± Scale·F·z with F·Fᵀ = A⁻¹ and z standard normal, one z for two members.
func (l *LinThompson) draw(m *ridge, action uint64) []float32 {
	upper, ok := m.factor()
	if !ok || !fits32(m) {
		return nil
	}
	d, draws := m.d, l.options.Draws
	pairs := (draws + 1) / 2
	r := rand.New(rng.Source(rng.Mix(l.seed(), action), "thompson"))
	z := make([]float32, d*pairs)
	for i := range z {
		z[i] = float32(l.options.Scale * r.NormFloat64())
	}
	view := make([]float32, d+d*draws)
	simd.Narrow(view[:d], m.theta)
	for i, theta := range view[:d] {
		row := view[d+i*draws : d+(i+1)*draws]
		plus, minus := row[:pairs], row[pairs:]
		for j := range i + 1 { // a plain loop: the draws are the same whatever kernels there are
			f, zj := float32(upper[j*d+i]), z[j*pairs:][:len(plus)]
			for k := range plus {
				plus[k] += f * zj[k]
			}
		}
		for k := range minus {
			minus[k] = theta - plus[k]
		}
		for k := range plus {
			plus[k] += theta
		}
	}
	if !finite32(view) {
		return nil
	}
	return view
}

// Policy implements lepton.Learner: each action has the share of the members that it is the best for, but for
// Epsilon. It is a lepton.Scorer, a lepton.Saver and a lepton.Specced.
func (l *LinThompson) Policy() lepton.Policy { return l.policy }

// WriteTo implements lepton.Saver.
func (l *LinThompson) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	l.linearBandit.write(&b)
	l.policy.write(&b)
	return codec.WriteContainer(w, kindLinThompson, b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *LinThompson) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, kindLinThompson, func(in *codec.Reader) error {
		next, err := l.linearBandit.read(in)
		if err != nil {
			return err
		}
		policy, err := l.policy.read(in)
		if err != nil {
			return err
		}
		next.resume(in, policy.linearPolicy)
		if err := in.Close(); err != nil {
			return err
		}
		l.linearBandit, l.policy = next, policy
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *LinThompson) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return decodePolicy(kind, kindLinThompsonPolicy, r, func(in *codec.Reader) (lepton.Policy, error) {
		return l.policy.read(in)
	})
}
