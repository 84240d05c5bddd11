package scheduler

import (
	"errors"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The parts below misbehave when a switch is thrown.

type badEncoder struct{ mode *string }

func (badEncoder) StateDim() int { return 1 }
func (e badEncoder) AppendState(dst []float64, s pool) []float64 {
	switch *e.mode {
	case "too few":
		return dst
	case "too many":
		return append(dst, 1, 2)
	case "panic":
		panic("encoder")
	}
	return append(dst, s.hour)
}

type badActions struct {
	mode *string
	n    int
}

func (a badActions) ActionSpec() (n, dim int) { return a.n, 3 }
func (a badActions) Offer(set lepton.ActionSet, s pool) {
	poolActions{}.Offer(set, s)
	if *a.mode == "panic" {
		panic("actions")
	}
}

type badIncumbent struct{ mode *string }

func (b badIncumbent) ProbsState(p []float64, _ pool, obs *lepton.Observation, _ *lepton.Scratch) {
	switch always(0)(p, obs); *b.mode {
	case "panic":
		panic("incumbent")
	case "NaN":
		p[0] = math.NaN()
	case "silent":
		clear(p)
	}
}

func TestBadEncoderIsACountedFallback(t *testing.T) {
	for _, mode := range []string{"too few", "too many", "panic", "key"} {
		t.Run(mode, func(t *testing.T) {
			now := ""
			l := &store{}
			s := start(t, func(o *Options[pool, float64]) {
				o.Encoder, o.Policy, o.Mode, o.Learner = badEncoder{&now}, always(1), Live, l
				o.Key = func(pool) uint64 {
					if now == "key" {
						panic("key")
					}
					return 1
				}
			})
			require.Equal(t, lepton.ArmLearned, decide(t, s, poolOf(3)).Arm)
			now = mode
			d := decide(t, s, poolOf(3))
			assert.Equal(t, lepton.ArmGuarded, d.Arm, "the learned policy is not shown what nobody vouches for")
			assert.Equal(t, 0, d.Action)
			require.NoError(t, s.Report(d.ID, 1))
			train(t, s)
			assert.Empty(t, l.got, "and nothing is learned from it")
			assert.Equal(t, uint64(1), s.Stats().Faults[FaultEncoder])
			requireAddsUp(t, s.Stats())
		})
	}
	t.Run("a failing encoder does not move a key to another arm", func(t *testing.T) {
		now := "panic"
		s := start(t, func(o *Options[pool, float64]) {
			o.Encoder, o.Policy, o.Mode, o.Holdout, o.Key = badEncoder{&now}, always(1), Live, 0.5, func(s pool) uint64 { return s.key }
		})
		state := poolOf(2)
		for state.key = range uint64(50) {
			now = ""
			want := decide(t, s, state).Arm == lepton.ArmHoldout
			now = "panic"
			require.Equal(t, want, decide(t, s, state).Arm == lepton.ArmHoldout)
		}
	})
}

func TestBadActionSpaceIsANamedError(t *testing.T) {
	tests := []struct {
		name  string
		n     int
		mode  string
		state pool
		want  []error
	}{
		{"panic", 0, "panic", poolOf(3), []error{ErrActionSpace}},
		{"fewer than promised", 4, "", poolOf(3), []error{ErrActionSpace, lepton.ErrActionCount}},
		{"more than promised", 2, "", poolOf(3), []error{ErrActionSpace, lepton.ErrActionCount}},
		{"none", 0, "", pool{}, []error{ErrNoLegalAction}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, func(o *Options[pool, float64]) { o.Actions = badActions{&test.mode, test.n} })
			ep, err := s.Episode(lepton.CreditOptions{ID: 1})
			require.NoError(t, err)
			_, decideErr := s.Decide(test.state)
			_, rankErr := s.Rank(test.state, make([]float64, 3))
			_, recordErr := s.Record(test.state, 0, 1)
			_, episodeErr := ep.Decide(test.state)
			for _, err := range []error{decideErr, rankErr, recordErr, episodeErr, ep.Cut(test.state)} {
				for _, want := range test.want {
					require.ErrorIs(t, err, want)
				}
			}
			require.NoError(t, ep.End(), "the failed Cut left the episode open")
			st := s.Stats()
			assert.Zero(t, st.Decisions, "nothing was decided")
			assert.Equal(t, uint64(5), st.NoAction+st.Faults[FaultActionSpace])
		})
	}
}

