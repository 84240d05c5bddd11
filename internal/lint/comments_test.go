package lint

import "testing"

func TestComments(t *testing.T) {
	doc := "// Package p is.\npackage p\n"
	for _, c := range []ruleCase{
		{"packages", map[string]string{
			"doc.go":                "// Package lepton is.\npackage lepton\n",
			"rl/rl.go":              "// Package rl is, but not in doc.go.\npackage rl\n",
			"sim/doc.go":            "// Package similar is another.\npackage sim\n",
			"internal/nn/n.go":      "package nn\n",
			"internal/codec/c.go":   "// Package codec is.\npackage codec\n",
			"examples/x/main.go":    "package main\n",
			"benchmarks/b_test.go":  "package benchmarks\n",
			"internal/nn/n_test.go": "package nn\n",
		}, []string{
			`internal/nn/n.go:1:1: package nn has no comment that begins "Package nn"`,
			`rl/rl.go:2:1: package rl has no doc.go`,
			`sim/doc.go:2:1: package sim has no doc.go`,
		}},
		{"functions and methods", map[string]string{"doc.go": doc + `
// Good is.
func Good() {}
func Bare() {}
// It is other.
func Other() {}
// Goodness is another word.
func Good2() {}
func small() {}
// T is.
type T[A, B any] struct{}
func (t *T[A, B]) Bare() {}
// M is.
func (t T[A, B]) M() {}
type hidden struct{}
func (hidden) Bare() {}
//go:noinline
func Directive() {}
`}, []string{
			"func Bare has no comment", `comment of func Other should begin with "Other"`, `comment of func Good2`,
			"func T.Bare has no comment", "func Directive has no comment",
		}},
		{"types", map[string]string{"doc.go": doc + `
type Bare int
// A Cat is; an article is fine.
type Cat int
// Describes a dog.
type Dog int
// Grouped types need a comment each.
type (
	// Eel is.
	Eel int
	Fox int
)
type small int
`}, []string{"type Bare has no comment", "comment of type Dog should begin", "type Fox has no comment"}},
		{"values", map[string]string{"doc.go": doc + `
const Bare = 1
// Errors of this package.
var (
	ErrA = 1
	ErrB = 2
)
const (
	X = 1 // beside
	// above
	Y = 2
	Z, small = 3, 4
)
`}, []string{"const Bare has no comment", "const Z has no comment"}},
		{"fields", map[string]string{"doc.go": doc + `
// Options are. Named is known from here, and a title in plain words; Nam is not.
type Options struct {
	Bare int
	Beside int // unit
	// Run is the first of a run.
	Run int
	AlsoInRun int

	AfterBlank int
	Arm Arm
	ID DecisionID
	User int // unknown is −1; the same for Group
	Group int
	Named, NotNamed, Title int
	small int
	Bare
	Inner struct {
		Deep int
	} // beside
	Long func(
		a int,
	) error

	// Last is.
	Last int
}
type small struct { Free int }
`}, []string{
			"field Options.Bare has no comment", "field Options.AfterBlank", "field Options.NotNamed",
			"field Options.Inner.Deep", "field Options.Long",
		}},
		{"interfaces", map[string]string{"doc.go": doc + `
// One has a single method, and this is its comment.
type One interface { Only() }
// Two has more.
type Two interface {
	One
	Bare()
	Beside() // says what
	hidden()
}
`}, []string{"method Two.Bare has no comment"}},
		{"left alone: internal, commands, tests, generators", map[string]string{
			"internal/nn/doc.go":   "// Package nn is.\npackage nn\nfunc Bare() {}\n",
			"rl/internal/x/doc.go": "// Package x is.\npackage x\nfunc Bare() {}\n",
			"cmd/lepton/main.go":   "package main\nfunc Bare() {}\n",
			"sim/s_test.go":        "package sim\nfunc Bare() {}\n",
			"sim/gen.go":           "//go:build ignore\n\npackage sim\nfunc Bare() {}\n",
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, Comments) })
	}
}
