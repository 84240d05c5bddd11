package main

import (
	"context"
	"time"

	"github.com/leptonsched/lepton"
)

// live takes a new dispatcher through all stages, and its yardsticks through the same jobs.
func live(seed uint64, jobs int) (Findings, error) {
	world := NewWorld(seed)
	sched, err := newScheduler(seed, world.Clock)
	if err != nil {
		return Findings{}, err
	}
	d := &Dispatcher{world: world, sched: sched, seed: seed}
	f, err := d.bringUp(context.Background(), jobs)
	if err != nil {
		return f, err
	}
	before := jobs + jobs/4 + jobs
	f.Incumbent = alone(seed, shortest, before, jobs)
	f.Insider = alone(seed, insider, before, jobs)
	return f, d.sched.Close()
}

// insider scores a worker by how soon it would have done the job. It knows how fast each class is for
// each kind, which no policy is told; nobody knows how much work is in a job.
func insider(p *Pool, worker int) float64 {
	w := p.Workers[worker]
	const typical = 6 * time.Second // of a job that waits there
	own := slowness(w.Class, p.Job.Kind) * work[p.Job.Kind].Seconds()
	return -(float64(w.Waiting)*typical.Seconds() + own)
}

// alone returns the mean seconds from arrival to end in a world where the best score always decides, of
// the jobs that arrive after the first so many.
func alone(seed uint64, score func(p *Pool, worker int) float64, first, jobs int) float64 {
	world := NewWorld(seed)
	var arms ByArm
	began := time.Duration(0)
	for i := range first + jobs {
		pool, done := world.Next()
		for _, x := range done {
			if i > first && x.Job.Arrived >= began {
				arms.add(x)
			}
		}
		if i == first {
			began = pool.Now
		}
		for !world.Assign(highest(pool, score), lepton.Decision{}) {
			// It will not take the job: the next best.
		}
	}
	return arms.mean(lepton.ArmIncumbent)
}

// highest returns the worker with the highest score, the first on a tie, among those that may be chosen.
func highest(p *Pool, score func(p *Pool, worker int) float64) int {
	at := 0
	for i := range p.Workers {
		if p.Workers[i].Refused {
			continue
		}
		if p.Workers[at].Refused || score(p, i) > score(p, at) {
			at = i
		}
	}
	return at
}