func TestBadIncumbentIsReplacedByUniform(t *testing.T) {
	for _, mode := range []string{"panic", "NaN", "silent"} {
		t.Run(mode, func(t *testing.T) {
			now := mode
			s := start(t, func(o *Options[pool, float64]) { o.Incumbent = badIncumbent{&now} })
			d := decide(t, s, poolOf(4))
			assert.Equal(t, 0.25, d.Propensity)
			assert.Equal(t, uint64(1), s.Stats().Faults[FaultIncumbent])
		})
	}
}

func TestBadRewardLeavesTheDecisionOpen(t *testing.T) {
	reward := rewardFunc(func(_ lepton.Decision, v float64) float64 {
		if v == 13 {
			panic("reward")
		}
		return v
	})
	s := start(t, func(o *Options[pool, float64]) { o.Reward, o.Learner, o.Mode = reward, &store{}, Record })
	d := decide(t, s, poolOf(3))
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 13} {
		require.ErrorIs(t, s.Report(d.ID, bad), ErrReward)
		require.ErrorIs(t, s.Accrue(d.ID, bad), ErrReward)
	}
	assert.Equal(t, uint64(8), s.Stats().Faults[FaultReward])
	require.NoError(t, s.Accrue(d.ID, math.MaxFloat64))
	require.ErrorIs(t, s.Report(d.ID, math.MaxFloat64), ErrReward, "the sum overflows")
	require.NoError(t, s.Report(d.ID, 1), "nothing is lost")
	requireAddsUp(t, s.Stats())
}

func TestOutcomesOfDecisionsThatAreNotOpen(t *testing.T) {
	c := newClock()
	s := start(t, func(o *Options[pool, float64]) { o.Clock, o.OpenFor, o.MaxOpen = c.now, time.Minute, 1 })
	refused := func(name string, id lepton.DecisionID) {
		t.Helper()
		for call, err := range map[string]error{
			"Report": s.Report(id, 1), "Accrue": s.Accrue(id, 1), "Cancel": s.Cancel(id), "Chose": s.Chose(id, 0, 1),
		} {
			require.ErrorIs(t, err, ErrUnknownDecision, "%s of a decision %s", call, name)
		}
	}
	refused("that names none", lepton.DecisionID{})
	refused("never made", lepton.DecisionID{Seq: 99})
	settled := decide(t, s, poolOf(3)).ID
	require.NoError(t, s.Report(settled, 1))
	refused("settled", settled)
	cancelled := decide(t, s, poolOf(3)).ID
	require.NoError(t, s.Cancel(cancelled))
	refused("cancelled", cancelled)
	evicted := decide(t, s, poolOf(3)).ID
	open := decide(t, s, poolOf(3)).ID
	refused("evicted", evicted)
	refused("of another instance", lepton.DecisionID{Instance: 5, Seq: open.Seq})
	c.advance(time.Minute)
	require.NoError(t, s.Accrue(open, 1), "just in time")
	c.advance(1)
	require.ErrorIs(t, s.Report(open, 1), ErrUnknownDecision)
	refused("expired", open)
	st := s.Stats()
	assert.Equal(t, []uint64{1, 1, 1, 1}, []uint64{st.Settled, st.Cancelled, st.Evicted, st.Expired})
	requireAddsUp(t, st)
}

