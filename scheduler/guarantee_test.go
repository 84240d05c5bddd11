package scheduler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestGuarantee04ShadowChangesNoAction(t *testing.T) {
	shadows := map[string]lepton.Policy{
		"agrees": always(0), "differs": always(2),
		"panics":   policyFunc(func([]float64, *lepton.Observation) { panic("shadow") }),
		"nonsense": policyFunc(func(p []float64, _ *lepton.Observation) { p[0] = math.NaN() }),
		"silent":   policyFunc(func([]float64, *lepton.Observation) {}),
	}
	log := func(mode Mode, p lepton.Policy) ([]byte, Stats) {
		var out bytes.Buffer
		s := start(t, func(o *Options[pool, float64]) {
			o.Mode, o.Policy, o.Holdout, o.Incumbent = mode, p, 0.2, rankingIncumbent{}
			o.Explore = Explore{Share: 0.3, MaxLoss: 1.5}
			o.Key = func(s pool) uint64 { return s.key }
		})
		for i := range uint64(3000) {
			state := masked(i)
			scores := make([]float64, len(state.workers))
			d := decide(t, s, state)
			ranked, err := s.Rank(state, scores)
			require.NoError(t, err)
			recorded, err := s.Record(state, d.Action, d.Propensity)
			require.NoError(t, err)
			fmt.Fprintf(&out, "%+v %+v %v %+v\n", d, ranked, scores, recorded)
		}
		return out.Bytes(), s.Stats()
	}
	want, _ := log(Record, nil)
	for name, p := range shadows {
		t.Run(name, func(t *testing.T) {
			got, st := log(Shadow, p)
			require.True(t, bytes.Equal(want, got), "the logs differ")
			if name == "agrees" {
				assert.Equal(t, uint64(9000), st.ShadowAsked)
			}
		})
	}
}

// rankingIncumbent prefers the first legal worker, and says by how much.
type rankingIncumbent struct{ first }

func (rankingIncumbent) ScoresState(dst []float64, _ pool, _ *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		dst[i] = -float64(i)
	}
}

func TestGuarantee05CanaryShareIsExactAndSticky(t *testing.T) {
	const keys = 100_000
	arms := func(canary, holdout float64, instance uint64) []lepton.Arm {
		s := start(t, func(o *Options[pool, float64]) {
			o.Mode, o.Policy, o.Canary, o.Holdout, o.Seed, o.Instance = Canary, always(1), canary, holdout, 4, instance
			o.Key = func(s pool) uint64 { return s.key }
			o.MaxOpen = 16
		})
		state := poolOf(2)
		out := make([]lepton.Arm, keys)
		for i := range out {
			state.key = uint64(i)
			out[i] = decide(t, s, state).Arm
		}
		return out
	}
	share := func(list []lepton.Arm, arm lepton.Arm) float64 {
		n := 0
		for _, a := range list {
			if a == arm {
				n++
			}
		}
		return float64(n) / keys
	}
	small, large := arms(0.1, 0.2, 1), arms(0.35, 0.2, 2)
	assert.InDelta(t, 0.1, share(small, lepton.ArmLearned), 0.01)
	assert.InDelta(t, 0.35, share(large, lepton.ArmLearned), 0.01)
	assert.InDelta(t, 0.2, share(small, lepton.ArmHoldout), 0.01)
	assert.Equal(t, small, arms(0.1, 0.2, 9), "a key keeps its arm, on every replica")
	for key := range small {
		if small[key] == lepton.ArmLearned {
			require.Equal(t, lepton.ArmLearned, large[key], "a larger canary only adds keys")
		}
		require.Equal(t, small[key] == lepton.ArmHoldout, large[key] == lepton.ArmHoldout, "the holdout is not touched")
	}
	t.Run("the holdout is the same in every mode, and never explored", func(t *testing.T) {
		for _, mode := range []Mode{Record, Shadow, Canary, Live} {
			s := start(t, func(o *Options[pool, float64]) {
				o.Mode, o.Policy, o.Canary, o.Holdout, o.Seed = mode, always(1), 0.1, 0.2, 4
				o.Key = func(s pool) uint64 { return s.key }
				o.Explore = Explore{Share: 1, MaxLoss: math.Inf(1)}
			})
			state := poolOf(2)
			for key := range uint64(500) {
				state.key = key
				d := decide(t, s, state)
				require.Equal(t, small[key] == lepton.ArmHoldout, d.Arm == lepton.ArmHoldout, "%v, key %d: %v", mode, key, d.Arm)
			}
		}
	})
}

