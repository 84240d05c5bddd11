package rl_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fleet is machines that come and go: each new one takes the place of another. A machine of make m takes a job
// in 1 + m of time, and a loaded one takes longer.
type fleet struct {
	machines []machineOf
	next     uint64
	rand     *rand.Rand
}

type machineOf struct {
	id         uint64
	model      int
	load, time float64
}

func newFleet(seed uint64) *fleet {
	f := &fleet{rand: rng.New(seed, "fleet"), next: 5000}
	for range 6 {
		f.machines = append(f.machines, f.make())
	}
	return f
}

func (f *fleet) make() machineOf {
	f.next++
	return machineOf{id: f.next, model: f.rand.IntN(3)}
}

// pass lets time go by: loads change, and now and then a machine is replaced.
func (f *fleet) pass() {
	if f.rand.IntN(200) == 0 {
		f.machines[f.rand.IntN(len(f.machines))] = f.make()
	}
	for i := range f.machines {
		m := &f.machines[i]
		m.load = f.rand.Float64()
		m.time = 1 + float64(m.model) + m.load + 0.1*f.rand.NormFloat64()
	}
}

func (f *fleet) StateDim() int { return 1 }

func (f *fleet) AppendState(dst []float64, s *fleet) []float64 {
	return append(dst, float64(len(s.machines)))
}

func (f *fleet) ActionSpec() (n, dim int) { return 0, 4 }

func (f *fleet) Offer(set lepton.ActionSet, s *fleet) {
	for _, m := range s.machines {
		row := set.Add(m.id, true)
		row[m.model], row[3] = 1, m.load
	}
}

func (f *fleet) Reward(_ lepton.Decision, time float64) float64 { return -time }

// Through the facade, with outcomes that come up to 30 decisions late and machines that come and go, most of the
// time is saved that could be, beside machines chosen evenly: nine tenths where they are known by make and load.
func TestBanditsThroughTheFacade(t *testing.T) {
	spec := lepton.Spec{StateDim: 1, ActionDim: 4}
	for name, c := range map[string]struct {
		make  func() (lepton.Learner, error)
		least float64 // share of what could be saved
	}{
		"UCB1":        {func() (lepton.Learner, error) { return rl.NewUCB1(spec, rl.UCB1Options{MaxEntries: 20}) }, 0.4},
		"LinUCB":      {func() (lepton.Learner, error) { return rl.NewLinUCB(spec, rl.LinUCBOptions{}) }, 0.9},
		"LinThompson": {func() (lepton.Learner, error) { return rl.NewLinThompson(spec, rl.LinThompsonOptions{Scale: 0.3}) }, 0.9},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range someSeeds() {
				l, err := c.make()
				require.NoError(t, err)
				f := newFleet(seed)
				s, err := scheduler.New(scheduler.Options[*fleet, float64]{
					Encoder: f, Actions: f, Reward: f, Learner: l, Mode: scheduler.Live, Seed: seed,
				})
				require.NoError(t, err)
				type due struct {
					id   lepton.DecisionID
					time float64
				}
				var open []due
				spent, even, best := 0.0, 0.0, 0.0
				for range 3000 {
					f.pass()
					d, err := s.Decide(f)
					require.NoError(t, err)
					fastest := math.Inf(1)
					for _, m := range f.machines {
						even += m.time / float64(len(f.machines))
						fastest = min(fastest, m.time)
					}
					best += fastest
					spent += f.machines[d.Action].time
					open = append(open, due{d.ID, f.machines[d.Action].time})
					if len(open) == 30 {
						f.rand.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
						for _, o := range open {
							require.NoError(t, s.Report(o.id, o.time))
						}
						open = open[:0]
						_, err := s.Train(t.Context())
						require.NoError(t, err)
					}
				}
				stats := s.Stats()
				require.EqualValues(t, 3000, stats.Learned)
				require.Zero(t, stats.QueueDropped+stats.Evicted+stats.NotFinite)
				t.Logf("seed %d: %.2f", seed, (even-spent)/(even-best))
				assert.Greater(t, (even-spent)/(even-best), c.least)
			}
		})
	}
}

// A bandit's file with any byte changed, under a checksum that fits, is refused or is what the learner then
// holds, and it can go on from there.
func TestNoByteOfABanditsFileCanHarm(t *testing.T) {
	for name, c := range everyLearner {
		if !isBandit(name) {
			continue
		}
		l, err := c.make()
		require.NoError(t, err)
		stream := varied(c.spec, 13, 24)
		feed(t, l, stream[:14])
		kind, body, _, err := codec.ReadContainer(bytes.NewReader(saved(t, l)))
		require.NoError(t, err)
		taken := 0
		for i, b := range body {
			for _, changed := range []byte{b ^ 1, b ^ 0x80} {
				body[i] = changed
				file := container(kind, body)
				if _, err := l.ReadFrom(bytes.NewReader(file)); err != nil {
					continue
				}
				taken++
				require.True(t, bytes.Equal(file, saved(t, l)), "%s, byte %d", name, i)
				for _, tr := range stream[14:] {
					l.Observe(tr)
					_, _ = l.Step(t.Context()) // what cannot be published is an error
					l.Policy().Probs(make([]float64, tr.Obs.Len()), &tr.Obs, nil)
				}
			}
			body[i] = b
		}
		require.Positive(t, taken, name)
	}
}
