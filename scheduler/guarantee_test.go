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
	"sync/atomic"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// saboteur is a policy that fails in every way it can, one after another by a random stream.
type saboteur struct {
	calls    atomic.Uint64
	done     [nFaults]atomic.Uint64 // faults committed, by the cause they should be counted under
	overrun  func()                 // lets time pass
	withTime bool
}

func (s *saboteur) Probs(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	always(int(s.calls.Load()))(p, obs)
	best := 0
	for p[best] != 1 {
		best++
	}
	numbers := func() { s.done[FaultNumbers].Add(1) }
	switch rng.Mix(7, s.calls.Add(1)) % 12 {
	case 0:
		s.done[FaultPanic].Add(1)
		panic("sabotage")
	case 1:
		numbers()
		p[len(p)-1] = math.NaN()
	case 2:
		numbers()
		p[0] = math.Inf(1)
	case 3:
		numbers()
		p[0] = -0.5
	case 4:
		numbers()
		p[best] = 0.9
	case 5: // all on an action that is not legal, where there is one
		for i := range p {
			if !obs.Legal(i) {
				numbers()
				p[best], p[i] = 0, 1
				return
			}
		}
	case 6:
		if s.withTime {
			s.done[FaultBudget].Add(1)
			s.overrun()
		}
	case 7:
		numbers()
		clear(p)
	case 8:
		numbers()
		p[best] = math.MaxFloat64
	}
}

// masked returns a state of 1 to 8 workers, some of which are not legal, at least one of which is.
func masked(i uint64) pool {
	bits := rng.Mix(99, i)
	p := poolOf(1 + int(bits%8))
	for j := range p.workers {
		p.workers[j].illegal = bits>>(8+j)&1 == 1
	}
	p.workers[bits>>32%uint64(len(p.workers))].illegal = false
	p.key = bits >> 40
	return p
}

func TestGuarantee01DecideAlwaysAnswersWithALegalAction(t *testing.T) {
	n := size(100_000, 1_000_000)
	t.Run("each fault counted under its cause", func(t *testing.T) {
		c := newClock()
		bad := &saboteur{withTime: true, overrun: func() { c.advance(time.Second) }}
		s := start(t, func(o *Options[pool, float64]) {
			o.Policy, o.Mode, o.Clock, o.Budget, o.BreakAfter = bad, Live, c.now, time.Millisecond, math.MaxInt32
		})
		for i := range n {
			state := masked(uint64(i))
			d := decide(t, s, state)
			if state.workers[d.Action].illegal || d.ActionID != state.workers[d.Action].id || !(d.Propensity > 0 && d.Propensity <= 1) {
				t.Fatalf("decision %d: %+v", i, d)
			}
			if err := s.Report(d.ID, 1); err != nil {
				t.Fatal(err)
			}
		}
		st := s.Stats()
		sum := uint64(0)
		for _, cause := range []FaultCause{FaultPanic, FaultNumbers, FaultBudget} {
			assert.Equal(t, bad.done[cause].Load(), st.Faults[cause], "%v", cause)
			assert.Greater(t, st.Faults[cause], uint64(n/20), "%v was tried", cause)
			sum += st.Faults[cause]
		}
		assert.Equal(t, sum, st.ByArm[lepton.ArmGuarded], "each was answered by the incumbent")
		requireAddsUp(t, st)
	})
	t.Run("from many goroutines, with the breaker", func(t *testing.T) {
		bad := &saboteur{}
		s := start(t, func(o *Options[pool, float64]) {
			o.Policy, o.Mode, o.BreakAfter, o.BreakFor = bad, Live, 3, 20
		})
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range n / 4 {
					state := masked(uint64(g*n + i))
					d, err := s.Decide(state)
					if err != nil || state.workers[d.Action].illegal {
						t.Errorf("decision %d: %+v %v", i, d, err)
						return
					}
				}
			})
		}
		wg.Wait()
		st := s.Stats()
		assert.Equal(t, uint64(n/4*4), st.Decisions)
		assert.Positive(t, st.Trips)
		requireAddsUp(t, st)
	})
	t.Run("only no legal action is an error", func(t *testing.T) {
		s := start(t, nil)
		_, err := s.Decide(pool{})
		require.ErrorIs(t, err, ErrNoLegalAction)
		state := poolOf(3)
		for i := range state.workers {
			state.workers[i].illegal = true
		}
		_, err = s.Decide(state)
		require.ErrorIs(t, err, ErrNoLegalAction)
		assert.Equal(t, uint64(2), s.Stats().NoAction)
		assert.Zero(t, s.Stats().Decisions)
	})
}

// replicas is the state of an autoscaler whose bounds are its mask: at most 10 replicas, at most 2 steps
// at once, none during a cool-down.
type replicas struct{ now, cooldown int }

const mostReplicas = 10

func (r replicas) allows(n int) bool {
	return n >= 1 && n <= mostReplicas && (n == r.now || r.cooldown == 0 && n >= r.now-2 && n <= r.now+2)
}

type replicaSpace struct{}

func (replicaSpace) ActionSpec() (n, dim int) { return mostReplicas + 4, 1 }
func (replicaSpace) Offer(set lepton.ActionSet, s replicas) {
	for n := range mostReplicas + 4 { // some lie above the bound
		set.Add(uint64(n), s.allows(n))[0] = float64(n)
	}
}
func (replicaSpace) StateDim() int { return 1 }
func (replicaSpace) AppendState(dst []float64, s replicas) []float64 {
	return append(dst, float64(s.now))
}

func TestGuarantee02BoundsHoldWhateverThePolicySays(t *testing.T) {
	source := rand.New(rand.NewPCG(2, 2))
	hostile := policyFunc(func(p []float64, _ *lepton.Observation) {
		clear(p)
		switch source.IntN(4) {
		case 0: // sure of an arbitrary action
			p[source.IntN(len(p))] = 1
		case 1: // all over the place
			for i := range p {
				p[i] = 1 / float64(len(p))
			}
		case 2: // right but for a crumb
			p[source.IntN(len(p))] = 1 - 1e-9
			p[source.IntN(len(p))] += 1e-9
		case 3: // bits
			for i := range p {
				p[i] = math.Float64frombits(source.Uint64())
			}
		}
	})
	s, err := New(Options[replicas, float64]{
		Encoder: replicaSpace{}, Actions: replicaSpace{}, Policy: hostile, Mode: Live, BreakAfter: math.MaxInt32,
		Explore: Explore{Share: 0.1, MaxLoss: math.Inf(1)},
	})
	require.NoError(t, err)
	state := replicas{now: 3}
	for i := range size(100_000, 1_000_000) {
		d, err := s.Decide(state)
		if err != nil || !state.allows(d.Action) {
			t.Fatalf("decision %d in %+v: %+v, %v", i, state, d, err)
		}
		if state.cooldown = max(state.cooldown-1, 0); d.Action != state.now {
			state = replicas{now: d.Action, cooldown: 3}
		}
	}
	st := s.Stats()
	assert.Positive(t, st.ByArm[lepton.ArmLearned], "some answers were usable")
	assert.Positive(t, st.ByArm[lepton.ArmExplored])
}

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
