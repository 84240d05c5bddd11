package rl_test

import (
	"math"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/replay"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The family goes through everything that checkpoint_test.go holds for learners.
func init() {
	dense := rl.TabularOptions{Key: coarse, States: 4, Epsilon: 0.3, EpsilonDecay: 50}
	full := rl.TabularOptions{Key: rl.StateKey, MaxEntries: 20, Adaptive: true}
	for name, c := range map[string]func() (checkpointed, error){
		"qlearning_dense": func() (checkpointed, error) { return rl.NewQLearning(fixedSpec, dense) },
		"qlearning_nstep": func() (checkpointed, error) {
			o := full
			o.NStep, o.MaxStreams = 3, 4
			return rl.NewQLearning(fixedSpec, o)
		},
		"expectedsarsa": func() (checkpointed, error) { return rl.NewExpectedSARSA(fixedSpec, full) },
		"doubleq":       func() (checkpointed, error) { return rl.NewDoubleQ(fixedSpec, full) },
		"doubleq_dense": func() (checkpointed, error) { return rl.NewDoubleQ(fixedSpec, dense) },
		"differentialq": func() (checkpointed, error) {
			return rl.NewDifferentialQ(fixedSpec, rl.DifferentialQOptions{TabularOptions: dense, Unit: time.Second})
		},
		"sarsalambda": func() (checkpointed, error) {
			return rl.NewSARSALambda(fixedSpec, rl.SARSALambdaOptions{TabularOptions: rl.TabularOptions{Key: coarse, MaxStreams: 4}, MaxTraces: 3})
		},
		"sarsalambda_accumulating": func() (checkpointed, error) {
			return rl.NewSARSALambda(fixedSpec, rl.SARSALambdaOptions{TabularOptions: full, Trace: rl.Accumulating})
		},
	} {
		everyLearner[name] = struct {
			spec lepton.Spec
			make func() (checkpointed, error)
		}{fixedSpec, c}
	}
}

func TestDoubleQWorkedSteps(t *testing.T) {
	l, err := rl.NewDoubleQ(twoActions, rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1}, Seed: 1})
	require.NoError(t, err)
	// An end worth 8: the mean is 4 once one table has it, 8 once both do.
	l.Observe(step(1, 1, 0, 8, 0))
	assert.Equal(t, []float64{0, 4}, scoresIn(t, l, 1))
	for range 20 {
		l.Observe(step(1, 1, 0, 8, 0))
	}
	assert.Equal(t, []float64{0, 8}, scoresIn(t, l, 1))
	for range 20 {
		l.Observe(step(0, 0, 1, 1, 0.5))
	}
	assert.Equal(t, []float64{5, 0}, scoresIn(t, l, 0))
}

// The maximum over ten actions that all pay 0 on average is taken for a gain by QLearning, not by DoubleQ
// (van Hasselt 2010).
func TestDoubleQDoesNotTakeLuckForValue(t *testing.T) {
	spec := lepton.Spec{StateDim: 1, Actions: 10}
	o := rl.TabularOptions{StepSize: rl.StepSize{Alpha: 0.1}}
	plain, err := rl.NewQLearning(spec, o)
	require.NoError(t, err)
	double, err := rl.NewDoubleQ(spec, o)
	require.NoError(t, err)
	all := make([]bool, 10)
	for a := range all {
		all[a] = true
	}
	worth, noise := map[lepton.Learner]float64{}, rng.New(1, "luck")
	for n := range 40_000 {
		noisy := &lepton.Transition{Obs: *offered(all...), Action: n % 10, NextAction: -1, Last: true}
		noisy.Reward = 4 * noise.NormFloat64()
		before := &lepton.Transition{Obs: *offered(all...), Discount: 1, NextAction: -1, Next: noisy.Obs}
		before.Obs.SetState([]float64{1})
		for _, l := range []lepton.Learner{plain, double} {
			l.Observe(noisy)
			l.Observe(before)
			if n >= 20_000 && n%100 == 0 {
				scores := make([]float64, 10)
				l.Policy().(lepton.Scorer).Scores(scores, &before.Obs, nil)
				worth[l] += scores[0] / 200
			}
		}
	}
	assert.Greater(t, worth[plain], 0.7)
	assert.InDelta(t, 0, worth[double], 0.2)
}

