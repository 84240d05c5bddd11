package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
)

func TestRunDoesAllFourStages(t *testing.T) {
	folder := t.TempDir()
	page, model := filepath.Join(folder, "page.html"), filepath.Join(folder, "model.lepton")
	args := []string{"-effort", "0.02", "-seed", "3", "-report", page, "-save", model}
	first, second := runs(t, args...), runs(t, args...)
	assert.Equal(t, first, second, "the same seed repeats the same run")
	at := -1
	for _, stage := range []string{"Collect\n", "Fit\n", "Improve\n", "Evaluate\n"} {
		next := strings.Index(first, stage)
		assert.Greater(t, next, at, stage)
		at = next
	}
	assert.Regexp(t, `there also: committee \d\.\d{3}, shipped network \d\.\d{3}, own network \d\.\d{3}; learned is the `, first)
	for _, name := range append(sim.BatchHeuristicNames(), learnedName, randomName, oracleName, shippedName, plannedName, "\n  learned ") {
		assert.Contains(t, first, name)
	}
	assert.NotContains(t, first, "\r", "no progress where there is no terminal")

	html, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, 3, bytes.Count(html, []byte("<svg")), "comparison, learning curve, weights")
	assert.NotContains(t, string(html), "http://", "nothing to fetch")
	assert.NotContains(t, string(html), "https://")

	file, err := os.Open(model)
	require.NoError(t, err)
	defer file.Close()
	m, err := sim.ReadBatchModel(file)
	require.NoError(t, err)
	assert.NotNil(t, m.Predictor, "the generated requests are worse than a fitted model")
	left, err := filepath.Glob(filepath.Join(folder, ".lepton-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files are gone")
}

func TestEveryObjectiveRuns(t *testing.T) {
	for _, args := range [][]string{
		{"-objective", "wait", "-backfill", "easy"},
		{"-objective", "util", "-backfill", "reference"},
	} {
		out := runs(t, append(args, "-effort", "0.01", "-report", "")...)
		assert.Contains(t, out, "Evaluate\n")
		assert.NotContains(t, out, "Report:")
	}
}

func TestBadSettings(t *testing.T) {
	folder := t.TempDir()
	short := filepath.Join(folder, "short.swf")
	trace, err := sim.Lublin(sim.LublinOptions{Jobs: 100})
	require.NoError(t, err)
	var swf bytes.Buffer
	require.NoError(t, sim.WriteSWF(&swf, trace))
	require.NoError(t, os.WriteFile(short, swf.Bytes(), 0o644))
	broken := filepath.Join(folder, "broken.swf")
	require.NoError(t, os.WriteFile(broken, []byte("; MaxProcs: 8\n1 2 three\n"), 0o644))

	headless := filepath.Join(folder, "headless.swf")
	require.NoError(t, os.WriteFile(headless, []byte("1 0 0 10 1 -1 -1 1 10 -1 1 1 1 1 1 1 -1 -1\n"), 0o644))

	for name, c := range map[string]struct {
		args []string
		says []string
	}{
		"all at once":      {[]string{"-objective", "speed", "-backfill", "maybe", "-effort", "0"}, []string{"-objective", "-backfill", "-effort"}},
		"a stray word":     {[]string{"trace.swf"}, []string{"trace.swf"}},
		"no such trace":    {[]string{"-trace", filepath.Join(folder, "none.swf")}, []string{"none.swf"}},
		"a broken trace":   {[]string{"-trace", broken}, []string{"broken.swf:2"}},
		"nowhere to write": {[]string{"-report", filepath.Join(folder, "no", "page.html"), "-save", folder}, []string{"-report: cannot write", "-save: cannot write"}},
		"no machine":       {[]string{"-trace", headless}, []string{"headless.swf", "-procs"}},
		"a short trace":    {[]string{"-trace", short}, []string{"100 jobs", "576"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(context.Background(), c.args, io.Discard, io.Discard)
			require.Error(t, err)
			for _, say := range c.says {
				assert.ErrorContains(t, err, say)
			}
		})
	}
	assert.ErrorIs(t, run(context.Background(), []string{"-help"}, io.Discard, io.Discard), flag.ErrHelp)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	page := filepath.Join(folder, "page.html")
	assert.ErrorIs(t, run(ctx, []string{"-report", page}, io.Discard, io.Discard), context.Canceled)
	assert.NoFileExists(t, page)
}

// The learned policy's defeat must be as plain as its victory.
func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		factor float64
		says   string
	}{
		"lost": {1.5, "lost: keep the heuristic"},
		"tied": {1, "no proof either way"},
		"won":  {0.5, "learned is better than SJF: slowdown"},
	} {
		t.Run(name, func(t *testing.T) {
			sentences, err := verdict(madeUp(t, c.factor), "bsld")
			require.NoError(t, err)
			assert.Contains(t, strings.Join(sentences, "\n"), c.says)
		})
	}
}

func madeUp(t *testing.T, factor float64) *evaluate.Comparison {
	learned := evaluate.Method{Name: learnedName, Values: make([][]float64, len(metrics))}
	sjf := evaluate.Method{Name: "SJF", Values: make([][]float64, len(metrics))}
	shown := make([]evaluate.Metric, len(metrics))
	for k := range metrics {
		shown[k] = metrics[k].shown
		for u := range 10 {
			v := float64(10 + u)
			sjf.Values[k] = append(sjf.Values[k], v)
			learned.Values[k] = append(learned.Values[k], factor*v)
		}
	}
	table, err := evaluate.Compare([]evaluate.Method{learned, sjf}, evaluate.CompareOptions{Reference: "SJF", Metrics: shown, Unit: "sequence"})
	require.NoError(t, err)
	return table
}

// Practice, not imitation, must be what brings the gain: g[0] is what imitation reached.
func TestPracticeTeaches(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of learning")
	}
	set := settings{objective: "bsld", seed: 5, effort: 0.4}
	p, err := collect(set)
	require.NoError(t, err)
	_, err = fitRunTimes(p, set)
	require.NoError(t, err)
	sjf, err := sim.BatchHeuristicByName("SJF") // its requests are far off: much is left to learn
	require.NoError(t, err)
	l, err := improve(context.Background(), p, sjf, set, newProgress(io.Discard))
	require.NoError(t, err)
	gains := make([]float64, len(l.gains))
	for seed, g := range l.gains {
		gains[seed] = g[len(g)-1] - g[0]
	}
	interval, err := evaluate.MeanInterval(gains, 0.95)
	require.NoError(t, err)
	assert.Greater(t, interval.Lower, math.Log(1.05), "practice takes five per cent off what imitation left: %v", gains)
}

func runs(t *testing.T, args ...string) string {
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), args, &out, io.Discard))
	return out.String()
}

// A machine that is never full leaves nothing to choose, and nothing to learn.
func TestHistoryWithoutAChoice(t *testing.T) {
	trace := &sim.Trace{Name: "idle", MaxProcs: 8}
	for i := range int64(600) {
		trace.Jobs = append(trace.Jobs, sim.Job{ID: i + 1, Submit: 100 * i, Run: 50, Procs: 1, Request: 60, User: 1, Group: -1, App: -1, Queue: -1, Part: -1})
	}
	var swf bytes.Buffer
	require.NoError(t, sim.WriteSWF(&swf, trace))
	path := filepath.Join(t.TempDir(), "idle.swf")
	require.NoError(t, os.WriteFile(path, swf.Bytes(), 0o644))
	out := runs(t, "-trace", path, "-effort", "0.01", "-report", filepath.Join(t.TempDir(), "page.html"))
	assert.Contains(t, out, "learned and FCFS are the same")
}
