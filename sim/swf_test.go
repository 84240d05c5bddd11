package sim

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const head = "; Version: 2.2\n; MaxNodes: 8\n; MaxProcs: 16\n"

// rec makes a record of the fields that a reader takes.
func rec(id, submit, run, allocated, requested, request string) string {
	return strings.Join([]string{id, submit, "-1", run, allocated, "3.5", "-1", requested, request, "-1", "1", "7", "2", "3", "4", "5", "-1", "-1"}, " ") + "\n"
}

func TestReadSWFCleaning(t *testing.T) {
	kept := func(run, procs, request int64) []Job {
		return []Job{{ID: 1, Submit: 5, Run: run, Procs: procs, Request: request, User: 7, Group: 2, App: 3, Queue: 4, Part: 5}}
	}
	for _, c := range []struct {
		name string
		line string
		want []Job
	}{
		{"plain", rec("1", "5", "60", "4", "4", "100"), kept(60, 4, 100)},
		{"more asked for than given", rec("1", "5", "60", "4", "8", "100"), kept(60, 8, 100)},
		{"more given than asked for", rec("1", "5", "60", "4", "-1", "100"), kept(60, 4, 100)},
		{"no request", rec("1", "5", "60", "4", "4", "-1"), kept(60, 4, 60)},
		{"no run time", rec("1", "5", "-1", "4", "4", "100"), kept(10, 4, 100)},
		{"neither: the request stays as in the file", rec("1", "5", "-1", "4", "4", "-1"), kept(10, 4, -1)},
		{"overrun stays", rec("1", "5", "200", "4", "4", "100"), kept(200, 4, 100)},
		{"run time 0", rec("1", "5", "0", "4", "4", "100"), nil},
		{"no processors", rec("1", "5", "60", "-1", "0", "100"), nil},
		{"larger than the machine", rec("1", "5", "60", "17", "1", "100"), nil},
		{"tabs, blanks, a carriage return, more fields", " 1\t5 -1  60 4 -1 -1 4 100 -1 1 7 2 3 4 5 -1 -1 extra\r\n", kept(60, 4, 100)},
		{"no newline at the end", strings.TrimSpace(rec("1", "5", "60", "4", "4", "100")), kept(60, 4, 100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := Job{ID: 2, Submit: 9, Run: 1, Procs: 1, Request: 1, User: 7, Group: 2, App: 3, Queue: 4, Part: 5}
			got, cleaning, err := ReadSWF(strings.NewReader(head+"\n"+rec("2", "9", "1", "1", "1", "1")+"; in between\n \n"+c.line), "x", TraceOptions{})
			require.NoError(t, err)
			require.Equal(t, []int64{8, 16}, []int64{got.MaxNodes, got.MaxProcs})
			require.Equal(t, append(c.want, other), got.Jobs)
			require.Equal(t, 2, cleaning.Records)
			require.Equal(t, len(c.want)+1, cleaning.Kept)
			require.Equal(t, c.want == nil, cleaning.Dropped != nil)
		})
	}
}

func TestReadSWFSortsStably(t *testing.T) {
	text := head
	for i := range 60 { // three jobs of each number, the numbers falling
		text += rec(strconv.Itoa(20-i/3), strconv.Itoa(i), "1", "1", "1", "1")
	}
	got, c, err := ReadSWF(strings.NewReader(text), "x", TraceOptions{})
	require.NoError(t, err)
	for i, j := range got.Jobs {
		require.Equal(t, []int64{int64(1 + i/3), int64(57 - i/3*3 + i%3)}, []int64{j.ID, j.Submit})
	}
	require.Equal(t, []Count{{"submitted before the job of the next smaller number", 19}}, c.Noted)
}

