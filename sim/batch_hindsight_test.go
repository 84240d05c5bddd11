package sim

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// TestBatchHindsightIsABound: who knows run times and arrivals waits far less than who plans without, pooled over workloads.
func TestBatchHindsightIsABound(t *testing.T) {
	for _, backfill := range allBackfills {
		t.Run(backfill.String(), func(t *testing.T) {
			logs := 0.0
			for seed := range uint64(4) {
				trace, err := Lublin(LublinOptions{Jobs: 250, Load: 1.1, Seed: seed})
				require.NoError(t, err)
				world := mustBatch(t, trace.Machine(), BatchOptions{Backfill: backfill})
				require.NoError(t, world.Reset(trace.Jobs, 0, len(trace.Jobs)))
				h, err := NewBatchHindsight(world, 0)
				require.NoError(t, err)
				bound, err := world.Run(h)
				require.NoError(t, err)
				logs += math.Log(bound.Metrics().AvgBSLD)
				require.NoError(t, world.Reset(trace.Jobs, 0, len(trace.Jobs)))
				planned, err := world.Run(mustPlanner(t, BatchPlannerOptions{Backfill: backfill}))
				require.NoError(t, err)
				logs -= math.Log(planned.Metrics().AvgBSLD)
			}
			assert.Less(t, math.Exp(logs/4), 0.9)
		})
	}
	_, err := NewBatchHindsight(nil, -1)
	assert.ErrorContains(t, err, "-1 arrivals")
}

// TestBatchHindsightCosts: the jobs that may be chosen have a cost, no others; where all run times are as asked for, the costs are
// those that a planner with the same options goes by.
func TestBatchHindsightCosts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	m := Machine{Procs: 8}
	jobs := randomJobs(r, 80, m, false)
	for i := range jobs {
		jobs[i].Run = max(jobs[i].Run, 1)
		jobs[i].Request = jobs[i].Run
	}
	world := mustBatch(t, m, BatchOptions{})
	require.NoError(t, world.Reset(jobs, 0, len(jobs)))
	h, err := NewBatchHindsight(world, 0)
	require.NoError(t, err)
	f := mustForesight(t, BackfillNone)
	var obs lepton.Observation
	compared, same := 0, 0
	for !world.Done() {
		s := world.State()
		require.NoError(t, lepton.Encode(&obs, f.StateEncoder(), f.ActionSpace(), s, 0))
		costs := make([]float64, obs.Len())
		h.CostsState(costs, s, &obs)
		own := &foresight{options: h.games.options}
		own.learn(s.Past)
		own.look(s, nil, len(s.Queue))
		own.playAll(s)
		for i, c := range costs {
			require.Equal(t, obs.Legal(i), c == c, "job %d", i)
		}
		least := never
		for _, c := range own.choices {
			least = min(least, c.cost)
		}
		for _, c := range own.choices {
			if c.over == 0 && c.cost < 1.5*least { // it met all futures, and was not cut short
				compared++
				if math.Abs(c.cost-costs[c.at]) <= 1e-9*(1+c.cost) {
					same++
				}
			}
		}
		require.NoError(t, world.Start(r.IntN(obs.Len())))
	}
	assert.Greater(t, compared, 30)
	assert.Greater(t, same, compared*8/10, "but where a job ends in this very second, or one future was cut short")
}
