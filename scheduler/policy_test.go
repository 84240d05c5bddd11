package scheduler

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// switchable answers well until told otherwise.
type switchable struct{ bad, asked int }

func (s *switchable) Probs(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	s.asked++
	if always(1)(p, obs); s.bad > 0 {
		s.bad--
		p[0] = math.NaN()
	}
}

func TestBreaker(t *testing.T) {
	p := &switchable{}
	s := start(t, func(o *Options[pool, float64]) { o.Policy, o.Mode, o.BreakAfter, o.BreakFor = p, Live, 3, 5 })
	decideArms := func(n int) (arms []lepton.Arm) {
		for range n {
			arms = append(arms, decide(t, s, poolOf(2)).Arm)
		}
		return arms
	}
	repeat := func(arm lepton.Arm, n int) (arms []lepton.Arm) {
		for range n {
			arms = append(arms, arm)
		}
		return arms
	}
	p.bad = 2
	assert.Equal(t, append(repeat(lepton.ArmGuarded, 2), lepton.ArmLearned), decideArms(3))
	assert.Zero(t, s.Stats().Trips, "two in a row are not three")

	p.bad, p.asked = 3, 0
	assert.Equal(t, repeat(lepton.ArmGuarded, 3), decideArms(3))
	assert.True(t, s.Stats().BreakerOpen)
	assert.Equal(t, uint64(1), s.Stats().Trips)
	assert.Equal(t, repeat(lepton.ArmGuarded, 5), decideArms(5))
	assert.Equal(t, 3, p.asked, "for five decisions it is not asked")

	p.bad = 1
	assert.False(t, s.Stats().BreakerOpen)
	assert.Equal(t, repeat(lepton.ArmGuarded, 6), decideArms(6))
	assert.Equal(t, 4, p.asked, "one try failed, and five more pass")
	assert.Equal(t, uint64(2), s.Stats().Trips)
	assert.Equal(t, repeat(lepton.ArmLearned, 2), decideArms(2), "the next try is good")
	p.bad = 2
	decideArms(3)
	assert.Equal(t, uint64(2), s.Stats().Trips, "and it has all its tries again")

	for name, reset := range map[string]func(){
		"SetPolicy": func() { _, err := s.SetPolicy(p); require.NoError(t, err) },
		"Rollback":  func() { require.NoError(t, s.Rollback(1)) },
		"SetMode":   func() { s.SetMode(Live) },
	} {
		p.bad = 3
		decideArms(3)
		require.True(t, s.Stats().BreakerOpen)
		s.SetMode(99)
		require.True(t, s.Stats().BreakerOpen, "a mode that never was changes nothing")
		reset()
		require.False(t, s.Stats().BreakerOpen, name)
		require.Equal(t, repeat(lepton.ArmLearned, 1), decideArms(1))
	}
}

// badScorer has good probabilities and bad scores.
type badScorer struct {
	fixedProbs
	scores func(dst []float64)
}

func (b badScorer) Scores(dst []float64, _ *lepton.Observation, _ *lepton.Scratch) { b.scores(dst) }

func TestRankContainsItsScorer(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	tests := []struct {
		name   string
		scores func(dst []float64)
		cause  FaultCause
	}{
		{"panics", func([]float64) { panic("scorer") }, FaultPanic},
		{"NaN", func(dst []float64) { copy(dst, []float64{1, nan, 0}) }, FaultNumbers},
		{"+Inf at the top is its right, and ranks nothing", func(dst []float64) { copy(dst, []float64{1, inf, inf}) }, noFault},
		{"−Inf everywhere is its right, and ranks nothing", func(dst []float64) { copy(dst, []float64{-inf, -inf, -inf}) }, noFault},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, func(o *Options[pool, float64]) {
				o.Policy, o.Mode, o.BreakAfter, o.BreakFor = badScorer{fixedProbs{0.2, 0.5, 0.3}, test.scores}, Live, 4, 10
			})
			for range 5 {
				scores, trips := make([]float64, 3), s.Stats().Trips
				_, err := s.Rank(poolOf(3), scores)
				require.NoError(t, err)
				if trips == 0 {
					require.Equal(t, []float64{0.2, 0.5, 0.3}, scores, "its probabilities rank instead")
				} else {
					require.Equal(t, []float64{1, 0, 0}, scores, "taken out, the incumbent ranks")
				}
			}
			want := Stats{}
			if test.cause != noFault {
				want.Faults[test.cause] = 4
				want.Trips = 1
			}
			assert.Equal(t, want.Faults, s.Stats().Faults)
			assert.Equal(t, want.Trips, s.Stats().Trips, "four in a row trip the breaker, although the probabilities are good")
		})
	}
}

