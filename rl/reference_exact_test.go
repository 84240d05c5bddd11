package rl_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eachFile calls check for every file <name><mark><rest>.csv of the reference folder.
func eachFile(t *testing.T, mark string, check func(t *testing.T, folder, name, rest string)) {
	folder := referenceFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, "*"+mark+"*.csv"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("the reference folder holds no %s files", mark)
	}
	for _, file := range files {
		name, rest, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".csv"), mark)
		t.Run(name+mark+rest, func(t *testing.T) { check(t, folder, name, rest) })
	}
}

func readProblem(t *testing.T, folder, name string) *mdp.Problem {
	t.Helper()
	p, err := mdp.ReadFiles(os.DirFS(folder), name)
	require.NoError(t, err)
	return p
}

// near is 1e-9, of the value where that is larger than 1.
func near(t *testing.T, want, got float64, format string, args ...any) {
	t.Helper()
	assert.InDelta(t, want, got, 1e-9*max(1, abs(want)), fmt.Sprintf(format, args...))
}

// greedyOf is the policy that takes the first best action of q, with a share of even draws.
func greedyOf(p *mdp.Problem, q []float64, epsilon float64) []float64 {
	pi := make([]float64, len(q))
	n := p.Actions()
	for s := range p.States() {
		best, legal := -1, 0
		for a := range n {
			if !p.Legal(s, a) {
				continue
			}
			legal++
			if best < 0 || q[s*n+a] > q[s*n+best]+1e-9*max(1, abs(q[s*n+best])) {
				best = a
			}
		}
		for a := range n {
			if p.Legal(s, a) {
				pi[s*n+a] = epsilon / float64(legal)
			}
		}
		pi[s*n+best] += 1 - epsilon
	}
	return pi
}

// compareValues holds exact values against a file with columns q0, q1, …, v and optimal_actions, as far as it has them.
func compareValues(t *testing.T, want sheet, p *mdp.Problem, q []float64) {
	t.Helper()
	n := p.Actions()
	for i, row := range want.rows {
		s := int(want.number(t, i, "state"))
		best := math.Inf(-1)
		for a := range n {
			if p.Legal(s, a) {
				best = max(best, q[s*n+a])
			}
			column := "q" + strconv.Itoa(a)
			if !want.has(column) {
				continue
			}
			if row[want.columns[column]] == "" {
				assert.False(t, p.Legal(s, a))
				continue
			}
			near(t, want.number(t, i, column), q[s*n+a], "state %d, action %d", s, a)
		}
		if want.has("v") {
			near(t, want.number(t, i, "v"), best, "state %d", s)
		}
		if want.has("optimal_actions") {
			var ties []string
			for a := range n {
				if p.Legal(s, a) && q[s*n+a] >= best-1e-9*max(1, abs(best)) {
					ties = append(ties, strconv.Itoa(a))
				}
			}
			assert.Equal(t, row[want.columns["optimal_actions"]], strings.Join(ties, "|"), "state %d", s)
		}
	}
}

var gammaLabel = regexp.MustCompile(`^gamma([0-9.]+)$`)

// TestReferenceOptimalValues compares package mdp's exact values with those of every qstar file that it can
// tell the meaning of: a discount, the uniformised chain, or what is seen at arrivals.
func TestReferenceOptimalValues(t *testing.T) {
	eachFile(t, ".qstar_", func(t *testing.T, folder, name, rest string) {
		problem, gamma := readProblem(t, folder, name), 1.0
		want := readSheet(t, filepath.Join(folder, name+".qstar_"+rest+".csv"))
		switch label := gammaLabel.FindStringSubmatch(rest); {
		case label != nil:
			gamma = number(label[1])
		case rest == "uniformised":
			gamma = params(t, folder, name)["gamma"]
		case strings.HasPrefix(rest, "at_arrivals_"):
			problem = atArrivals(t, problem, params(t, folder, name))
			want.columns["q0"], want.columns["q1"] = want.columns["q_reject"], want.columns["q_admit"]
		default:
			t.Skipf("nothing here knows what %q means", rest)
		}
		q, err := problem.Optimal(gamma)
		require.NoError(t, err)
		compareValues(t, want, problem, q)
	})
}

