package sim

import (
	"math"
	"sync"

	"github.com/leptonsched/lepton"
)

// BatchForesight shows a batch queue to a policy as a BatchPlanner sees it: run times are those that RunTimes
// estimates from BatchState.Past, not those asked for, and only the jobs that simple rules put first may be chosen. It is
// made for one way of backfilling, which is among the features, so that one policy can serve all.
//
// Every queued job is an action, in the order of the queue, with the job's ID. Legal are the first few by weighted smallest
// area first (WSAF, run × processors / E[1/max(run, 10)]), by shortest job first and by F1, all on estimated run times; all
// others have no features. A job's features are about −1 to 2 and relative to the machine and the queue, so that one
// policy serves any machine:
//
//   - mean, price, request, waited, area, wsaf: on the scale of BatchEncoder, the mean run time, one over the
//     estimate's Price, what is asked for, the wait, the mean run time × the share of the machine, and this by price;
//   - whole, believed: the chance that it takes all that it asked for, and the share of all jobs that did;
//   - nodes, log_nodes, of_free, fits, until_fits: the share of the machine, its log, that of the free nodes,
//     whether the job fits now, and if not, how long until enough that runs has ended;
//   - from_wsaf, from_sjf, from_f1, rank_wsaf, rank_f1: the distances to the first job by these rules, and the ranks
//     among the jobs that may be chosen, in twelfths;
//   - arrivals_before, arrivals_during: how many jobs arrive, at the pace seen, until it fits, and while it runs;
//   - blocked: what all other jobs' waiting costs until it fits, in mean bounded slowdowns × jobs;
//   - cost, cost_over, cost_least: what all waiting costs if it goes next, by a few games of a BatchPlanner; how much
//     more than at best; and whether that is the least.
//
// Immutable in what it answers, which follows from the state alone; safe for concurrent use. Costs O(queue +
// running log running + past), where jobs of the past that it met before cost next to nothing: a Past that grows at the
// end, as a Batch's does, is learned from once. Allocates nothing in steady state.
type BatchForesight struct {
	options BatchPlannerOptions
	memory  sync.Pool // of *foresight
}

// NewBatchForesight returns the observations of a queue. All faults of o are reported together.
func NewBatchForesight(o BatchPlannerOptions) (*BatchForesight, error) {
	o = o.or(BatchPlannerOptions{Candidates: 4, Futures: 2, Arrivals: 10, Crowd: 1})
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &BatchForesight{options: o}, nil
}

// foresightSpec is what policies of a BatchForesight see, whatever its options.
func foresightSpec() lepton.Spec {
	f := &BatchForesight{}
	return lepton.SpecOf(f.StateEncoder(), f.ActionSpace())
}

// StateEncoder returns the features that all jobs share: what is free, how much waits and runs, and which backfilling
// there is.
func (f *BatchForesight) StateEncoder() lepton.StateEncoder[*BatchState] { return foresightState{f} }

type foresightState struct{ f *BatchForesight }

// FeatureNames names the features.
func (foresightState) FeatureNames() []string {
	return []string{"free", "queued", "running", "backfill_reference", "backfill_easy"}
}

// StateDim is the number of features.
func (foresightState) StateDim() int { return 5 }

// AppendState appends the features of s, in the order of FeatureNames.
func (e foresightState) AppendState(dst []float64, s *BatchState) []float64 {
	return append(dst,
		float64(s.FreeNodes)/float64(max(s.Nodes, 1)),
		math.Log1p(float64(s.Queued))/logThousand,
		math.Log1p(float64(len(s.Running)))/logThousand,
		boolean64(e.f.options.Backfill == BackfillReference), boolean64(e.f.options.Backfill == BackfillEASY))
}

func boolean64(b bool) float64 { return float64(boolean(b)) }

// ActionSpace returns the space of the queued jobs.
func (f *BatchForesight) ActionSpace() lepton.ActionSpace[*BatchState] { return foresightActions{f} }

type foresightActions struct{ f *BatchForesight }

