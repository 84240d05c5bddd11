package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the code and the output quoted in docs/embedding.md")

const document = "../../docs/embedding.md"

var (
	// A quoted block: a marker that names file and snippet, and the code.
	quoted = regexp.MustCompile("(?m)^<!-- snippet: (\\S+) (\\S+) -->\n```go\n((?s:.*?))^```$")
	// What the program prints, with all its lives: rewritten, and not compared, since the last digits
	// differ from one kind of machine to another.
	printed  = regexp.MustCompile("(?m)^<!-- output -->\n```text\n((?s:.*?))^```$")
	anyBlock = regexp.MustCompile("(?m)^```go")
	marked   = regexp.MustCompile(`(?m)^// snippet: (\S+)\n\n((?s:.*?))\n// end snippet$`)
)

// snippets returns the marked code of every Go file in this folder, by "file name".
func snippets(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		all := marked.FindAllStringSubmatch(strings.ReplaceAll(string(source), "\r\n", "\n"), -1)
		assert.Len(t, all, strings.Count(string(source), "\n// snippet: "), "%s: a snippet without an end", file)
		for _, m := range all {
			key := file + " " + m[1]
			assert.NotContains(t, found, key, "two snippets of one name")
			found[key] = m[2]
		}
	}
	return found
}

// TestGoldenDocument holds every block of Go in the document to the file that it is drawn from.
// Mend with: go test ./examples/embedding -run Golden -rewrite
func TestGoldenDocument(t *testing.T) {
	raw, err := os.ReadFile(document)
	require.NoError(t, err)
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	code := snippets(t)
	if *rewrite {
		text = renew(t, text, code)
		require.NoError(t, os.WriteFile(document, []byte(text), 0o644))
	}
	blocks := quoted.FindAllStringSubmatch(text, -1)
	assert.Len(t, blocks, len(anyBlock.FindAllString(text, -1)), "a block of Go without a marker: what compiles it?")
	used := map[string]bool{}
	for _, block := range blocks {
		key := block[1] + " " + block[2]
		used[key] = true
		want, ok := code[key]
		if !assert.True(t, ok, "the document quotes %q, which no file has", key) {
			continue
		}
		assert.Equal(t, want, block[3], "the document's copy of %q differs from the file; -rewrite mends it", key)
	}
	for key := range code {
		assert.True(t, used[key], "snippet %q is quoted nowhere", key)
	}
	assert.Regexp(t, printed, text, "the document shows what the program prints")
}

func renew(t *testing.T, text string, code map[string]string) string {
	t.Helper()
	text = quoted.ReplaceAllStringFunc(text, func(block string) string {
		m := quoted.FindStringSubmatch(block)
		if fresh, ok := code[m[1]+" "+m[2]]; ok {
			return "<!-- snippet: " + m[1] + " " + m[2] + " -->\n```go\n" + fresh + "```"
		}
		return block
	})
	var out bytes.Buffer
	require.NoError(t, show(&out, 1, fullLives, fullJobs))
	return printed.ReplaceAllLiteralString(text, "<!-- output -->\n```text\n"+out.String()+"```")
}