func TestReadSWFMachine(t *testing.T) {
	job := rec("1", "5", "60", "4", "4", "100")
	for _, c := range []struct {
		name         string
		head         string
		option       int64
		nodes, procs int64
		err          error
	}{
		{"both", "; MaxNodes: 2\n;MaxProcs:8\n", 0, 2, 8, nil},
		{"nodes only", "; MaxNodes: 8\n", 0, 8, 8, nil},
		{"procs only, a remark after the number", "; MaxProcs: 8 (with login nodes)\n", 0, 0, 8, nil},
		{"unknown as −1", "; MaxNodes: -1\n; MaxProcs: -1\n", 0, 0, 0, ErrNoMachine},
		{"neither", "", 0, 0, 0, ErrNoMachine},
		{"from the options", "", 32, 0, 32, nil},
		{"the options win", head, 4, 0, 4, nil},
		{"nothing fits", head, 3, 0, 0, ErrNoJobs},
		{"a bad option", head, -1, 0, 0, errors.New("sim: TraceOptions.MaxProcs is -1, must be in [0, 67108864]")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := ReadSWF(strings.NewReader(c.head+job), "x", TraceOptions{MaxProcs: c.option})
			if c.err != nil {
				require.ErrorContains(t, err, c.err.Error())
				return
			}
			require.NoError(t, err)
			require.Equal(t, []int64{c.nodes, c.procs}, []int64{got.MaxNodes, got.MaxProcs})
		})
	}
}

