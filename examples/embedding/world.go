package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/leptonsched/lepton"
)

// This file is the system that is there already: jobs arrive, a dispatcher hands each of them to one
// worker of a pool at once, and every worker does its jobs in order. It is simulated, on a clock of its
// own, and it knows nothing of learning; the one addition is that a job carries its decision's ID.

// Kind is what a job asks for.
type Kind int

// The kinds of job.
const (
	Resize Kind = iota // an image
	Search             // an index
	Export             // a document
	kinds
)

// String returns the kind's name.
func (k Kind) String() string { return [...]string{"resize", "search", "export"}[k] }

// Job is one piece of work.
type Job struct {
	Kind     Kind
	Arrived  time.Duration // on the world's clock
	Decision lepton.Decision

	work    time.Duration // on a worker that suits it; nobody knows beforehand
	refused bool          // the first worker asked will not take it
}

// Worker is one machine of the pool, as the dispatcher sees it.
type Worker struct {
	ID      uint64
	Class   string // what hardware it is
	Waiting int    // jobs handed to it and not done
	Refused bool   // it would not take the job that is to be dispatched
}

// Pool is all that the dispatcher knows when a job arrives.
type Pool struct {
	Now     time.Duration // on the world's clock
	Job     Job
	Workers []Worker
}

// shortest is the incumbent: the worker with the fewest jobs scores highest.
func shortest(p *Pool, worker int) float64 { return -float64(p.Workers[worker].Waiting) }

// Took is what came of a job.
type Took struct{ Waited, Ran time.Duration }

// Done is a job that was finished.
type Done struct {
	Job  Job
	Took Took
}

const (
	maxWaiting  = 50 // jobs that a worker takes at most
	meanArrival = 1100 * time.Millisecond
)

var (
	classes = []string{"arm", "std", "old", "std", "arm", "std", "old", "std"} // of the workers, by ID
	work    = [kinds]time.Duration{4 * time.Second, 6 * time.Second, 12 * time.Second}
	mix     = [kinds]float64{0.5, 0.3, 0.2} // how often each kind arrives
)

// slowness is the pool's secret, which no field of Worker tells: how many times longer a class of
// workers needs for a kind.
func slowness(class string, k Kind) float64 {
	switch {
	case class == "arm" && k == Export, class == "old" && k == Search:
		return 3
	}
	return 1
}

// World simulates the pool. The same seed brings the same jobs at the same times, whoever dispatches.
type World struct {
	rng    *rand.Rand
	pool   Pool
	queues [][]Done        // of each worker, in order
	free   []time.Duration // when each worker will have done all that it was given
	done   []Done
}

// NewWorld returns an idle pool.
func NewWorld(seed uint64) *World {
	w := &World{
		rng:    rand.New(rand.NewPCG(seed, 1)),
		queues: make([][]Done, len(classes)),
		free:   make([]time.Duration, len(classes)),
	}
	for i, class := range classes {
		w.pool.Workers = append(w.pool.Workers, Worker{ID: uint64(i), Class: class})
	}
	return w
}

// Clock tells the world's time as a time.Time.
func (w *World) Clock() time.Time { return time.Unix(0, 0).Add(w.pool.Now) }

// Next lets time pass until a job arrives. It returns what the dispatcher then knows, and the jobs that
// were finished meanwhile; both are valid until the next call.
func (w *World) Next() (*Pool, []Done) {
	w.pool.Now += time.Duration(w.rng.ExpFloat64() * float64(meanArrival))
	w.pool.Job = w.arrival()
	w.done = w.done[:0]
	for i, queue := range w.queues {
		n := 0
		for n < len(queue) && queue[n].end() <= w.pool.Now {
			n++
		}
		w.done = append(w.done, queue[:n]...)
		w.queues[i] = append(queue[:0], queue[n:]...)
		w.pool.Workers[i].Waiting = len(w.queues[i])
		w.pool.Workers[i].Refused = false
	}
	slices.SortStableFunc(w.done, func(a, b Done) int { return cmp.Compare(a.end(), b.end()) })
	return &w.pool, w.done
}

func (w *World) arrival() Job {
	u, k := w.rng.Float64(), Resize
	for k < Export && u >= mix[k] {
		u -= mix[k]
		k++
	}
	needs := float64(work[k]) * (0.5 + 0.5*w.rng.ExpFloat64())
	return Job{Kind: k, Arrived: w.pool.Now, work: time.Duration(needs), refused: w.rng.Float64() < 0.005}
}

// Assign hands the job that has just arrived to a worker. It returns false if the worker will not take it.
func (w *World) Assign(worker int, d lepton.Decision) bool {
	job := w.pool.Job
	if job.refused {
		w.pool.Job.refused = false
		w.pool.Workers[worker].Refused = true
		return false
	}
	job.Decision = d
	start := max(w.pool.Now, w.free[worker])
	ran := time.Duration(float64(job.work) * slowness(w.pool.Workers[worker].Class, job.Kind))
	w.free[worker] = start + ran
	w.queues[worker] = append(w.queues[worker], Done{job, Took{Waited: start - job.Arrived, Ran: ran}})
	return true
}

func (d Done) end() time.Duration { return d.Job.Arrived + d.Took.Waited + d.Took.Ran }
