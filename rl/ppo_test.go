package rl_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Worked by hand: δ = (1 + 0.9·2 − 1, 0 + 0.5·4 − 2, 2 + 0·9 − 4) = (1.8, 0, −2), then
// A₂ = −2, A₁ = 0 + 0.5·0.8·(−2) = −0.8, A₀ = 1.8 + 0.9·0.8·(−0.8) = 1.224.
func TestAdvantagesWorked(t *testing.T) {
	dst := make([]float64, 3)
	rl.Advantages(dst, []float64{1, 0, 2}, []float64{0.9, 0.5, 0}, []float64{1, 2, 4, 9}, 0.8)
	assert.InDeltaSlice(t, []float64{1.224, -0.8, -2}, dst, 1e-12)
}

// With λ = 1 an advantage is the return less the value.
func TestAdvantagesAreReturns(t *testing.T) {
	r := rng.New(1, "advantages")
	n := 20
	rewards, discounts, values := make([]float64, n), make([]float64, n), make([]float64, n+1)
	for i := range n {
		rewards[i], discounts[i], values[i] = r.NormFloat64(), r.Float64(), r.NormFloat64()
	}
	values[n] = r.NormFloat64()
	returns, advantages := make([]float64, n), make([]float64, n)
	rl.Returns(returns, rewards, discounts, values[n])
	rl.Advantages(advantages, rewards, discounts, values, 1)
	for i := range n {
		assert.InDelta(t, returns[i]-values[i], advantages[i], 1e-12)
	}
}

// offer is a world of single decisions among candidates: what pays is a product of state and row, which no
// linear score can tell, and candidates that are not legal would pay most.
func offer(seed uint64, n int) []*lepton.Transition {
	r := rng.New(seed, "offer")
	all := make([]*lepton.Transition, n)
	for i := range all {
		t := &lepton.Transition{Last: true, NextAction: -1, Arm: lepton.ArmLearned}
		t.Obs.Reset(2, 0)
		t.Obs.SetState([]float64{float64(2*r.IntN(2) - 1)})
		for k := range uint64(6) {
			legal := k == 0 || r.IntN(4) > 0
			row := t.Obs.Actions().Add(k, legal)
			row[0], row[1] = r.NormFloat64(), r.NormFloat64()
		}
		all[i] = t
	}
	return all
}

var offerSpec = lepton.Spec{StateDim: 1, ActionDim: 2}

func pays(obs *lepton.Observation, a int) float64 { return obs.State()[0] * obs.Action(a)[0] }

// earned is the mean pay of a policy's likeliest actions, as a share of the best.
func earned(t *testing.T, p lepton.Policy, all []*lepton.Transition) float64 {
	t.Helper()
	greedy, got, best := policy.Greedy(p.(lepton.Scorer)), 0.0, 0.0
	for _, tr := range all {
		probs, top := make([]float64, tr.Obs.Len()), math.Inf(-1)
		greedy.Probs(probs, &tr.Obs, nil)
		for a, x := range probs {
			if tr.Obs.Legal(a) {
				top = max(top, pays(&tr.Obs, a))
				got += x * pays(&tr.Obs, a)
			} else {
				require.Zero(t, x)
			}
		}
		best += top
	}
	return got / best
}

