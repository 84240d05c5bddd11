package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/sim"
	"github.com/leptonsched/lepton/supervised"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// simulate is what a line of the file must say, from the simulator itself.
func simulate(t *testing.T, trace *sim.Trace, o sim.BatchOptions, start, length int, decide func(*sim.Batch) (sim.BatchResult, error)) sim.BatchMetrics {
	t.Helper()
	o.UnixStart = trace.UnixStart
	world, err := sim.NewBatch(trace.Machine(), o)
	require.NoError(t, err)
	require.NoError(t, world.Reset(trace.Jobs, start, length))
	result, err := decide(world)
	require.NoError(t, err)
	return result.Metrics()
}

// Every line is there, in order, and every value reads back to the bits that the simulator computed.
func TestReplayWritesTheSimulatorsBits(t *testing.T) {
	folder := t.TempDir()
	file := siteTrace(t, folder)
	trace, _, err := sim.OpenTrace(file, sim.TraceOptions{})
	require.NoError(t, err)
	names := []string{"SAF_added", "FCFS", "WFP3_fixed", "SAF"}
	starts := []int{300, 0, 100, 200}
	for way, column := range map[string]string{"none": "0", "reference": "1", "easy": "easy"} {
		t.Run(way, func(t *testing.T) {
			out := filepath.Join(folder, way+".csv")
			mustTool(t, "batch", "replay", "-trace", file, "-starts", "300,0:299:100", "-length", "250", "-backfill", way,
				"-policy", strings.Join(names, ","), "-metrics", "all", "-csv", out)
			text, err := os.ReadFile(out)
			require.NoError(t, err)
			rows := parseCSV(t, string(text))
			backfill, err := sim.ParseBackfill(way)
			require.NoError(t, err)
			for _, start := range starts {
				for _, name := range names {
					h, err := sim.BatchHeuristicByName(name)
					require.NoError(t, err)
					want := simulate(t, trace, sim.BatchOptions{Backfill: backfill}, start, 250,
						func(b *sim.Batch) (sim.BatchResult, error) { return b.Run(h) })
					for _, metric := range sim.BatchMetricNames() {
						require.NotEmpty(t, rows)
						row := rows[0]
						rows = rows[1:]
						assert.Equal(t, []string{"site", strconv.Itoa(start), "250", column, name, metric}, row[:6])
						value, _ := want.Value(metric)
						assert.Equal(t, math.Float64bits(value), math.Float64bits(number(t, row[6])), "%v", row)
						if isWhole(metric) {
							assert.NotContains(t, row[6], ".")
							assert.NotContains(t, row[6], "e")
						}
					}
				}
			}
			assert.Empty(t, rows)
		})
	}
}

func TestReplayChoosesMetricsAndPolicies(t *testing.T) {
	file := siteTrace(t, t.TempDir())
	columns := func(at int, args ...string) []string {
		var seen []string
		rows := parseCSV(t, mustTool(t, append([]string{"batch", "replay", "-trace", file, "-length", "50"}, args...)...))
		for _, row := range rows {
			if len(seen) == 0 || seen[len(seen)-1] != row[at] {
				seen = append(seen, row[at])
			}
		}
		return seen
	}
	// As in the header of the reference's own table.
	reference := []string{"avg_bsld", "avg_wait", "avg_turnaround", "util_rls", "util_makespan", "makespan", "last_start", "sum_wait"}
	assert.Equal(t, reference, columns(5, "-policy", "SJF"))
	assert.Equal(t, append(reference, "p95_bsld", "max_wait", "user_bsld", "jain_bsld"), columns(5, "-policy", "SJF", "-metrics", "all"))
	assert.Equal(t, []string{"max_wait", "avg_bsld"}, columns(5, "-policy", "SJF", "-metrics", "max_wait, avg_bsld"))
	assert.Equal(t, sim.BatchHeuristicNames(), columns(4, "-policy", "all"))
	assert.Equal(t, []string{"0"}, columns(1, "-policy", "SJF"), "without -starts: from the first job")
	assert.Equal(t, []string{"0", "200", "400", "7", "550"}, columns(1, "-policy", "SJF", "-starts", "0:550:200,7, 550"))
}

