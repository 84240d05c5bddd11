package scheduler

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/require"
)

// driver is an embedder whose every move follows from a seed: it decides, ranks, records, reports late
// and early, cancels, and trains, alone and in episodes. Two drivers of one seed that meet equal
// schedulers make equal logs.
type driver struct {
	t      testing.TB
	s      *Scheduler[pool, float64]
	source *rand.PCG
	rnd    *rand.Rand
	clock  *clock
	open   []lepton.DecisionID
	ranked []lepton.DecisionID
	log    []string
}

// drivenOptions is what drivers drive: small enough for evictions, full queues and lost lists.
func drivenOptions(c *clock) Options[pool, float64] {
	return with(func(o *Options[pool, float64]) {
		o.Learner, o.Mode, o.Seed, o.Instance = newTally(), Live, 11, 3
		o.Key = func(s pool) uint64 { return s.key }
		o.Holdout, o.Explore = 0.1, Explore{Share: 0.2, MaxLoss: 1}
		o.Clock, o.OpenFor, o.DefaultOutcome = c.now, time.Minute, new(float64)
		o.MaxOpen, o.MaxRanked, o.QueueLen, o.Snapshots = 48, 3, 16, 4
	})
}

func newDriver(t testing.TB, seed uint64) *driver {
	c := newClock()
	s, err := New(drivenOptions(c))
	require.NoError(t, err)
	source := rand.NewPCG(seed, 5)
	return &driver{t: t, s: s, source: source, rnd: rand.New(source), clock: c}
}

// twin returns a driver in the same position over another scheduler, which is under drivenOptions(c).
func (d *driver) twin(s *Scheduler[pool, float64], c *clock) *driver {
	state, err := d.source.MarshalBinary()
	require.NoError(d.t, err)
	source := new(rand.PCG)
	require.NoError(d.t, source.UnmarshalBinary(state))
	c.t = d.clock.t
	return &driver{
		t: d.t, s: s, source: source, rnd: rand.New(source), clock: c,
		open: slices.Clone(d.open), ranked: slices.Clone(d.ranked),
	}
}

func (d *driver) note(what string, args ...any) { d.log = append(d.log, fmt.Sprintf(what, args...)) }

func (d *driver) episode() *Episode[pool, float64] {
	ep, err := d.s.Episode(lepton.CreditOptions{
		ID: 1 + d.rnd.Uint64N(3), Gamma: 0.9, Unit: 10 * time.Second,
		Potential: func(obs *lepton.Observation) float64 { return float64(obs.Len()) / 10 },
	})
	require.NoError(d.t, err)
	return ep
}

// run makes n moves.
func (d *driver) run(n int) {
	for range n {
		d.move()
	}
}

func (d *driver) move() {
	state := poolOf(1 + d.rnd.IntN(12))
	state.key = d.rnd.Uint64N(20)
	for i := range state.workers {
		state.workers[i].illegal = i > 0 && d.rnd.IntN(4) == 0
	}
	scores := make([]float64, len(state.workers))
	var made lepton.Decision
	var err error
	switch move := d.rnd.IntN(100); {
	case move < 40:
		made, err = d.s.Decide(state)
		d.open = append(d.open, made.ID)
	case move < 60:
		made, err = d.episode().Decide(state)
		d.open = append(d.open, made.ID)
	case move < 64:
		made, err = d.s.Rank(state, scores)
		d.ranked = append(d.ranked, made.ID)
	case move < 66:
		made, err = d.episode().Rank(state, scores)
		d.ranked = append(d.ranked, made.ID)
	case move < 68:
		made, err = d.episode().Record(state, 0, 0.5)
		d.open = append(d.open, made.ID)
	case move < 72 && len(d.ranked) > 0:
		id := take(d, &d.ranked)
		d.note("chose %v", d.s.Chose(id, 0, 1))
		d.open = append(d.open, id)
	case move < 76 && len(d.open) > 0:
		d.note("accrue %v", d.s.Accrue(d.open[d.rnd.IntN(len(d.open))], d.rnd.Float64()))
	case move < 90 && len(d.open) > 0:
		d.note("report %v", d.s.Report(take(d, &d.open), d.rnd.Float64()))
	case move < 91 && len(d.open) > 0:
		d.note("cancel %v", d.s.Cancel(take(d, &d.open)))
	case move < 92:
		if ep := d.episode(); d.rnd.IntN(2) == 0 {
			d.note("end %v", ep.End())
		} else {
			d.note("cut %v", ep.Cut(state))
		}
	case move < 94:
		progress, err := d.s.Train(d.t.Context())
		d.note("train %v %v", progress, err)
	default:
		d.clock.advance(time.Duration(d.rnd.IntN(5)) * time.Second)
	}
	require.NoError(d.t, err)
	if !made.ID.IsZero() {
		d.note("%+v %v", made, scores)
	}
}

// take removes a random element of list.
func take(d *driver, list *[]lepton.DecisionID) lepton.DecisionID {
	at := d.rnd.IntN(len(*list))
	id := (*list)[at]
	*list = slices.Delete(*list, at, at+1)
	return id
}