// TestNetworksLearnWhatLinearScoresCannot trains on 6,000 decisions and judges on others.
func TestNetworksLearnWhatLinearScoresCannot(t *testing.T) {
	judged := offer(99, 1000)
	for _, c := range []struct {
		name  string
		make  func(seed uint64) (lepton.Learner, error)
		above float64
		below float64
	}{
		{"ppo", func(seed uint64) (lepton.Learner, error) {
			return rl.NewPPO(offerSpec, rl.PPOOptions{Seed: seed, Batch: 256, Minibatch: 64, Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 3e-3}}})
		}, 0.9, 1},
		{"ppo/context", func(seed uint64) (lepton.Learner, error) {
			return rl.NewPPO(offerSpec, rl.PPOOptions{Seed: seed, Batch: 256, Minibatch: 64, Network: rl.NetworkOptions{Context: true, StepSize: rl.StepSize{Alpha: 3e-3}}})
		}, 0.9, 1},
		{"ppo/against a misleading prior", func(seed uint64) (lepton.Learner, error) {
			misleads := policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 { return -pays(obs, a) })
			return rl.NewPPO(offerSpec, rl.PPOOptions{Seed: seed, Batch: 256, Minibatch: 64, Prior: rl.WithPrior(misleads), Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 3e-3}}})
		}, 0.8, 1},
		{"reinforce/network", func(seed uint64) (lepton.Learner, error) {
			return rl.NewREINFORCE(offerSpec, rl.REINFORCEOptions{Seed: seed, Network: &rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 1e-2}}})
		}, 0.8, 1},
		{"reinforce/linear", func(uint64) (lepton.Learner, error) {
			return rl.NewREINFORCE(offerSpec, rl.REINFORCEOptions{})
		}, -1, 0.4},
	} {
		t.Run(c.name, func(t *testing.T) {
			mean, seeds := 0.0, 5
			for seed := range uint64(seeds) {
				l, err := c.make(seed)
				require.NoError(t, err)
				r := rng.New(seed, "draws")
				for _, tr := range offer(seed, 6000) {
					probs := make([]float64, tr.Obs.Len())
					l.Policy().Probs(probs, &tr.Obs, nil)
					u := r.Float64()
					for a, x := range probs {
						if u -= x; u < 0 && x > 0 {
							tr.Action, tr.Propensity = a, x
							break
						}
					}
					tr.Reward = 1000 * pays(&tr.Obs, tr.Action) // the unit does not matter
					l.Observe(tr)
					_, err := l.Step(t.Context())
					require.NoError(t, err)
				}
				mean += earned(t, l.Policy(), judged) / float64(seeds)
			}
			assert.Greater(t, mean, c.above)
			assert.Less(t, mean, c.below)
		})
	}
}

// Numbers that are not finite, or that float32 cannot hold, are left out; what is published stays usable.
func TestPPOLeavesOutWhatIsNotFinite(t *testing.T) {
	l, err := rl.NewPPO(offerSpec, rl.PPOOptions{Batch: 8})
	require.NoError(t, err)
	for _, poison := range []func(*lepton.Transition){
		func(t *lepton.Transition) { t.Reward = math.NaN() },
		func(t *lepton.Transition) { t.Reward = math.Inf(-1) },
		func(t *lepton.Transition) { t.Obs.State()[0] = math.NaN() },
		func(t *lepton.Transition) { t.Obs.Action(0)[1] = 1e30 },
	} {
		before := l.Stats().Dropped
		tr := offer(1, 1)[0]
		poison(tr)
		l.Observe(tr)
		_, err := l.Step(t.Context())
		assert.ErrorIs(t, err, rl.ErrNotFinite)
		_, err = l.Step(t.Context())
		assert.NoError(t, err, "told once")
		assert.Equal(t, before+1, l.Stats().Dropped)
	}
	for _, tr := range offer(2, 32) { // rewards at the edge: the update may fail, the policy may not
		tr.Reward, tr.Propensity = 1e99, 0.5
		l.Observe(tr)
		if _, err := l.Step(t.Context()); err != nil {
			require.ErrorIs(t, err, rl.ErrNotFinite)
		}
	}
	obs := &offer(3, 1)[0].Obs
	p, sum := make([]float64, obs.Len()), 0.0
	l.Policy().Probs(p, obs, nil)
	for _, x := range p {
		sum += x
	}
	assert.InDelta(t, 1, sum, 1e-12)
}