func TestGuarantee09SameSeedSameDecisions(t *testing.T) {
	run := func(procs int) []string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		d := newDriver(t, 9)
		d.run(size(4000, 40_000))
		return d.log
	}
	want := run(1)
	require.Equal(t, want, run(1), "twice the same")
	require.Equal(t, want, run(2), "on two processors")
	other := newDriver(t, 10)
	other.run(4000)
	assert.NotEqual(t, want[:1000], other.log[:1000], "another seed differs, so that the test can fail")
}

func TestGuarantee12AFailingLearnerNeverStopsDecisions(t *testing.T) {
	learners := map[string]func(ctx context.Context) (lepton.Progress, error){
		"panics": func(context.Context) (lepton.Progress, error) { panic("learner") },
		"fails":  func(context.Context) (lepton.Progress, error) { return lepton.Progress{}, errors.New("no memory") },
		"hangs":  func(ctx context.Context) (lepton.Progress, error) { <-ctx.Done(); return lepton.Progress{}, ctx.Err() },
	}
	for name, step := range learners {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			var entered sync.Once
			inside := make(chan struct{})
			l := &store{step: func(ctx context.Context) (lepton.Progress, error) {
				entered.Do(func() { close(inside) })
				return step(ctx)
			}}
			if name == "panics" {
				l.observe = func(*lepton.Transition) { panic("observe") }
			}
			s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode, o.QueueLen = l, Live, 32 })
			before := s.Stats()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- s.Run(ctx) }()
			<-inside
			for range 1000 {
				require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
			}
			_, err := s.SetPolicy(always(2))
			require.NoError(t, err, "a policy can be put in place by hand")
			require.NoError(t, s.Rollback(before.Version), "and taken out")
			st := s.Stats()
			assert.Equal(t, before.Version, st.Version, "under the last good snapshot")
			assert.Equal(t, uint64(1000), st.Decisions)
			decide(t, s, poolOf(3))
			assert.Equal(t, uint64(1), s.Stats().PolicyAge, "its age is exposed")
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
			if name != "hangs" {
				assert.Positive(t, s.Stats().Faults[FaultLearner])
			}
		})
	}
}

func TestGuarantee13RestoreContinuesAsIfNeverStopped(t *testing.T) {
	source := rand.New(rand.NewPCG(13, 1))
	for range size(4, 30) {
		cut, seed := 500+source.IntN(5000), source.Uint64()
		t.Run(fmt.Sprintf("seed=%d/cut=%d", seed, cut), func(t *testing.T) {
			a := newDriver(t, seed)
			a.run(cut)
			var file bytes.Buffer
			require.NoError(t, a.s.Checkpoint(&file))
			var again bytes.Buffer
			require.NoError(t, a.s.Checkpoint(&again))
			require.Equal(t, file.Bytes(), again.Bytes(), "saving twice gives the same bytes")

			c := newClock()
			s, err := New(drivenOptions(c))
			require.NoError(t, err)
			require.NoError(t, s.Restore(bytes.NewReader(file.Bytes())))
			require.Equal(t, a.s.Stats(), s.Stats())
			var third bytes.Buffer
			require.NoError(t, s.Checkpoint(&third))
			require.Equal(t, file.Bytes(), third.Bytes(), "so does saving what was restored")

			b := a.twin(s, c)
			a.log = nil
			const moves = 15_500 // two of three make a decision
			a.run(moves)
			require.Greater(t, a.s.Stats().Decisions-s.Stats().Decisions, uint64(10_000))
			b.run(moves)
			require.Equal(t, a.log, b.log)
			require.Equal(t, a.s.Stats(), s.Stats())
			var last, lastOf bytes.Buffer
			require.NoError(t, a.s.Checkpoint(&last))
			require.NoError(t, s.Checkpoint(&lastOf))
			require.Equal(t, last.Bytes(), lastOf.Bytes(), "down to the last bit: learner, snapshots, streams, queue")
		})
	}
}

func TestGuarantee15NothingOutlivesRun(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, end := range []string{"ctx", "close"} {
		s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = newTally(), Live })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
		if end == "ctx" {
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
		} else {
			require.NoError(t, s.Close())
			require.NoError(t, <-ended)
		}
		cancel()
	}
}
