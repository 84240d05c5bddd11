package scheduler

import (
	"math"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixedPool offers always three.
type fixedPool struct{ poolActions }

func (fixedPool) ActionSpec() (n, dim int) { return 3, 3 }

func TestConflictingOptionsAreReportedTogether(t *testing.T) {
	_, err := New(Options[pool, float64]{})
	require.Error(t, err)
	for _, want := range []string{"Encoder is missing", "Actions is missing"} {
		assert.Contains(t, err.Error(), want)
	}
	outcome := 1.0
	o := Options[pool, float64]{
		Encoder: poolEncoder{}, Actions: fixedPool{}, Learner: &store{needs: lepton.Needs{Others: -2}}, DefaultOutcome: &outcome,
		Mode: Canary + 5, Holdout: 1.5, Explore: Explore{Share: 2}, Budget: -1, OpenFor: -1,
		BreakAfter: -1, BreakFor: -1, MaxOpen: math.MaxInt, MaxRanked: -1, MaxActions: 2, QueueLen: -1, Snapshots: -1,
	}
	_, err = New(o)
	require.Error(t, err)
	for _, want := range []string{
		"Reward is missing", "DefaultOutcome is set without a Reward", "Mode is", "Holdout is 1.5", "Explore.Share is 2",
		"Explore.Share is set without Explore.MaxLoss", "Learner needs -2", "Budget is negative", "OpenFor is negative",
		"BreakAfter is -1", "BreakFor is -1", "MaxOpen is", "MaxRanked is -1", "MaxActions is 2, and Actions always offers 3",
		"QueueLen is -1", "Snapshots is -1",
	} {
		assert.Contains(t, err.Error(), want)
	}
	tests := []struct {
		name   string
		change func(o *Options[pool, float64])
		want   string
	}{
		{"canary and holdout overlap", func(o *Options[pool, float64]) { o.Canary, o.Holdout = 0.6, 0.5 }, "add up to more than 1"},
		{"NaN share", func(o *Options[pool, float64]) { o.Canary = math.NaN() }, "Canary is NaN"},
		{"canary of nobody", func(o *Options[pool, float64]) { o.Mode = Canary }, "Canary share of 0"},
		{"budget without clock", func(o *Options[pool, float64]) { o.Budget = 1 }, "Budget needs a Clock"},
		{"expiry without clock", func(o *Options[pool, float64]) { o.OpenFor = 1 }, "OpenFor needs a Clock"},
		{"default without expiry", func(o *Options[pool, float64]) { o.DefaultOutcome = &outcome }, "without OpenFor"},
		{"NaN loss", func(o *Options[pool, float64]) { o.Explore.MaxLoss = math.NaN() }, "MaxLoss is NaN"},
		{"learner without a policy", func(o *Options[pool, float64]) { o.Learner = &silentLearner{} }, "it has no policy"},
		{"learner that panics", func(o *Options[pool, float64]) { o.Learner = &panickyLearner{} }, "panic: policy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(with(test.change))
			require.ErrorContains(t, err, test.want)
		})
	}
	t.Run("a policy for other features", func(t *testing.T) {
		_, err := New(with(func(o *Options[pool, float64]) { o.Policy = specced{always(0)} }))
		var spec *lepton.SpecError
		require.ErrorAs(t, err, &spec)
		assert.Equal(t, "Options.Policy", spec.Who)
	})
}

type silentLearner struct{ store }

func (*silentLearner) Policy() lepton.Policy { return nil }

type panickyLearner struct{ store }

func (*panickyLearner) Policy() lepton.Policy { panic("policy") }

type specced struct{ policyFunc }

func (specced) Spec() lepton.Spec { return lepton.Spec{StateDim: 7, ActionDim: 3} }

// An extreme duration or number of rows is taken at its word.
func TestExtremeOptions(t *testing.T) {
	c := newClock()
	l := &store{needs: lepton.Needs{Others: math.MaxInt}}
	s := start(t, func(o *Options[pool, float64]) {
		o.Learner, o.Mode, o.Clock, o.OpenFor, o.QueueLen = l, Record, c.now, math.MaxInt64, 1
	})
	ep, err := s.Episode(lepton.CreditOptions{Gamma: 1})
	require.NoError(t, err)
	d, err := ep.Decide(poolOf(40))
	require.NoError(t, err)
	require.NoError(t, s.Report(d.ID, 1))
	c.advance(1000 * time.Hour)
	train(t, s)
	require.NoError(t, ep.End(), "it still waited for its end")
	require.NoError(t, s.Report(decide(t, s, poolOf(2)).ID, 1))
	assert.Equal(t, uint64(1), s.Stats().QueueDropped, "QueueLen 1 holds one")
	train(t, s)
	require.Len(t, l.got, 1)
	assert.Equal(t, 40, l.got[0].Obs.Len())
}
