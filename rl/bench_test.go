package rl_test

import (
	"fmt"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
)

// BenchmarkTabularStep is one decision of online training: act, observe, update, publish.
func BenchmarkTabularStep(b *testing.B) {
	problem := maintenance(b)
	env, err := mdp.NewEnvironment(problem, mdp.EnvironmentOptions{Limit: 100})
	if err != nil {
		b.Fatal(err)
	}
	l, err := rl.NewQLearning(env.Spec(), rl.TabularOptions{Epsilon: 0.1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	if _, err := rl.Train(b.Context(), env, l, rl.TrainOptions{Steps: b.N, Credit: lepton.CreditOptions{Gamma: 0.9}}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkREINFORCE learns episodes of choices among 64 and fewer candidates.
func BenchmarkREINFORCE(b *testing.B) {
	env := &jobWorld{jobs: 64}
	l := newREINFORCE(b, env.Spec(), rl.REINFORCEOptions{})
	b.ReportAllocs()
	report, err := rl.Train(b.Context(), env, l, rl.TrainOptions{Episodes: b.N, Credit: lepton.CreditOptions{Gamma: 1}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(report.Steps), "ns/decision")
}

// BenchmarkTableProbs is the decision path of a published table.
func BenchmarkTableProbs(b *testing.B) {
	for _, n := range []int{5, 100} {
		b.Run(fmt.Sprintf("actions=%d", n), func(b *testing.B) {
			spec := lepton.Spec{StateDim: 1, Actions: n}
			l, err := rl.NewQLearning(spec, rl.TabularOptions{Epsilon: 0.1})
			if err != nil {
				b.Fatal(err)
			}
			legal := make([]bool, n)
			for i := range legal {
				legal[i] = true
			}
			for s := range 1000 {
				for a := range n {
					tr := &lepton.Transition{Obs: *offered(legal...), Action: a, Reward: 1}
					tr.Obs.SetState([]float64{float64(s)})
					l.Observe(tr)
				}
			}
			p, obs, dst, scratch := l.Policy(), offered(legal...), make([]float64, n), new(lepton.Scratch)
			b.ReportAllocs()
			for b.Loop() {
				scratch.Reset()
				p.Probs(dst, obs, scratch)
			}
		})
	}
}
