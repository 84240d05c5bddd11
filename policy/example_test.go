package policy_test

import (
	"bytes"
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
)

// nodes is an observation of three nodes with the features free cores and age in days.
func nodes() *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(2, 0)
	for i, row := range [][]float64{{4, 1}, {8, 3}, {2, 9}} {
		copy(obs.Actions().Add(uint64(i), true), row)
	}
	return obs
}

func show(p lepton.Policy) {
	out := make([]float64, 3)
	p.Probs(out, nodes(), nil)
	fmt.Printf("%.3f\n", out)
}

func mostFree(obs *lepton.Observation, action int) float64 { return obs.Action(action)[0] }

func ExampleUniform() {
	show(policy.Uniform())
	// Output: [0.333 0.333 0.333]
}

func ExampleGreedy() {
	show(policy.Greedy(policy.ScoreFunc(mostFree)))
	// Output: [0.000 1.000 0.000]
}

func ExampleEpsilonGreedy() {
	p, err := policy.EpsilonGreedy(policy.ScoreFunc(mostFree), 0.3)
	if err != nil {
		panic(err)
	}
	show(p)
	// Output: [0.100 0.800 0.100]
}

func ExampleSoftmax() {
	p, err := policy.Softmax(policy.ScoreFunc(mostFree), 4)
	if err != nil {
		panic(err)
	}
	show(p)
	// Output: [0.231 0.629 0.140]
}

func ExampleMix() {
	p, err := policy.Mix([]float64{1, 9}, []lepton.Policy{policy.Uniform(), policy.Greedy(policy.ScoreFunc(mostFree))})
	if err != nil {
		panic(err)
	}
	show(p)
	// Output: [0.033 0.933 0.033]
}

func ExampleNewLinear() {
	spec := lepton.Spec{ActionDim: 2, ActionNames: []string{"free_cores", "age"}}
	scorer, err := policy.NewLinear(spec, []float64{1, -0.5}, nil)
	if err != nil {
		panic(err)
	}
	dst := make([]float64, 3)
	scorer.Scores(dst, nodes(), nil)
	fmt.Println(dst)
	// Output: [3.5 6.5 -2.5]
}

// waitModel stands for a fitted model; higher is better, so it predicts the negative wait.
type waitModel struct{}

func (waitModel) Predict(x []float64) float64 { return -10/x[0] - x[1] }

func ExampleFromModel() {
	scorer, err := policy.FromModel(waitModel{}, lepton.Spec{ActionDim: 2})
	if err != nil {
		panic(err)
	}
	show(policy.Greedy(scorer))
	// Output: [1.000 0.000 0.000]
}

func ExampleIncumbent() {
	type state struct{ freeCores []float64 }
	leastLoaded := policy.Incumbent(func(s state, action int) float64 { return s.freeCores[action] })
	p := make([]float64, 3)
	leastLoaded.ProbsState(p, state{[]float64{4, 8, 2}}, nodes(), nil)
	fmt.Println(p)
	// Output: [0 1 0]
}

func ExampleIncumbentChoice() {
	type state struct{ next int }
	roundRobin := policy.IncumbentChoice(func(s state) int { return s.next % 3 })
	p := make([]float64, 3)
	roundRobin.ProbsState(p, state{next: 5}, nodes(), nil)
	fmt.Println(p)
	// Output: [0 0 1]
}

func ExampleStateless() {
	p := make([]float64, 3)
	policy.Stateless[string](policy.Uniform()).ProbsState(p, "any state", nodes(), nil)
	fmt.Printf("%.2f\n", p)
	// Output: [0.33 0.33 0.33]
}

func ExampleDecode() {
	scorer, err := policy.NewLinear(lepton.Spec{ActionDim: 2}, []float64{1, -0.5}, nil)
	if err != nil {
		panic(err)
	}
	var file bytes.Buffer
	saver := policy.Greedy(scorer).(lepton.Saver)
	if _, err := saver.WriteTo(&file); err != nil {
		panic(err)
	}
	p, err := policy.Decode(saver.Kind(), &file)
	if err != nil {
		panic(err)
	}
	show(p)
	// Output: [0.000 1.000 0.000]
}
