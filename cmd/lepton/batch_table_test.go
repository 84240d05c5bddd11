package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/sim"
)

const referenceHeader = "trace,start,length,backfill,scheduler,metric,value\n"

// referenceFolders writes two small traces and reference files on them: what replaying gives for two heuristics, and rows of
// networks that are made up. The second trace has requests that are not the run times, and users.
func referenceFolders(t *testing.T) (data, reference string) {
	t.Helper()
	data, reference = t.TempDir(), t.TempDir()
	one, two := filepath.Join(data, "one.swf"), filepath.Join(data, "swf", "two.swf.gz")
	require.NoError(t, os.Mkdir(filepath.Dir(two), 0o755))
	mustTool(t, "batch", "generate", "-jobs", "300", "-procs", "64", "-load", "1.5", "-seed", "3", "-o", one)
	mustTool(t, "batch", "generate", "-jobs", "300", "-procs", "32", "-load", "1.5", "-seed", "4", "-o", two)
	exactRequests(t, one)
	heuristics, published := referenceHeader, referenceHeader
	for _, call := range []struct {
		file, starts, length string
		out                  *string
	}{
		{one, "0,60,120", "30", &heuristics}, {one, "0,60", "60", &heuristics},
		{two, "0,50,100,150,200,250", "40", &heuristics},
		{two, "100,120,140,160", "50", &published},
	} {
		for _, way := range []sim.Backfill{sim.BackfillNone, sim.BackfillReference} {
			text := mustTool(t, "batch", "replay", "-trace", call.file, "-starts", call.starts, "-length", call.length, "-backfill", way.String(), "-policy", "FCFS,SAF_added")
			*call.out += strings.TrimPrefix(text, referenceHeader)
			for start := range strings.SplitSeq(call.starts, ",") {
				*call.out += fmt.Sprintf("%s,%s,%s,%s,RLScheduler,avg_bsld,%s.5\n", sim.TraceName(call.file), start, call.length, backfillColumn[way], call.length)
			}
		}
	}
	heuristics += "two,50,40,0,RLScheduler[one],avg_bsld,2\ntwo,50,40,0,RLScheduler[one],avg_wait,NaN\n"
	writeText(t, filepath.Join(reference, "batch_heuristics.csv"), heuristics)
	writeText(t, filepath.Join(reference, "batch_published_protocol.csv"), published)
	return data, reference
}

