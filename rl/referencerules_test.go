package rl_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// rewardOf is a line of summary.csv: the long-run average reward of a rule, by the rule's name.
type rewardOf struct {
	name  string
	value float64
}

// averageRewards reads all quantities average_reward[name] of a problem.
func averageRewards(t *testing.T, folder, problem string) []rewardOf {
	t.Helper()
	var out []rewardOf
	summary := readSheet(t, filepath.Join(folder, "summary.csv"))
	for i, row := range summary.rows {
		name, ok := strings.CutPrefix(row[summary.columns["quantity"]], "average_reward[")
		if row[summary.columns["problem"]] == problem && ok {
			out = append(out, rewardOf{strings.TrimSuffix(name, "]"), summary.number(t, i, "value")})
		}
	}
	return out
}

// heuristics leaves out what is not a rule of thumb: constants (static), what was computed (optimal), chance.
func heuristics(all []rewardOf) []rewardOf {
	return slices.DeleteFunc(slices.Clone(all), func(n rewardOf) bool {
		return strings.HasPrefix(n.name, "static") || strings.Contains(n.name, "optimal") || strings.Contains(n.name, "random")
	})
}

// readStarts reads <name>.start.csv.
func readStarts(t *testing.T, folder, name string) []mdp.Start {
	s := readSheet(t, filepath.Join(folder, name+".start.csv"))
	var out []mdp.Start
	for i := range s.rows {
		out = append(out, mdp.Start{State: int(s.number(t, i, "state")), Prob: s.number(t, i, "prob")})
	}
	return out
}

// stateLabels reads what the states of a problem are called: the columns between state and v of one of its tables of
// values, where they are numbers.
func stateLabels(t *testing.T, folder, problem string, states int) map[string][]float64 {
	t.Helper()
	out := map[string][]float64{}
	files, err := filepath.Glob(filepath.Join(folder, problem+".qstar*.csv"))
	require.NoError(t, err)
	for _, file := range files {
		s := readSheet(t, file)
		if !s.has("state", "v") || len(s.rows) != states {
			continue
		}
		for column, at := range s.columns {
			if at <= s.columns["state"] || at >= s.columns["v"] {
				continue
			}
			values, numbers := make([]float64, states), true
			for i, row := range s.rows {
				x, err := strconv.ParseFloat(row[at], 64)
				numbers = numbers && err == nil
				values[int(s.number(t, i, "state"))] = x
			}
			if numbers {
				out[column] = values
			}
		}
	}
	if len(out) == 0 { // the number of the state is all there is
		out["state"] = make([]float64, states)
		for s := range states {
			out["state"][s] = float64(s)
		}
	}
	return out
}

// stateRule is an action for each state.
type stateRule []int

func (r stateRule) scorer() lepton.Scorer {
	return policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
		if r[int(obs.State()[0])] == a {
			return 1
		}
		return 0
	})
}

