package rl

import (
	"context"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// Evaluate lets p act in env for one episode a seed and returns the rewards of each, summed and not
// discounted. Episodes are cut after maxSteps decisions (0: never). The draws of an episode depend on its
// seed alone, so that two policies can be compared seed by seed.
//
// On an error the returns of the seeds before it are returned with it.
func Evaluate(ctx context.Context, env lepton.Environment, p lepton.Policy, maxSteps int, seeds ...uint64) ([]float64, error) {
	returns := make([]float64, 0, len(seeds))
	var s sampler
	var obs lepton.Observation
	for _, seed := range seeds {
		env.Reset(seed)
		s.begin(rng.Mix(seed, 1))
		total, last := 0.0, false
		for step := 0; !last && (maxSteps == 0 || step < maxSteps); step++ {
			err := ctx.Err()
			if err == nil {
				env.Observe(&obs)
				var action int
				var reward float64
				if action, _, err = s.choose(p, &obs); err == nil {
					if reward, _, last = env.Step(action); reward != reward {
						err = ErrIllegal
					}
					total += reward
				}
			}
			if err != nil {
				return returns, fmt.Errorf("rl: evaluating, seed %d, decision %d: %w", seed, step, err)
			}
		}
		returns = append(returns, total)
	}
	return returns, nil
}

// sampler draws actions; draw number n of an episode is a pure function of its seed and n.
type sampler struct {
	seed, n uint64
	probs   []float64
	scratch lepton.Scratch
}

func (s *sampler) begin(seed uint64) { s.seed, s.n = seed, 0 }

// choose draws an action of obs by p and returns it with its probability.
func (s *sampler) choose(p lepton.Policy, obs *lepton.Observation) (action int, propensity float64, err error) {
	if obs.LegalCount() == 0 {
		return 0, 0, ErrNoAction
	}
	if cap(s.probs) < obs.Len() {
		s.probs = make([]float64, 2*obs.Len())
	}
	probs := s.probs[:obs.Len()]
	s.scratch.Reset()
	p.Probs(probs, obs, &s.scratch)
	return s.draw(probs, obs)
}

// uniform draws from [0, 1).
func (s *sampler) uniform() float64 {
	s.n++
	return rng.Uniform(rng.Mix(s.seed, s.n))
}

// draw draws an action by probabilities, which it checks.
func (s *sampler) draw(probs []float64, obs *lepton.Observation) (int, float64, error) {
	u := s.uniform()
	sum, chosen := 0.0, -1
	for i, x := range probs {
		if !(x >= 0) || x > 0 && !obs.Legal(i) {
			return 0, 0, ErrUnusable
		}
		if x > 0 && sum <= u {
			chosen = i // the last that can happen, should rounding leave u above the sum
		}
		sum += x
	}
	if math.Abs(sum-1) > 1e-9 {
		return 0, 0, ErrUnusable
	}
	return chosen, probs[chosen], nil
}
