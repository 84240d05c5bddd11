package lint

import "testing"

func TestForbidden(t *testing.T) {
	for _, c := range []ruleCase{
		{"cgo and gob, wherever", map[string]string{
			"a.go":                "package lepton\nimport \"C\"",
			"a_test.go":           "package lepton\nimport \"encoding/gob\"",
			"cmd/lepton/main.go":  "package main\nimport \"encoding/gob\"",
			"internal/simd/g.go":  "//go:build ignore\n\npackage main\nimport \"C\"",
			"internal/simd/ok.go": "package simd\nimport \"encoding/binary\"",
		}, []string{"a.go:2:8: cgo", "a_test.go:2:8: encoding/gob", "cmd/lepton/main.go:2:8: encoding/gob", "internal/simd/g.go:4:8: cgo"}},
		{"the clock is not read in the library", map[string]string{
			"a.go": `package lepton
import "time"
import clock "time"
var start = time.Now()
func age() time.Duration { return clock.Since(start) + time.Until(start) }`,
		}, []string{"a.go:4:13: time.Now", "a.go:5:35: time.Since", "a.go:5:56: time.Until"}},
		{"a default for a Clock, durations and variables that share the name", map[string]string{
			"a.go": `package lepton
import "time"
type Options struct{ Clock func() time.Time }
func (o Options) withDefaults() Options { o.Clock = time.Now; return o }
func late(time interface{ Now() int }) bool { return time.Now() > 0 }
var _ = time.Duration(3) * time.Second`,
		}, nil},
		{"chance has a source", map[string]string{
			"a.go": `package lepton
import "math/rand/v2"
func draw(rng *rand.Rand) float64 { return rng.Float64() + rand.Float64() }
var src = rand.New(rand.NewPCG(1, 2))
var f = rand.IntN
func other(rand *Source) int { return rand.IntN(3) }`,
			"b.go": "package lepton\nimport old \"math/rand\"\nfunc init() { old.Seed(1) }",
		}, []string{"a.go:3:60: rand.Float64", "a.go:5:9: rand.IntN", "b.go:3:15: rand.Seed"}},
		{"dot imports hide them", map[string]string{
			"a.go": "package lepton\nimport . \"time\"\nimport . \"math\"",
		}, []string{"a.go:2:8: dot import of time"}},
		{"tests, examples and commands may", map[string]string{
			"a_test.go":              "package lepton\nimport \"time\"\nvar now = time.Now()",
			"examples/a/world/w.go":  "package world\nimport \"math/rand\"\nvar x = rand.Int()",
			"cmd/lepton/main.go":     "package main\nimport \"time\"\nvar now = time.Now()",
			"benchmarks/gen/main.go": "package main\nimport \"time\"\nvar now = time.Now()",
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, Forbidden) })
	}
}
