package rl_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logged is one line of a golden log. What its file has no column for is zero.
type logged struct {
	state, action, next, nextAction int
	reward                          float64
	done, coin                      bool
}

// goldenLog is a log with the constants behind it and what its problem looks like.
type goldenLog struct {
	lines                  []logged
	problem                *mdp.Problem
	alpha, gamma, epsilon  float64
	initial, initialInside float64 // of an action; of a state that is not an end
}

func readGoldenLog(t *testing.T, folder, name string) *goldenLog {
	t.Helper()
	problem, err := mdp.ReadFiles(os.DirFS(folder), name)
	require.NoError(t, err)
	p := params(t, folder, name)
	require.Contains(t, p, "log_alpha")
	constant := func(key string, otherwise float64) float64 {
		if v, ok := p[key]; ok {
			return v
		}
		return otherwise
	}
	g := &goldenLog{
		problem: problem, alpha: p["log_alpha"], gamma: constant("log_gamma", p["gamma"]),
		epsilon: constant("log_epsilon", 0.1), initial: p["log_q0"], initialInside: constant("log_v0", 0.5),
	}
	s := readSheet(t, filepath.Join(folder, name+".log.csv"))
	for i := range s.rows {
		number := func(column string) float64 {
			if !s.has(column) {
				return 0
			}
			return s.number(t, i, column)
		}
		g.lines = append(g.lines, logged{
			state: int(number("state")), action: int(number("action")), next: int(number("next_state")), nextAction: int(number("next_action")),
			reward: number("reward"), done: number("done") != 0, coin: number("coin") != 0,
		})
	}
	return g
}

// discount multiplies the value of what follows a line.
func (g *goldenLog) discount(l logged) float64 {
	if l.done {
		return 0
	}
	return g.gamma
}

// episodes cuts the log behind each end.
func (g *goldenLog) episodes() (all [][]logged) {
	from := 0
	for i, l := range g.lines {
		if l.done {
			all = append(all, g.lines[from:i+1])
			from = i + 1
		}
	}
	return all
}

// q is a table of action values as the exported update rules use it.
func (g *goldenLog) q() []float64 {
	return slices.Repeat([]float64{g.initial}, g.problem.States()*g.problem.Actions())
}

func (g *goldenLog) row(q []float64, state int) []float64 {
	return q[state*g.problem.Actions():][:g.problem.Actions()]
}

// v is a table of state values, 0 at the ends.
func (g *goldenLog) v() []float64 {
	v := slices.Repeat([]float64{g.initialInside}, g.problem.States())
	for s := range v {
		end := true
		for a := range g.problem.Actions() {
			for _, o := range g.problem.Outcomes(s, a) {
				end = end && o.Done && o.Next == s
			}
		}
		if end {
			v[s] = 0
		}
	}
	return v
}

// bootstrapped runs QUpdate over the log, with next as the value of what follows.
func (g *goldenLog) bootstrapped(next func(row []float64, l logged, obs *lepton.Observation) float64) []float64 {
	q := g.q()
	for _, l := range g.lines {
		follows := 0.0
		if !l.done {
			follows = next(g.row(q, l.next), l, observe(g.problem, l.next))
		}
		at := &g.row(q, l.state)[l.action]
		*at = rl.QUpdate(*at, g.alpha, l.reward, g.discount(l), follows)
	}
	return q
}

// doubled runs double Q-learning and returns table A or B.
func (g *goldenLog) doubled(which byte) []float64 {
	a, b := g.q(), g.q()
	for _, l := range g.lines {
		updated, judge := b, a
		if l.coin {
			updated, judge = a, b
		}
		follows := 0.0
		if !l.done {
			follows, _ = rl.DoubleValue(g.row(updated, l.next), g.row(judge, l.next), observe(g.problem, l.next))
		}
		at := &g.row(updated, l.state)[l.action]
		*at = rl.QUpdate(*at, g.alpha, l.reward, g.discount(l), follows)
	}
	if which == 'A' {
		return a
	}
	return b
}

// traced runs TD(λ) on v, or SARSA(λ) on action values, where index names the entry of a line.
func (g *goldenLog) traced(v []float64, lambda float64, trace rl.Trace, index, follows func(logged) int) []float64 {
	z := make([]float64, len(v))
	for _, l := range g.lines {
		rl.DecayTraces(z, g.gamma*lambda)
		i := index(l)
		z[i] = trace.Visit(z[i])
		next := 0.0
		if !l.done {
			next = v[follows(l)]
		}
		rl.TraceUpdate(v, z, g.alpha, rl.TDError(v[i], l.reward, g.discount(l), next))
		if l.done {
			clear(z)
		}
	}
	return v
}

