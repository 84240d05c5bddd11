package rl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
)

const kindCosts = "rl.costs"

// CostLearnerOptions sets up NewCostLearner. The zero value works.
type CostLearnerOptions struct {
	Network   NetworkOptions // StepSize.Alpha 0 means 0.003, MaxNorm 0 means 1
	Minibatch int            // decisions an update; 0 means 256
	// MaxExamples is how many decisions are kept; 0 means 1,000,000. Each takes 4 bytes a feature of a legal action. Beyond,
	// new ones are left out and counted.
	MaxExamples int
	Seed        uint64 // of the first parameters and the order of the examples
}

func (o CostLearnerOptions) withDefaults(spec lepton.Spec) CostLearnerOptions {
	o.Network = o.Network.withDefaults(spec, 0.003, 1)
	if o.Minibatch == 0 {
		o.Minibatch = 256
	}
	if o.MaxExamples == 0 {
		o.MaxExamples = 1_000_000
	}
	return o
}

func (o CostLearnerOptions) validate() error {
	errs := []error{o.Network.validate()}
	if o.Minibatch < 0 {
		errs = append(errs, fmt.Errorf("rl: CostLearnerOptions.Minibatch is %d, want 0 or more", o.Minibatch))
	}
	if o.MaxExamples < 0 {
		errs = append(errs, fmt.Errorf("rl: CostLearnerOptions.MaxExamples is %d, want 0 or more", o.MaxExamples))
	}
	return errors.Join(errs...)
}

// CostLearner fits a network that chooses, to examples of what each choice costs. It lowers
//
//	Σ weight · Σ π(a)·cost(a)
//
// over the decisions that it was shown. Where costs are those of going on with some rule after the choice, as a rollout
// measures them, this is a step of policy improvement in the space of networks (AggreVaTe: Ross & Bagnell 2014, section 2; by gradient,
// AggreVaTeD: Sun et al. 2017, equation 6). Unlike one who imitates a teacher's choices, it does not spend itself on
// telling apart what costs the same, and costs may be noisy as long as they are right on average.
//
// It learns from what a teacher says alone, so it is no lepton.Learner. Not safe for concurrent use; the policies that it
// returns are.
type CostLearner struct {
	options  CostLearnerOptions
	net      *descent
	examples costExamples
	batch    nn.Batch
	order    *rand.Rand
	leftOut  int
}

// costExamples are decisions, each with a cost for every legal action.
type costExamples struct {
	shared, rows []float32
	costs        []float32 // over the lowest
	starts       []int     // first row of each, and the number of rows at the end
	weights      []float32
}

// NewCostLearner returns a learner for observations of spec, whose actions must have features. All faults of o are
// reported together; a spec that cannot be served is a *lepton.SpecError.
func NewCostLearner(spec lepton.Spec, o CostLearnerOptions) (*CostLearner, error) {
	o = o.withDefaults(spec)
	if err := o.validate(); err != nil {
		return nil, err
	}
	if perState(spec) {
		return nil, &lepton.SpecError{Who: kindCosts, Reasons: []string{"actions have no features"}}
	}
	n, err := newNetwork(kindCosts, spec, form{hidden: o.Network.Hidden, activation: o.Network.Activation, context: o.Network.Context})
	if err != nil {
		return nil, err
	}
	l := &CostLearner{options: o, net: newDescent(n, o.Network, o.Seed, kindCosts, 0.01), order: rng.New(o.Seed, "rl.costs.order")}
	l.Forget()
	return l, nil
}

// Spec implements lepton.Specced.
func (l *CostLearner) Spec() lepton.Spec { return l.net.spec }

// Len is how many decisions are kept.
func (l *CostLearner) Len() int { return len(l.examples.weights) }

// LeftOut is how many decisions were not kept: without a choice, with numbers that cannot be used, or beyond MaxExamples.
func (l *CostLearner) LeftOut() int { return l.leftOut }

// Forget drops all decisions and keeps the network.
func (l *CostLearner) Forget() { l.examples = costExamples{starts: []int{0}} }

