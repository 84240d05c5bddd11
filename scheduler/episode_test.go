package scheduler

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// learned starts a scheduler that records, on a clock, and returns its learner too.
func learned(t *testing.T, change func(o *Options[pool, float64])) (*Scheduler[pool, float64], *store, *clock) {
	l, c := &store{needs: lepton.Needs{Others: 8}}, newClock()
	s := start(t, func(o *Options[pool, float64]) {
		o.Learner, o.Mode, o.Clock = l, Record, c.now
		if change != nil {
			change(o)
		}
	})
	return s, l, c
}

// Irregular times by hand: γ 0.81 per 10 s, so that γ^(5/10) = 0.9 and γ^(20/10) = 0.6561.
func TestEpisodeDiscountsByElapsedTime(t *testing.T) {
	s, l, c := learned(t, nil)
	ep, err := s.Episode(lepton.CreditOptions{ID: 7, Agent: 2, Gamma: 0.81, Unit: 10 * time.Second})
	require.NoError(t, err)
	a, err := ep.Decide(workersOf(1, 2))
	require.NoError(t, err)
	c.advance(5 * time.Second)
	require.NoError(t, s.Accrue(a.ID, 10), "ten, half a unit later: worth nine")
	b, err := ep.Decide(workersOf(3, 4, 5))
	require.NoError(t, err)
	require.NoError(t, s.Report(b.ID, 7))
	c.advance(20 * time.Second)
	last, err := ep.Decide(workersOf(6))
	require.NoError(t, err)
	c.advance(time.Second)
	require.NoError(t, s.Report(a.ID, 1), "the last word is not discounted")
	require.NoError(t, s.Report(last.ID, 0.5))
	require.NoError(t, ep.End())
	train(t, s)

	require.Len(t, l.got, 3)
	byID := map[lepton.DecisionID]lepton.Transition{}
	for _, tr := range l.got {
		byID[tr.ID] = tr
		assert.Equal(t, uint64(7), tr.Episode)
		assert.Equal(t, uint32(2), tr.Agent)
	}
	for _, want := range []struct {
		id               lepton.DecisionID
		step             int
		reward, discount float64
		elapsed          time.Duration
		last             bool
		next             uint64 // ID of the action taken next
		nextLen          int
	}{
		{a.ID, 0, 10, 0.9, 5 * time.Second, false, 3, 3},
		{b.ID, 1, 7, 0.6561, 20 * time.Second, false, 6, 1},
		{last.ID, 2, 0.5, 0, time.Second, true, 0, 0},
	} {
		got := byID[want.id]
		assert.Equal(t, want.step, got.Step)
		assert.InDelta(t, want.reward, got.Reward, 1e-12)
		assert.InDelta(t, want.discount, got.Discount, 1e-12)
		assert.Equal(t, want.elapsed, got.Elapsed)
		assert.Equal(t, want.last, got.Last)
		require.Equal(t, want.nextLen, got.Next.Len())
		if want.nextLen > 0 {
			assert.Equal(t, want.next, got.Next.ID(got.NextAction))
		} else {
			assert.Equal(t, -1, got.NextAction)
		}
	}
}

func TestEpisodeCutKeepsTheValueAhead(t *testing.T) {
	s, l, _ := learned(t, nil)
	ep, err := s.Episode(lepton.CreditOptions{Gamma: 0.5})
	require.NoError(t, err)
	d, err := ep.Decide(workersOf(1))
	require.NoError(t, err)
	require.NoError(t, ep.Cut(workersOf(8, 9)))
	require.NoError(t, s.Report(d.ID, 1), "the outcome may come after the cut")
	train(t, s)
	require.Len(t, l.got, 1)
	got := l.got[0]
	assert.True(t, got.Last)
	assert.Equal(t, 0.5, got.Discount, "cut, not ended")
	assert.Equal(t, -1, got.NextAction)
	assert.Equal(t, 2, got.Next.Len())
}

