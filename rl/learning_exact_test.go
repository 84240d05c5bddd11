package rl_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The learning tests on exact problems have a small form, which every run of the tests has, and a full one
// for LEPTON_FULL=1, which `make learning` sets.

// learningSize is how much is learned.
type learningSize struct {
	seeds    int
	steps    int // at most, over all learners and seeds of a problem
	perPair  int // at most, in one run of one share, for each state and action
	maxPairs int // problems with more are left to the full form
}

func sizeOfLearning() learningSize {
	if os.Getenv("LEPTON_FULL") == "1" {
		return learningSize{seeds: 10, steps: 200_000_000, perPair: 50_000, maxPairs: math.MaxInt}
	}
	return learningSize{seeds: 3, steps: 6_000_000, perPair: 5_000, maxPairs: 150}
}

// exactWorld is a problem with what a schedule of learning is made from.
type exactWorld struct {
	problem *mdp.Problem
	name    string
	gamma   float64
	pairs   int     // legal actions of all states
	horizon float64 // steps that a value looks ahead
	share   int     // steps of a run of one share
	size    learningSize
}

// newExactWorld derives the schedule from the size of a problem, its discount, and the limit of an episode where
// there is one: nothing else. shares is how many the learners have together; see shareOf.
func newExactWorld(name string, p *mdp.Problem, gamma, limit float64, shares int) *exactWorld {
	w := &exactWorld{problem: p, name: name, gamma: gamma, size: sizeOfLearning()}
	for s := range p.States() {
		for a := range p.Actions() {
			if p.Legal(s, a) {
				w.pairs++
			}
		}
	}
	w.horizon = float64(min(p.States(), 100))
	if limit > 0 {
		w.horizon = min(w.horizon, limit)
	}
	if gamma < 1 {
		w.horizon = 1 / (1 - gamma)
	}
	w.share = min(w.size.steps/(shares*w.size.seeds), w.size.perPair*w.pairs)
	return w
}

// shareOf is how many shares of the steps a learner has: each table of DoubleQ gets half the updates.
func shareOf(who string) int {
	if who == "DoubleQ" {
		return 2
	}
	return 1
}

// options are the same for all learners: count-based steps that begin to fall after half of what a value looks
// ahead, a dense table, and exploration that halves after a thousandth of the run. (For ExpectedSARSA ε is also
// what it learns the value of, so it has to get small.)
func (w *exactWorld) options(steps int) rl.TabularOptions {
	return rl.TabularOptions{
		States: w.problem.States(), StepSize: rl.StepSize{Alpha: 1, Power: 1, Scale: w.horizon / 2},
		Epsilon: 1, EpsilonDecay: max(float64(steps)/1000, 1),
	}
}

// explored lets a learner act from exploring starts: in a state drawn evenly an action drawn evenly, then one
// by its own policy, after which the episode is cut. So half of the updates are spread evenly, and half are on
// what the policy does.
func (w *exactWorld) explored(t *testing.T, learner lepton.Learner, steps int, seed uint64) {
	const length, publish = 2, 100
	env, err := mdp.NewEnvironment(w.problem, mdp.EnvironmentOptions{Limit: length, ExploringStarts: true})
	require.NoError(t, err)
	draw := rng.New(seed, "explored")
	behaviour := learner.Policy()
	probs := make([]float64, w.problem.Actions())
	choose := func(p lepton.Policy, obs *lepton.Observation) int {
		p.Probs(probs, obs, nil)
		chosen, u := -1, draw.Float64()
		for a, x := range probs {
			if x > 0 && (chosen < 0 || u >= 0) {
				chosen = a
			}
			u -= x
		}
		return chosen
	}
	tr := &lepton.Transition{Propensity: 1, Last: true}
	for n := 0; n < steps; {
		tr.Episode, tr.Last, tr.Step = tr.Episode+1, false, 0
		env.Reset(rng.Mix(seed, tr.Episode))
		env.Observe(&tr.Obs)
		for tr.Action = choose(policy.Uniform(), &tr.Obs); !tr.Last; tr.Step++ {
			tr.Reward, tr.Discount, tr.Last = env.Step(tr.Action)
			tr.NextAction = -1
			if tr.Discount *= w.gamma; tr.Discount != 0 {
				env.Observe(&tr.Next)
				if !tr.Last {
					tr.NextAction = choose(behaviour, &tr.Next)
				}
			}
			learner.Observe(tr)
			if n++; n%publish == 0 {
				behaviour = learner.Policy()
			}
			if !tr.Last {
				tr.Action = tr.NextAction
				tr.Obs.CopyFrom(&tr.Next)
			}
		}
	}
	_, err = learner.Step(t.Context())
	require.NoError(t, err)
}

