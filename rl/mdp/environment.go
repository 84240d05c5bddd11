package mdp

import (
	"fmt"
	"math"

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
}

// Environment steps a Problem; it is a lepton.Environment. One goroutine at a time.
//
// The action space is fixed and actions have no features. What an action leads to depends on the seed of
// the episode, the step and the action's outcomes alone, so that two policies under one seed meet the same luck
// for as long as they act alike.
type Environment struct {
	problem *Problem
	options EnvironmentOptions
	state   int
	steps   int
	seed    uint64
	shown   []float64 // memory of show
}

// NewEnvironment returns an environment of p at the beginning of the episode with seed 0.
func NewEnvironment(p *Problem, o EnvironmentOptions) (*Environment, error) {
	if o.Limit < 0 {
		return nil, fmt.Errorf("mdp: EnvironmentOptions.Limit is %d, want 0 or more", o.Limit)
	}
	e := &Environment{problem: p, options: o}
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
	starts := e.problem.starts
	e.seed, e.steps = seed, 0
	i := draw(len(starts), rng.Uniform(rng.Mix(seed, 0)), func(i int) float64 { return starts[i].Prob })
	e.state = starts[i].State
}

// State returns the number of the state that the environment is in.
func (e *Environment) State() int { return e.state }

// Observe implements lepton.Environment.
func (e *Environment) Observe(obs *lepton.Observation) {
	e.shown = e.problem.show(obs, e.state, e.options.OneHot, e.shown)
}

// show fills obs with what is seen in a state. It returns memory to be used the next time.
func (p *Problem) show(obs *lepton.Observation, state int, oneHot bool, memory []float64) []float64 {
	obs.Reset(0, 0)
	if oneHot {
		memory = append(memory[:0], make([]float64, p.states)...)
		memory[state] = 1
	} else {
		memory = append(memory[:0], float64(state))
	}
	obs.SetState(memory)
	for a := range p.actions {
		obs.Actions().Add(uint64(a), p.Legal(state, a))
	}
	return memory
}

// Step implements lepton.Environment.
func (e *Environment) Step(action int) (reward, discount float64, last bool) {
	if action < 0 || action >= e.problem.actions || !e.problem.Legal(e.state, action) {
		return math.NaN(), 0, true
	}
	e.steps++
	outcomes := e.problem.Outcomes(e.state, action)
	i := draw(len(outcomes), rng.Uniform(rng.Mix(e.seed, uint64(e.steps))), func(i int) float64 { return outcomes[i].Prob })
	t := outcomes[i]
	e.state = t.Next
	if t.Done {
		return t.Reward, 0, true
	}
	return t.Reward, 1, e.options.Limit > 0 && e.steps >= e.options.Limit
}
