package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/sim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGenerate(t *testing.T) {
	folder := t.TempDir()
	plain, packed := filepath.Join(folder, "a.swf"), filepath.Join(folder, "b.swf.gz")
	args := []string{"batch", "generate", "-jobs", "300", "-procs", "128", "-load", "0.7", "-seed", "9"}
	printed := mustTool(t, args...)
	assert.Equal(t, plain+": 300 jobs on 128 processors, load 0.700\n", mustTool(t, append(args, "-o", plain)...))
	mustTool(t, append(args, "-o", packed)...)
	text, err := os.ReadFile(plain)
	require.NoError(t, err)
	assert.Equal(t, printed, string(text), "a file is what standard output gets")
	assert.NotEqual(t, printed, mustTool(t, append(args, "-seed", "10")...))

	want, err := sim.Lublin(sim.LublinOptions{Jobs: 300, Procs: 128, Load: 0.7, Seed: 9})
	require.NoError(t, err)
	for _, file := range []string{plain, packed} {
		got, _, err := sim.OpenTrace(file, sim.TraceOptions{})
		require.NoError(t, err)
		assert.Equal(t, want.Jobs, got.Jobs)
		assert.EqualValues(t, 128, got.MaxProcs)
	}
}

func TestGoldenTraceInfo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "small.swf")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join([]string{
		"; MaxNodes: 4",
		"; MaxProcs: 8",
		"1      0 -1 100 2 -1 -1 2 200 -1 -1 7 -1 -1 -1 -1 -1 -1",
		"2     50 -1   0 2 -1 -1 2 200 -1 -1 7 -1 -1 -1 -1 -1 -1",
		"3  43200 -1  -1 4 -1 -1 8  60 -1 -1 8 -1 -1 -1 -1 -1 -1",
		"4  86400 -1 400 1 -1 -1 1  -1 -1 -1 7 -1 -1 -1 -1 -1 -1",
		"5  86400 -1   9 9 -1 -1 9  90 -1 -1 7 -1 -1 -1 -1 -1 -1", ""}, "\n")), 0o600))
	golden(t, "trace_info.txt", mustTool(t, "trace", "info", file))
	assert.Contains(t, mustTool(t, "trace", "info", "-procs", "16", file), "machine        16 processors\n", "jobs larger than 8 stay")
	assert.Contains(t, mustTool(t, "trace", "info", file, "-procs", "16"), "jobs           4 in 1.0 days\n", "flags may come last")
}

func TestGoldenModelInfo(t *testing.T) {
	folder := t.TempDir()
	model := filepath.Join(folder, "m.lepton")
	writeModel(t, model, sim.BatchModel{Policy: linearPolicy(t, map[string]float64{"waited": 0.25, "nodes": -3, "fits": 1.5})})
	golden(t, "model_info.txt", mustTool(t, "model", "info", model))

	writeModel(t, model, sim.BatchModel{Policy: policy.Uniform()})
	info := mustTool(t, "model", "info", model)
	assert.Contains(t, info, "The policy is not linear in them.\n")
	assert.Contains(t, info, "rank_oldest")
}

// The weights are those that the policy was made with, behind any wrapping and beside any bias; what bends is
// not taken for linear.
func TestLinearWeights(t *testing.T) {
	spec := batchSpec()
	all := make([]float64, spec.StateDim+spec.ActionDim)
	for i := range all {
		all[i] = float64(i*i%7) - 2.5
	}
	scorer, err := policy.NewLinear(spec, all, []float64{1000})
	require.NoError(t, err)
	soft, err := policy.Softmax(scorer, 0.3)
	require.NoError(t, err)
	for _, p := range []lepton.Policy{soft, policy.Greedy(scorer)} {
		weights, linear := linearWeights(p, spec)
		assert.True(t, linear)
		assert.InDeltaSlice(t, all[spec.StateDim:], weights, 1e-9)
	}
	bent := policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 { return obs.Action(a)[3] * obs.Action(a)[4] }))
	_, linear := linearWeights(bent, spec)
	assert.False(t, linear)
	stepped := policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
		if obs.Action(a)[3] > 0.5 {
			return 1
		}
		return 0
	}))
	_, linear = linearWeights(stepped, spec)
	assert.False(t, linear)
	_, linear = linearWeights(policy.Uniform(), spec)
	assert.False(t, linear, "no ranking at all")
}
