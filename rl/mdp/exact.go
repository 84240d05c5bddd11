package mdp

import (
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
)

// ErrNoConvergence is returned when values keep changing, as where gamma is 1 and a loop earns for ever.
var ErrNoConvergence = errors.New("mdp: the values do not settle")

// Optimal returns the value of every action under the best behaviour afterwards, q[state·Actions+action],
// NaN where an action is not legal, for a discount gamma in [0, 1].
//
// It iterates the Bellman equation (Bellman 1957) until no value moves by more than 1e-13 of the largest,
// for at most a million sweeps; then ErrNoConvergence.
func (p *Problem) Optimal(gamma float64) ([]float64, error) {
	if !(gamma >= 0 && gamma <= 1) {
		return nil, fmt.Errorf("mdp: gamma is %v, want 0 to 1", gamma)
	}
	v := make([]float64, p.states)
	q := make([]float64, p.states*p.actions)
	for range 1_000_000 {
		moved, scale := 0.0, 0.0
		for s := range p.states {
			best := math.Inf(-1)
			for a := range p.actions {
				if x := p.backup(s, a, gamma, v); !math.IsNaN(x) {
					best = max(best, x)
				}
			}
			moved, scale = max(moved, math.Abs(best-v[s])), max(scale, math.Abs(best))
			v[s] = best
		}
		if moved <= 1e-13*scale {
			for s := range p.states {
				for a := range p.actions {
					q[s*p.actions+a] = p.backup(s, a, gamma, v)
				}
			}
			return q, nil
		}
	}
	return nil, ErrNoConvergence
}

// backup is Σ prob·(reward + gamma·v[next]) over the outcomes of an action, NaN when it is not legal.
func (p *Problem) backup(state, action int, gamma float64, v []float64) float64 {
	outcomes := p.Outcomes(state, action)
	if len(outcomes) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, t := range outcomes {
		x := t.Reward
		if !t.Done {
			x += gamma * v[t.Next]
		}
		sum += t.Prob * x
	}
	return sum
}

// Return returns what policy earns on average in an episode of at most steps steps, from the starts and
// with discount gamma: exact, no sampling. oneHot says how the states are shown; see EnvironmentOptions.
// The result is NaN when the policy's probabilities are.
func (p *Problem) Return(policy lepton.Policy, gamma float64, steps int, oneHot bool) float64 {
	pi := make([]float64, p.states*p.actions)
	var obs lepton.Observation
	var scratch lepton.Scratch
	var memory []float64
	for s := range p.states {
		memory = p.show(&obs, s, oneHot, memory)
		scratch.Reset()
		policy.Probs(pi[s*p.actions:(s+1)*p.actions], &obs, &scratch)
	}
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
	sum := 0.0
	for _, s := range p.starts {
		sum += s.Prob * v[s.State]
	}
	return sum
}