// readRule finds the actions that a named rule takes. The name may say them: "threshold_x=expression", for a label x
// of the states, takes the action that brings x nearest to the expression in the state's labels. Otherwise a rule
// with one threshold on one label is looked for. Either way the exact average reward of the rule must be the one
// on record: that is what shows the reading to be right.
func readRule(p *mdp.Problem, starts []mdp.Start, labels map[string][]float64, n rewardOf) (stateRule, bool) {
	right := func(r stateRule) bool {
		return r != nil && math.Abs(gainOf(p, starts, policy.Greedy(r.scorer()))-n.value) <= 1e-9*max(1, math.Abs(n.value))
	}
	if left, expression, ok := strings.Cut(n.name, "="); ok {
		if r := steer(p, labels, strings.TrimPrefix(left, "threshold_"), expression); right(r) {
			return r, true
		}
	}
	for _, name := range sortedKeys(labels) {
		x := labels[name]
		for _, at := range slices.Compact(slices.Sorted(slices.Values(x))) {
			for below := range p.Actions() {
				for above := range p.Actions() {
					r := make(stateRule, p.States())
					for s := range r {
						if r[s] = above; x[s] < at {
							r[s] = below
						}
						if !p.Legal(s, r[s]) { // the other, else the first that is legal
							r[s] = above + below - r[s]
						}
						for a := p.Actions() - 1; a >= 0 && !p.Legal(s, r[s]); a-- {
							r[s] = a
						}
					}
					if below != above && right(r) {
						return r, true
					}
				}
			}
		}
	}
	return nil, false
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// steer is the rule that brings a label nearest to an expression; nil: it cannot be read. Of actions that bring
// it equally near the first is taken.
func steer(p *mdp.Problem, labels map[string][]float64, label, expression string) stateRule {
	x := labels[label]
	tree, err := parser.ParseExpr(expression)
	if x == nil || err != nil {
		return nil
	}
	r := make(stateRule, p.States())
	for s := range r {
		target, err := workOut(tree, labels, s)
		if err != nil {
			return nil
		}
		best := math.Inf(1)
		for a := range p.Actions() {
			if !p.Legal(s, a) {
				continue
			}
			distance := 0.0
			for _, o := range p.Outcomes(s, a) {
				distance += o.Prob * math.Abs(x[o.Next]-target)
			}
			if distance < best-1e-9 {
				best, r[s] = distance, a
			}
		}
	}
	return r
}

// workOut works out an expression of numbers, labels, + − * /, ceil, floor, min and max in a state.
func workOut(tree ast.Expr, labels map[string][]float64, state int) (float64, error) {
	var of func(ast.Expr) (float64, error)
	of = func(tree ast.Expr) (float64, error) {
		switch e := tree.(type) {
		case *ast.ParenExpr:
			return of(e.X)
		case *ast.BasicLit:
			return strconv.ParseFloat(e.Value, 64)
		case *ast.Ident:
			if x, ok := labels[e.Name]; ok {
				return x[state], nil
			}
		case *ast.BinaryExpr:
			x, err := of(e.X)
			if err != nil {
				return 0, err
			}
			y, err := of(e.Y)
			switch e.Op {
			case token.ADD:
				return x + y, err
			case token.SUB:
				return x - y, err
			case token.MUL:
				return x * y, err
			case token.QUO:
				return x / y, err
			}
		case *ast.CallExpr:
			name, _ := e.Fun.(*ast.Ident)
			var x []float64
			for _, arg := range e.Args {
				v, err := of(arg)
				if err != nil {
					return 0, err
				}
				x = append(x, v)
			}
			if name == nil || len(x) == 0 {
				break
			}
			switch name.Name {
			case "ceil":
				return math.Ceil(x[0]), nil
			case "floor":
				return math.Floor(x[0]), nil
			case "min":
				return slices.Min(x), nil
			case "max":
				return slices.Max(x), nil
			}
		}
		return 0, fmt.Errorf("cannot read %T", tree)
	}
	return of(tree)
}

// gainOf is the exact long-run reward a step of a policy, from the starts of a problem that never ends. The
// lazy chain ½(I+P), which stays as often in each state as P does, is squared until it no longer changes.
func gainOf(p *mdp.Problem, starts []mdp.Start, pi lepton.Policy) float64 {
	n := p.States()
	chain := mat.NewDense(n, n, nil)
	reward := make([]float64, n)
	probs := make([]float64, p.Actions())
	for s := range n {
		chain.Set(s, s, 0.5)
		pi.Probs(probs, observe(p, s), nil)
		for a, prob := range probs {
			for _, o := range p.Outcomes(s, a) {
				chain.Set(s, o.Next, chain.At(s, o.Next)+prob*o.Prob/2)
				reward[s] += prob * o.Prob * o.Reward
			}
		}
	}
	var next mat.Dense
	for range 40 { // 2⁴⁰ steps
		next.Mul(chain, chain)
		for s := range n { // rounding must not leak
			row := next.RawRowView(s)
			sum := 0.0
			for _, x := range row {
				sum += x
			}
			for i := range row {
				row[i] /= sum
			}
		}
		moved := 0.0
		for i, x := range next.RawMatrix().Data {
			moved = max(moved, math.Abs(x-chain.RawMatrix().Data[i]))
		}
		chain.Copy(&next)
		if moved < 1e-15 {
			break
		}
	}
	gain := 0.0
	for _, start := range starts {
		for s := range n {
			gain += start.Prob * chain.At(start.State, s) * reward[s]
		}
	}
	return gain
}
