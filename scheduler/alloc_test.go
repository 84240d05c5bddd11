package scheduler

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/require"
)

// wide is a state of many candidates with twenty features each, the size of a cluster's node list.
type wide struct{ rows [][20]float64 }

func wideOf(n int) wide {
	w := wide{rows: make([][20]float64, n)}
	for i := range w.rows {
		for j := range w.rows[i] {
			w.rows[i][j] = math.Sin(float64(20*i + j))
		}
	}
	return w
}

type wideEncoder struct{}

func (wideEncoder) StateDim() int { return 2 }
func (wideEncoder) AppendState(dst []float64, s wide) []float64 {
	return append(dst, 1, float64(len(s.rows)))
}

type wideActions struct{}

func (wideActions) ActionSpec() (n, dim int) { return 0, 20 }
func (wideActions) Offer(set lepton.ActionSet, s wide) {
	for i := range s.rows {
		copy(set.Add(uint64(i), true), s.rows[i][:])
	}
}

type wideFirst struct{}

func (wideFirst) ProbsState(p []float64, _ wide, obs *lepton.Observation, _ *lepton.Scratch) {
	always(0)(p, obs)
}

func (wideFirst) ScoresState(dst []float64, _ wide, _ *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		dst[i] = -float64(i)
	}
}

// forgetful is a learner that keeps nothing, and allocates nothing.
type forgetful struct{ store }

func (*forgetful) Observe(*lepton.Transition) {}

func wideSoftmax(t *testing.T) lepton.Policy {
	weights := make([]float64, 22)
	for i := range weights {
		weights[i] = 0.1 * float64(i%3)
	}
	linear, err := policy.NewLinear(lepton.Spec{StateDim: 2, ActionDim: 20}, weights, []float64{0})
	require.NoError(t, err)
	softmax, err := policy.Softmax(linear, 1)
	require.NoError(t, err)
	return softmax
}

// allocFree demands that f, once everything has its size, allocates nothing.
func allocFree(t *testing.T, f func() error) {
	t.Helper()
	run := func() {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	for range 40 {
		run()
	}
	require.Zero(t, testing.AllocsPerRun(200, run), "allocations per run")
}

func TestDecidingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector sync.Pool drops on purpose")
	}
	variants := []struct {
		name   string
		change func(o *Options[wide, float64])
	}{
		{"without a learner", nil},
		{"with a learner", func(o *Options[wide, float64]) { o.Learner = &forgetful{store{needs: lepton.Needs{Others: 8}}} }},
		{"with a learner that needs all", func(o *Options[wide, float64]) {
			o.Learner = &forgetful{store{needs: lepton.Needs{Others: lepton.AllRows}}}
		}},
		{"in record mode", func(o *Options[wide, float64]) { o.Mode = Record }},
		{"with a shadow", func(o *Options[wide, float64]) { o.Mode = Shadow }},
		{"with exploration and holdout", func(o *Options[wide, float64]) {
			o.Explore, o.Holdout = Explore{Share: 0.2, MaxLoss: 0.5}, 0.3
			o.Key = func(s wide) uint64 { return uint64(len(s.rows)) }
		}},
		{"with a journal", func(o *Options[wide, float64]) { o.Journal = NewMemoryJournal(64) }},
	}
	for _, v := range variants {
		for _, n := range []int{5, 1000, 1213} {
			t.Run(fmt.Sprintf("%s/candidates=%d", v.name, n), func(t *testing.T) {
				o := Options[wide, float64]{
					Encoder: wideEncoder{}, Actions: wideActions{}, Incumbent: wideFirst{}, Policy: wideSoftmax(t), Mode: Live,
					Reward: wideReward{}, Clock: newClock().now, Budget: time.Second, MaxOpen: 16, QueueLen: 8, MaxRanked: 4,
				}
				if v.change != nil {
					v.change(&o)
				}
				s, err := New(o)
				require.NoError(t, err)
				checkAllocFree(t, s, wideOf(n))
			})
		}
	}
}

type wideReward struct{}

func (wideReward) Reward(_ lepton.Decision, outcome float64) float64 { return outcome }

func checkAllocFree(t *testing.T, s *Scheduler[wide, float64], state wide) {
	drain := func() { // the learner takes what was finished, so that its memory goes round
		for s.queue.pop(func(*record) {}) {
		}
	}
	t.Run("Decide", func(t *testing.T) {
		allocFree(t, func() error { _, err := s.Decide(state); return err })
	})
	t.Run("Decide, Accrue, Report", func(t *testing.T) {
		allocFree(t, func() error {
			d, err := s.Decide(state)
			if err != nil {
				return err
			}
			if err := s.Accrue(d.ID, 1); err != nil {
				return err
			}
			defer drain()
			return s.Report(d.ID, 1)
		})
	})
	t.Run("Record, Cancel", func(t *testing.T) {
		allocFree(t, func() error {
			d, err := s.Record(state, 2, 1)
			if err != nil {
				return err
			}
			return s.Cancel(d.ID)
		})
	})
	scores := make([]float64, len(state.rows))
	t.Run("Rank, Chose, Report", func(t *testing.T) {
		allocFree(t, func() error {
			d, err := s.Rank(state, scores)
			if err != nil {
				return err
			}
			if err := s.Chose(d.ID, 1, 1); err != nil {
				return err
			}
			defer drain()
			return s.Report(d.ID, 1)
		})
	})
	t.Run("Episode", func(t *testing.T) {
		ep, err := s.Episode(lepton.CreditOptions{ID: 1, Gamma: 0.9, Potential: func(*lepton.Observation) float64 { return 1 }})
		require.NoError(t, err)
		allocFree(t, func() error {
			d, err := ep.Decide(state)
			if err != nil {
				return err
			}
			defer drain()
			return s.Report(d.ID, 1)
		})
	})
}
