package rl_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hunch is a heuristic for fixedSpec and candidateSpec.
var hunch = policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
	sum := math.Sin(float64(3 * (obs.ID(a) + 1)))
	for i, x := range obs.Action(a) {
		sum += float64(i+1) * x
	}
	return sum + obs.State()[0]
})

// withPrior makes a table learner of each kind.
func withPrior(t testing.TB, spec lepton.Spec, prior rl.Prior, initial float64) map[string]checkpointed {
	t.Helper()
	o := rl.TabularOptions{Key: coarse, Prior: prior, Initial: initial}
	long, again := o, o
	long.NStep = 3
	again.Replay = rl.ReplayOptions{Capacity: 40, Batch: 4}
	out := map[string]checkpointed{}
	add := func(name string, l checkpointed, err error) {
		require.NoError(t, err)
		out[name] = l
	}
	q, err := rl.NewQLearning(spec, o)
	add("QLearning", q, err)
	q, err = rl.NewQLearning(spec, long)
	add("QLearning, three steps", q, err)
	q, err = rl.NewQLearning(spec, again)
	add("QLearning, replay", q, err)
	d, err := rl.NewDoubleQ(spec, o)
	add("DoubleQ", d, err)
	s, err := rl.NewSARSA(spec, o)
	add("SARSA", s, err)
	e, err := rl.NewExpectedSARSA(spec, o)
	add("ExpectedSARSA", e, err)
	z, err := rl.NewSARSALambda(spec, rl.SARSALambdaOptions{TabularOptions: o})
	add("SARSALambda", z, err)
	g, err := rl.NewDifferentialQ(spec, rl.DifferentialQOptions{TabularOptions: o})
	add("DifferentialQ", g, err)
	return out
}

// networksWithPrior makes a learner on a network of each kind.
func networksWithPrior(t testing.TB, spec lepton.Spec, prior rl.Prior) map[string]checkpointed {
	t.Helper()
	p, err := rl.NewPPO(spec, rl.PPOOptions{Prior: prior})
	require.NoError(t, err)
	r := newREINFORCE(t, spec, rl.REINFORCEOptions{Prior: prior, Network: &rl.NetworkOptions{}})
	return map[string]checkpointed{"PPO": p, "REINFORCE on a network": r}
}

// Before anything was learned, policies are those of the heuristic, to the bit.
func TestWithPriorStartsExactlyAtTheHeuristic(t *testing.T) {
	softmax, err := policy.Softmax(hunch, 1)
	require.NoError(t, err)
	for _, spec := range []lepton.Spec{fixedSpec, candidateSpec} {
		learners := withPrior(t, spec, rl.WithPrior(hunch), 0)
		learners["FittedQ"] = newFittedQ(t, spec, rl.FittedQOptions{Fit: fitStumps, Prior: rl.WithPrior(hunch)})
		learners["REINFORCE"] = newREINFORCE(t, spec, rl.REINFORCEOptions{Prior: rl.WithPrior(hunch)})
		for name, l := range networksWithPrior(t, spec, rl.WithPrior(hunch)) {
			learners[name] = l
		}
		for name, l := range learners {
			want := policy.Greedy(hunch)
			if strings.HasPrefix(name, "REINFORCE") || strings.HasPrefix(name, "PPO") {
				want = softmax
			}
			for _, tr := range traffic(spec, 8, 50) {
				n := tr.Obs.Len()
				p, q := make([]float64, n), make([]float64, n)
				want.Probs(p, &tr.Obs, nil)
				l.Policy().Probs(q, &tr.Obs, nil)
				require.Equal(t, p, q, name)
				want.(lepton.Scorer).Scores(p, &tr.Obs, nil)
				l.Policy().(lepton.Scorer).Scores(q, &tr.Obs, nil)
				require.Equal(t, p, q, name)
			}
		}
	}
}

