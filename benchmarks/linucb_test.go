package benchmarks

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
)

const (
	banditDim      = 32
	banditArms     = 100
	banditContexts = 512
)

// banditRun is a bandit that learns from each decision before the next.
type banditRun struct {
	learner  lepton.Learner
	shared   bool
	contexts []*lepton.Observation
	scratch  lepton.Scratch
	probs    []float64
	outcome  lepton.Transition
	draw     *rand.Rand
	round    int
}

// newBanditRun has 512 contexts: a state of 32 features where each of the 100 arms has weights of its own, else
// 100 rows of 32. What is chosen pays a feature, another one for each arm, or the first of the row.
func newBanditRun(tb testing.TB, algorithm string, shared bool) *banditRun {
	tb.Helper()
	spec := lepton.Spec{StateDim: banditDim}
	if shared {
		spec = lepton.Spec{ActionDim: banditDim}
	}
	ridge := rl.RidgeOptions{NoIntercept: true}
	var learner lepton.Learner
	var err error
	if algorithm == "LinUCB" {
		learner, err = rl.NewLinUCB(spec, rl.LinUCBOptions{Ridge: ridge, Alpha: 0.5})
	} else {
		learner, err = rl.NewLinThompson(spec, rl.LinThompsonOptions{Ridge: ridge, Scale: 0.1})
	}
	require.NoError(tb, err)
	r := &banditRun{learner: learner, shared: shared, probs: make([]float64, banditArms), draw: rand.New(rand.NewPCG(1, 1))}
	for range banditContexts {
		obs := new(lepton.Observation)
		obs.Reset(spec.ActionDim, 0)
		obs.GrowState(spec.StateDim)
		for a := range banditArms {
			r.fill(obs.Actions().Add(uint64(a), true))
		}
		r.fill(obs.State())
		r.contexts = append(r.contexts, obs)
	}
	return r
}

func (r *banditRun) fill(x []float64) {
	for i := range x {
		x[i] = 0.2 * r.draw.NormFloat64()
	}
}

// step is one round: choose, learn what it paid, publish. It returns the reward.
func (r *banditRun) step(tb testing.TB) float64 {
	obs := r.contexts[r.round%banditContexts]
	r.round++
	r.scratch.Reset()
	r.learner.Policy().Probs(r.probs, obs, &r.scratch)
	action, u := 0, r.draw.Float64()
	for a, p := range r.probs {
		if u -= p; u < 0 {
			action = a
			break
		}
	}
	x, paid := obs.State(), action%banditDim
	if r.shared {
		x, paid = obs.Action(action), 0
	}
	t := &r.outcome // the chosen action alone, as the facade keeps it
	t.Obs.Reset(obs.ActionDim(), 0)
	t.Obs.SetState(obs.State())
	copy(t.Obs.Actions().Add(obs.ID(action), true), obs.Action(action))
	t.Propensity, t.Reward, t.Last = r.probs[action], x[paid]+0.1*r.draw.Float64(), true
	r.learner.Observe(t)
	if _, err := r.learner.Step(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return t.Reward
}

func benchmarkBandit(b *testing.B, algorithm string) {
	for _, weights := range []string{"disjoint", "shared"} {
		b.Run("d=32/arms=100/"+weights, func(b *testing.B) {
			r := newBanditRun(b, algorithm, weights == "shared")
			for range 4 * banditContexts {
				r.step(b)
			}
			b.ReportAllocs()
			for b.Loop() {
				r.step(b)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rounds/s")
		})
	}
}

// BenchmarkLinUCB is one round of a bandit that learns at once: the policy chooses among 100 arms, what it paid
// is learned, and the next policy published.
func BenchmarkLinUCB(b *testing.B) { benchmarkBandit(b, "LinUCB") }

// BenchmarkLinThompson is the same with an ensemble of 64, drawn anew in each round.
func BenchmarkLinThompson(b *testing.B) { benchmarkBandit(b, "LinThompson") }

// The bandits that are measured learn: rounds of 20 contexts, after 2,000 of them, pay at least half of what the
// best arm of each would.
func TestLinUCB(t *testing.T) {
	for _, algorithm := range []string{"LinUCB", "LinThompson"} {
		for _, shared := range []bool{false, true} {
			r := newBanditRun(t, algorithm, shared)
			paid := 0.0
			for round := range 3000 {
				if reward := r.step(t); round >= 2000 {
					paid += reward / 1000
				}
			}
			t.Logf("%s, shared %v: %.3f a round", algorithm, shared, paid)
			best := map[bool]float64{false: 0.41, true: 0.5}[shared] // the highest of 32 and of 100 normal numbers
			require.Greater(t, paid, best/2)
		}
	}
}
