package main

import (
	"context"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/scheduler"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRestartChangesNothing(t *testing.T) {
	ctx := context.Background()
	straight, restarted := dispatcherFor(t, 5), dispatcherFor(t, 5)
	for _, d := range []*Dispatcher{straight, restarted} {
		_, err := d.run(ctx, 500)
		require.NoError(t, err)
		d.sched.SetMode(scheduler.Live)
	}
	require.NoError(t, restarted.restart())
	want, err := straight.run(ctx, 1000)
	require.NoError(t, err)
	got, err := restarted.run(ctx, 1000)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestLearnInBackground(t *testing.T) {
	fixed := func() time.Time { return time.Unix(0, 0) } // the world's clock is not for two goroutines
	sched, err := newScheduler(1, fixed)
	require.NoError(t, err)
	d := &Dispatcher{world: NewWorld(1), sched: sched}
	stop := learnInBackground(sched)
	for range 500 {
		_, err := d.dispatch()
		require.NoError(t, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for sched.Stats().Learned < 400 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, stop())
	assert.GreaterOrEqual(t, sched.Stats().Learned, uint64(400))
}

// keeper is a learner that keeps the rewards that it is given.
type keeper struct {
	lepton.Learner
	rewards, discounts []float64
}

func (k *keeper) Observe(tr *lepton.Transition) {
	k.rewards = append(k.rewards, tr.Reward)
	k.discounts = append(k.discounts, tr.Discount)
	k.Learner.Observe(tr)
}

func keeping(t *testing.T, clock func() time.Time) (*Scheduler, *keeper) {
	t.Helper()
	encoder, err := newEncoder()
	require.NoError(t, err)
	actions, err := newActions()
	require.NoError(t, err)
	learner, err := newLearner(encoder, actions)
	require.NoError(t, err)
	k := &keeper{Learner: learner}
	s, err := scheduler.New(scheduler.Options[*Pool, Took]{
		Encoder: encoder, Actions: actions, Reward: cost, Learner: k, Mode: scheduler.Record, Clock: clock,
	})
	require.NoError(t, err)
	return s, k
}

func TestPartsAddUp(t *testing.T) {
	s, k := keeping(t, nil)
	d, err := s.Decide(pools()[0])
	require.NoError(t, err)
	require.NoError(t, started(s, d.ID, 3*time.Second))
	require.NoError(t, finished(s, d.ID, 4*time.Second))
	assert.ErrorIs(t, finished(s, d.ID, 4*time.Second), scheduler.ErrUnknownDecision)
	_, err = s.Train(context.Background())
	require.NoError(t, err)
	assert.Equal(t, []float64{-7}, k.rewards)
	assert.Equal(t, []float64{0}, k.discounts)
}

func TestLinkedDecisions(t *testing.T) {
	now := time.Unix(0, 0)
	s, k := keeping(t, func() time.Time { return now })
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 0} {
		d, err := dispatchLinked(s, 7, pools()[1])
		require.NoError(t, err)
		require.NoError(t, s.Report(d.ID, Took{Ran: time.Second}))
		now = now.Add(wait)
	}
	require.NoError(t, endOfShift(s, 7))
	_, err := s.Train(context.Background())
	require.NoError(t, err)
	assert.Equal(t, []float64{-1, -1, -1}, k.rewards)
	assert.Equal(t, []float64{0.5, 0.25, 0}, k.discounts)
}
