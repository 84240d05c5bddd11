package sim

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

func TestGeneratedSequencesVary(t *testing.T) {
	var backfills [3]int
	exact, lengths := 0, map[int]int{}
	for seed := range uint64(60) {
		s, err := GeneratedSequence(seed)
		require.NoError(t, err)
		again, err := GeneratedSequence(seed)
		require.NoError(t, err)
		require.Equal(t, s.Start, again.Start)
		require.Equal(t, s.Trace.Jobs[s.Start], again.Trace.Jobs[s.Start])
		require.LessOrEqual(t, s.Start+s.Length, len(s.Trace.Jobs))
		backfills[s.Options.Backfill]++
		lengths[s.Length]++
		same := true
		for _, j := range s.Trace.Jobs {
			same = same && j.Request == max(j.Run, 1)
		}
		exact += boolean(same)
	}
	assert.Equal(t, [3]int{20, 20, 20}, backfills)
	assert.Len(t, lengths, 3)
	assert.InDelta(t, 30, exact, 15)
}

func TestSequencesOfStayWithinTheirPart(t *testing.T) {
	trace, err := Lublin(LublinOptions{Jobs: 100, Seed: 1})
	require.NoError(t, err)
	draw, err := SequencesOf(trace, 20, 50, 25, BatchOptions{Backfill: BackfillEASY})
	require.NoError(t, err)
	seen := map[int]bool{}
	for seed := range uint64(200) {
		s, err := draw(seed)
		require.NoError(t, err)
		assert.Equal(t, BackfillEASY, s.Options.Backfill)
		assert.Equal(t, 25, s.Length)
		seen[s.Start] = true
	}
	assert.Len(t, seen, 6)
	for start := range seen {
		assert.True(t, start >= 20 && start <= 25, start)
	}
	_, err = SequencesOf(trace, 20, 101, 25, BatchOptions{})
	assert.ErrorIs(t, err, ErrSequence)
}

// TestBatchLessonsReturnSlowdowns: an episode's rewards are minus the bounded slowdowns of its jobs.
func TestBatchLessonsReturnSlowdowns(t *testing.T) {
	l := newBatchLessons(GeneratedSequence)
	l.Reset(7)
	var obs lepton.Observation
	total, last := 0.0, false
	for !last {
		l.Observe(&obs)
		at := 0
		for !obs.Legal(at) {
			at++
		}
		var reward float64
		reward, _, last = l.Step(at)
		total += reward
	}
	m := l.world.Result().Metrics()
	assert.InDelta(t, -m.AvgBSLD*float64(len(l.world.jobs)), total, 1e-6*-total)
	require.NoError(t, l.err)
}

// TestLearnBatchIsWorthIt: a small budget of generated sequences already beats the best of its rules, on workloads that it
// has not seen; saved, read back and with any number of workers it is the same.
func TestLearnBatchIsWorthIt(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	ctx := context.Background()
	o := BatchLearnOptions{Rounds: 1, Sequences: 60, Epochs: 20, Workers: 2, Seed: 1}
	model, err := LearnBatch(ctx, GeneratedSequence, o)
	require.NoError(t, err)
	assert.True(t, model.Foresees())
	var file, other bytes.Buffer
	_, err = model.WriteTo(&file)
	require.NoError(t, err)
	back, err := ReadBatchModel(bytes.NewReader(file.Bytes()))
	require.NoError(t, err)

	logs := map[string]float64{}
	const sequences = 60
	for seed := range uint64(sequences) {
		s, err := GeneratedSequence(1_000_000 + seed)
		require.NoError(t, err)
		world := mustBatch(t, s.Trace.Machine(), s.Options)
		run := func(name string, run func(*Batch) (BatchResult, error)) {
			require.NoError(t, world.Reset(s.Trace.Jobs, s.Start, s.Length))
			result, err := run(world)
			require.NoError(t, err)
			logs[name] += math.Log(result.Metrics().AvgBSLD) / sequences
		}
		run("learned", back.Run)
		for _, name := range []string{"SJF", "SAF", "F1"} {
			run(name, func(b *Batch) (BatchResult, error) { return b.Run(mustHeuristic(t, name)) })
		}
	}
	for _, name := range []string{"SJF", "SAF", "F1"} {
		ratio := math.Exp(logs["learned"] - logs[name])
		t.Logf("against %s: %.3f", name, ratio)
		assert.Less(t, ratio, 0.9, "%s; 0.98 of SAF and F1 is what a network that was never fitted reaches", name)
	}

	o.Sequences, o.Epochs, o.Workers = 4, 2, 1
	one, err := LearnBatch(ctx, GeneratedSequence, o)
	require.NoError(t, err)
	o.Workers = 3
	three, err := LearnBatch(ctx, GeneratedSequence, o)
	require.NoError(t, err)
	file.Reset()
	_, err = one.WriteTo(&file)
	require.NoError(t, err)
	_, err = three.WriteTo(&other)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(file.Bytes(), other.Bytes()))
}

func TestLearnBatchReportsFaults(t *testing.T) {
	broken := errors.New("no trace")
	_, err := LearnBatch(context.Background(), func(uint64) (BatchSequence, error) { return BatchSequence{}, broken }, BatchLearnOptions{})
	assert.ErrorIs(t, err, broken)
	_, err = LearnBatch(context.Background(), GeneratedSequence, BatchLearnOptions{Rounds: -1})
	assert.ErrorContains(t, err, "Rounds is -1")
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = LearnBatch(gone, GeneratedSequence, BatchLearnOptions{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestShippedBatchModel(t *testing.T) {
	m, err := ShippedBatchModel()
	require.NoError(t, err)
	assert.True(t, m.Foresees())
	assert.Nil(t, m.Predictor)
	assert.Less(t, len(shippedBatchModel), 64<<10)
	trace, err := Lublin(LublinOptions{Jobs: 300, Seed: 2})
	require.NoError(t, err)
	for _, backfill := range allBackfills {
		world := mustBatch(t, trace.Machine(), BatchOptions{Backfill: backfill})
		require.NoError(t, world.Reset(trace.Jobs, 0, 300))
		result, err := m.Run(world)
		require.NoError(t, err)
		assert.Zero(t, result.NaNScores)
	}
}

// TestShippedDecisionAllocatesNothing is a whole decision of the shipped network: observing the queue and scoring it.
func TestShippedDecisionAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops on purpose under the race detector")
	}
	for _, backfill := range allBackfills {
		decide := shippedDecision(t, backfill)
		assert.Zero(t, testing.AllocsPerRun(100, decide), backfill)
	}
}

func shippedDecision(tb testing.TB, backfill Backfill) func() {
	m, err := ShippedBatchModel()
	require.NoError(tb, err)
	encoder, actions, err := m.Observes(backfill)
	require.NoError(tb, err)
	s, _ := planState(128, 1000)
	obs, scratch, dst := new(lepton.Observation), new(lepton.Scratch), make([]float64, 128)
	return func() {
		s.Started++ // other futures each time
		if err := lepton.Encode(obs, encoder, actions, s, 0); err != nil {
			panic(err)
		}
		scratch.Reset()
		m.Policy.Probs(dst, obs, scratch)
	}
}

// BenchmarkShippedDecision is one decision of the shipped network with 128 queued jobs and 1,000 that have ended: observing,
// with all games, and choosing.
func BenchmarkShippedDecision(b *testing.B) {
	for _, backfill := range allBackfills {
		b.Run("backfill="+backfill.String()+"/queued=128", func(b *testing.B) {
			decide := shippedDecision(b, backfill)
			b.ReportAllocs()
			for b.Loop() {
				decide()
			}
		})
	}
}