// Where all outcomes are the same, what is left of the advantages is rounding, and nothing is made of it.
func TestPPOMakesNothingOfRounding(t *testing.T) {
	for _, reward := range []float64{0, 1e-7, -3e5} {
		l, err := rl.NewPPO(fixedSpec, rl.PPOOptions{Batch: 64, Minibatch: 64})
		require.NoError(t, err)
		r := rng.New(11, "draws")
		for range 40 {
			for range 64 {
				tr := *traffic(fixedSpec, 1, 1)[0] // one state, over and over
				tr.Episode, tr.Discount, tr.Last, tr.Action, tr.Reward, tr.Propensity = 0, 0, true, 0, reward, 1.0/3
				for tr.Action = r.IntN(3); !tr.Obs.Legal(tr.Action); tr.Action = r.IntN(3) {
				}
				l.Observe(&tr)
			}
			_, err = l.Step(t.Context())
			require.NoError(t, err)
		}
		obs := &traffic(fixedSpec, 1, 1)[0].Obs
		p := make([]float64, obs.Len())
		l.Policy().Probs(p, obs, nil)
		for i, x := range p {
			if obs.Legal(i) {
				assert.InDelta(t, 1/float64(obs.LegalCount()), x, 0.02, "reward %v", reward)
			}
		}
	}
}

// A teacher is listened to with every Minibatch, and what is no distribution is not taken in.
func TestPPOTargets(t *testing.T) {
	l, err := rl.NewPPO(offerSpec, rl.PPOOptions{Batch: 64, Minibatch: math.MaxInt})
	require.NoError(t, err)
	for i, tr := range offer(13, 65) {
		target := make([]float64, tr.Obs.Len())
		target[0] = 1
		if i == 0 {
			target[0] = 1e50
		}
		l.ObserveTarget(&tr.Obs, target, 1)
	}
	p, err := l.Step(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1, p.Updates)
	assert.EqualValues(t, 1, l.Stats().Dropped)
}

// A stream that is cut where nothing is on offer has no value behind it: its last decision is left out and counted, and
// is not taken for a true end. Cut at once, nothing is left to learn from.
func TestPPOCutsWithoutAnOffer(t *testing.T) {
	for length, updates := range map[int]bool{1: false, 3: true} {
		l, err := rl.NewPPO(fixedSpec, rl.PPOOptions{Batch: 16})
		require.NoError(t, err)
		const streams = 16
		for k := range uint64(streams) {
			for step := range length {
				tr := *traffic(fixedSpec, k, 1)[0]
				tr.Episode, tr.Step, tr.Discount, tr.Last = k+1, step, 0.9, step == length-1
				tr.Next = lepton.Observation{}
				if tr.Last {
					tr.Next.SetState([]float64{1, 2})
				} else {
					tr.Next.CopyFrom(&tr.Obs)
				}
				l.Observe(&tr)
			}
		}
		assert.EqualValues(t, streams, l.Stats().Dropped, "length %d", length)
		p, err := l.Step(t.Context())
		require.NoError(t, err)
		assert.Equal(t, updates, p.Updates > 0, "length %d", length)
	}
}

// An action that is offered twice, once as not legal, is legal.
func TestPPOTakesAnActionOfferedTwice(t *testing.T) {
	l, err := rl.NewPPO(fixedSpec, rl.PPOOptions{Batch: 8})
	require.NoError(t, err)
	for i := range 8 {
		tr := &lepton.Transition{Last: true, NextAction: -1, Propensity: 0.5, Reward: float64(i)}
		tr.Obs.Reset(0, 0)
		tr.Obs.SetState([]float64{1, 2})
		tr.Obs.Actions().Add(1, true)
		tr.Obs.Actions().Add(2, true)
		tr.Obs.Actions().Add(1, false)
		l.Observe(tr)
	}
	p, err := l.Step(t.Context())
	require.NoError(t, err)
	assert.NotZero(t, p.Updates)
}

