package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
)

// BenchmarkDecide measures one whole decision: encode, offer, linear scorer, softmax or argmax, check,
// draw, slot, journal, with a fake clock that is read.
func BenchmarkDecide(b *testing.B) {
	for _, kind := range []string{"softmax", "greedy"} {
		for _, n := range []int{5, 100, 1000} {
			b.Run(fmt.Sprintf("%s/candidates=%d", kind, n), func(b *testing.B) {
				linear, err := policy.NewLinear(lepton.Spec{StateDim: 1, ActionDim: 3}, []float64{0, 0.3, -0.2, 0.1}, []float64{0})
				if err != nil {
					b.Fatal(err)
				}
				var p lepton.Policy = policy.Greedy(linear)
				if kind == "softmax" {
					p, err = policy.Softmax(linear, 1)
					if err != nil {
						b.Fatal(err)
					}
				}
				s, err := New(Options[pool, float64]{
					Encoder: poolEncoder{}, Actions: poolActions{}, Incumbent: first{}, Policy: p, Mode: Live,
					Clock: newClock().now, Budget: time.Second,
				})
				if err != nil {
					b.Fatal(err)
				}
				state := poolOf(n)
				open := make([]lepton.DecisionID, 0, 2048)
				b.ReportAllocs()
				for b.Loop() {
					d, err := s.Decide(state)
					if err != nil {
						b.Fatal(err)
					}
					if open = append(open, d.ID); len(open) == cap(open) {
						b.StopTimer() // outcomes come in, so that the ledger stays half empty
						for _, id := range open {
							if err := s.Report(id, 1); err != nil {
								b.Fatal(err)
							}
						}
						open = open[:0]
						b.StartTimer()
					}
				}
			})
		}
	}
}
