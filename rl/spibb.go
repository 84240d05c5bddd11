package rl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const kindSPIBB = "rl.spibb"

// SPIBBOptions sets up a SPIBB. The zero value works.
type SPIBBOptions struct {
	// Key and ActionKey name states and actions; see TabularOptions. The coarser they are, the sooner an
	// action has been seen often enough, and the less can be told apart.
	Key       func(*lepton.Observation) uint64
	ActionKey func(obs *lepton.Observation, i int) uint64

	// Incumbent is what to be at least as good as, and what decides where the log says too little (π_b in
	// the paper). nil: whoever made the log, as the shares of the actions in each state show it, and even
	// shares where the log never was: a gap in the safety net, so give it where it can be given. It is not
	// saved with the learner.
	Incumbent lepton.Policy
	// MinCount is how often an action must have been logged in a state before its probability may change
	// (N∧ in the paper); 0 means 20. Less improves sooner and is misled by chance more often.
	MinCount int

	MaxEntries int // most (state, action) and (state, action, next state) kept, 120 bytes each at most; 0 means 1<<20
	Sweeps     int // passes over the model in one Step at most; 0 means 1,000
}

func (o SPIBBOptions) withDefaults() SPIBBOptions {
	if o.Key == nil {
		o.Key = StateKey
	}
	if o.ActionKey == nil {
		o.ActionKey = func(obs *lepton.Observation, i int) uint64 { return obs.ID(i) }
	}
	for _, f := range [...]struct {
		field *int
		value int
	}{{&o.MinCount, 20}, {&o.MaxEntries, 1 << 20}, {&o.Sweeps, 1000}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return o
}

func (o SPIBBOptions) validate() error {
	var errs []error
	for _, f := range [...]struct {
		name  string
		value int
	}{{"MinCount", o.MinCount}, {"MaxEntries", o.MaxEntries}, {"Sweeps", o.Sweeps}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("rl: SPIBBOptions.%s is %d, want 0 or more", f.name, f.value))
		}
	}
	return errors.Join(errs...)
}

// SPIBB improves on the policy that made a log, from the log alone and with a safety net: safe policy
// improvement with baseline bootstrapping. It counts what followed each action in each state, solves the
// problem that the counts describe, and departs from the incumbent only where the counts are large enough:
//
//	Q(s,a) = r̂(s,a) + Σ γ̂(s,a,s′)·V(s′),   V(s) = Σ π(a|s)·Q(s,a)
//	π(a|s) = π_b(a|s)  where N(s,a) < N∧;  what is left goes to the best of the others
//
// r̂ and γ̂ are means over the log; γ̂ holds the probability of s′ times the Discount of the transitions.
//
// Observe only counts. Step solves, from the values it had before, once the log has grown by a sixteenth since
// it last did, and is Idle when they have settled: show it the whole log, then call Step until it is Idle.
// An action never logged, which an Incumbent may like, counts as the others in its state do, and a state in
// which nothing was logged (where the log was cut) as an average one.
//
// Source: Laroche, Trichelair & Tachet des Combes (2019), algorithms 1 and 2. Not safe for concurrent use. Beside
// lepton.Learner it is a lepton.Needer, Saver with io.ReaderFrom, PolicyDecoder and Specced.
type SPIBB struct {
	options  SPIBBOptions
	model    *countModel
	policy   spibbPolicy // the latest snapshot, shared with whoever asked for it
	progress lepton.Progress
	faults   uint64
	counted  uint64 // transitions in the model
	solved   uint64 // of them when it was last begun to be solved
	settled  bool
	failed   bool // a transition since the last Step was not finite
	scratch  lepton.Scratch
}

// SPIBBStats says how full the model is and what was left out.
type SPIBBStats struct {
	States  int    // states known
	Entries int    // (state, action) and (state, action, next state) known
	Refused uint64 // transitions left out because the model was full and they were new
	Faults  uint64 // transitions left out: not finite or beyond 1e100, an action that was not legal, nothing legal afterwards, an Incumbent without an answer
}

// NewSPIBB returns a learner for the observations of spec. All faults of o are reported together.
func NewSPIBB(spec lepton.Spec, o SPIBBOptions) (*SPIBB, error) {
	o = o.withDefaults()
	if err := errors.Join(spec.Validate(), o.validate()); err != nil {
		return nil, err
	}
	return &SPIBB{
		options: o, model: newCountModel(o.MaxEntries), settled: true,
		policy: spibbPolicy{
			spec: spec, key: o.Key, actionKey: o.ActionKey, incumbent: o.Incumbent,
			minCount: o.MinCount, values: newCountTable(nil),
		},
		progress: lepton.Progress{Loss: math.NaN(), Idle: true},
	}, nil
}

