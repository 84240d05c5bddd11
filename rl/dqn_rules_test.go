package rl_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers that are not finite, or that float32 cannot hold, are left out; what is published stays usable.
func TestDQNLeavesOutWhatIsNotFinite(t *testing.T) {
	l := newDQN(t, offerSpec, rl.DQNOptions{Capacity: 64, WarmUp: 1, Batch: 8, Huber: math.Inf(1), Network: rl.NetworkOptions{MaxNorm: math.Inf(1)}})
	for _, poison := range []func(*lepton.Transition){
		func(t *lepton.Transition) { t.Reward = math.NaN() },
		func(t *lepton.Transition) { t.Reward = math.Inf(-1) },
		func(t *lepton.Transition) { t.Discount = math.Inf(1) },
		func(t *lepton.Transition) { t.Obs.State()[0] = math.NaN() },
		func(t *lepton.Transition) { t.Obs.Action(0)[1] = 1e30 },
		func(t *lepton.Transition) { t.Discount = 1; t.Next.CopyFrom(&t.Obs); t.Next.State()[0] = math.Inf(1) },
	} {
		before := l.Stats().Faults
		tr := offer(1, 1)[0]
		poison(tr)
		l.Observe(tr)
		_, err := l.Step(t.Context())
		assert.ErrorIs(t, err, rl.ErrNotFinite)
		_, err = l.Step(t.Context())
		assert.NoError(t, err, "told once")
		assert.Equal(t, before+1, l.Stats().Faults)
	}
	assert.Zero(t, l.Stats().Kept)

	failed := false
	for _, tr := range offer(2, 64) { // rewards at the edge: updates may fail, the policy may not
		tr.Reward, tr.Discount = 1e15, 1
		tr.Next.CopyFrom(&tr.Obs)
		for tr.Obs.State()[0] = 1e15; !tr.Obs.Legal(tr.Action); {
			tr.Action++
		}
		l.Observe(tr)
		if _, err := l.Step(t.Context()); err != nil {
			require.ErrorIs(t, err, rl.ErrNotFinite)
			failed = true
		}
		for _, v := range values(l.Policy(), &offer(3, 1)[0].Obs) {
			require.False(t, math.IsNaN(v))
		}
	}
	assert.True(t, failed, "no update failed: nothing is shown")
	assert.NotZero(t, l.Stats().LeftOut)

	for _, tr := range offer(4, 64) { // the bad ones are overwritten, and it learns on
		tr.Reward = 1
		l.Observe(tr)
	}
	before := saved(t, l.Policy())
	_, err := l.Step(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, before, saved(t, l.Policy()))
}

// A round of Updates for each Every transitions after the WarmUp, one round a Step; what is owed is bounded.
func TestDQNPaysOneRoundAStep(t *testing.T) {
	l := newDQN(t, fixedSpec, rl.DQNOptions{Capacity: 40, WarmUp: 10, Every: 4, Updates: 3, Batch: 2})
	stream := traffic(fixedSpec, 1, 200)
	step := func() lepton.Progress {
		p, err := l.Step(t.Context())
		require.NoError(t, err)
		return p
	}
	for _, tr := range stream[:9] {
		l.Observe(tr)
		assert.Equal(t, uint64(0), step().Updates, "warming up")
	}
	for _, tr := range stream[9:17] { // two times Every
		l.Observe(tr)
	}
	p := step()
	assert.EqualValues(t, 3, p.Updates)
	assert.False(t, p.Idle)
	p = step()
	assert.EqualValues(t, 6, p.Updates)
	assert.True(t, p.Idle)
	assert.EqualValues(t, 6, step().Updates)
	assert.EqualValues(t, 17, p.Observed)

	for _, tr := range stream[17:] {
		l.Observe(tr)
	}
	rounds := 0
	for !step().Idle {
		rounds++
	}
	assert.Equal(t, 40/4-1, rounds, "no more is owed than is kept")
	assert.Equal(t, 40, l.Stats().Kept)
}

// Streams with steps that wait are in the checkpoint, and in Stats.
func TestDQNStats(t *testing.T) {
	l := newDQN(t, candidateSpec, rl.DQNOptions{NStep: 3, MaxActions: 2})
	var held int
	for _, tr := range traffic(candidateSpec, 1, 100) {
		l.Observe(tr)
		held += max(tr.Obs.LegalCount()-2, 0)
	}
	s := l.Stats()
	assert.NotZero(t, s.Open)
	assert.NotZero(t, s.Dropped)
	assert.NotZero(t, held)
	assert.Less(t, s.Kept, 100)
	assert.Zero(t, s.Faults)
	illegal := traffic(candidateSpec, 2, 1)[0]
	illegal.Action = 99
	l.Observe(illegal)
	assert.EqualValues(t, 1, l.Stats().Faults)
	_, err := l.Step(t.Context())
	assert.NoError(t, err, "an action that is not there is no number that is not finite")
}

