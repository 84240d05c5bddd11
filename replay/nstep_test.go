package replay

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton"
)

// step makes transition number i of a stream: its observation is [i], the next one [i+1].
func step(episode uint64, i int, reward, discount float64, last bool) *lepton.Transition {
	t := &lepton.Transition{
		ID: lepton.DecisionID{Seq: uint64(i) + 1}, Episode: episode, Step: i, Reward: reward, Discount: discount, Last: last,
		Elapsed: time.Second, Propensity: 0.5, NextAction: -1,
	}
	t.Obs.SetState([]float64{float64(i)})
	if discount != 0 {
		t.Next.SetState([]float64{float64(i + 1)})
		t.NextAction = 0
	}
	return t
}

// result is what the tests look at.
type result struct {
	from, to         float64 // to is −1 where Next is empty
	reward, discount float64
	last             bool
}

func summary(t *lepton.Transition) result {
	to := -1.0
	if len(t.Next.State()) > 0 {
		to = t.Next.State()[0]
	}
	return result{t.Obs.State()[0], to, t.Reward, t.Discount, t.Last}
}

func TestNStep(t *testing.T) {
	type steps []*lepton.Transition
	for _, c := range []struct {
		name  string
		o     NStepOptions
		in    steps
		flush bool
		want  []result
		stats NStepStats
	}{
		{"three steps, true end", NStepOptions{}, // R = 1 + ½·2 + ¼·4 = 3, then 2 + ½·4 + ¼·8 = 6, 4 + ½·8 = 8, 8
			steps{step(1, 0, 1, 0.5, false), step(1, 1, 2, 0.5, false), step(1, 2, 4, 0.5, false), step(1, 3, 8, 0, true)}, false,
			[]result{{0, 3, 3, 0.125, false}, {1, -1, 6, 0, true}, {2, -1, 8, 0, true}, {3, -1, 8, 0, true}}, NStepStats{}},
		{"a cut bootstraps where it was cut", NStepOptions{N: 3},
			steps{step(1, 0, 1, 0.5, false), step(1, 1, 2, 0.5, true)}, false,
			[]result{{0, 2, 2, 0.25, true}, {1, 2, 2, 0.5, true}}, NStepStats{}},
		{"unequal durations", NStepOptions{N: 2},
			steps{step(1, 0, 1, 0.75, false), step(1, 1, 10, 0.25, false)}, false,
			[]result{{0, 2, 8.5, 0.1875, false}}, NStepStats{Open: 1}},
		{"a gap: shorter, and nothing over it", NStepOptions{N: 3},
			steps{step(1, 0, 1, 0.5, false), step(1, 1, 2, 0.5, false), step(1, 3, 8, 0.5, true)}, false,
			[]result{{0, 2, 2, 0.25, false}, {1, 2, 2, 0.5, false}, {3, 4, 8, 0.5, true}}, NStepStats{Gaps: 1}},
		{"twice the same step is a gap too", NStepOptions{N: 2},
			steps{step(1, 0, 1, 0.5, false), step(1, 0, 1, 0.5, false)}, true,
			[]result{{0, 1, 1, 0.5, false}, {0, 1, 1, 0.5, false}}, NStepStats{Gaps: 1}},
		{"streams do not mix", NStepOptions{N: 2},
			steps{step(1, 0, 1, 1, false), step(2, 0, 10, 1, false), step(1, 1, 2, 1, false), step(2, 1, 20, 1, false)}, false,
			[]result{{0, 2, 3, 1, false}, {0, 2, 30, 1, false}}, NStepStats{Open: 2}},
		{"a decision by itself passes", NStepOptions{N: 2},
			steps{step(0, 0, 1, 0, false), step(0, 0, 2, 0, false)}, false,
			[]result{{0, -1, 1, 0, false}, {0, -1, 2, 0, false}}, NStepStats{}},
		{"discount 0 needs no look ahead", NStepOptions{N: 2},
			steps{step(1, 0, 1, 0, false), step(1, 1, 2, 0, false)}, false,
			[]result{{0, -1, 1, 0, false}, {1, -1, 2, 0, false}}, NStepStats{}},
		{"n = 1 passes everything", NStepOptions{N: 1},
			steps{step(1, 0, 1, 0.5, false), step(1, 5, 2, 0.5, false)}, false,
			[]result{{0, 1, 1, 0.5, false}, {5, 6, 2, 0.5, false}}, NStepStats{}},
		{"the stream untouched longest makes room", NStepOptions{N: 3, MaxStreams: 2},
			steps{step(1, 0, 1, 1, false), step(2, 0, 10, 1, false), step(1, 1, 2, 1, false), step(3, 0, 100, 1, false)}, true,
			[]result{{0, 1, 10, 1, false}, {0, 2, 3, 1, false}, {1, 2, 2, 1, false}, {0, 1, 100, 1, false}}, NStepStats{Evicted: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := NewNStep(c.o)
			require.NoError(t, err)
			var got []result
			emit := func(t *lepton.Transition) { got = append(got, summary(t)) }
			for _, in := range c.in {
				before := summary(in)
				n.Add(in, emit)
				require.Equal(t, before, summary(in), "what comes in is not changed")
			}
			if c.flush {
				n.Flush(emit)
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.stats, n.Stats())
		})
	}
}

func TestNStepKeepsTheFirstStepsOwn(t *testing.T) {
	n, err := NewNStep(NStepOptions{N: 2})
	require.NoError(t, err)
	first, second := step(4, 0, 1, 0.5, false), step(4, 1, 2, 0.5, false)
	first.Arm, first.Version, second.NextAction = lepton.ArmExplored, 9, 0
	var out lepton.Transition
	emit := func(t *lepton.Transition) { out.CopyFrom(t) }
	n.Add(first, emit)
	n.Add(second, emit)
	assert.Equal(t, first.ID, out.ID)
	assert.Equal(t, lepton.ArmExplored, out.Arm)
	assert.Equal(t, uint64(9), out.Version)
	assert.Equal(t, 0.5, out.Propensity)
	assert.Equal(t, 0, out.NextAction)
	assert.Equal(t, 2*time.Second, out.Elapsed)
}

func TestNStepOptions(t *testing.T) {
	_, err := NewNStep(NStepOptions{N: -1, MaxStreams: -2})
	assert.EqualError(t, err, "replay: NStepOptions.N is -1, want 1 or more\nreplay: NStepOptions.MaxStreams is -2, want 1 or more")
}

// model is NStep written the slow way: it keeps whole runs of consecutive steps, and computes every
// return from its definition when a run is over.
type model struct {
	n, maxStreams int
	runs          map[streamKey][]lepton.Transition
	order         []streamKey // of the streams with waiting transitions, longest untouched first
	out           map[streamKey][]result
	stats         NStepStats
}

func (m *model) touch(key streamKey, waits bool) {
	m.order = slices.DeleteFunc(m.order, func(k streamKey) bool { return k == key })
	if waits {
		m.order = append(m.order, key)
	}
}

func (m *model) over(key streamKey) {
	run := m.runs[key]
	for i := range run {
		window := run[i:min(i+m.n, len(run))]
		r := result{from: run[i].Obs.State()[0], discount: 1}
		for _, t := range window {
			r.reward += r.discount * t.Reward
			r.discount *= t.Discount
		}
		end := summary(&window[len(window)-1])
		r.to, r.last = end.to, end.last
		m.out[key] = append(m.out[key], r)
	}
	delete(m.runs, key)
	m.touch(key, false)
}

func (m *model) add(t *lepton.Transition) {
	key := streamKey{t.Episode, t.Agent}
	run := m.runs[key]
	if len(run) == 0 && len(m.order) == m.maxStreams {
		m.stats.Evicted++
		m.over(m.order[0])
	}
	if len(run) > 0 && t.Step != run[len(run)-1].Step+1 {
		m.stats.Gaps++
		m.over(key)
	}
	var kept lepton.Transition
	kept.CopyFrom(t)
	m.runs[key] = append(m.runs[key], kept)
	m.touch(key, true)
	if t.Last || t.Discount == 0 {
		m.over(key)
	}
}

// TestNStepAgainstModel plays interleaved streams with gaps, ends, cuts, evictions, flushes and
// checkpoints. Rewards and discounts are powers of two, so that sums are exact in any order.
func TestNStepAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := NStepOptions{N: rapid.IntRange(2, 5).Draw(rt, "n"), MaxStreams: rapid.IntRange(1, 4).Draw(rt, "streams")}
		n, err := NewNStep(o)
		require.NoError(rt, err)
		m := &model{n: o.N, maxStreams: o.MaxStreams, runs: map[streamKey][]lepton.Transition{}, out: map[streamKey][]result{}}
		got := map[streamKey][]result{}
		emit := func(t *lepton.Transition) {
			key := streamKey{t.Episode, t.Agent}
			got[key] = append(got[key], summary(t))
		}
		at := map[streamKey]int{}
		rt.Repeat(map[string]func(*rapid.T){
			"add": func(rt *rapid.T) {
				key := streamKey{rapid.Uint64Range(1, 3).Draw(rt, "episode"), rapid.Uint32Range(0, 1).Draw(rt, "agent")}
				i := at[key] + rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 1, -1}).Draw(rt, "gap")
				at[key] = i + 1
				discount := rapid.SampledFrom([]float64{1, 0.5, 0.5, 0.5, 0}).Draw(rt, "discount")
				last := rapid.IntRange(0, 9).Draw(rt, "last") == 0
				in := step(key.episode, i, float64(rapid.IntRange(-8, 8).Draw(rt, "reward")), discount, last)
				in.Agent = key.agent
				m.add(in)
				n.Add(in, emit)
			},
			"flush": func(rt *rapid.T) {
				if rapid.IntRange(0, 4).Draw(rt, "really") > 0 {
					return
				}
				n.Flush(emit)
				for len(m.order) > 0 {
					m.over(m.order[0])
				}
				for key := range at {
					require.Equal(rt, m.out[key], got[key], "stream %v", key)
				}
			},
			"checkpoint": func(rt *rapid.T) {
				var file, again bytes.Buffer
				written, err := n.WriteTo(&file)
				require.NoError(rt, err)
				n, err = NewNStep(o)
				require.NoError(rt, err)
				read, err := n.ReadFrom(bytes.NewReader(file.Bytes()))
				require.NoError(rt, err)
				require.Equal(rt, written, read)
				_, err = n.WriteTo(&again)
				require.NoError(rt, err)
				require.Equal(rt, file.Bytes(), again.Bytes())
			},
			"": func(rt *rapid.T) {
				stats := m.stats
				stats.Open = len(m.order)
				require.Equal(rt, stats, n.Stats())
			},
		})
		n.Flush(emit)
		for len(m.order) > 0 {
			m.over(m.order[0])
		}
		require.Equal(rt, m.out, got)
	})
}

func TestNStepRefuses(t *testing.T) {
	n, err := NewNStep(NStepOptions{N: 2})
	require.NoError(t, err)
	n.Add(step(1, 0, 1, 1, false), func(*lepton.Transition) {})
	var file bytes.Buffer
	_, err = n.WriteTo(&file)
	require.NoError(t, err)
	other, err := NewNStep(NStepOptions{N: 3})
	require.NoError(t, err)
	_, err = other.ReadFrom(bytes.NewReader(file.Bytes()))
	assert.ErrorIs(t, err, ErrSettings)
	_, err = n.ReadFrom(bytes.NewReader(file.Bytes()[:file.Len()/2]))
	assert.ErrorIs(t, err, ErrCorrupt)
	assert.Equal(t, 1, n.Stats().Open, "it stays as it was")
}

func TestNStepAllocatesNothingWhenWarm(t *testing.T) {
	n, err := NewNStep(NStepOptions{N: 3})
	require.NoError(t, err)
	ring, err := NewRing[lepton.Transition](8)
	require.NoError(t, err)
	emit := func(t *lepton.Transition) { ring.Next().CopyFrom(t) }
	in := step(1, 0, 1, 0.5, false)
	add := func() {
		n.Add(in, emit)
		in.Step++
	}
	for range 20 {
		add()
	}
	assert.Zero(t, testing.AllocsPerRun(100, add))
}
