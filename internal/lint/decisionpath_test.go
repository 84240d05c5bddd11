package lint

import "testing"

func TestDecisionPath(t *testing.T) {
	for _, c := range []ruleCase{
		{"standard library, own packages and constraints", map[string]string{
			"lepton.go":        "package lepton\nimport \"math/rand/v2\"",
			"features/f.go":    "package features\nimport (\n\"golang.org/x/exp/constraints\"\n\"example.org/m\"\n)",
			"scheduler/s.go":   "package scheduler\nimport \"example.org/m/internal/x\"",
			"internal/x/x.go":  "package x\nimport \"encoding/binary\"",
			"supervised/s.go":  "package supervised\nimport \"gonum.org/v1/gonum/mat\"",
			"policy/p_test.go": "package policy\nimport \"github.com/stretchr/testify/assert\"",
			"policy/gen.go":    "//go:build ignore\n\npackage main\nimport \"github.com/mmcloughlin/avo\"",
		}, nil},
		{"direct", map[string]string{
			"lepton.go":          "package lepton\nimport \"github.com/x/y\"",
			"reward/fair/f.go":   "package fair\nimport \"golang.org/x/exp/slices\"",
			"features/f_unix.go": "//go:build unix\n\npackage features\nimport \"golang.org/x/sys/unix\"",
		}, []string{
			"features/f_unix.go:4:8:",
			"lepton.go:2:8: the decision path stands on the standard library alone, but . → github.com/x/y",
			"reward/fair → golang.org/x/exp/slices",
		}},
		{"through own packages, by the shortest way, once", map[string]string{
			"scheduler/s.go":  "package scheduler\nimport (\n\"example.org/m/policy\"\n\"example.org/m/internal/a\"\n)",
			"policy/p.go":     "package policy",
			"internal/a/a.go": "package a\nimport \"example.org/m/internal/b\"",
			"internal/b/b.go": "package b\nimport \"gonum.org/v1/gonum/blas\"",
			"rl/r.go":         "package rl\nimport \"example.org/m/internal/b\"",
		}, []string{
			"internal/b/b.go:2:8: the decision path stands on the standard library alone, but scheduler → internal/a → internal/b → gonum.org/v1/gonum/blas",
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, DecisionPath) })
	}
}