// Observe keeps a decision with the cost of each action: a finite number where the action is legal, whatever elsewhere. Only
// differences within a decision matter. It keeps neither obs nor costs.
func (l *CostLearner) Observe(obs *lepton.Observation, costs []float64, weight float64) {
	e := &l.examples
	least, most := lowestAndHighest(obs, costs)
	if obs.LegalCount() < 2 || !l.net.serves(obs) || !(most-least < largestFeature) || !(weight > 0 && weight < largestFeature) ||
		l.Len() >= l.options.MaxExamples {
		l.leftOut++
		return
	}
	e.shared = appendNarrow(e.shared, obs.State())
	for i := range obs.Len() {
		if obs.Legal(i) {
			e.rows = appendNarrow(e.rows, obs.Action(i))
			e.costs = append(e.costs, float32(costs[i]-least))
		}
	}
	e.starts = append(e.starts, len(e.costs))
	e.weights = append(e.weights, float32(weight))
}

// lowestAndHighest are over the legal actions; NaN if there are not as many costs as actions or one is not a number.
func lowestAndHighest(obs *lepton.Observation, costs []float64) (least, most float64) {
	if len(costs) != obs.Len() {
		return math.NaN(), math.NaN()
	}
	least, most = math.Inf(1), math.Inf(-1)
	for i, c := range costs {
		if obs.Legal(i) {
			least, most = min(least, c), max(most, c) // NaN stays
		}
	}
	return least, most
}

// pick makes a batch of the examples of list.
func (l *CostLearner) pick(list []int) {
	e, b := &l.examples, &l.batch
	shared, dim := l.net.net.Inputs()
	b.Reset()
	for _, k := range list {
		from, to := e.starts[k], e.starts[k+1]
		b.Shared = append(b.Shared, e.shared[k*shared:(k+1)*shared]...)
		b.Rows = append(b.Rows, e.rows[from*dim:to*dim]...)
		b.EndGroup(to - from)
	}
}

func (e *costExamples) of(k int) []float32 { return e.costs[e.starts[k]:e.starts[k+1]] }

// Fit shows the network all decisions once, in a random order, with step size alpha, and returns what its choices cost on
// average over the best in hindsight, by weight, each before the update that it was part of. An update that is
// not finite ends it with ErrNotFinite.
func (l *CostLearner) Fit(ctx context.Context, alpha float64) (float64, error) {
	l.net.options.StepSize = StepSize{Alpha: alpha}
	if err := l.net.options.StepSize.validate(math.MaxFloat64); err != nil {
		return math.NaN(), err
	}
	all := l.order.Perm(l.Len())
	sum, total := 0.0, 0.0
	for len(all) > 0 {
		if err := ctx.Err(); err != nil {
			return sum / total, err
		}
		n := min(l.options.Minibatch, len(all))
		loss, weight, err := l.update(all[:n])
		if err != nil {
			return sum / total, fmt.Errorf("rl: fitting to costs: %w", err)
		}
		sum, total, all = sum+loss*weight, total+weight, all[n:]
	}
	return sum / total, nil
}

// update takes one step down the loss of the examples of list, and returns its mean and their weight.
func (l *CostLearner) update(list []int) (loss, weight float64, err error) {
	l.pick(list)
	for _, k := range list {
		weight += float64(l.examples.weights[k])
	}
	loss, err = l.net.step(&l.batch, func(g int, out, dOut []float32) float64 {
		costs, share := l.examples.of(list[g]), l.examples.weights[list[g]]/float32(weight)
		softmax32(dOut, out)
		mean := float32(0)
		for i, p := range dOut {
			mean += p * costs[i]
		}
		for i, p := range dOut {
			dOut[i] = share * p * (costs[i] - mean)
		}
		return float64(share * mean)
	})
	return loss, weight, err
}

// Scorer returns the scores of the present network: to be chosen by with policy.Greedy, which is what it is fitted for, or
// to rank. Immutable.
func (l *CostLearner) Scorer() lepton.Scorer { return l.net.scorer() }

// Policy returns the choice that the present network likes best. Immutable.
func (l *CostLearner) Policy() lepton.Policy { return policy.Greedy(l.net.scorer()) }
