package sim

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The default workload must tell heuristics apart, and reward who knows run times better than requests tell.
func TestLublinTellsHeuristicsApart(t *testing.T) {
	for seed := range uint64(3) {
		tr, err := Lublin(LublinOptions{Seed: seed})
		require.NoError(t, err)
		told := slices.Clone(tr.Jobs) // as if users knew
		for i := range told {
			told[i].Request = told[i].Run
		}
		mean := func(jobs []Job, heuristic string, backfill Backfill) float64 {
			b := mustBatch(t, tr.Machine(), BatchOptions{Backfill: backfill})
			sum, n := 0.0, 0.0
			for start := 0; start+256 <= len(jobs); start += 256 {
				require.NoError(t, b.Reset(jobs, start, 256))
				result, err := b.Run(mustHeuristic(t, heuristic))
				require.NoError(t, err)
				sum += result.Metrics().AvgBSLD
				n++
			}
			return sum / n
		}
		for _, backfill := range []Backfill{BackfillNone, BackfillEASY} {
			fcfs, sjf, known := mean(tr.Jobs, "FCFS", backfill), mean(tr.Jobs, "SJF", backfill), mean(told, "SJF", backfill)
			t.Logf("seed %d, %v: FCFS %.1f, SJF by request %.1f, SJF by run time %.1f", seed, backfill, fcfs, sjf, known)
			require.Greater(t, sjf, 1.4*known)
			if backfill == BackfillNone {
				require.Greater(t, fcfs, 2*sjf)
			} else {
				require.Greater(t, fcfs, 1.4*known) // backfilling mends much of what FCFS does
			}
		}
	}
}
