package lint

import (
	"go/ast"
	"slices"
)

// clockCalls are the functions of package time that read the clock of the machine.
var clockCalls = []string{"Now", "Since", "Until"}

// seededRand are the names of math/rand and math/rand/v2 that need a source or a seed, or are types; all
// others draw from the process's shared source.
var seededRand = []string{
	"New", "NewPCG", "NewChaCha8", "NewSource", "NewZipf",
	"Rand", "Source", "Source64", "PCG", "ChaCha8", "Zipf",
}

// Forbidden reports, in every file, cgo and encoding/gob; and in library code, which is all but tests,
// examples and commands, calls that read the clock and uses of the shared random source.
//
// Time enters the library through a Clock option. A bare time.Now that is not called is allowed, since
// that is how such an option gets its default.
func Forbidden(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		library := !f.Test && !f.Ignored && f.ast.Name.Name != "main" &&
			!slices.Contains([]string{"examples", "cmd", "tools"}, topFolder(f.Dir))
		for _, imp := range f.Imports {
			switch imp.Path {
			case "C":
				out = append(out, t.finding(imp.pos, "cgo: the library is pure Go (docs/adr/0001)"))
			case "encoding/gob":
				out = append(out, t.finding(imp.pos, "encoding/gob: files are written by explicit encoders (docs/adr/0001)"))
			case "time", "math/rand", "math/rand/v2":
				if library && imp.Name == "." {
					out = append(out, t.finding(imp.pos, "dot import of %s hides where time and chance enter", imp.Path))
				}
			}
		}
		if library {
			out = append(out, t.clockAndChance(f)...)
		}
	}
	return out
}

func (t *Tree) clockAndChance(f *File) []Finding {
	// A name that the parser resolved within the file is a variable, not an import.
	unresolved := map[*ast.Ident]bool{}
	for _, id := range f.ast.Unresolved {
		unresolved[id] = true
	}
	imported := func(e ast.Expr) (path, name string, sel *ast.SelectorExpr) {
		sel, ok := e.(*ast.SelectorExpr)
		if !ok {
			return "", "", nil
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok || !unresolved[pkg] {
			return "", "", nil
		}
		for _, imp := range f.Imports {
			if imp.Name == pkg.Name || imp.Name == "" && defaultName(imp.Path) == pkg.Name {
				return imp.Path, sel.Sel.Name, sel
			}
		}
		return "", "", nil
	}
	var out []Finding
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			path, name, sel := imported(n.Fun)
			if path == "time" && slices.Contains(clockCalls, name) {
				out = append(out, t.finding(sel.Pos(), "time.%s: library code takes its time from a Clock option", name))
			}
		case *ast.SelectorExpr:
			path, name, sel := imported(n)
			if (path == "math/rand" || path == "math/rand/v2") && !slices.Contains(seededRand, name) {
				out = append(out, t.finding(sel.Pos(), "rand.%s: library code draws from a source with an explicit seed", name))
			}
		}
		return true
	})
	return out
}

// defaultName is the name of the packages that this rule looks at, and empty for all others.
func defaultName(importPath string) string {
	switch importPath {
	case "time":
		return "time"
	case "math/rand", "math/rand/v2":
		return "rand"
	}
	return ""
}
