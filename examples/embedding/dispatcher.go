package main

import (
	"context"
	"errors"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/scheduler"
)

// snippet: scheduler

// Scheduler is the library as this program uses it: it decides on pools and is told times.
type Scheduler = scheduler.Scheduler[*Pool, Took]

// newScheduler wires the parts of adapt.go together. It begins in Record.
func newScheduler(seed uint64, clock func() time.Time) (*Scheduler, error) {
	encoder, err := newEncoder()
	if err != nil {
		return nil, err
	}
	actions, err := newActions()
	if err != nil {
		return nil, err
	}
	learner, err := newLearner(encoder, actions)
	if err != nil {
		return nil, err
	}
	return scheduler.New(scheduler.Options[*Pool, Took]{
		Encoder:   encoder,
		Actions:   actions,
		Reward:    cost,
		Learner:   learner,
		Incumbent: policy.Incumbent(shortest),

		Mode:    scheduler.Record,
		Explore: scheduler.Explore{Share: 0.1, MaxLoss: 3},
		Canary:  0.2,
		Holdout: 0.2,
		Key:     func(p *Pool) uint64 { return uint64(p.Now / (5 * time.Minute)) },

		Seed:    seed,
		Clock:   clock,
		OpenFor: 24 * time.Hour,
	})
}

// end snippet

// Dispatcher sends the jobs of a world to its workers.
type Dispatcher struct {
	world      *World
	sched      *Scheduler
	seed       uint64
	turnedAway int // jobs that came when every worker was full
}

// snippet: dispatch

// dispatch waits for the next job and hands it to a worker. It returns the jobs that were finished
// before that one came, their outcomes reported.
func (d *Dispatcher) dispatch() ([]Done, error) {
	pool, done := d.world.Next()
	for _, x := range done {
		if err := d.sched.Report(x.Job.Decision.ID, x.Took); err != nil {
			return nil, err
		}
	}
	for {
		choice, err := d.sched.Decide(pool)
		if errors.Is(err, scheduler.ErrNoLegalAction) {
			d.turnedAway++ // every worker is full
			return done, nil
		}
		if err != nil {
			return nil, err
		}
		if d.world.Assign(choice.Action, choice) {
			return done, nil
		}
		// The worker would not take the job. That is no outcome: take the decision back, and decide
		// anew, now that this worker is no longer legal.
		if err := d.sched.Cancel(choice.ID); err != nil {
			return nil, err
		}
	}
}

// end snippet

// trainEvery is how many jobs pass between two calls of Train; the learner takes one step a call.
const trainEvery = 64

// run dispatches so many jobs and trains along the way. It returns how those fared that both arrived
// and were finished meanwhile, by who decided on them.
func (d *Dispatcher) run(ctx context.Context, jobs int) (ByArm, error) {
	var arms ByArm
	began := d.world.pool.Now
	for i := range jobs {
		done, err := d.dispatch()
		if err != nil {
			return arms, err
		}
		for _, x := range done {
			if x.Job.Arrived > began {
				arms.add(x)
			}
		}
		if i%trainEvery == trainEvery-1 {
			if _, err := d.sched.Train(ctx); err != nil {
				return arms, err
			}
		}
	}
	return arms, nil
}

// ByArm sums up jobs by who decided on them.
type ByArm [5]struct {
	jobs  int
	total time.Duration // from arrival to end
}

func (b *ByArm) add(x Done) {
	arm := &b[x.Job.Decision.Arm]
	arm.jobs++
	arm.total += x.Took.Waited + x.Took.Ran
}

// mean returns the mean seconds from arrival to end of the jobs of some arms, NaN where there are none.
func (b *ByArm) mean(arms ...lepton.Arm) float64 {
	jobs, total := 0, time.Duration(0)
	for _, arm := range arms {
		jobs += b[arm].jobs
		total += b[arm].total
	}
	return total.Seconds() / float64(jobs)
}
