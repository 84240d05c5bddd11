package rl_test

import (
	"context"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
)

// trained lets learner work in the world of machine and prints what it would do.
func trained(learner lepton.Learner) {
	_, err := rl.Train(context.Background(), machine(), learner, rl.TrainOptions{
		Episodes: 100, Credit: lepton.CreditOptions{Gamma: 0.9},
	})
	if err != nil {
		panic(err)
	}
	showChoices(policy.Greedy(learner.Policy().(lepton.Scorer)))
}

func ExampleNewExpectedSARSA() {
	learner, err := rl.NewExpectedSARSA(machine().Spec(), rl.TabularOptions{Epsilon: 0.2, EpsilonDecay: 500})
	if err != nil {
		panic(err)
	}
	trained(learner)
	// Output:
	// new: run
	// old: service
}

func ExampleNewDoubleQ() {
	learner, err := rl.NewDoubleQ(machine().Spec(), rl.TabularOptions{Epsilon: 0.2})
	if err != nil {
		panic(err)
	}
	trained(learner)
	// Output:
	// new: run
	// old: service
}

func ExampleNewSARSALambda() {
	learner, err := rl.NewSARSALambda(machine().Spec(), rl.SARSALambdaOptions{
		TabularOptions: rl.TabularOptions{Epsilon: 0.1}, Lambda: 0.5,
	})
	if err != nil {
		panic(err)
	}
	trained(learner)
	// Output:
	// new: run
	// old: service
}

func ExampleNewDifferentialQ() {
	learner, err := rl.NewDifferentialQ(machine().Spec(), rl.DifferentialQOptions{
		TabularOptions: rl.TabularOptions{Epsilon: 0.1, StepSize: rl.StepSize{Alpha: 1, Power: 0.6}},
	})
	if err != nil {
		panic(err)
	}
	trained(learner)
	fmt.Println("earns 0 a step, within 0.2:", math.Abs(learner.Gain()) < 0.2)
	// Output:
	// new: run
	// old: service
	// earns 0 a step, within 0.2: true
}
