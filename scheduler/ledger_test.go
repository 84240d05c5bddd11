package scheduler

import (
	"bytes"
	"context"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// recorder is a learner that keeps what it is given and never has a new policy.
type recorder struct {
	store
	tallyPolicy
}

func (r *recorder) Policy() lepton.Policy { return &r.tallyPolicy }

func (r *recorder) ReadFrom(in io.Reader) (int64, error) { return io.Copy(io.Discard, in) }

func (r *recorder) DecodePolicy(kind string, in io.Reader) (lepton.Policy, error) {
	return new(tally).DecodePolicy(kind, in)
}

func (r *recorder) Kind() string { return r.tallyPolicy.Kind() }

// endings is a journal that counts how often each decision was made and ended.
type endings struct {
	made map[uint64]lepton.Decision
	how  map[uint64][]EventKind
}

func (j *endings) Append(e *Event) {
	switch seq := e.Decision.ID.Seq; e.Kind {
	case Decided:
		j.made[seq] = e.Decision
	case Settled, Defaulted, Cancelled, Evicted, Expired:
		j.how[seq] = append(j.how[seq], e.Kind)
	}
}

// machine drives a scheduler and its model side by side.
type machine struct {
	s       *Scheduler[pool, float64]
	o       Options[pool, float64]
	m       *model
	clock   *clock
	learner *recorder
	journal *endings
	got     []lepton.Transition
	named   map[uint64]*Episode[pool, float64]
	unnamed *Episode[pool, float64]
	nameOf  map[*Episode[pool, float64]]*modelEpisode
}

func TestGuarantee08OneOutcomeOrDefaultJoinsEachDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"decide":  x.decide,
			"decide2": x.decide, // more often than the rest
			"rank":    x.rank,
			"record":  x.record,
			"chose":   x.chose,
			"report":  x.report,
			"report2": x.report,
			"accrue":  x.accrue,
			"cancel":  x.cancel,
			"end":     x.end,
			"cut":     x.cut,
			"advance": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(0, 8).Draw(t, "seconds")) * time.Second
				x.clock.advance(d)
				x.m.now += d
			},
			"freeze": func(t *rapid.T) {
				x.m.off = rapid.Bool().Draw(t, "off")
				x.s.SetMode(Record)
				if x.m.off {
					x.s.SetMode(Off)
				}
			},
			"train":   x.train,
			"restart": x.restart,
			"":        x.check,
		})
		x.train(t)
		x.check(t)
	})
}

func newMachine(t *rapid.T) *machine {
	others := rapid.SampledFrom([]int{lepton.AllRows, 0, 2}).Draw(t, "others")
	m := newModel(
		rapid.SampledFrom([]int{1, 2, 3, 7, 20, 32}).Draw(t, "MaxOpen"), rapid.SampledFrom([]int{1, 2, 5}).Draw(t, "MaxRanked"),
		rapid.SampledFrom([]int{1, 2, 8}).Draw(t, "QueueLen"), others,
	)
	m.openFor = rapid.SampledFrom([]time.Duration{0, 10 * time.Second}).Draw(t, "OpenFor")
	m.byDefault = m.openFor > 0 && rapid.Bool().Draw(t, "DefaultOutcome")
	x := &machine{
		m: m, clock: newClock(), journal: &endings{map[uint64]lepton.Decision{}, map[uint64][]EventKind{}},
		named: map[uint64]*Episode[pool, float64]{}, nameOf: map[*Episode[pool, float64]]*modelEpisode{},
	}
	x.o = with(func(o *Options[pool, float64]) {
		o.Mode, o.Clock, o.Journal, o.Instance = Record, x.clock.now, x.journal, 6
		o.MaxOpen, o.MaxRanked, o.QueueLen, o.OpenFor = m.maxOpen, m.maxRanked, m.queueLen, m.openFor
		if m.byDefault {
			o.DefaultOutcome = new(float64)
			*o.DefaultOutcome = 0.25
		}
	})
	x.begin(t)
	return x
}

func (x *machine) begin(t require.TestingT) {
	x.learner = &recorder{store: store{needs: lepton.Needs{Others: x.m.others}, observe: func(tr *lepton.Transition) {
		var kept lepton.Transition
		kept.CopyFrom(tr)
		x.got = append(x.got, kept)
	}}}
	x.learner.step = func(ctx context.Context) (lepton.Progress, error) { return lepton.Progress{Idle: true}, nil }
	x.o.Learner = x.learner
	s, err := New(x.o)
	require.NoError(t, err)
	x.s = s
}

// restart replaces the scheduler by one restored from its checkpoint.
func (x *machine) restart(t *rapid.T) {
	var file bytes.Buffer
	require.NoError(t, x.s.Checkpoint(&file))
	x.begin(t)
	require.NoError(t, x.s.Restore(&file))
	for id := range x.named { // handles are of the old life
		x.named[id] = nil
	}
	x.unnamed = nil
}

