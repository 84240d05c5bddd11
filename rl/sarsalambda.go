package rl

import (
	"container/list"
	"errors"
	"fmt"

	"github.com/leptonsched/lepton"
)

// SARSALambdaOptions sets up a SARSALambda. The zero value works.
type SARSALambdaOptions struct {
	TabularOptions // NStep must be 0: Lambda is in its place

	Lambda float64 // λ in [0, 1): how far back a surprise is carried; 0 means 0.9. SARSA is the limit of small ones
	Trace  Trace   // how a visit marks its trace; the zero value is Replacing
	// Cut drops traces that have faded below it, in (0, 1); 0 means 1e-3.
	Cut float64
	// MaxTraces is the most traces of a stream; 0 means 256. Beyond it the one that was begun first is dropped.
	MaxTraces int
}

func (o SARSALambdaOptions) withDefaults() SARSALambdaOptions {
	if o.Lambda == 0 {
		o.Lambda = 0.9
	}
	if o.Cut == 0 {
		o.Cut = 1e-3
	}
	if o.MaxTraces == 0 {
		o.MaxTraces = 256
	}
	return o
}

func (o SARSALambdaOptions) validate() error {
	var errs []error
	if !(o.Lambda > 0 && o.Lambda < 1) {
		errs = append(errs, fmt.Errorf("rl: SARSALambdaOptions.Lambda is %v, want 0 to less than 1", o.Lambda))
	}
	if o.Trace > Accumulating {
		errs = append(errs, fmt.Errorf("rl: SARSALambdaOptions.Trace is %d, which there is not", o.Trace))
	}
	if !(o.Cut > 0 && o.Cut < 1) {
		errs = append(errs, fmt.Errorf("rl: SARSALambdaOptions.Cut is %v, want 0 to less than 1", o.Cut))
	}
	if o.MaxTraces < 0 {
		errs = append(errs, fmt.Errorf("rl: SARSALambdaOptions.MaxTraces is %d, want 0 or more", o.MaxTraces))
	}
	if o.NStep > 1 {
		errs = append(errs, errors.New("rl: SARSALambda takes no NStep: Lambda is in its place"))
	}
	return errors.Join(errs...)
}

// SARSALambda is SARSA with eligibility traces: every surprise moves, beside the latest action of its stream,
// those before it, the less the longer ago:
//
//	z      ← discount·λ·z, then the trace of (s,a) is marked
//	δ      = r + discount·Q(s′,a′) − Q(s,a)
//	Q      ← Q + α·δ·z
//
// Each stream (Episode and Agent) has its own traces; streams may come interleaved. Traces end with the stream
// and where a step is missing. A decision with Episode 0 has none but its own. α is the step size of (s,a),
// for all that it moves, and only (s,a) counts as visited.
//
// Source: Rummery & Niranjan (1994), Singh & Sutton (1996); Sutton & Barto (2018), section 12.7. Not safe for
// concurrent use. Beside lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and
// Specced.
type SARSALambda struct{ *tabular }

// NewSARSALambda returns a learner for the observations of spec. All faults of o are reported together.
func NewSARSALambda(spec lepton.Spec, o SARSALambdaOptions) (*SARSALambda, error) {
	o = o.withDefaults()
	l, err := newTabular("rl.sarsalambda", spec, o.TabularOptions, o.validate(), noReplay("SARSALambda", o.TabularOptions))
	if err != nil {
		return nil, err
	}
	o.TabularOptions = l.options
	z := &traces{tabular: l, options: o, open: map[streamKey]*traced{}, order: list.New()}
	l.learn, l.more = z.learn, z
	return &SARSALambda{l}, nil
}

// learn is one step of the equations above.
func (z *traces) learn(t *lepton.Transition) bool {
	next, ok := z.followed(t)
	if !ok {
		return false
	}
	state, action := z.pair(t)
	e, ok := z.values.entry(state, action)
	if !ok {
		return false
	}
	s := z.stream(t)
	s.visit(state, action, &z.options)
	delta := TDError(*e.value, t.Reward, t.Discount, next)
	ok = z.spread(s, e, z.alpha(e, delta), delta)
	if s.discount, s.step = t.Discount, t.Step; t.Last || t.Discount == 0 || t.Episode == 0 {
		z.close(s)
	}
	return ok
}

// spread is TraceUpdate of the entries that s has traces of, the last of which is e. Of one that the table has
// let go nothing is known any more.
func (z *traces) spread(s *traced, e entry, alpha, delta float64) bool {
	z.gathered = z.gathered[:0]
	for _, p := range s.pairs {
		z.gathered = append(z.gathered, z.values.value(p.state, p.action))
	}
	TraceUpdate(z.gathered, s.z, alpha, delta)
	for _, q := range z.gathered {
		if !finite(q) {
			z.failed = true
			return false
		}
	}
	last := len(s.pairs) - 1
	for i, p := range s.pairs[:last] {
		if v := z.values.known(p.state, p.action); v != nil {
			*v = z.gathered[i]
		}
	}
	return z.put(e, z.gathered[last], delta)
}
