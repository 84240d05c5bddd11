package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

func TestBatchRefusesBadOptions(t *testing.T) {
	_, err := NewBatch(Machine{Procs: 0, Nodes: -1}, BatchOptions{Backfill: 9, BackfillPredicted: true, Visible: -1})
	require.Error(t, err)
	for _, fault := range []string{"Machine.Procs is 0", "Machine.Nodes is -1", "Backfill is 9", "Visible is -1"} {
		assert.ErrorContains(t, err, fault)
	}
	_, err = NewBatch(Machine{Procs: 4}, BatchOptions{BackfillPredicted: true})
	require.ErrorContains(t, err, "BackfillPredicted without Backfill")
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

func ExampleNewBatch() {
	world, err := NewBatch(Machine{Procs: 4}, BatchOptions{Backfill: BackfillEASY})
	if err != nil {
		fmt.Println(err)
		return
	}
	jobs := []Job{
		{ID: 1, Submit: 0, Run: 100, Procs: 3, Request: 120},
		{ID: 2, Submit: 10, Run: 50, Procs: 4, Request: 60},
		{ID: 3, Submit: 20, Run: 30, Procs: 1, Request: 40},
	}
	if err := world.Reset(jobs, 0, len(jobs)); err != nil {
		fmt.Println(err)
		return
	}
	fcfs, _ := BatchHeuristicByName("FCFS")
	result, err := world.Run(fcfs)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("starts", result.Starts)
	fmt.Printf("mean bounded slowdown %.3f\n", result.Metrics().AvgBSLD)
	// Output:
	// starts [0 100 20]
	// mean bounded slowdown 1.600
}

func ExampleBatch_Start() {
	world, err := NewBatch(Machine{Procs: 4}, BatchOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	jobs := []Job{
		{ID: 1, Submit: 0, Run: 100, Procs: 4, Request: 120},
		{ID: 2, Submit: 10, Run: 50, Procs: 4, Request: 60},
		{ID: 3, Submit: 10, Run: 30, Procs: 1, Request: 40},
	}
	if err := world.Reset(jobs, 0, len(jobs)); err != nil {
		fmt.Println(err)
		return
	}
	for !world.Done() {
		state := world.State()
		last := len(state.Queue) - 1
		fmt.Printf("at %d: %d queued, job %d goes next\n", state.Clock, state.Queued, state.Queue[last].ID)
		if err := world.Start(last); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// at 0: 1 queued, job 1 goes next
	// at 10: 1 queued, job 2 goes next
	// at 100: 1 queued, job 3 goes next
}