// exactRequests rewrites a trace so that all jobs ask for what they take and nobody is known.
func exactRequests(t *testing.T, file string) {
	t.Helper()
	trace, _, err := sim.OpenTrace(file, sim.TraceOptions{})
	require.NoError(t, err)
	for i := range trace.Jobs {
		trace.Jobs[i].Request, trace.Jobs[i].User = trace.Jobs[i].Run, -1
	}
	var b bytes.Buffer
	require.NoError(t, sim.WriteSWF(&b, trace))
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

// The page of heuristics and networks alone, which no change of the planner moves.
func TestTablePage(t *testing.T) {
	data, reference := referenceFolders(t)
	page := mustTool(t, "batch", "table", "-data", data, "-reference", reference, "-seeds", "0")
	golden(t, "batch_table.txt", page)
}

// What is random has its seeds, what remembers more has more, every metric of every run is what the simulator gives, and
// none of it depends on the number of threads.
func TestTableRuns(t *testing.T) {
	data, reference := referenceFolders(t)
	var pages, runs []string
	for _, threads := range []string{"1", "3"} {
		folder := t.TempDir()
		page, file := filepath.Join(folder, "page.md"), filepath.Join(folder, "runs.csv")
		mustTool(t, "batch", "table", "-data", data, "-reference", reference, "-seeds", "2", "-settings", "easy,none", "-length", "50",
			"-history", "40", "-threads", threads, "-out", page, "-csv", file)
		for name, list := range map[string]*[]string{page: &pages, file: &runs} {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			*list = append(*list, string(text))
		}
	}
	assert.Equal(t, pages[0], pages[1])
	assert.Equal(t, runs[0], runs[1])
	assert.Contains(t, pages[0], "seeds of whatever is random: 2; only sequences of at most 50 jobs.")
	assert.Regexp(t, `(?m)^\| planned\+past \| \d\.\d{3} \(`, pages[0])
	assert.NotContains(t, pages[0], "## The reference's backfilling")
	assert.NotContains(t, pages[0], "Time of a decision")
	_, protocol, _ := strings.Cut(pages[0], "## The published protocol")
	assert.Contains(t, protocol, "| two, none | planned | ")
	assert.NotContains(t, protocol, "+past")

	rows, err := csv.NewReader(strings.NewReader(runs[0])).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, []string{"setting", "trace", "start", "length", "decider", "seed", "metric", "value"}, rows[0])
	values := map[string]string{}
	for _, row := range rows[1:] {
		values[strings.Join(row[:7], " ")] = row[7]
	}
	assert.Len(t, values, len(rows)-1, "every run stands once")
	// Twelve heuristics, two policies of two seeds each, the same with a past, and the bound; nine sequences of the measure in two settings, four
	// of the protocol, without those that know more, in one.
	assert.Equal(t, len(sim.BatchMetricNames())*(2*9*(12+4+4+1)+4*(12+4)), len(values))
	trace, _, err := sim.OpenTrace(filepath.Join(data, "swf", "two.swf.gz"), sim.TraceOptions{})
	require.NoError(t, err)
	for _, c := range []struct {
		decider, seed string
		history       int
	}{{"planned", "1", 0}, {"planned", "2", 0}, {"planned+past", "2", 40}} {
		planner, err := sim.NewBatchPlanner(sim.BatchPlannerOptions{Backfill: sim.BackfillEASY, Seed: uint64(c.seed[0] - '0')})
		require.NoError(t, err)
		want := simulate(t, trace, sim.BatchOptions{Backfill: sim.BackfillEASY, History: c.history}, 200, 40,
			func(b *sim.Batch) (sim.BatchResult, error) {
				assert.Len(t, b.State().Past, c.history)
				return b.Run(planner)
			})
		for _, metric := range sim.BatchMetricNames() {
			assert.Equal(t, metricText(want, metric), values[strings.Join([]string{"easy two 200 40", c.decider, c.seed, metric}, " ")])
		}
	}
}

func TestTableTimes(t *testing.T) {
	data, reference := referenceFolders(t)
	page := mustTool(t, "batch", "table", "-data", data, "-reference", reference, "-seeds", "1", "-settings", "none", "-length", "30", "-history", "0", "-times")
	assert.Regexp(t, `\| none \| planned \| 2 to 31 \| \d+ \| \d+\.\d µs \| \d+\.\d µs \|`, page)
	assert.NotContains(t, page, "planned+past")
}

// A trace that is missing is a fault, or left out with a note; without the published protocol there is still a table.
func TestTableWithoutSome(t *testing.T) {
	data, reference := referenceFolders(t)
	require.NoError(t, os.Remove(filepath.Join(data, "swf", "two.swf.gz")))
	args := []string{"batch", "table", "-data", data, "-reference", reference, "-seeds", "0"}
	status, stdout, stderr := tool(args...)
	assert.Equal(t, 2, status)
	assert.Empty(t, stdout)
	assert.Equal(t, "lepton: no trace two in "+data+"; -skip-missing leaves out what is not there\n", stderr)
	status, stdout, stderr = tool(append(args, "-skip-missing")...)
	assert.Equal(t, 0, status)
	assert.Equal(t, "lepton: note: left out, since not in -data: two\n", stderr)
	assert.Contains(t, stdout, "Left out, since the traces were not there: two.\n")
	assert.Contains(t, stdout, "5 sequences from 3 starts.")
	require.NoError(t, os.Remove(filepath.Join(reference, "batch_published_protocol.csv")))
	_, stdout, _ = tool(append(args, "-skip-missing")...)
	assert.Contains(t, stdout, "5 sequences from 3 starts.")
	require.NoError(t, os.Remove(filepath.Join(data, "one.swf")))
	status, _, stderr = tool(append(args, "-skip-missing")...)
	assert.Equal(t, 2, status)
	assert.Contains(t, stderr, "no trace one, two in ")
}

