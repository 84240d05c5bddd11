package policy_test

import (
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/leptonsched/lepton/scheduler"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A rollout plans for a scheduler, with the heuristic in place as its base.
func TestRolloutPlansForAScheduler(t *testing.T) {
	encoder, err := features.State(features.Numeric("size", func(f farm) float64 { return f.size }))
	require.NoError(t, err)
	actions, err := features.CandidatesAt(
		func(farm) int { return len(speeds) }, func(f farm, i int) int { return i },
		func(i int) uint64 { return uint64(i) },
		features.Numeric("busy", func(c features.Candidate[farm, int]) float64 { return c.State.busy[c.Action] }),
	)
	require.NoError(t, err)
	base := policy.Incumbent(firstFree)
	planner, err := policy.NewRollout(base, newFarmSimulator, policy.RolloutOptions{})
	require.NoError(t, err)
	s, err := scheduler.New(scheduler.Options[farm, float64]{
		Encoder: encoder, Actions: actions, Incumbent: base, Planner: planner, Mode: scheduler.Live,
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()

	f := farm{busy: [6]float64{1.1, 1.1, 1, 1, 1, 1}, size: 3}
	d, err := s.Decide(f)
	require.NoError(t, err)
	assert.Equal(t, lepton.ArmLearned, d.Arm)
	assert.Equal(t, 0, d.Action, "the fast server has a big job done first, though it is free last")
	assert.Equal(t, uint64(1), planner.Stats().Departures)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		d, err := s.Decide(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Cancel(d.ID); err != nil {
			t.Fatal(err)
		}
	}), allocsAllowed)
}

// What a rollout plans can be taught to a policy that decides without simulating: the teacher reads the
// state from the world that it was made for.
func TestRolloutTeaches(t *testing.T) {
	w := pool(t)
	env, err := mdp.NewEnvironment(w.Problem, mdp.EnvironmentOptions{OneHot: true, Limit: w.horizon})
	require.NoError(t, err)
	planner := planner(t, w, policy.RolloutOptions{})
	teacher := func(p []float64, obs *lepton.Observation) { planner.ProbsState(p, env.State(), obs, nil) }
	learner, err := rl.NewREINFORCE(env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.5, Power: 0.5}})
	require.NoError(t, err)
	base := w.value(asPolicy(w.incumbent()))
	assert.Less(t, w.Return(learner.Policy(), w.gamma, w.horizon, true), base, "before the lessons")
	report, err := rl.Imitate(t.Context(), env, learner, teacher, rl.ImitateOptions{Episodes: 20, Rounds: 2})
	require.NoError(t, err)
	value := w.Return(learner.Policy(), w.gamma, w.horizon, true)
	t.Logf("agreement %.3f, value %.3f, teacher %.3f, base %.3f", report.Agreement, value, w.value(asPolicy(planner)), base)
	assert.Greater(t, report.Agreement, 0.9)
	assert.Greater(t, value, base)
}
