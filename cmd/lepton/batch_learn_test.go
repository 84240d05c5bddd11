package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBatchLearn learns a little from a part of a trace: the same file whatever -threads, another from another seed; it replays and can be looked into.
func TestBatchLearn(t *testing.T) {
	folder := t.TempDir()
	trace := siteTrace(t, folder)
	learn := func(args ...string) []byte {
		model := filepath.Join(folder, "m.lepton")
		args = append([]string{"batch", "learn", "-trace", trace, "-until", "300", "-length", "60", "-backfill", "easy",
			"-rounds", "1", "-sequences", "3", "-epochs", "2", "-o", model}, args...)
		assert.Empty(t, mustTool(t, args...))
		text, err := os.ReadFile(model)
		require.NoError(t, err)
		return text
	}
	one := learn("-threads", "1")
	assert.True(t, string(one) != string(learn("-seed", "2")), "the seed changes nothing")
	assert.True(t, string(one) == string(learn("-threads", "3")))

	model := filepath.Join(folder, "m.lepton")
	info := mustTool(t, "model", "info", model)
	assert.Contains(t, info, "run times  learned from the jobs that have ended\n")
	assert.Contains(t, info, "cost_over")
	replay := []string{"batch", "replay", "-trace", trace, "-starts", "300", "-length", "200", "-policy", "learned", "-metrics", "avg_bsld"}
	shipped := mustTool(t, replay...)
	assert.Equal(t, shipped, mustTool(t, replay...))
	assert.NotEqual(t, shipped, mustTool(t, append(replay, "-model", model)...), "without -model, the one that is shipped")
}

func TestBatchLearnFaults(t *testing.T) {
	folder := faultFiles(t)
	t.Chdir(folder)
	before := listing(t, folder)
	for args, want := range map[string]string{
		"":                                       "-o is missing",
		"-o m -rounds 0 -sequences -1 -epochs 0": "-rounds is 0, must be in [1, 1000]; -sequences is -1",
		"-o m -threads 0 -length 0 -until -1":    "-threads is 0, must be in [1, 1024]; -length is 0, must be in [1, 1048576]; -until is -1",
		"-o m -backfill x":                       `-backfill is "x"`,
		"-o m -trace nothere.swf":                "open nothere.swf",
		"-o m -trace site.swf.gz -until 601":     "601) of 600",
		"-o m -trace site.swf.gz -until 100":     "256 jobs within [0, 100) of 600",
		"-o nowhere/m -rounds 1":                 "cannot write nowhere/m",
	} {
		status, stdout, stderr := tool(strings.Fields("batch learn " + args)...)
		assert.Equal(t, 2, status, args)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, want)
		assert.Regexp(t, `^lepton: [^\x00-\x1f]+\n$`, stderr, "one line")
	}
	assert.Equal(t, before, listing(t, folder), "nothing was written")
}
