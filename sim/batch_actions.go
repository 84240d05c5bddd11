package sim

import (
	"math"
	"slices"
	"sync"

	"github.com/leptonsched/lepton"
)

// BatchActions returns the action space of a batch queue: choose one of the queued jobs, at most limit of them in
// the order of the queue (0: all). All are legal, since a job that does not fit yet is committed. The
// action's ID is the job's.
//
// Features are about 0 to 1 and relative to the machine and the queue, so that one policy serves any machine:
// run time asked for and predicted, wait, work (run time × share of the machine) and slowdown so far on the
// scale of BatchEncoder; the share of the machine, its log, and that of the free nodes; whether the job fits
// now; the predicted run time against the queue's mean; and the ranks, shortest, least work and oldest
// first, from 0 to 1 with equals sharing the lowest. Costs O(queue log queue), allocates nothing in steady state.
func BatchActions(limit int) lepton.ActionSpace[*BatchState] { return &batchActions{limit: limit} }

type batchActions struct {
	limit int
	ranks sync.Pool // of *jobRanks
}

// jobRanks is the memory of one Offer.
type jobRanks struct {
	keys                []uint64
	short, light, older []float64
}

// FeatureNames names the features of a job.
func (a *batchActions) FeatureNames() []string {
	return []string{"request", "predicted", "waited", "work", "slowdown", "nodes", "log_nodes", "of_free", "fits",
		"against_mean", "rank_shortest", "rank_least_work", "rank_oldest"}
}

// ActionSpec says that the number of actions varies and each has 13 features.
func (a *batchActions) ActionSpec() (n, dim int) { return 0, 13 }

// Offer adds the queued jobs of s.
func (a *batchActions) Offer(set lepton.ActionSet, s *BatchState) {
	queue := s.Queue
	if a.limit > 0 && len(queue) > a.limit {
		queue = queue[:a.limit]
	}
	ranks, _ := a.ranks.Get().(*jobRanks)
	if ranks == nil {
		ranks = &jobRanks{}
	}
	ranks.fill(queue)
	perNode := 1 / float64(max(s.Nodes, 1))
	logNodes := math.Log(1 + float64(max(s.Nodes, 1)))
	mean := meanLogRun(queue)
	for i := range queue {
		j := &queue[i]
		run := max(j.Predicted, 0)
		waited := float64(max(s.Clock-j.Submit, 0))
		share := float64(j.Nodes) * perNode
		row := set.Add(uint64(j.ID), true)
		row[1] = logTime(run)
		if row[0] = row[1]; j.Predicted != float64(j.Request) {
			row[0] = logTime(float64(j.Request))
		}
		row[2] = logTime(waited)
		row[3] = logTime(run * share)
		row[4] = math.Log(max(1, (waited+run)/max(run, 10))) / logWeek
		row[5] = share
		row[6] = math.Log(1+float64(j.Nodes)) / logNodes
		row[7] = min(float64(j.Nodes)/float64(max(s.FreeNodes, 1)), 2) / 2
		if j.Nodes <= s.FreeNodes {
			row[8] = 1
		}
		row[9] = row[1] - mean
		row[10], row[11], row[12] = ranks.short[i], ranks.light[i], ranks.older[i]
	}
	a.ranks.Put(ranks)
}

// fill ranks the jobs of queue.
func (r *jobRanks) fill(queue []QueuedJob) {
	n := len(queue)
	r.keys = slices.Grow(r.keys[:0], n)[:n]
	r.short = slices.Grow(r.short[:0], n)[:n]
	r.light = slices.Grow(r.light[:0], n)[:n]
	r.older = slices.Grow(r.older[:0], n)[:n]
	for i := range queue {
		r.keys[i] = rankKey(queue[i].Predicted, i)
	}
	r.rank(r.short)
	for i := range queue {
		r.keys[i] = rankKey(queue[i].Predicted*float64(queue[i].Nodes), i)
	}
	r.rank(r.light)
	oldest := int64(math.MaxInt64)
	for i := range queue {
		oldest = min(oldest, queue[i].Submit)
	}
	for i := range queue {
		r.keys[i] = rankKey(float64(queue[i].Submit-oldest), i)
	}
	r.rank(r.older)
}

// rankKey packs what is ranked, as a float32 of at least 0 whose bits sort as its values do, with the place in the
// queue, because plain numbers sort several times as fast as records. 24 bits of precision are plenty to learn from.
func rankKey(v float64, i int) uint64 {
	return uint64(math.Float32bits(float32(max(v, 0))))<<32 | uint64(uint32(i))
}

// rank sorts the keys and writes their ranks, scaled to [0, 1], to dst; equals share the lowest.
func (r *jobRanks) rank(dst []float64) {
	slices.Sort(r.keys)
	scale := 1 / float64(max(len(r.keys)-1, 1))
	first := 0
	for i, k := range r.keys {
		if k>>32 != r.keys[first]>>32 {
			first = i
		}
		dst[uint32(k)] = float64(first) * scale
	}
}