// greedy returns the probabilities of a learner's greedy policy.
func (w *exactWorld) greedy(learner lepton.Learner) []float64 {
	return w.problem.Probabilities(policy.Greedy(learner.Policy().(lepton.Scorer)), false)
}

// value is what a learner's greedy policy is worth from the start, exactly; −∞ where it may never end.
func (w *exactWorld) value(t *testing.T, learner lepton.Learner) float64 {
	v, err := w.problem.Values(w.greedy(learner), w.gamma)
	require.NoError(t, err)
	if start := w.problem.AtStart(v); !math.IsNaN(start) {
		return start
	}
	return math.Inf(-1)
}

// gain is what it earns a step in the long run, exactly.
func (w *exactWorld) gain(t *testing.T, learner lepton.Learner) float64 {
	gain, _, err := w.problem.AverageReward(w.greedy(learner))
	require.NoError(t, err)
	return gain
}

// judge runs every seed, prints a row of the results, and returns their median.
func (w *exactWorld) judge(who string, steps int, optimal, tolerance float64, run func(seed uint64) float64) float64 {
	var scores []float64
	for seed := range uint64(w.size.seeds) {
		scores = append(scores, run(seed))
	}
	slices.Sort(scores)
	n := len(scores)
	median := (scores[(n-1)/2] + scores[n/2]) / 2
	cells := []any{w.name, who, steps, n}
	for _, v := range []float64{median, scores[0], scores[n-1], optimal, tolerance} {
		cells = append(cells, fmt.Sprintf("%.5g", v))
	}
	row(cells...)
	return median
}

// exactHeader prints the head of the table that judge's rows make.
func exactHeader() {
	row("problem", "learner", "steps", "seeds", "median", "worst", "best", "optimal", "tolerance")
	row("---", "---", "---", "---", "---", "---", "---", "---", "---")
}

// learnersOf is who has to solve a problem.
func learnersOf(continuing bool) []string {
	names := []string{"QLearning", "ExpectedSARSA", "DoubleQ"}
	if continuing {
		names = append(names, "DifferentialQ")
	}
	return names
}

func (w *exactWorld) learner(t *testing.T, who string, steps int, seed uint64) lepton.Learner {
	spec := lepton.Spec{StateDim: 1, Actions: w.problem.Actions()}
	o := w.options(steps)
	o.Seed = seed
	var l lepton.Learner
	var err error
	switch who {
	case "QLearning":
		l, err = rl.NewQLearning(spec, o)
	case "ExpectedSARSA":
		l, err = rl.NewExpectedSARSA(spec, o)
	case "DoubleQ":
		l, err = rl.NewDoubleQ(spec, o)
	case "DifferentialQ":
		l, err = rl.NewDifferentialQ(spec, rl.DifferentialQOptions{TabularOptions: o, Eta: 1 / float64(w.pairs)})
	}
	require.NoError(t, err)
	return l
}

// eachWorld calls learn for every problem that has a start and parameters.
func eachWorld(t *testing.T, learn func(t *testing.T, w *exactWorld, continuing bool)) {
	folder := referenceFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.transitions.csv"))
	require.NoError(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".transitions.csv")
		if !exists(filepath.Join(folder, name+".params.csv")) || !exists(filepath.Join(folder, name+".start.csv")) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := params(t, folder, name)
			continuing := p["continuing"] != 0
			shares := 0
			for _, who := range learnersOf(continuing) {
				shares += shareOf(who)
			}
			w := newExactWorld(name, readProblem(t, folder, name), p["gamma"], p["limit"], shares)
			if w.pairs > w.size.maxPairs {
				t.Skipf("%d states and actions: left to the full form, LEPTON_FULL=1", w.pairs)
			}
			learn(t, w, continuing)
		})
	}
}

// TestLearningExactProblems: on every problem the greedy policies of the tabular learners, evaluated exactly, are
// in the median over the seeds within 2 % (and 0.005) of the best start value, and that of DifferentialQ within
// 2 % of the best gain where the problem never ends.
func TestLearningExactProblems(t *testing.T) {
	exactHeader()
	eachWorld(t, func(t *testing.T, w *exactWorld, continuing bool) {
		v, err := w.problem.OptimalValues(w.gamma)
		require.NoError(t, err)
		for _, who := range learnersOf(continuing) {
			t.Run(who, func(t *testing.T) {
				optimal, score := w.problem.AtStart(v), w.value
				tolerance := 0.02*abs(optimal) + 0.005
				if who == "DifferentialQ" {
					optimal, _, err = w.problem.OptimalAverageReward()
					require.NoError(t, err)
					tolerance, score = 0.02*abs(optimal), w.gain
				}
				steps := w.share * shareOf(who)
				median := w.judge(who, steps, optimal, tolerance, func(seed uint64) float64 {
					l := w.learner(t, who, steps, seed)
					w.explored(t, l, steps, seed)
					return score(t, l)
				})
				assert.GreaterOrEqual(t, median, optimal-tolerance)
			})
		}
	})
}