func TestRankAsksTheIncumbentWhenTheLearnedPolicyFails(t *testing.T) {
	s := start(t, func(o *Options[pool, float64]) {
		o.Policy, o.Mode, o.Incumbent = policyFunc(func([]float64, *lepton.Observation) { panic("policy") }), Live, rankingIncumbent{}
	})
	scores := make([]float64, 3)
	d, err := s.Rank(poolOf(3), scores)
	require.NoError(t, err)
	assert.Equal(t, lepton.ArmGuarded, d.Arm)
	assert.Equal(t, []float64{0, -1, -2}, scores)
}

func TestRollbackAndFollow(t *testing.T) {
	l := newTally()
	s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode, o.Snapshots = l, Live, 3 })
	require.Equal(t, uint64(1), s.Stats().Version, "the learner's first")
	for range 3 {
		train(t, s)
	}
	require.Equal(t, uint64(4), s.Stats().Version)
	require.ErrorIs(t, s.Rollback(1), ErrVersion, "three are kept")
	require.ErrorContains(t, s.Rollback(9), "[2 3 4]")
	require.NoError(t, s.Rollback(2))
	train(t, s)
	require.Equal(t, uint64(2), s.Stats().Version, "the learner's snapshots wait")
	s.Follow()
	train(t, s)
	require.Equal(t, uint64(5), s.Stats().Version)

	require.NoError(t, s.Rollback(4))
	version, err := s.SetPolicy(always(1))
	require.NoError(t, err)
	require.Equal(t, version, decide(t, s, poolOf(2)).Version)
	train(t, s)
	require.Greater(t, s.Stats().Version, version, "to publish by hand ends a rollback")
	_, err = s.SetPolicy(nil)
	require.ErrorIs(t, err, ErrPolicy)
}