// A model that ranks by age alone must do what FCFS does, one that ranks by size what Smallest does, to the bit; and
// what does not order at all must not.
func TestReplayLearned(t *testing.T) {
	folder := t.TempDir()
	file := siteTrace(t, folder)
	model := filepath.Join(folder, "site.lepton")
	values := func(name string, args ...string) string {
		var out strings.Builder
		for _, row := range parseCSV(t, mustTool(t, append([]string{"batch", "replay", "-trace", file, "-starts", "0,300",
			"-length", "300", "-metrics", "all", "-policy", name}, args...)...)) {
			out.WriteString(row[1] + " " + row[5] + " " + row[6] + "\n")
		}
		return out.String()
	}
	for name, weights := range map[string]map[string]float64{
		"FCFS":     {"rank_oldest": -1},
		"Smallest": {"nodes": -1, "rank_oldest": -1e-6},
	} {
		writeModel(t, model, sim.BatchModel{Policy: linearPolicy(t, weights)})
		for _, way := range []string{"none", "reference", "easy"} {
			assert.Equal(t, values(name, "-backfill", way), values("learned", "-backfill", way, "-model", model), "%s %s", name, way)
		}
	}
	writeModel(t, model, sim.BatchModel{Policy: linearPolicy(t, map[string]float64{"rank_oldest": 1})})
	assert.NotEqual(t, values("FCFS"), values("learned", "-model", model))
	writeModel(t, model, sim.BatchModel{Policy: policy.Uniform()})
	assert.NotEmpty(t, values("learned", "-model", model), "a policy without a ranking goes by its probabilities")
}

// planned is the planner of package sim with the tool's seed, and needs no model.
func TestReplayPlanned(t *testing.T) {
	folder := t.TempDir()
	file := siteTrace(t, folder)
	trace, _, err := sim.OpenTrace(file, sim.TraceOptions{})
	require.NoError(t, err)
	for _, way := range []sim.Backfill{sim.BackfillNone, sim.BackfillEASY} {
		planner, err := sim.NewBatchPlanner(sim.BatchPlannerOptions{Backfill: way, Seed: 7})
		require.NoError(t, err)
		want := simulate(t, trace, sim.BatchOptions{Backfill: way}, 500, 100, func(b *sim.Batch) (sim.BatchResult, error) { return b.Run(planner) })
		name := map[sim.Backfill]string{sim.BackfillNone: "none", sim.BackfillEASY: "easy"}[way]
		rows := parseCSV(t, mustTool(t, "batch", "replay", "-trace", file, "-starts", "500", "-length", "100",
			"-policy", "planned,FCFS", "-seed", "7", "-backfill", name, "-metrics", "avg_bsld"))
		assert.Equal(t, want.AvgBSLD, number(t, rows[0][6]))
		assert.NotEqual(t, rows[0][6], rows[1][6], "a test of nothing, where all policies do the same")
	}
}

