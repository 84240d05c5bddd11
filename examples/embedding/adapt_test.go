package main

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// snippet: conformance

// pools are states to check with: a job of each kind, at an idle pool, a busy one, one where a worker
// refused and one is full, and one of a single worker.
func pools() []*Pool {
	return []*Pool{
		{Job: Job{Kind: Resize}, Workers: []Worker{{ID: 0, Class: "std"}, {ID: 1, Class: "arm"}}},
		{Job: Job{Kind: Search}, Workers: []Worker{{ID: 0, Class: "std", Waiting: 7}, {ID: 9, Class: "old", Waiting: 2}}},
		{Job: Job{Kind: Export}, Workers: []Worker{{ID: 0, Class: "arm", Refused: true}, {ID: 2, Class: "old", Waiting: maxWaiting}, {ID: 3, Class: "std"}}},
		{Job: Job{Kind: Export}, Workers: []Worker{{ID: 4, Class: "a class that is new"}}},
	}
}

func TestConformance(t *testing.T) {
	encoder, err := newEncoder()
	require.NoError(t, err)
	actions, err := newActions()
	require.NoError(t, err)
	leptontest.StateEncoder(t, encoder, pools(), leptontest.EncoderOptions{})
	leptontest.ActionSpace(t, actions, pools(), leptontest.SpaceOptions{})
}

// end snippet

func TestHandConformance(t *testing.T) {
	leptontest.StateEncoder(t, handEncoder{}, pools(), leptontest.EncoderOptions{})
	leptontest.ActionSpace(t, handActions{allFits()}, pools(), leptontest.SpaceOptions{})
}

func TestByHandIsTheSame(t *testing.T) {
	encoder, err := newEncoder()
	require.NoError(t, err)
	actions, err := newActions()
	require.NoError(t, err)
	var built, byHand lepton.Observation
	for _, pool := range pools() {
		require.NoError(t, lepton.Encode(&built, encoder, actions, pool, 0))
		require.NoError(t, lepton.Encode(&byHand, handEncoder{}, handActions{allFits()}, pool, 0))
		assert.Equal(t, built.State(), byHand.State())
		assert.Equal(t, built.Rows(), byHand.Rows())
		for i := range pool.Workers {
			assert.Equal(t, built.ID(i), byHand.ID(i))
			assert.Equal(t, built.Legal(i), byHand.Legal(i))
		}
	}
}

func TestBoundsAreNotLegal(t *testing.T) {
	actions, err := newActions()
	require.NoError(t, err)
	var obs lepton.Observation
	require.NoError(t, lepton.Offer(&obs, actions, pools()[2], 0))
	assert.False(t, obs.Legal(0), "it refused")
	assert.False(t, obs.Legal(1), "it is full")
	assert.True(t, obs.Legal(2))
}

func TestFirstPolicyIsTheRuleInPlace(t *testing.T) {
	encoder, err := newEncoder()
	require.NoError(t, err)
	actions, err := newActions()
	require.NoError(t, err)
	learner, err := newLearner(encoder, actions)
	require.NoError(t, err)
	scores := make([]float64, 3)
	for _, pool := range pools() {
		var obs lepton.Observation
		require.NoError(t, lepton.Encode(&obs, encoder, actions, pool, 0))
		scores = scores[:obs.Len()]
		learner.Policy().(lepton.Scorer).Scores(scores, &obs, nil)
		for i, s := range scores {
			want := math.Inf(-1)
			if obs.Legal(i) {
				want = shortest(pool, i)
			}
			assert.Equal(t, want, s)
		}
	}
}

func TestCostIsTheWholeTime(t *testing.T) {
	assert.Equal(t, -3.5, cost.Reward(lepton.Decision{}, Took{Waited: 1.5e9, Ran: 2e9}))
}
