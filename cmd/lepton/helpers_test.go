package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/sim"
	"github.com/stretchr/testify/require"
)

// tool runs the tool and returns its exit status and what it wrote.
func tool(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(context.Background(), args, &out, &err)
	return status, out.String(), err.String()
}

// mustTool is tool where nothing may go wrong or be worth a note.
func mustTool(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := tool(args...)
	require.Equal(t, 0, status, stderr)
	require.Empty(t, stderr)
	return stdout
}

// siteTrace writes a small workload and returns its file.
func siteTrace(t *testing.T, folder string) string {
	t.Helper()
	file := filepath.Join(folder, "site.swf.gz")
	mustTool(t, "batch", "generate", "-jobs", "600", "-procs", "64", "-seed", "3", "-o", file)
	return file
}

// batchSpec is what policies of a batch model see.
func batchSpec() lepton.Spec { return lepton.SpecOf(sim.BatchEncoder(), sim.BatchActions(0)) }

// linearPolicy is a policy that ranks by a weight for each named feature of a job.
func linearPolicy(t *testing.T, weights map[string]float64) lepton.Policy {
	t.Helper()
	spec := batchSpec()
	all := make([]float64, spec.StateDim+spec.ActionDim)
	for i, name := range spec.ActionNames {
		all[spec.StateDim+i] = weights[name]
	}
	scorer, err := policy.NewLinear(spec, all, nil)
	require.NoError(t, err)
	return policy.Greedy(scorer)
}

func writeModel(t *testing.T, file string, m sim.BatchModel) {
	t.Helper()
	var b bytes.Buffer
	_, err := m.WriteTo(&b)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
}

func parseCSV(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.NotEmpty(t, rows)
	require.Equal(t, []string{"trace", "start", "length", "backfill", "scheduler", "metric", "value"}, rows[0])
	return rows[1:]
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}

// repositoryRoot is the folder of go.mod.
func repositoryRoot(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs(".")
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		parent := filepath.Dir(folder)
		require.NotEqual(t, folder, parent, "no go.mod above the tests")
		folder = parent
	}
}

// outsideFolder is the folder that a variable names, or its usual place, both relative to the root of the
// repository. The test is skipped where there is none.
func outsideFolder(t *testing.T, variable, usual string) string {
	t.Helper()
	folder := os.Getenv(variable)
	if folder == "" {
		folder = usual
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(repositoryRoot(t), folder)
	}
	if _, err := os.Stat(folder); os.IsNotExist(err) {
		t.Skipf("no folder %s: set %s", folder, variable)
	}
	return folder
}
