package rl_test

import (
	"context"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/sim/classic"
)

func ExampleNewDQN() {
	env := classic.NewCartPole()
	learner, err := rl.NewDQN(env.Spec(), rl.DQNOptions{
		Epsilon: rl.Exploration{Start: 1, End: 0.1, Over: 1500}, NStep: 5, TargetEvery: 200, Seed: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = rl.Train(context.Background(), env, learner, rl.TrainOptions{
		Steps: 5000, Seed: 1, Credit: lepton.CreditOptions{Gamma: 0.99},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	greedy := policy.Greedy(learner.Policy().(lepton.Scorer))
	returns, err := rl.Evaluate(context.Background(), env, greedy, 0, 1, 2, 3)
	balanced := true
	for _, steps := range returns {
		balanced = balanced && steps > 50 // at random it is 22
	}
	fmt.Println(balanced, err)
	// Output: true <nil>
}

func ExampleNewCQL() {
	// A log in which action 2 was never taken, and action 1 did better than action 0.
	learner, err := rl.NewCQL(lepton.Spec{StateDim: 1, Actions: 3}, rl.DQNOptions{WarmUp: 1, Updates: 10, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	t := lepton.Transition{Last: true, NextAction: -1}
	t.Obs.SetState([]float64{1})
	for id := range uint64(3) {
		t.Obs.Actions().Add(id, true)
	}
	for i := range 100 {
		t.Action, t.Reward = i%2, float64(i%2)-3
		learner.Observe(&t)
	}
	for progress := (lepton.Progress{}); !progress.Idle; {
		if progress, err = learner.Step(context.Background()); err != nil {
			fmt.Println(err)
			return
		}
	}
	p := make([]float64, 3)
	policy.Greedy(learner.Policy().(lepton.Scorer)).Probs(p, &t.Obs, nil)
	fmt.Println(p)
	// Output: [0 1 0]
}
