package policy_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// finiteWorld is a finite problem, a base for it and a horizon: everything about it can be computed. The
// state is the number of the state.
type finiteWorld struct {
	*mdp.Problem
	base    []int // action in each state
	gamma   float64
	horizon int // steps of a future, and of an episode
}

// Play implements policy.Simulator: what happens at step t of a future follows from its number and t.
func (w finiteWorld) Play(returns []float64, state int, _ *lepton.Observation, actions []int, futures []uint64) {
	for j, future := range futures {
		for i, action := range actions {
			total, discount, s := 0.0, 1.0, state
			for t := range w.horizon {
				next := w.draw(s, action, rng.Uniform(rng.Mix(future, uint64(t))))
				total += discount * next.Reward
				if next.Done {
					break
				}
				discount *= w.gamma
				s = next.Next
				action = w.base[s]
			}
			returns[i*len(futures)+j] = total
		}
	}
}

func (w finiteWorld) draw(state, action int, u float64) mdp.Transition {
	outcomes := w.Outcomes(state, action)
	for _, o := range outcomes {
		if u -= o.Prob; u < 0 {
			return o
		}
	}
	return outcomes[len(outcomes)-1]
}

func (w finiteWorld) simulator() policy.Simulator[int] { return w }

func (w finiteWorld) incumbent() lepton.StatePolicy[int] {
	return policy.IncumbentChoice(func(state int) int { return w.base[state] })
}

// values returns, exactly, what each action is worth where the base acts afterwards, for as many steps as
// a future has: q[state][action], −Inf where it is not legal.
func (w finiteWorld) values() [][]float64 {
	v := make([]float64, w.States())
	var q [][]float64
	for range w.horizon {
		q = make([][]float64, w.States())
		next := make([]float64, w.States())
		for s := range q {
			for a := range w.Actions() {
				sum := math.Inf(-1)
				for i, o := range w.Outcomes(s, a) {
					if i == 0 {
						sum = 0
					}
					x := o.Reward
					if !o.Done {
						x += w.gamma * v[o.Next]
					}
					sum += o.Prob * x
				}
				q[s] = append(q[s], sum)
			}
			next[s] = q[s][w.base[s]]
		}
		v = next
	}
	return q
}

// asPolicy shows a StatePolicy the state that the observation shows.
func asPolicy(p lepton.StatePolicy[int]) lepton.Policy {
	return policy.Func(func(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
		p.ProbsState(dst, int(obs.State()[0]), obs, scratch)
	})
}

// value returns exactly what p earns in an episode.
func (w finiteWorld) value(p lepton.Policy) float64 { return w.Return(p, w.gamma, w.horizon, false) }

// choices returns what p does in each state.
func (w finiteWorld) choices(p lepton.Policy) []int {
	out := make([]int, w.States())
	for s := range out {
		obs := new(lepton.Observation)
		obs.Reset(0, 0)
		obs.SetState([]float64{float64(s)})
		for a := range w.Actions() {
			obs.Actions().Add(uint64(a), w.Legal(s, a))
		}
		for a, x := range probs(p, obs) {
			if x == 1 {
				out[s] = a
			}
		}
	}
	return out
}

// always is the base that takes one action, or the lowest where it is not legal.
func always(p *mdp.Problem, action int) []int {
	base := make([]int, p.States())
	for s := range base {
		base[s] = action
		for a := 0; !p.Legal(s, base[s]); a++ {
			base[s] = a
		}
	}
	return base
}

// pool is a small autoscaling problem: n jobs of at most 6, m servers of 1 to 3, a slot in which a job comes
// (0.4), one may leave (0.15 a busy server) or nothing happens. Fewer, the same or more servers; a job
// costs 1 a slot, a server 0.7, a change 1 and a job turned away 8.
func pool(t testing.TB) finiteWorld {
	var all []mdp.Transition
	id := func(n, m int) int { return n*3 + m - 1 }
	for n := range 7 {
		for m := 1; m <= 3; m++ {
			for a := range 3 {
				servers := m + a - 1
				if servers < 1 || servers > 3 {
					continue
				}
				cost := float64(n) + 0.7*float64(servers)
				if a != 1 {
					cost++
				}
				leave := 0.15 * float64(min(n, servers))
				arrival := mdp.Transition{State: id(n, m), Action: a, Prob: 0.4, Next: id(min(n+1, 6), servers), Reward: -cost}
				if n == 6 {
					arrival.Reward -= 8
				}
				all = append(all, arrival,
					mdp.Transition{State: id(n, m), Action: a, Prob: leave, Next: id(max(n-1, 0), servers), Reward: -cost},
					mdp.Transition{State: id(n, m), Action: a, Prob: 0.6 - leave, Next: id(n, servers), Reward: -cost})
			}
		}
	}
	starts := make([]mdp.Start, 21)
	for s := range starts {
		starts[s] = mdp.Start{State: s, Prob: 1.0 / 21}
	}
	p, err := mdp.New(all, starts)
	require.NoError(t, err)
	return finiteWorld{Problem: p, base: always(p, 1), gamma: 0.95, horizon: 40}
}

func planner(t testing.TB, w finiteWorld, o policy.RolloutOptions) *policy.Rollout[int] {
	t.Helper()
	r, err := policy.NewRollout(w.incumbent(), w.simulator, o)
	require.NoError(t, err)
	return r
}

// share returns how much of what one step of policy improvement can gain over the base, summed over all
// states, the choices gain: 1 for the best in every state, 0 for the base where it can be bettered.
func share(q [][]float64, base, choices []int) float64 {
	got, all := 0.0, 0.0
	for s := range q {
		got += q[s][choices[s]] - q[s][base[s]]
		all += slices.Max(q[s]) - q[s][base[s]]
	}
	if all == 0 {
		return 1
	}
	return got / all
}

