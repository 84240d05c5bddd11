package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ruleCase is a small repository and what a rule must find in it: one entry per finding, in order, each a
// part of "file:line:column: text".
type ruleCase struct {
	name  string
	files map[string]string
	want  []string
}

func (c ruleCase) check(t *testing.T, rule func(*Tree) []Finding) {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.org/m\n")}}
	for name, src := range c.files {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	tree, err := Load(fsys)
	require.NoError(t, err)
	got := rule(tree)
	require.Len(t, got, len(c.want), "findings: %v", got)
	for i, f := range got {
		assert.Contains(t, f.String(), c.want[i])
	}
}

// TestHouse runs every rule over the repository itself.
func TestHouse(t *testing.T) {
	tree, err := Load(os.DirFS(repository(t)))
	require.NoError(t, err)
	require.NotEmpty(t, tree.Files)
	rules := []struct {
		name string
		rule func(*Tree) []Finding
	}{
		{"Floors", Floors},
		{"DecisionPath", DecisionPath},
		{"Comments", Comments},
		{"Forbidden", Forbidden},
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.rule(tree) {
				t.Error(f)
			}
		})
	}
}

// repository returns the folder of the main module's go.mod, above the package under test.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		require.NotEqual(t, parent, dir, "no go.mod above the test")
		dir = parent
	}
}

func TestLoad(t *testing.T) {
	mod := &fstest.MapFile{Data: []byte("// comment\nmodule example.org/m\n\ngo 1.26.0\n")}
	good := &fstest.MapFile{Data: []byte("package p\n")}
	bad := &fstest.MapFile{Data: []byte("not go\n")}

	t.Run("reads what the go command reads, nested modules too", func(t *testing.T) {
		tree, err := Load(fstest.MapFS{
			"go.mod": mod, "b.go": good, "a/a_test.go": good, "a/go.mod": mod,
			"a/testdata/x.go": bad, "vendor/v.go": bad, ".hidden/x.go": bad, "_old/x.go": bad, "_x.go": bad, "a/notes.txt": bad,
		})
		require.NoError(t, err)
		assert.Equal(t, "example.org/m", tree.Module)
		var paths []string
		for _, f := range tree.Files {
			paths = append(paths, f.Path)
		}
		assert.Equal(t, []string{"a/a_test.go", "b.go"}, paths)
		assert.True(t, tree.Files[0].Test)
		assert.Equal(t, ".", tree.Files[1].Dir)
	})
	t.Run("reports all files that do not parse", func(t *testing.T) {
		_, err := Load(fstest.MapFS{"go.mod": mod, "a.go": bad, "b.go": bad})
		require.Error(t, err)
		assert.Equal(t, 2, strings.Count(err.Error(), "expected 'package'"))
	})
	t.Run("needs a go.mod", func(t *testing.T) {
		_, err := Load(fstest.MapFS{"a.go": good})
		assert.ErrorContains(t, err, "lint: open go.mod")
	})
	t.Run("needs a module name", func(t *testing.T) {
		_, err := Load(fstest.MapFS{"go.mod": good})
		assert.EqualError(t, err, "lint: go.mod names no module")
	})
	t.Run("only the plain ignore constraint takes a file out", func(t *testing.T) {
		tree, err := Load(fstest.MapFS{
			"go.mod":  mod,
			"gen.go":  {Data: []byte("// Licence.\n\n//go:build ignore\n\npackage main\n")},
			"unix.go": {Data: []byte("//go:build !ignore && linux\n\npackage p\n")},
		})
		require.NoError(t, err)
		assert.True(t, tree.Files[0].Ignored)
		assert.False(t, tree.Files[1].Ignored)
	})
}
