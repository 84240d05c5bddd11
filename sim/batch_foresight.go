package sim

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/leptonsched/lepton"
)

// BatchForesight shows a batch queue to a policy as a BatchPlanner sees it: run times are those that RunTimes
// estimates from BatchState.Past, not those asked for. It is made for one way of backfilling, which is among the
// features, so that one policy can serve all.
//
// A job's features are about −1 to 2 and relative to the machine and the queue, so that one policy serves any machine. On the
// scale of BatchEncoder: the mean run time, one over its RunEstimate.Price, what is asked for, the wait, the mean run time ×
// the share of the machine, and this by price, which is the key of weighted smallest area first (WSAF). The share of the
// machine, its log, and that of the free nodes; whether the job fits now, and if not, how long until enough
// that runs has ended. The distance to the first job by WSAF, by F1 and by the mean run time, and the ranks by WSAF and
// F1, from 0 to 1 with equals sharing the lowest.
//
// Immutable in what it answers, which follows from the state alone; safe for concurrent use. Costs O(queue log queue +
// running log running + past), where jobs of the past that it met before cost next to nothing: a Past that grows at the
// end, as a Batch's does, is learned from once. Allocates nothing in steady state.
type BatchForesight struct {
	backfill Backfill
	limit    int
	memory   sync.Pool // of *foresight
}

// NewBatchForesight returns the observations of a queue with the given backfilling. They offer at most limit jobs in the
// order of the queue (0: all); all are legal, and the action's ID is the job's.
func NewBatchForesight(backfill Backfill, limit int) (*BatchForesight, error) {
	if err := (BatchOptions{Backfill: backfill}).validate(); err != nil {
		return nil, err
	}
	return &BatchForesight{backfill: backfill, limit: limit}, nil
}

// foresight is the memory of one observation.
type foresight struct {
	runTimes RunTimes
	learned  []lesson // from the jobs of Past, in order
	jobs     []foreseenJob
	before   []foreseenJob // of the observation before
	ends     []nodeRelease // of running jobs, earliest first, with the nodes free by then
	ranks    jobRanks
}

// lesson is what RunTimes takes from a job.
type lesson struct{ user, request, run int64 }

// foreseenJob is a queued job: what was taken of it, logarithms that stay while it waits, and what RunTimes now says,
// logarithms too but for the key of F1.
type foreseenJob struct {
	submit, nodes, request                   int64
	logSubmit, logNodes, oneMore, logRequest float64 // oneMore: of one node more
	mean, price, wsaf, f1                    float64
}

// lookAhead is how many jobs may have left the queue in one place for what is known of the next to be found.
const lookAhead = 8

// enter lists the queue, with what stays the same taken from the observation before where that is of the same job. The
// queue mostly keeps its order.
func (m *foresight) enter(queue []QueuedJob) {
	m.jobs, m.before = m.before[:0], m.jobs
	old := m.before
	for i := range queue {
		j := &queue[i]
		n := foreseenJob{submit: j.Submit, nodes: j.Nodes, request: j.Request}
		found := false
		for k := range min(len(old), lookAhead) {
			if o := &old[k]; o.submit == n.submit && o.nodes == n.nodes && o.request == n.request {
				n, old, found = *o, old[k+1:], true
				break
			}
		}
		if !found {
			n.logSubmit = math.Log10(atLeastTenth(float64(j.Submit)))
			n.logNodes = math.Log(float64(max(j.Nodes, 1)))
			n.oneMore = math.Log(1 + float64(j.Nodes))
			n.logRequest = logTime(float64(j.Request))
		}
		m.jobs = append(m.jobs, n)
	}
}

// nodeRelease is a time in seconds from now and the nodes free from then on.
type nodeRelease struct {
	after float64
	nodes int64
}

// learn brings the run times up to date with past.
func (m *foresight) learn(past []EndedJob) {
	known := len(m.learned)
	if known > len(past) {
		known = 0
	}
	for i := range m.learned[:known] {
		if j := &past[i].Job; m.learned[i] != (lesson{j.User, j.Request, j.Run}) {
			known = 0
			break
		}
	}
	if known == 0 {
		m.runTimes.Reset()
		m.learned = m.learned[:0]
	}
	for i := known; i < len(past); i++ {
		j := &past[i].Job
		m.runTimes.Add(j)
		m.learned = append(m.learned, lesson{j.User, j.Request, j.Run})
	}
}

// foresee fills in when the nodes of running jobs become free.
func (m *foresight) foresee(s *BatchState) {
	m.ends = m.ends[:0]
	for i := range s.Running {
		r := &s.Running[i]
		e := m.runTimes.Estimate(r.User, r.Request)
		m.ends = append(m.ends, nodeRelease{e.left(float64(r.Request), float64(s.Clock-r.Start)), r.Nodes})
	}
	slices.SortFunc(m.ends, func(a, b nodeRelease) int { return cmp.Compare(a.after, b.after) })
	free := s.FreeNodes
	for i := range m.ends {
		free += m.ends[i].nodes
		m.ends[i].nodes = free
	}
}