// With many futures a rollout is exactly one step of policy improvement; with few it still gains most of it.
// All values are exact: a rollout is deterministic in what it sees.
func TestRolloutIsPolicyImprovement(t *testing.T) {
	w := pool(t)
	q := w.values()
	best := make([]int, w.States())
	for s := range best {
		for a := range q[s] {
			if q[s][a] > q[s][best[s]] {
				best[s] = a
			}
		}
	}
	base := w.value(asPolicy(w.incumbent()))
	for _, c := range []struct {
		budget int
		risk   float64
		least  float64 // share, over all seeds
	}{{8, 1, 0.6}, {16, 1, 0.8}, {16, 0, 0.6}, {64, 0, 0.85}, {256, 0, 0.98}} {
		for seed := range uint64(5) {
			p := asPolicy(planner(t, w, policy.RolloutOptions{Budget: c.budget, Risk: c.risk, Seed: seed}))
			name := fmt.Sprintf("budget %d, risk %v, seed %d", c.budget, c.risk, seed)
			assert.Greater(t, w.value(p), base, name)
			assert.GreaterOrEqual(t, share(q, w.base, w.choices(p)), c.least, name)
		}
	}
	if testing.Short() {
		return
	}
	for seed := range uint64(5) {
		p := asPolicy(planner(t, w, policy.RolloutOptions{Budget: 4096, Seed: seed}))
		assert.Equal(t, best, w.choices(p), "seed %d", seed)
	}
}

// With many futures a margin lets those departures pass that gain more, by the exact values.
func TestRolloutMargin(t *testing.T) {
	w := pool(t)
	q := w.values()
	for _, margin := range []float64{4.5, 9.3, math.Inf(1)} {
		r := planner(t, w, policy.RolloutOptions{Budget: 2048, Margin: margin})
		for s, a := range w.choices(asPolicy(r)) {
			gain := slices.Max(q[s]) - q[s][w.base[s]]
			require.Greater(t, math.Abs(gain-margin), 1.0, "the test needs gains that are not at the margin: state %d", s)
			assert.Equal(t, gain > margin, a != w.base[s], "margin %v, state %d gains %v", margin, s, gain)
		}
		if math.IsInf(margin, 1) {
			assert.Zero(t, r.Stats(), "nothing is simulated where nothing can be better")
		}
	}
}

// referenceProblems reads every table of LEPTON_REFERENCE/rl.
func referenceProblems(t *testing.T) map[string]finiteWorld {
	t.Helper()
	root := os.Getenv("LEPTON_REFERENCE")
	if root == "" {
		root = "../shared/reference"
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", root) // relative to the repository's root, one above this package
	}
	files, err := filepath.Glob(filepath.Join(root, "rl", "*.transitions.csv"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skipf("no reference problems in %s", filepath.Join(root, "rl"))
	}
	problems := map[string]finiteWorld{}
	for _, path := range files {
		stem := strings.TrimSuffix(path, ".transitions.csv")
		transitions, err := os.Open(path)
		require.NoError(t, err)
		defer transitions.Close()
		starts, err := os.Open(stem + ".start.csv")
		require.NoError(t, err)
		defer starts.Close()
		p, err := mdp.Read(transitions, starts)
		require.NoError(t, err, path)
		w := finiteWorld{Problem: p, gamma: 1, horizon: 100}
		params, err := os.Open(stem + ".params.csv")
		require.NoError(t, err)
		defer params.Close()
		rows, err := csv.NewReader(params).ReadAll()
		require.NoError(t, err)
		for _, row := range rows {
			if row[0] == "gamma" {
				w.gamma, err = strconv.ParseFloat(row[1], 64)
				require.NoError(t, err)
			}
		}
		problems[filepath.Base(stem)] = w
	}
	return problems
}

// On every table, over every constant base, in the median of five seeds (three with -short): a rollout gains
// a good part of what one step of improvement can gain, earns no less than the base, and seldom takes what
// the exact values call worse. (Where rewards are rare, as on a frozen lake, 64 futures an action are few.)
func TestReferenceRollout(t *testing.T) {
	problems := referenceProblems(t)
	seeds := 5
	if testing.Short() {
		seeds = 3
	}
	for _, name := range slices.Sorted(maps.Keys(problems)) {
		for action := range problems[name].Actions() {
			t.Run(fmt.Sprintf("%s/base=%d", name, action), func(t *testing.T) {
				w := problems[name]
				w.base = always(w.Problem, action)
				q := w.values()
				const risk = 0.1
				wrong, states := 0, 0
				var shares, values []float64
				for seed := range uint64(seeds) {
					p := asPolicy(planner(t, w, policy.RolloutOptions{Seed: seed, Risk: risk}))
					choices := w.choices(p)
					for s, a := range choices {
						states++
						if q[s][a] < q[s][w.base[s]] {
							wrong++
						}
					}
					shares = append(shares, share(q, w.base, choices))
					values = append(values, w.value(p))
				}
				slices.Sort(shares)
				slices.Sort(values)
				base := w.value(asPolicy(w.incumbent()))
				t.Logf("shares %.3f, values %.3f, base %.3f, %d of %d decisions wrong", shares, values, base, wrong, states)
				assert.LessOrEqual(t, float64(wrong), risk*float64(states))
				assert.GreaterOrEqual(t, shares[seeds/2], 0.3)
				assert.GreaterOrEqual(t, values[seeds/2], base-1e-9)
			})
		}
	}
}
