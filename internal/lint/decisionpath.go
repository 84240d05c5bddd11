package lint

import (
	"slices"
	"strings"
)

// decisionPath names the packages between an observation and an action (docs/design.md), subfolders
// included.
var decisionPath = []string{".", "scheduler", "features", "policy", "reward"}

// outsiders that the decision path may import beside the standard library.
var outsiders = []string{"golang.org/x/exp/constraints"}

// DecisionPath reports what the root package and the decision path import beyond the standard library and
// golang.org/x/exp/constraints, directly or through the repository's own packages. Tests are free.
//
// Each offending import is reported once, where it stands, with the way that leads to it.
func DecisionPath(t *Tree) []Finding {
	packages := map[string][]*File{}
	var starts []string
	for _, f := range t.Files {
		if f.Test || f.Ignored {
			continue
		}
		if packages[f.Dir] == nil && slices.Contains(decisionPath, topFolder(f.Dir)) {
			starts = append(starts, f.Dir)
		}
		packages[f.Dir] = append(packages[f.Dir], f)
	}

	// Breadth first, so that the way reported is a shortest one.
	var out []Finding
	way := map[string]string{}
	queue := slices.Clone(starts)
	for _, dir := range starts {
		way[dir] = dir
	}
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		for _, f := range packages[dir] {
			for _, imp := range f.Imports {
				if next, ok := t.local(imp.Path); ok {
					if way[next] == "" {
						way[next] = way[dir] + " → " + next
						queue = append(queue, next)
					}
					continue
				}
				if !standard(imp.Path) && !slices.Contains(outsiders, imp.Path) {
					out = append(out, t.finding(imp.pos, "the decision path stands on the standard library alone, but %s → %s", way[dir], imp.Path))
				}
			}
		}
	}
	return out
}

// standard tells the standard library's import paths: their first element holds no dot.
func standard(importPath string) bool {
	return !strings.Contains(topFolder(importPath), ".")
}