// until is in how many seconds nodes are free, by what is running; 0 for now.
func (m *foresight) until(nodes, free int64) float64 {
	if nodes <= free || len(m.ends) == 0 {
		return 0
	}
	low, high := 0, len(m.ends)-1
	for low < high {
		if mid := (low + high) / 2; m.ends[mid].nodes >= nodes {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return m.ends[low].after
}

// StateEncoder returns the features that all jobs share: those of BatchEncoder, and which backfilling there is.
func (f *BatchForesight) StateEncoder() lepton.StateEncoder[*BatchState] { return foresightState{f} }

type foresightState struct{ f *BatchForesight }

// FeatureNames names the features.
func (foresightState) FeatureNames() []string {
	return append(batchEncoder{}.FeatureNames(), "backfill_reference", "backfill_easy")
}

// StateDim is the number of features.
func (foresightState) StateDim() int { return batchEncoder{}.StateDim() + 2 }

// AppendState appends the features of s, in the order of FeatureNames.
func (e foresightState) AppendState(dst []float64, s *BatchState) []float64 {
	dst = batchEncoder{}.AppendState(dst, s)
	return append(dst, boolean64(e.f.backfill == BackfillReference), boolean64(e.f.backfill == BackfillEASY))
}

func boolean64(b bool) float64 { return float64(boolean(b)) }

// ActionSpace returns the space of the queued jobs.
func (f *BatchForesight) ActionSpace() lepton.ActionSpace[*BatchState] { return foresightActions{f} }

type foresightActions struct{ f *BatchForesight }

// FeatureNames names the features of a job.
func (foresightActions) FeatureNames() []string {
	return []string{"mean", "price", "request", "waited", "area", "wsaf", "nodes", "log_nodes", "of_free", "fits", "until_fits",
		"from_wsaf", "from_f1", "from_sjf", "rank_wsaf", "rank_f1"}
}

// ActionSpec says that the number of actions varies and each has 16 features.
func (foresightActions) ActionSpec() (n, dim int) { return 0, 16 }

// Offer adds the queued jobs of s.
func (a foresightActions) Offer(set lepton.ActionSet, s *BatchState) {
	queue := s.Queue
	if a.f.limit > 0 && len(queue) > a.f.limit {
		queue = queue[:a.f.limit]
	}
	m, _ := a.f.memory.Get().(*foresight)
	if m == nil {
		m = &foresight{}
	}
	m.learn(s.Past)
	m.foresee(s)
	m.offer(set, s, queue)
	a.f.memory.Put(m)
}

func (m *foresight) offer(set lepton.ActionSet, s *BatchState, queue []QueuedJob) {
	perNode := 1 / float64(max(s.Nodes, 1))
	logNodes := math.Log(1 + float64(max(s.Nodes, 1)))
	logPerNode := math.Log(perNode)
	m.enter(queue)
	first := foreseenJob{mean: math.Inf(1), wsaf: math.Inf(1), f1: math.Inf(1)}
	for i := range queue {
		j, n := &queue[i], &m.jobs[i]
		e := m.runTimes.Estimate(j.User, j.Request)
		n.mean, n.price = math.Log(e.Mean), math.Log(e.Price)
		n.wsaf = n.mean - n.price + n.logNodes + logPerNode
		n.f1 = n.mean/math.Ln10*float64(j.Procs) + 870*n.logSubmit
		first.mean, first.wsaf, first.f1 = min(first.mean, n.mean), min(first.wsaf, n.wsaf), min(first.f1, n.f1)
	}
	m.rank(first)
	for i := range queue {
		j, n := &queue[i], &m.jobs[i]
		share := float64(j.Nodes) * perNode
		row := set.Add(uint64(j.ID), true)
		row[0] = n.mean / logWeek
		row[1] = -n.price / logWeek
		row[2] = n.logRequest
		row[3] = logTime(float64(s.Clock - j.Submit))
		row[4] = (n.wsaf + n.price) / logWeek
		row[5] = n.wsaf / logWeek
		row[6] = share
		row[7] = n.oneMore / logNodes
		row[8] = min(float64(j.Nodes)/float64(max(s.FreeNodes, 1)), 2) / 2
		row[9] = boolean64(j.Nodes <= s.FreeNodes)
		row[10] = logTime(m.until(j.Nodes, s.FreeNodes))
		row[11] = (n.wsaf - first.wsaf) / logWeek
		row[12] = math.Log1p(n.f1-first.f1) / logThousand
		row[13] = (n.mean - first.mean) / logWeek
		row[14], row[15] = m.ranks.short[i], m.ranks.light[i]
	}
}

// rank ranks the jobs by WSAF (short) and F1 (light), counted from the first.
func (m *foresight) rank(first foreseenJob) {
	n, r := len(m.jobs), &m.ranks
	r.keys = slices.Grow(r.keys[:0], n)[:n]
	r.short = slices.Grow(r.short[:0], n)[:n]
	r.light = slices.Grow(r.light[:0], n)[:n]
	for i := range m.jobs {
		r.keys[i] = rankKey(m.jobs[i].wsaf-first.wsaf, i)
	}
	r.rank(r.short)
	for i := range m.jobs {
		r.keys[i] = rankKey(m.jobs[i].f1-first.f1, i)
	}
	r.rank(r.light)
}
