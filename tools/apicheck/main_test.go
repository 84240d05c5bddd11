package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const goMod = "module example.org/m\n\ngo 1.26.0\n"

// commit writes files into a repository ("" removes one) and commits them, with a tag if one is given.
func commit(t *testing.T, repo, tag string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(repo, name)
		if text == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	steps := [][]string{{"add", "--all"}, {"commit", "--quiet", "--message", "x"}}
	if tag != "" {
		steps = append(steps, []string{"tag", tag})
	}
	for _, args := range steps {
		args = append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"}, args...)
		if _, err := git(repo, args...); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRun(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	first := map[string]string{
		"go.mod":            goMod,
		"m.go":              "package lepton\n\ntype T struct{ A int }\n\nfunc F(x int) {}\n",
		"policy/p.go":       "package policy\n\nfunc Greedy() {}\n",
		"internal/x/x.go":   "package x\n\nfunc X() {}\n",
		"cmd/lepton/m.go":   "package main\n\nfunc main() {}\n\nfunc Usage() {}\n",
		"adapters/k/go.mod": "module example.org/m/adapters/k\n",
		"adapters/k/k.go":   "package k\n\nfunc K() {}\n",
		"CHANGELOG.md":      "# Changelog\n\n## [Unreleased]\n",
	}
	first["benchmarks/b.go"] = "package benchmarks\n\nfunc B() {}\n"
	brokenRoot := "package lepton\n\ntype T struct{ A int }\n\nfunc F(x string) {}\n"
	for _, c := range []struct {
		name string
		tag  string
		then map[string]string
		ok   bool
		want []string
	}{
		{"no tag", "", nil, true, []string{"no tag yet"}},
		{"a nested module's tag is none of ours", "adapters/k/v0.1.0", nil, true, []string{"no tag yet"}},
		{"additions", "v0.1.0", map[string]string{
			"m.go":       "package lepton\n\ntype T struct{ A, B int }\n\nfunc F(x int) {}\n\nfunc G() {}\n",
			"rl/rl.go":   "package rl\n\nfunc New() {}\n",
			"m_extra.go": "package lepton\n",
		}, true, []string{"incompatible changes since v0.1.0: 0;"}},
		{"what nobody may import", "v0.1.0", map[string]string{
			"internal/x/x.go": "package x\n", "cmd/lepton/m.go": "package main\n\nfunc main() {}\n", "adapters/k/k.go": "package k\n", "benchmarks/b.go": "package benchmarks\n",
		}, true, []string{"incompatible changes since v0.1.0: 0;"}},
		{"a silent break", "v0.1.0", map[string]string{"m.go": brokenRoot}, false, []string{
			"NOT ANNOUNCED: lepton: F: changed from func(int) to func(string)", "begins: - BREAKING lepton:", "packages not announced: 1",
		}},
		{"an announced break", "v0.1.0", map[string]string{
			"m.go": brokenRoot, "CHANGELOG.md": "## [Unreleased]\n- BREAKING lepton: F takes a string.\n",
		}, true, []string{"announced: lepton: F: changed", "packages not announced: 0"}},
		{"announced for another package", "v0.1.0", map[string]string{
			"policy/p.go": "", "CHANGELOG.md": "## [Unreleased]\n- BREAKING lepton: F takes a string.\n",
		}, false, []string{"NOT ANNOUNCED: policy: package removed"}},
		{"announced for an older version", "v0.1.0", map[string]string{
			"m.go": brokenRoot, "CHANGELOG.md": "## [Unreleased]\n\n## [0.1.0]\n- BREAKING lepton: F takes a string.\n",
		}, false, []string{"NOT ANNOUNCED: lepton: F"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			repo := t.TempDir()
			if _, err := git(repo, "init", "--quiet"); err != nil {
				t.Fatal(err)
			}
			commit(t, repo, c.tag, maps.Clone(first))
			if c.then != nil {
				commit(t, repo, "", c.then)
			}
			var out bytes.Buffer
			ok, err := run(&out, repo, "")
			if err != nil {
				t.Fatal(err)
			}
			if ok != c.ok {
				t.Errorf("ok = %v, want %v", ok, c.ok)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, out.String())
				}
			}
		})
	}
	t.Run("a tree that does not compile is a fault, not a change", func(t *testing.T) {
		repo := t.TempDir()
		if _, err := git(repo, "init", "--quiet"); err != nil {
			t.Fatal(err)
		}
		commit(t, repo, "v0.1.0", maps.Clone(first))
		commit(t, repo, "", map[string]string{"m.go": "package lepton\n\nvar X undefined\n"})
		if _, err := run(&bytes.Buffer{}, repo, ""); err == nil || !strings.Contains(err.Error(), "undefined") {
			t.Errorf("err = %v, want the compiler's", err)
		}
	})
	t.Run("an unknown tag is a fault", func(t *testing.T) {
		repo := t.TempDir()
		if _, err := git(repo, "init", "--quiet"); err != nil {
			t.Fatal(err)
		}
		commit(t, repo, "", maps.Clone(first))
		if _, err := run(&bytes.Buffer{}, repo, "v9.9.9"); err == nil || !strings.Contains(err.Error(), "git archive") {
			t.Errorf("err = %v, want git's", err)
		}
	})
}
