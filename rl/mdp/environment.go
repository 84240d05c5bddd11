package mdp

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// EnvironmentOptions says how a problem is shown. The zero value works.
type EnvironmentOptions struct {
	// OneHot shows the state as one feature a state, for linear learners; else its number is the only
	// feature, which is what a table needs.
	OneHot bool
	// Limit cuts an episode off after so many steps; 0 means never.
	Limit int
	// ExploringStarts begins each episode in a state drawn evenly from all in which something still happens,
	// instead of the problem's starts, so that every state is seen (Sutton & Barto 2018, section 5.3).
	ExploringStarts bool
}

// Environment steps a Problem; it is a lepton.Environment. One goroutine at a time.
//
// The action space is fixed and actions have no features. What an action leads to depends on the seed of
// the episode, the step and the action's outcomes alone, so that two policies under one seed meet the same luck
// for as long as they act alike.
type Environment struct {
	problem *Problem
	options EnvironmentOptions
	starts  []Start // with sums in the place of probabilities
	state   int
	steps   int
	seed    uint64 // of the episode, begun to be mixed with a step
}

// NewEnvironment returns an environment of p at the beginning of the episode with seed 0.
func NewEnvironment(p *Problem, o EnvironmentOptions) (*Environment, error) {
	if o.Limit < 0 {
		return nil, fmt.Errorf("mdp: EnvironmentOptions.Limit is %d, want 0 or more", o.Limit)
	}
	e := &Environment{problem: p, options: o}
	if o.ExploringStarts {
		for s := range p.states {
			if !p.ended(s) {
				e.starts = append(e.starts, Start{s, 1})
			}
		}
		if len(e.starts) == 0 {
			return nil, errors.New("mdp: EnvironmentOptions.ExploringStarts where nothing happens")
		}
	} else {
		e.starts = slices.DeleteFunc(slices.Clone(p.starts), func(s Start) bool { return s.Prob == 0 })
	}
	sum, total := 0.0, 0.0
	for _, s := range e.starts {
		total += s.Prob
	}
	for i := range e.starts {
		sum += e.starts[i].Prob / total
		e.starts[i].Prob = sum
	}
	e.Reset(0)
	return e, nil
}

// Spec implements lepton.Environment.
func (e *Environment) Spec() lepton.Spec {
	if e.options.OneHot {
		return lepton.Spec{StateDim: e.problem.states, Actions: e.problem.actions}
	}
	return lepton.Spec{StateDim: 1, Actions: e.problem.actions}
}

// Reset implements lepton.Environment.
func (e *Environment) Reset(seed uint64) {
	e.seed, e.steps = rng.Begin(seed), 0
	u := rng.Uniform(rng.Complete(e.seed, 0))
	i, exact := slices.BinarySearchFunc(e.starts, u, func(s Start, u float64) int { return cmp.Compare(s.Prob, u) })
	if exact {
		i++ // a start comes about below its sum
	}
	e.state = e.starts[min(i, len(e.starts)-1)].State
}

// State returns the number of the state that the environment is in.
func (e *Environment) State() int { return e.state }

// Observe implements lepton.Environment.
func (e *Environment) Observe(obs *lepton.Observation) {
	e.problem.show(obs, e.state, e.options.OneHot)
}

// Step implements lepton.Environment.
func (e *Environment) Step(action int) (reward, discount float64, last bool) {
	p := e.problem
	if action < 0 || action >= p.actions {
		return math.NaN(), 0, true
	}
	cell := e.state*p.actions + action
	outcomes := p.draws[p.first[cell]:p.first[cell+1]]
	if len(outcomes) == 0 {
		return math.NaN(), 0, true
	}
	e.steps++
	u := rng.Uniform(rng.Complete(e.seed, uint64(e.steps)))
	t := &outcomes[at(outcomes, u)]
	e.state = t.next
	return t.reward, t.discount, t.discount == 0 || e.options.Limit > 0 && e.steps >= e.options.Limit
}

// at returns the outcome of a draw. A few are counted without a branch that nobody can foresee.
func at(outcomes []drawn, u float64) int {
	i := 0
	if len(outcomes) <= 8 {
		for k := range outcomes {
			if u >= outcomes[k].below {
				i++
			}
		}
		return i
	}
	i, _ = slices.BinarySearchFunc(outcomes, u, func(d drawn, u float64) int {
		if d.below > u {
			return 1
		}
		return -1
	})
	return i
}