// Values that begin at a prior are learned as those of a table that begins there: Q-learning with an initial Q.
// (Wiewiora 2003 shows the same of shaping by a potential.) A twin with a map stands for that table.
func TestWithPriorLearnsAsATableThatBeginsThere(t *testing.T) {
	prior := policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
		return math.Sin(float64(7*coarse(obs) + 3*obs.ID(a)))
	})
	l, err := rl.NewQLearning(fixedSpec, rl.TabularOptions{Key: coarse, Prior: rl.WithPrior(prior)})
	require.NoError(t, err)
	twin := map[[2]uint64]float64{}
	values := func(obs *lepton.Observation) []float64 {
		out := make([]float64, obs.Len())
		for a := range out {
			q, ok := twin[[2]uint64{coarse(obs), obs.ID(a)}]
			if !ok {
				q = prior(obs, a)
			}
			out[a] = q
		}
		return out
	}
	for _, tr := range traffic(fixedSpec, 9, 1000) {
		l.Observe(tr)
		if tr.Obs.Legal(tr.Action) {
			next, _ := rl.MaxValue(values(&tr.Next), &tr.Next)
			q := values(&tr.Obs)[tr.Action]
			twin[[2]uint64{coarse(&tr.Obs), tr.Obs.ID(tr.Action)}] = rl.QUpdate(q, 0.1, tr.Reward, tr.Discount, next)
		}
		got := make([]float64, tr.Obs.Len())
		l.Policy().(lepton.Scorer).Scores(got, &tr.Obs, nil)
		for a, want := range values(&tr.Obs) {
			if tr.Obs.Legal(a) {
				require.InDelta(t, want, got[a], 1e-12)
			}
		}
	}
}

// Of every table learner, a prior that is the same for all is what Initial is.
func TestAConstantPriorIsInitial(t *testing.T) {
	const c = 2.5
	same := policy.ScoreFunc(func(*lepton.Observation, int) float64 { return c })
	stream := traffic(fixedSpec, 10, 600)
	initial := withPrior(t, fixedSpec, rl.Prior{}, c)
	for name, l := range withPrior(t, fixedSpec, rl.WithPrior(same), 0) {
		feed(t, l, stream)
		feed(t, initial[name], stream)
		moved := 0.0
		for _, tr := range stream {
			a, b := make([]float64, 3), make([]float64, 3)
			l.Policy().(lepton.Scorer).Scores(a, &tr.Obs, nil)
			initial[name].Policy().(lepton.Scorer).Scores(b, &tr.Obs, nil)
			for i := range a {
				if tr.Obs.Legal(i) {
					require.InDelta(t, b[i], a[i], 1e-9, name)
					moved = max(moved, abs(a[i]-c))
				}
			}
		}
		assert.Greater(t, moved, 0.5, "%s learned nothing", name)
	}
}

// From a rule of thumb to the best policy, and never below the rule at the start: five seeds each.
func TestWithPriorLearnsBeyondTheHeuristic(t *testing.T) {
	problem := maintenance(t)
	value := func(p lepton.Policy) float64 { return problem.Return(p, gamma, horizon, false) }
	q, err := problem.Optimal(gamma)
	require.NoError(t, err)
	// Service at the oldest age: 1 is about what a step earns.
	rule := policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
		if (obs.State()[0] >= oldest) == (a == service) {
			return 1
		}
		return 0
	})
	prior := rl.WithPrior(rule)
	best, heuristic := q[run], value(policy.Greedy(rule))
	require.Greater(t, best, heuristic+1)
	step := rl.StepSize{Alpha: 1, Power: 0.6, Floor: 0.01}
	for _, c := range []struct {
		name string
		make func() (lepton.Learner, error)
	}{
		{"QLearning", func() (lepton.Learner, error) {
			return rl.NewQLearning(twoActions, rl.TabularOptions{StepSize: step, Epsilon: 0.1, Prior: prior})
		}},
		{"SARSA", func() (lepton.Learner, error) {
			return rl.NewSARSA(twoActions, rl.TabularOptions{StepSize: step, Epsilon: 0.1, Prior: prior})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			learned := func(seed uint64, off bool) float64 {
				l, err := c.make()
				require.NoError(t, err)
				learner := l
				if off {
					learner = switchedOff{l}
				}
				showWorld(t, problem, learner, 20_000, seed)
				return value(policy.Greedy(l.Policy().(lepton.Scorer)))
			}
			seeds := uint64(5)
			if testing.Short() {
				seeds = 2
			}
			for seed := range seeds {
				v := learned(seed, false)
				t.Logf("seed %d: %.4f; heuristic %.4f, best %.4f", seed, v, heuristic, best)
				assert.Greater(t, v, heuristic+0.8*(best-heuristic), "seed %d", seed)
			}
			assert.Equal(t, heuristic, learned(0, true), "the test passes with the learner switched off")
		})
	}
}

