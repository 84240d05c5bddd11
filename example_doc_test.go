package lepton_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the code quoted in doc.go and README.md")

var (
	snippet = regexp.MustCompile(`(?ms)^// snippet\n\n(.*?)\n// end snippet$`)
	// The first block of code in the package comment.
	inDoc = regexp.MustCompile(`(?m)(?:^//\t.*\n(?:^//\n)*)+`)
	// The block below the marker.
	inReadme = regexp.MustCompile("(?ms)^<!-- snippet: example_test.go -->\n```go\n(.*?)^```$")
)

// TestGoldenExample holds the code in doc.go and in README.md to the compiled example.
// Mend with: go test . -run Golden -rewrite
func TestGoldenExample(t *testing.T) {
	source := read(t, "example_test.go")
	found := snippet.FindStringSubmatch(source)
	require.NotNil(t, found, "example_test.go marks no snippet")
	code := found[1]

	t.Run("doc.go", func(t *testing.T) {
		quoted := asComment(code)
		hold(t, "doc.go", func(text string) (have, renewed string) {
			at := inDoc.FindStringIndex(text)
			require.NotNil(t, at, "no code in the package comment")
			block := strings.TrimSuffix(text[at[0]:at[1]], "//\n") // the line that ends every block
			return block, text[:at[0]] + quoted + text[at[0]+len(block):]
		}, quoted)
	})
	t.Run("README.md", func(t *testing.T) {
		hold(t, "README.md", func(text string) (have, renewed string) {
			at := inReadme.FindStringSubmatchIndex(text)
			if at == nil {
				t.Skip("README.md quotes no example")
			}
			return text[at[2]:at[3]], text[:at[2]] + code + text[at[3]:]
		}, code)
	})
}

// hold compares the code quoted in a file with what it should be, or rewrites it.
func hold(t *testing.T, file string, find func(text string) (have, renewed string), want string) {
	t.Helper()
	have, renewed := find(read(t, file))
	if *rewrite {
		require.NoError(t, os.WriteFile(file, []byte(renewed), 0o644))
		return
	}
	assert.Equal(t, want, have, "%s quotes other code than example_test.go holds; -rewrite mends it", file)
}

// asComment makes code a block of a doc comment.
func asComment(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		if line == "\n" {
			b.WriteString("//\n")
		} else {
			b.WriteString("//\t" + line)
		}
	}
	return b.String()
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(file + " is not there")
	}
	require.NoError(t, err)
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}
