package sim

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton"
)

// twin is the slow and obvious form of Batch: lists that are sorted again for every step, as the reference's
// description has it.
type twin struct {
	nodes    int64
	backfill Backfill
	rechoose bool
	clock    int64
	free     int64
	queue    []*twinJob
	running  []*twinJob
	coming   []*twinJob
	order    []*twinJob
}

type twinJob struct {
	*Job
	nodes      int64
	start, end int64
	expected   int64
}

// runTwin runs jobs in the order of score, smaller first, and returns them in the order of their starts.
func runTwin(m Machine, jobs []Job, o BatchOptions, score func(j *Job, clock int64) (float64, float64)) []*twinJob {
	w := &twin{nodes: m.Nodes, backfill: o.Backfill, rechoose: o.Rechoose, free: m.Nodes, clock: jobs[0].Submit}
	if m.Nodes == 0 {
		w.nodes, w.free = m.Procs, m.Procs
	}
	for i := range jobs {
		j := &twinJob{Job: &jobs[i]}
		for j.nodes*m.Procs < j.Procs*w.nodes { // whole nodes
			j.nodes++
		}
		w.coming = append(w.coming, j)
	}
	w.queue, w.coming = w.coming[:1:1], w.coming[1:]
	for {
		slices.SortStableFunc(w.queue, func(a, b *twinJob) int {
			a1, a2 := score(a.Job, w.clock)
			b1, b2 := score(b.Job, w.clock)
			return cmp.Or(compareNumbers(a1, b1), compareNumbers(a2, b2)) // NaN last
		})
		p := w.queue[0]
		fits := p.nodes <= w.free
		w.wait(p)
		if !fits && w.rechoose {
			continue
		}
		w.start(p)
		for len(w.queue) == 0 {
			if len(w.coming) == 0 {
				return w.order
			}
			w.event()
		}
	}
}

func (w *twin) wait(p *twinJob) {
	if p.nodes <= w.free {
		return
	}
	var when, extra int64
	if w.backfill == BackfillReference {
		slices.SortStableFunc(w.running, func(a, b *twinJob) int { return cmp.Compare(a.expected, b.expected) })
		free := w.free
		for _, r := range w.running {
			free += r.nodes
			when = r.expected
			if free >= p.nodes {
				break
			}
		}
	}
	for p.nodes > w.free {
		if w.backfill == BackfillEASY {
			when, extra = w.easy(p)
		}
		if w.backfill != BackfillNone {
			slices.SortStableFunc(w.queue, func(a, b *twinJob) int { return cmp.Compare(a.Submit, b.Submit) })
			for _, x := range slices.Clone(w.queue) {
				expected := w.clock + x.Request
				switch {
				case x == p || x.nodes > w.free:
				case w.backfill == BackfillReference && expected < when, w.backfill == BackfillEASY && expected <= when:
					w.start(x)
				case w.backfill == BackfillEASY && x.nodes <= extra:
					extra -= x.nodes
					w.start(x)
				}
			}
		}
		w.event()
		if w.rechoose {
			return
		}
	}
}

// easy finds the reservation by trying every expected end, now first.
func (w *twin) easy(p *twinJob) (when, extra int64) {
	var ends []int64
	for _, r := range w.running {
		ends = append(ends, max(r.expected, w.clock))
	}
	slices.Sort(ends)
	for _, when := range ends {
		free := w.free
		for _, r := range w.running {
			if max(r.expected, w.clock) <= when {
				free += r.nodes
			}
		}
		if free >= p.nodes {
			return when, free - p.nodes
		}
	}
	panic("larger than the machine")
}

func (w *twin) event() {
	slices.SortStableFunc(w.running, func(a, b *twinJob) int { return cmp.Compare(a.end, b.end) })
	if len(w.coming) > 0 && (len(w.running) == 0 || w.coming[0].Submit <= w.running[0].end) {
		w.clock = max(w.clock, w.coming[0].Submit)
		w.queue = append(w.queue, w.coming[0])
		w.coming = w.coming[1:]
		return
	}
	w.clock = max(w.clock, w.running[0].end)
	w.free += w.running[0].nodes
	w.running = w.running[1:]
}

