package rl

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/nn"
)

// NetworkOptions says what a network looks like and how it is fitted. The zero value works.
//
// In a fixed space whose actions have no features, one network turns the state into a score for each action.
// Elsewhere one small network, the same for all, scores each candidate from the state and its row
// (the kernel network of Zhang et al. 2020, RLScheduler, section IV), so that any number of them will do.
type NetworkOptions struct {
	Hidden     []int      // widths of the hidden layers; nil means 64, 64 for a fixed space and 32, 16, 8 for candidates
	Activation Activation // between the layers; ReLU unless set
	// Context lets candidates matter to each other: the mean of all embeddings, as wide as the first hidden
	// layer, goes into the score of each. It costs about twice the time. For candidates alone.
	Context bool

	Optimizer Optimizer // Adam unless set
	StepSize  StepSize  // Alpha 0 means the learner's default
	MaxNorm   float64   // longer gradients are shortened to this; 0 means the learner's default, +Inf none
	Workers   int       // goroutines that share one update; 0 means 1. The result is the same for any number
}

// Activation is what follows a hidden layer of a network.
type Activation uint8

// The activations.
const (
	ReLU Activation = iota // max(x, 0)
	Tanh                   // the hyperbolic tangent
)

// widest bounds a hidden layer, and mostLayers their number.
const (
	widest     = 1 << 14
	mostLayers = 16
)

// withDefaults fills in what is 0, and alpha and maxNorm where the learner's own are asked for.
func (o NetworkOptions) withDefaults(spec lepton.Spec, alpha, maxNorm float64) NetworkOptions {
	if o.Hidden == nil {
		o.Hidden = []int{32, 16, 8}
		if perState(spec) {
			o.Hidden = []int{64, 64}
		}
	}
	o.StepSize = o.StepSize.withDefault(alpha)
	if o.MaxNorm == 0 {
		o.MaxNorm = maxNorm
	}
	if o.Workers == 0 {
		o.Workers = 1
	}
	return o
}

func (o NetworkOptions) validate() error {
	errs := []error{o.StepSize.validate(math.MaxFloat64)}
	fault := func(bad bool, name string, value any, want string) {
		if bad {
			errs = append(errs, fmt.Errorf("rl: NetworkOptions.%s is %v, want %s", name, value, want))
		}
	}
	fault(len(o.Hidden) > mostLayers, "Hidden", len(o.Hidden), fmt.Sprintf("at most %d layers", mostLayers))
	for _, w := range o.Hidden {
		fault(w < 1 || w > widest, "Hidden", o.Hidden, fmt.Sprintf("widths of 1 to %d", widest))
	}
	fault(o.Activation > Tanh, "Activation", o.Activation, "ReLU or Tanh")
	fault(o.Optimizer > RMSProp, "Optimizer", o.Optimizer, "Adam, SGD or RMSProp")
	fault(!(o.MaxNorm > 0), "MaxNorm", o.MaxNorm, "above 0")
	fault(o.Workers < 0, "Workers", o.Workers, "0 or more")
	fault(o.Context && len(o.Hidden) == 0, "Context", o.Context, "a hidden layer to embed candidates in")
	return errors.Join(errs...)
}

// perState reports whether spec is served by a network with a score for each action, from the state alone.
func perState(spec lepton.Spec) bool { return spec.ActionDim == 0 && spec.Actions > 0 }

// network is the shape of one: what of an observation it reads, and which of its outputs is whose.
// Immutable.
type network struct {
	spec    lepton.Spec
	form    form
	net     nn.Network
	outputs int // of an observation; 0: one for each legal candidate
}

// form is what a network is made of, beside its Spec: what a file says of it.
type form struct {
	hidden     []int
	activation Activation
	context    bool
	dueling    bool
	value      bool // one output for the whole observation
}

