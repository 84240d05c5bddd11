package lint

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Comments reports packages without a doc.go that explains them, and exported symbols without a comment,
// in all packages but commands. Internal packages may keep their package comment in any file, and the
// comments of their symbols are left to their authors.
//
// A function, method or type needs a comment that begins with its name (an article before a type's name
// is fine). A constant or variable, a field of an exported struct and a method of an exported interface
// needs a comment above it, beside it, or above the group it stands in; for fields a group is a run of
// lines without a blank one. The type's comment, and that of a neighbour, also serve the fields that they
// name; the comment of an interface with one method serves that method. Embedded fields and fields named
// after their type (Arm Arm, ID DecisionID) speak for themselves.
func Comments(t *Tree) []Finding {
	var out []Finding
	documented := map[string]bool{}
	first := map[string]*File{}
	for _, f := range t.Files {
		if f.Test || f.Ignored || f.ast.Name.Name == "main" {
			continue
		}
		if first[f.Dir] == nil {
			first[f.Dir] = f
		}
		internal := isInternal(f.Dir)
		if (internal || path.Base(f.Path) == "doc.go") && startsWith(f.ast.Doc, "Package "+f.ast.Name.Name) {
			documented[f.Dir] = true
		}
		if !internal {
			c := commentChecker{tree: t}
			for _, d := range f.ast.Decls {
				c.decl(d)
			}
			out = append(out, c.out...)
		}
	}
	for _, f := range t.Files {
		if first[f.Dir] == f && !documented[f.Dir] {
			where := "doc.go"
			if isInternal(f.Dir) {
				where = "comment"
			}
			name := f.ast.Name.Name
			out = append(out, t.finding(f.ast.Package, "package %s has no %s that begins \"Package %s\"", name, where, name))
		}
	}
	return out
}

type commentChecker struct {
	tree *Tree
	out  []Finding
}

func (c *commentChecker) report(pos token.Pos, format string, args ...any) {
	c.out = append(c.out, c.tree.finding(pos, format, args...))
}

func (c *commentChecker) decl(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		c.function(d)
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				doc := s.Doc
				if doc == nil && !d.Lparen.IsValid() {
					doc = d.Doc
				}
				c.typ(s, doc)
			case *ast.ValueSpec:
				if s.Doc != nil || s.Comment != nil || d.Doc != nil {
					continue
				}
				for _, name := range s.Names {
					if name.IsExported() {
						c.report(name.Pos(), "%s %s has no comment", d.Tok, name.Name)
					}
				}
			}
		}
	}
}

func (c *commentChecker) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	full := d.Name.Name
	if d.Recv != nil && len(d.Recv.List) == 1 {
		recv := receiver(d.Recv.List[0].Type)
		if !ast.IsExported(recv) {
			return
		}
		full = recv + "." + full
	}
	switch {
	case d.Doc.Text() == "":
		c.report(d.Name.Pos(), "func %s has no comment", full)
	case !startsWith(d.Doc, d.Name.Name):
		c.report(d.Name.Pos(), "comment of func %s should begin with %q", full, d.Name.Name)
	}
}

func (c *commentChecker) typ(s *ast.TypeSpec, doc *ast.CommentGroup) {
	name := s.Name.Name
	if !s.Name.IsExported() {
		return
	}
	switch {
	case doc.Text() == "":
		c.report(s.Name.Pos(), "type %s has no comment", name)
	case !startsWith(doc, name, "A "+name, "An "+name, "The "+name):
		c.report(s.Name.Pos(), "comment of type %s should begin with %q", name, name)
	}
	switch body := s.Type.(type) {
	case *ast.StructType:
		c.fields("field", name, doc.Text(), body.Fields)
	case *ast.InterfaceType:
		if body.Methods.NumFields() > 1 || doc.Text() == "" {
			c.fields("method", name, doc.Text(), body.Methods)
		}
	}
}

// fields checks the fields of a struct or the methods of an interface.
func (c *commentChecker) fields(kind, owner, ownerDoc string, list *ast.FieldList) {
	for _, f := range list.List {
		ownerDoc += f.Doc.Text() + f.Comment.Text()
	}
	lastLine, grouped := 0, false // grouped: a comment above this run of lines covers the next field too
	for _, f := range list.List {
		start := f.Pos()
		if f.Doc != nil {
			start = f.Doc.Pos()
		}
		if c.line(start) > lastLine+1 {
			grouped = false
		}
		grouped = grouped || f.Doc.Text() != ""
		lastLine = c.line(f.End())
		for _, name := range f.Names {
			if name.IsExported() && !grouped && f.Comment.Text() == "" && !namedAfterType(f, name.Name) && !mentions(ownerDoc, name.Name) {
				c.report(name.Pos(), "%s %s.%s has no comment", kind, owner, name.Name)
			}
			if inner, ok := f.Type.(*ast.StructType); ok && name.IsExported() {
				c.fields(kind, owner+"."+name.Name, f.Doc.Text(), inner.Fields)
			}
		}
	}
}

func (c *commentChecker) line(p token.Pos) int { return c.tree.fset.Position(p).Line }

// receiver returns the name of a method's type, without pointer and type parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.ParenExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// startsWith tells whether a comment begins with one of the openings as whole words.
func startsWith(doc *ast.CommentGroup, openings ...string) bool {
	text := doc.Text()
	for _, o := range openings {
		if rest, ok := strings.CutPrefix(text, o); ok && !wordStart.MatchString(rest) {
			return true
		}
	}
	return false
}

// namedAfterType tells fields whose name ends their type's name.
func namedAfterType(f *ast.Field, name string) bool {
	typ, ok := f.Type.(*ast.Ident)
	return ok && strings.HasSuffix(typ.Name, name)
}

func isInternal(dir string) bool { return slices.Contains(strings.Split(dir, "/"), "internal") }

// mentions does not mind the case: "the name and value of one feature" explains Name and Value.
func mentions(text, word string) bool {
	return regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(word) + `\b`).MatchString(text)
}

var wordStart = regexp.MustCompile(`^\w`)
