package rl_test

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder is a learner that keeps what it is shown.
type recorder struct {
	seen  []*lepton.Transition
	steps int
}

func (r *recorder) Observe(t *lepton.Transition) {
	c := new(lepton.Transition)
	c.CopyFrom(t)
	r.seen = append(r.seen, c)
}
func (r *recorder) Step(context.Context) (lepton.Progress, error) {
	r.steps++
	return lepton.Progress{Observed: uint64(len(r.seen)), Updates: uint64(r.steps)}, nil
}
func (r *recorder) Policy() lepton.Policy { return policy.Uniform() }

// line is a walk over n states from the first to a true end after the last; action 1 stays in place.
func line(t testing.TB, n, limit int) *mdp.Environment {
	t.Helper()
	var ts []mdp.Transition
	for s := range n {
		ts = append(ts,
			mdp.Transition{State: s, Action: 0, Prob: 1, Next: min(s+1, n-1), Reward: -1, Done: s == n-1},
			mdp.Transition{State: s, Action: 1, Prob: 1, Next: s, Reward: -2})
	}
	p, err := mdp.New(ts, []mdp.Start{{State: 0, Prob: 1}})
	require.NoError(t, err)
	env, err := mdp.NewEnvironment(p, mdp.EnvironmentOptions{Limit: limit})
	require.NoError(t, err)
	return env
}

func TestTrainFormsTransitions(t *testing.T) {
	r := new(recorder)
	report, err := rl.Train(t.Context(), line(t, 4, 0), r, rl.TrainOptions{
		Episodes: 30, MaxSteps: 9, Seed: 3, StepEvery: 2,
		Credit: lepton.CreditOptions{Gamma: 0.5, Agent: 7, Potential: func(o *lepton.Observation) float64 { return 10 * o.State()[0] }},
	})
	require.NoError(t, err)
	assert.Equal(t, report.Steps, len(r.seen))
	assert.Equal(t, report.Steps/2, r.steps)
	ends, cuts, episode, at := 0, 0, 0, 0
	total := 0.0
	for i, tr := range r.seen {
		if at == 0 {
			episode++
		}
		assert.EqualValues(t, episode, tr.Episode)
		assert.EqualValues(t, 7, tr.Agent)
		assert.Equal(t, at, tr.Step)
		assert.Equal(t, 0.5, tr.Propensity)
		assert.LessOrEqual(t, tr.Version, uint64(i+1)/2)
		from := tr.Obs.State()[0]
		raw := float64(-1 - tr.Action)
		total += raw
		if tr.Discount == 0 {
			ends++
			assert.True(t, tr.Last)
			assert.Zero(t, tr.Next.Len())
			assert.Equal(t, raw-10*from, tr.Reward)
		} else {
			assert.Equal(t, 0.5, tr.Discount)
			to := tr.Next.State()[0]
			assert.Equal(t, from+1-float64(tr.Action), to)
			assert.InDelta(t, raw+0.5*10*to-10*from, tr.Reward, 1e-12)
		}
		if tr.Last {
			assert.Equal(t, -1, tr.NextAction)
			assert.Equal(t, report.Returns[episode-1], total)
			assert.Equal(t, report.Lengths[episode-1], at+1)
			if tr.Discount != 0 {
				cuts++
				assert.Equal(t, 8, at)
			}
			at, total = 0, 0
			continue
		}
		assert.Equal(t, r.seen[i+1].Action, tr.NextAction)
		at++
	}
	assert.Equal(t, 30, ends+cuts)
	assert.NotZero(t, ends)
	assert.NotZero(t, cuts)
}

// With γ = 0 each decision counts by itself, and the episode goes on all the same.
func TestTrainWithoutCredit(t *testing.T) {
	r := new(recorder)
	_, err := rl.Train(t.Context(), line(t, 3, 0), r, rl.TrainOptions{Episodes: 1, Seed: 1})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(r.seen), 3)
	for i, tr := range r.seen {
		assert.Zero(t, tr.Discount)
		assert.Zero(t, tr.Next.Len())
		assert.Equal(t, i == len(r.seen)-1, tr.Last)
	}
	assert.Equal(t, []float64{2}, r.seen[len(r.seen)-1].Obs.State())
}

// Potential-based shaping leaves the values' differences, and so the best policy, as they are.
func TestPotentialLeavesTheBestPolicy(t *testing.T) {
	values := func(potential func(*lepton.Observation) float64) []float64 {
		q, err := rl.NewQLearning(twoActions, rl.TabularOptions{StepSize: rl.StepSize{Alpha: 1}, Epsilon: 1})
		require.NoError(t, err)
		_, err = rl.Train(t.Context(), line(t, 4, 0), q, rl.TrainOptions{
			Episodes: 300, Credit: lepton.CreditOptions{Gamma: 0.9, Potential: potential},
		})
		require.NoError(t, err)
		return scoresIn(t, q, 1)
	}
	plain := values(nil)
	shaped := values(func(o *lepton.Observation) float64 { return 5 - o.State()[0] })
	assert.InDelta(t, -1-0.9-0.81, plain[0], 1e-9)
	for a := range plain {
		assert.InDelta(t, plain[a]-4, shaped[a], 1e-9) // Q − Φ(s)
	}
}

func TestTrainRepeatsAndDependsOnTheSeed(t *testing.T) {
	trained := func(seed uint64) ([]float64, []byte) {
		l := newREINFORCE(t, (&jobWorld{}).Spec(), rl.REINFORCEOptions{})
		report, err := rl.Train(t.Context(), &jobWorld{jobs: 6}, l, rl.TrainOptions{
			Episodes: 100, Seed: seed, Credit: lepton.CreditOptions{Gamma: 1},
		})
		require.NoError(t, err)
		return report.Returns, saved(t, l)
	}
	returns, bytes1 := trained(1)
	again, bytes2 := trained(1)
	other, _ := trained(2)
	assert.Equal(t, returns, again)
	assert.Equal(t, bytes1, bytes2)
	assert.NotEqual(t, returns, other)
}

func TestTrainReportsAsItGoes(t *testing.T) {
	var episodes []int
	asked := 0
	report, err := rl.Train(t.Context(), line(t, 3, 5), new(recorder), rl.TrainOptions{
		Episodes: 7, EvalEvery: 3,
		Eval:     func(lepton.Policy) float64 { asked++; return float64(asked) },
		Progress: func(p rl.ProgressReport) { episodes = append(episodes, p.Episode) },
	})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 3, 4, 5, 6, 7}, episodes)
	require.Len(t, report.Curve, 3)
	for i, want := range []int{3, 6, 7} {
		assert.Equal(t, want, report.Curve[i].Episode)
		assert.Equal(t, float64(i+1), report.Curve[i].Score)
	}
	assert.Equal(t, report.Steps, report.Curve[2].Steps)
}

func TestTrainEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := new(recorder)
	report, err := rl.Train(ctx, line(t, 3, 5), r, rl.TrainOptions{
		Episodes: 1_000_000, Progress: func(p rl.ProgressReport) {
			if p.Episode == 3 {
				cancel()
			}
		},
	})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Len(t, report.Returns, 3)
	assert.True(t, r.seen[len(r.seen)-1].Last)

	// In the middle of an episode: what was begun is cut, and told to the learner.
	ctx, cancel = context.WithCancel(t.Context())
	env := &cancelling{Environment: line(t, 50, 0), cancel: cancel, after: 4}
	r = new(recorder)
	_, err = rl.Train(ctx, env, r, rl.TrainOptions{Episodes: 1, Credit: lepton.CreditOptions{Gamma: 1}})
	assert.ErrorIs(t, err, context.Canceled)
	require.Len(t, r.seen, 4)
	assert.True(t, r.seen[3].Last)
	assert.NotZero(t, r.seen[3].Discount)
}

type cancelling struct {
	lepton.Environment
	cancel context.CancelFunc
	after  int
}

func (c *cancelling) Step(a int) (float64, float64, bool) {
	if c.after--; c.after == 0 {
		c.cancel()
	}
	return c.Environment.Step(a)
}

func TestTrainRefuses(t *testing.T) {
	env := line(t, 3, 0)
	_, err := rl.Train(t.Context(), env, new(recorder), rl.TrainOptions{
		Episodes: -1, EvalEvery: -1, Credit: lepton.CreditOptions{Gamma: 2, ID: 1, Unit: 1},
	})
	for _, want := range []string{"neither TrainOptions.Episodes nor Steps", "Episodes is -1", "EvalEvery is -1", "Gamma is 2", "ID must be 0", "Unit must be 0"} {
		assert.ErrorContains(t, err, want)
	}
	var spec *lepton.SpecError
	_, err = rl.Train(t.Context(), env, newREINFORCE(t, lepton.Spec{ActionDim: 1}, rl.REINFORCEOptions{}), rl.TrainOptions{Episodes: 1})
	assert.ErrorAs(t, err, &spec)

	nan := policy.Func(func(p []float64, _ *lepton.Observation, _ *lepton.Scratch) { p[0] = math.NaN() })
	half := policy.Func(func(p []float64, _ *lepton.Observation, _ *lepton.Scratch) { p[0], p[1] = 0.5, 0 })
	for name, p := range map[string]lepton.Policy{"NaN": nan, "does not sum to 1": half} {
		_, err = rl.Evaluate(t.Context(), env, p, 0, 1)
		assert.ErrorIs(t, err, rl.ErrUnusable, name)
	}
}

func TestEvaluateGivesEachSeedItsOwnLuck(t *testing.T) {
	env := &jobWorld{jobs: 5}
	all, err := rl.Evaluate(t.Context(), env, policy.Uniform(), 0, 1, 2, 3)
	require.NoError(t, err)
	alone, err := rl.Evaluate(t.Context(), env, policy.Uniform(), 0, 3)
	require.NoError(t, err)
	assert.Equal(t, all[2:], alone)
	cut, err := rl.Evaluate(t.Context(), line(t, 9, 0), policy.Greedy(policy.ScoreFunc(func(*lepton.Observation, int) float64 { return 0 })), 4, 1)
	require.NoError(t, err)
	assert.Equal(t, []float64{-4}, cut)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = rl.Evaluate(ctx, env, policy.Uniform(), 0, 1)
	assert.ErrorIs(t, err, context.Canceled)
}

func saved(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := v.(lepton.Saver).WriteTo(&b)
	require.NoError(t, err)
	require.EqualValues(t, b.Len(), n)
	return b.Bytes()
}
