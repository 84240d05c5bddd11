package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The built binary: its exit status, its two streams, and Ctrl-C.
func TestBinary(t *testing.T) {
	folder := t.TempDir()
	lepton := filepath.Join(folder, "lepton.exe")
	build := exec.Command("go", "build", "-o", lepton, ".")
	text, err := build.CombinedOutput()
	require.NoError(t, err, "%s", text)
	file := siteTrace(t, folder)
	out := filepath.Join(folder, "out.csv")
	call := func(args ...string) (status int, stdout, stderr string) {
		var o, e bytes.Buffer
		cmd := exec.Command(lepton, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = folder, &o, &e
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			require.NoError(t, err)
		}
		return cmd.ProcessState.ExitCode(), o.String(), e.String()
	}

	status, stdout, stderr := call("batch", "replay", "-trace", file, "-policy", "SJF", "-csv", out)
	assert.Equal(t, 0, status)
	assert.Empty(t, stdout)
	assert.Empty(t, stderr, "no progress where there is no terminal")
	written, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Len(t, parseCSV(t, string(written)), 8)
	require.NoError(t, os.Remove(out))

	for name, c := range map[string]struct {
		args   []string
		stderr string
	}{
		"trace":  {[]string{"-trace", "nothere.swf", "-policy", "SJF"}, `^lepton: open nothere\.swf: [^\n]+\n$`},
		"policy": {[]string{"-trace", file, "-policy", "XYZ"}, `^lepton: batch replay: unknown policy "XYZ": there are FCFS, [^\n]+\n$`},
		"start":  {[]string{"-trace", file, "-policy", "SJF", "-starts", "600"}, `^lepton: -starts: [^\n]+\n$`},
	} {
		status, stdout, stderr := call(append([]string{"batch", "replay", "-csv", out}, c.args...)...)
		assert.Equal(t, 2, status, name)
		assert.Empty(t, stdout, name)
		assert.Regexp(t, c.stderr, stderr, name)
		assert.ElementsMatch(t, []string{"lepton.exe", "site.swf.gz"}, listing(t, folder), name)
	}
	status, stdout, _ = call("help")
	assert.Equal(t, 0, status)
	assert.Equal(t, mustTool(t, "help"), stdout)

	if runtime.GOOS == "windows" {
		return // no interrupt can be sent there
	}
	big := filepath.Join(folder, "big.swf.gz")
	mustTool(t, "batch", "generate", "-jobs", "4000", "-o", big)
	cmd := exec.Command(lepton, "batch", "replay", "-trace", big, "-starts", "0:3744:1", "-policy", "all", "-csv", out)
	var interrupted bytes.Buffer
	cmd.Stderr = &interrupted
	require.NoError(t, cmd.Start())
	time.Sleep(300 * time.Millisecond) // well inside the run; a signal before the program is ready kills it, which leaves no file either
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.Error(t, cmd.Wait())
	assert.Contains(t, []int{130, -1}, cmd.ProcessState.ExitCode())
	if cmd.ProcessState.ExitCode() == 130 {
		assert.Equal(t, "lepton: interrupted, nothing was written\n", interrupted.String())
	}
	assert.ElementsMatch(t, []string{"lepton.exe", "site.swf.gz", "big.swf.gz"}, listing(t, folder))
}