func TestGates(t *testing.T) {
	t.Run("SaneGate keeps out what cannot decide", func(t *testing.T) {
		l := newTally()
		s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = l, Live })
		require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
		train(t, s) // from here on there is a probe
		for name, bad := range map[string]policyFunc{
			"NaN":   func(p []float64, _ *lepton.Observation) { p[0] = math.NaN() },
			"panic": func([]float64, *lepton.Observation) { panic("policy") },
		} {
			before := s.Stats()
			_, err := s.SetPolicy(bad)
			require.ErrorIs(t, err, ErrPolicy, name)
			require.Equal(t, before.Version, s.Stats().Version)
			require.Equal(t, before.Refused+1, s.Stats().Refused)
		}
		_, err := s.SetPolicy(specced{always(0)})
		var spec *lepton.SpecError
		require.ErrorAs(t, err, &spec)
		require.ErrorIs(t, err, ErrPolicy)
	})
	t.Run("a gate sees candidate, current and probes, and its word is final", func(t *testing.T) {
		var seen []Candidate
		worse := errors.New("worse")
		var refused, published []string
		s := start(t, func(o *Options[pool, float64]) {
			o.Learner, o.Mode = newTally(), Live
			o.Gate = GateFunc(func(c Candidate) error {
				if seen = append(seen, c); len(seen) == 2 {
					return worse
				}
				return nil
			})
			o.Hooks.Refused = func(v uint64, err error) { refused = append(refused, fmt.Sprintf("%d: %v", v, err)) }
			o.Hooks.Published = func(v uint64) { published = append(published, fmt.Sprint(v)) }
		})
		require.NoError(t, s.Report(decide(t, s, poolOf(3)).ID, 1))
		_, err := s.Train(t.Context())
		require.ErrorIs(t, err, worse)
		train(t, s)
		assert.Equal(t, []string{"1", "3"}, published)
		assert.Equal(t, []string{"2: worse"}, refused)
		assert.Nil(t, seen[0].Current)
		assert.Same(t, seen[0].Policy, seen[2].Current)
		require.Len(t, seen[2].Probes, 1)
		assert.Equal(t, 3, seen[2].Probes[0].Offered())
	})
	t.Run("a gate that panics refuses", func(t *testing.T) {
		s := start(t, func(o *Options[pool, float64]) { o.Gate = GateFunc(func(Candidate) error { panic("gate") }) })
		_, err := s.SetPolicy(always(0))
		require.ErrorIs(t, err, ErrPolicy)
	})
	t.Run("a gate that is a journal is told", func(t *testing.T) {
		g := &gateJournal{MemoryJournal: NewMemoryJournal(8)}
		s := start(t, func(o *Options[pool, float64]) { o.Gate = g })
		decide(t, s, poolOf(2))
		assert.Len(t, g.Recent(nil), 1)
	})
}

type gateJournal struct {
	SaneGate
	*MemoryJournal
}

func TestModesSayWhoDecides(t *testing.T) {
	planner := &planning{}
	tests := []struct {
		mode    Mode
		planner lepton.StatePolicy[pool]
		arm     lepton.Arm
		action  int
		version uint64
	}{
		{Off, nil, lepton.ArmIncumbent, 0, 0},
		{Record, nil, lepton.ArmIncumbent, 0, 0},
		{Shadow, nil, lepton.ArmIncumbent, 0, 0},
		{Canary, nil, lepton.ArmLearned, 1, 1},
		{Live, nil, lepton.ArmLearned, 1, 1},
		{Live, planner, lepton.ArmLearned, 2, 1},
	}
	for _, test := range tests {
		t.Run(test.mode.String(), func(t *testing.T) {
			s := start(t, func(o *Options[pool, float64]) { o.Policy, o.Canary, o.Planner = always(1), 1, test.planner })
			s.SetMode(test.mode)
			d := decide(t, s, poolOf(3))
			assert.Equal(t, test.arm, d.Arm)
			assert.Equal(t, test.action, d.Action)
			assert.Equal(t, test.version, d.Version)
			assert.Equal(t, test.mode, s.Stats().Mode)
		})
	}
	t.Run("live with nothing learned", func(t *testing.T) {
		s := start(t, func(o *Options[pool, float64]) { o.Mode = Live })
		assert.Equal(t, lepton.ArmIncumbent, decide(t, s, poolOf(3)).Arm)
	})
	assert.Equal(t, "mode(9)", Mode(9).String())
}

type planning struct{}

func (planning) ProbsState(p []float64, _ pool, obs *lepton.Observation, _ *lepton.Scratch) {
	always(2)(p, obs)
}

