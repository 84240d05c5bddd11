package benchmarks

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/rl"
)

// BenchmarkDQNUpdate measures one update of a double DQN through the learner: draw from 10,000 transitions, values
// of what follows by both networks, Huber loss, gradient, Adam, and a copy of the network every 500. Four actions.
func BenchmarkDQNUpdate(b *testing.B) {
	const kept = 10_000
	for _, dim := range []int{8, 128} {
		for _, hidden := range []int{64, 256} {
			for _, batch := range []int{64, 256} {
				b.Run(fmt.Sprintf("obs=%d/hidden=%d/batch=%d", dim, hidden, batch), func(b *testing.B) {
					l, err := rl.NewDQN(lepton.Spec{StateDim: dim, Actions: replayActions}, rl.DQNOptions{
						Network: rl.NetworkOptions{Hidden: []int{hidden, hidden}}, Capacity: kept, WarmUp: kept, Every: 1, Batch: batch,
					})
					require.NoError(b, err)
					r := rng.New(1, "transitions")
					t := &lepton.Transition{NextAction: -1}
					observe := func(obs *lepton.Observation) {
						obs.Reset(0, 0)
						obs.GrowState(dim)
						for i := range obs.State() {
							obs.State()[i] = r.NormFloat64()
						}
						for a := range replayActions {
							obs.Actions().Add(uint64(a), true)
						}
					}
					seen := func() {
						observe(&t.Obs)
						observe(&t.Next)
						t.Action, t.Reward, t.Discount = r.IntN(replayActions), r.NormFloat64(), 0.99
						if r.IntN(50) == 0 {
							t.Discount = 0
						}
						l.Observe(t)
					}
					for range kept {
						seen()
					}
					update := func() {
						p, err := l.Step(b.Context())
						if err != nil || p.Idle {
							b.StopTimer() // pay for more updates
							require.NoError(b, err)
							for range kept - 1 {
								seen()
							}
							b.StartTimer()
						}
					}
					for range 20 {
						update()
					}
					b.ReportAllocs()
					for b.Loop() {
						update()
					}
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
				})
			}
		}
	}
}