// Observe implements lepton.Learner: it counts.
func (l *SPIBB) Observe(t *lepton.Transition) {
	l.progress.Observed++
	l.failed = l.failed || !finite(t.Reward) || !finite(t.Discount)
	if !usable(t) || !moderate(t.Reward, t.Discount) || t.Discount != 0 && t.Next.LegalCount() == 0 {
		l.faults++
		return
	}
	var shares []float64
	if l.options.Incumbent != nil {
		l.scratch.Reset()
		shares = l.scratch.Floats(t.Obs.Len())
		l.options.Incumbent.Probs(shares, &t.Obs, &l.scratch)
		if !probabilities(shares, &t.Obs) {
			l.faults++
			return
		}
	}
	if l.model.add(t, l.options.Key, l.options.ActionKey, shares) {
		l.counted++
		l.progress.Idle = l.idle()
	}
}

// idle reports whether Step has nothing to do.
func (l *SPIBB) idle() bool { return l.settled && l.counted-l.solved <= l.solved/16 }

// Step implements lepton.Learner.
func (l *SPIBB) Step(ctx context.Context) (lepton.Progress, error) {
	if err := ctx.Err(); err != nil {
		return l.progress, err
	}
	if !l.idle() {
		l.solve()
	}
	l.progress.Idle = l.idle()
	if l.failed {
		l.failed = false
		return l.progress, ErrNotFinite
	}
	return l.progress, nil
}

// solve makes values settle, as far as Sweeps allow, and publishes what follows from them. Where they grow beyond
// all bounds, as a Discount above 1 can make them, it begins again from nothing when there is more to see.
func (l *SPIBB) solve() {
	if l.counted-l.solved > l.solved/16 {
		l.solved = l.counted
	}
	moved := math.Inf(1)
	l.settled = false
	for sweep := 0; sweep < l.options.Sweeps && !l.settled; sweep++ {
		var scale float64
		moved, scale = l.model.sweep(l.policy.minCount)
		if !moderate(moved, scale) {
			l.model.forgetValues()
			l.settled, l.failed = true, true
			return
		}
		l.settled = moved <= 1e-8*scale
	}
	l.policy.values = l.model.table()
	l.progress.Updates++
	l.progress.Loss = moved
}

// Policy implements lepton.Learner: the improved policy, which is stochastic wherever the incumbent still has
// a say. It is a lepton.Scorer whose scores are the probabilities, so that policy.Greedy takes the likeliest
// action; a lepton.Saver, without the Incumbent; and a lepton.Specced.
func (l *SPIBB) Policy() lepton.Policy {
	p := l.policy
	return &p
}

// Needs implements lepton.Needer: what the incumbent would have done is asked of all actions.
func (l *SPIBB) Needs() lepton.Needs { return lepton.Needs{Others: lepton.AllRows} }

// Spec implements lepton.Specced.
func (l *SPIBB) Spec() lepton.Spec { return l.policy.spec }

// Stats says how full the model is and what was left out.
func (l *SPIBB) Stats() SPIBBStats {
	return SPIBBStats{States: len(l.model.states), Entries: l.model.entries, Refused: l.model.refused, Faults: l.faults}
}

// Kind implements lepton.Saver.
func (l *SPIBB) Kind() string { return kindSPIBB }

// WriteTo implements lepton.Saver.
func (l *SPIBB) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, l.policy.spec)
	writeProgress(&b, l.progress)
	for _, n := range [...]uint64{l.faults, l.counted, l.solved} {
		b.Uint64(n)
	}
	b.Bool(l.settled)
	b.Bool(l.failed)
	b.Bool(l.options.Incumbent != nil)
	l.policy.values.write(&b)
	l.model.write(&b)
	return codec.WriteContainer(w, kindSPIBB, b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *SPIBB) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, kindSPIBB, func(in *codec.Reader) error {
		if err := readSpec(in, l.policy.spec, kindSPIBB); err != nil {
			return err
		}
		next := *l
		next.progress = readProgress(in)
		next.faults, next.counted, next.solved = in.Uint64(), in.Uint64(), in.Uint64()
		next.settled, next.failed = in.Bool(), in.Bool()
		if in.Bool() != (l.options.Incumbent != nil) {
			in.Fail("one of two has an incumbent, file or learner")
		}
		if next.solved > next.counted {
			in.Fail("%d transitions solved of %d", next.solved, next.counted)
		}
		next.policy.values = readCountTable(in)
		next.model = readCountModel(in, l.options.MaxEntries)
		if err := in.Close(); err != nil {
			return err
		}
		next.progress.Idle = next.idle()
		*l = next
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *SPIBB) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return l.policy.decode(kind, r)
}
