package sim

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// outsidePath is the folder that the environment variable names, or by default rel, seen from the root of the
// repository.
func outsidePath(tb testing.TB, variable, rel string) string {
	tb.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		dir = filepath.FromSlash(rel)
	}
	if filepath.IsAbs(dir) {
		return dir
	}
	root, err := os.Getwd()
	require.NoError(tb, err)
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, dir)
		}
		up := filepath.Dir(root)
		require.NotEqual(tb, root, up, "no go.mod above the working directory")
		root = up
	}
}

// outsideFolder is outsidePath; the test is skipped if the folder does not exist.
func outsideFolder(tb testing.TB, variable, rel string) string {
	tb.Helper()
	dir := outsidePath(tb, variable, rel)
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		tb.Skipf("no folder %s: set %s to check against it", dir, variable)
	}
	return dir
}

func referenceFolder(tb testing.TB) string {
	return outsideFolder(tb, "LEPTON_REFERENCE", "../shared/reference")
}

func dataFolder(tb testing.TB) string {
	return outsideFolder(tb, "LEPTON_DATA", "../shared/data")
}

// swfTrace reads the trace called name from the data folder; a missing one is a failure.
func swfTrace(tb testing.TB, name string) *Trace {
	tb.Helper()
	trace, _, err := OpenSWF(filepath.Join(dataFolder(tb), "swf", name+".swf.gz"), TraceOptions{})
	require.NoError(tb, err)
	return trace
}

func mustHeuristic(tb testing.TB, name string) *BatchHeuristic {
	tb.Helper()
	h, err := BatchHeuristicByName(name)
	require.NoError(tb, err)
	return h
}

func mustBatch(tb testing.TB, m Machine, o BatchOptions) *Batch {
	tb.Helper()
	b, err := NewBatch(m, o)
	require.NoError(tb, err)
	return b
}
