package sim

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// referenceRun is one simulation of the reference files with the rows that it has to reproduce.
type referenceRun struct {
	start, length int
	backfill      Backfill
	scheduler     string
	rows          []referenceRow
	starts        []jobStart
}

type referenceRow struct{ metric, value string }

type jobStart struct{ id, submit, start int64 }

// TestReferenceBatch reproduces every row of the reference files that is not a learned network's: whole
// numbers exactly, others to 1e-9 relative.
func TestReferenceBatch(t *testing.T) {
	for _, file := range []string{"batch_heuristics.csv", "batch_published_protocol.csv"} {
		t.Run(strings.TrimSuffix(file, ".csv"), func(t *testing.T) {
			rows := readCSV(t, file)
			testRuns(t, rows, []string{"trace", "start", "length", "backfill", "scheduler", "metric", "value"},
				func(run *referenceRun, row []string) {
					run.rows = append(run.rows, referenceRow{row[5], row[6]})
				}, checkMetrics)
		})
	}
}

// TestReferenceBatchJobStarts reproduces the start of every job, and their order, where the reference has them.
func TestReferenceBatchJobStarts(t *testing.T) {
	rows := readCSV(t, "batch_job_starts.csv.gz")
	testRuns(t, rows, []string{"trace", "start", "length", "backfill", "scheduler", "job_id", "submit", "start_time"},
		func(run *referenceRun, row []string) {
			run.starts = append(run.starts, jobStart{number(t, row[5]), number(t, row[6]), number(t, row[7])})
		}, checkStarts)
}

// testRuns groups rows by trace and run and checks each run once, the traces side by side.
func testRuns(t *testing.T, rows [][]string, header []string, add func(*referenceRun, []string), check func(*testing.T, *referenceRun, BatchResult)) {
	require.NotEmpty(t, rows)
	require.Equal(t, header, rows[0])
	runs := map[string][]*referenceRun{}
	byKey := map[string]*referenceRun{}
	for _, row := range rows[1:] {
		if strings.HasPrefix(row[4], "RLScheduler") {
			continue // a result to beat, not one to match
		}
		key := strings.Join(row[:5], ",")
		run := byKey[key]
		if run == nil {
			run = &referenceRun{start: int(number(t, row[1])), length: int(number(t, row[2])), scheduler: row[4]}
			switch row[3] {
			case "0":
				run.backfill = BackfillNone
			case "1":
				run.backfill = BackfillReference
			case "easy":
				run.backfill = BackfillEASY
			default:
				require.Fail(t, "unknown backfilling", row[3])
			}
			byKey[key] = run
			runs[row[0]] = append(runs[row[0]], run)
		}
		add(run, row)
	}
	for name, list := range runs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trace := swfTrace(t, name)
			worlds := map[Backfill]*Batch{}
			for _, f := range allBackfills {
				worlds[f] = mustBatch(t, trace.Machine(), BatchOptions{Backfill: f})
			}
			step := 1
			if testing.Short() {
				step = 7 // a sample, since -short is what the race detector's run uses
			}
			checked := 0
			for i := 0; i < len(list); i += step {
				run := list[i]
				checked++
				world := worlds[run.backfill]
				require.NoError(t, world.Reset(trace.Jobs, run.start, run.length))
				result, err := world.Run(mustHeuristic(t, run.scheduler))
				require.NoError(t, err)
				check(t, run, result)
			}
			t.Logf("%d of %d runs", checked, len(list))
		})
	}
}

func checkMetrics(t *testing.T, run *referenceRun, result BatchResult) {
	metrics := result.Metrics()
	for _, row := range run.rows {
		got, ok := metrics.Value(row.metric)
		require.True(t, ok, "unknown metric %q", row.metric)
		want, err := strconv.ParseFloat(row.value, 64)
		require.NoError(t, err)
		if _, err := strconv.ParseInt(row.value, 10, 64); err == nil {
			assert.Equal(t, want, got, "%d+%d backfill %s %s: %s", run.start, run.length, run.backfill, run.scheduler, row.metric)
			continue
		}
		assert.LessOrEqual(t, math.Abs(got-want), 1e-9*math.Abs(want), "%d+%d backfill %s %s: %s is %v, want %v",
			run.start, run.length, run.backfill, run.scheduler, row.metric, got, want)
	}
}

func checkStarts(t *testing.T, run *referenceRun, result BatchResult) {
	require.Len(t, result.Order, len(run.starts))
	got := make([]jobStart, 0, len(run.starts))
	for _, i := range result.Order {
		got = append(got, jobStart{result.Jobs[i].ID, result.Jobs[i].Submit, result.Starts[i]})
	}
	if !slices.Equal(got, run.starts) {
		at := 0
		for got[at] == run.starts[at] {
			at++
		}
		assert.Equal(t, run.starts[at], got[at], "%d+%d backfill %s %s: start %d", run.start, run.length, run.backfill, run.scheduler, at)
	}
}

// readCSV reads a file of the reference folder, plain or gzip. The test is skipped if the file does not exist.
func readCSV(t *testing.T, name string) [][]string {
	path := filepath.Join(referenceFolder(t), name)
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		t.Skipf("no %s", path)
	}
	require.NoError(t, err)
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		r, err = gzip.NewReader(f)
		require.NoError(t, err)
	}
	rows, err := csv.NewReader(r).ReadAll()
	require.NoError(t, err)
	return rows
}

func number(t *testing.T, s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return n
}
