package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	repo := flag.String("repo", "..", "repository to check")
	tag := flag.String("tag", "", "tag to compare with; empty: the last one reachable")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "apicheck: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	ok, err := run(os.Stdout, *repo, *tag)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apicheck:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run writes what changed to w. It is not ok when a break is not announced.
func run(w io.Writer, repo, tag string) (ok bool, err error) {
	if tag == "" {
		if tag, err = lastTag(repo); err != nil {
			return false, err
		}
	}
	if tag == "" {
		fmt.Fprintln(w, "apicheck: no tag yet, so there is no API to keep")
		return true, nil
	}
	was, err := os.MkdirTemp("", "apicheck")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(was)
	if err := export(repo, tag, was); err != nil {
		return false, err
	}
	changes, err := compare(was, repo)
	if err != nil {
		return false, err
	}
	changelog, err := os.ReadFile(filepath.Join(repo, "CHANGELOG.md"))
	if err != nil {
		return false, err
	}
	return judge(w, tag, changes, announced(string(changelog))), nil
}

// judge prints the incompatible changes and tells whether each package with one is announced.
func judge(w io.Writer, tag string, changes []change, announced []string) bool {
	var silent []string
	for _, c := range changes {
		word := "announced"
		if !slices.Contains(announced, c.pkg) {
			word = "NOT ANNOUNCED"
			if !slices.Contains(silent, c.pkg) {
				silent = append(silent, c.pkg)
			}
		}
		fmt.Fprintf(w, "%s: %s: %s\n", word, c.pkg, c.text)
	}
	for _, pkg := range silent {
		fmt.Fprintf(w, "apicheck: CHANGELOG.md, [Unreleased], needs a line that begins: - BREAKING %s:\n", pkg)
	}
	fmt.Fprintf(w, "apicheck: incompatible changes since %s: %d; packages not announced: %d\n", tag, len(changes), len(silent))
	return len(silent) == 0
}

// announced returns the packages that have a BREAKING line below "## [Unreleased]".
func announced(changelog string) []string {
	var out []string
	inside := false
	for line := range strings.Lines(changelog) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			inside = strings.HasPrefix(heading, "[Unreleased]")
			continue
		}
		line = strings.TrimLeft(line, "-* ")
		rest, ok := strings.CutPrefix(line, "BREAKING ")
		if pkg, _, named := strings.Cut(rest, ":"); inside && ok && named {
			out = append(out, strings.TrimSpace(pkg))
		}
	}
	return out
}
