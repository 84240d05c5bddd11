package lint

import "testing"

func TestFloors(t *testing.T) {
	imports := func(pkg string, paths ...string) string {
		src := "package " + pkg + "\n"
		for _, p := range paths {
			src += "import _ \"" + p + "\"\n"
		}
		return src
	}
	for _, c := range []ruleCase{
		{"down is free", map[string]string{
			"lepton.go":              imports("lepton", "example.org/m/internal/nn", "example.org/m/supervised"),
			"examples/batch/main.go": imports("main", "example.org/m/scheduler", "example.org/m/internal/nn"),
			"supervised/forest.go":   imports("supervised", "example.org/m/internal/tree", "fmt", "gonum.org/v1/gonum/mat"),
		}, nil},
		{"up", map[string]string{
			"policy/p.go":      imports("policy", "fmt", "example.org/m/scheduler"),
			"supervised/s.go":  imports("supervised", "example.org/m"),
			"internal/nn/n.go": imports("nn", "example.org/m/supervised"),
		}, []string{
			"internal/nn/n.go:2:8: internal/nn (floor -1) imports up: supervised (floor 0)",
			"policy/p.go:3:8: policy (floor 2) imports up: scheduler (floor 4)",
			"supervised/s.go:2:8: supervised (floor 0) imports up: . (floor 1)",
		}},
		{"sideways", map[string]string{
			"policy/p.go":          imports("policy", "example.org/m/features/scale"),
			"examples/a/main.go":   imports("main", "example.org/m/examples/b"),
			"cmd/lepton/main.go":   imports("main", "example.org/m/benchmarks"),
			"adapters/kube/k.go":   imports("kube", "example.org/m/adapters/nats"),
			"adapters/kube/go.mod": "module example.org/m/adapters/kube\n",
		}, []string{
			"adapters/kube imports sideways: adapters/nats, both on floor 5",
			"cmd/lepton imports sideways: benchmarks",
			"examples/a imports sideways: examples/b",
			"policy imports sideways: features/scale, both on floor 2",
		}},
		{"own subfolders, both ways, and kernels on kernels", map[string]string{
			"rl/rl.go":              imports("rl", "example.org/m/rl/mdp"),
			"rl/compile/c.go":       imports("compile", "example.org/m/rl"),
			"internal/nn/n.go":      imports("nn", "example.org/m/internal/simd"),
			"examples/a/main.go":    imports("main", "example.org/m/examples/a/world"),
			"adapters/kube/x/k.go":  imports("x", "example.org/m/adapters/kube"),
			"supervised/f/f.go":     imports("f", "example.org/m/supervised"),
			"benchmarks/peers/b.go": imports("peers", "example.org/m/benchmarks"),
		}, nil},
		{"tests are exempt, save from adapters", map[string]string{
			"policy/p_test.go":          imports("policy_test", "example.org/m/leptontest", "example.org/m/reward"),
			"policy/q_test.go":          imports("policy", "example.org/m/adapters/kube"),
			"adapters/kube/k_test.go":   imports("kube", "example.org/m/adapters/kube/x"),
			"adapters/nats/nat_test.go": imports("nats", "example.org/m/adapters/kube"),
		}, []string{
			"test of adapters/nats imports adapters/kube, which is a module apart",
			"test of policy imports adapters/kube, which is a module apart",
		}},
		{"a new folder, reported once", map[string]string{
			"attic/a.go":   imports("attic", "example.org/m/scheduler"),
			"attic/b/b.go": imports("b"),
			"sim/s.go":     imports("sim", "example.org/m/attic"),
		}, []string{"attic/a.go:1:1: attic stands on no floor: give it a floor"}},
		{"generators belong to no package", map[string]string{
			"internal/simd/gen.go": "//go:build ignore\n\n" + imports("main", "example.org/m/scheduler"),
		}, nil},
		{"another module that only begins alike", map[string]string{
			"policy/p.go": imports("policy", "example.org/many/scheduler"),
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, Floors) })
	}
}
