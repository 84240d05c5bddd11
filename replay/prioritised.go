package replay

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton/internal/rng"
)

// PrioritisedOptions sets up a Prioritised. The zero value works.
type PrioritisedOptions struct {
	// Alpha says how much errors matter, in (0, 1]; 0 means 0.6. At 1 a slot is drawn in proportion to its
	// error; for even draws there is UniformSlots.
	Alpha float64
	// Epsilon is added to each error, so that a slot without one is drawn at times, from 1e-9 up; 0 means
	// 1e-6. In units of the error.
	Epsilon float64
	// Seed is the source of all draws.
	Seed uint64
}

func (o PrioritisedOptions) withDefaults() PrioritisedOptions {
	if o.Alpha == 0 {
		o.Alpha = 0.6
	}
	if o.Epsilon == 0 {
		o.Epsilon = 1e-6
	}
	return o
}

func (o PrioritisedOptions) validate() error {
	var errs []error
	if !(o.Alpha > 0 && o.Alpha <= 1) {
		errs = append(errs, fmt.Errorf("replay: PrioritisedOptions.Alpha is %v, want above 0, up to 1", o.Alpha))
	}
	if !(o.Epsilon >= 1e-9 && o.Epsilon <= 1e9) {
		errs = append(errs, fmt.Errorf("replay: PrioritisedOptions.Epsilon is %v, want 1e-9 to 1e9", o.Epsilon))
	}
	return errors.Join(errs...)
}

// Prioritised draws slots of a Store in proportion to their priority, (|error| + Epsilon)^Alpha, where
// the error is how far off the learner was when it last saw the transition (Schaul et al. 2016,
// "Prioritized Experience Replay", proportional variant).
//
// A slot that Add announces gets the highest priority so far, so that it is seen soon. Priorities keep a
// relative accuracy of 1e-10 and their sums do not drift. Not safe for concurrent use.
type Prioritised struct {
	o       PrioritisedOptions
	slots   int
	tree    sumTree // of priorities; 0: nothing was added there
	lowest  float64 // the priority of an error of 0
	highest float64 // given so far
	faults  uint64
	pcg     *rand.PCG
	targets []float64 // of the draws in hand
	nodes   []int
}

const (
	prioritisedKind = "replay.prioritised"
	largestError    = 1e30 // beyond it errors count as this
)

// NewPrioritised draws from a store with the given number of slots (≥ 1), Store.Cap. All faults are
// reported together.
func NewPrioritised(slots int, o PrioritisedOptions) (*Prioritised, error) {
	o = o.withDefaults()
	err := o.validate()
	if slots < 1 || slots > math.MaxInt32 {
		err = errors.Join(fmt.Errorf("replay: %d slots, want 1 to %d", slots, math.MaxInt32), err)
	}
	if err != nil {
		return nil, err
	}
	p := &Prioritised{o: o, slots: slots, tree: newSumTree(slots), pcg: rng.Source(o.Seed, prioritisedKind)}
	p.lowest = p.priority(0)
	p.highest = max(1, p.lowest)
	return p, nil
}

func (p *Prioritised) priority(err float64) float64 { return exp2(p.o.Alpha * log2(err+p.o.Epsilon)) }

// Add announces that slot, below the number of slots, holds a transition not seen before.
func (p *Prioritised) Add(slot int) { p.tree.set(slot, p.highest) }

// Sample fills slots with drawn ones and weights, of the same length, with what their gradients are to be
// multiplied by, and returns how many it drew: len(slots), or 0 where nothing was added.
//
// One slot is drawn from each of len(slots) equal parts of all priorities laid end to end, so that a batch
// is spread evenly. The weight of slot i is (N·P(i))^−beta, divided by the largest of the batch: at beta 1
// it makes up in full for what is drawn more often, at 0 not at all. The paper raises it from 0.4 to 1.
func (p *Prioritised) Sample(slots []int, weights []float32, beta float64) int {
	total := p.tree.total()
	if total == 0 {
		return 0
	}
	n := len(slots)
	p.targets = room(p.targets, n)
	part := total / float64(n)
	for i := range p.targets {
		p.targets[i] = part * (float64(i) + rng.Uniform(p.pcg.Uint64()))
	}
	p.tree.find(slots, p.targets)

	// (N·p/total)^−β over its largest is (lowest p/p)^β: N and the total cancel.
	lowest := math.Inf(1)
	for i, slot := range slots {
		p.targets[i] = p.tree.get(slot)
		lowest = min(lowest, p.targets[i])
	}
	top := log2(lowest)
	for i, priority := range p.targets {
		weights[i] = float32(exp2(beta * (top - log2(priority))))
	}
	return n
}

// Update says how far off the learner was with each of slots: errors, of the same length, whose signs do
// not matter. Where a slot comes twice the later one counts. An error that is not finite teaches nothing:
// its slot gets the lowest priority, and Faults counts it. A slot where nothing was added stays as it is.
func (p *Prioritised) Update(slots []int, errors []float32) {
	values := p.tree.levels[0]
	for i, slot := range slots {
		if values[slot] == 0 {
			continue
		}
		err := math.Abs(float64(errors[i]))
		if !(err <= math.MaxFloat32) {
			p.faults++
			err = 0
		}
		priority := max(p.priority(min(err, largestError)), p.lowest) // in the last bits the powers need not rise
		values[slot] = priority
		p.highest = max(p.highest, priority)
	}
	p.nodes = room(p.nodes, len(slots))
	p.tree.refresh(slots, p.nodes)
}

// Priority returns what slot is drawn in proportion to; 0 where nothing was added.
func (p *Prioritised) Priority(slot int) float64 { return p.tree.get(slot) }

// Faults returns how many errors were not finite.
func (p *Prioritised) Faults() uint64 { return p.faults }
