package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBatchRefusesBadOptions(t *testing.T) {
	_, err := NewBatch(Machine{Procs: 0, Nodes: -1}, BatchOptions{Backfill: 9, BackfillPredicted: true, Visible: -1})
	require.Error(t, err)
	for _, fault := range []string{"Machine.Procs is 0", "Machine.Nodes is -1", "Backfill is 9", "Visible is -1"} {
		assert.ErrorContains(t, err, fault)
	}
	_, err = NewBatch(Machine{Procs: 4}, BatchOptions{BackfillPredicted: true})
	require.ErrorContains(t, err, "BackfillPredicted without Backfill")
	_, err = NewBatch(Machine{Procs: 4}, BatchOptions{Backfill: BackfillReference, Rechoose: true})
	require.ErrorContains(t, err, "Rechoose with BackfillReference")
}

func TestBatchRefusesBadSequences(t *testing.T) {
	good := Job{ID: 7, Procs: 1, Run: 1, Request: 1}
	with := func(change func(*Job)) []Job {
		j := good
		change(&j)
		return []Job{good, j}
	}
	for _, c := range []struct {
		name          string
		jobs          []Job
		start, length int
		want          error
		part          string
	}{
		{"no jobs", nil, 0, 1, ErrSequence, "1 jobs from 0 on of 0"},
		{"nothing", []Job{good}, 0, 0, ErrSequence, ""},
		{"negative start", []Job{good}, -1, 1, ErrSequence, ""},
		{"past the end", []Job{good}, 1, 1, ErrSequence, ""},
		{"sum overflows", []Job{good}, math.MaxInt, math.MaxInt, ErrSequence, ""},
		{"no processors", with(func(j *Job) { j.Procs = 0 }), 0, 2, ErrBadJob, "job 7 asks for 0 processors of 4"},
		{"larger than the machine", with(func(j *Job) { j.Procs = 5 }), 0, 2, ErrBadJob, "asks for 5 processors of 4"},
		{"negative run time", with(func(j *Job) { j.Run = -1 }), 0, 2, ErrBadJob, "negative run time"},
		{"endless", with(func(j *Job) { j.Run = math.MaxInt64 }), 0, 2, ErrBadJob, "beyond"},
		{"request that overflows", with(func(j *Job) { j.Request = math.MaxInt64 }), 0, 2, ErrBadJob, "beyond"},
		{"before time", with(func(j *Job) { j.Submit = math.MinInt64 }), 0, 2, ErrBadJob, "beyond"},
	} {
		t.Run(c.name, func(t *testing.T) {
			world := mustBatch(t, Machine{Procs: 4}, BatchOptions{})
			err := world.Reset(c.jobs, c.start, c.length)
			require.ErrorIs(t, err, c.want)
			assert.ErrorContains(t, err, c.part)
			assert.True(t, world.Done(), "no sequence")
			require.ErrorIs(t, world.Start(0), ErrBatchEnded)
			_, err = world.Run(mustHeuristic(t, "FCFS"))
			require.ErrorIs(t, err, ErrBatchEnded)
			_, err = world.Run(plainScorer{mustHeuristic(t, "FCFS")})
			require.ErrorIs(t, err, ErrBatchEnded)
			require.NoError(t, world.Reset([]Job{good}, 0, 1), "and it can be used on")
			require.ErrorIs(t, world.Start(1), ErrNotQueued)
			require.ErrorIs(t, world.Start(-1), ErrNotQueued)
			require.NoError(t, world.Start(0))
		})
	}
}

// TestBatchTakesOddJobs runs what logs do hold: requests of 0 and less, run times of 0, times below 0.
func TestBatchTakesOddJobs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	jobs := randomJobs(r, 60, Machine{Procs: 4}, true)
	for i := range jobs {
		jobs[i].Submit -= 100
		jobs[i].Request = r.Int64N(4) - 2
		jobs[i].Run = r.Int64N(3) * r.Int64N(30)
	}
	for _, backfill := range allBackfills {
		world := mustBatch(t, Machine{Procs: 4}, BatchOptions{Backfill: backfill})
		for _, name := range BatchHeuristicNames() {
			require.NoError(t, world.Reset(jobs, 0, len(jobs)))
			result, err := world.Run(mustHeuristic(t, name))
			require.NoError(t, err)
			assert.Len(t, result.Order, len(jobs))
			if name == "F2" {
				assert.Positive(t, result.NaNScores, "roots of negative requests, logs of negative times")
			}
		}
	}
}