func TestBadChoices(t *testing.T) {
	s := start(t, func(o *Options[pool, float64]) { o.MaxActions = 3 })
	state := poolOf(4)
	state.workers[1].illegal = true
	_, err := s.Rank(state, make([]float64, 3))
	require.ErrorIs(t, err, ErrScores)
	scores := make([]float64, 4)
	d, err := s.Rank(state, scores)
	require.NoError(t, err)
	assert.Equal(t, -1, d.Action)
	assert.Equal(t, []float64{1, math.Inf(-1), 0, math.Inf(-1)}, scores, "the second is not legal, the fourth beyond MaxActions")
	for _, p := range []float64{0, -1, 1.1, math.NaN(), math.Inf(1)} {
		require.ErrorIs(t, s.Chose(d.ID, 0, p), ErrPropensity)
		_, err := s.Record(state, 0, p)
		require.ErrorIs(t, err, ErrPropensity)
	}
	for _, action := range []int{-1, 1, 3, 4, math.MaxInt} {
		require.ErrorIs(t, s.Chose(d.ID, action, 1), ErrAction)
		_, err := s.Record(state, action, 1)
		require.ErrorIs(t, err, ErrAction)
	}
	require.ErrorIs(t, s.Report(d.ID, 1), ErrNotChosen)
	require.ErrorIs(t, s.Accrue(d.ID, 1), ErrNotChosen)
	require.NoError(t, s.Chose(d.ID, 2, 0.7), "after all that it can still be chosen")
	require.ErrorIs(t, s.Chose(d.ID, 2, 0.7), ErrChosen)
	require.NoError(t, s.Report(d.ID, 1))
	direct := decide(t, s, state)
	require.ErrorIs(t, s.Chose(direct.ID, 0, 1), ErrChosen)
	assert.Equal(t, uint64(8), s.Stats().Truncated, "one action in each of the eight calls that looked")
}

// A ranked decision in a slot that held another decision before is chosen from its own list.
func TestRankInAUsedSlot(t *testing.T) {
	l := &store{needs: lepton.Needs{Others: 2}}
	s := start(t, func(o *Options[pool, float64]) { o.Mode, o.Learner, o.MaxOpen = Record, l, 1 })
	require.NoError(t, s.Cancel(decide(t, s, poolOf(2)).ID))
	state := poolOf(9)
	d, err := s.Rank(state, make([]float64, 9))
	require.NoError(t, err)
	require.NoError(t, s.Chose(d.ID, 7, 1))
	require.NoError(t, s.Report(d.ID, 1))
	train(t, s)
	require.Len(t, l.got, 1)
	assert.Equal(t, state.workers[7].id, l.got[0].Obs.ID(l.got[0].Action))
	assert.Equal(t, 9, l.got[0].Obs.Offered())
}

func TestBadEpisodes(t *testing.T) {
	s := start(t, func(o *Options[pool, float64]) { o.MaxOpen = 2 })
	_, err := s.Episode(lepton.CreditOptions{Gamma: 2, Unit: -1})
	require.ErrorContains(t, err, "Gamma is 2")
	require.ErrorContains(t, err, "Unit is -1")
	ep, err := s.Episode(lepton.CreditOptions{ID: 1, Gamma: 0.5})
	require.NoError(t, err)
	_, err = s.Episode(lepton.CreditOptions{ID: 1, Gamma: 0.6})
	require.ErrorContains(t, err, "other credit options")
	same, err := s.Episode(lepton.CreditOptions{ID: 1, Gamma: 0.5})
	require.NoError(t, err)
	require.Same(t, ep, same)
	for id := range uint64(3) {
		_, err = s.Episode(lepton.CreditOptions{ID: 2 + id})
		require.NoError(t, err)
	}
	assert.Equal(t, uint64(2), s.Stats().EpisodesLost)
	require.NoError(t, ep.End(), "who still holds a forgotten one can go on with it")
	require.ErrorIs(t, ep.Cut(poolOf(1)), ErrEpisodeOver)
	_, err = ep.Record(poolOf(1), 0, 1)
	require.ErrorIs(t, err, ErrEpisodeOver)
	_, err = ep.Rank(poolOf(1), nil)
	require.ErrorIs(t, err, ErrEpisodeOver)
}

