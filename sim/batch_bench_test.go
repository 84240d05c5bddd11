package sim

import (
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// benchTrace reads the trace called name, or makes one of the given load where the data folder is absent. label tells which.
func benchTrace(b *testing.B, name string, load float64) (trace *Trace, label string) {
	if _, err := os.Stat(outsidePath(b, "LEPTON_DATA", "../shared/data")); err == nil {
		return swfTrace(b, name), name
	}
	trace, err := Lublin(LublinOptions{Load: load})
	require.NoError(b, err)
	return trace, "generated"
}

// benchHeuristic simulates prefixes of a trace and reports jobs/s.
func benchHeuristic(b *testing.B, heuristic string, o BatchOptions, trace *Trace, label string, lengths ...int) {
	for _, n := range lengths {
		n = min(n, len(trace.Jobs))
		b.Run(fmt.Sprintf("trace=%s/jobs=%d", label, n), func(b *testing.B) {
			world, h := mustBatch(b, trace.Machine(), o), mustHeuristic(b, heuristic)
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, world.Reset(trace.Jobs, 0, n))
				_, err := world.Run(h)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}

// BenchmarkBatchSJF simulates with a static heuristic and no backfilling: a whole trace at full load, and prefixes of one
// at load 0.62, on which the cost of a job must not grow with the length.
func BenchmarkBatchSJF(b *testing.B) {
	trace, label := benchTrace(b, "lublin_256", 1.06)
	benchHeuristic(b, "SJF", BatchOptions{}, trace, label, math.MaxInt)
	trace, label = benchTrace(b, "lublin_256_new2", 0.62)
	if label == "generated" {
		label = "generated_light"
	}
	benchHeuristic(b, "SJF", BatchOptions{}, trace, label, 2500, 5000, 10000)
}

// BenchmarkBatchBackfill is the same under backfilling, which looks at the whole queue at each event while a job waits, and
// with a heuristic whose scores change, so that the queue is sorted for each decision.
func BenchmarkBatchBackfill(b *testing.B) {
	trace, label := benchTrace(b, "lublin_256_new2", 0.62)
	for _, backfill := range allBackfills {
		for _, heuristic := range []string{"SJF", "WFP3_fixed"} {
			b.Run(fmt.Sprintf("backfill=%s/heuristic=%s", backfill, heuristic), func(b *testing.B) {
				benchHeuristic(b, heuristic, BatchOptions{Backfill: backfill}, trace, label, math.MaxInt)
			})
		}
	}
}

// BenchmarkBatchDecide simulates through a policy: features of every queued job, a score for each, a sorted queue.
func BenchmarkBatchDecide(b *testing.B) {
	trace, label := benchTrace(b, "lublin_256_new2", 0.62)
	for _, n := range []int{2500, 5000, 10000} {
		n = min(n, len(trace.Jobs))
		b.Run(fmt.Sprintf("trace=%s/jobs=%d", label, n), func(b *testing.B) {
			world := mustBatch(b, trace.Machine(), BatchOptions{Visible: 128})
			enc, actions := BatchEncoder(), BatchActions(0)
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, world.Reset(trace.Jobs, 0, n))
				_, err := world.RunScorer(leastWork{}, enc, actions)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
		})
	}
}

// BenchmarkBatchObserve encodes one decision.
func BenchmarkBatchObserve(b *testing.B) {
	for _, n := range []int{8, 128, 1024} {
		b.Run(fmt.Sprintf("queue=%d", n), func(b *testing.B) {
			state := queueOf(n)
			enc, actions := BatchEncoder(), BatchActions(0)
			var obs lepton.Observation
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, lepton.Encode(&obs, enc, actions, state, 0))
			}
		})
	}
}

// leastWork is a linear policy on the observation: log of work, with the wait against starving.
type leastWork struct{}

// Scores is the score.
func (leastWork) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		row := obs.Action(i)
		dst[i] = 0.1*row[2] - row[3]
	}
}

// queueOf is a state with n queued jobs, all different.
func queueOf(n int) *BatchState {
	s := &BatchState{Clock: 1 << 20, Procs: 256, Nodes: 256, FreeNodes: 40, Queued: n}
	for i := range n {
		k := int64(i * 7919 % 1009)
		s.Queue = append(s.Queue, QueuedJob{ID: int64(i), Submit: 1000 * int64(i), Procs: 1 + k%256, Nodes: 1 + k%256,
			Request: 10 + 37*k, Predicted: float64(10 + 31*k)})
	}
	for i := range int64(30) {
		s.Running = append(s.Running, RunningJob{QueuedJob: QueuedJob{Nodes: 7, Predicted: float64(50000 + i)}, Start: 1 << 20})
	}
	return s
}