// What is no distribution teaches no learner of targets.
func TestTargetsThatAreNoDistribution(t *testing.T) {
	l := newREINFORCE(t, offerSpec, rl.REINFORCEOptions{Batch: 1})
	obs := &offer(15, 1)[0].Obs
	for _, first := range []float64{math.NaN(), -1, 2} {
		before := l.Stats().Dropped
		target := make([]float64, obs.Len())
		target[0] = first
		l.ObserveTarget(obs, target, 1)
		p, err := l.Step(t.Context())
		assert.Equal(t, first != first, errors.Is(err, rl.ErrNotFinite), "what is not finite is told of")
		assert.Zero(t, p.Updates)
		assert.Equal(t, before+1, l.Stats().Dropped)
	}
}

// Rewards and discounts that NStep adds up beyond what float32 holds are left out and counted.
func TestDQNLeavesOutWhatNStepOverflows(t *testing.T) {
	l, err := rl.NewDQN(fixedSpec, rl.DQNOptions{WarmUp: 1, NStep: 4})
	require.NoError(t, err)
	for step := range 8 {
		tr := *traffic(fixedSpec, 16, 1)[0]
		tr.Episode, tr.Step, tr.Reward, tr.Discount, tr.Last = 1, step, 1e15, 1e14, false
		tr.Next.CopyFrom(&tr.Obs)
		l.Observe(&tr)
	}
	assert.Zero(t, l.Stats().Kept)
	assert.EqualValues(t, 5, l.Stats().Faults)
}

// The options belong to the caller, and a log may be short.
func TestNetworkLearnersKeepNoOptions(t *testing.T) {
	hidden := []int{8, 8}
	l, err := rl.NewPPO(fixedSpec, rl.PPOOptions{Network: rl.NetworkOptions{Hidden: hidden}})
	require.NoError(t, err)
	hidden[0] = 16
	_, err = l.DecodePolicy(l.Policy().(lepton.Saver).Kind(), bytes.NewReader(saved(t, l.Policy())))
	assert.NoError(t, err)

	c, err := rl.NewCQL(fixedSpec, rl.DQNOptions{Capacity: 50})
	require.NoError(t, err)
	for _, tr := range traffic(fixedSpec, 14, 30) {
		c.Observe(tr)
	}
	p, err := c.Step(t.Context())
	require.NoError(t, err)
	assert.NotZero(t, p.Updates)
}

// A prior in seconds since 1970 is as good as one in seconds from now.
func TestPPOPriorsMayBeLarge(t *testing.T) {
	shifted := func(by float64) rl.Prior {
		return rl.WithPrior(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 { return by + float64(obs.ID(a))/2 }))
	}
	var kl []float64
	for _, by := range []float64{0, 1 << 30} {
		l, err := rl.NewPPO(offerSpec, rl.PPOOptions{Batch: 64, Minibatch: 64, Prior: shifted(by)})
		require.NoError(t, err)
		r := rng.New(12, "rewards")
		for _, tr := range offer(12, 64) {
			tr.Reward, tr.Propensity = r.NormFloat64(), 0.25
			l.Observe(tr)
		}
		_, err = l.Step(t.Context())
		require.NoError(t, err)
		kl = append(kl, l.Stats().KL, l.Stats().Entropy)
	}
	assert.Equal(t, kl[:2], kl[2:])
}

func TestPPORestsBeyondMaxKL(t *testing.T) {
	l, err := rl.NewPPO(offerSpec, rl.PPOOptions{Batch: 64, MaxKL: 1e-9, Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 0.01}}})
	require.NoError(t, err)
	for i, tr := range offer(4, 64) {
		tr.Reward, tr.Propensity = float64(i%3), 0.2
		l.Observe(tr)
	}
	p, err := l.Step(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1, l.Stats().Resting)
	assert.LessOrEqual(t, p.Updates, uint64(2), "the first step leaves KL at 0, the second finds it too far")
	assert.Greater(t, l.Stats().Entropy, 0.5)
}