// overFeature is the place of cost_over.
const overFeature = 22

var foresightNames = []string{"mean", "price", "request", "whole", "believed", "waited", "area", "wsaf",
	"nodes", "log_nodes", "of_free", "fits", "until_fits", "from_wsaf", "from_sjf", "from_f1", "rank_wsaf", "rank_f1",
	"arrivals_before", "arrivals_during", "blocked", "cost", "cost_over", "cost_least"}

// FeatureNames names the features of a job.
func (foresightActions) FeatureNames() []string { return append([]string(nil), foresightNames...) }

// ActionSpec says that the number of actions varies and how many features each has.
func (foresightActions) ActionSpec() (n, dim int) { return 0, len(foresightNames) }

// Offer adds the queued jobs of s.
func (a foresightActions) Offer(set lepton.ActionSet, s *BatchState) {
	m, _ := a.f.memory.Get().(*foresight)
	if m == nil {
		m = &foresight{options: &a.f.options}
	}
	m.learn(s.Past)
	m.look(s, nil, len(s.Queue))
	m.playAll(s)
	m.offer(set, s)
	a.f.memory.Put(m)
}

// offer adds the jobs with the features of those that may be chosen.
func (m *foresight) offer(set lepton.ActionSet, s *BatchState) {
	perNode := 1 / float64(max(s.Nodes, 1))
	logNodes := math.Log(1 + float64(max(s.Nodes, 1)))
	firsts, least := [gameRules]float64{}, never
	for r := range firsts {
		firsts[r] = m.firsts[r].keys[0].first
	}
	for _, c := range m.choices {
		least = min(least, c.cost)
	}
	believed := m.runTimes.Believed()
	rest := m.choices
	for i := range s.Queue {
		q := &s.Queue[i]
		if len(rest) == 0 || int(rest[0].at) != i {
			set.Add(uint64(q.ID), false)
			continue
		}
		j, cost := &m.jobs[i], rest[0].cost
		rest = rest[1:]
		share := float64(q.Nodes) * perNode
		until := m.until(q.Nodes, s.FreeNodes)
		mean, price := math.Log(j.estimate.Mean), math.Log(j.estimate.Price)
		row := set.Add(uint64(q.ID), true)
		row[0] = mean / logWeek
		row[1] = -price / logWeek
		row[2] = logTime(float64(q.Request))
		row[3] = j.estimate.Whole
		row[4] = believed
		row[5] = logTime(float64(s.Clock - q.Submit))
		row[6] = (mean + math.Log(max(share, perNode))) / logWeek
		row[7] = row[6] + row[1]
		row[8] = share
		row[9] = math.Log(1+float64(q.Nodes)) / logNodes
		row[10] = min(float64(q.Nodes)/float64(max(s.FreeNodes, 1)), 2) / 2
		row[11] = boolean64(q.Nodes <= s.FreeNodes)
		row[12] = logTime(until)
		row[13] = math.Log(j.keys[0]/firsts[0]) / logWeek
		row[14] = math.Log(j.keys[1]/firsts[1]) / logWeek
		row[15] = math.Log1p(j.keys[2]-firsts[2]) / logThousand
		row[16], row[17] = m.rankAmong(0, j.keys[0]), m.rankAmong(2, j.keys[2])
		row[18] = math.Log1p(until*m.pace) / logThousand
		row[19] = math.Log1p(j.estimate.Mean*m.pace) / logThousand
		row[20] = math.Log1p(until*max(m.price-j.estimate.Price, 0)) / logThousand
		row[21] = math.Log1p(cost) / logThousand
		row[22] = 2 * math.Log((cost+1)/(least+1))
		row[23] = boolean64(cost == least)
	}
}

// rankAmong is how many of the choices come before a key, as a part of the most that there can be by default.
func (m *foresight) rankAmong(rule int, key float64) float64 {
	before := 0
	for _, c := range m.choices {
		if m.jobs[c.at].keys[rule] < key {
			before++
		}
	}
	return float64(before) / 12
}
