package scheduler

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
