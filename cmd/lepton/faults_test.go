package main

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leptonsched/lepton/sim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faultFiles writes what faulty calls need and returns its folder.
func faultFiles(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	whole, err := os.ReadFile(siteTrace(t, folder))
	require.NoError(t, err)
	rubbish := make([]byte, 3000)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range rubbish {
		rubbish[i] = byte(r.Uint32())
	}
	var model bytes.Buffer
	_, err = sim.BatchModel{Policy: linearPolicy(t, nil)}.WriteTo(&model)
	require.NoError(t, err)
	damaged := bytes.Clone(model.Bytes())
	damaged[len(damaged)/2] ^= 1
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write(rubbish)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for name, content := range map[string][]byte{
		"cut.swf.gz":      whole[:len(whole)/2],
		"stub.swf.gz":     whole[:5],
		"flipped.swf.gz":  append(bytes.Clone(whole[:len(whole)-6]), 1, 2, 3, 4, 5, 6),
		"rubbish.swf.gz":  rubbish,
		"rubbish2.swf.gz": append([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}, rubbish...),
		"rubbish3.swf.gz": zipped.Bytes(),
		"lines.swf":       append([]byte("1 2 \n\x00\r\n"), rubbish...),
		"empty.swf.gz":    {},
		"comments.swf":    []byte("; MaxProcs: 4\n"),
		"nomachine.swf":   []byte("1 0 -1 10 4 -1 -1 4 10 -1 -1 1 -1 -1 -1 -1 -1 -1\n"),
		"old.csv":         []byte("old"),
		"good.lepton":     model.Bytes(),
		"cut.lepton":      model.Bytes()[:model.Len()-9],
		"damaged.lepton":  damaged,
		"empty.lepton":    {},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	return folder
}

// A fault is one line that says what is wrong, status 2, nothing on standard output and no file changed or left.
func TestFaults(t *testing.T) {
	folder := faultFiles(t)
	t.Chdir(folder)
	before := listing(t, folder)
	replay := "batch replay -trace site.swf.gz -csv old.csv "
	for _, c := range []struct{ name, args, want string }{
		{"no trace there", "batch replay -policy SJF -csv old.csv -trace nothere.swf", "open nothere.swf: "},
		{"folder for a trace", "batch replay -policy SJF -csv old.csv -trace .", "is a directory"},
		{"cut gzip", "batch replay -policy SJF -csv old.csv -trace cut.swf.gz", "cut.swf.gz: "},
		{"cut gzip header", "batch replay -policy SJF -csv old.csv -trace stub.swf.gz", "stub.swf.gz: "},
		{"wrong sum", "batch replay -policy SJF -csv old.csv -trace flipped.swf.gz", "flipped.swf.gz: "},
		{"rubbish", "batch replay -policy SJF -csv old.csv -trace rubbish.swf.gz", "rubbish.swf.gz"},
		{"rubbish for gzip", "batch replay -policy SJF -csv old.csv -trace rubbish2.swf.gz", "rubbish2.swf.gz"},
		{"rubbish in gzip", "batch replay -policy SJF -csv old.csv -trace rubbish3.swf.gz", "rubbish3.swf.gz"},
		{"rubbish lines", "batch replay -policy SJF -csv old.csv -trace lines.swf", "lines.swf:1: "},
		{"nothing at all", "batch replay -policy SJF -csv old.csv -trace empty.swf.gz", "empty.swf.gz: no jobs in the trace"},
		{"no jobs", "batch replay -policy SJF -csv old.csv -trace comments.swf", "no jobs in the trace"},
		{"no machine", "batch replay -policy SJF -csv old.csv -trace nomachine.swf", "nomachine.swf does not say how many processors the machine has: give -procs"},
		{"nothing said", "batch replay", "batch replay: -trace is missing, see lepton help batch replay; -policy is missing"},
		{"unknown policy", replay + "-policy SJF,sjf,XYZ", `unknown policy "sjf", "XYZ": there are FCFS, SJF, Smallest, SAF, F1, F2, F3, F4, WFP3, UNICEP, WFP3_fixed, UNICEP_fixed, SAF_added`},
		{"empty policy", replay + "-policy SJF,", `unknown policy "": there are`},
		{"policy twice", replay + "-policy SJF,all", "policy SJF is given twice"},
		{"start beyond", replay + "-policy SJF -starts 0,345", "256 jobs from start 345 on run past the end of site, which has 600: the last start possible is 344"},
		{"start below", replay + "-policy SJF -starts -1", `-starts: "-1" is not a job`},
		{"length 0", replay + "-policy SJF -length 0", "-length is 0, must be at least 1"},
		{"length beyond", replay + "-policy SJF -length 601", "-length is 601, but site has 600 jobs"},
		{"length no number", replay + "-policy SJF -length x", `invalid value "x" for flag -length`},
		{"backfill", replay + "-policy SJF -backfill EASY", `-backfill is "EASY", want none, reference or easy`},
		{"metric", replay + "-policy SJF -metrics bsld", `-metrics: unknown metric "bsld", want reference, all, or some of avg_bsld, `},
		{"metric twice", replay + "-policy SJF -metrics avg_bsld,avg_bsld", "avg_bsld is given twice"},
		{"negative machine", replay + "-policy SJF -procs -1", "-procs is -1, must not be negative"},
		{"all faults together", replay + "-policy X -length 0 -backfill y", `batch replay: -length is 0, must be at least 1; -backfill is "y", want none, reference or easy; unknown policy "X"`},
		{"predictions alone", replay + "-policy SJF_pred", "policy SJF_pred needs a -model"},
		{"predictions alone", replay + "-policy SJF_pred", "policy SJF_pred needs a -model"},
		{"no model there", replay + "-policy learned -model nothere.lepton", "open nothere.lepton: "},
		{"trace for a model", replay + "-policy learned -model site.swf.gz", "model site.swf.gz: not a batch model: "},
		{"cut model", replay + "-policy learned -model cut.lepton", "model cut.lepton: not a batch model: "},
		{"damaged model", replay + "-policy learned -model damaged.lepton", "model damaged.lepton: not a batch model: "},
		{"empty model", replay + "-policy learned -model empty.lepton", "model empty.lepton: not a batch model: "},
		{"unused model is read too", replay + "-policy SJF -model empty.lepton", "model empty.lepton: not a batch model: "},
		{"no folder to write in", "batch replay -trace site.swf.gz -policy SJF -csv nowhere/out.csv", "cannot write nowhere/out.csv: "},
		{"folder to write", "batch replay -trace site.swf.gz -policy SJF -csv .", "cannot write .: it is a folder"},
		{"name to write", "batch replay -trace site.swf.gz -policy SJF -csv=", "cannot write a file without a name"},
		{"unknown flag", replay + "-polcy SJF", "flag provided but not defined: -polcy; see lepton help batch replay"},
		{"stray word", replay + "-policy SJF FCFS", `batch replay: what is "FCFS"? See lepton help batch replay`},
		{"no jobs to make", "batch generate -jobs 0 -o old.csv", "-jobs is 0, must be in [1, 10000000]"},
		{"too many jobs to make", "batch generate -jobs 1000000000000000 -o old.csv", "-jobs is 1000000000000000, must be in"},
		{"no load to make", "batch generate -procs 0 -load NaN -o old.csv", "-procs is 0, must be at least 1; -load is NaN, must be above 0"},
		{"too large a machine", "batch generate -procs 1000000000 -o old.csv", "Procs is 1000000000"},
		{"trace info of nothing", "trace info", "trace info: something is missing: lepton trace info FILE [-procs N]"},
		{"trace info of two", "trace info site.swf.gz more.swf", `trace info: what is "more.swf"?`},
		{"trace info of rubbish", "trace info rubbish.swf.gz", "rubbish.swf.gz"},
		{"trace info without machine", "trace info nomachine.swf -procs -4", "trace info: -procs is -4, must not be negative"},
		{"model info of nothing", "model info", "model info: something is missing: lepton model info FILE"},
		{"model info of a trace", "model info site.swf.gz", "model site.swf.gz: not a batch model: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := tool(strings.Fields(c.args)...)
			assert.Equal(t, 2, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.want)
			assert.Regexp(t, `^lepton: [^\x00-\x1f]+\n$`, stderr, "one line")
			assert.NotContains(t, stderr, "sim: ")
			assert.Less(t, len(stderr), 500)
			assert.Equal(t, before, listing(t, folder))
		})
	}
	text, err := os.ReadFile("old.csv")
	require.NoError(t, err)
	assert.Equal(t, "old", string(text))
}

func listing(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
