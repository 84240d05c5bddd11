package rl_test

import (
	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
)

// The learners from logs take part in every test of checkpoints, contracts and allocations.
func init() {
	add := func(name string, spec lepton.Spec, make func() (checkpointed, error)) {
		c := everyLearner["qlearning"]
		c.spec, c.make = spec, make
		everyLearner[name] = c
	}
	add("spibb", fixedSpec, func() (checkpointed, error) {
		return rl.NewSPIBB(fixedSpec, rl.SPIBBOptions{Key: coarse, MinCount: 4})
	})
	add("spibb_incumbent", candidateSpec, func() (checkpointed, error) {
		return rl.NewSPIBB(candidateSpec, rl.SPIBBOptions{
			Key: coarse, ActionKey: byCores, MinCount: 2, Incumbent: leastCores, MaxEntries: 60, Sweeps: 3,
		})
	})
	prior := rl.WithPrior(hunch)
	add("qlearning_prior", fixedSpec, func() (checkpointed, error) {
		return rl.NewQLearning(fixedSpec, rl.TabularOptions{Key: coarse, Prior: prior, Replay: rl.ReplayOptions{Capacity: 20}})
	})
	add("doubleq_prior", candidateSpec, func() (checkpointed, error) {
		return rl.NewDoubleQ(candidateSpec, rl.TabularOptions{Key: coarse, ActionKey: byCores, Prior: prior})
	})
	add("fittedq_prior", candidateSpec, func() (checkpointed, error) {
		return rl.NewFittedQ(candidateSpec, rl.FittedQOptions{Fit: fitStumps, Capacity: 30, Iterations: 2, Prior: prior})
	})
	add("ppo_prior", fixedSpec, func() (checkpointed, error) {
		return rl.NewPPO(fixedSpec, rl.PPOOptions{Batch: 16, Minibatch: 8, Network: rl.NetworkOptions{Hidden: []int{4}}, Critic: rl.NetworkOptions{Hidden: []int{4}}, Prior: prior})
	})
	add("reinforce_network_prior", candidateSpec, func() (checkpointed, error) {
		return rl.NewREINFORCE(candidateSpec, rl.REINFORCEOptions{Batch: 5, Network: &rl.NetworkOptions{Hidden: []int{4}}, Prior: prior})
	})
	add("reinforce_prior", candidateSpec, func() (checkpointed, error) {
		return rl.NewREINFORCE(candidateSpec, rl.REINFORCEOptions{Batch: 5, Prior: prior})
	})
	for name, spec := range map[string]lepton.Spec{"fittedq": fixedSpec, "fittedq_candidates": candidateSpec} {
		add(name, spec, func() (checkpointed, error) {
			return rl.NewFittedQ(spec, rl.FittedQOptions{Fit: fitStumps, Capacity: 64, Iterations: 3, Epsilon: 0.1})
		})
	}
}

// fitStumps is a regressor that is quick: the sum over the columns of how far the mean target of rows above 0 in it
// lies from the mean of all.
func fitStumps(x [][]float64, y []float64) (policy.Model, error) {
	m := stumps{gain: make([]float64, len(x[0]))}
	for _, v := range y {
		m.mean += v / float64(len(y))
	}
	for j := range m.gain {
		n := 1.0
		for i, row := range x {
			if row[j] > 0 {
				m.gain[j] += y[i] - m.mean
				n++
			}
		}
		m.gain[j] /= n * float64(len(m.gain))
	}
	return m, nil
}

type stumps struct {
	mean float64
	gain []float64
}

func (m stumps) Predict(x []float64) float64 {
	sum := m.mean
	for j, v := range x {
		if v > 0 {
			sum += m.gain[j]
		}
	}
	return sum
}

// byCores discretises a candidate of candidateSpec.
func byCores(obs *lepton.Observation, i int) uint64 { return uint64(int64(obs.Action(i)[0])) }

// leastCores is an incumbent for candidateSpec.
var leastCores = policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 { return -obs.Action(a)[0] }))
