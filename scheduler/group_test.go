package scheduler

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/leptonsched/lepton"
)

// Whoever compares the canary with the rest must know where an explored or guarded decision belonged.
func TestGroupIsTheArmWithoutExplorationAndFaults(t *testing.T) {
	canary := func(change func(o *Options[pool, float64])) *Scheduler[pool, float64] {
		return start(t, func(o *Options[pool, float64]) {
			o.Mode, o.Canary, o.Holdout, o.Policy = Canary, 0.5, 0.2, always(1)
			o.Key = func(p pool) uint64 { return p.key }
			change(o)
		})
	}
	plain := canary(func(*Options[pool, float64]) {})
	exploring := canary(func(o *Options[pool, float64]) { o.Explore = Explore{Share: 0.5, MaxLoss: math.Inf(1)} })
	failing := canary(func(o *Options[pool, float64]) {
		o.Policy = policyFunc(func([]float64, *lepton.Observation) { panic("a bug") })
	})

	seen := map[[2]lepton.Arm]int{}
	for key := range uint64(1000) {
		state := poolOf(3)
		state.key = key
		want := decide(t, plain, state)
		assert.Equal(t, want.Arm, want.Group)
		for _, s := range []*Scheduler[pool, float64]{exploring, failing} {
			d := decide(t, s, state)
			assert.Equal(t, want.Group, d.Group, "key %d, arm %v", key, d.Arm)
			seen[[2]lepton.Arm{d.Group, d.Arm}]++
			recent := s.Recent(nil)
			assert.Equal(t, d, recent[len(recent)-1].Decision)
		}
	}
	for _, both := range [][2]lepton.Arm{
		{lepton.ArmLearned, lepton.ArmExplored}, {lepton.ArmIncumbent, lepton.ArmExplored},
		{lepton.ArmLearned, lepton.ArmGuarded}, {lepton.ArmHoldout, lepton.ArmHoldout},
	} {
		assert.Greater(t, seen[both], 50, "group %v, arm %v", both[0], both[1])
	}
	assert.Zero(t, seen[[2]lepton.Arm{lepton.ArmHoldout, lepton.ArmExplored}], "the holdout never explores")
}