// TestBatchPredict: called once a job, when it joins, with what has ended of its user by then.
func TestBatchPredict(t *testing.T) {
	jobs := []Job{
		{ID: 1, Submit: 0, Run: 5, Procs: 1, Request: 50, User: 1},
		{ID: 2, Submit: 1, Run: 9, Procs: 1, Request: 50, User: 1},
		{ID: 3, Submit: 2, Run: 1, Procs: 1, Request: 50, User: 2},
		{ID: 4, Submit: 20, Run: 7, Procs: 1, Request: 50, User: 1},
		{ID: 5, Submit: 20, Run: 7, Procs: 1, Request: 50, User: -1},
		{ID: 6, Submit: 21, Run: 7, Procs: 1, Request: 50, User: 2},
	}
	seen := map[int64][]int64{}
	bad := map[int64]float64{2: nan, 3: math.Inf(1), 5: -1}
	world := mustBatch(t, Machine{Procs: 4}, BatchOptions{Predict: func(j QueuedJob, ended []EndedJob) float64 {
		runs := []int64{}
		for _, e := range ended {
			runs = append(runs, e.Run, e.Start)
		}
		require.NotContains(t, seen, j.ID)
		seen[j.ID] = runs
		if p, ok := bad[j.ID]; ok {
			return p
		}
		return 33
	}})
	for range 2 { // the history does not outlive the sequence
		clear(seen)
		require.NoError(t, world.Reset(jobs, 0, len(jobs)))
		predicted := map[int64]float64{}
		for !world.Done() {
			for _, q := range world.State().Queue {
				predicted[q.ID] = q.Predicted
			}
			require.NoError(t, world.Start(0))
		}
		assert.Equal(t, map[int64][]int64{1: {}, 2: {}, 3: {}, 4: {5, 0, 9, 1}, 5: {}, 6: {1, 2}}, seen)
		assert.Equal(t, map[int64]float64{1: 33, 2: 50, 3: 50, 4: 33, 5: 50, 6: 33}, predicted)
		assert.Equal(t, 3, world.Result().BadPredictions)
	}
}

// TestPerfectPredictionsAreRunTimes: with them, SJF_pred and backfilling do as the same rules on requests would that are
// exact. Both lose nothing but the users' guesses.
func TestPerfectPredictionsAreRunTimes(t *testing.T) {
	for _, backfill := range []Backfill{BackfillReference, BackfillEASY} {
		r := rand.New(rand.NewPCG(9, 9))
		jobs := randomJobs(r, 200, Machine{Procs: 8}, false)
		exact := slices.Clone(jobs)
		for i := range exact {
			exact[i].Request = exact[i].Run
		}
		guessing := mustBatch(t, Machine{Procs: 8}, BatchOptions{Backfill: backfill, BackfillPredicted: true,
			Predict: func(j QueuedJob, _ []EndedJob) float64 { return float64(jobs[j.ID-1].Run) }})
		knowing := mustBatch(t, Machine{Procs: 8}, BatchOptions{Backfill: backfill})
		require.NoError(t, guessing.Reset(jobs, 0, len(jobs)))
		require.NoError(t, knowing.Reset(exact, 0, len(exact)))
		got, err := guessing.Run(mustHeuristic(t, "SJF_pred"))
		require.NoError(t, err)
		want, err := knowing.Run(mustHeuristic(t, "SJF"))
		require.NoError(t, err)
		assert.Equal(t, want.Starts, got.Starts)
	}
}

func TestBatchReusesItsMemory(t *testing.T) {
	jobs := randomJobs(rand.New(rand.NewPCG(3, 5)), 300, Machine{Procs: 8}, false)
	for _, backfill := range allBackfills {
		world := mustBatch(t, Machine{Procs: 8}, BatchOptions{Backfill: backfill, Predict: meanOfLastTwo})
		for _, name := range []string{"SJF", "WFP3_fixed"} {
			h := mustHeuristic(t, name)
			assert.Zero(t, testing.AllocsPerRun(5, func() {
				if world.Reset(jobs, 0, len(jobs)) != nil {
					panic("reset")
				}
				if _, err := world.Run(h); err != nil {
					panic(err)
				}
			}), "%s %s", backfill, name)
		}
	}
}

func TestParseBackfill(t *testing.T) {
	for _, f := range allBackfills {
		got, err := ParseBackfill(f.String())
		require.NoError(t, err)
		assert.Equal(t, f, got)
	}
	_, err := ParseBackfill("EASY")
	require.ErrorContains(t, err, `unknown backfilling "EASY"`)
	assert.Equal(t, "backfill(7)", Backfill(7).String())
}

func TestMachineNodes(t *testing.T) {
	for _, c := range []struct {
		procs, nodes, job, want int64
	}{
		{128, 128, 5, 5}, {128, 0, 5, 5}, {128, 64, 5, 3}, {128, 64, 6, 3}, {128, 64, 1, 1},
		{100, 33, 100, 33}, // 100/(100/33) is 33.000000000000004 in floating point
		{100, 33, 3, 1}, {100, 33, 4, 2}, {4, 8, 1, 2},
	} {
		assert.Equal(t, c.want, Machine{c.procs, c.nodes}.withDefaults().nodes(c.job), "%+v", c)
	}
}