// ahead runs n-step TD: the state at τ is updated at τ+n−1, and after the end the rest.
func (g *goldenLog) ahead(n int) []float64 {
	v := g.v()
	for _, e := range g.episodes() {
		for t := 0; t < len(e)+n-1; t++ {
			from, to := t-n+1, min(t, len(e)-1)
			if from < 0 {
				continue
			}
			var rewards, discounts []float64
			for _, l := range e[from : to+1] {
				rewards, discounts = append(rewards, l.reward), append(discounts, g.discount(l))
			}
			reward, discount := rl.NStepReward(rewards, discounts)
			v[e[from].state] = rl.TDUpdate(v[e[from].state], g.alpha, reward, discount, v[e[to].next])
		}
	}
	return v
}

func (g *goldenLog) monteCarlo() []float64 {
	v := g.v()
	for _, e := range g.episodes() {
		var states []int
		var rewards, discounts []float64
		for _, l := range e {
			states, rewards, discounts = append(states, l.state), append(rewards, l.reward), append(discounts, g.discount(l))
		}
		returns := make([]float64, len(e))
		rl.Returns(returns, rewards, discounts, 0)
		rl.MonteCarlo(v, states, returns, g.alpha)
	}
	return v
}

// goldenColumns are the columns of a log_expected file whose algorithm the library has, by the form of their
// names. Each gives the table, of action values or of state values, that its update rules come to.
var goldenColumns = []struct {
	name *regexp.Regexp
	run  func(g *goldenLog, args []string) []float64
}{
	{regexp.MustCompile(`^qlearning$`), func(g *goldenLog, _ []string) []float64 {
		return g.bootstrapped(func(row []float64, _ logged, obs *lepton.Observation) float64 {
			v, _ := rl.MaxValue(row, obs)
			return v
		})
	}},
	{regexp.MustCompile(`^sarsa$`), func(g *goldenLog, _ []string) []float64 {
		return g.bootstrapped(func(row []float64, l logged, _ *lepton.Observation) float64 { return row[l.nextAction] })
	}},
	{regexp.MustCompile(`^expected_sarsa$`), func(g *goldenLog, _ []string) []float64 {
		return g.bootstrapped(func(row []float64, _ logged, obs *lepton.Observation) float64 {
			v, _ := rl.ExpectedValue(row, obs, g.epsilon)
			return v
		})
	}},
	{regexp.MustCompile(`^doubleq_([AB])$`), func(g *goldenLog, args []string) []float64 { return g.doubled(args[1][0]) }},
	{regexp.MustCompile(`^sarsa_lambda([0-9.]+)_(replacing|accumulating)$`), func(g *goldenLog, args []string) []float64 {
		n := g.problem.Actions()
		return g.traced(g.q(), number(args[1]), traceOf(args[2]),
			func(l logged) int { return l.state*n + l.action }, func(l logged) int { return l.next*n + l.nextAction })
	}},
	{regexp.MustCompile(`^td0$`), func(g *goldenLog, _ []string) []float64 {
		v := g.v()
		for _, l := range g.lines {
			v[l.state] = rl.TDUpdate(v[l.state], g.alpha, l.reward, g.discount(l), v[l.next])
		}
		return v
	}},
	{regexp.MustCompile(`^td_([0-9]+)step$`), func(g *goldenLog, args []string) []float64 { return g.ahead(int(number(args[1]))) }},
	{regexp.MustCompile(`^td_lambda([0-9.]+)(?:_(replacing|accumulating))?$`), func(g *goldenLog, args []string) []float64 {
		return g.traced(g.v(), number(args[1]), traceOf(args[2]), func(l logged) int { return l.state }, func(l logged) int { return l.next })
	}},
	{regexp.MustCompile(`^mc_every_visit_backward$`), func(g *goldenLog, _ []string) []float64 { return g.monteCarlo() }},
}

// number is for what a pattern has made sure of.
func number(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return x
}

func traceOf(name string) rl.Trace {
	if name == "replacing" {
		return rl.Replacing
	}
	return rl.Accumulating
}

// TestReferenceGoldenLogs runs the exported update rules over each log once, in order, and compares every
// value with the expected.
func TestReferenceGoldenLogs(t *testing.T) {
	eachGoldenColumn(t, func(t *testing.T, g *goldenLog, expected sheet, column string) bool {
		for _, c := range goldenColumns {
			args := c.name.FindStringSubmatch(column)
			if args == nil {
				continue
			}
			values := c.run(g, args)
			for i := range expected.rows {
				at := int(expected.number(t, i, "state"))
				if expected.has("action") {
					at = at*g.problem.Actions() + int(expected.number(t, i, "action"))
				}
				assert.InDelta(t, expected.number(t, i, column), values[at], 1e-12, "row %d", i)
			}
			return true
		}
		return false
	})
}