func (w *twin) start(j *twinJob) {
	w.queue = slices.DeleteFunc(w.queue, func(q *twinJob) bool { return q == j })
	w.free -= j.nodes
	j.start, j.end, j.expected = w.clock, w.clock+j.Run, w.clock+j.Request
	w.running = append(w.running, j)
	w.order = append(w.order, j)
}

// randomJobs makes a workload that is full of ties: few distinct times, sizes and requests, and estimates that are
// often wrong either way.
func randomJobs(r *rand.Rand, n int, m Machine, steppingBack bool) []Job {
	jobs := make([]Job, n)
	submit := r.Int64N(3)
	for i := range jobs {
		submit += r.Int64N(4) * r.Int64N(6)
		jobs[i] = Job{
			ID: int64(i + 1), Submit: submit, Procs: 1 + r.Int64N(m.Procs)*r.Int64N(2)*r.Int64N(2), Run: r.Int64N(12) * r.Int64N(4),
			Request: 1 + r.Int64N(10)*r.Int64N(4), User: r.Int64N(4) - 1,
		}
		if r.IntN(3) == 0 {
			jobs[i].Procs = 1 + r.Int64N(m.Procs)
		}
		if steppingBack && i > 0 && r.IntN(3) == 0 {
			jobs[i].Submit -= r.Int64N(10)
		}
	}
	return jobs
}

// sameStarts demands that result has the starts of want, in the same order.
func sameStarts(t require.TestingT, want []*twinJob, result BatchResult, jobs []Job) {
	require.Len(t, result.Order, len(want))
	for k, i := range result.Order {
		require.Equal(t, want[k].ID, jobs[i].ID, "start %d", k)
		require.Equal(t, want[k].start, result.Starts[i], "job %d", jobs[i].ID)
	}
}

var allBackfills = []Backfill{BackfillNone, BackfillReference, BackfillEASY}

// TestBatchAgainstTwin compares every heuristic under every way of backfilling with the slow twin, on
// workloads with many ties, overrun estimates, several processors a node and submissions that step back.
func TestBatchAgainstTwin(t *testing.T) {
	seeds := 60
	if testing.Short() {
		seeds = 30
	}
	for _, o := range []BatchOptions{
		{}, {Backfill: BackfillReference}, {Backfill: BackfillEASY}, {Rechoose: true}, {Backfill: BackfillEASY, Rechoose: true},
	} {
		for _, name := range BatchHeuristicNames() {
			t.Run(fmt.Sprintf("%s/rechoose=%v/%s", o.Backfill, o.Rechoose, name), func(t *testing.T) {
				h := mustHeuristic(t, name)
				worlds := map[Machine]*Batch{}
				for seed := range uint64(seeds) {
					r := rand.New(rand.NewPCG(seed, 1))
					m := Machine{Procs: 8, Nodes: []int64{0, 3, 4}[r.IntN(3)]}
					jobs := randomJobs(r, 5+r.IntN(60), m, seed%3 == 0)
					want := runTwin(m, jobs, o, func(j *Job, clock int64) (float64, float64) {
						return h.Score(&QueuedJob{Submit: j.Submit, Procs: j.Procs, Request: j.Request}, clock)
					})
					world := worlds[m]
					if world == nil {
						world = mustBatch(t, m, o)
						worlds[m] = world
					}
					require.NoError(t, world.Reset(jobs, 0, len(jobs)))
					result, err := world.Run(h)
					require.NoError(t, err)
					sameStarts(t, want, result, jobs)

					// The same as a StateScorer: sorted at every decision, never a heap.
					require.NoError(t, world.Reset(jobs, 0, len(jobs)))
					result, err = world.Run(plainScorer{h})
					require.NoError(t, err)
					sameStarts(t, want, result, jobs)
				}
			})
		}
	}
}

// plainScorer hides that a scorer is a BatchHeuristic.
type plainScorer struct {
	lepton.StateScorer[*BatchState]
}

// TestBatchConservation checks the laws that hold whoever decides: every job runs once, for its run time, not before
// its submission, and at no time on more nodes than there are; and the world's own count of free nodes.
func TestBatchConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		m := Machine{Procs: 1 + r.Int64N(12)}
		m.Nodes = r.Int64N(m.Procs + 1)
		jobs := randomJobs(r, 1+r.IntN(50), m, r.IntN(2) == 0)
		o := BatchOptions{Backfill: rapid.SampledFrom(allBackfills).Draw(t, "backfill"), Visible: r.IntN(4)}
		o.Rechoose = o.Backfill != BackfillReference && r.IntN(2) == 0
		if r.IntN(2) == 0 {
			o.Predict = func(QueuedJob, []EndedJob) float64 { return r.Float64() * 40 }
			o.BackfillPredicted = o.Backfill != BackfillNone
		}
		world, err := NewBatch(m, o)
		require.NoError(t, err)
		require.NoError(t, world.Reset(jobs, 0, len(jobs)))
		for !world.Done() {
			s := world.State()
			var used int64
			for _, j := range s.Running {
				used += j.Nodes
			}
			require.Equal(t, s.Nodes, s.FreeNodes+used)
			require.Equal(t, s.Started, len(s.Running)+s.Ended)
			require.NotEmpty(t, s.Queue)
			require.NoError(t, world.Start(r.IntN(len(s.Queue))))
		}
		result := world.Result()
		require.Len(t, result.Order, len(jobs))
		once := map[int32]bool{}
		for k, i := range result.Order {
			once[i] = true
			require.GreaterOrEqual(t, result.Starts[i], jobs[i].Submit)
			if k > 0 {
				require.GreaterOrEqual(t, result.Starts[i], result.Starts[result.Order[k-1]])
			}
		}
		require.Len(t, once, len(jobs))
		for i := range jobs { // usage can only peak where a job starts
			var used int64
			for k := range jobs {
				if at := result.Starts[i]; result.Starts[k] <= at && at < result.Starts[k]+jobs[k].Run {
					used += world.machine.nodes(jobs[k].Procs)
				}
			}
			require.LessOrEqual(t, used, world.machine.Nodes)
		}
	})
}

// TestEASYWorkedCase replays a worked case: a machine of 4, of which job 1 holds 3 until 10, so that job
// 2 (2 processors) is expected at 10 with 2 to spare. Job 3 ends in time, job 4 is too long and may take one
// of the two, jobs 5 and 6 find nothing free.
func TestEASYWorkedCase(t *testing.T) {
	jobs := []Job{
		{ID: 1, Submit: 0, Run: 10, Procs: 3, Request: 10},
		{ID: 2, Submit: 1, Run: 5, Procs: 2, Request: 5},
		{ID: 3, Submit: 2, Run: 4, Procs: 1, Request: 8}, // expected at 10, which is in time; ends at 6
		{ID: 4, Submit: 3, Run: 50, Procs: 1, Request: 50},
		{ID: 5, Submit: 4, Run: 50, Procs: 1, Request: 50},
		{ID: 6, Submit: 5, Run: 50, Procs: 1, Request: 50},
	}
	for _, c := range []struct {
		backfill Backfill
		starts   []int64
	}{
		{BackfillNone, []int64{0, 10, 10, 10, 14, 15}},
		{BackfillReference, []int64{0, 10, 10, 10, 14, 15}}, // strictly before 10: none passes
		{BackfillEASY, []int64{0, 10, 2, 6, 10, 15}},
	} {
		t.Run(c.backfill.String(), func(t *testing.T) {
			world := mustBatch(t, Machine{Procs: 4}, BatchOptions{Backfill: c.backfill})
			require.NoError(t, world.Reset(jobs, 0, len(jobs)))
			result, err := world.Run(mustHeuristic(t, "FCFS"))
			require.NoError(t, err)
			require.Equal(t, c.starts, result.Starts)
		})
	}
}

// TestRepeatedStableSortIsAHeap is the claim that the fast queue stands on, by itself: sorting static scores stably
// again and again, with arrivals appended, is ordering by score and arrival.
func TestRepeatedStableSortIsAHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			score   float64
			arrival int32
		}
		var list []entry
		var heap []staticJob
		for arrival := range int32(60) {
			score := rapid.SampledFrom([]float64{0, 1, 2, math.Inf(1), math.Inf(-1)}).Draw(t, "score")
			list = append(list, entry{score, arrival})
			heap = heapPush(heap, staticJob{first: score, index: arrival})
			for len(list) > 0 && rapid.Bool().Draw(t, "pop") {
				slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.score, b.score) })
				var top staticJob
				heap, top = heapPop(heap)
				require.Equal(t, list[0], entry{top.first, top.index})
				list = list[1:]
			}
		}
	})
}