// With the learner switched off the test above would not pass: where all actions look alike the first legal one
// is taken, which is not near the best on every problem.
func TestLearningExactProblemsNeedLearning(t *testing.T) {
	learned, failed := 0, 0
	eachWorld(t, func(t *testing.T, w *exactWorld, _ bool) {
		v, err := w.problem.OptimalValues(w.gamma)
		require.NoError(t, err)
		l := w.learner(t, "QLearning", w.share, 0)
		w.explored(t, switchedOff{l}, w.share, 0)
		optimal := w.problem.AtStart(v)
		if learned++; w.value(t, l) < optimal-0.02*abs(optimal)-0.005 {
			failed++
		}
	})
	if learned > 0 {
		assert.Positive(t, failed)
	}
}

// TestLearningFixedPoints: SARSA with a fixed ε comes to the value of its own behaviour at the start, within 2 %
// in the median, and that is further from the best value than it is from its own.
func TestLearningFixedPoints(t *testing.T) {
	eachFile(t, ".sarsa_fixedpoint_eps", func(t *testing.T, folder, name, rest string) {
		w := newExactWorld(name, readProblem(t, folder, name), params(t, folder, name)["gamma"], 0, 1)
		epsilon := number(rest)
		pi := greedyOf(w.problem, fixedPoint(t, readSheet(t, filepath.Join(folder, name+".sarsa_fixedpoint_eps"+rest+".csv")), w.problem), epsilon)
		v, err := w.problem.Values(pi, w.gamma)
		require.NoError(t, err)
		best, err := w.problem.OptimalValues(w.gamma)
		require.NoError(t, err)
		own, optimal := w.problem.AtStart(v), w.problem.AtStart(best)
		tolerance := 0.02 * abs(own)
		require.Greater(t, optimal-own, tolerance)
		exactHeader()
		median := w.judge("SARSA", w.share, own, tolerance, func(seed uint64) float64 {
			o := rl.TabularOptions{
				States: w.problem.States(), Epsilon: epsilon,
				StepSize: rl.StepSize{Alpha: 0.5, Power: 0.8, Scale: w.horizon},
			}
			l, err := rl.NewSARSA(lepton.Spec{StateDim: 1, Actions: w.problem.Actions()}, o)
			require.NoError(t, err)
			env, err := mdp.NewEnvironment(w.problem, mdp.EnvironmentOptions{Limit: 100, ExploringStarts: true})
			require.NoError(t, err)
			_, err = rl.Train(t.Context(), env, l, rl.TrainOptions{Steps: w.share, StepEvery: 20, Seed: seed, Credit: lepton.CreditOptions{Gamma: w.gamma}})
			require.NoError(t, err)
			return w.expected(l, epsilon)
		})
		assert.InDelta(t, own, median, tolerance)
	})
}

// expected is what a learner holds the starts for, under its ε-greedy policy.
func (w *exactWorld) expected(l lepton.Learner, epsilon float64) float64 {
	v := make([]float64, w.problem.States())
	q := make([]float64, w.problem.Actions())
	for s := range v {
		obs := observe(w.problem, s)
		l.Policy().(lepton.Scorer).Scores(q, obs, nil)
		v[s], _ = rl.ExpectedValue(q, obs, epsilon)
	}
	return w.problem.AtStart(v)
}

// TestLearningVariableDiscounts: asked at arrivals only, with the discount of each decision's own duration,
// QLearning comes to the values of the semi-Markov problem and acts as well as can be.
func TestLearningVariableDiscounts(t *testing.T) {
	eachFile(t, ".qstar_at_arrivals_", func(t *testing.T, folder, name, _ string) {
		p := params(t, folder, name)
		w := newExactWorld(name+" at arrivals", atArrivals(t, readProblem(t, folder, name), p), 1, 0, 4)
		w.horizon = 1 + (p["ct_lambda"]+p["ct_beta"])/p["ct_beta"] // arrivals within 1/β
		best, err := w.problem.OptimalValues(1)
		require.NoError(t, err)
		optimal := w.problem.AtStart(best)
		tolerance := 0.02*abs(optimal) + 0.005
		exactHeader()
		var believed []float64
		median := w.judge("QLearning", w.share, optimal, tolerance, func(seed uint64) float64 {
			l := w.learner(t, "QLearning", w.share, seed)
			w.explored(t, l, w.share, seed)
			believed = append(believed, w.expected(l, 0))
			return w.value(t, l)
		})
		assert.GreaterOrEqual(t, median, optimal-tolerance)
		slices.Sort(believed)
		assert.InDelta(t, optimal, believed[len(believed)/2], tolerance)
	})
}
