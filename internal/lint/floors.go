package lint

import (
	"go/token"
	"strings"
)

// floors places every top-level folder of the repository (docs/design.md). An import must point to a lower
// floor; a package's own subfolders belong to the package.
//
// internal stands on the ground below floor 0: every package may build on it, supervised included, and
// its kernels may build on one another.
var floors = map[string]int{
	"examples": 5, "benchmarks": 5, "cmd": 5, "adapters": 5, "tools": 5,
	"scheduler": 4, "sim": 4, "leptontest": 4,
	"rl": 3, "evaluate": 3,
	"features": 2, "policy": 2, "reward": 2, "replay": 2, "telemetry": 2,
	".":          1,
	"supervised": 0,
	"internal":   -1,
}

// shelves are the folders whose children are packages apart, none of which may know another.
var shelves = map[string]bool{"examples": true, "cmd": true, "adapters": true}

// Floors reports imports that point up or sideways, and folders that have no floor.
//
// Files named _test.go may import whatever they need to test with, save a package below adapters/ that is
// not their own: those are modules apart, and the main module must build without them.
func Floors(t *Tree) []Finding {
	var out []Finding
	homeless := map[string]bool{}
	for _, f := range t.Files {
		if f.Ignored {
			continue
		}
		from := topFolder(f.Dir)
		if _, ok := floors[from]; !ok {
			if !homeless[from] {
				homeless[from] = true
				out = append(out, t.finding(f.ast.Package, "%s stands on no floor: give it a floor in internal/lint", from))
			}
			continue
		}
		for _, imp := range f.Imports {
			if dir, ok := t.local(imp.Path); ok {
				out = append(out, t.judge(f, dir, imp.pos)...)
			}
		}
	}
	return out
}

// judge says what is wrong with file f importing the repository's own package in dir.
func (t *Tree) judge(f *File, dir string, pos token.Pos) []Finding {
	if house(f.Dir) == house(dir) {
		return nil
	}
	from, to := topFolder(f.Dir), topFolder(dir)
	switch {
	case f.Test && to == "adapters":
		return []Finding{t.finding(pos, "test of %s imports %s, which is a module apart", f.Dir, dir)}
	case f.Test:
		return nil
	}
	down, ok := floors[to]
	switch up := floors[from]; {
	case !ok:
		return nil // reported once, at the homeless folder itself
	case down > up:
		return []Finding{t.finding(pos, "%s (floor %d) imports up: %s (floor %d)", f.Dir, up, dir, down)}
	case down == up:
		return []Finding{t.finding(pos, "%s imports sideways: %s, both on floor %d", f.Dir, dir, up)}
	}
	return nil
}

// topFolder returns the first element of a folder, "." for the root.
func topFolder(dir string) string {
	top, _, _ := strings.Cut(dir, "/")
	return top
}

// house returns the folder whose subfolders count as one package with it.
func house(dir string) string {
	top, rest, _ := strings.Cut(dir, "/")
	if !shelves[top] {
		return top
	}
	child, _, _ := strings.Cut(rest, "/")
	return top + "/" + child
}