// Streams may be used before they end: Segment decisions are enough.
func TestPPOLearnsFromSegments(t *testing.T) {
	l, err := rl.NewPPO(fixedSpec, rl.PPOOptions{Batch: 32, Segment: 8, Minibatch: 16})
	require.NoError(t, err)
	stream := traffic(fixedSpec, 5, 1)[0]
	for step := range 32 {
		tr := *stream
		tr.Episode, tr.Step, tr.Last, tr.Discount = 7, step, false, 0.9
		tr.Next.CopyFrom(&stream.Obs)
		l.Observe(&tr)
	}
	p, err := l.Step(t.Context())
	require.NoError(t, err)
	assert.NotZero(t, p.Updates)
	assert.Zero(t, l.Stats().Gaps)
	assert.Zero(t, l.Stats().Dropped)
}

// The same update on one goroutine and on many, to the bit.
func TestPPOWorkersDoNotMatter(t *testing.T) {
	var files [][]byte
	for _, workers := range []int{1, 3} {
		net := rl.NetworkOptions{Workers: workers}
		l, err := rl.NewPPO(candidateSpec, rl.PPOOptions{Batch: 2000, Minibatch: 2000, Epochs: 2, Network: net, Critic: net, MaxKL: math.Inf(1)})
		require.NoError(t, err)
		for _, tr := range traffic(candidateSpec, 6, 2600) {
			l.Observe(tr)
		}
		p, err := l.Step(t.Context())
		require.NoError(t, err)
		require.NotZero(t, p.Updates)
		files = append(files, saved(t, l))
	}
	assert.Equal(t, files[0], files[1])
}

func TestNetworkLearnersRefuse(t *testing.T) {
	var spec *lepton.SpecError
	_, err := rl.NewPPO(lepton.Spec{StateDim: 3}, rl.PPOOptions{})
	assert.ErrorAs(t, err, &spec)
	_, err = rl.NewPPO(fixedSpec, rl.PPOOptions{Network: rl.NetworkOptions{Context: true}})
	assert.ErrorAs(t, err, &spec)
	_, err = rl.NewPPO(fixedSpec, rl.PPOOptions{
		Lambda: 2, Clip: 1, MaxKL: -1, Batch: -1,
		Network: rl.NetworkOptions{Hidden: []int{0}, Activation: 9}, Critic: rl.NetworkOptions{MaxNorm: -1, Workers: -1, Optimizer: 7},
	})
	for _, want := range []string{"Lambda", "Clip", "MaxKL", "Batch", "Hidden", "Activation", "MaxNorm", "Workers", "Optimizer"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = rl.NewREINFORCE(fixedSpec, rl.REINFORCEOptions{MaxNorm: 1, Network: &rl.NetworkOptions{}})
	assert.ErrorContains(t, err, "of its own")
	_, err = rl.NewREINFORCE(lepton.Spec{StateDim: 3}, rl.REINFORCEOptions{Network: &rl.NetworkOptions{}})
	assert.True(t, errors.As(err, &spec))
}

// A network can be taught by a teacher that no linear score can follow.
func TestPPOFollowsATeacher(t *testing.T) {
	l, err := rl.NewPPO(offerSpec, rl.PPOOptions{Minibatch: 32, Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 3e-3}}})
	require.NoError(t, err)
	for _, tr := range offer(8, 8000) {
		best := -1
		for a := range tr.Obs.Len() {
			if tr.Obs.Legal(a) && (best < 0 || pays(&tr.Obs, a) > pays(&tr.Obs, best)) {
				best = a
			}
		}
		target := make([]float64, tr.Obs.Len())
		target[best] = 1
		l.ObserveTarget(&tr.Obs, target, 1)
		_, err := l.Step(t.Context())
		require.NoError(t, err)
	}
	assert.Greater(t, earned(t, l.Policy(), offer(9, 1000)), 0.9)
}