// stream draws an episode, opened or reattached where need be, or none.
func (x *machine) stream(t *rapid.T) (*Episode[pool, float64], *modelEpisode) {
	id := rapid.Uint64Range(0, 4).Draw(t, "episode")
	if id == 4 {
		return nil, nil
	}
	credit := lepton.CreditOptions{
		ID: id, Agent: uint32(id), Gamma: 0.5 * float64(id%3), Unit: time.Duration(id/2) * 5 * time.Second,
		Potential: func(obs *lepton.Observation) float64 { return potential(obs.Len()) },
	}
	if id == 0 && x.unnamed != nil && !x.nameOf[x.unnamed].over {
		return x.unnamed, x.nameOf[x.unnamed]
	}
	ep, err := x.s.Episode(credit)
	require.NoError(t, err)
	if id == 0 {
		x.unnamed = ep
		x.nameOf[ep] = &modelEpisode{credit: credit}
		return ep, x.nameOf[ep]
	}
	twin := x.m.streams[id]
	if was := x.named[id]; twin != nil && was != nil && !x.forgotten(id) {
		require.Same(t, was, ep, "episode %d is open", id)
	}
	if twin == nil || x.forgotten(id) {
		twin = &modelEpisode{credit: credit}
	}
	x.remember(id, twin)
	x.named[id], x.nameOf[ep] = ep, twin
	return ep, twin
}

func (x *machine) forgotten(id uint64) bool { return x.m.streams[id] == nil }

// remember models the registry of named streams: at most maxOpen, the oldest makes room.
func (x *machine) remember(id uint64, twin *modelEpisode) {
	if x.m.streams[id] == twin {
		return
	}
	if len(x.m.order) >= x.m.maxOpen {
		delete(x.m.streams, x.m.order[0])
		x.m.order = x.m.order[1:]
		x.m.st.EpisodesLost++
	}
	x.m.streams[id] = twin
	x.m.order = append(x.m.order, id)
}

func (x *machine) finished(twin *modelEpisode) {
	twin.over = true
	if x.m.streams[twin.credit.ID] == twin {
		delete(x.m.streams, twin.credit.ID)
		x.m.order = slices.DeleteFunc(x.m.order, func(id uint64) bool { return id == twin.credit.ID })
	}
}

func (x *machine) state(t *rapid.T) pool {
	p := poolOf(rapid.IntRange(1, 9).Draw(t, "workers"))
	for i := range p.workers {
		p.workers[i].illegal = i > 0 && rapid.Bool().Draw(t, "illegal")
	}
	return p
}

// made checks a decision against the model's.
func (x *machine) made(t *rapid.T, d lepton.Decision, err error, want *modelDecision) {
	require.NoError(t, err)
	require.Equal(t, lepton.DecisionID{Instance: 6, Seq: want.seq}, d.ID)
	require.Equal(t, want.action, d.Action)
	if d.Action >= 0 {
		require.Equal(t, want.state.workers[d.Action].id, d.ActionID)
		require.True(t, d.Propensity > 0 && d.Propensity <= 1)
	}
}

func (x *machine) decide(t *rapid.T) {
	state := x.state(t)
	ep, twin := x.stream(t)
	var d lepton.Decision
	var err error
	if ep != nil {
		d, err = ep.Decide(state)
	} else {
		d, err = x.s.Decide(state)
	}
	x.made(t, d, err, x.m.decide(twin, state, d.Action))
}

func (x *machine) rank(t *rapid.T) {
	state := x.state(t)
	scores := make([]float64, len(state.workers))
	ep, twin := x.stream(t)
	var d lepton.Decision
	var err error
	if ep != nil {
		d, err = ep.Rank(state, scores)
	} else {
		d, err = x.s.Rank(state, scores)
	}
	x.made(t, d, err, x.m.decide(twin, state, -1))
}

func (x *machine) record(t *rapid.T) {
	state := x.state(t)
	d, err := x.s.Record(state, 0, 0.5)
	x.made(t, d, err, x.m.decide(nil, state, 0))
}

// some draws a decision that was made, or that never was.
func (x *machine) some(t *rapid.T) lepton.DecisionID {
	last := x.m.next
	id := lepton.DecisionID{Instance: 6, Seq: last - min(rapid.Uint64Range(0, 40).Draw(t, "back"), last)}
	if rapid.IntRange(0, 30).Draw(t, "other instance") == 30 {
		id.Instance = 7
	}
	return id
}

// same demands that the scheduler said what the model says.
func same(t require.TestingT, want, got error) {
	if want == nil {
		require.NoError(t, got)
		return
	}
	require.ErrorIs(t, got, want)
}

func (x *machine) chose(t *rapid.T) {
	id, action := x.some(t), rapid.IntRange(-1, 5).Draw(t, "action")
	want := ErrUnknownDecision
	if id.Instance == 6 {
		want = x.m.chose(id.Seq, action)
	}
	same(t, want, x.s.Chose(id, action, 1))
}

