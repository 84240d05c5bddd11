package main

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/leptonsched/lepton"
)

// This file is what a dispatcher needs beside deciding: restarts, a goroutine that learns, outcomes in
// parts, decisions that are linked.

// snippet: restart

// restart is the end of one process and the beginning of the next. A real dispatcher writes the
// checkpoint to a file, now and then and when it stops.
func (d *Dispatcher) restart() error {
	var file bytes.Buffer
	if err := errors.Join(d.sched.Checkpoint(&file), d.sched.Close()); err != nil {
		return err
	}
	next, err := newScheduler(d.seed, d.world.Clock)
	if err != nil {
		return err
	}
	if err := next.Restore(&file); err != nil {
		return err
	}
	d.sched = next
	return nil
}

// end snippet

// snippet: run

// learnInBackground trains until stop is called, in the one goroutine that the library needs.
func learnInBackground(s *Scheduler) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() error {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}

// end snippet

// snippet: accrue

// started reports the first part of an outcome, when a worker begins the job; the decision stays open.
func started(s *Scheduler, id lepton.DecisionID, waited time.Duration) error {
	return s.Accrue(id, Took{Waited: waited})
}

// finished reports the rest of it and settles the decision.
func finished(s *Scheduler, id lepton.DecisionID, ran time.Duration) error {
	return s.Report(id, Took{Ran: ran})
}

// end snippet

// snippet: episode

// dispatchLinked makes one decision in a stream of them: each is credited with its own outcome, and
// with those of the decisions after it, discounted by half for every minute that lies between.
func dispatchLinked(s *Scheduler, stream uint64, pool *Pool) (lepton.Decision, error) {
	episode, err := s.Episode(lepton.CreditOptions{ID: stream, Gamma: 0.5, Unit: time.Minute})
	if err != nil {
		return lepton.Decision{}, err
	}
	return episode.Decide(pool)
}

// endOfShift ends the stream where nothing that comes later is due to it.
func endOfShift(s *Scheduler, stream uint64) error {
	episode, err := s.Episode(lepton.CreditOptions{ID: stream, Gamma: 0.5, Unit: time.Minute})
	if err != nil {
		return err
	}
	return episode.End()
}

// end snippet
