package features_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
)

// past is what four servers were seen to need: milliseconds, and a price.
var past = []float64{20_000, 1, 80_000, 3, 40_000, 2, 60_000, 2}

// servers offers two of them.
func servers() *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(2, 0)
	for i, row := range [][]float64{{30_000, 3}, {50_000, 1}} {
		copy(obs.Actions().Add(uint64(i), true), row)
	}
	return obs
}

func ExampleScaledPolicy() {
	rows, err := features.FitScaler(past, 2, features.MinMax())
	if err != nil {
		fmt.Println(err)
		return
	}
	// On the scale of the past, a price weighs twice as much as the milliseconds.
	scorer, err := policy.NewLinear(lepton.Spec{ActionDim: 2}, []float64{-1, -2}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := features.ScaledPolicy(policy.Greedy(scorer), nil, rows)
	if err != nil {
		fmt.Println(err)
		return
	}
	scores, probs := make([]float64, 2), make([]float64, 2)
	p.(lepton.Scorer).Scores(scores, servers(), nil)
	p.Probs(probs, servers(), nil)
	fmt.Printf("%.2f %v\n", scores, probs)
	// Output: [-2.17 -0.50] [0 1]
}

func ExampleScaledLearner() {
	rows, err := features.FitScaler(past, 2, features.Standard())
	if err != nil {
		fmt.Println(err)
		return
	}
	inner, err := rl.NewREINFORCE(lepton.Spec{ActionDim: 2}, rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.05}})
	if err != nil {
		fmt.Println(err)
		return
	}
	learner, err := features.ScaledLearner(inner, nil, rows)
	if err != nil {
		fmt.Println(err)
		return
	}
	// What was learned of cheap servers, from decisions that were drawn evenly.
	for i := range 2000 {
		t := lepton.Transition{Action: i % 2, Propensity: 0.5, Last: true, NextAction: -1, Obs: *servers()}
		t.Reward = -t.Obs.Action(t.Action)[1]
		learner.Observe(&t)
		if _, err := learner.Step(context.Background()); err != nil {
			fmt.Println(err)
			return
		}
	}
	probs := make([]float64, 2)
	learner.Policy().Probs(probs, servers(), nil)
	fmt.Println("takes the cheap one:", probs[1] > 0.8)
	// Output: takes the cheap one: true
}

func ExampleDecoder() {
	// The pair that reads all policies of both packages from a checkpoint, in one line:
	o := scheduler.Options[*Pool, float64]{Decode: features.Decoder{Inner: policy.Decode}.DecodePolicy}

	rows, err := features.FitScaler(past, 2, features.Standard())
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := features.ScaledPolicy(policy.Uniform(), nil, rows)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range []lepton.Policy{p, policy.Uniform()} {
		var file bytes.Buffer
		saver := p.(lepton.Saver)
		if _, err := saver.WriteTo(&file); err != nil {
			fmt.Println(err)
			return
		}
		_, err := o.Decode(saver.Kind(), &file)
		fmt.Println(saver.Kind(), err)
	}
	// Output:
	// features.scaled_policy <nil>
	// policy.uniform <nil>
}
