package main

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReferenceReplay replays what the reference files hold through the command and compares line by line: the same
// lines in the same order, whole numbers as they stand, others to 1e-9 relative. Rows of the published
// network (RLScheduler) need its weights and are left out. -short takes every tenth sequence.
func TestReferenceReplay(t *testing.T) {
	reference := outsideFolder(t, "LEPTON_REFERENCE", "../shared/reference")
	traces := filepath.Join(outsideFolder(t, "LEPTON_DATA", "../shared/data"), "swf")
	for _, name := range []string{"batch_heuristics.csv", "batch_published_protocol.csv"} {
		t.Run(strings.TrimSuffix(name, ".csv"), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(reference, name))
			if os.IsNotExist(err) {
				t.Skipf("no %s in %s", name, reference)
			}
			require.NoError(t, err)
			compared, all := 0, 0
			calls := replayCalls(t, string(text))
			require.NotEmpty(t, calls)
			for _, c := range calls {
				all += len(c.rows)
				if testing.Short() {
					c.thin(10)
				}
				compared += len(c.rows)
				c.check(t, traces)
			}
			t.Logf("%d of %d lines in %d calls of the command", compared, all, len(calls))
		})
	}
}

// replayCall is lines of a reference file that one call of the command gives.
type replayCall struct {
	trace, length, backfill string
	schedulers, starts      []string
	rows                    [][]string
}

// replayCalls groups the lines of a reference file: by trace, length, backfilling and list of schedulers.
func replayCalls(t *testing.T, text string) []*replayCall {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	rows = slices.DeleteFunc(rows[1:], func(row []string) bool { return strings.HasPrefix(row[4], "RLScheduler") })
	var calls []*replayCall
	byKey := map[string]*replayCall{}
	for len(rows) > 0 {
		first := rows[0]
		n := slices.IndexFunc(rows, func(row []string) bool { return !slices.Equal(row[:4], first[:4]) })
		if n < 0 {
			n = len(rows)
		}
		var schedulers []string
		for _, row := range rows[:n] {
			if !slices.Contains(schedulers, row[4]) {
				schedulers = append(schedulers, row[4])
			}
		}
		key := strings.Join(append([]string{first[0], first[2], first[3]}, schedulers...), ",")
		c := byKey[key]
		if c == nil {
			c = &replayCall{trace: first[0], length: first[2], backfill: first[3], schedulers: schedulers}
			byKey[key] = c
			calls = append(calls, c)
		}
		c.starts = append(c.starts, first[1])
		c.rows = append(c.rows, rows[:n]...)
		rows = rows[n:]
	}
	return calls
}

// thin keeps every nth sequence.
func (c *replayCall) thin(n int) {
	var starts []string
	for i := 0; i < len(c.starts); i += n {
		starts = append(starts, c.starts[i])
	}
	c.starts = starts
	c.rows = slices.DeleteFunc(c.rows, func(row []string) bool { return !slices.Contains(starts, row[1]) })
}

func (c *replayCall) check(t *testing.T, traces string) {
	backfill, ok := map[string]string{"0": "none", "1": "reference"}[c.backfill]
	require.True(t, ok, "unknown backfilling %q", c.backfill)
	got := parseCSV(t, mustTool(t, "batch", "replay", "-trace", filepath.Join(traces, c.trace+".swf.gz"),
		"-starts", strings.Join(c.starts, ","), "-length", c.length, "-backfill", backfill, "-policy", strings.Join(c.schedulers, ",")))
	require.Len(t, got, len(c.rows))
	for i, want := range c.rows {
		require.Equal(t, want[:6], got[i][:6])
		if isWhole(want[5]) {
			assert.Equal(t, want[6], got[i][6], want[:6])
			continue
		}
		w, g := number(t, want[6]), number(t, got[i][6])
		assert.LessOrEqual(t, math.Abs(g-w), 1e-9*math.Abs(w), "%v: %s, want %s", want[:6], got[i][6], want[6])
	}
}

func isWhole(metric string) bool {
	return slices.Contains([]string{"makespan", "last_start", "sum_wait", "max_wait"}, metric)
}