// Values that the simulator does not give are told; so is that a heuristic is not defined.
func TestTableChecksTheFile(t *testing.T) {
	data, reference := t.TempDir(), t.TempDir()
	var swf strings.Builder
	swf.WriteString("; MaxProcs: 4\n")
	for i := range 20 {
		fmt.Fprintf(&swf, "%d %d -1 %d 3 -1 -1 3 %d -1 -1 1 -1 -1 -1 -1 -1 -1\n", i+1, 3*i+1, -1, -1+i%2*20)
	}
	writeText(t, filepath.Join(data, "odd.swf"), swf.String())
	writeText(t, filepath.Join(reference, "batch_heuristics.csv"), referenceHeader+"odd,0,9,0,FCFS,sum_wait,5\nodd,9,9,0,FCFS,last_start,85\n")
	status, stdout, stderr := tool("batch", "table", "-data", data, "-reference", reference, "-seeds", "0", "-settings", "none")
	assert.Equal(t, 0, status)
	assert.Regexp(t, `^lepton: note: [12] of 2 values in the reference files differ from the simulator's, first .*batch_heuristics\.csv:2\n$`, stderr)
	assert.Regexp(t, `\*\*[12] of 2 values of these runs in the reference files differ`, stdout)
	assert.Regexp(t, `(?m)^\| F2 \|  \|  \|  \|  \| 0 \|$`, stdout, "the root of a negative request")
	assert.Regexp(t, `(?m)^\| SJF \| \d.* \| 2 \|$`, stdout)
}

