package rl_test

import (
	"context"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
)

// machine is a small world with an exact answer: run a machine that may break, or service it.
func machine() *mdp.Environment {
	p, err := mdp.New([]mdp.Transition{
		{State: 0, Action: 0, Prob: 1, Next: 1, Reward: 1},     // new: runs
		{State: 0, Action: 1, Prob: 1, Next: 0, Reward: -1},    // service
		{State: 1, Action: 0, Prob: 0.5, Next: 1, Reward: 1},   // old: runs …
		{State: 1, Action: 0, Prob: 0.5, Next: 0, Reward: -10}, // … or breaks
		{State: 1, Action: 1, Prob: 1, Next: 0, Reward: -1},
	}, []mdp.Start{{State: 0, Prob: 1}})
	if err != nil {
		panic(err)
	}
	env, err := mdp.NewEnvironment(p, mdp.EnvironmentOptions{OneHot: true, Limit: 50})
	if err != nil {
		panic(err)
	}
	return env
}

// showChoices prints the likeliest action in each state.
func showChoices(p lepton.Policy) {
	for s, name := range []string{"new", "old"} {
		obs := new(lepton.Observation)
		obs.Reset(0, 0)
		state := []float64{0, 0}
		state[s] = 1
		obs.SetState(state)
		obs.Actions().Add(0, true)
		obs.Actions().Add(1, true)
		probs := make([]float64, 2)
		p.Probs(probs, obs, nil)
		if probs[0] > probs[1] {
			fmt.Println(name+":", "run")
		} else {
			fmt.Println(name+":", "service")
		}
	}
}

func ExampleNewQLearning() {
	env := machine()
	learner, err := rl.NewQLearning(env.Spec(), rl.TabularOptions{Epsilon: 0.2})
	if err != nil {
		panic(err)
	}
	_, err = rl.Train(context.Background(), env, learner, rl.TrainOptions{
		Episodes: 100, Credit: lepton.CreditOptions{Gamma: 0.9},
	})
	if err != nil {
		panic(err)
	}
	showChoices(policy.Greedy(learner.Policy().(lepton.Scorer)))
	// Output:
	// new: run
	// old: service
}

func ExampleNewSARSA() {
	env := machine()
	learner, err := rl.NewSARSA(env.Spec(), rl.TabularOptions{Epsilon: 0.1, StepSize: rl.StepSize{Alpha: 0.2}})
	if err != nil {
		panic(err)
	}
	_, err = rl.Train(context.Background(), env, learner, rl.TrainOptions{
		Episodes: 100, Credit: lepton.CreditOptions{Gamma: 0.9},
	})
	if err != nil {
		panic(err)
	}
	showChoices(learner.Policy())
	// Output:
	// new: run
	// old: service
}

func ExampleNewREINFORCE() {
	env := machine()
	learner, err := rl.NewREINFORCE(env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.05}})
	if err != nil {
		panic(err)
	}
	_, err = rl.Train(context.Background(), env, learner, rl.TrainOptions{
		Episodes: 300, Credit: lepton.CreditOptions{Gamma: 0.9},
	})
	if err != nil {
		panic(err)
	}
	showChoices(learner.Policy())
	// Output:
	// new: run
	// old: service
}

func ExampleImitate() {
	env := machine()
	student, err := rl.NewREINFORCE(env.Spec(), rl.REINFORCEOptions{Batch: 16, StepSize: rl.StepSize{Alpha: 0.1}})
	if err != nil {
		panic(err)
	}
	// The rule in place runs a new machine and services an old one.
	rule := policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, action int) float64 {
		return obs.State()[action]
	}))
	report, err := rl.Imitate(context.Background(), env, student, rl.TeacherOf(rule), rl.ImitateOptions{Episodes: 5, Epochs: 5})
	if err != nil {
		panic(err)
	}
	fmt.Printf("agreement %.2f on %d decisions\n", report.Agreement, report.HeldOut)
	showChoices(student.Policy())
	// Output:
	// agreement 1.00 on 100 decisions
	// new: run
	// old: service
}

func ExampleEvaluate() {
	returns, err := rl.Evaluate(context.Background(), machine(), policy.Uniform(), 10, 1, 2, 3)
	if err != nil {
		panic(err)
	}
	fmt.Println(returns)
	// Output: [-18 -13 -2]
}