func TestNStepWorkedSteps(t *testing.T) {
	o := rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1}, NStep: 3, Initial: 4}
	for name, c := range map[string]struct {
		make func(o rl.TabularOptions) (lepton.Learner, error)
		next float64
	}{
		"QLearning": {func(o rl.TabularOptions) (lepton.Learner, error) { return rl.NewQLearning(twoActions, o) }, 4},
		"SARSA":     {func(o rl.TabularOptions) (lepton.Learner, error) { return rl.NewSARSA(twoActions, o) }, 4},
	} {
		l, err := c.make(o)
		require.NoError(t, err)
		for i, reward := range []float64{1, 2, 3, 10} {
			tr := step(i, 0, i+1, reward, 0.5)
			tr.Episode, tr.Step, tr.NextAction = 1, i, 1
			l.Observe(tr)
		}
		// Two are complete, the rest waits: 1+½·2+¼·3 + ⅛·4 and 2+½·3+¼·10 + ⅛·4.
		assert.Equal(t, []float64{2.75 + c.next/8, 4}, scoresIn(t, l, 0), name)
		assert.Equal(t, []float64{6 + c.next/8, 4}, scoresIn(t, l, 1), name)
		assert.Equal(t, []float64{4, 4}, scoresIn(t, l, 2), name)
		end := step(4, 0, 0, 8, 0)
		end.Episode, end.Step = 1, 4
		l.Observe(end)
		assert.Equal(t, []float64{3 + 0.5*10 + 0.25*8, 4}, scoresIn(t, l, 2), name)
		assert.Equal(t, []float64{8, 4}, scoresIn(t, l, 4), name)
		gap := step(0, 0, 1, 1, 0.5)
		gap.Episode, gap.Step = 2, 0
		l.Observe(gap)
		gap.Step = 5
		l.Observe(gap)
		assert.Equal(t, replay.NStepStats{Open: 1, Gaps: 1}, l.(interface{ Stats() rl.TabularStats }).Stats().Streams, name)
	}
}

func TestSARSALambdaWorkedSteps(t *testing.T) {
	for name, c := range map[string]struct {
		trace rl.Trace
		want  float64 // of state 0 after the surprise of 8
	}{
		"replacing": {rl.Replacing, 0.5 * 8 * 0.25}, "accumulating": {rl.Accumulating, 0.5 * 8 * (1 + 0.25) * 0.25},
	} {
		o := rl.SARSALambdaOptions{TabularOptions: rl.TabularOptions{StepSize: rl.StepSize{Alpha: 0.5}}, Lambda: 0.5, Trace: c.trace}
		l, err := rl.NewSARSALambda(twoActions, o)
		require.NoError(t, err)
		walk := func(episode uint64, at int, tr *lepton.Transition) {
			tr.Episode, tr.Step, tr.NextAction = episode, at, -1
			l.Observe(tr)
		}
		walk(7, 0, step(0, 0, 0, 0, 0.5)) // twice in state 0: its trace is 1, or 1 + ½·½
		walk(7, 1, step(0, 0, 1, 0, 0.5))
		walk(9, 0, step(5, 0, 5, 0, 0.5)) // another stream between
		walk(7, 2, step(1, 0, 0, 8, 0))
		assert.Equal(t, []float64{4, 0}, scoresIn(t, l, 1), name)
		assert.Equal(t, []float64{c.want, 0}, scoresIn(t, l, 0), name)
		assert.Equal(t, []float64{0, 0}, scoresIn(t, l, 5), name)
		walk(9, 2, step(6, 0, 0, 8, 0)) // step 1 is missing: nothing is carried across
		assert.Equal(t, []float64{0, 0}, scoresIn(t, l, 5), name)
		assert.Equal(t, replay.NStepStats{Gaps: 1}, l.Stats().Streams, name)
	}
}

// MaxStreams, MaxTraces and Cut bound what is kept.
func TestSARSALambdaIsBounded(t *testing.T) {
	o := rl.SARSALambdaOptions{
		TabularOptions: rl.TabularOptions{StepSize: rl.StepSize{Alpha: 0.5}, MaxStreams: 1}, MaxTraces: 2, Lambda: 0.5, Cut: 0.2,
	}
	taught := func(o rl.SARSALambdaOptions, episodes ...uint64) *rl.SARSALambda {
		l, err := rl.NewSARSALambda(twoActions, o)
		require.NoError(t, err)
		for i, e := range episodes {
			tr := step(i, 0, i+1, 0, 1)
			tr.Episode, tr.Step = e, i
			if i == len(episodes)-1 {
				tr.Reward = 16
			}
			l.Observe(tr)
		}
		return l
	}
	l := taught(o, 1, 1, 1) // the trace of state 0 has faded to ¼, and has no place
	assert.Equal(t, [][]float64{{0, 0}, {4, 0}, {8, 0}}, [][]float64{scoresIn(t, l, 0), scoresIn(t, l, 1), scoresIn(t, l, 2)})
	o.MaxTraces = 9
	assert.Equal(t, []float64{2, 0}, scoresIn(t, taught(o, 1, 1, 1), 0))
	o.Cut = 0.3
	assert.Equal(t, []float64{0, 0}, scoresIn(t, taught(o, 1, 1, 1), 0))
	l = taught(o, 1, 2)
	assert.Equal(t, []float64{0, 0}, scoresIn(t, l, 0))
	assert.Equal(t, replay.NStepStats{Open: 1, Evicted: 1}, l.Stats().Streams)
}

func TestDifferentialQWorkedSteps(t *testing.T) {
	l, err := rl.NewDifferentialQ(twoActions, rl.DifferentialQOptions{
		TabularOptions: rl.TabularOptions{StepSize: rl.StepSize{Alpha: 0.5}}, Eta: 0.5, Unit: time.Minute,
	})
	require.NoError(t, err)
	l.Observe(step(0, 0, 1, 8, 0.3)) // δ = 8
	assert.Equal(t, []float64{4, 0}, scoresIn(t, l, 0))
	assert.Equal(t, 2.0, l.Gain())
	tr := step(1, 0, 0, 8, 0.3)
	tr.Elapsed = 3 * time.Minute // δ = 8 − 2·3 + 4, whatever the discount
	l.Observe(tr)
	assert.Equal(t, []float64{3, 0}, scoresIn(t, l, 1))
	assert.Equal(t, 3.5, l.Gain())
	l.Observe(step(1, 1, 0, 4.5, 0)) // an end: δ = 4.5 − 3.5
	assert.Equal(t, []float64{3, 0.5}, scoresIn(t, l, 1))
	assert.Equal(t, 3.75, l.Gain())
}

func TestExpectedSARSALooksNotAtWhatFollowed(t *testing.T) {
	l, err := rl.NewExpectedSARSA(twoActions, rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1}, Epsilon: 0.5})
	require.NoError(t, err)
	l.Observe(step(1, 1, 0, 8, 0))
	tr := step(0, 0, 1, 1, 0.5)
	tr.NextAction = 0
	l.Observe(tr)
	assert.Equal(t, []float64{1 + 0.5*(0.75*8), 0}, scoresIn(t, l, 0))
}

func TestEpsilonDecays(t *testing.T) {
	l, err := rl.NewQLearning(twoActions, rl.TabularOptions{Epsilon: 0.8, EpsilonDecay: 10})
	require.NoError(t, err)
	p := make([]float64, 2)
	for n, want := range []float64{0.8, 0.8 / 1.1, 0.8 / 1.2} {
		l.Policy().Probs(p, &step(0, 0, 0, 1, 0).Obs, nil)
		assert.InDelta(t, want/2, p[1], 1e-15, "after %d updates", n)
		l.Observe(step(0, 0, 0, 1, 0))
	}
}

// A dense table learns what a hashed one does, to the bit, and counts states that it has no place for.
func TestDenseIsHashed(t *testing.T) {
	spec := lepton.Spec{StateDim: 1, Actions: 2}
	o := rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1, Power: 0.7}, Initial: 0.5, Epsilon: 0.1}
	hashed, err := rl.NewExpectedSARSA(spec, o)
	require.NoError(t, err)
	o.States = 5
	dense, err := rl.NewExpectedSARSA(spec, o)
	require.NoError(t, err)
	for n := range 500 {
		tr := step(n%5, n/5%2, n*n%5, float64(n%7), 0.9)
		hashed.Observe(tr)
		dense.Observe(tr)
	}
	for s := range 5 {
		assert.Equal(t, scoresIn(t, hashed, s), scoresIn(t, dense, s))
	}
	assert.Equal(t, hashed.Stats(), dense.Stats())
	for n, state := range []float64{5, -1, math.NaN(), 1e300} {
		tr := step(0, 0, 0, 1, 0)
		tr.Obs.SetState([]float64{state})
		dense.Observe(tr)
		assert.EqualValues(t, n+1, dense.Stats().Faults)
	}
}

func TestTabularFamilyRefuses(t *testing.T) {
	replayed := rl.TabularOptions{Replay: rl.ReplayOptions{Capacity: 1}, NStep: -1, MaxStreams: -1, EpsilonDecay: -1, Adaptive: true, StepSize: rl.StepSize{Power: 1, Scale: -1}}
	_, err := rl.NewSARSALambda(twoActions, rl.SARSALambdaOptions{TabularOptions: replayed, Lambda: 1, Trace: 2, Cut: 1, MaxTraces: -1})
	for _, want := range []string{"takes no Replay", "NStep is -1", "MaxStreams is -1", "EpsilonDecay is -1", "Scale is -1", "Adaptive takes the place", "Lambda is 1", "Trace is 2", "Cut is 1", "MaxTraces is -1"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = rl.NewSARSALambda(twoActions, rl.SARSALambdaOptions{TabularOptions: rl.TabularOptions{NStep: 2}})
	assert.ErrorContains(t, err, "takes no NStep")
	_, err = rl.NewDifferentialQ(twoActions, rl.DifferentialQOptions{TabularOptions: rl.TabularOptions{NStep: 2}, Eta: -1, Unit: -1})
	for _, want := range []string{"takes no NStep", "Eta is -1", "Unit is -1"} {
		assert.ErrorContains(t, err, want)
	}
	for name, make := range map[string]func(lepton.Spec, rl.TabularOptions) error{
		"QLearning":     func(s lepton.Spec, o rl.TabularOptions) error { _, err := rl.NewQLearning(s, o); return err },
		"ExpectedSARSA": func(s lepton.Spec, o rl.TabularOptions) error { _, err := rl.NewExpectedSARSA(s, o); return err },
		"DoubleQ":       func(s lepton.Spec, o rl.TabularOptions) error { _, err := rl.NewDoubleQ(s, o); return err },
	} {
		var spec *lepton.SpecError
		assert.ErrorAs(t, make(lepton.Spec{StateDim: 1}, rl.TabularOptions{States: 3}), &spec, name)
		assert.ErrorContains(t, spec, "fixed number of actions")
		assert.ErrorAs(t, make(fixedSpec, rl.TabularOptions{States: 3}), &spec, name)
		assert.ErrorContains(t, spec, "takes one feature")
		err := make(twoActions, rl.TabularOptions{States: 3, MaxEntries: 5, ActionKey: func(*lepton.Observation, int) uint64 { return 0 }})
		assert.ErrorContains(t, err, "takes no ActionKey", name)
		assert.ErrorContains(t, err, "more than MaxEntries", name)
		assert.ErrorContains(t, make(twoActions, rl.TabularOptions{States: -1}), "States is -1", name)
	}
}

// What would not be finite is left out, in every table and trace, and told once.
func TestTabularFamilyStaysFinite(t *testing.T) {
	huge := rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1}, Initial: math.MaxFloat64}
	for name, make := range map[string]func() (lepton.Learner, error){
		"ExpectedSARSA": func() (lepton.Learner, error) { return rl.NewExpectedSARSA(twoActions, huge) },
		"DoubleQ":       func() (lepton.Learner, error) { return rl.NewDoubleQ(twoActions, huge) },
		"DifferentialQ": func() (lepton.Learner, error) {
			return rl.NewDifferentialQ(twoActions, rl.DifferentialQOptions{TabularOptions: huge})
		},
		"SARSALambda": func() (lepton.Learner, error) {
			return rl.NewSARSALambda(twoActions, rl.SARSALambdaOptions{TabularOptions: huge})
		},
	} {
		l, err := make()
		require.NoError(t, err)
		l.Observe(step(0, 0, 1, math.MaxFloat64, 1))
		_, err = l.Step(t.Context())
		assert.ErrorIs(t, err, rl.ErrNotFinite, name)
		p, err := l.Step(t.Context())
		assert.NoError(t, err, name)
		assert.Zero(t, p.Updates, name)
		assert.Equal(t, []float64{math.MaxFloat64, math.MaxFloat64}, scoresIn(t, l, 0), name)
	}
}