// newNetwork returns the network of a form for spec, or a *lepton.SpecError on behalf of who.
func newNetwork(who string, spec lepton.Spec, f form) (*network, error) {
	f.hidden = slices.Clone(f.hidden) // the options belong to the caller
	n := &network{spec: spec, form: f}
	act := nn.Activation(f.activation)
	fixed := perState(spec)
	switch {
	case spec.ActionDim == 0 && spec.Actions == 0:
		return nil, &lepton.SpecError{Who: who, Reasons: []string{"actions have neither features nor a fixed number"}}
	case fixed && f.context:
		return nil, &lepton.SpecError{Who: who, Reasons: []string{"actions have no features to make a Context of"}}
	case fixed && f.value:
		n.outputs, n.net = 1, nn.NewMLP(0, spec.StateDim, f.hidden, 1, act)
	case fixed && f.dueling:
		n.outputs, n.net = spec.Actions, nn.NewDuelingOutputs(spec.StateDim, f.hidden, spec.Actions, act)
	case fixed:
		n.outputs, n.net = spec.Actions, nn.NewMLP(0, spec.StateDim, f.hidden, spec.Actions, act)
	case f.value:
		n.outputs, n.net = 1, newPool(spec, f)
	default:
		n.net = nn.NewMLP(spec.StateDim, spec.ActionDim, f.hidden, 1, act)
		if f.context {
			n.net = nn.NewContext(spec.StateDim, spec.ActionDim, f.hidden[:1], f.hidden[1:], act)
		}
		if f.dueling {
			n.net = nn.NewDuelingRows(n.net, newPool(spec, f))
		}
	}
	return n, nil
}

// newPool returns the network that values a whole observation of candidates: the hidden layers embed each of
// them, and come again behind the mean.
func newPool(spec lepton.Spec, f form) *nn.Pool {
	embed := f.hidden
	if len(embed) == 0 {
		embed = []int{32}
	}
	return nn.NewPool(spec.StateDim, spec.ActionDim, embed, f.hidden, nn.Activation(f.activation))
}

// add appends obs, of the network's spec, to a batch, as one group: its state and its legal candidates, or
// the state as the only row. The same batch suits every network of one spec.
func (n *network) add(b *nn.Batch, obs *lepton.Observation) {
	if perState(n.spec) {
		b.Rows = appendNarrow(b.Rows, obs.State())
		b.EndGroup(1)
		return
	}
	b.Shared = appendNarrow(b.Shared, obs.State())
	for i := range obs.Len() {
		if obs.Legal(i) {
			b.Rows = appendNarrow(b.Rows, obs.Action(i))
		}
	}
	b.EndGroup(obs.LegalCount())
}

// span returns where the outputs of group g of a batch are among all outputs.
func (n *network) span(b *nn.Batch, g int) (from, to int) {
	if n.outputs > 0 {
		return g * n.outputs, (g + 1) * n.outputs
	}
	return b.Starts[g], b.Starts[g+1]
}

// outputsOf returns the number of outputs of a whole batch.
func (n *network) outputsOf(b *nn.Batch) int {
	if b.Groups() == 0 {
		return 0
	}
	_, to := n.span(b, b.Groups()-1)
	return to
}

// place returns which output of its observation belongs to the legal action i.
func (n *network) place(obs *lepton.Observation, i int) int {
	if perState(n.spec) {
		return int(obs.ID(i))
	}
	at := 0
	for j := range i {
		if obs.Legal(j) {
			at++
		}
	}
	return at
}

// serves reports whether obs is of the network's spec, has a legal action and numbers that float32 can hold.
func (n *network) serves(obs *lepton.Observation) bool {
	return serves(&n.spec, obs) && obs.LegalCount() > 0 && narrow(obs.State()...) && narrow(obs.Rows()...)
}

// largestFeature is where the squares of float32 come near to overflowing.
const largestFeature = 1e15

// narrow reports whether all of x are finite and no larger than largestFeature.
func narrow(x ...float64) bool {
	for _, v := range x {
		if !(math.Abs(v) <= largestFeature) {
			return false
		}
	}
	return true
}

func appendNarrow(dst []float32, src []float64) []float32 {
	for _, v := range src {
		dst = append(dst, float32(v))
	}
	return dst
}
