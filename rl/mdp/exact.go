package mdp

import (
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
)

// ErrNoConvergence is returned when values keep changing, as where gamma is 1 and a loop earns for ever.
var ErrNoConvergence = errors.New("mdp: the values do not settle")

const (
	maxSweeps = 1_000_000
	settled   = 1e-13 // of the largest value: less is rounding
)

// Optimal returns the value of every action under the best behaviour afterwards, q[state·Actions+action],
// NaN where an action is not legal, for a discount gamma in [0, 1]. See OptimalValues.
func (p *Problem) Optimal(gamma float64) ([]float64, error) {
	v, err := p.OptimalValues(gamma)
	if err != nil {
		return nil, err
	}
	return p.ActionValues(v, gamma), nil
}

// OptimalValues returns the value of every state under the best behaviour, for a discount gamma in [0, 1].
//
// It iterates the Bellman equation (Bellman 1957) until no value moves by more than 1e-13 of the largest,
// for at most a million sweeps; then ErrNoConvergence.
func (p *Problem) OptimalValues(gamma float64) ([]float64, error) {
	if err := checkGamma(gamma); err != nil {
		return nil, err
	}
	v := make([]float64, p.states)
	for range maxSweeps {
		moved, scale := 0.0, 0.0
		for s := range p.states {
			best := p.best(s, gamma, v)
			moved, scale = max(moved, math.Abs(best-v[s])), max(scale, math.Abs(best))
			v[s] = best
		}
		if moved <= settled*scale {
			return v, nil
		}
	}
	return nil, ErrNoConvergence
}

// ActionValues returns what every action is worth when the states that follow are worth v:
// q[state·Actions+action], NaN where an action is not legal.
func (p *Problem) ActionValues(v []float64, gamma float64) []float64 {
	q := make([]float64, p.states*p.actions)
	for s := range p.states {
		for a := range p.actions {
			q[s*p.actions+a] = p.backup(s, a, gamma, v)
		}
	}
	return q
}

// AtStart returns the mean of a value of every state over the starts.
func (p *Problem) AtStart(v []float64) float64 {
	sum := 0.0
	for _, s := range p.starts {
		if s.Prob > 0 {
			sum += s.Prob * v[s.State]
		}
	}
	return sum
}

func checkGamma(gamma float64) error {
	if !(gamma >= 0 && gamma <= 1) {
		return fmt.Errorf("mdp: gamma is %v, want 0 to 1", gamma)
	}
	return nil
}

// best is the highest backup of a state.
func (p *Problem) best(state int, gamma float64, v []float64) float64 {
	best := math.Inf(-1)
	for a := range p.actions {
		if x := p.backup(state, a, gamma, v); x > best {
			best = x
		}
	}
	return best
}

// backup is Σ prob·(reward + gamma·v[next]) over the outcomes of an action, NaN when it is not legal.
func (p *Problem) backup(state, action int, gamma float64, v []float64) float64 {
	outcomes := p.Outcomes(state, action)
	if len(outcomes) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i := range outcomes {
		t := &outcomes[i]
		x := t.Reward
		if kept := t.kept(); kept != 0 {
			x += gamma * kept * v[t.Next]
		}
		sum += t.Prob * x
	}
	return sum
}

// Probabilities returns what policy does in every state, pi[state·Actions+action]. oneHot says how the
// states are shown; see EnvironmentOptions.
func (p *Problem) Probabilities(policy lepton.Policy, oneHot bool) []float64 {
	pi := make([]float64, p.states*p.actions)
	var obs lepton.Observation
	var scratch lepton.Scratch
	for s := range p.states {
		p.show(&obs, s, oneHot)
		scratch.Reset()
		policy.Probs(pi[s*p.actions:(s+1)*p.actions], &obs, &scratch)
	}
	return pi
}

// Return returns what policy earns on average in an episode of at most steps steps, from the starts and
// with discount gamma: exact, no sampling. oneHot says how the states are shown; see EnvironmentOptions.
// The result is NaN when the policy's probabilities are.
func (p *Problem) Return(policy lepton.Policy, gamma float64, steps int, oneHot bool) float64 {
	pi := p.Probabilities(policy, oneHot)
	v, next := make([]float64, p.states), make([]float64, p.states)
	for range steps {
		for s := range p.states {
			next[s] = 0
			for a := range p.actions {
				if prob := pi[s*p.actions+a]; prob != 0 {
					next[s] += prob * p.backup(s, a, gamma, v)
				}
			}
		}
		v, next = next, v
	}
	return p.AtStart(v)
}
