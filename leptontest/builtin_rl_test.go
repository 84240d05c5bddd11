package leptontest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/require"
)

func TestLearners(t *testing.T) {
	world := mdpWorld(t)
	reinforce := func(spec lepton.Spec, o rl.REINFORCEOptions) func() (lepton.Learner, error) {
		return func() (lepton.Learner, error) { return rl.NewREINFORCE(spec, o) }
	}
	candidates, fixed := lepton.Spec{StateDim: 2, ActionDim: 3}, lepton.Spec{StateDim: 2, ActionDim: 1, Actions: 3}
	for name, test := range map[string]struct {
		spec lepton.Spec
		make func() (lepton.Learner, error)
		o    leptontest.LearnerOptions
	}{
		"QLearning": {world.Spec(), func() (lepton.Learner, error) {
			return rl.NewQLearning(world.Spec(), rl.TabularOptions{Epsilon: 0.1})
		}, leptontest.LearnerOptions{Transitions: collect(world, 400)}},
		"QLearning with replay": {world.Spec(), func() (lepton.Learner, error) {
			return rl.NewQLearning(world.Spec(), rl.TabularOptions{Replay: rl.ReplayOptions{Capacity: 100, Seed: 3}})
		}, leptontest.LearnerOptions{Transitions: collect(world, 400)}},
		"QLearning, small table": {world.Spec(), func() (lepton.Learner, error) {
			return rl.NewQLearning(world.Spec(), rl.TabularOptions{MaxEntries: 5})
		}, leptontest.LearnerOptions{Transitions: collect(world, 400)}},
		"SARSA": {world.Spec(), func() (lepton.Learner, error) {
			return rl.NewSARSA(world.Spec(), rl.TabularOptions{Epsilon: 0.1})
		}, leptontest.LearnerOptions{Transitions: collect(world, 400)}},
		"REINFORCE":        {candidates, reinforce(candidates, rl.REINFORCEOptions{}), leptontest.LearnerOptions{}},
		"REINFORCE, fixed": {fixed, reinforce(fixed, rl.REINFORCEOptions{Optimizer: rl.SGD, Entropy: 0.01}), leptontest.LearnerOptions{Seed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			test.o.Policy.Ties = true // values never learned are equal
			leptontest.Learner(t, func() lepton.Learner {
				l, err := test.make()
				require.NoError(t, err)
				return l
			}, test.spec, test.o)
		})
	}
}

// collect plays random legal actions for n transitions.
func collect(env lepton.Environment, n int) []*lepton.Transition {
	draw := rand.New(rand.NewPCG(1, 1))
	choose := func(obs *lepton.Observation) int {
		for {
			if a := draw.IntN(obs.Len()); obs.Legal(a) {
				return a
			}
		}
	}
	var all []*lepton.Transition
	for episode := uint64(1); len(all) < n; episode++ {
		env.Reset(episode)
		var obs lepton.Observation
		env.Observe(&obs)
		action := choose(&obs)
		for step, last := 0, false; !last; step++ {
			t := &lepton.Transition{ID: lepton.DecisionID{Seq: uint64(len(all) + 1)}, Episode: episode, Step: step,
				Action: action, Propensity: 1 / float64(obs.LegalCount()), Arm: lepton.ArmLearned, NextAction: -1}
			t.Obs.CopyFrom(&obs)
			t.Reward, t.Discount, last = env.Step(action)
			t.Last = last
			if t.Discount > 0 {
				env.Observe(&obs)
				t.Next.CopyFrom(&obs)
			}
			if !last {
				action = choose(&obs)
				t.NextAction = action
			}
			all = append(all, t)
		}
	}
	return all
}
