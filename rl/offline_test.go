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
}

// byCores discretises a candidate of candidateSpec.
func byCores(obs *lepton.Observation, i int) uint64 { return uint64(int64(obs.Action(i)[0])) }

// leastCores is an incumbent for candidateSpec.
var leastCores = policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 { return -obs.Action(a)[0] }))
