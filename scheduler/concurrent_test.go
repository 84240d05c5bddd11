package scheduler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/require"
)

// atomicClock is a clock that many goroutines read and move.
type atomicClock struct{ nanos atomic.Int64 }

func (c *atomicClock) now() time.Time { return time.Unix(1_000_000, c.nanos.Add(1)) }

// Eight deciders, four reporters and a trainer, while everything else is called as well; at the end each
// decision is accounted for.
func TestEverythingAtOnceAddsUp(t *testing.T) {
	for _, maxOpen := range []int{1, 2, 7, 4096} {
		t.Run(fmt.Sprintf("MaxOpen=%d", maxOpen), func(t *testing.T) { everythingAtOnce(t, maxOpen) })
	}
}

func everythingAtOnce(t *testing.T, maxOpen int) {
	const deciders, reporters = 8, 4
	each := size(1500, 50_000)
	var c atomicClock
	var events [8]atomic.Uint64
	l := newTally()
	s := start(t, func(o *Options[pool, float64]) {
		o.Learner, o.Mode, o.MaxOpen, o.MaxRanked, o.QueueLen = l, Live, maxOpen, 4, 64
		o.Holdout, o.Explore = 0.1, Explore{Share: 0.1, MaxLoss: 1}
		o.Clock, o.OpenFor, o.DefaultOutcome = c.now, 20*time.Microsecond, new(float64)
		o.Journal = countingJournal{&events}
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()

	ids := make(chan lepton.DecisionID, 64)
	var deciding, reporting, watching sync.WaitGroup
	expect := func(err error, allowed ...error) {
		for _, ok := range allowed {
			if errors.Is(err, ok) {
				return
			}
		}
		if err != nil {
			t.Errorf("unexpected: %v", err)
		}
	}
	for g := range deciders {
		deciding.Go(func() {
			state := poolOf(12)
			scores := make([]float64, 12)
			ep, err := s.Episode(lepton.CreditOptions{ID: uint64(g%2) * uint64(g), Gamma: 0.9})
			expect(err)
			for i := range each {
				var d lepton.Decision
				var err error
				switch i % 8 {
				case 0:
					if d, err = s.Rank(state, scores); err == nil {
						expect(s.Chose(d.ID, i%12, 1), ErrUnknownDecision)
					}
				case 1:
					d, err = s.Record(state, i%12, 0.5)
				case 2, 3:
					d, err = ep.Decide(state)
				case 4:
					d, err = s.Decide(state)
					expect(s.Cancel(d.ID), ErrUnknownDecision)
				default:
					d, err = s.Decide(state)
				}
				expect(err)
				ids <- d.ID
			}
			expect(ep.End())
		})
	}
	for range reporters {
		reporting.Go(func() {
			n := 0
			for id := range ids {
				if n++; n%5 == 0 {
					expect(s.Accrue(id, 1), ErrUnknownDecision, ErrNotChosen)
				}
				if n%7 != 0 { // some are never reported
					expect(s.Report(id, 1), ErrUnknownDecision, ErrNotChosen)
				}
			}
		})
	}
	stop := make(chan struct{})
	watch := func(f func(i int)) {
		watching.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					f(i)
				}
			}
		})
	}
	watch(func(i int) { s.SetMode(Mode(1 + i%4)); s.Stats(); time.Sleep(time.Microsecond) })
	watch(func(int) {
		version, err := s.SetPolicy(&tallyPolicy{})
		expect(err)
		expect(s.Rollback(version), ErrVersion)
		s.Follow()
		time.Sleep(time.Microsecond)
	})
	var recent []Event
	watch(func(int) { recent = s.Recent(recent[:0]); time.Sleep(time.Microsecond) })
	checkpoints := 0
	watch(func(int) { checkpoints++; checkReadable(t, s, maxOpen) })

	deciding.Wait()
	close(ids)
	reporting.Wait()
	close(stop)
	watching.Wait()
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)

	st := s.Stats()
	requireAddsUp(t, st)
	require.Equal(t, uint64(deciders*each), st.Decisions)
	require.Positive(t, checkpoints)
	for kind, want := range map[EventKind]uint64{
		Decided: st.Decisions, Settled: st.Settled, Defaulted: st.Defaulted, Cancelled: st.Cancelled, Evicted: st.Evicted, Expired: st.Expired,
	} {
		require.Equal(t, want, events[kind].Load(), "events %v", kind)
	}
	seen := map[lepton.DecisionID]bool{}
	for _, id := range l.observed {
		require.False(t, seen[id], "decision %v was learned twice", id)
		seen[id] = true
	}
	require.Equal(t, st.Learned, uint64(len(l.observed)))
}

type countingJournal struct{ events *[8]atomic.Uint64 }

func (j countingJournal) Append(e *Event) { j.events[e.Kind].Add(1) }

// checkReadable takes a checkpoint and demands that another scheduler can go on from it, with each
// decision in one place.
func checkReadable(t *testing.T, s *Scheduler[pool, float64], maxOpen int) {
	var file bytes.Buffer
	if err := s.Checkpoint(&file); err != nil {
		t.Errorf("checkpoint: %v", err)
		return
	}
	var c atomicClock
	twin, err := New(with(func(o *Options[pool, float64]) {
		o.Learner, o.MaxOpen, o.MaxRanked, o.QueueLen, o.Clock = newTally(), maxOpen, 4, 64, c.now
	}))
	if err == nil {
		err = twin.Restore(&file)
	}
	if err != nil {
		t.Errorf("restore: %v", err)
		return
	}
	open := map[uint64]bool{}
	twin.ledger.each(func(r *record) { open[r.seq] = true; twin.ledger.publish(r) })
	twin.queue.each(func(r *record) {
		if open[r.seq] {
			t.Errorf("decision %d is open and finished", r.seq)
		}
	})
	if err := twin.Checkpoint(io.Discard); err != nil {
		t.Errorf("checkpoint of the restored: %v", err)
	}
}

// A policy that hangs holds up its own decision alone.
func TestPolicyThatHangsHoldsNothingElseUp(t *testing.T) {
	inside, let := make(chan struct{}), make(chan struct{})
	var once sync.Once
	hang := policyFunc(func(p []float64, obs *lepton.Observation) {
		first := false
		once.Do(func() { first = true })
		if first {
			close(inside)
			<-let
		}
		always(1)(p, obs)
	})
	c := newClock()
	s := start(t, func(o *Options[pool, float64]) {
		o.Policy, o.Mode, o.Clock, o.OpenFor, o.MaxOpen = hang, Live, c.now, time.Minute, 2
	})
	ended := make(chan lepton.DecisionID)
	go func() {
		d, err := s.Decide(poolOf(3))
		if err != nil {
			t.Error(err)
		}
		ended <- d.ID
	}()
	<-inside
	for range 5 {
		require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
	}
	train(t, s)
	require.Len(t, s.Recent(nil), 2)
	close(let)
	require.NoError(t, s.Report(<-ended, 1))
	requireAddsUp(t, s.Stats())
}
