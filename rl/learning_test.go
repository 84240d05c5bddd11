package rl_test

import (
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	run, service = 0, 1
	oldest       = 6
	gamma        = 0.9
	horizon      = 200
)

// maintenance is a machine that earns 1 a step, fails the likelier the longer it ran, at a cost of 10, and
// can be serviced for 1; both make it new.
func maintenance(t testing.TB) *mdp.Problem {
	t.Helper()
	var ts []mdp.Transition
	for age := range oldest + 1 {
		fail := float64(age*age) / (2 * oldest * oldest)
		ts = append(ts,
			mdp.Transition{State: age, Action: run, Prob: 1 - fail, Next: min(age+1, oldest), Reward: 1},
			mdp.Transition{State: age, Action: run, Prob: fail, Next: 0, Reward: -10},
			mdp.Transition{State: age, Action: service, Prob: 1, Next: 0, Reward: -1})
	}
	p, err := mdp.New(ts, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(t, err)
	return p
}

// serviceAt is the rule of thumb: service from an age on.
func serviceAt(age float64) lepton.Policy {
	return policy.Greedy(policy.ScoreFunc(func(obs *lepton.Observation, a int) float64 {
		if (obs.State()[0] >= age) == (a == service) {
			return 1
		}
		return 0
	}))
}

// Each tabular learner must close 90 % of the gap between running to failure and the best policy, which
// is known exactly, and beat random, in each of five seeds. (To service one step off the best age closes
// 93 %; the values of the two differ by less than the noise that a constant step size leaves.)
func TestTabularLearnersFindTheBestPolicy(t *testing.T) {
	problem := maintenance(t)
	value := func(p lepton.Policy) float64 { return problem.Return(p, gamma, horizon, false) }
	q, err := problem.Optimal(gamma)
	require.NoError(t, err)
	best, heuristic, random := q[run], value(serviceAt(oldest+1)), value(policy.Uniform())
	require.Greater(t, best, heuristic+1)

	options := rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1, Power: 0.6, Floor: 0.01}, Epsilon: 0.1}
	replayed := options
	replayed.Replay = rl.ReplayOptions{Capacity: 2000, Batch: 8}
	for _, c := range []struct {
		name  string
		steps int
		make  func() (lepton.Learner, error)
	}{
		{"QLearning", 20_000, func() (lepton.Learner, error) { return rl.NewQLearning(twoActions, options) }},
		{"QLearning with replay", 6_000, func() (lepton.Learner, error) { return rl.NewQLearning(twoActions, replayed) }},
		{"SARSA", 20_000, func() (lepton.Learner, error) { return rl.NewSARSA(twoActions, options) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			learned := func(seed uint64, off bool) float64 {
				l, err := c.make()
				require.NoError(t, err)
				learner := l
				if off {
					learner = switchedOff{l}
				}
				env, err := mdp.NewEnvironment(problem, mdp.EnvironmentOptions{Limit: 100})
				require.NoError(t, err)
				_, err = rl.Train(t.Context(), env, learner, rl.TrainOptions{
					Steps: c.steps, Seed: seed, Credit: lepton.CreditOptions{Gamma: gamma},
				})
				require.NoError(t, err)
				return value(policy.Greedy(l.Policy().(lepton.Scorer)))
			}
			passes := func(v float64) bool { return v > heuristic+0.9*(best-heuristic) && v > random }
			for seed := range uint64(5) {
				v := learned(seed, false)
				t.Logf("seed %d: %.4f; random %.4f, heuristic %.4f, best %.4f", seed, v, random, heuristic, best)
				assert.True(t, passes(v), "seed %d", seed)
			}
			assert.False(t, passes(learned(0, true)), "the test passes with the learner switched off")
		})
	}
}

// A contextual bandit in a fixed space: each state has its own best of three actions. REINFORCE must come
// within 5 % of the best in five seeds, from decisions that stand by themselves.
func TestREINFORCELearnsAContextualBandit(t *testing.T) {
	var ts []mdp.Transition
	for s := range 4 {
		for a := range 3 {
			reward := float64((s*2+a)%3) * 10
			for next := range 4 {
				ts = append(ts, mdp.Transition{State: s, Action: a, Prob: 0.25, Next: next, Reward: reward})
			}
		}
	}
	problem, err := mdp.New(ts, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(t, err)
	env, err := mdp.NewEnvironment(problem, mdp.EnvironmentOptions{OneHot: true, Limit: 20})
	require.NoError(t, err)
	learned := func(seed uint64, off bool) float64 {
		l := newREINFORCE(t, env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.1}, Entropy: 0.01})
		var learner lepton.Learner = l
		if off {
			learner = switchedOff{l}
		}
		_, err := rl.Train(t.Context(), env, alone{learner}, rl.TrainOptions{Steps: 6000, Seed: seed})
		require.NoError(t, err)
		return problem.Return(l.Policy(), 1, 20, true) / 20
	}
	random := problem.Return(policy.Uniform(), 1, 20, true) / 20
	require.InDelta(t, 10, random, 1e-9)
	const best, constant = 20, 11.25 // the best constant action pays 20, 10, 0 and then 15 on average at most
	for seed := range uint64(5) {
		v := learned(seed, false)
		t.Logf("seed %d: %.3f of %d", seed, v, best)
		assert.Greater(t, v, 0.95*best)
	}
	assert.Less(t, learned(0, true), float64(constant), "the test passes with the learner switched off")
}

// alone takes decisions out of their episodes, as the facade does for those that stand by themselves.
type alone struct{ lepton.Learner }

func (l alone) Observe(t *lepton.Transition) {
	u := *t
	u.Episode = 0
	l.Learner.Observe(&u)
}