func TestPotentialThatMisbehavesShapesNothing(t *testing.T) {
	values := []any{1.0, "panic", math.NaN(), math.Inf(1), 2.0}
	l := &store{}
	s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = l, Record })
	at := 0
	ep, err := s.Episode(lepton.CreditOptions{Gamma: 1, Potential: func(*lepton.Observation) float64 {
		if v, ok := values[at].(float64); ok {
			return v
		}
		panic("potential")
	}})
	require.NoError(t, err)
	for at = range values {
		d, err := ep.Decide(poolOf(3))
		require.NoError(t, err)
		require.NoError(t, s.Report(d.ID, 10))
	}
	require.NoError(t, ep.End())
	train(t, s)
	var got []float64
	for i := range l.got {
		got = append(got, l.got[i].Reward)
	}
	assert.Equal(t, []float64{9, 10, 10, 12, 8}, got, "10 + Φ′ − Φ, with Φ 1, 0, 0, 0, 2 and 0 at the end")
	assert.Equal(t, uint64(1), s.Stats().Faults[FaultReward])
}

// A shaped reward that overflows, or a feature beyond float32, never reaches the learner.
func TestNumbersBeyondBoundsAreCountedNotLearned(t *testing.T) {
	l := &store{}
	s := start(t, func(o *Options[pool, float64]) { o.Learner, o.Mode = l, Record })
	huge := math.MaxFloat64
	ep, err := s.Episode(lepton.CreditOptions{Gamma: 1, Potential: func(*lepton.Observation) float64 { huge = -huge; return huge }})
	require.NoError(t, err)
	for range 2 {
		d, err := ep.Decide(poolOf(2))
		require.NoError(t, err)
		require.NoError(t, s.Report(d.ID, 1))
	}
	assert.Equal(t, uint64(1), s.Stats().NotFinite)
	state := poolOf(2)
	state.hour = 1e300
	require.NoError(t, s.Report(decide(t, s, state).ID, 1))
	train(t, s)
	assert.Equal(t, uint64(2), s.Stats().NotFinite)
	assert.Empty(t, l.got)
}

func TestListenersThatPanicHoldNothingUp(t *testing.T) {
	c := newClock()
	s := start(t, func(o *Options[pool, float64]) {
		o.Clock, o.OpenFor, o.Learner, o.Mode = c.now, time.Minute, &store{}, Live
		o.Policy = policyFunc(func([]float64, *lepton.Observation) { panic("policy") })
		o.Gate = GateFunc(func(c Candidate) error {
			if c.Version == 2 {
				return errors.New("no")
			}
			return nil
		})
		o.Journal = panickyJournal{}
		o.Logger = slog.New(slog.NewTextHandler(panickyWriter{}, nil))
		o.Hooks = Hooks{
			Fault:     func(FaultCause, any) { panic("fault hook") },
			Published: func(uint64) { panic("published hook") },
			Refused:   func(uint64, error) { panic("refused hook") },
			Given:     func(lepton.DecisionID, EventKind) { panic("given hook") },
		}
	})
	d := decide(t, s, poolOf(3))
	assert.Equal(t, lepton.ArmGuarded, d.Arm)
	require.NoError(t, s.Report(d.ID, 1))
	decide(t, s, poolOf(3))
	c.advance(2 * time.Minute)
	_, err := s.Train(t.Context())
	require.Error(t, err, "the gate refused")
	st := s.Stats()
	assert.Equal(t, uint64(1), st.Expired)
	assert.Positive(t, st.Faults[FaultListener])
	requireAddsUp(t, st)
}

type panickyJournal struct{}

func (panickyJournal) Append(*Event) { panic("journal") }

type panickyWriter struct{}

func (panickyWriter) Write([]byte) (int, error) { panic("log") }
