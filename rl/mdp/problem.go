package mdp

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
)

// Transition is one thing that may happen after an action.
type Transition struct {
	State, Action int
	Prob          float64 // of this among all of the same state and action, which sum to 1
	Next          int
	Reward        float64 // finite
	Done          bool    // a true end: nothing that follows Next counts
	// Discount multiplies the value of Next beside gamma, for decisions of unequal duration (semi-Markov
	// problems): the mean of exp(−β·time) where gamma is 1. In [0, 1]; 0 means 1, since an end is Done.
	Discount float64
}

// kept is what of the value of Next counts, gamma aside.
func (t *Transition) kept() float64 {
	switch {
	case t.Done:
		return 0
	case t.Discount == 0:
		return 1
	}
	return t.Discount
}

// Start is one state in which an episode may begin.
type Start struct {
	State int
	Prob  float64 // all sum to 1
}

// Problem is a finite Markov decision problem. Immutable, safe for concurrent use.
type Problem struct {
	states, actions int
	outcomes        []Transition // sorted by state and action, in the given order within
	first           []int        // of (state·actions + action) in outcomes; one more at the end
	starts          []Start

	// Made of the above, for environments and policies.
	draws  []drawn // as outcomes
	shapes []lepton.Observation
	shape  []int32 // of each state in shapes
}

// maxNumber bounds the number of a state or an action.
const maxNumber = 1 << 30

// maxCells bounds states × actions by the transitions there are, so that a file with one absurd number
// cannot take all memory.
func maxCells(transitions int) int { return 4096 + 16*transitions }

// probTolerance is how far a sum of probabilities may be from 1.
const probTolerance = 1e-9

// New returns the problem with these transitions and starts; both slices are copied. All faults are
// reported together: numbers out of range, probabilities that do not sum to 1, states without an action.
func New(transitions []Transition, starts []Start) (*Problem, error) {
	p := &Problem{outcomes: slices.Clone(transitions), starts: slices.Clone(starts)}
	var errs []error
	for i, t := range transitions {
		if t.State < 0 || t.Action < 0 || t.Next < 0 || max(t.State, t.Action, t.Next) >= maxNumber {
			return nil, fmt.Errorf("mdp: transition %d: state %d, action %d or next state %d is out of range", i, t.State, t.Action, t.Next)
		}
		if !(t.Prob >= 0 && t.Prob <= 1) || math.IsNaN(t.Reward) || math.IsInf(t.Reward, 0) {
			errs = append(errs, fmt.Errorf("mdp: transition %d: probability %v or reward %v", i, t.Prob, t.Reward))
		}
		if !(t.Discount >= 0 && t.Discount <= 1) {
			errs = append(errs, fmt.Errorf("mdp: transition %d: discount %v", i, t.Discount))
		}
		p.states = max(p.states, t.State+1, t.Next+1)
		p.actions = max(p.actions, t.Action+1)
	}
	sum := 0.0
	for _, s := range starts {
		if s.State < 0 || s.State >= p.states || !(s.Prob >= 0) {
			errs = append(errs, fmt.Errorf("mdp: start in state %d with probability %v", s.State, s.Prob))
		}
		sum += s.Prob
	}
	if !near1(sum) {
		errs = append(errs, fmt.Errorf("mdp: start probabilities sum to %v", sum))
	}
	if p.states > 0 && p.actions > maxCells(len(transitions))/p.states {
		errs = append(errs, fmt.Errorf("mdp: %d states × %d actions are too many for %d transitions", p.states, p.actions, len(transitions)))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p.index()
	if err := p.check(); err != nil {
		return nil, err
	}
	p.prepare()
	return p, nil
}

func (p *Problem) index() {
	slices.SortStableFunc(p.outcomes, func(a, b Transition) int {
		return (a.State*p.actions + a.Action) - (b.State*p.actions + b.Action)
	})
	p.first = make([]int, p.states*p.actions+1)
	for _, t := range p.outcomes {
		p.first[t.State*p.actions+t.Action+1]++
	}
	for i := 1; i < len(p.first); i++ {
		p.first[i] += p.first[i-1]
	}
}

func (p *Problem) check() error {
	var errs []error
	for s := range p.states {
		legal := false
		for a := range p.actions {
			if !p.Legal(s, a) {
				continue
			}
			legal = true
			sum := 0.0
			for _, t := range p.Outcomes(s, a) {
				sum += t.Prob
			}
			if !near1(sum) {
				errs = append(errs, fmt.Errorf("mdp: probabilities of state %d, action %d sum to %v", s, a, sum))
			}
		}
		if !legal {
			errs = append(errs, fmt.Errorf("mdp: state %d has no legal action", s))
		}
	}
	return errors.Join(errs...)
}

func near1(sum float64) bool { return math.Abs(sum-1) <= probTolerance }

// States returns the number of states.
func (p *Problem) States() int { return p.states }

// Actions returns the number of actions.
func (p *Problem) Actions() int { return p.actions }

// Legal reports whether an action may be taken in a state.
func (p *Problem) Legal(state, action int) bool { return len(p.Outcomes(state, action)) > 0 }

// Outcomes returns what may happen after an action; empty when it is not legal. Not to be changed.
func (p *Problem) Outcomes(state, action int) []Transition {
	i := state*p.actions + action
	return p.outcomes[p.first[i]:p.first[i+1]]
}
