package sim

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// benchTrace reads the trace called name, or makes one like it where the data folder is absent. label tells which.
func benchTrace(b *testing.B, name string, load float64) (trace *Trace, label string) {
	path := filepath.Join(os.Getenv("LEPTON_DATA"), "swf", name+".swf.gz")
	if os.Getenv("LEPTON_DATA") == "" {
		path = filepath.Join("..", "..", "shared", "data", "swf", name+".swf.gz")
	}
	if _, err := os.Stat(path); err == nil {
		trace, _, err := OpenSWF(path, TraceOptions{})
		require.NoError(b, err)
		return trace, name
	}
	trace, err := Lublin(LublinOptions{Load: load})
	require.NoError(b, err)
	return trace, "generated"
}

// BenchmarkBatchSJF simulates with a static heuristic: whole traces, and prefixes of one with a short queue, on which the
// cost of a job must not grow with the length.
func BenchmarkBatchSJF(b *testing.B) {
	run := func(name string, load float64, lengths ...int) {
		trace, label := benchTrace(b, name, load)
		for _, n := range lengths {
			n = min(n, len(trace.Jobs))
			for _, backfill := range allBackfills {
				b.Run(fmt.Sprintf("trace=%s/backfill=%s/jobs=%d", label, backfill, n), func(b *testing.B) {
					world := mustBatch(b, trace.Machine(), BatchOptions{Backfill: backfill})
					sjf := mustHeuristic(b, "SJF")
					b.ReportAllocs()
					for b.Loop() {
						require.NoError(b, world.Reset(trace.Jobs, 0, n))
						_, err := world.Run(sjf)
						require.NoError(b, err)
					}
					b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
				})
			}
		}
	}
	run("lublin_256", 1.06, math.MaxInt)
	run("lublin_256_new2", 0.62, 2500, 5000, 10000)
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