// REINFORCE begins with shortest-first, surely, and learns what the weights of the jobs are for.
func TestREINFORCELearnsBeyondItsPrior(t *testing.T) {
	env := &jobWorld{jobs: 8}
	judge := seeds(1000, 200)
	value := func(p lepton.Policy) float64 {
		returns, err := rl.Evaluate(t.Context(), env, p, 0, judge...)
		require.NoError(t, err)
		return mean(returns)
	}
	prior := policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 { return 2 * byWork(obs, a) })
	shortest, best := value(policy.Greedy(prior)), value(policy.Greedy(policy.ScoreFunc(bySmith)))
	learned := func(seed uint64, off bool) float64 {
		l := newREINFORCE(t, env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.05}, Prior: rl.WithPrior(prior)})
		var learner lepton.Learner = l
		if off {
			learner = switchedOff{l}
		}
		_, err := rl.Train(t.Context(), env, learner, rl.TrainOptions{Episodes: 1500, Seed: seed, Credit: lepton.CreditOptions{Gamma: 1}})
		require.NoError(t, err)
		return value(policy.Greedy(l.Policy().(lepton.Scorer)))
	}
	for seed := range uint64(5) {
		v := learned(seed, false)
		t.Logf("seed %d: %.3f; shortest first %.3f, best %.3f", seed, v, shortest, best)
		assert.Greater(t, v, shortest+0.8*(best-shortest), "seed %d", seed)
	}
	assert.Equal(t, shortest, learned(0, true), "the test passes with the learner switched off")
}

// Files say that there was a prior, and are refused where there is none, and the other way round.
func TestFilesWithAPriorAreToldApart(t *testing.T) {
	pairs := map[string][2]checkpointed{}
	with, without := withPrior(t, candidateSpec, rl.WithPrior(hunch), 0), withPrior(t, candidateSpec, rl.Prior{}, 0)
	for name := range with {
		pairs[name] = [2]checkpointed{with[name], without[name]}
	}
	fitted := rl.FittedQOptions{Fit: fitStumps, Capacity: 40}
	primed := fitted
	primed.Prior = rl.WithPrior(hunch)
	pairs["FittedQ"] = [2]checkpointed{newFittedQ(t, candidateSpec, primed), newFittedQ(t, candidateSpec, fitted)}
	pairs["REINFORCE"] = [2]checkpointed{
		newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{Prior: rl.WithPrior(hunch)}),
		newREINFORCE(t, candidateSpec, rl.REINFORCEOptions{}),
	}
	primedNets, plainNets := networksWithPrior(t, candidateSpec, rl.WithPrior(hunch)), networksWithPrior(t, candidateSpec, rl.Prior{})
	for name, l := range primedNets {
		pairs[name] = [2]checkpointed{l, plainNets[name]}
	}
	for name, pair := range pairs {
		for i, l := range pair {
			other := pair[1-i]
			_, err := other.ReadFrom(bytes.NewReader(saved(t, l)))
			assert.ErrorIs(t, err, rl.ErrKind, name)
			p := l.Policy()
			_, err = other.DecodePolicy(p.(lepton.Saver).Kind(), bytes.NewReader(saved(t, p)))
			assert.Error(t, err, name)
		}
	}
}

// A prior that is not finite makes a fault of the transition, and no value.
func TestAPriorThatIsNotFinite(t *testing.T) {
	sick := policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
		if obs.State()[0] == 1 {
			return math.NaN()
		}
		return 0
	})
	q, err := rl.NewQLearning(twoActions, rl.TabularOptions{Prior: rl.WithPrior(sick)})
	require.NoError(t, err)
	for _, tr := range []*lepton.Transition{step(1, 0, 0, 1, 0), step(1, 0, 0, 1, 0.5), step(0, 0, 1, 1, 0.5)} {
		q.Observe(tr)
		_, err := q.Step(t.Context())
		assert.ErrorIs(t, err, rl.ErrNotFinite)
	}
	assert.Equal(t, []float64{0, 0}, scoresIn(t, q, 0))
	assert.EqualValues(t, 3, q.Stats().Faults)
}
