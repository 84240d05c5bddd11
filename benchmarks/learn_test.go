package benchmarks

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/reward"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
)

const (
	episodes = 16 // between two calls of Train
	steps    = 32 // decisions in each
)

// learners in a fixed order.
func learners(tb testing.TB) (names []string, byName map[string]func() lepton.Learner) {
	tb.Helper()
	spec := lepton.SpecOf(encoder(tb), workers(tb))
	return []string{"QLearning", "REINFORCE"}, map[string]func() lepton.Learner{
		"QLearning": func() lepton.Learner {
			quarters, err := features.UniformCuts(0, 1, 4)
			require.NoError(tb, err)
			keys, err := features.NewDiscretizer([][]float64{{1, 2, 3}}, [][]float64{quarters, quarters, quarters})
			require.NoError(tb, err)
			l, err := rl.NewQLearning(spec, rl.TabularOptions{Key: keys.Key, ActionKey: keys.ActionKey, Epsilon: 0.1})
			require.NoError(tb, err)
			return l
		},
		"REINFORCE": func() lepton.Learner {
			l, err := rl.NewREINFORCE(spec, rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.05}})
			require.NoError(tb, err)
			return l
		},
	}
}

// round is one turn of a scheduler that learns while it decides.
type round struct {
	s        *scheduler.Scheduler[*pool, float64]
	pools    []*pool
	episodes []*scheduler.Episode[*pool, float64]
	made     []lepton.DecisionID
	rewards  []float64
}

func newRound(tb testing.TB, learner lepton.Learner, candidates int) *round {
	tb.Helper()
	s, err := scheduler.New(scheduler.Options[*pool, float64]{
		Encoder: encoder(tb), Actions: workers(tb), Learner: learner, Mode: scheduler.Live, Seed: 1,
		Reward: reward.Of(func(outcome float64) float64 { return outcome }),
	})
	require.NoError(tb, err)
	return &round{s: s, pools: pools(states, candidates)}
}

// decide makes the decisions of all episodes.
func (r *round) decide(tb testing.TB) {
	tb.Helper()
	r.episodes, r.made, r.rewards = r.episodes[:0], r.made[:0], r.rewards[:0]
	for range episodes {
		e, err := r.s.Episode(lepton.CreditOptions{Gamma: 0.9})
		require.NoError(tb, err)
		for range steps {
			p := r.pools[len(r.made)%states]
			d, err := e.Decide(p)
			require.NoError(tb, err)
			r.made, r.rewards = append(r.made, d.ID), append(r.rewards, -p.workers[d.Action].load)
		}
		r.episodes = append(r.episodes, e)
	}
}

// learn reports what came of them, and trains.
func (r *round) learn(tb testing.TB) {
	for i, id := range r.made {
		if err := r.s.Report(id, r.rewards[i]); err != nil {
			tb.Fatal(err)
		}
	}
	for _, e := range r.episodes {
		if err := e.End(); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := r.s.Train(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkLearn measures the way back: outcomes of 512 decisions in episodes of 32 steps, linked to
// transitions, learned from, and a new policy published. Deciding is not timed.
func BenchmarkLearn(b *testing.B) {
	names, byName := learners(b)
	for _, name := range names {
		b.Run("learner="+name+"/candidates=10", func(b *testing.B) {
			r := newRound(b, byName[name](), 10)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				r.decide(b)
				b.StartTimer()
				r.learn(b)
			}
			b.ReportMetric(episodes*steps*float64(b.N)/b.Elapsed().Seconds(), "transitions/s")
		})
	}
}

// Every decision that is measured reaches the learner, and teaches it: the workers that it then takes are less
// loaded.
func TestLearn(t *testing.T) {
	names, byName := learners(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			r := newRound(t, byName[name](), 10)
			const rounds = 60
			var first, last float64
			for i := range rounds {
				r.decide(t)
				r.learn(t)
				for _, v := range r.rewards {
					if i == 0 {
						first += v / (episodes * steps)
					} else if i == rounds-1 {
						last += v / (episodes * steps)
					}
				}
			}
			stats := r.s.Stats()
			require.EqualValues(t, rounds*episodes*steps, stats.Learned)
			require.Zero(t, stats.QueueDropped+stats.Evicted+stats.Unlinked+stats.NotFinite)
			require.EqualValues(t, rounds+1, stats.Published)
			t.Logf("mean reward %.3f → %.3f", first, last)
			require.Greater(t, last, first+0.1)
		})
	}
}
