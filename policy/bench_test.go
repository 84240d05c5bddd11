package policy_test

import (
	"fmt"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
)

// BenchmarkProbs is the decision path: a linear scorer over 3 features, and what makes probabilities of
// its scores.
func BenchmarkProbs(b *testing.B) {
	for _, n := range []int{5, 100, 1000} {
		obs := candidates(n, 2, 3, 1)
		scorer := linear(b, 2, 3, 1)
		for _, c := range []struct {
			name string
			p    lepton.Policy
		}{
			{"greedy", policy.Greedy(scorer)},
			{"softmax", must(policy.Softmax(scorer, 0.5))},
			{"epsilon", must(policy.EpsilonGreedy(scorer, 0.1))},
		} {
			b.Run(fmt.Sprintf("policy=%s/candidates=%d", c.name, n), func(b *testing.B) {
				b.ReportAllocs()
				p, scratch := make([]float64, n), new(lepton.Scratch)
				for b.Loop() {
					scratch.Reset()
					c.p.Probs(p, obs, scratch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/candidate")
			})
		}
	}
}

// BenchmarkRollout is a decision of a rollout but for its model: the simulator answers at once.
func BenchmarkRollout(b *testing.B) {
	instant := policy.SimulatorFunc[struct{}](func(returns []float64, _ struct{}, _ *lepton.Observation, actions []int, futures []uint64) {
		for i := range returns {
			returns[i] = float64(i & 7)
		}
	})
	for _, n := range []int{2, 8, 128} {
		for _, budget := range []int{64, 256, 4096} {
			b.Run(fmt.Sprintf("candidates=%d/budget=%d", n, budget), func(b *testing.B) {
				b.ReportAllocs()
				obs := candidates(n, 8, 8, 1)
				base := policy.Stateless[struct{}](policy.Greedy(linear(b, 8, 8, 1)))
				r, err := policy.NewRollout(base, func() policy.Simulator[struct{}] { return instant }, policy.RolloutOptions{Budget: budget})
				if err != nil {
					b.Fatal(err)
				}
				p, scratch := make([]float64, n), new(lepton.Scratch)
				for b.Loop() {
					scratch.Reset()
					r.ProbsState(p, struct{}{}, obs, scratch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(r.Stats().Futures), "ns/future")
			})
		}
	}
}