// The model's predictions reach learned and the heuristics ending in _pred, and no others.
func TestReplayPredictions(t *testing.T) {
	folder := t.TempDir()
	file := siteTrace(t, folder)
	trace, _, err := sim.OpenTrace(file, sim.TraceOptions{})
	require.NoError(t, err)
	predictor, err := sim.FitBatchPredictor(trace, sim.BatchOptions{}, []int{0}, 300, supervised.RandomForest{Trees: 5, Depth: 5, Seed: 1})
	require.NoError(t, err)
	m := sim.BatchModel{Policy: linearPolicy(t, map[string]float64{"predicted": -1}), Predictor: predictor}
	model := filepath.Join(folder, "site.lepton")
	writeModel(t, model, m)
	rows := parseCSV(t, mustTool(t, "batch", "replay", "-trace", file, "-starts", "300", "-length", "300",
		"-policy", "SJF,learned,SJF_pred", "-model", model, "-metrics", "avg_bsld"))
	sjf, err := sim.BatchHeuristicByName("SJF")
	require.NoError(t, err)
	plain := simulate(t, trace, sim.BatchOptions{}, 300, 300, func(b *sim.Batch) (sim.BatchResult, error) { return b.Run(sjf) })
	learned := simulate(t, trace, m.Options(sim.BatchOptions{}), 300, 300, m.Run)
	foretold := simulate(t, trace, m.Options(sim.BatchOptions{}), 300, 300,
		func(b *sim.Batch) (sim.BatchResult, error) { return b.Run(sjf.OnPredictions()) })
	require.NotEqual(t, plain.AvgBSLD, foretold.AvgBSLD, "the test needs a predictor that makes a difference")
	assert.Equal(t, plain.AvgBSLD, number(t, rows[0][6]))
	assert.Equal(t, learned.AvgBSLD, number(t, rows[1][6]))
	assert.Equal(t, foretold.AvgBSLD, number(t, rows[2][6]))

	info := mustTool(t, "model", "info", model)
	assert.Contains(t, info, "random forest")
	writeModel(t, model, sim.BatchModel{Policy: m.Policy})
	status, _, stderr := tool("batch", "replay", "-trace", file, "-policy", "SJF_pred", "-model", model)
	assert.Equal(t, 2, status)
	assert.Equal(t, "lepton: policy SJF_pred: the model in "+model+" foretells no run times\n", stderr)
}

// What cannot be scored is run as the simulator does, with a note.
func TestReplayNotesScoresThatAreNoNumbers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "odd.swf")
	var b bytes.Buffer
	b.WriteString("; MaxProcs: 4\n")
	for i, request := range []int{10, -5, 10} {
		b.WriteString(strings.Join([]string{strconv.Itoa(i + 1), "7", "-1", "10", "4", "-1", "-1", "4", strconv.Itoa(request),
			"-1 -1 1 -1 -1 -1 -1 -1 -1"}, " ") + "\n")
	}
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	status, stdout, stderr := tool("batch", "replay", "-trace", file, "-length", "3", "-policy", "FCFS,F2", "-metrics", "sum_wait")
	assert.Equal(t, 0, status)
	assert.Equal(t, "trace,start,length,backfill,scheduler,metric,value\nodd,0,3,0,FCFS,sum_wait,30\nodd,0,3,0,F2,sum_wait,30\n", stdout)
	assert.Regexp(t, `^lepton: note: F2: scores that were not numbers: \d+ .*\n$`, stderr)
}

// An interrupted replay leaves what was there.
func TestReplayInterrupted(t *testing.T) {
	folder := t.TempDir()
	file := siteTrace(t, folder)
	out := filepath.Join(folder, "out.csv")
	require.NoError(t, os.WriteFile(out, []byte("old"), 0o600))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stderr bytes.Buffer
	status := run(ctx, []string{"batch", "replay", "-trace", file, "-policy", "all", "-csv", out}, io.Discard, &stderr)
	assert.Equal(t, 130, status)
	assert.Equal(t, "lepton: interrupted, nothing was written\n", stderr.String())
	untouched(t, out, file)
}

// untouched checks that out still holds "old" and that nothing but it and others is in its folder.
func untouched(t *testing.T, out string, others ...string) {
	t.Helper()
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, "old", string(text))
	entries, err := os.ReadDir(filepath.Dir(out))
	require.NoError(t, err)
	var found []string
	for _, e := range entries {
		found = append(found, filepath.Join(filepath.Dir(out), e.Name()))
	}
	assert.ElementsMatch(t, append(others, out), found)
}
