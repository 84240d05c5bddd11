package benchmarks

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/scheduler"
)

const (
	states = 64 // different pools that the benchmarks decide in by turns

	// Decisions before the clock starts, in which the memory of the steady state is made: in a small pool for
	// each slot of open decisions, then in the pools themselves for the lists and the scratch.
	slots = 4096
	warm  = 2 * states
)

// policies in a fixed order.
func policies(tb testing.TB) (names []string, byName map[string]lepton.Policy) {
	tb.Helper()
	scorer, byName := scorers(tb), map[string]lepton.Policy{}
	for _, model := range []string{"linear", "forest"} {
		softmax, err := policy.Softmax(scorer[model], 0.5)
		require.NoError(tb, err)
		names = append(names, "greedy/model="+model, "softmax/model="+model)
		byName["greedy/model="+model], byName["softmax/model="+model] = policy.Greedy(scorer[model]), softmax
	}
	return names, byName
}

// BenchmarkDecide measures one whole decision, from the embedder's own types to the index of a worker. The
// outcomes come in while the clock stands.
func BenchmarkDecide(b *testing.B) {
	names, _ := policies(b)
	eachSize(b, names, func(b *testing.B, s *scheduler.Scheduler[*pool, float64], pools []*pool) {
		var open []lepton.DecisionID
		settle := func() {
			for _, id := range open {
				require.NoError(b, s.Report(id, 1))
			}
			open = open[:0]
		}
		decide := func(p *pool) {
			d, err := s.Decide(p)
			if err != nil {
				b.Fatal(err)
			}
			open = append(open, d.ID)
		}
		warmUp(pools, func(p *pool) {
			decide(p)
			if len(open) == slots/2 {
				settle()
			}
		})
		settle()
		i := 0
		for b.Loop() {
			decide(pools[i%states])
			i++
			if len(open) == slots/2 {
				b.StopTimer()
				settle()
				b.StartTimer()
			}
		}
	})
}

// BenchmarkRank measures what a host needs that makes the final choice itself: scores of all workers, what it
// chose, what came of it.
func BenchmarkRank(b *testing.B) {
	eachSize(b, []string{"greedy/model=linear", "greedy/model=forest"},
		func(b *testing.B, s *scheduler.Scheduler[*pool, float64], pools []*pool) {
			scores := make([]float64, len(pools[0].workers))
			rank := func(p *pool) {
				d, err := s.Rank(p, scores[:len(p.workers)])
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Chose(d.ID, 0, 1); err != nil { // worker 0 is always up
					b.Fatal(err)
				}
				if err := s.Report(d.ID, 1); err != nil {
					b.Fatal(err)
				}
			}
			warmUp(pools, rank)
			i := 0
			for b.Loop() {
				rank(pools[i%states])
				i++
			}
		})
}

// BenchmarkDecideReport measures decisions and their outcomes from as many goroutines as -cpu says.
func BenchmarkDecideReport(b *testing.B) {
	eachSize(b, []string{"softmax/model=linear"}, func(b *testing.B, s *scheduler.Scheduler[*pool, float64], pools []*pool) {
		var lost atomic.Uint64 // where the system takes a core away in the midst of a decision, a whole ledger may go by
		decide := func(p *pool) {
			d, err := s.Decide(p)
			if err == nil {
				err = s.Report(d.ID, 1)
			}
			if errors.Is(err, scheduler.ErrUnknownDecision) {
				lost.Add(1)
			} else if err != nil {
				b.Error(err)
			}
		}
		warmUp(pools, decide)
		var goroutines atomic.Int64
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for i := int(goroutines.Add(1)) * 17; pb.Next(); i++ {
				decide(pools[i%states])
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		if st := s.Stats(); lost.Load() != st.Untracked+st.Evicted {
			b.Errorf("%d decisions were lost, %d are accounted for", lost.Load(), st.Untracked+st.Evicted)
		}
	})
}

func warmUp(pools []*pool, once func(*pool)) {
	small := newPool(5, 0)
	for range slots {
		once(small)
	}
	for i := range warm {
		once(pools[i%states])
	}
}

func eachSize(b *testing.B, names []string, run func(*testing.B, *scheduler.Scheduler[*pool, float64], []*pool)) {
	b.Helper()
	_, byName := policies(b)
	for _, name := range names {
		for _, candidates := range []int{5, 100, 1000} {
			b.Run(fmt.Sprintf("policy=%s/candidates=%d", name, candidates), func(b *testing.B) {
				s, pools := live(b, byName[name]), pools(states, candidates)
				b.ReportAllocs()
				run(b, s, pools)
			})
		}
	}
}

// What is measured is a decision: the greedy policies take the worker that scores highest among those that are
// up, the softmax ones take others too, and the ranking agrees with the scores.
func TestDecisions(t *testing.T) {
	names, byName := policies(t)
	encoder, workers := encoder(t), workers(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := live(t, byName[name])
			scorer := byName[name].(lepton.Scorer)
			var obs lepton.Observation
			best := 0
			for _, p := range pools(200, 20) {
				require.NoError(t, lepton.Encode(&obs, encoder, workers, p, 0))
				want := make([]float64, obs.Len())
				scorer.Scores(want, &obs, nil)
				top := 0
				for i := range want {
					if p.workers[i].up {
						require.False(t, math.IsInf(want[i], 0))
					}
					if want[i] > want[top] {
						top = i
					}
				}

				d, err := s.Decide(p)
				require.NoError(t, err)
				require.True(t, p.workers[d.Action].up)
				require.Equal(t, p.workers[d.Action].id, d.ActionID)
				require.Equal(t, lepton.ArmLearned, d.Arm)
				if d.Action == top {
					best++
				}

				got := make([]float64, obs.Len())
				_, err = s.Rank(p, got)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			if name[0] == 'g' {
				require.Equal(t, 200, best)
			} else {
				require.Less(t, best, 100)
				require.Greater(t, best, 10) // uniform: 10.5 on average
			}
			require.Zero(t, s.Stats().Faults)
		})
	}
}