// The same update on one goroutine and on many, to the bit.
func TestDQNWorkersDoNotMatter(t *testing.T) {
	var files [][]byte
	for _, workers := range []int{1, 3} {
		l := newDQN(t, candidateSpec, rl.DQNOptions{
			Batch: 1000, WarmUp: 1, Conservative: 1, Priority: 0.6, Network: rl.NetworkOptions{Workers: workers},
		})
		feed(t, l, traffic(candidateSpec, 6, 30))
		files = append(files, saved(t, l))
	}
	assert.Equal(t, files[0], files[1])
}

// Observe allocates nothing once its memory is made, and an update no more than what it takes to share the
// gradient between workers, whatever its size.
func TestDQNAllocatesNothing(t *testing.T) {
	for _, spec := range []lepton.Spec{fixedSpec, candidateSpec} {
		l := newDQN(t, spec, rl.DQNOptions{Capacity: 50, WarmUp: 50, NStep: 3, Priority: 0.6, Conservative: 1})
		stream := traffic(spec, 1, 400)
		feed(t, l, stream)
		feed(t, l, stream)
		i := 0
		assert.Zero(t, testing.AllocsPerRun(100, func() { l.Observe(stream[i]); i++ }))
		assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = l.Step(t.Context()) }), 3.0)
	}
}

func TestDQNRefuses(t *testing.T) {
	var spec *lepton.SpecError
	_, err := rl.NewDQN(lepton.Spec{StateDim: 3}, rl.DQNOptions{})
	assert.ErrorAs(t, err, &spec)
	_, err = rl.NewCQL(fixedSpec, rl.DQNOptions{Network: rl.NetworkOptions{Context: true}})
	assert.ErrorAs(t, err, &spec)
	_, err = rl.NewDQN(fixedSpec, rl.DQNOptions{
		Network: rl.NetworkOptions{Hidden: []int{0}}, Epsilon: rl.Exploration{Start: 2, End: -1}, Capacity: -1, MaxActions: -1, WarmUp: -1,
		Every: -1, Updates: -1, Batch: -1, TargetEvery: -1, Polyak: 2, NStep: -1, MaxStreams: -1, Priority: 2, Beta: -1, RewardScale: -1,
		Huber: -1, Conservative: -1,
	})
	for _, want := range []string{
		"Hidden", "Start is 2", "End is -1", "Over", "Capacity", "MaxActions", "WarmUp", "Every", "Updates", "Batch", "TargetEvery", "Polyak", "NStepOptions.N",
		"MaxStreams", "Priority", "Beta", "RewardScale", "Huber", "Conservative",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, err = rl.NewDQN(fixedSpec, rl.DQNOptions{Capacity: 10, WarmUp: 20})
	assert.ErrorContains(t, err, "WarmUp is 20, want no more than Capacity")
	_, err = rl.NewDQN(fixedSpec, rl.DQNOptions{TargetEvery: 5, Polyak: 0.5})
	assert.ErrorContains(t, err, "Polyak is 0.5, want 0 where TargetEvery is set")

	// Files of other settings are refused by what they concern.
	l := newDQN(t, fixedSpec, rl.DQNOptions{})
	for name, o := range map[string]rl.DQNOptions{
		"size": {Capacity: 5000}, "network": {Network: rl.NetworkOptions{Hidden: []int{9}}}, "steps": {NStep: 2}, "draws": {Priority: 0.5},
	} {
		_, err := newDQN(t, fixedSpec, o).ReadFrom(bytes.NewReader(saved(t, l)))
		assert.Error(t, err, name)
	}
}

func TestExploration(t *testing.T) {
	for _, c := range []struct {
		name string
		e    rl.Exploration
		n    uint64
		want float64
	}{
		{"none", rl.Exploration{}, 5, 0},
		{"constant", rl.Exploration{Start: 0.3}, 1000, 0.3},
		{"at first", rl.Exploration{Start: 1, End: 0.2, Over: 100}, 0, 1},
		{"half way", rl.Exploration{Start: 1, End: 0.2, Over: 100}, 50, 0.6},
		{"reached", rl.Exploration{Start: 1, End: 0.2, Over: 100}, 100, 0.2},
		{"beyond", rl.Exploration{Start: 1, End: 0.2, Over: 100}, 1 << 60, 0.2},
		{"to none", rl.Exploration{Start: 1, Over: 4}, 9, 0},
	} {
		t.Run(c.name, func(t *testing.T) { assert.InDelta(t, c.want, c.e.At(c.n), 1e-15) })
	}
	l := newDQN(t, fixedSpec, rl.DQNOptions{Epsilon: rl.Exploration{Start: 1, End: 0.5, Over: 10}})
	obs := offered(true, true, true)
	obs.SetState([]float64{1, 2})
	least := func() float64 {
		p := make([]float64, 3)
		l.Policy().Probs(p, obs, nil)
		return min(p[0], p[1], p[2])
	}
	assert.InDelta(t, 1.0/3, least(), 1e-12)
	for _, tr := range traffic(fixedSpec, 1, 10) {
		l.Observe(tr)
	}
	assert.InDelta(t, 0.5/3, least(), 1e-12)
}