// atArrivals makes of a queue in uniformised slots (action 0 rejects and 1 admits the next arrival; states are
// jobs) the semi-Markov problem that a learner meets who is asked at arrivals only: a state is what an arrival
// finds, and a decision lasts until the next. Between two arrivals the departures of slots of rate λ+μ count
// down; what is paid meanwhile is discounted inside, by rate β.
func atArrivals(t *testing.T, slots *mdp.Problem, p map[string]float64) *mdp.Problem {
	lambda, mu, beta := p["ct_lambda"], p["ct_mu"], p["ct_beta"]
	require.True(t, lambda > 0 && mu > 0 && beta > 0, "params of a queue in continuous time")
	rate := lambda + mu
	arrives, departs, gamma := lambda/rate, mu/rate, rate/(rate+beta)
	holding := func(n int) float64 { // what a slot with n jobs pays, from any of its outcomes without an arrival's price
		return slots.Outcomes(n, 0)[0].Reward * rate / (rate + beta)
	}
	price := 0.0 // of an admitted job
	for _, o := range slots.Outcomes(0, 1) {
		price = max(price, o.Reward)
	}
	var ts []mdp.Transition
	for n := range slots.States() {
		for a := range 2 {
			if !slots.Legal(n, a) {
				continue
			}
			// After d departures the next event is the arrival, or one more departure.
			reward, kept, prob := price*float64(a), 1.0, 1.0
			for left := n + a; left > 0; left-- {
				reward += kept * holding(left)
				kept *= gamma
				ts = append(ts, mdp.Transition{State: n, Action: a, Prob: prob * arrives, Next: left, Reward: reward, Discount: kept})
				prob *= departs
			}
			// None is left: slots without effect until the arrival.
			ts = append(ts, mdp.Transition{
				State: n, Action: a, Prob: prob, Next: 0, Reward: reward, Discount: kept * gamma * arrives / (1 - gamma*departs),
			})
		}
	}
	arrivals, err := mdp.New(ts, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(t, err)
	return arrivals
}

// TestReferenceAverageReward compares the optimal gain and bias with every average_reward file.
func TestReferenceAverageReward(t *testing.T) {
	eachFile(t, ".average_reward", func(t *testing.T, folder, name, rest string) {
		problem := readProblem(t, folder, name)
		gain, bias, err := problem.OptimalAverageReward()
		require.NoError(t, err)
		want := readSheet(t, filepath.Join(folder, name+".average_reward"+rest+".csv"))
		for i := range want.rows {
			s := int(want.number(t, i, "state"))
			near(t, want.number(t, i, "bias_rel_state0"), bias[s], "state %d", s)
		}
		q := problem.ActionValues(bias, 1)
		compareValues(t, want, problem, q)
		earned, own, err := problem.AverageReward(greedyOf(problem, q, 0))
		require.NoError(t, err)
		near(t, gain, earned, "the greedy policy")
		if own != nil {
			for s := range bias {
				near(t, bias[s], own[s], "bias of the greedy policy in state %d", s)
			}
		}
	})
}

// TestReferenceFixedPoints: what SARSA converges to is the value of the ε-greedy policy on itself.
func TestReferenceFixedPoints(t *testing.T) {
	eachFile(t, ".sarsa_fixedpoint_eps", func(t *testing.T, folder, name, rest string) {
		problem, gamma := readProblem(t, folder, name), params(t, folder, name)["gamma"]
		want := readSheet(t, filepath.Join(folder, name+".sarsa_fixedpoint_eps"+rest+".csv"))
		v, err := problem.Values(greedyOf(problem, fixedPoint(t, want, problem), number(rest)), gamma)
		require.NoError(t, err)
		for i := range want.rows {
			s := int(want.number(t, i, "state"))
			near(t, want.number(t, i, "v_eps_greedy"), v[s], "state %d", s)
		}
		delete(want.columns, "v")
		compareValues(t, want, problem, problem.ActionValues(v, gamma))
	})
}

// fixedPoint reads the columns q0, q1, … of a file; 0 where it has none.
func fixedPoint(t *testing.T, s sheet, p *mdp.Problem) []float64 {
	q := make([]float64, p.States()*p.Actions())
	for i := range s.rows {
		for a := range p.Actions() {
			if p.Legal(int(s.number(t, i, "state")), a) {
				q[int(s.number(t, i, "state"))*p.Actions()+a] = s.number(t, i, "q"+strconv.Itoa(a))
			}
		}
	}
	return q
}

// TestReferencePolicyValues compares the values of problems without a choice, or of the uniform policy.
func TestReferencePolicyValues(t *testing.T) {
	eachFile(t, ".values", func(t *testing.T, folder, name, _ string) {
		problem := readProblem(t, folder, name)
		v, err := problem.Values(problem.Probabilities(policy.Uniform(), false), params(t, folder, name)["gamma"])
		require.NoError(t, err)
		want := readSheet(t, filepath.Join(folder, name+".values.csv"))
		for i := range want.rows {
			s := int(want.number(t, i, "state"))
			near(t, want.number(t, i, "v"), v[s], "state %d", s)
		}
	})
}

// summaryRules are the quantities of summary.csv that have one meaning, by the form of their names.
var summaryRules = []struct {
	name *regexp.Regexp
	of   func(t *testing.T, p *mdp.Problem, args []string, params map[string]float64) float64
}{
	{regexp.MustCompile(`^v_start(?:_gamma([0-9.]+))?$`), func(t *testing.T, p *mdp.Problem, args []string, params map[string]float64) float64 {
		gamma := params["gamma"]
		if args[1] != "" {
			gamma = number(args[1])
		}
		v, err := p.OptimalValues(gamma)
		require.NoError(t, err)
		return p.AtStart(v)
	}},
	{regexp.MustCompile(`^optimal_average_reward_per_slot$`), func(t *testing.T, p *mdp.Problem, _ []string, _ map[string]float64) float64 {
		gain, _, err := p.OptimalAverageReward()
		require.NoError(t, err)
		return gain
	}},
	{regexp.MustCompile(`^v_start_gamma([0-9.]+)\[uniform_random_legal\]$`), func(t *testing.T, p *mdp.Problem, args []string, _ map[string]float64) float64 {
		v, err := p.Values(p.Probabilities(policy.Uniform(), false), number(args[1]))
		require.NoError(t, err)
		return p.AtStart(v)
	}},
	{regexp.MustCompile(`^average_reward\[gamma([0-9.]+)_optimal_policy\]$`), func(t *testing.T, p *mdp.Problem, args []string, _ map[string]float64) float64 {
		q, err := p.Optimal(number(args[1]))
		require.NoError(t, err)
		gain, _, err := p.AverageReward(greedyOf(p, q, 0))
		require.NoError(t, err)
		return gain
	}},
	{regexp.MustCompile(`^success_prob_of_gamma([0-9.]+)_policy_in_([0-9]+)_steps$`), func(t *testing.T, p *mdp.Problem, args []string, _ map[string]float64) float64 {
		q, err := p.Optimal(number(args[1]))
		require.NoError(t, err)
		return p.Return(fixed(p, greedyOf(p, q, 0)), 1, int(number(args[2])), false)
	}},
	{regexp.MustCompile(`^success_prob_gamma([0-9.]+)_policy_no_time_limit$`), func(t *testing.T, p *mdp.Problem, args []string, _ map[string]float64) float64 {
		q, err := p.Optimal(number(args[1]))
		require.NoError(t, err)
		v, err := p.Values(greedyOf(p, q, 0), 1)
		require.NoError(t, err)
		return p.AtStart(v)
	}},
	{regexp.MustCompile(`^uniform_random_success_prob_in_([0-9]+)_steps$`), func(t *testing.T, p *mdp.Problem, args []string, _ map[string]float64) float64 {
		return p.Return(policy.Uniform(), 1, int(number(args[1])), false)
	}},
	{regexp.MustCompile(`^online_return_of_eps([0-9.]+)_greedy_on_qstar$`), func(t *testing.T, p *mdp.Problem, args []string, params map[string]float64) float64 {
		q, err := p.Optimal(params["gamma"])
		require.NoError(t, err)
		v, err := p.Values(greedyOf(p, q, number(args[1])), params["gamma"])
		require.NoError(t, err)
		return p.AtStart(v)
	}},
}

// fixed is the policy with a table of probabilities.
func fixed(p *mdp.Problem, pi []float64) lepton.Policy {
	return policy.Func(func(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
		copy(dst, pi[int(obs.State()[0])*p.Actions():])
	})
}

// TestReferenceSummary compares every quantity of summary.csv that has one meaning.
func TestReferenceSummary(t *testing.T) {
	folder := referenceFolder(t)
	s := readSheet(t, filepath.Join(folder, "summary.csv"))
	for i, row := range s.rows {
		name, quantity := row[s.columns["problem"]], row[s.columns["quantity"]]
		for _, rule := range summaryRules {
			args := rule.name.FindStringSubmatch(quantity)
			if args == nil || !exists(filepath.Join(folder, name+".transitions.csv")) {
				continue
			}
			t.Run(name+"/"+quantity, func(t *testing.T) {
				near(t, s.number(t, i, "value"), rule.of(t, readProblem(t, folder, name), args, params(t, folder, name)), "")
			})
		}
	}
}

// features reads the rows of a features file, by state.
func features(t *testing.T, folder, name string) (x [][]float64) {
	s := readSheet(t, filepath.Join(folder, name+".features.csv"))
	for i := range s.rows {
		var row []float64
		for j := 0; s.has("x" + strconv.Itoa(j)); j++ {
			row = append(row, s.number(t, i, "x"+strconv.Itoa(j)))
		}
		x = append(x, row)
	}
	return x
}

// sweeps runs an expected update, written for one state with a share of the step sizes, over all states at
// once from the first line of a file, and compares at every line. The policy in question goes to the last state.
func sweeps(t *testing.T, folder, name, file string, letters string, update func(w, h, x, xNext []float64, share float64)) {
	want, x := readSheet(t, filepath.Join(folder, file)), features(t, folder, name)
	n := len(x[0])
	line := func(i int) (vectors [2][]float64) {
		for k, letter := range letters {
			for j := range n {
				vectors[k] = append(vectors[k], want.number(t, i, string(letter)+strconv.Itoa(j)))
			}
		}
		return vectors
	}
	at, sweep := line(0), int(want.number(t, 0, "sweep"))
	if at[1] == nil {
		at[1] = make([]float64, n)
	}
	for i := range want.rows {
		for ; sweep < int(want.number(t, i, "sweep")); sweep++ {
			next := [2][]float64{slices.Clone(at[0]), slices.Clone(at[1])}
			for _, state := range x {
				w, h := slices.Clone(at[0]), slices.Clone(at[1])
				update(w, h, state, x[len(x)-1], 1/float64(len(x)))
				for j := range n {
					next[0][j] += w[j] - at[0][j]
					next[1][j] += h[j] - at[1][j]
				}
			}
			at = next
		}
		for k, v := range line(i) {
			for j := range v {
				near(t, v[j], at[k][j], "sweep %d, %c%d", sweep, letters[k], j)
			}
		}
	}
}

const bairdGamma = 0.99 // the README's; there is no file of parameters

// TestReferenceSemiGradientDiverges: bootstrapping, a linear value and states from another policy.
func TestReferenceSemiGradientDiverges(t *testing.T) {
	eachFile(t, ".semigradient_dp_alpha", func(t *testing.T, folder, name, rest string) {
		sweeps(t, folder, name, name+".semigradient_dp_alpha"+rest+".csv", "w", func(w, _, x, xNext []float64, share float64) {
			rl.TraceUpdate(w, x, number(rest)*share, rl.TDError(dot(w, x), 0, bairdGamma, dot(w, xNext)))
		})
	})
}

// TestReferenceTDCStaysBounded on the same.
func TestReferenceTDCStaysBounded(t *testing.T) {
	eachFile(t, ".tdc_expected_alpha", func(t *testing.T, folder, name, rest string) {
		alpha, beta, _ := strings.Cut(rest, "_beta")
		sweeps(t, folder, name, name+".tdc_expected_alpha"+rest+".csv", "wv", func(w, h, x, xNext []float64, share float64) {
			rl.TDC(w, h, x, xNext, number(alpha)*share, number(beta)*share, 0, bairdGamma)
		})
	})
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}