func (x *machine) report(t *rapid.T) { x.outcome(t, false) }
func (x *machine) accrue(t *rapid.T) { x.outcome(t, true) }

func (x *machine) outcome(t *rapid.T, accrue bool) {
	id := x.some(t)
	reward := rapid.SampledFrom([]float64{0, 1, -2.5, math.NaN()}).Draw(t, "reward")
	want := ErrUnknownDecision
	if id.Instance == 6 {
		want = x.m.report(id.Seq, reward, accrue)
	}
	if accrue {
		same(t, want, x.s.Accrue(id, reward))
	} else {
		same(t, want, x.s.Report(id, reward))
	}
}

func (x *machine) cancel(t *rapid.T) {
	id := x.some(t)
	want := ErrUnknownDecision
	if id.Instance == 6 {
		want = x.m.cancel(id.Seq)
	}
	same(t, want, x.s.Cancel(id))
}

func (x *machine) end(t *rapid.T) {
	ep, twin := x.stream(t)
	if ep == nil {
		return
	}
	require.NoError(t, ep.End())
	x.m.link(twin, nil, -1, true)
	x.finished(twin)
	require.ErrorIs(t, ep.End(), ErrEpisodeOver)
	_, err := ep.Decide(x.state(t))
	require.ErrorIs(t, err, ErrEpisodeOver)
}

func (x *machine) cut(t *rapid.T) {
	ep, twin := x.stream(t)
	if ep == nil {
		return
	}
	state := x.state(t)
	require.NoError(t, ep.Cut(state))
	x.m.link(twin, &state, -1, true)
	x.finished(twin)
}

func (x *machine) train(t *rapid.T) {
	_, err := x.s.Train(t.Context())
	require.NoError(t, err)
	x.m.train()
	require.Len(t, x.got, len(x.m.delivered))
	for i := len(x.got) - 1; i >= 0 && i >= len(x.got)-x.m.queueLen; i-- {
		checkTransition(t, &x.got[i], x.m.delivered[i], x.m.others)
	}
}

// checkTransition demands that got tells what became of want.
func checkTransition(t *rapid.T, got *lepton.Transition, want *modelDecision, others int) {
	require.Equal(t, want.seq, got.ID.Seq)
	require.Equal(t, want.state.workers[want.action].id, got.Obs.ID(got.Action), "the action that was chosen")
	require.InDelta(t, want.state.workers[want.action].x[0], got.Obs.Action(got.Action)[0], 1e-6)
	require.Equal(t, len(want.state.workers), got.Obs.Offered())
	require.Equal(t, []float64{want.state.hour}, got.Obs.State())
	require.InDelta(t, want.reward, got.Reward, 1e-9)
	require.Equal(t, want.discount, got.Discount)
	require.Equal(t, want.elapsed, got.Elapsed)
	require.Equal(t, want.last, got.Last)
	require.Equal(t, want.step, got.Step)
	if want.ep == nil {
		require.Zero(t, got.Episode)
	} else if want.ep.credit.ID != 0 {
		require.Equal(t, want.ep.credit.ID, got.Episode)
		require.Equal(t, want.ep.credit.Agent, got.Agent)
	}
	if others >= 0 {
		require.LessOrEqual(t, got.Obs.Len(), 1+others)
		require.LessOrEqual(t, got.Next.Len(), 1+others)
	}
	switch {
	case want.discount == 0:
		require.Equal(t, -1, got.NextAction)
		require.Zero(t, got.Next.Len())
	case want.nextBy < 0:
		require.Equal(t, -1, got.NextAction)
		require.Equal(t, len(want.nextIn.workers), got.Next.Offered())
	default:
		require.Equal(t, want.nextIn.workers[want.nextBy].id, got.Next.ID(got.NextAction))
	}
}

// check compares the counts, and demands that nothing ended twice.
func (x *machine) check(t *rapid.T) {
	got, want := x.s.Stats(), x.m.stats()
	requireAddsUp(t, got)
	picked := func(st Stats) Stats {
		return Stats{
			Decisions: st.Decisions, Open: st.Open, Waiting: st.Waiting, Settled: st.Settled, Defaulted: st.Defaulted,
			Cancelled: st.Cancelled, Evicted: st.Evicted, Expired: st.Expired, Unlinked: st.Unlinked, LinkDropped: st.LinkDropped,
			RankDropped: st.RankDropped, QueueDropped: st.QueueDropped, Queued: st.Queued, Learned: st.Learned, EpisodesLost: st.EpisodesLost,
		}
	}
	require.Equal(t, picked(want), picked(got))
	for seq, how := range x.journal.how {
		require.Equal(t, []EventKind{x.m.endings[seq]}, how, "decision %d", seq)
	}
	require.Len(t, x.journal.how, len(x.m.endings))
	require.Len(t, x.journal.made, len(x.m.all))
}
