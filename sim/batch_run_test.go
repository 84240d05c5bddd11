package sim

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// scoresOf is a scorer over states and over observations.
type scoresOf func(i int, id uint64) float64

// ScoresState scores by place and ID.
func (f scoresOf) ScoresState(dst []float64, _ *BatchState, obs *lepton.Observation, _ *lepton.Scratch) {
	f.Scores(dst, obs, nil)
}

// Scores scores by place and ID.
func (f scoresOf) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		dst[i] = f(i, obs.ID(i))
	}
}

// TestBatchRunSortsStably gives scores that are equal, not a number or left out.
func TestBatchRunSortsStably(t *testing.T) {
	jobs := []Job{{ID: 1, Run: 10, Procs: 4}} // holds the machine while the others arrive
	for id := range int64(5) {
		jobs = append(jobs, Job{ID: id + 2, Submit: 1, Run: 1, Procs: 4})
	}
	for _, c := range []struct {
		name  string
		score scoresOf
		order []int32
		nans  int
	}{
		{"all equal", func(int, uint64) float64 { return 1 }, []int32{0, 1, 2, 3, 4, 5}, 0},
		{"higher is better", func(_ int, id uint64) float64 { return float64(id) }, []int32{0, 1, 5, 4, 3, 2}, 0},
		{"all NaN", func(int, uint64) float64 { return nan }, []int32{0, 1, 2, 3, 4, 5}, 1 + 1 + 4 + 3 + 2 + 1},
		{"NaN is last, behind the worst", func(_ int, id uint64) float64 {
			switch id {
			case 4:
				return nan
			case 5:
				return negInf
			}
			return 1
		}, []int32{0, 1, 2, 5, 4, 3}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := mustBatch(t, Machine{Procs: 4}, BatchOptions{})
			require.NoError(t, world.Reset(jobs, 0, len(jobs)))
			result, err := world.Run(c.score)
			require.NoError(t, err)
			assert.Equal(t, c.order, result.Order)
			assert.Equal(t, c.nans, result.NaNScores)

			require.NoError(t, world.Reset(jobs, 0, len(jobs)))
			result, err = world.RunScorer(c.score, BatchEncoder(), BatchActions(0))
			require.NoError(t, err)
			assert.Equal(t, c.order, result.Order)
			assert.Equal(t, c.nans, result.NaNScores)
		})
	}
}

// TestBatchKeepsTheOrderBetweenDecisions: scores that favour job 4 once leave it in front of its equals.
func TestBatchKeepsTheOrderBetweenDecisions(t *testing.T) {
	jobs := []Job{{ID: 1, Run: 10, Procs: 4}, {ID: 2, Submit: 1, Run: 5, Procs: 4},
		{ID: 3, Submit: 1, Run: 1, Procs: 4}, {ID: 4, Submit: 1, Run: 1, Procs: 4}, {ID: 5, Submit: 1, Run: 1, Procs: 4}}
	world := mustBatch(t, Machine{Procs: 4}, BatchOptions{})
	require.NoError(t, world.Reset(jobs, 0, len(jobs)))
	decision := 0
	result, err := world.Run(scoresOf(func(i int, id uint64) float64 {
		if i == 0 {
			decision++
		}
		switch {
		case decision == 3 && id == 5: // 3, 4 and 5 are queued
			return 2
		case decision == 3 && id == 4:
			return 1
		}
		return 0
	}))
	require.NoError(t, err)
	assert.Equal(t, []int32{0, 1, 4, 3, 2}, result.Order)
}

// preferEven is a policy without a ranking that likes even jobs best.
type preferEven struct{}

