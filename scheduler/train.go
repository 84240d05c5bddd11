package scheduler

import (
	"context"
	"fmt"
	"time"

	"github.com/leptonsched/lepton"
)

// Train settles what has been open for too long, gives the learner every finished transition that
// waits, lets it do one bounded step, and publishes its new snapshot if the gate admits it. It is
// synchronous: the same calls in the same order repeat bit for bit. One Train runs at a time; others
// wait for it. Decisions never do. In mode Off the learner rests: finished transitions wait in the queue.
//
// The errors are ctx's, ErrLearner (wrapped around what the learner said; decisions go on under the
// last good snapshot), ErrPolicy (the gate's reason) and ErrClosed.
func (s *Scheduler[S, O]) Train(ctx context.Context) (lepton.Progress, error) {
	s.train.Lock()
	defer s.train.Unlock()
	if s.isClosed() {
		return lepton.Progress{}, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return lepton.Progress{}, err
	}
	s.sweep()
	if s.opt.Learner == nil || Mode(s.mode.Load()) == Off {
		return lepton.Progress{Idle: true}, nil
	}
	var failed error
	for range len(s.queue.cells) { // no more than were waiting: reporters may be as fast as we are
		if !s.queue.pop(func(r *record) { r.transition(&s.transition, s.opt.Instance) }) {
			break
		}
		s.remember(&s.transition.Obs)
		if err := s.teach(&s.transition); err != nil {
			failed = err
		}
	}
	progress, err := s.step(ctx)
	if err != nil {
		return progress, err
	}
	if failed != nil {
		return progress, failed
	}
	return progress, s.follow(progress)
}

// follow offers the learner's snapshot if there is a new one, and nobody chose another by hand.
func (s *Scheduler[S, O]) follow(progress lepton.Progress) error {
	if progress.Updates == s.updates {
		return nil
	}
	snapshot, err := s.learnerPolicy()
	if err != nil {
		return err
	}
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if s.pinned {
		return nil
	}
	s.updates = progress.Updates
	_, err = s.offerPolicy(snapshot)
	return err
}

// remember keeps obs for the gate.
func (s *Scheduler[S, O]) remember(obs *lepton.Observation) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.probes.add(obs)
}

// teach gives the learner one transition, containing a panic.
func (s *Scheduler[S, O]) teach(t *lepton.Transition) (err error) {
	defer s.containLearner(&err)
	s.opt.Learner.Observe(t)
	s.count.learned.Add(1)
	return nil
}

// step lets the learner train once, containing a panic.
func (s *Scheduler[S, O]) step(ctx context.Context) (progress lepton.Progress, err error) {
	defer s.containLearner(&err)
	progress, err = s.opt.Learner.Step(ctx)
	if err != nil && ctx.Err() == nil {
		s.fault(FaultLearner, err)
		err = fmt.Errorf("%w: %w", ErrLearner, err)
	}
	return progress, err
}

func (s *Scheduler[S, O]) learnerPolicy() (p lepton.Policy, err error) {
	defer s.containLearner(&err)
	if p = s.opt.Learner.Policy(); p == nil {
		return nil, fmt.Errorf("%w: it has no policy", ErrLearner)
	}
	return p, nil
}

func (s *Scheduler[S, O]) containLearner(err *error) {
	if detail := recover(); detail != nil {
		s.fault(FaultLearner, detail)
		*err = fmt.Errorf("%w: panic: %v", ErrLearner, detail)
	}
}

// Run trains whenever there is something to learn, until ctx ends or the scheduler is closed, and
// starts no goroutine of its own: call it with go. It returns ctx's error, nil after Close, or
// ErrRunning. Errors of the learner and refusals of the gate are counted and logged, and training goes
// on after a pause that doubles up to a minute.
func (s *Scheduler[S, O]) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer s.running.Store(false)
	const shortest, longest = 10 * time.Millisecond, time.Minute
	pause := shortest
	for {
		progress, err := s.Train(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.isClosed():
			return nil
		case err != nil:
			if err := s.wait(ctx, pause, false); err != nil {
				return err
			}
			pause = min(2*pause, longest)
			continue
		}
		pause = shortest
		if progress.Idle {
			if err := s.wait(ctx, s.opt.OpenFor/4, true); err != nil {
				return err
			}
		}
	}
}

// wait returns after d (0: never), or sooner if the queue fills and wake is set, if ctx ends, or if the
// scheduler is closed, which Run then sees.
func (s *Scheduler[S, O]) wait(ctx context.Context, d time.Duration, wake bool) error {
	var expired <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		expired = timer.C
	}
	arrived := s.arrived
	if !wake {
		arrived = nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
	case <-arrived:
	case <-expired:
	}
	return nil
}
