package scheduler

import (
	"context"
	"math"
	"os"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/require"
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

// workersOf lists workers by name, with a feature each that tells them apart.
func workersOf(ids ...uint64) pool {
	var p pool
	for _, id := range ids {
		p.workers = append(p.workers, worker3{id: id, x: [3]float64{float64(id)}})
	}
	return p
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

// with returns Options that work, changed by change.
func with(change func(o *Options[pool, float64])) Options[pool, float64] {
	o := Options[pool, float64]{Encoder: poolEncoder{}, Actions: poolActions{}, Incumbent: first{}, Reward: asIs}
	if change != nil {
		change(&o)
	}
	return o
}

// start returns a scheduler under with(change).
func start(t testing.TB, change func(o *Options[pool, float64])) *Scheduler[pool, float64] {
	t.Helper()
	s, err := New(with(change))
	require.NoError(t, err)
	return s
}

// decide decides and demands success.
func decide(t testing.TB, s *Scheduler[pool, float64], state pool) lepton.Decision {
	t.Helper()
	d, err := s.Decide(state)
	require.NoError(t, err)
	return d
}

// train calls Train and demands success.
func train(t testing.TB, s *Scheduler[pool, float64]) lepton.Progress {
	t.Helper()
	progress, err := s.Train(t.Context())
	require.NoError(t, err)
	return progress
}

// requireAddsUp demands that every decision is in exactly one place.
func requireAddsUp(t require.TestingT, st Stats) {
	sum := uint64(st.Open) + st.Untracked + st.Settled + st.Defaulted + st.Cancelled + st.Evicted + st.Expired
	require.Equal(t, st.Decisions, sum, "decisions against open, untracked, settled, defaulted, cancelled, evicted, expired: %+v", st)
	arms := uint64(0)
	for _, n := range st.ByArm {
		arms += n
	}
	require.Equal(t, st.Decisions, arms, "decisions by arm: %+v", st)
}

// full reports whether the guarantees are to be shown at full size.
func full() bool { return os.Getenv("LEPTON_FULL") == "1" }

// size returns the size of a guarantee's test: short, or all of it.
func size(short, all int) int {
	if full() {
		return all
	}
	return short
}

// clock is a clock that tests move by hand.
type clock struct{ t time.Time }

func newClock() *clock                   { return &clock{time.Unix(1_000_000, 0)} }
func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }
