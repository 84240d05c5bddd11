package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

func TestHistoryIsWhatHadEnded(t *testing.T) {
	job := func(id, submit, run int64) Job {
		return Job{ID: id, Submit: submit, Run: run, Procs: 1, Request: 50, User: id % 2}
	}
	jobs := []Job{
		job(1, 0, 30), job(2, 10, 90), job(3, 20, 5), job(4, 30, 71), job(5, 120, 0), job(6, 40, 20),
		job(7, 100, 10), job(8, 101, 10), // the sequence
		job(9, 50, 1),
	}
	for name, c := range map[string]struct {
		history int
		want    []int64
	}{
		"none":        {0, nil},
		"one":         {1, []int64{6}},
		"some":        {2, []int64{3, 6}},
		"an end now":  {3, []int64{3, 6, 2}}, // not 4, which ends a second later, nor 5, submitted later, nor 9, behind the sequence
		"all":         {4, []int64{3, 1, 6, 2}},
		"all and not": {99, []int64{3, 1, 6, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			var given [][]int64
			world := mustBatch(t, Machine{Procs: 4}, BatchOptions{History: c.history, Predict: func(j QueuedJob, ended []EndedJob) float64 {
				given = append(given, nil)
				for _, e := range ended {
					given[len(given)-1] = append(given[len(given)-1], e.ID)
				}
				return 1
			}})
			require.NoError(t, world.Reset(jobs, 6, 2))
			s := world.State()
			var got []int64
			for _, e := range s.Past {
				got = append(got, e.ID)
				assert.Equal(t, e.Submit, e.Start)
				assert.Equal(t, 50.0, e.Predicted)
			}
			assert.Equal(t, c.want, got)
			assert.Zero(t, s.Ended)
			assert.Zero(t, s.Started)
			odd := slices.DeleteFunc(slices.Clone(c.want), func(id int64) bool { return id%2 == 0 })
			assert.Equal(t, [][]int64{append([]int64(nil), odd...)}, given)
			require.NoError(t, world.Reset(jobs, 0, 1))
			assert.Empty(t, world.State().Past)
		})
	}
}

func TestHistoryFaults(t *testing.T) {
	_, err := NewBatch(Machine{Procs: 4}, BatchOptions{History: -1})
	require.ErrorContains(t, err, "BatchOptions.History is -1")
	world := mustBatch(t, Machine{Procs: 4}, BatchOptions{History: 1})
	bad := []Job{{ID: 1, Procs: 5, Run: 1}, {ID: 2, Submit: 9, Procs: 1, Run: 1}}
	require.ErrorIs(t, world.Reset(bad, 0, 1), ErrBadJob)
	require.ErrorIs(t, world.Reset(bad, 1, 1), ErrBadJob)
	assert.True(t, world.Done())
	assert.Empty(t, world.State().Past)
	require.NoError(t, mustBatch(t, Machine{Procs: 4}, BatchOptions{}).Reset(bad, 1, 1), "not looked at")
}

// TestHistoryHidesWhatHadNotEnded changes the run times of jobs before the sequence that had not ended, and everything
// about jobs behind it, and demands the same states to the last digit and the same decisions of the planner, which reads
// all of the past. That it would notice is shown by changing a job that had ended.
func TestHistoryHidesWhatHadNotEnded(t *testing.T) {
	run := func(jobs []Job, backfill Backfill, history int) []string {
		world := mustBatch(t, Machine{Procs: 8}, BatchOptions{Backfill: backfill, History: history, Predict: meanOfLastTwo})
		planner := mustPlanner(t, BatchPlannerOptions{Backfill: backfill, Futures: 2, Arrivals: 5})
		require.NoError(t, world.Reset(jobs, 40, 30))
		var log []string
		for !world.Done() {
			var obs lepton.Observation
			require.NoError(t, lepton.Encode(&obs, BatchEncoder(), BatchActions(0), world.State(), 0))
			i := argmax(func(dst []float64) { planner.ScoresState(dst, world.State(), &obs, nil) }, obs.Len())
			log = append(log, fmt.Sprintf("%v -> %d", *world.State(), i))
			require.NoError(t, world.Start(i))
		}
		return log
	}
	for _, backfill := range allBackfills {
		t.Run(backfill.String(), func(t *testing.T) {
			hidden, known := 0, 0
			for seed := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, 8))
				jobs := randomJobs(r, 90, Machine{Procs: 8}, true)
				changed, now := slices.Clone(jobs), jobs[40].Submit
				ended := -1
				for i := range changed {
					j := &changed[i]
					switch {
					case i < 40 && j.Submit+j.Run <= now && j.Run == 0:
					case i < 40 && j.Submit+j.Run <= now:
						ended = i
					case i < 40:
						j.Run = max(now-j.Submit, 0) + 1 + r.Int64N(50)
						hidden++
					case i >= 70:
						*j = Job{ID: j.ID, Submit: r.Int64N(now), Procs: 1, Run: r.Int64N(5), Request: 3}
					}
				}
				before := run(jobs, backfill, 20)
				require.Equal(t, before, run(changed, backfill, 20), "seed %d", seed)
				changed[ended].Run--
				if !slices.Equal(before, run(changed, backfill, 20)) {
					known++
				}
			}
			assert.Greater(t, hidden, 20)
			assert.Equal(t, 20, known)
		})
	}
}
