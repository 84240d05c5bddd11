package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/leptonsched/lepton/sim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files in testdata")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestGoldenHelp(t *testing.T) {
	golden(t, "help.txt", mustTool(t, "help"))
	for _, c := range commands() {
		words := strings.Fields(c.name)
		page := mustTool(t, append([]string{"help"}, words...)...)
		golden(t, "help_"+strings.Join(words, "_")+".txt", page)
		assert.Equal(t, page, mustTool(t, append(words, "-h")...), "-h is the same page")
	}
	golden(t, "heuristics.txt", mustTool(t, "batch", "heuristics"))
	assert.Equal(t, mustTool(t, "help"), mustTool(t, "--help"))
	assert.Contains(t, mustTool(t, "help", "batch"), "batch generate")
}

// Every command says what it does on one line and shows a use that its flags accept.
func TestCommandsAreExplained(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.name, func(t *testing.T) {
			assert.NotEmpty(t, c.summary)
			assert.NotEmpty(t, strings.TrimSpace(c.manual))
			for line := range strings.Lines(c.manual) {
				assert.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80, line)
			}
			words := strings.Fields(c.example)
			require.Equal(t, "lepton", words[0])
			found, rest, err := find(words[1:])
			require.NoError(t, err)
			assert.Equal(t, c.name, found.name)
			flags := newFlagSet(c.name)
			c.declare(flags)
			require.NoError(t, flags.Parse(rest))
			flags.VisitAll(func(f *flag.Flag) {
				assert.NotEmpty(t, f.Usage, f.Name)
				assert.Regexp(t, regexp.MustCompile(`\[?-`+f.Name+`[ \]]`), c.synopsis)
			})
		})
	}
}

// What the manual of batch replay and the list of heuristics name is what there is.
func TestManualIsComplete(t *testing.T) {
	page := mustTool(t, "help", "batch", "replay")
	for _, metric := range sim.BatchMetricNames() {
		assert.Contains(t, page, "\n  "+metric+" ")
	}
	for _, column := range []string{"trace", "start", "length", "backfill", "scheduler", "metric", "value"} {
		assert.Contains(t, page, "\n  "+column+" ")
	}
	assert.Contains(t, page, "Exit status:")
	var named []string
	for _, f := range formulas {
		named = append(named, f.name)
	}
	assert.Equal(t, sim.BatchHeuristicNames(), named)
}

func TestVersion(t *testing.T) {
	assert.Regexp(t, regexp.MustCompile(`^lepton \S+ go1\.\S+ \w+/\w+\n$`), mustTool(t, "version"))
	assert.Equal(t, mustTool(t, "version"), mustTool(t, "--version"))
}

func TestUnknownCommands(t *testing.T) {
	for asked, want := range map[string]string{
		"":                 "no command; lepton help lists them",
		"bacth replay":     `unknown command "bacth replay", did you mean "batch replay"?`,
		"batch reply":      `unknown command "batch reply", did you mean "batch replay"?`,
		"heuristics":       `unknown command "heuristics", did you mean "batch heuristics"?`,
		"hepl":             `unknown command "hepl", did you mean "help"?`,
		"batch":            "batch alone is no command: batch replay, batch table, batch learn, batch heuristics, batch generate",
		"batch frobnicate": `unknown command "batch frobnicate": there are batch replay, batch table, batch learn, batch heuristics, batch generate`,
		"frobnicate":       `unknown command "frobnicate": there are batch replay, batch table, batch learn, batch heuristics, batch generate, fit, trace info, model info, version, help`,
		"help vresion":     `unknown command "vresion", did you mean "version"?`,
		"help version x":   `help: what is "x" after version?`,
	} {
		t.Run(asked, func(t *testing.T) {
			status, stdout, stderr := tool(strings.Fields(asked)...)
			assert.Equal(t, 2, status)
			assert.Empty(t, stdout)
			assert.Equal(t, "lepton: "+want+"\n", stderr)
		})
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		assert.Equal(t, c.want, editDistance(c.a, c.b), "%s %s", c.a, c.b)
	}
}
