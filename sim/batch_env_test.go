package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

var _ lepton.Environment = (*BatchEnv)(nil)

func smallTrace(n int) *Trace {
	return &Trace{Name: "small", MaxProcs: 8, Jobs: randomJobs(rand.New(rand.NewPCG(5, 5)), n, Machine{Procs: 8}, false)}
}

// play runs an episode with random choices and returns all rewards.
func play(t *testing.T, env *BatchEnv, seed uint64) (rewards []float64) {
	r := rand.New(rand.NewPCG(seed, 7))
	env.Reset(seed)
	var obs lepton.Observation
	for {
		env.Observe(&obs)
		require.Equal(t, env.Spec().StateDim, len(obs.State()))
		require.Equal(t, env.Spec().ActionDim, obs.ActionDim())
		require.Positive(t, obs.LegalCount())
		require.Equal(t, obs.Len(), obs.LegalCount(), "every queued job may be chosen")
		reward, discount, last := env.Step(r.IntN(obs.Len()))
		rewards = append(rewards, reward)
		if last {
			require.Zero(t, discount)
			env.Observe(&obs)
			require.Zero(t, obs.Len(), "nothing is due after the end")
			return rewards
		}
		require.Equal(t, 1.0, discount)
	}
}

// TestBatchEnvPaysTheMeasure: rewards of an episode add up to the measure of the whole, spread or at once.
func TestBatchEnvPaysTheMeasure(t *testing.T) {
	trace := smallTrace(300)
	for _, c := range []struct {
		name    string
		reward  BatchReward
		measure func(BatchMetrics, BatchResult) float64
	}{
		{"slowdown", RewardSlowdown, func(m BatchMetrics, _ BatchResult) float64 { return -m.AvgBSLD }},
		{"log slowdown", RewardLogSlowdown, func(_ BatchMetrics, r BatchResult) float64 {
			sum := 0.0
			for i, start := range r.Starts {
				sum -= math.Log(BoundedSlowdown(start-r.Jobs[i].Submit, r.Jobs[i].Run))
			}
			return sum / float64(len(r.Jobs))
		}},
		{"wait", RewardWait, func(m BatchMetrics, _ BatchResult) float64 { return -m.AvgWait / 3600 }},
		{"utilization", RewardUtilization, func(m BatchMetrics, _ BatchResult) float64 { return m.UtilMakespan }},
	} {
		for _, terminal := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/terminal=%v", c.name, terminal), func(t *testing.T) {
				env, err := NewBatchEnv(trace, BatchEnvOptions{Length: 50, Reward: c.reward, Terminal: terminal, Batch: BatchOptions{Backfill: BackfillEASY}})
				require.NoError(t, err)
				for seed := range uint64(5) {
					sum, paid := 0.0, 0
					for _, reward := range play(t, env, seed) {
						sum += reward
						if reward != 0 {
							paid++
						}
					}
					assert.InDelta(t, c.measure(env.Result().Metrics(), env.Result()), sum, 1e-9)
					if terminal {
						assert.Equal(t, 1, paid)
					}
				}
			})
		}
	}
}

// TestBatchEnvKeepsRangesApart: no episode touches a job outside of the range, every start comes up, and the seed
// decides which.
func TestBatchEnvKeepsRangesApart(t *testing.T) {
	trace := smallTrace(100)
	env, err := NewBatchEnv(trace, BatchEnvOptions{Length: 10, From: 40, To: 53})
	require.NoError(t, err)
	starts := map[int64]bool{}
	for seed := range uint64(60) {
		env.Reset(seed)
		first := env.Result().Jobs[0].ID
		starts[first] = true
		assert.GreaterOrEqual(t, first, int64(41))
		assert.LessOrEqual(t, first, int64(44))
		env.Reset(seed)
		assert.Equal(t, first, env.Result().Jobs[0].ID)
	}
	assert.Len(t, starts, 4)
	require.NoError(t, env.ResetAt(43))
	require.ErrorIs(t, env.ResetAt(44), ErrSequence)
	require.ErrorIs(t, env.ResetAt(39), ErrSequence)
	assert.Equal(t, int64(44), env.Result().Jobs[0].ID)
	assert.Equal(t, play(t, env, 3), play(t, env, 3), "run twice gives the same")
}

