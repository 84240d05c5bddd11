package scheduler

import (
	"context"
	"math"
	"time"

	"github.com/leptonsched/lepton"
)

// pool is the state of the tests: a list of workers with three features each.
type pool struct {
	hour    float64
	workers []worker3
	key     uint64
}

type worker3 struct {
	id      uint64
	x       [3]float64
	illegal bool
}

func poolOf(n int) pool {
	p := pool{hour: 0.5}
	for i := range n {
		f := float64(i)
		p.workers = append(p.workers, worker3{id: 100 + uint64(i), x: [3]float64{math.Sin(f), math.Cos(3 * f), f / float64(n)}})
	}
	return p
}

type poolEncoder struct{}

func (poolEncoder) StateDim() int                               { return 1 }
func (poolEncoder) AppendState(dst []float64, s pool) []float64 { return append(dst, s.hour) }

type poolActions struct{}

func (poolActions) ActionSpec() (n, dim int) { return 0, 3 }
func (poolActions) Offer(set lepton.ActionSet, s pool) {
	for i := range s.workers {
		copy(set.Add(s.workers[i].id, !s.workers[i].illegal), s.workers[i].x[:])
	}
}

type rewardFunc func(d lepton.Decision, outcome float64) float64

func (f rewardFunc) Reward(d lepton.Decision, outcome float64) float64 { return f(d, outcome) }

var asIs = rewardFunc(func(_ lepton.Decision, outcome float64) float64 { return outcome })

// policyFunc makes a policy of a function.
type policyFunc func(p []float64, obs *lepton.Observation)

func (f policyFunc) Probs(p []float64, obs *lepton.Observation, _ *lepton.Scratch) { f(p, obs) }

// always puts all probability on the legal action nearest behind index i.
func always(i int) policyFunc {
	return func(p []float64, obs *lepton.Observation) {
		clear(p)
		at := i % len(p)
		for !obs.Legal(at) {
			at = (at + 1) % len(p)
		}
		p[at] = 1
	}
}

// first is the incumbent of the tests: the first legal worker.
type first struct{}

func (first) ProbsState(p []float64, _ pool, obs *lepton.Observation, _ *lepton.Scratch) {
	always(0)(p, obs)
}

// store is a learner that keeps what it is given.
type store struct {
	got     []lepton.Transition
	updates uint64
	needs   lepton.Needs
	policy  lepton.Policy
	observe func(*lepton.Transition)
	step    func(context.Context) (lepton.Progress, error)
}

func (s *store) Needs() lepton.Needs { return s.needs }
func (s *store) Observe(t *lepton.Transition) {
	if s.observe != nil {
		s.observe(t)
	}
	var kept lepton.Transition
	kept.CopyFrom(t)
	s.got = append(s.got, kept)
}

func (s *store) Step(ctx context.Context) (lepton.Progress, error) {
	if s.step != nil {
		return s.step(ctx)
	}
	s.updates++
	return lepton.Progress{Observed: uint64(len(s.got)), Updates: s.updates, Idle: true}, nil
}

func (s *store) Policy() lepton.Policy {
	if s.policy != nil {
		return s.policy
	}
	return always(1)
}

// clock is a clock that tests move by hand.
type clock struct{ t time.Time }

func newClock() *clock                   { return &clock{time.Unix(1_000_000, 0)} }
func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }
