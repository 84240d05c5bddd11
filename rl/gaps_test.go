package rl_test

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/scheduler"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// chain is one episode of n decisions that ends truly, told with IDs from seq on.
func chain(episode, seq uint64, n int) []*lepton.Transition {
	steps := traffic(candidateSpec, episode, n)
	for i, t := range steps {
		t.ID = lepton.DecisionID{Instance: 7, Seq: seq + uint64(i)}
		t.Episode, t.Agent, t.Step, t.Last = episode, 1, i, i == n-1
		t.Discount, t.Next = 0, lepton.Observation{}
		if !t.Last {
			t.Discount = 0.9
			t.Next.CopyFrom(&steps[i+1].Obs)
		}
	}
	return steps
}

// without leaves some steps out.
func without(steps []*lepton.Transition, lost ...int) []*lepton.Transition {
	return slices.DeleteFunc(slices.Clone(steps), func(t *lepton.Transition) bool { return slices.Contains(lost, t.Step) })
}

// part makes an episode of its own of some steps of another, cut after the last of them.
func part(steps []*lepton.Transition, episode uint64) []*lepton.Transition {
	out := make([]*lepton.Transition, len(steps))
	for i, t := range steps {
		c := *t
		c.Episode, c.Step, c.Last = episode, i, i == len(steps)-1
		out[i] = &c
	}
	return out
}

// single is a decision by itself.
func single(seed uint64) *lepton.Transition {
	t := traffic(candidateSpec, seed, 1)[0]
	t.Episode, t.Step, t.Last, t.Discount, t.Next = 0, 0, true, 0, lepton.Observation{}
	return t
}

// taught returns a learner that has a baseline and was shown ts since its last update.
func taught(t testing.TB, o rl.REINFORCEOptions, ts ...[]*lepton.Transition) *rl.REINFORCE {
	t.Helper()
	o.Batch = 1
	l := newREINFORCE(t, candidateSpec, o)
	feed(t, l, chain(1000, 1, 22)) // the last of which is followed by a Step
	for _, tr := range slices.Concat(ts...) {
		l.Observe(tr)
	}
	_, err := l.Step(t.Context())
	require.NoError(t, err)
	return l
}

func weightsOf(l *rl.REINFORCE) []float64 {
	w, _ := l.Weights()
	return w
}

// An episode that lost decisions on the way teaches what its parts teach as episodes that were cut there.
func TestAnEpisodeWithGapsTeachesItsParts(t *testing.T) {
	episode := chain(2, 100, 9)
	for name, c := range map[string]struct {
		lost  []int
		parts [][2]int
	}{
		"one in the middle":    {[]int{3}, [][2]int{{0, 3}, {4, 9}}},
		"two in a row":         {[]int{3, 4}, [][2]int{{0, 3}, {5, 9}}},
		"two apart":            {[]int{2, 5}, [][2]int{{0, 2}, {3, 5}, {6, 9}}},
		"the first":            {[]int{0}, [][2]int{{1, 9}}},
		"all but the last two": {[]int{0, 1, 2, 3, 4, 5, 6}, [][2]int{{7, 9}}},
	} {
		for _, baseline := range []rl.Baseline{rl.LinearBaseline, rl.MeanBaseline, rl.NoBaseline} {
			o := rl.REINFORCEOptions{Baseline: baseline, Patience: 1}
			next := []*lepton.Transition{single(1)} // with it, patience runs out
			got := taught(t, o, without(episode, c.lost...), next)
			parts := [][]*lepton.Transition{next} // it is learned from at once
			for i, p := range c.parts {
				parts = append(parts, part(episode[p[0]:p[1]], uint64(10+i)))
			}
			assert.Equal(t, weightsOf(taught(t, o, parts...)), weightsOf(got), "%s, baseline %d", name, baseline)
			assert.NotEqual(t, weightsOf(taught(t, o, next)), weightsOf(got), "%s teaches nothing", name)
			assert.Equal(t, rl.REINFORCEStats{Gaps: uint64(len(c.lost))}, got.Stats(), name)
		}
	}
}

// Patience is counted from the latest arrival, over all that is observed, and only once the end has come.
func TestPatienceWithAnEpisodeThatHasEnded(t *testing.T) {
	episode := chain(2, 1, 6)
	l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{Patience: 4})
	observe := func(want rl.REINFORCEStats, ts ...*lepton.Transition) {
		t.Helper()
		for _, tr := range ts {
			l.Observe(tr)
		}
		require.Equal(t, want, l.Stats())
	}
	others := func(n int) (ts []*lepton.Transition) {
		for i := range n {
			ts = append(ts, single(uint64(i)))
		}
		return ts
	}
	observe(rl.REINFORCEStats{Open: 1}, episode[0], episode[1])
	observe(rl.REINFORCEStats{Open: 1}, others(50)...)
	observe(rl.REINFORCEStats{Open: 1}, episode[5])
	observe(rl.REINFORCEStats{Open: 1}, others(3)...)
	observe(rl.REINFORCEStats{Open: 1}, episode[3])
	observe(rl.REINFORCEStats{Open: 1}, others(3)...)
	observe(rl.REINFORCEStats{Gaps: 2}, others(1)...)
	observe(rl.REINFORCEStats{Gaps: 2, Dropped: 2}, episode[2], episode[4]) // too late, and nothing waits for more
	observe(rl.REINFORCEStats{Gaps: 2, Dropped: 3}, episode[1])             // twice

	// The name is used again: what follows in time is another episode, what was before is late.
	again := chain(2, 50, 6)
	observe(rl.REINFORCEStats{Open: 1, Gaps: 2, Dropped: 3}, again[3], again[1])
	observe(rl.REINFORCEStats{Open: 1, Gaps: 2, Dropped: 4}, episode[2])
	observe(rl.REINFORCEStats{Open: 1, Gaps: 2, Dropped: 4, Duplicate: 1}, again[3])
	observe(rl.REINFORCEStats{Gaps: 2, Dropped: 4, Duplicate: 1}, again[0], again[2], again[4], again[5])
}

// One whose end was lost is used when its name is used again, or when there is no room.
func TestAnEpisodeWhoseEndWasLost(t *testing.T) {
	first, second := chain(2, 1, 5), chain(2, 6, 5)
	o := rl.REINFORCEOptions{}
	assert.Equal(t, weightsOf(taught(t, o, part(first[:4], 3), second)), weightsOf(taught(t, o, first[:4], second)))

	l := taught(t, rl.REINFORCEOptions{MaxOpen: 2}, first[:4], chain(3, 20, 3)[:2], chain(4, 30, 3)[:2])
	assert.Equal(t, rl.REINFORCEStats{Open: 2}, l.Stats())
	assert.Equal(t, weightsOf(taught(t, o, part(first[:4], 3))), weightsOf(l))
}

// One that had to make room goes on from there.
func TestAnEpisodeThatMadeRoomGoesOn(t *testing.T) {
	episode := chain(2, 1, 60)
	got := taught(t, rl.REINFORCEOptions{MaxSteps: 25}, episode)
	assert.Equal(t, rl.REINFORCEStats{}, got.Stats())
	want := taught(t, rl.REINFORCEOptions{}, part(episode[:26], 11), part(episode[26:52], 12), part(episode[52:], 13))
	assert.Equal(t, weightsOf(want), weightsOf(got))

	// A decision without IDs that comes after its part was used is late.
	l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{MaxSteps: 3})
	for _, step := range []int{0, 1, 3, 4, 2, 5, 6} {
		tr := *episode[step]
		tr.ID = lepton.DecisionID{}
		l.Observe(&tr)
	}
	assert.Equal(t, rl.REINFORCEStats{Open: 1, Gaps: 1, Dropped: 1}, l.Stats())
}

// A transition that cannot be used is a gap like another, also at the end.
func TestAnUnusableTransitionIsAGap(t *testing.T) {
	episode := chain(2, 1, 5)
	o := rl.REINFORCEOptions{Patience: 1}
	for _, at := range []int{1, 4} {
		bad := *episode[at]
		bad.Action = -1
		shown := slices.Clone(episode)
		shown[at] = &bad
		next := []*lepton.Transition{single(1)}
		got := taught(t, o, shown, next)
		assert.Equal(t, rl.REINFORCEStats{Gaps: 1, Dropped: 1}, got.Stats())
		want := [][]*lepton.Transition{next, part(episode[:at], 3)}
		if at < 4 {
			want = append(want, part(episode[at+1:], 4))
		}
		assert.Equal(t, weightsOf(taught(t, o, want...)), weightsOf(got))
	}
}

// world is what the scheduler of these tests decides about: some feature of two candidates.
type world [2]float64

func (world) StateDim() int                                { return 0 }
func (world) AppendState(dst []float64, _ world) []float64 { return dst }
func (world) ActionSpec() (n, dim int)                     { return 0, 1 }
func (world) Offer(set lepton.ActionSet, s world) {
	for i, x := range s {
		set.Add(uint64(i), true)[0] = x
	}
}
func (world) Reward(_ lepton.Decision, outcome float64) float64 { return outcome }

// A decision that was cancelled costs itself and nothing else. Streams of 100 decisions, of which 0.5 % are
// refused; shift after shift, the same streams are opened again.
func TestCancelledDecisionsCostNoEpisode(t *testing.T) {
	l := newREINFORCE(t, lepton.Spec{ActionDim: 1}, rl.REINFORCEOptions{})
	s, err := scheduler.New(scheduler.Options[world, float64]{
		Encoder: world{}, Actions: world{}, Reward: world{}, Learner: l, Mode: scheduler.Live,
		Clock: func() time.Time { return time.Unix(0, 0) },
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	r := rng.New(1, "refusals")
	var refused, unended uint64
	const shifts, streams, length = 30, 4, 100
	for range shifts {
		for id := range uint64(streams) {
			episode, err := s.Episode(lepton.CreditOptions{ID: id + 1, Gamma: 0.9})
			require.NoError(t, err)
			for step := range length {
				d, err := episode.Decide(world{r.Float64(), r.Float64()})
				require.NoError(t, err)
				if r.Float64() >= 0.005 {
					require.NoError(t, s.Report(d.ID, r.Float64()))
					continue
				}
				require.NoError(t, s.Cancel(d.ID))
				refused++
				if step == length-1 {
					unended++ // nothing tells the learner that it came, nor that the stream ended
				}
			}
			require.NoError(t, episode.End())
			_, err = s.Train(t.Context())
			require.NoError(t, err)
		}
	}
	require.Greater(t, refused, uint64(30))
	settle(t, l)
	stats := l.Stats()
	t.Logf("%d of %d decisions refused: %+v", refused, shifts*streams*length, stats)
	assert.Zero(t, stats.Open)
	assert.Zero(t, stats.Dropped+stats.Duplicate)
	assert.Equal(t, refused-unended, stats.Gaps)
}

// settle shows l decisions by themselves until patience with everything else has run out.
func settle(t testing.TB, l *rl.REINFORCE) {
	t.Helper()
	for range 1024 {
		tr := &lepton.Transition{Last: true, NextAction: -1, Propensity: 0.5}
		tr.Obs.Reset(1, 0)
		tr.Obs.Actions().Add(0, true)
		tr.Obs.Actions().Add(1, true)
		l.Observe(tr)
	}
	_, err := l.Step(t.Context())
	require.NoError(t, err)
}

// lossy is traffic of n episodes that overlap, lose steps, arrive late and twice, and share three names.
func lossy(r *rand.Rand, n int) []*lepton.Transition {
	type arrival struct {
		at float64
		t  *lepton.Transition
	}
	var all []arrival
	for e := range n {
		for i, t := range chain(uint64(1+r.IntN(3)), uint64(1+20*e), 1+r.IntN(12)) {
			t.Propensity = 0 // counts as Skipped what was used
			for r.IntN(12) > 0 {
				all = append(all, arrival{float64(8*e+i) + 3*r.ExpFloat64(), t})
				if r.IntN(12) > 0 {
					break
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	out := make([]*lepton.Transition, len(all))
	for i, a := range all {
		out[i] = a.t
	}
	return out
}

// Whatever is lost, late or told twice: each transition is used once, counted, or among the few that wait,
// nothing waits outside of the bounds, and a checkpoint anywhere changes nothing.
func TestEveryTransitionIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := rl.REINFORCEOptions{
			Batch: 1, Patience: rapid.IntRange(1, 20).Draw(rt, "patience"),
			MaxOpen: rapid.IntRange(1, 4).Draw(rt, "open"), MaxSteps: rapid.IntRange(1, 30).Draw(rt, "steps"),
		}
		stream := lossy(rng.New(rapid.Uint64().Draw(rt, "seed"), "lossy"), 20)
		cut := rapid.IntRange(0, len(stream)).Draw(rt, "cut")
		l, resumed := newREINFORCE(t, candidateSpec, o), newREINFORCE(t, candidateSpec, o)
		for i, tr := range stream {
			if i == cut {
				_, err := resumed.ReadFrom(bytes.NewReader(saved(t, l)))
				require.NoError(rt, err)
			}
			if i >= cut {
				resumed.Observe(tr)
			}
			l.Observe(tr)
			s := l.Stats()
			waiting := uint64(i+1) - s.Skipped - s.Dropped - s.Duplicate
			require.LessOrEqual(rt, waiting, uint64(o.MaxSteps))
			require.LessOrEqual(rt, s.Open, o.MaxOpen)
			require.LessOrEqual(rt, uint64(s.Open), waiting)
			require.Equal(rt, s.Open == 0, waiting == 0)
		}
		if cut < len(stream) {
			require.Equal(rt, saved(t, l), saved(t, resumed))
		}
	})
}

// everyKind returns a learner with an episode of each kind: under way, ended, used.
func everyKind(t testing.TB) *rl.REINFORCE {
	l := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{Patience: 6})
	for _, ts := range [][]*lepton.Transition{without(chain(1, 1, 3), 1), without(chain(2, 4, 4), 2), chain(3, 8, 4)[:3]} {
		for _, tr := range ts {
			l.Observe(tr)
		}
	}
	require.Equal(t, rl.REINFORCEStats{Open: 2, Gaps: 1}, l.Stats())
	return l
}

func TestGoldenFileOfGaps(t *testing.T) {
	file := saved(t, everyKind(t))
	golden(t, "testdata/reinforce_gaps.learner.v1.hex", file)
	_, err := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{MaxOpen: 1}).ReadFrom(bytes.NewReader(file))
	assert.ErrorIs(t, err, rl.ErrCorrupt)
	assert.ErrorContains(t, err, "more open episodes than there is room for")
}

// A file with any byte changed, under a checksum that fits, is refused or is what the learner then holds, and
// it can go on from there.
func TestNoByteOfAFileCanHarm(t *testing.T) {
	kind, body, _, err := codec.ReadContainer(bytes.NewReader(saved(t, everyKind(t))))
	require.NoError(t, err)
	l, taken := newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{Patience: 6}), 0
	more := slices.Concat(chain(3, 8, 4), chain(2, 4, 4), chain(1, 40, 3))
	for i, b := range body {
		for _, changed := range []byte{b ^ 1, b + 1, b - 1, b ^ 0x80} {
			body[i] = changed
			file := container(kind, body)
			if _, err := l.ReadFrom(bytes.NewReader(file)); err != nil {
				continue
			}
			taken++
			require.True(t, bytes.Equal(file, saved(t, l)), "byte %d", i)
			for _, tr := range more {
				l.Observe(tr)
			}
			require.LessOrEqual(t, l.Stats().Open, 3, "byte %d", i)
			_, _ = l.Step(t.Context()) // what cannot be published is an error
		}
		body[i] = b
	}
	require.Positive(t, taken)
}