func TestBatchEnvRefuses(t *testing.T) {
	trace := smallTrace(100)
	_, err := NewBatchEnv(trace, BatchEnvOptions{Length: 60, From: 50, Reward: 9, Batch: BatchOptions{Backfill: 9}})
	require.ErrorIs(t, err, ErrSequence)
	require.ErrorContains(t, err, "Reward is 9")
	require.ErrorContains(t, err, "Backfill is 9")
	for _, o := range []BatchEnvOptions{{Length: -1}, {From: -1}, {To: 101}, {Length: 101}, {From: math.MaxInt}, {From: 20, To: 10, Length: 1}} {
		_, err := NewBatchEnv(trace, o)
		require.ErrorIs(t, err, ErrSequence, "%+v", o)
	}
	trace.Jobs[70].Procs = 9
	_, err = NewBatchEnv(trace, BatchEnvOptions{Length: 10, From: 50})
	require.ErrorIs(t, err, ErrBadJob)
	_, err = NewBatchEnv(trace, BatchEnvOptions{Length: 10, To: 50})
	require.NoError(t, err, "the bad job is outside of the range")
	_, err = NewBatchEnv(&Trace{}, BatchEnvOptions{})
	require.ErrorIs(t, err, ErrSequence)
}

func TestBatchEnvIllegalStepChangesNothing(t *testing.T) {
	env, err := NewBatchEnv(smallTrace(100), BatchEnvOptions{Length: 20})
	require.NoError(t, err)
	before := *env.State()
	for _, action := range []int{-1, len(before.Queue)} {
		reward, _, last := env.Step(action)
		assert.True(t, math.IsNaN(reward))
		assert.True(t, last)
	}
	assert.Equal(t, before, *env.State())
	play(t, env, 1)
	reward, _, last := env.Step(0)
	assert.True(t, math.IsNaN(reward) && last, "after the end")
}

func TestBatchEnvShowsAtMostVisible(t *testing.T) {
	trace := &Trace{MaxProcs: 1}
	for i := range int64(400) {
		trace.Jobs = append(trace.Jobs, Job{ID: i, Submit: i, Run: 1000, Procs: 1, Request: 1000})
	}
	env, err := NewBatchEnv(trace, BatchEnvOptions{Length: 400})
	require.NoError(t, err)
	var obs lepton.Observation
	most := 0
	for last := false; !last; {
		env.Observe(&obs)
		most = max(most, obs.Len())
		_, _, last = env.Step(0)
	}
	assert.Equal(t, 128, most)
}

// TestBatchEnvWithATeacher: a heuristic that decides as a StatePolicy does as the same heuristic in Run.
func TestBatchEnvWithATeacher(t *testing.T) {
	trace := smallTrace(200)
	for _, name := range []string{"FCFS", "SJF", "SAF", "F1"} {
		h := mustHeuristic(t, name)
		env, err := NewBatchEnv(trace, BatchEnvOptions{Length: 100})
		require.NoError(t, err)
		require.NoError(t, env.ResetAt(30))
		var obs lepton.Observation
		for last := false; !last; {
			env.Observe(&obs)
			p := make([]float64, obs.Len())
			h.ProbsState(p, env.State(), &obs, nil)
			choice := argmax(func(dst []float64) { copy(dst, p) }, len(p))
			_, _, last = env.Step(choice)
		}
		world := mustBatch(t, trace.Machine(), BatchOptions{})
		require.NoError(t, world.Reset(trace.Jobs, 30, 100))
		want, err := world.Run(h)
		require.NoError(t, err)
		assert.Equal(t, want.Starts, env.Result().Starts, name)
	}
}

func TestBatchEnvReportsABrokenEncoder(t *testing.T) {
	env, err := NewBatchEnv(smallTrace(50), BatchEnvOptions{Length: 20, Encoder: brokenEncoder{BatchEncoder()}})
	require.NoError(t, err)
	var obs lepton.Observation
	require.NoError(t, env.Err())
	env.Observe(&obs)
	require.ErrorIs(t, env.Err(), lepton.ErrStateDim)
	assert.Len(t, obs.State(), env.Spec().StateDim)
}

func ExampleNewBatchEnv() {
	trace := &Trace{MaxProcs: 4, Jobs: []Job{
		{ID: 1, Submit: 0, Run: 100, Procs: 4, Request: 120},
		{ID: 2, Submit: 10, Run: 50, Procs: 4, Request: 60},
	}}
	env, err := NewBatchEnv(trace, BatchEnvOptions{Length: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	var obs lepton.Observation
	for last := false; !last; {
		env.Observe(&obs)
		var reward float64
		reward, _, last = env.Step(obs.Len() - 1)
		fmt.Println(reward)
	}
	// Output:
	// -0.5
	// -1.4
}
