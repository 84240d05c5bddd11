package rl_test

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// decisionsOf is a log of n episodes of a policy.
func decisionsOf(t testing.TB, env lepton.Environment, p lepton.Policy, n int, seed uint64) []lepton.Transition {
	t.Helper()
	log := &logger{policy: p}
	_, err := rl.Train(t.Context(), env, log, rl.TrainOptions{Episodes: n, Seed: seed, Credit: lepton.CreditOptions{Gamma: 1}})
	require.NoError(t, err)
	return log.seen
}

// apart is the mean over decisions with a choice of the total variation between two policies.
func apart(log []lepton.Transition, a, b lepton.Policy) float64 {
	sum, n := 0.0, 0.0
	for i := range log {
		obs := &log[i].Obs
		if obs.Len() < 2 {
			continue
		}
		p, q := make([]float64, obs.Len()), make([]float64, obs.Len())
		a.Probs(p, obs, nil)
		b.Probs(q, obs, nil)
		for i := range p {
			sum += math.Abs(p[i]-q[i]) / 2
		}
		n++
	}
	return sum / n
}

// A linear softmax student recovers a linear softmax teacher from what it did, in its probabilities: within 0.03
// on decisions of other episodes, in each of five seeds. Shown the teacher's
// distributions, within 0.01.
func TestCloneRecoversASoftmaxTeacher(t *testing.T) {
	env := &jobWorld{jobs: 8}
	linear, err := policy.NewLinear(env.Spec(), []float64{0, 1, -2}, nil)
	require.NoError(t, err)
	teacher, err := policy.Softmax(linear, 1)
	require.NoError(t, err)
	fresh := decisionsOf(t, env, teacher, 100, 99)
	clone := func(seed uint64, o rl.CloneOptions, off bool) (distance float64) {
		l := newREINFORCE(t, env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.2, Power: 0.6}})
		student := rl.Student(l)
		if off {
			student = switchedOffStudent{l}
		}
		o.Seed, o.Epochs = seed, 5
		report, err := rl.Clone(t.Context(), decisionsOf(t, env, teacher, 500, seed), student, o)
		require.NoError(t, err)
		assert.Equal(t, []int{5, 7 * 400, 7 * 100, 0}, []int{report.Epoch, report.Examples, report.HeldOut, report.LeftOut})
		distance = apart(fresh, teacher, l.Policy())
		t.Logf("seed %d: %.4f apart; agreement %.3f, log-loss %.3f", seed, distance, report.Agreement, report.LogLoss)
		return distance
	}
	for seed := range uint64(5) {
		assert.Less(t, clone(seed, rl.CloneOptions{}, false), 0.03, "seed %d", seed)
		assert.Less(t, clone(seed, rl.CloneOptions{Teacher: rl.TeacherOf(teacher)}, false), 0.01, "seed %d", seed)
	}
	assert.Greater(t, clone(0, rl.CloneOptions{}, true), 0.2, "the test passes with the learner switched off")
}

// With weights, what worked is learned out of a log that is no better than chance.
func TestCloneOfWhatWorked(t *testing.T) {
	var log []lepton.Transition
	for _, tr := range decisionsOf(t, &jobWorld{jobs: 4}, policy.Uniform(), 400, 1) {
		best := 0.0
		for a := range tr.Obs.Len() {
			best = max(best, bySmith(&tr.Obs, a)-bySmith(&tr.Obs, tr.Action))
		}
		tr.Reward = -best
		log = append(log, tr)
	}
	l := newREINFORCE(t, (&jobWorld{}).Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.2, Power: 0.5}})
	report, err := rl.Clone(t.Context(), log, l, rl.CloneOptions{Epochs: 30, Weight: func(tr *lepton.Transition) float64 {
		if tr.Reward == 0 {
			return 2
		}
		return 0
	}})
	require.NoError(t, err)
	assert.Greater(t, report.Agreement, 0.97)
	assert.Equal(t, 1200, report.Examples+report.HeldOut+report.LeftOut)
	assert.InDelta(t, 1200*(1-(1./4+1./3+1./2)/3), report.LeftOut, 60)
}

// Of an episode all decisions are held out, or none.
func TestCloneSplitsByEpisode(t *testing.T) {
	var log []lepton.Transition
	for _, tr := range traffic(fixedSpec, 5, 200) {
		if tr.Obs.LegalCount() > 1 && tr.Obs.Legal(tr.Action) {
			tr.Obs.State()[0] = float64(tr.Episode)
			log = append(log, *tr)
		}
	}
	l := &listener{REINFORCE: newREINFORCE(t, fixedSpec, rl.REINFORCEOptions{}), heard: map[float64]int{}}
	report, err := rl.Clone(t.Context(), log, l, rl.CloneOptions{Epochs: 1, HoldOut: 0.3})
	require.NoError(t, err)
	all, alone := map[float64]int{}, 0
	for i := range log {
		all[log[i].Obs.State()[0]]++
	}
	alone = all[0]
	held := 0
	for episode, n := range all {
		if episode > 0 && l.heard[episode] != n {
			assert.Zero(t, l.heard[episode], "episode %v is in both", episode)
			held++
		}
	}
	heldAlone := alone - l.heard[0]
	assert.Positive(t, heldAlone, "decisions by themselves are episodes of one")
	assert.Positive(t, l.heard[0])
	assert.Equal(t, int(math.Round(0.3*float64(len(all)-1+alone))), held+heldAlone)
	assert.Equal(t, len(log), report.Examples+report.HeldOut)
}

// listener counts the decisions it is shown, by the first feature of the state.
type listener struct {
	*rl.REINFORCE
	heard map[float64]int
}

func (l *listener) ObserveTarget(obs *lepton.Observation, _ []float64, _ float64) {
	l.heard[obs.State()[0]]++
}

func TestCloneRefuses(t *testing.T) {
	l := newREINFORCE(t, twoActions, rl.REINFORCEOptions{})
	clone := func(o rl.CloneOptions, log ...lepton.Transition) error {
		_, err := rl.Clone(t.Context(), log, l, o)
		return err
	}
	good := *step(0, 1, 0, 1, 0)
	err := clone(rl.CloneOptions{Epochs: -1, HoldOut: 1}, good, good)
	assert.ErrorContains(t, err, "Epochs is -1")
	assert.ErrorContains(t, err, "HoldOut is 1")
	assert.ErrorIs(t, clone(rl.CloneOptions{}), rl.ErrNoExamples)
	forced := good
	forced.Obs = *offered(true, false)
	forced.Action = 0
	missing := good
	missing.Action = -1
	assert.ErrorIs(t, clone(rl.CloneOptions{}, forced, missing), rl.ErrNoExamples)
	assert.NoError(t, clone(rl.CloneOptions{}, good), "an episode by itself is learned from")
	err = clone(rl.CloneOptions{Weight: func(*lepton.Transition) float64 { return math.NaN() }}, good)
	assert.ErrorContains(t, err, "decision 0: a weight of NaN")
	err = clone(rl.CloneOptions{Teacher: func(p []float64, _ *lepton.Observation) { p[0] = 2 }}, good)
	assert.ErrorIs(t, err, rl.ErrUnusable)
	other := good
	other.Obs = *offered(true, true)
	other.Obs.SetState([]float64{1, 2})
	var spec *lepton.SpecError
	assert.ErrorAs(t, clone(rl.CloneOptions{}, good, other), &spec)
}