// eachGoldenColumn calls compare for every column of every golden log; it reports false where there is
// nothing that goes by that name.
func eachGoldenColumn(t *testing.T, compare func(t *testing.T, g *goldenLog, expected sheet, column string) bool) {
	folder := referenceFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.log_expected.csv"))
	require.NoError(t, err)
	compared := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".log_expected.csv")
		expected := readSheet(t, file)
		g := readGoldenLog(t, folder, name)
		for column := range expected.columns {
			if column == "state" || column == "action" {
				continue
			}
			t.Run(name+"/"+column, func(t *testing.T) {
				if !compare(t, g, expected, column) {
					t.Skipf("nothing here goes by %q", column)
				}
				compared++
			})
		}
	}
	if compared == 0 {
		t.Skip("the reference folder holds no golden logs of what the library has")
	}
}

// goldenLearners are the columns that a learner as it is reproduces.
var goldenLearners = []struct {
	name       *regexp.Regexp
	make       func(spec lepton.Spec, o rl.TabularOptions, args []string) (lepton.Learner, error)
	nextAction bool // learns from the action that followed, not from the expectation
}{
	{regexp.MustCompile(`^qlearning$`), func(spec lepton.Spec, o rl.TabularOptions, _ []string) (lepton.Learner, error) {
		return rl.NewQLearning(spec, o)
	}, false},
	{regexp.MustCompile(`^sarsa$`), func(spec lepton.Spec, o rl.TabularOptions, _ []string) (lepton.Learner, error) {
		return rl.NewSARSA(spec, o)
	}, true},
	{regexp.MustCompile(`^expected_sarsa$`), func(spec lepton.Spec, o rl.TabularOptions, _ []string) (lepton.Learner, error) {
		return rl.NewExpectedSARSA(spec, o)
	}, true},
	{regexp.MustCompile(`^sarsa_lambda([0-9.]+)_(replacing|accumulating)$`), func(spec lepton.Spec, o rl.TabularOptions, args []string) (lepton.Learner, error) {
		return rl.NewSARSALambda(spec, rl.SARSALambdaOptions{
			TabularOptions: o, Lambda: number(args[1]), Trace: traceOf(args[2]), Cut: 1e-30, MaxTraces: 1000,
		})
	}, true},
}

// TestReferenceGoldenLearners feeds each log to the learners, with hashed and with dense tables.
func TestReferenceGoldenLearners(t *testing.T) {
	eachGoldenColumn(t, func(t *testing.T, g *goldenLog, expected sheet, column string) bool {
		for _, c := range goldenLearners {
			args := c.name.FindStringSubmatch(column)
			if args == nil {
				continue
			}
			for _, states := range []int{0, g.problem.States()} {
				o := rl.TabularOptions{StepSize: rl.StepSize{Alpha: g.alpha}, Epsilon: g.epsilon, Initial: g.initial, States: states}
				learner, err := c.make(lepton.Spec{StateDim: 1, Actions: g.problem.Actions()}, o, args)
				require.NoError(t, err)
				g.feed(t, learner, c.nextAction)
				scorer := learner.Policy().(lepton.Scorer)
				values := make([]float64, g.problem.Actions())
				for i := range expected.rows {
					scorer.Scores(values, observe(g.problem, int(expected.number(t, i, "state"))), nil)
					a := int(expected.number(t, i, "action"))
					assert.InDelta(t, expected.number(t, i, column), values[a], 1e-12, "row %d, action %d", i, a)
				}
			}
			return true
		}
		return false
	})
}

func (g *goldenLog) feed(t *testing.T, learner lepton.Learner, nextAction bool) {
	episode, at := uint64(1), 0
	for _, l := range g.lines {
		tr := lepton.Transition{
			Episode: episode, Step: at, Obs: *observe(g.problem, l.state), Action: l.action, Reward: l.reward,
			Propensity: 1, NextAction: -1, Last: l.done, Discount: g.discount(l),
		}
		if at++; l.done {
			episode, at = episode+1, 0
		} else {
			tr.Next = *observe(g.problem, l.next)
			if nextAction {
				tr.NextAction = l.nextAction
			}
		}
		learner.Observe(&tr)
	}
	_, err := learner.Step(t.Context())
	require.NoError(t, err)
}
