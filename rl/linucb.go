package rl

import (
	"errors"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/simd"
)

const (
	kindLinUCB       = "rl.linucb"
	kindLinUCBPolicy = "rl.linucbpolicy"
)

// LinUCBOptions sets up a LinUCB. The zero value works.
type LinUCBOptions struct {
	Ridge   RidgeOptions // the regression of rewards on features
	Alpha   float64      // width of the bonus, in the unit of the reward, above 0; 0 means 1
	Epsilon float64      // share of evenly drawn actions in the policies made, in [0, 1]; 0: none
	Batch   int          // outcomes from one publication to the next, at least; 0 means 1
}

func (o LinUCBOptions) withDefaults() LinUCBOptions {
	if o.Alpha == 0 {
		o.Alpha = 1
	}
	if o.Batch == 0 {
		o.Batch = 1
	}
	return o
}

func (o LinUCBOptions) validate() error {
	const of = "LinUCBOptions"
	return errors.Join(positive(of, "Alpha", o.Alpha), epsilonFault(of, o.Epsilon), atLeast(of, "Batch", o.Batch, 1))
}

// LinUCB chooses the action that may be the best by a linear model of rewards, with a bonus for what is
// uncertain in it:
//
//	Initial + θ·x + Alpha·√(xᵀA⁻¹x),   A = λI + Σ x·xᵀ,   θ = A⁻¹·Σ (r − Initial)·x
//
// over the features x of RidgeOptions, with an A and θ for each action, or one for all. Actions whose sums
// are equal share the decision evenly: so do those that nothing is known of, where each has weights of its
// own. Of a transition only the reward counts: Discount and Next are ignored, so a decision inside an episode
// is judged by its own reward.
//
// Outcomes may come late, in batches and, without Forget, in any order: the sums come to the same but for
// their last bits. A snapshot does not know of choices whose outcome is still out, and decides the same for the
// same features until the next is published. Where many outcomes are on the way, LinThompson, whose snapshots
// spread their choices, loses less; so does an Epsilon.
//
// With Forget, past outcomes count for less and less, so that a world that changes is followed, and
// publishing costs d³ for d features instead of d². (The bonus is that of the weighted A, which is a little
// wider than Russac, Vernade & Cappé (2019) need it.)
//
// Snapshots reckon in float32: a score is exact to about 1e-6 of the largest term, and √(xᵀA⁻¹x) to
// 1e-3·√(x·x/λ), far below a bonus that still matters.
//
// Source: Li, Chu, Langford & Schapire (2010), algorithm 1. Not safe for concurrent use. Beside
// lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced. Its policies
// are lepton.Scorers.
type LinUCB struct {
	linearBandit
	policy *linUCBPolicy
}

// NewLinUCB returns a learner for the observations of spec. All faults of o are reported together; a spec
// with no features at all, not even an intercept, or with more than 2,048 is a *lepton.SpecError.
func NewLinUCB(spec lepton.Spec, o LinUCBOptions) (*LinUCB, error) {
	o = o.withDefaults()
	base, err := newLinearBandit(kindLinUCB, spec, o.Ridge, o.Batch, o.Epsilon, o.validate())
	if err != nil {
		return nil, err
	}
	l := &LinUCB{linearBandit: base}
	l.connect(o.Alpha)
	l.publish()
	return l, nil
}

func (l *LinUCB) connect(alpha float64) {
	l.view = l.base.ucbView
	l.wrap = func(p linearPolicy) { l.policy = &linUCBPolicy{p, alpha} }
}

// ucbView is what a policy holds of a model: θ, then A⁻¹ in the order in which it is needed. Where each
// action has its own, half of A⁻¹ as in ridge; where all share it, its parts.
func (p *linearPolicy) ucbView(m *ridge, _ uint64) []float32 {
	d, h := m.d, p.x.head
	if !fits32(m) {
		return nil
	}
	v := make([]float32, p.ucbSize())
	simd.Narrow(v[:d], m.theta)
	if p.perAction {
		simd.Narrow(v[d:], m.p)
		return v
	}
	rr, hr, hh := p.parts(v[d:])
	k, half := d-h, m.p
	for i := range d {
		triangle := half[:d-i]
		half = half[d-i:]
		if i < h {
			upper(hh[i*h+i:(i+1)*h], triangle)
			simd.Narrow(hr[i*k:(i+1)*k], triangle[h-i:])
		} else {
			upper(rr[(i-h)*(k+1):(i-h+1)*k], triangle)
		}
	}
	return v
}

// upper narrows a row of the triangle of a symmetric matrix S, and doubles what is off the diagonal, so that
// xᵀS·x is xᵀT·x for the triangular T.
func upper(dst []float32, row []float64) {
	simd.Narrow(dst, row)
	for i := 1; i < len(dst); i++ {
		dst[i] *= 2
	}
}

// parts divides a shared A⁻¹ into those of row and row, head and row, head and head: the first and the
// last are triangular, see upper.
func (p *linearPolicy) parts(v []float32) (rr, hr, hh []float32) {
	h, k := p.x.head, p.x.row
	return v[:k*k], v[k*k : k*k+h*k], v[k*k+h*k:]
}

func (p *linearPolicy) ucbSize() int {
	d, h, k := p.x.dim(), p.x.head, p.x.row
	if p.perAction {
		return d + triangle(d)
	}
	return d + k*k + h*k + h*h
}

// fits32 reports whether a model can be told in float32. Nothing in A⁻¹ is larger than its diagonal.
func fits32(m *ridge) bool {
	for i, at := 0, 0; i < m.d; i, at = i+1, at+m.d-i {
		if !(math.Abs(m.theta[i]) <= math.MaxFloat32) || !(math.Abs(m.p[at]) <= math.MaxFloat32) {
			return false
		}
	}
	return true
}

// Policy implements lepton.Learner: all on the action with the highest score, but for Epsilon. It is a
// lepton.Scorer, a lepton.Saver and a lepton.Specced.
func (l *LinUCB) Policy() lepton.Policy { return l.policy }

// WriteTo implements lepton.Saver.
func (l *LinUCB) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	l.linearBandit.write(&b)
	l.policy.write(&b)
	return codec.WriteContainer(w, kindLinUCB, b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *LinUCB) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, kindLinUCB, func(in *codec.Reader) error {
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
func (l *LinUCB) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return decodePolicy(kind, kindLinUCBPolicy, r, func(in *codec.Reader) (lepton.Policy, error) {
		return l.policy.read(in)
	})
}