func TestReadSWFFaults(t *testing.T) {
	good := rec("1", "5", "60", "4", "4", "100")
	for _, c := range []struct{ name, text, want string }{
		{"a word", head + good + rec("2", "5", "abc", "4", "4", "100"), `sim: a.swf:5: field 4 (run time): "abc" is not an integer of 64 bits`},
		{"a fraction", head + rec("1", "5", "1.5", "4", "4", "100"), `sim: a.swf:4: field 4 (run time): "1.5" is not an integer of 64 bits`},
		{"a word in a field not kept", head + strings.Replace(good, "3.5", "three", 1), `sim: a.swf:4: field 6 (average CPU time): "three" is not a number`},
		{"cut", head + good + "2 5 -1 60", "sim: a.swf:5: field 5 (allocated processors): missing: the line has 4 of 18 fields"},
		{"beyond 64 bits", head + rec("99999999999999999999", "5", "1", "4", "4", "100"), `sim: a.swf:4: field 1 (job number): "99999999999999999999" is not an integer of 64 bits`},
		{"out of range", head + rec("1", "5", "1", "4", "99999999999", "100"), "sim: a.swf:4: field 8 (requested processors): 99999999999 is out of range: at most 67108864"},
		{"a bad header", "; MaxProcs: many\n" + good, `sim: a.swf:1: header MaxProcs: "many" is not a number up to 67108864`},
		{"a long line", head + good + strings.Repeat("1 ", 1<<20), "sim: a.swf:5: longer than 65536 bytes"},
		{"no jobs", head, "sim: no jobs in the trace: a.swf"},
		{"only jobs that never ran", head + rec("1", "5", "0", "4", "4", "100"), "sim: no jobs in the trace: a.swf"},
		{"empty", "", "sim: no jobs in the trace: a.swf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := ReadSWF(strings.NewReader(c.text), "a.swf", TraceOptions{})
			require.EqualError(t, err, c.want)
			require.Nil(t, got)
		})
	}
	_, _, err := ReadSWF(strings.NewReader(head+"x"), "a.swf", TraceOptions{})
	var parse *ParseError
	require.ErrorAs(t, err, &parse)
	require.Equal(t, ParseError{"a.swf", 4, 1, "job number", `"x" is not an integer of 64 bits`}, *parse)
	_, _, err = ReadSWF(strings.NewReader(head+strings.Repeat(good, 100)), "a.swf", TraceOptions{MaxBytes: 1000})
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestOpenTrace(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err := io.WriteString(w, head)
	require.NoError(t, err)
	for i := range 1000 {
		_, err = io.WriteString(w, rec(strconv.Itoa(i+1), strconv.Itoa(i*i*7), "60", "4", "4", "100"))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	plain := []byte(head + rec("1", "5", "60", "4", "4", "100"))
	sacct := []byte("JobID|Submit|Elapsed|NCPUS\n1|2024-01-31T12:00:00|01:00:00|4\n")

	for _, c := range []struct {
		path, name string
		jobs       int
	}{
		{put("my.log.swf.gz", z.Bytes()), "my.log", 1000},
		{put("misnamed.swf", z.Bytes()), "misnamed", 1000},
		{put("plain.swf.gz", plain), "plain", 1},
		{put("noend", plain), "noend", 1},
		{put("slurm.txt", sacct), "slurm.txt", 1},
	} {
		got, cleaning, err := OpenTrace(c.path, TraceOptions{MaxProcs: 4})
		require.NoError(t, err)
		require.Equal(t, c.name, got.Name)
		require.Equal(t, c.name, cleaning.Trace)
		require.Len(t, got.Jobs, c.jobs)
	}

	for _, c := range []struct {
		path, want string
		is         error
	}{
		{put("cut.swf.gz", z.Bytes()[:z.Len()/2]), "cut.swf.gz: after line ", io.ErrUnexpectedEOF},
		{put("tail.swf.gz", z.Bytes()[:z.Len()-4]), "tail.swf.gz: after line 1003", io.ErrUnexpectedEOF},
		{put("short.swf.gz", z.Bytes()[:5]), "short.swf.gz", io.ErrUnexpectedEOF},
		{put("page.swf", []byte("<html>\n")), "page.swf: sim: neither", ErrFormat},
		{put("empty.swf", nil), "empty.swf", ErrNoJobs},
		{filepath.Join(dir, "none.swf"), "none.swf", os.ErrNotExist},
	} {
		_, _, err := OpenTrace(c.path, TraceOptions{})
		require.ErrorIs(t, err, c.is)
		require.ErrorContains(t, err, c.want)
	}
	_, _, err = OpenSWF(put("slurm.swf", sacct), TraceOptions{})
	require.ErrorContains(t, err, `slurm.swf:1: field 1 (job number): "JobID|Submit|Elapsed|NCPUS" is not an integer`)
}

func TestWriteSWFRoundTrip(t *testing.T) {
	want, err := Lublin(LublinOptions{Jobs: 500, Overrun: 0.5, Seed: 3})
	require.NoError(t, err)
	want.UnixStart = 1_700_000_000
	want.Jobs[7].Run, want.Jobs[7].Request = 10, -1
	var b bytes.Buffer
	require.NoError(t, WriteSWF(&b, want))
	got, cleaning, err := ReadSWF(&b, want.Name, TraceOptions{})
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, 500, cleaning.Kept)

	for _, c := range []struct {
		name  string
		spoil func(*Trace)
		want  string
	}{
		{"order", func(t *Trace) { t.Jobs[1].ID = 0 }, "job 0 (index 1): out of order of ID"},
		{"run", func(t *Trace) { t.Jobs[1].Run = 0 }, "a run time of 0"},
		{"procs", func(t *Trace) { t.Jobs[1].Procs = 257 }, "257 processors on a machine of 256"},
		{"request", func(t *Trace) { t.Jobs[1].Request = -1 }, "would read back as the run time"},
		{"submit", func(t *Trace) { t.Jobs[1].Submit = 1 << 40 }, "a submit time of 1099511627776"},
		{"machine", func(t *Trace) { t.MaxProcs = 0 }, "0 processors"},
		{"empty", func(t *Trace) { t.Jobs = nil }, "no jobs"},
	} {
		spoilt := *want
		spoilt.Jobs = slices.Clone(want.Jobs)
		c.spoil(&spoilt)
		require.ErrorContains(t, WriteSWF(io.Discard, &spoilt), c.want, c.name)
	}
}

func TestCleaningString(t *testing.T) {
	_, c, err := ReadSWF(strings.NewReader(head+
		rec("1", "5", "0", "4", "4", "100")+rec("2", "5", "-1", "4", "4", "-1")+rec("3", "5", "60", "4", "4", "50")), "x", TraceOptions{})
	require.NoError(t, err)
	require.Equal(t, `x: 3 records read, 2 jobs kept
  dropped        1  run time 0
  repaired       1  no requested time: the run time taken
  repaired       1  run time unknown: 10 s taken
  noted          1  requested time 0 or less
  noted          1  ran longer than requested
  machine  16 processors, from the header's MaxProcs`, c.String())
}