// Shaping leaves the best policy as it is (Ng, Harada & Russell 1999): with γ 1 the shaped rewards of
// an episode sum to the plain ones less the potential of the start, whatever happened between.
func TestShapingTelescopes(t *testing.T) {
	s, l, _ := learned(t, nil)
	ep, err := s.Episode(lepton.CreditOptions{Gamma: 1, Potential: func(obs *lepton.Observation) float64 { return math.Pi * float64(obs.Len()) }})
	require.NoError(t, err)
	for n := 1; n < 6; n++ {
		d, err := ep.Decide(poolOf(n))
		require.NoError(t, err)
		require.NoError(t, s.Report(d.ID, float64(n)))
	}
	require.NoError(t, ep.End())
	train(t, s)
	sum := 0.0
	for _, tr := range l.got {
		sum += tr.Reward
	}
	assert.InDelta(t, 1+2+3+4+5-math.Pi, sum, 1e-12)
}

func TestCancelledInTheMiddleCutsTheChain(t *testing.T) {
	s, l, _ := learned(t, nil)
	ep, err := s.Episode(lepton.CreditOptions{Gamma: 1})
	require.NoError(t, err)
	var ids []lepton.DecisionID
	for n := range uint64(4) {
		d, err := ep.Decide(workersOf(10 + n))
		require.NoError(t, err)
		ids = append(ids, d.ID)
		if n == 1 {
			require.NoError(t, s.Cancel(d.ID))
		} else {
			require.NoError(t, s.Report(d.ID, float64(n)))
		}
	}
	require.NoError(t, ep.End())
	train(t, s)
	require.Len(t, l.got, 3)
	assert.Equal(t, []lepton.DecisionID{ids[0], ids[2], ids[3]}, []lepton.DecisionID{l.got[0].ID, l.got[1].ID, l.got[2].ID})
	assert.Equal(t, uint64(11), l.got[0].Next.ID(0), "the first was followed by the cancelled one")
	assert.Equal(t, 2, l.got[1].Step)
	assert.Equal(t, uint64(1), s.Stats().Unlinked)
	requireAddsUp(t, s.Stats())
}

// A settled decision that waits for its successor is not open any more, and losing it is no eviction.
func TestWaitingDecisionsAreCountedOnce(t *testing.T) {
	s, l, c := learned(t, func(o *Options[pool, float64]) { o.MaxOpen, o.OpenFor = 2, time.Minute })
	ep, err := s.Episode(lepton.CreditOptions{Gamma: 1})
	require.NoError(t, err)
	wait := func() lepton.DecisionID {
		d, err := ep.Decide(poolOf(2))
		require.NoError(t, err)
		require.NoError(t, s.Report(d.ID, 1))
		return d.ID
	}
	id := wait()
	st := s.Stats()
	assert.Equal(t, []int{0, 1}, []int{st.Open, st.Waiting})
	require.ErrorIs(t, s.Report(id, 1), ErrUnknownDecision)
	require.ErrorIs(t, s.Cancel(id), ErrUnknownDecision)
	for range 2 {
		decide(t, s, poolOf(2))
	}
	st = s.Stats()
	assert.Equal(t, []uint64{1, 0, 1}, []uint64{st.Settled, st.Evicted, st.LinkDropped}, "it made room")
	requireAddsUp(t, st)

	wait()
	c.advance(time.Minute + 1)
	train(t, s)
	assert.Equal(t, 1, s.Stats().Waiting, "it has twice as long as an open one")
	c.advance(time.Minute + 1)
	train(t, s)
	st = s.Stats()
	assert.Zero(t, st.Waiting)
	assert.Equal(t, uint64(2), st.LinkDropped)
	assert.Empty(t, l.got)
	requireAddsUp(t, st)
}

func TestEpisodeGoesOnAfterRestore(t *testing.T) {
	a := newDriver(t, 1)
	credit := lepton.CreditOptions{ID: 42, Gamma: 0.9}
	ep, err := a.s.Episode(credit)
	require.NoError(t, err)
	d, err := ep.Decide(poolOf(2))
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, a.s.Checkpoint(&file))
	s, err := New(drivenOptions(newClock()))
	require.NoError(t, err)
	require.NoError(t, s.Restore(&file))
	again, err := s.Episode(credit)
	require.NoError(t, err)
	require.NoError(t, s.Report(d.ID, 1))
	next, err := again.Decide(poolOf(2))
	require.NoError(t, err)
	require.NoError(t, s.Report(next.ID, 1))
	require.NoError(t, again.End())
	train(t, s)
	st := s.Stats()
	assert.Zero(t, st.Unlinked)
	assert.Equal(t, uint64(2), st.Learned)
}