// Probs is the policy.
func (preferEven) Probs(p []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	total := 0.0
	for i := range p {
		p[i] = 1 + float64(1-obs.ID(i)%2)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
}

func TestBatchRunPolicyRanksByProbability(t *testing.T) {
	jobs := []Job{{ID: 1, Run: 10, Procs: 4}}
	for id := range int64(5) {
		jobs = append(jobs, Job{ID: id + 2, Submit: 1, Run: 1, Procs: 4})
	}
	world := mustBatch(t, Machine{Procs: 4}, BatchOptions{})
	require.NoError(t, world.Reset(jobs, 0, len(jobs)))
	result, err := world.RunPolicy(preferEven{}, BatchEncoder(), BatchActions(0))
	require.NoError(t, err)
	assert.Equal(t, []int32{0, 1, 3, 5, 2, 4}, result.Order)
}

// brokenEncoder appends one value too many.
type brokenEncoder struct {
	lepton.StateEncoder[*BatchState]
}

// AppendState appends too much.
func (b brokenEncoder) AppendState(dst []float64, s *BatchState) []float64 {
	return append(b.StateEncoder.AppendState(dst, s), 1)
}

func TestBatchRunScorerNamesFaults(t *testing.T) {
	jobs := randomJobs(rand.New(rand.NewPCG(1, 5)), 20, Machine{Procs: 4}, false)
	world := mustBatch(t, Machine{Procs: 4}, BatchOptions{})
	even := scoresOf(func(int, uint64) float64 { return 0 })
	require.NoError(t, world.Reset(jobs, 0, len(jobs)))
	_, err := world.RunScorer(even, brokenEncoder{BatchEncoder()}, BatchActions(0))
	require.ErrorIs(t, err, lepton.ErrStateDim)
	_, err = world.RunScorer(even, BatchEncoder(), BatchActions(1))
	require.ErrorIs(t, err, ErrOffer, "some jobs are not offered")
}

// TestBatchVisible shows the first jobs in the order of submission, whatever was sorted before.
func TestBatchVisible(t *testing.T) {
	jobs := []Job{{ID: 1, Run: 100, Procs: 4}}
	for id := range int64(9) {
		jobs = append(jobs, Job{ID: id + 2, Submit: 1 + id, Run: 1, Procs: 4})
	}
	world := mustBatch(t, Machine{Procs: 4}, BatchOptions{Visible: 3})
	require.NoError(t, world.Reset(jobs, 0, len(jobs)))
	result, err := world.Run(scoresOf(func(_ int, id uint64) float64 { return float64(id) }))
	require.NoError(t, err)
	// Job 2 is chosen when it is alone; then the latest of the three visible ones, until fewer are left.
	assert.Equal(t, []int32{0, 1, 4, 5, 6, 7, 8, 9, 3, 2}, result.Order)

	require.NoError(t, world.Reset(jobs, 0, len(jobs)))
	require.NoError(t, world.Start(0))
	require.NoError(t, world.Start(0))
	assert.Len(t, world.State().Queue, 3)
	assert.Equal(t, 8, world.State().Queued)
	require.ErrorIs(t, world.Start(3), ErrNotQueued)
}

// TestBatchRunsOnAfterStart: what Start began, Run finishes, sorting from the order that it finds.
func TestBatchRunsOnAfterStart(t *testing.T) {
	jobs := randomJobs(rand.New(rand.NewPCG(2, 5)), 100, Machine{Procs: 8}, false)
	sjf := mustHeuristic(t, "SJF")
	for _, backfill := range allBackfills {
		world := mustBatch(t, Machine{Procs: 8}, BatchOptions{Backfill: backfill})
		run := func(order lepton.StateScorer[*BatchState]) []int64 {
			require.NoError(t, world.Reset(jobs, 0, len(jobs)))
			for range 10 {
				require.NoError(t, world.Start(len(world.State().Queue)-1))
			}
			result, err := world.Run(order)
			require.NoError(t, err)
			return slices.Clone(result.Starts)
		}
		assert.Equal(t, run(plainScorer{sjf}), run(sjf))
	}
}

// TestRechooseLetsALateJobPass: job 2 blocks and is chosen, the shorter job 3 arrives while it waits. Committed, job 2
// goes first; otherwise the new job does.
func TestRechooseLetsALateJobPass(t *testing.T) {
	jobs := []Job{{ID: 1, Run: 10, Procs: 4, Request: 10}, {ID: 2, Submit: 1, Run: 9, Procs: 4, Request: 9}, {ID: 3, Submit: 2, Run: 3, Procs: 4, Request: 3}}
	for _, backfill := range []Backfill{BackfillNone, BackfillEASY} {
		for _, rechoose := range []bool{false, true} {
			world := mustBatch(t, Machine{Procs: 4}, BatchOptions{Backfill: backfill, Rechoose: rechoose})
			require.NoError(t, world.Reset(jobs, 0, len(jobs)))
			result, err := world.Run(mustHeuristic(t, "SJF"))
			require.NoError(t, err)
			want := []int64{0, 10, 19}
			if rechoose {
				want = []int64{0, 13, 10}
			}
			assert.Equal(t, want, result.Starts, "backfill %s, rechoose %v", backfill, rechoose)
		}
	}
}