func TestTableFaults(t *testing.T) {
	data, reference := referenceFolders(t)
	folder := t.TempDir()
	row := "one,0,30,0,FCFS,avg_bsld,1\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "it is empty"},
		{"no rows", referenceHeader, "no sequences"},
		{"columns", "trace,start,length,backfill,value\n", ":1: no column scheduler, metric"},
		{"short line", referenceHeader + row + "one,0\n", "record on line 3: wrong number of fields"},
		{"quote", referenceHeader + "\"one\n", "parse error on line 2"},
		{"scheduler", referenceHeader + row + "one,0,30,0,LIFO,avg_bsld,1\n", `:3: unknown scheduler "LIFO"`},
		{"predicted", referenceHeader + "one,0,30,0,SJF_pred,avg_bsld,1\n", `:2: unknown scheduler "SJF_pred"`},
		{"metric", referenceHeader + "one,0,30,0,FCFS,joy,1\n", `:2: unknown metric "joy"`},
		{"value", referenceHeader + "one,0,30,0,FCFS,avg_bsld,one\n", `:2: value is "one", want a number`},
		{"infinite", referenceHeader + "one,0,30,0,FCFS,avg_bsld,Inf\n", `:2: value is "Inf", want a number`},
		{"start", referenceHeader + "one,x,30,0,FCFS,avg_bsld,1\n", `:2: start is "x"`},
		{"negative start", referenceHeader + "one,-1,30,0,FCFS,avg_bsld,1\n", `:2: start is "-1"`},
		{"length", referenceHeader + "one,0,0,0,FCFS,avg_bsld,1\n", `:2: length is "0"`},
		{"huge", referenceHeader + "one,9223372036854775807,9223372036854775807,0,FCFS,avg_bsld,1\n", ":2: one from 9223372036854775807"},
		{"backfill", referenceHeader + "one,0,30,2,FCFS,avg_bsld,1\n", `:2: backfill is "2", want 0, 1 or easy`},
		{"twice", referenceHeader + row + row, ":3: avg_bsld of FCFS on one from 0, 30 jobs is given twice"},
		{"twice by another name", referenceHeader + "one,0,30,0,SAF,avg_bsld,1\none,0,30,0,SAF_added,avg_bsld,1\n", ":3: avg_bsld of SAF on"},
		{"path for a trace", referenceHeader + "../one,0,30,0,FCFS,avg_bsld,1\n", `:2: "../one" is no name of a trace`},
		{"beyond", referenceHeader + row + "one,290,30,0,FCFS,avg_bsld,1\n", ":3: one from 290, 30 jobs do not lie within the 300 jobs of the trace"},
	} {
		t.Run(c.name, func(t *testing.T) {
			writeText(t, filepath.Join(folder, "batch_heuristics.csv"), c.text)
			status, stdout, stderr := tool("batch", "table", "-data", data, "-reference", folder, "-seeds", "0")
			assert.Equal(t, 2, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.want)
			assert.Regexp(t, `^lepton: .*`+regexp.QuoteMeta(filepath.Join(folder, "batch_heuristics.csv"))+`[^\n]+\n$`, stderr)
		})
	}
	for _, c := range []struct{ name, args, want string }{
		{"nothing said", "", "batch table: -data is missing, see lepton help batch table; -reference is missing, see lepton help batch table\n"},
		{"numbers", "-data x -reference y -seeds -1 -threads -2 -settings x", `batch table: -settings: "x", want none, reference or easy; -seeds is -1, must not be negative; -threads is -2, must not be negative`},
		{"setting twice", "-data x -reference y -settings none,none", "-settings: none is given twice"},
		{"both to standard output", "-data x -reference y -csv -", "-out and -csv are both standard output"},
		{"no name", "-data x -reference y -out=", "-out is empty"},
		{"no reference", "-data DATA -reference nowhere", "open nowhere"},
		{"no data", "-data nowhere -reference REFERENCE", "-data: open nowhere: "},
		{"nothing so short", "-data DATA -reference REFERENCE -length 5", "no sequences (-length is 5)"},
		{"nowhere to write", "-data DATA -reference REFERENCE -out nowhere/x.md", "cannot write nowhere/x.md"},
		{"nowhere for runs", "-data DATA -reference REFERENCE -csv nowhere/x.csv", "cannot write nowhere/x.csv"},
		{"stray word", "x", `batch table: what is "x"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := strings.Fields("batch table " + c.args)
			for i := range args {
				args[i] = strings.NewReplacer("DATA", data, "REFERENCE", reference).Replace(args[i])
			}
			status, stdout, stderr := tool(args...)
			assert.Equal(t, 2, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.want)
		})
	}
}

func TestTableIsInterrupted(t *testing.T) {
	data, reference := referenceFolders(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := filepath.Join(t.TempDir(), "page.md")
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 130, run(ctx, []string{"batch", "table", "-data", data, "-reference", reference, "-out", file}, &stdout, &stderr))
	assert.Equal(t, "lepton: interrupted, nothing was written\n", stderr.String())
	assert.NoFileExists(t, file)
}

// TestReferenceTable runs the heuristics on the sequences of 256 jobs, whose values in the file must all be met.
func TestReferenceTable(t *testing.T) {
	reference := outsideFolder(t, "LEPTON_REFERENCE", "../shared/reference")
	data := outsideFolder(t, "LEPTON_DATA", "../shared/data")
	if _, err := os.Stat(filepath.Join(reference, "batch_heuristics.csv")); err != nil {
		t.Skipf("no batch_heuristics.csv in %s", reference)
	}
	page := mustTool(t, "batch", "table", "-data", data, "-reference", reference, "-length", "256", "-seeds", "0")
	assert.Regexp(t, `The simulator gives all [1-9]\d* values of these runs in the reference files, to 1e-9\.`, page)
}