func TestJournalsTellTheLifeOfADecision(t *testing.T) {
	c := newClock()
	j := NewMemoryJournal(3) // rounded up to four
	var seen []int
	s := start(t, func(o *Options[pool, float64]) {
		o.Journal, o.Clock, o.Policy, o.Mode = tee{j, &seen}, c.now, always(1), Live
	})
	d, err := s.Rank(poolOf(3), make([]float64, 3))
	require.NoError(t, err)
	c.advance(1)
	require.NoError(t, s.Chose(d.ID, 2, 0.5))
	require.NoError(t, s.Accrue(d.ID, 2))
	require.NoError(t, s.Report(d.ID, 3))
	events := j.Recent(nil)
	require.Len(t, events, 4)
	for i, want := range []struct {
		kind   EventKind
		reward float64
		action int
	}{{Decided, 0, -1}, {Chosen, 0, 2}, {Accrued, 2, 2}, {Settled, 3, 2}} {
		e := events[i]
		assert.Equal(t, want.kind, e.Kind)
		assert.Equal(t, want.reward, e.Reward)
		assert.Equal(t, want.action, e.Decision.Action)
		assert.Equal(t, d.ID, e.Decision.ID)
		assert.Equal(t, s.Stats().ConfigHash, e.Config)
		assert.Equal(t, c.t.UnixNano()-1+int64(min(i, 1)), e.At)
		assert.Nil(t, e.Obs)
	}
	assert.Equal(t, []int{3, -1, -1, -1}, seen, "the observation comes with the decision alone")
	decide(t, s, poolOf(1))
	events = j.Recent(events[:0])
	assert.Len(t, events, 4, "the oldest made room")
	assert.Equal(t, Chosen, events[0].Kind)
	assert.Zero(t, j.Dropped())

	recent := s.Recent(nil)
	require.Len(t, recent, 2)
	assert.Equal(t, Settled, recent[0].Kind, "the last in its life")
	assert.Equal(t, 5.0, recent[0].Reward, "with the reward so far")
	assert.Equal(t, Decided, recent[1].Kind)
}

// tee passes events on and notes how many actions their observations have; −1: none.
type tee struct {
	j    *MemoryJournal
	seen *[]int
}

func (t tee) Append(e *Event) {
	n := -1
	if e.Obs != nil {
		n = e.Obs.Len()
	}
	*t.seen = append(*t.seen, n)
	t.j.Append(e)
}

func TestHooksHearOfFaultsAndOfWhatWasGivenUp(t *testing.T) {
	var heard []string
	s := start(t, func(o *Options[pool, float64]) {
		o.MaxOpen, o.Mode = 1, Live
		o.Policy = policyFunc(func([]float64, *lepton.Observation) { panic("oh") })
		o.Hooks.Fault = func(c FaultCause, detail any) { heard = append(heard, fmt.Sprintf("%v: %v", c, detail)) }
		o.Hooks.Given = func(id lepton.DecisionID, k EventKind) { heard = append(heard, fmt.Sprintf("%v: %v", id, k)) }
	})
	decide(t, s, poolOf(1))
	decide(t, s, poolOf(1))
	assert.Equal(t, []string{"panic: oh", "panic: oh", "0-1: evicted"}, heard)
}

// A policy that writes nothing, or stops short, has not given the answer of the decision before again.
func TestSilenceIsNoAnswer(t *testing.T) {
	silent := false
	p := badScorer{scores: func(dst []float64) {
		if !silent {
			copy(dst, []float64{1, 3, 2})
		}
	}}
	s := start(t, func(o *Options[pool, float64]) {
		o.Mode, o.Policy = Live, talking{&silent, p}
	})
	require.Equal(t, lepton.ArmLearned, decide(t, s, poolOf(3)).Arm)
	scores := make([]float64, 3)
	_, err := s.Rank(poolOf(3), scores)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 3, 2}, scores)
	silent = true
	require.Equal(t, lepton.ArmGuarded, decide(t, s, poolOf(3)).Arm)
	d, err := s.Rank(poolOf(3), scores)
	require.NoError(t, err)
	require.Equal(t, lepton.ArmGuarded, d.Arm)
	require.Equal(t, []float64{1, 0, 0}, scores, "the incumbent's")
	require.Equal(t, uint64(3), s.Stats().Faults[FaultNumbers])
}

// talking prefers the second action until it falls silent.
type talking struct {
	silent *bool
	badScorer
}

func (p talking) Probs(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	if !*p.silent {
		always(1)(dst, obs)
	}
}
