package rl_test

import (
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A linear student of a linear heuristic must rank as it does, in five seeds.
func TestImitateRecoversALinearHeuristic(t *testing.T) {
	env := &jobWorld{jobs: 10}
	teacher := rl.TeacherOf(policy.Greedy(policy.ScoreFunc(bySmith)))
	imitate := func(seed uint64, off bool) rl.ImitateReport {
		l := newREINFORCE(t, env.Spec(), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.5, Power: 0.5}})
		student := rl.Student(l)
		if off {
			student = switchedOffStudent{l}
		}
		report, err := rl.Imitate(t.Context(), env, student, teacher, rl.ImitateOptions{
			Episodes: 40, HoldOut: 50, Epochs: 60, Seed: seed,
		})
		require.NoError(t, err)
		assert.Equal(t, 9*50, report.HeldOut) // the last job of an episode is no choice
		assert.Equal(t, 9*40, report.Examples)
		return report
	}
	for seed := range uint64(5) {
		report := imitate(seed, false)
		t.Logf("seed %d: agreement %.4f, loss %.4f", seed, report.Agreement, report.Loss)
		assert.GreaterOrEqual(t, report.Agreement, 0.98)
	}
	assert.Less(t, imitate(0, true).Agreement, 0.5, "the test passes with the learner switched off")
}

type switchedOffStudent struct{ *rl.REINFORCE }

func (switchedOffStudent) ObserveTarget(*lepton.Observation, []float64, float64) {}

func TestImitateActsAlsoByTheStudent(t *testing.T) {
	env := &countingWorld{jobWorld: jobWorld{jobs: 5}}
	teacher := rl.TeacherOf(policy.Greedy(policy.ScoreFunc(bySmith)))
	l := newREINFORCE(t, env.Spec(), rl.REINFORCEOptions{})
	var rounds []int
	report, err := rl.Imitate(t.Context(), env, l, teacher, rl.ImitateOptions{
		Rounds: 3, Episodes: 4, Epochs: 2, MaxExamples: 40, HoldOut: 1, Beta: 0.5,
		Progress: func(r rl.ImitateReport) { rounds = append(rounds, r.Round) },
	})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1, 2, 2, 3, 3}, rounds)
	assert.Equal(t, 40, report.Examples)
	assert.Equal(t, 3*4*4-40, report.LeftOut)
	assert.NotZero(t, env.unlikeTeacher, "only the teacher acted")
}

// countingWorld counts actions that the teacher would not have taken.
type countingWorld struct {
	jobWorld
	unlikeTeacher int
}

func (w *countingWorld) Step(action int) (reward, discount float64, last bool) {
	var obs lepton.Observation
	w.Observe(&obs)
	for a := range obs.Len() {
		if bySmith(&obs, a) > bySmith(&obs, action) {
			w.unlikeTeacher++
			break
		}
	}
	return w.jobWorld.Step(action)
}

func TestImitateRefuses(t *testing.T) {
	env := &jobWorld{jobs: 3}
	l := newREINFORCE(t, env.Spec(), rl.REINFORCEOptions{})
	_, err := rl.Imitate(t.Context(), env, l, nil, rl.ImitateOptions{Rounds: -1, Beta: 2})
	assert.ErrorContains(t, err, "Rounds is -1")
	assert.ErrorContains(t, err, "Beta is 2")
	_, err = rl.Imitate(t.Context(), env, l, func([]float64, *lepton.Observation) {}, rl.ImitateOptions{})
	assert.ErrorIs(t, err, rl.ErrUnusable)
	other := newREINFORCE(t, lepton.Spec{ActionDim: 3}, rl.REINFORCEOptions{})
	var spec *lepton.SpecError
	_, err = rl.Imitate(t.Context(), env, other, nil, rl.ImitateOptions{})
	assert.ErrorAs(t, err, &spec)
}
