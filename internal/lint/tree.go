package lint

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Tree is the parsed source of a repository. It is immutable once loaded.
type Tree struct {
	Module string  // module path, from go.mod at the root
	Files  []*File // sorted by path
	fset   *token.FileSet
}

// File is one parsed Go file.
type File struct {
	Path    string // slash-separated, from the root of the repository
	Dir     string // folder of Path; "." for the root package
	Test    bool   // a _test.go file
	Ignored bool   // carries "//go:build ignore"
	Imports []Import
	ast     *ast.File
}

// Import is one import of a file.
type Import struct {
	Path string // as written
	Name string // the local name when one is written, else empty
	pos  token.Pos
}

// Finding is one broken rule at one place.
type Finding struct {
	Pos  token.Position
	Text string
}

// String formats a finding as compilers do: file:line:column: text.
func (f Finding) String() string { return f.Pos.String() + ": " + f.Text }

// Load reads every Go file below the root of a repository. It fails when go.mod is missing or names no
// module, and when a file does not parse; all such faults are reported together.
func Load(fsys fs.FS) (*Tree, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	t := &Tree{Module: modulePath(string(mod)), fset: token.NewFileSet()}
	if t.Module == "" {
		return nil, errors.New("lint: go.mod names no module")
	}
	var faults []error
	err = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && unread(d.Name()):
			return fs.SkipDir
		case d.IsDir() || path.Ext(p) != ".go" || unread(d.Name()):
			return nil
		}
		f, err := t.parse(fsys, p)
		if err != nil {
			faults = append(faults, err)
			return nil
		}
		t.Files = append(t.Files, f)
		return nil
	})
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, fmt.Errorf("lint: %w", err)
	}
	slices.SortFunc(t.Files, func(a, b *File) int { return cmp.Compare(a.Path, b.Path) })
	return t, nil
}

func (t *Tree) parse(fsys fs.FS, p string) (*File, error) {
	src, err := fs.ReadFile(fsys, p)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(t.fset, p, src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	f := &File{
		Path:    p,
		Dir:     path.Dir(p),
		Test:    strings.HasSuffix(p, "_test.go"),
		Ignored: ignored(parsed),
		ast:     parsed,
	}
	for _, spec := range parsed.Imports {
		ipath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imp := Import{Path: ipath, pos: spec.Pos()}
		if spec.Name != nil {
			imp.Name = spec.Name.Name
		}
		f.Imports = append(f.Imports, imp)
	}
	return f, nil
}

// local returns the folder of one of the repository's own packages, and false for anyone else's.
func (t *Tree) local(importPath string) (dir string, ok bool) {
	if importPath == t.Module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.Module+"/")
}

func (t *Tree) finding(pos token.Pos, format string, args ...any) Finding {
	return Finding{Pos: t.fset.Position(pos), Text: fmt.Sprintf(format, args...)}
}

// unread tells which names the go command passes over as well.
func unread(name string) bool {
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func ignored(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() > f.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			expr, err := constraint.Parse(c.Text)
			if err == nil && expr.String() == "ignore" {
				return true
			}
		}
	}
	return false
}

func modulePath(mod string) string {
	for line := range strings.Lines(mod) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			return strings.Trim(strings.TrimSpace(rest), `"`)
		}
	}
	return ""
}
