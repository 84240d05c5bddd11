package sim

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

func mustForesight(tb testing.TB, backfill Backfill) *BatchForesight {
	tb.Helper()
	f, err := NewBatchForesight(BatchPlannerOptions{Backfill: backfill})
	require.NoError(tb, err)
	return f
}

// foreseen encodes s, with names.
func foreseen(tb testing.TB, f *BatchForesight, s *BatchState) (state map[string]float64, rows []map[string]float64) {
	var obs lepton.Observation
	require.NoError(tb, lepton.Encode(&obs, f.StateEncoder(), f.ActionSpace(), s, 0))
	spec := lepton.SpecOf(f.StateEncoder(), f.ActionSpace())
	require.NoError(tb, spec.Validate())
	state = map[string]float64{}
	for i, name := range spec.StateNames {
		state[name] = obs.State()[i]
	}
	for i := range obs.Len() {
		row := map[string]float64{}
		for k, name := range spec.ActionNames {
			row[name] = obs.Action(i)[k]
		}
		rows = append(rows, row)
	}
	return state, rows
}

// TestBatchForesightByHand: a machine of 8 with 2 free and no past, so that requests are believed.
func TestBatchForesightByHand(t *testing.T) {
	s := &BatchState{Clock: 1000, Procs: 8, Nodes: 8, FreeNodes: 2, Queued: 2,
		Queue: []QueuedJob{
			{ID: 5, Submit: 400, Procs: 2, Nodes: 2, Request: 600},
			{ID: 6, Submit: 900, Procs: 8, Nodes: 8, Request: 100},
		},
		Running: []RunningJob{
			{QueuedJob: QueuedJob{Nodes: 4, Request: 500}, Start: 600}, // 100 left
			{QueuedJob: QueuedJob{Nodes: 2, Request: 900}, Start: 990}, // 890 left
		},
	}
	state, rows := foreseen(t, mustForesight(t, BackfillEASY), s)
	week := math.Log(1 + 7*86400)
	assert.Equal(t, []float64{0, 1}, []float64{state["backfill_reference"], state["backfill_easy"]})
	assert.InDelta(t, 2./8, state["free"], 1e-12)
	for name, want := range map[string][2]float64{
		"mean":       {math.Log(600) / week, math.Log(100) / week},
		"price":      {math.Log(600) / week, math.Log(100) / week},
		"request":    {math.Log(601) / week, math.Log(101) / week},
		"whole":      {1, 1},
		"believed":   {1, 1},
		"waited":     {math.Log(601) / week, math.Log(101) / week},
		"area":       {math.Log(600*2./8) / week, math.Log(100) / week},
		"wsaf":       {math.Log(600*600*2./8) / week, math.Log(100*100) / week},
		"nodes":      {2. / 8, 1},
		"log_nodes":  {math.Log(3) / math.Log(9), 1},
		"of_free":    {0.5, 1},
		"fits":       {1, 0},
		"until_fits": {0, math.Log(891) / week},
		"from_wsaf":  {math.Log(9) / week, 0},
		"from_sjf":   {math.Log(6) / week, 0},
		"from_f1":    {0, math.Log1p(8*2+870*math.Log10(900)-2*math.Log10(600)-870*math.Log10(400)) / math.Log(1000)},
		"rank_wsaf":  {1. / 12, 0},
		"rank_f1":    {0, 1. / 12},
		// Four jobs arrived in the 1,000 s since the first.
		"arrivals_before": {0, math.Log1p(890*4./1000) / math.Log(1000)},
		"arrivals_during": {math.Log1p(600*4./1000) / math.Log(1000), math.Log1p(100*4./1000) / math.Log(1000)},
		"blocked":         {0, math.Log1p(890./600) / math.Log(1000)},
	} {
		for i := range rows {
			assert.InDelta(t, want[i], rows[i][name], 1e-9, "%s of job %d", name, i)
		}
	}
	assert.Len(t, rows[0], 24)
	best := slices.MinFunc(rows, func(a, b map[string]float64) int { return cmp.Compare(a["cost"], b["cost"]) })
	for i := range rows {
		assert.Equal(t, rows[i]["cost"] == best["cost"], rows[i]["cost_least"] == 1)
		assert.InDelta(t, 2*(rows[i]["cost"]-best["cost"])*math.Log(1000), rows[i]["cost_over"], 1e-9)
	}
}

