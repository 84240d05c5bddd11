package scheduler

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runIn starts Run in a synctest bubble and returns what it will return.
func runIn(ctx context.Context, s *Scheduler[pool, float64]) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	synctest.Wait()
	return ended
}

func TestRunWakesOnArrivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &store{}
		s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = l, Record })
		ctx, cancel := context.WithCancel(t.Context())
		ended := runIn(ctx, s)
		steps := l.updates
		for i := range 3 {
			time.Sleep(time.Hour)
			synctest.Wait()
			require.Equal(t, steps+uint64(i), l.updates, "it sleeps while nothing arrives")
			require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
			synctest.Wait()
			require.Len(t, l.got, i+1, "it wakes at once")
		}
		require.ErrorIs(t, s.Run(ctx), ErrRunning)
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestRunPausesLongerAfterEachError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var good atomic.Bool
		steps := make(chan time.Time, 100)
		l := &store{step: func(context.Context) (lepton.Progress, error) {
			steps <- time.Now()
			if good.Load() {
				return lepton.Progress{Idle: true}, nil
			}
			return lepton.Progress{}, errors.New("no")
		}}
		pauses := func() (list []time.Duration) {
			synctest.Wait()
			for last := <-steps; len(steps) > 0; {
				at := <-steps
				list = append(list, at.Sub(last))
				last = at
			}
			return list
		}
		s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = l, Record })
		ctx, cancel := context.WithCancel(t.Context())
		ended := runIn(ctx, s)
		time.Sleep(10 * time.Minute)
		got, ms := pauses(), time.Millisecond
		require.Equal(t, []time.Duration{10 * ms, 20 * ms, 40 * ms, 80 * ms}, got[:4])
		require.Equal(t, []time.Duration{time.Minute, time.Minute}, got[len(got)-2:], "up to a minute")

		good.Store(true)
		time.Sleep(time.Minute)
		require.Empty(t, pauses(), "one good step, and nothing more to do")
		good.Store(false)
		require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
		time.Sleep(25 * ms)
		require.Equal(t, []time.Duration{10 * ms}, pauses(), "a good step makes the pause short again")
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestRunSettlesWhatNobodyReports(t *testing.T) {
	for _, byDefault := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := &store{}
			s := start(t, func(o *Options[pool, float64]) {
				o.Learner, o.Mode, o.Clock, o.OpenFor = l, Record, time.Now, time.Hour
				if byDefault {
					o.DefaultOutcome = new(float64)
					*o.DefaultOutcome = -3
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			ended := runIn(ctx, s)
			id := decide(t, s, poolOf(3)).ID
			time.Sleep(time.Hour)
			synctest.Wait()
			require.Equal(t, 1, s.Stats().Open, "not before OpenFor")
			time.Sleep(time.Hour/4 + time.Second)
			synctest.Wait()
			require.Zero(t, s.Stats().Open, "and at most a quarter of it later")
			require.ErrorIs(t, s.Report(id, 1), ErrUnknownDecision)
			if byDefault {
				require.Len(t, l.got, 1)
				assert.Equal(t, -3.0, l.got[0].Reward)
				assert.Equal(t, uint64(1), s.Stats().Defaulted)
			} else {
				assert.Empty(t, l.got)
				assert.Equal(t, uint64(1), s.Stats().Expired)
			}
			cancel()
			<-ended
		})
	}
}

func TestRunEndsWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &store{step: func(context.Context) (lepton.Progress, error) { return lepton.Progress{}, errors.New("no") }}
		for _, learner := range []lepton.Learner{nil, newTally(), l} { // asleep for ever, until an arrival, in a pause
			s := start(t, func(o *Options[pool, float64]) { o.Learner = learner; o.Mode = Record })
			ended := runIn(t.Context(), s)
			require.NoError(t, s.Close())
			require.NoError(t, <-ended)
		}
	})
}

func TestOffRestsTheLearner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &store{}
		s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = l, Record })
		ctx, cancel := context.WithCancel(t.Context())
		ended := runIn(ctx, s)
		before := decide(t, s, poolOf(3)).ID
		s.SetMode(Off)
		synctest.Wait()
		steps, version := l.updates, s.Stats().Version
		require.NoError(t, s.Report(before, 1))
		require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
		synctest.Wait()
		require.Equal(t, steps, l.updates)
		require.Equal(t, version, s.Stats().Version)
		require.Equal(t, 1, s.Stats().Queued, "what was decided before the freeze waits")
		s.SetMode(Record)
		synctest.Wait()
		require.Len(t, l.got, 1)
		assert.Equal(t, before, l.got[0].ID)
		cancel()
		<-ended
	})
}
