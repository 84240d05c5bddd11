package benchmarks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
)

// The sizes of the kernel network of RLScheduler: a queue of 128 jobs with 8 features each.
const (
	queued, jobFeatures = 128, 8
)

// queue is 128 jobs with their features: what an embedder would hold.
type queue [queued][jobFeatures]float64

// queueSpace offers the jobs of a queue with their features.
type queueSpace struct{}

// ActionSpec implements lepton.ActionSpace.
func (queueSpace) ActionSpec() (n, dim int) { return 0, jobFeatures }

// Offer implements lepton.ActionSpace.
func (queueSpace) Offer(set lepton.ActionSet, q *queue) {
	for i := range q {
		copy(set.Add(uint64(i), true), q[i][:])
	}
}

// noState is the encoder of a problem whose features are all the candidates'.
type noState struct{}

// StateDim implements lepton.StateEncoder.
func (noState) StateDim() int { return 0 }

// AppendState implements lepton.StateEncoder.
func (noState) AppendState(dst []float64, _ *queue) []float64 { return dst }

func jobQueues(n int) []*queue {
	r := rand.New(rand.NewPCG(1, 1))
	all := make([]*queue, n)
	for i := range all {
		all[i] = new(queue)
		for j := range all[i] {
			for k := range all[i][j] {
				all[i][j][k] = r.Float64()
			}
		}
	}
	return all
}

// kernelPolicy is a softmax over the 8-32-16-8-1 network.
func kernelPolicy(tb testing.TB) lepton.Policy {
	l, err := rl.NewPPO(lepton.SpecOf(noState{}, queueSpace{}), rl.PPOOptions{Network: rl.NetworkOptions{Hidden: []int{32, 16, 8}}})
	require.NoError(tb, err)
	return l.Policy()
}

// draw returns the action at u of a distribution.
func draw(p []float64, u float64) int {
	for i, x := range p {
		if u -= x; u < 0 {
			return i
		}
	}
	return len(p) - 1
}

// BenchmarkKernelDecide measures one decision among 128 candidates of 8 features by the 8-32-16-8-1 network, softmax
// and the draw included: the policy alone, and through the whole of Scheduler.Decide.
func BenchmarkKernelDecide(b *testing.B) {
	waiting := jobQueues(64)
	b.Run(fmt.Sprintf("policy/candidates=%d", queued), func(b *testing.B) {
		p := kernelPolicy(b)
		obs := make([]lepton.Observation, len(waiting))
		for i := range obs {
			require.NoError(b, lepton.Encode(&obs[i], noState{}, queueSpace{}, waiting[i], 0))
		}
		dst, scratch, r := make([]float64, queued), new(lepton.Scratch), rand.New(rand.NewPCG(1, 2))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			scratch.Reset()
			p.Probs(dst, &obs[i%len(obs)], scratch)
			if draw(dst, r.Float64()) < 0 {
				b.Fatal("nothing drawn")
			}
		}
	})
	b.Run(fmt.Sprintf("scheduler/candidates=%d", queued), func(b *testing.B) {
		s, err := scheduler.New(scheduler.Options[*queue, float64]{
			Encoder: noState{}, Actions: queueSpace{}, Policy: kernelPolicy(b), Mode: scheduler.Live, MaxOpen: 64,
		})
		require.NoError(b, err)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := s.Decide(waiting[i%len(waiting)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkActOne measures one greedy decision of a fixed space of 4 actions.
func BenchmarkActOne(b *testing.B) {
	for _, obs := range []int{8, 128} {
		for _, hidden := range []int{64, 256} {
			b.Run(fmt.Sprintf("obs=%d/hidden=%d", obs, hidden), func(b *testing.B) {
				l, err := rl.NewPPO(lepton.Spec{StateDim: obs, Actions: 4}, rl.PPOOptions{Network: rl.NetworkOptions{Hidden: []int{hidden, hidden}}})
				require.NoError(b, err)
				p := policy.Greedy(l.Policy().(lepton.Scorer))
				r := rand.New(rand.NewPCG(1, 1))
				seen := make([]lepton.Observation, 64)
				for i := range seen {
					seen[i].Reset(0, 0)
					seen[i].GrowState(obs)
					for j := range seen[i].State() {
						seen[i].State()[j] = r.NormFloat64()
					}
					for a := range uint64(4) {
						seen[i].Actions().Add(a, true)
					}
				}
				dst, scratch := make([]float64, 4), new(lepton.Scratch)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					scratch.Reset()
					p.Probs(dst, &seen[i%len(seen)], scratch)
				}
			})
		}
	}
}

// BenchmarkPPOEpoch measures one update of PPO: 4,096 decisions among 128 candidates of 8 features, 80 full-batch
// iterations of the kernel network and as many of the values, which see all candidates through a kernel of the
// same size.
func BenchmarkPPOEpoch(b *testing.B) {
	const decisions, iterations = 4096, 80
	waiting := jobQueues(256)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("decisions=%d/candidates=%d/iterations=%d/workers=%d", decisions, queued, iterations, workers), func(b *testing.B) {
			net := rl.NetworkOptions{Hidden: []int{32, 16, 8}, Workers: workers}
			l, err := rl.NewPPO(lepton.SpecOf(noState{}, queueSpace{}), rl.PPOOptions{
				Network: net, Critic: net, Batch: decisions, Minibatch: decisions, Epochs: iterations, MaxKL: math.Inf(1),
			})
			require.NoError(b, err)
			r := rand.New(rand.NewPCG(1, 1))
			t := lepton.Transition{Propensity: 1.0 / queued, Last: true, NextAction: -1, Arm: lepton.ArmLearned}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for i := range decisions {
					require.NoError(b, lepton.Encode(&t.Obs, noState{}, queueSpace{}, waiting[i%len(waiting)], 0))
					t.Action, t.Reward = r.IntN(queued), r.NormFloat64()
					l.Observe(&t)
				}
				before := l.Stats().Resting
				b.StartTimer()
				if _, err := l.Step(b.Context()); err != nil {
					b.Fatal(err)
				}
				if l.Stats().Resting != before {
					b.Fatal("the policy rested")
				}
			}
		})
	}
}