// TestBatchForesightFollowsFromTheState compares one that has seen other decisions, of this sequence, of others and of
// the same with other run times, bit for bit with one that has seen nothing, and shows nothing that is hidden.
func TestBatchForesightFollowsFromTheState(t *testing.T) {
	m := Machine{Procs: 8}
	used := mustForesight(t, BackfillEASY)
	observe := func(f *BatchForesight, s *BatchState) *lepton.Observation {
		obs := new(lepton.Observation)
		require.NoError(t, lepton.Encode(obs, f.StateEncoder(), f.ActionSpace(), s, 0))
		return obs
	}
	differed := 0
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 8))
		jobs := randomJobs(r, 60, m, false)
		world := mustBatch(t, m, BatchOptions{Backfill: BackfillEASY})
		other := mustBatch(t, m, BatchOptions{Backfill: BackfillEASY})
		require.NoError(t, world.Reset(jobs, 0, len(jobs)))
		changed := slices.Clone(jobs)
		changed[3].Run = 1 + changed[3].Run/2
		require.NoError(t, other.Reset(changed, 0, len(jobs)))
		for !world.Done() && !other.Done() {
			s := world.State()
			want, got := observe(mustForesight(t, BackfillEASY), s), observe(used, s)
			require.Equal(t, want.State(), got.State())
			require.Equal(t, want.Rows(), got.Rows(), "seed %d", seed)
			bare := *s
			bare.Past = nil
			if !slices.Equal(observe(used, &bare).Rows(), want.Rows()) {
				differed++
			}
			observe(used, other.State())
			require.NoError(t, world.Start(r.IntN(len(s.Queue))))
			require.NoError(t, other.Start(r.IntN(len(other.State().Queue))))
		}
		decide := func(s *BatchState, _ *lepton.Observation, _ []Job) int {
			rows := observe(used, s).Rows()
			sum := 0
			for _, c := range []byte(fmt.Sprint(rows)) {
				sum = sum*31 + int(c)
			}
			return int(uint(sum) % uint(len(s.Queue)))
		}
		k := r.IntN(len(jobs))
		before := decisionsUntil(t, world, jobs, decide, k)
		hidden := perturb(r, world, jobs, m)
		require.Equal(t, before, decisionsUntil(t, world, hidden, decide, k), "seed %d", seed)
	}
	assert.Greater(t, differed, 100, "the past changes nothing")
}

// TestBatchForesightIsFinite feeds what logs hold at worst, and states that nobody filled.
func TestBatchForesightIsFinite(t *testing.T) {
	odd := &BatchState{Clock: -maxTime, Procs: 1, Nodes: 1, Past: []EndedJob{{}, {Job: Job{Run: maxTime, Request: -5}}}}
	for i := range 50 {
		odd.Queue = append(odd.Queue, QueuedJob{Submit: maxTime - int64(i)*2*maxTime/49, Request: int64(i-25) * (maxTime / 25), Nodes: maxProcs, Procs: maxProcs})
	}
	odd.Running = []RunningJob{{QueuedJob: QueuedJob{Nodes: 1}}, {QueuedJob: QueuedJob{Nodes: 1, Request: maxTime}, Start: maxTime}}
	for i, s := range []*BatchState{{}, {Queue: []QueuedJob{{}}, Queued: 1}, queueOf(1), odd} {
		state, rows := foreseen(t, mustForesight(t, BackfillNone), s)
		for _, values := range append(rows, state) {
			for name, v := range values {
				assert.False(t, math.IsNaN(v) || math.IsInf(v, 0), "state %d: %s is %v", i, name, v)
			}
		}
	}
}

func TestBatchForesightAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops on purpose under the race detector")
	}
	f := mustForesight(t, BackfillNone)
	enc, actions := f.StateEncoder(), f.ActionSpace()
	s, _ := planState(128, 300)
	var obs lepton.Observation
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if lepton.Encode(&obs, enc, actions, s, 0) != nil {
			panic("encode")
		}
	}))
}

// BenchmarkBatchForesight encodes one decision with 128 queued jobs and 1,000 that have ended.
func BenchmarkBatchForesight(b *testing.B) {
	f := mustForesight(b, BackfillNone)
	enc, actions := f.StateEncoder(), f.ActionSpace()
	s, _ := planState(128, 1000)
	var obs lepton.Observation
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, lepton.Encode(&obs, enc, actions, s, 0))
	}
}

func ExampleNewBatchForesight() {
	f, err := NewBatchForesight(BatchPlannerOptions{Backfill: BackfillEASY})
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := lepton.SpecOf(f.StateEncoder(), f.ActionSpace())
	fmt.Println(spec.ActionNames)
	// Output: [mean price request whole believed waited area wsaf nodes log_nodes of_free fits until_fits from_wsaf from_sjf from_f1 rank_wsaf rank_f1 arrivals_before arrivals_during blocked cost cost_over cost_least]
}

// Two jobs that differ in processors alone, on a machine of nodes with several, are not taken for each other by a memory of before.
func TestBatchForesightTellsProcessorsApart(t *testing.T) {
	s := &BatchState{Clock: 1000, Procs: 8, Nodes: 2, FreeNodes: 0, Queued: 2, Queue: []QueuedJob{
		{ID: 1, Submit: 400, Procs: 1, Nodes: 1, Request: 600}, {ID: 2, Submit: 500, Procs: 2, Nodes: 1, Request: 600}}}
	f := mustForesight(t, BackfillNone)
	foreseen(t, f, s)
	s.Queue[0].Procs = 4
	_, want := foreseen(t, mustForesight(t, BackfillNone), s)
	_, got := foreseen(t, f, s)
	assert.Equal(t, want, got)
}
