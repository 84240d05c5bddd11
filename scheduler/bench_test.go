package scheduler

import (
	"fmt"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
)

var benchSizes = []int{5, 100, 1000}

// benchOptions decides by a linear scorer, under a fake clock that is read.
func benchOptions(b *testing.B, kind string) Options[pool, float64] {
	linear, err := policy.NewLinear(lepton.Spec{StateDim: 1, ActionDim: 3}, []float64{0, 0.3, -0.2, 0.1}, []float64{0})
	if err != nil {
		b.Fatal(err)
	}
	p := policy.Greedy(linear)
	if kind == "softmax" {
		if p, err = policy.Softmax(linear, 1); err != nil {
			b.Fatal(err)
		}
	}
	return with(func(o *Options[pool, float64]) {
		o.Policy, o.Mode, o.Clock, o.Budget = p, Live, newClock().now, time.Second
	})
}

func benchScheduler(b *testing.B, o Options[pool, float64]) *Scheduler[pool, float64] {
	s, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// settler reports what was decided, off the clock, so that the ledger stays half empty.
type settler struct {
	b    *testing.B
	s    *Scheduler[pool, float64]
	open []lepton.DecisionID
}

func (x *settler) add(d lepton.Decision, err error) {
	if err != nil {
		x.b.Fatal(err)
	}
	if x.open = append(x.open, d.ID); len(x.open) < 2048 {
		return
	}
	x.b.StopTimer()
	for _, id := range x.open {
		if err := x.s.Report(id, 1); err != nil {
			x.b.Fatal(err)
		}
	}
	for x.s.queue.pop(func(*record) {}) {
	}
	x.open = x.open[:0]
	x.b.StartTimer()
}

// BenchmarkDecide measures one whole decision: encode, offer, linear scorer, softmax or argmax, check,
// draw, slot, journal.
func BenchmarkDecide(b *testing.B) {
	for _, kind := range []string{"softmax", "greedy"} {
		for _, n := range benchSizes {
			b.Run(fmt.Sprintf("%s/candidates=%d", kind, n), func(b *testing.B) {
				x := &settler{b: b, s: benchScheduler(b, benchOptions(b, kind))}
				state := poolOf(n)
				b.ReportAllocs()
				for b.Loop() {
					x.add(x.s.Decide(state))
				}
			})
		}
	}
}

// BenchmarkEpisode is BenchmarkDecide in an episode, with a learner that needs eight other rows and
// what follows each decision.
func BenchmarkEpisode(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("softmax/candidates=%d", n), func(b *testing.B) {
			o := benchOptions(b, "softmax")
			o.Learner = &forgetful{store{needs: lepton.Needs{Others: 8}}}
			x := &settler{b: b, s: benchScheduler(b, o)}
			ep, err := x.s.Episode(lepton.CreditOptions{ID: 1, Gamma: 0.99, Unit: time.Second})
			if err != nil {
				b.Fatal(err)
			}
			state := poolOf(n)
			b.ReportAllocs()
			for b.Loop() {
				x.add(ep.Decide(state))
			}
		})
	}
}

// BenchmarkRank measures Rank and Chose, with a learner that needs eight other rows, so that long lists
// are kept in between.
func BenchmarkRank(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprintf("linear/candidates=%d", n), func(b *testing.B) {
			o := benchOptions(b, "softmax")
			o.Learner = &forgetful{store{needs: lepton.Needs{Others: 8}}}
			x := &settler{b: b, s: benchScheduler(b, o)}
			state, scores := poolOf(n), make([]float64, n)
			b.ReportAllocs()
			for b.Loop() {
				d, err := x.s.Rank(state, scores)
				if err == nil {
					err = x.s.Chose(d.ID, 1, 1)
				}
				x.add(d, err)
			}
		})
	}
}

// BenchmarkReport measures one outcome, from its arrival until the learner has it: claim, reward, queue,
// and Train's way out of the queue for 512 at a time.
func BenchmarkReport(b *testing.B) {
	for _, others := range []int{0, 8} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			o := benchOptions(b, "greedy")
			o.Learner = &forgetful{store{needs: lepton.Needs{Others: others}, policy: o.Policy}}
			s := benchScheduler(b, o)
			state := poolOf(100)
			var open []lepton.DecisionID
			b.ReportAllocs()
			for b.Loop() {
				if len(open) == 0 {
					b.StopTimer()
					for range 512 {
						d, err := s.Decide(state)
						if err != nil {
							b.Fatal(err)
						}
						open = append(open, d.ID)
					}
					b.StartTimer()
				}
				if err := s.Report(open[len(open)-1], 1); err != nil {
					b.Fatal(err)
				}
				if open = open[:len(open)-1]; len(open) == 0 {
					if _, err := s.Train(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
