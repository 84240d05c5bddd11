package rl_test

import (
	"context"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/supervised"
)

// history is a log of the machine under a rule that runs it until it breaks, but for one decision in four, which
// is drawn evenly; with the rule as a policy.
func history(decisions int) ([]lepton.Transition, lepton.Policy) {
	rule, err := policy.EpsilonGreedy(policy.ScoreFunc(func(_ *lepton.Observation, action int) float64 {
		return -float64(action)
	}), 0.25)
	if err != nil {
		panic(err)
	}
	log := &logger{policy: rule}
	_, err = rl.Train(context.Background(), machine(), log, rl.TrainOptions{
		Steps: decisions, Credit: lepton.CreditOptions{Gamma: 0.9},
	})
	if err != nil {
		panic(err)
	}
	return log.seen, rule
}

// logger is a learner that learns nothing and keeps what it sees.
type logger struct {
	policy lepton.Policy
	seen   []lepton.Transition
}

func (l *logger) Policy() lepton.Policy { return l.policy }

func (l *logger) Observe(t *lepton.Transition) {
	l.seen = append(l.seen, lepton.Transition{})
	l.seen[len(l.seen)-1].CopyFrom(t)
}

func (l *logger) Step(context.Context) (lepton.Progress, error) { return lepton.Progress{}, nil }

func ExampleNewSPIBB() {
	log, rule := history(2000)
	learner, err := rl.NewSPIBB(machine().Spec(), rl.SPIBBOptions{Incumbent: rule})
	if err != nil {
		panic(err)
	}
	for i := range log {
		learner.Observe(&log[i])
	}
	for idle := false; !idle; {
		progress, err := learner.Step(context.Background())
		if err != nil {
			panic(err)
		}
		idle = progress.Idle
	}
	showChoices(learner.Policy())
	// Output:
	// new: run
	// old: service
}

func ExampleClone() {
	log, _ := history(2000)
	student, err := rl.NewREINFORCE(machine().Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.1, Power: 0.5}})
	if err != nil {
		panic(err)
	}
	report, err := rl.Clone(context.Background(), log, student, rl.CloneOptions{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("agreement %.2f, log-loss %.2f\n", report.Agreement, report.LogLoss)
	showChoices(student.Policy())
	// Output:
	// agreement 0.86, log-loss 0.40
	// new: run
	// old: run
}

func ExampleNewFittedQ() {
	// Any regressor will do. This one is a forest of package supervised.
	fit := func(x [][]float64, y []float64) (policy.Model, error) {
		d, err := supervised.NewDataset(supervised.Data{Rows: x, Target: y})
		if err != nil {
			return nil, err
		}
		return supervised.RandomForest{Trees: 10, MinLeaf: 5, Seed: 1}.FitRegressor(d)
	}
	learner, err := rl.NewFittedQ(machine().Spec(), rl.FittedQOptions{Fit: fit, Iterations: 20})
	if err != nil {
		panic(err)
	}
	log, _ := history(1000)
	for i := range log {
		learner.Observe(&log[i])
	}
	for idle := false; !idle; {
		progress, err := learner.Step(context.Background())
		if err != nil {
			panic(err)
		}
		idle = progress.Idle
	}
	showChoices(learner.Policy())
	// Output:
	// new: run
	// old: service
}

func ExampleWithPrior() {
	// The rule in place never services; its scores are about what a step earns.
	rule := policy.ScoreFunc(func(_ *lepton.Observation, action int) float64 { return 1 - float64(action) })
	env := machine()
	learner, err := rl.NewQLearning(env.Spec(), rl.TabularOptions{Epsilon: 0.2, Prior: rl.WithPrior(rule)})
	if err != nil {
		panic(err)
	}
	showChoices(policy.Greedy(learner.Policy().(lepton.Scorer)))
	_, err = rl.Train(context.Background(), env, learner, rl.TrainOptions{
		Episodes: 100, Credit: lepton.CreditOptions{Gamma: 0.9},
	})
	if err != nil {
		panic(err)
	}
	showChoices(policy.Greedy(learner.Policy().(lepton.Scorer)))
	// Output:
	// new: run
	// old: run
	// new: run
	// old: service
}
