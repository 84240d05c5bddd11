package sim

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowSWF is the reading of README_batch.md, "Trace loading", as plainly as can be, for well-formed text.
func slowSWF(text string) (nodes, procs int64, jobs []Job) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if strings.HasPrefix(line, ";") {
			if len(f) > 2 && (f[1] == "MaxNodes:" || f[1] == "MaxProcs:") {
				n, _ := strconv.ParseInt(f[2], 10, 64)
				if f[1] == "MaxNodes:" {
					nodes = n
				} else {
					procs = n
				}
			}
			continue
		}
		if len(f) == 0 {
			continue
		}
		at := func(field int) int64 {
			v, err := strconv.ParseInt(f[field-1], 10, 64)
			if err != nil {
				panic(err)
			}
			return v
		}
		j := Job{
			ID: at(1), Submit: at(2), Run: at(4), Procs: max(at(5), at(8)), Request: at(9),
			User: at(12), Group: at(13), App: at(14), Queue: at(15), Part: at(16),
		}
		if j.Request == -1 {
			j.Request = j.Run
		}
		if j.Run < 0 {
			j.Run = 10
		}
		if j.Run > 0 {
			jobs = append(jobs, j)
		}
	}
	if procs == 0 {
		procs = nodes
	}
	sort.SliceStable(jobs, func(a, b int) bool { return jobs[a].ID < jobs[b].ID })
	jobs = slices.DeleteFunc(jobs, func(j Job) bool { return j.Procs <= 0 || j.Procs > procs })
	return nodes, procs, jobs
}

// Every trace of the data folder is read as the slow twin reads it.
func TestOpenSWFAgainstSlowTwin(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dataFolder(t), "swf", "*.swf*"))
	require.NoError(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			packed, err := os.ReadFile(file)
			require.NoError(t, err)
			z, err := gzip.NewReader(bytes.NewReader(packed))
			require.NoError(t, err)
			text, err := io.ReadAll(z)
			require.NoError(t, err)
			nodes, procs, jobs := slowSWF(string(text))
			got, cleaning, err := OpenSWF(file, TraceOptions{})
			require.NoError(t, err)
			require.Equal(t, nodes, got.MaxNodes)
			require.Equal(t, procs, got.MaxProcs)
			require.True(t, slices.Equal(jobs, got.Jobs))
			t.Log(cleaning)
		})
	}
}

// allocated returns the bytes that f allocates in all.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// The densest text that is a trace costs at most four times its size and 64 KiB, all allocations added up.
func TestReadersBoundMemory(t *testing.T) {
	const day = "2024-01-31T12:00:00"
	for _, c := range []struct {
		name, text string
		read       func(io.Reader, string, TraceOptions) (*Trace, Cleaning, error)
	}{
		{"swf", head + strings.Repeat("1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", 50_000), ReadSWF},
		{"swf, one job", head + "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n", ReadSWF},
		{"sacct", "JobID|Submit|Elapsed|NCPUS\n" + strings.Repeat("1|"+day+"|0:1|1\n", 50_000), ReadSacct},
		{"sacct with starts", "JobID|Submit|Start|End|NCPUS\n" + strings.Repeat("1|"+day+"|"+day+"|2024-01-31T12:00:01|1\n", 50_000), ReadSacct},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := allocated(func() {
				_, _, err := c.read(strings.NewReader(c.text), "x", TraceOptions{MaxProcs: 1})
				require.NoError(t, err)
			})
			require.LessOrEqual(t, n, 4*int64(len(c.text))+64<<10)
		})
	}
}

func FuzzReadSWF(f *testing.F) {
	f.Add(head + rec("1", "5", "60", "4", "4", "100") + rec("2", "6", "-1", "4", "-1", "-1"))
	f.Add("; MaxProcs: -1\n; UnixStartTime: 5\n\n;\n1 2 3")
	f.Add(head + rec("9223372036854775807", "-9223372036854775808", "1e9", "0x4", "+4", "-0"))
	f.Add("; Note\r\n; MaxNodes: 4 of them\r\n\x00\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		var got *Trace
		var c Cleaning
		var err error
		if n, limit := allocated(func() { got, c, err = ReadSWF(strings.NewReader(text), "f", TraceOptions{}) }), 4*int64(len(text))+64<<10; n > limit {
			t.Fatalf("%d bytes allocated for %d of input", n, len(text))
		}
		if err != nil {
			require.Nil(t, got)
			return
		}
		require.Equal(t, c.Kept, len(got.Jobs))
		dropped := 0
		for _, n := range c.Dropped {
			dropped += n.Records
		}
		require.Equal(t, c.Records, c.Kept+dropped)
		for i, j := range got.Jobs {
			require.True(t, j.Run > 0 && j.Procs > 0 && j.Procs <= got.MaxProcs && (i == 0 || got.Jobs[i-1].ID <= j.ID))
		}
	})
}
