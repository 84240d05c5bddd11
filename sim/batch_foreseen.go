package sim

import (
	"cmp"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/supervised"
)

// foresight is the memory of one observation. Whatever of it is left from observations before is checked against the
// state before it is used.
type foresight struct {
	options  *BatchPlannerOptions
	truth    *Batch // the world itself, for a BatchHindsight; nil: run times are as estimated
	runTimes supervised.RunTimes
	learned  []lesson // from the jobs of Past, in order
	arrivals submissions

	jobs    []foreseenJob // the queue
	before  []foreseenJob // of the observation before
	running []foreseenJob
	ends    []nodeRelease // of running jobs, earliest first
	freeBy  []int64       // nodes free by then
	price   float64       // of a second of everybody's waiting
	pace    float64       // arrivals a second

	firsts  [gameRules]firstJobs
	wide    firstJobs // by WSAF, who take part in the games
	choices []choice  // in the order of the queue
	crowd   []int32   // places in the queue of those in the games, in the order of submission
	order   []int32   // places in choices
	game    crowdGame
	games   uint64
}

// lesson is what RunTimes takes from a job, and where it keeps it.
type lesson struct {
	submit, user, request, run int64
	groups                     supervised.RunGroups
}

// foreseenJob is a job with what RunTimes says of it.
type foreseenJob struct {
	submit, procs, nodes, request, user int64

	logSubmit float64
	groups    supervised.RunGroups
	version   uint64 // of the run times that the rest follows from
	estimate  supervised.RunEstimate
	keys      [gameRules]float64
}

// nodeRelease is a time in seconds from now and the nodes that become free.
type nodeRelease struct {
	after float64
	nodes int64
}

// learn brings the run times up to date with past.
func (m *foresight) learn(past []EndedJob) {
	known := len(m.learned)
	same := known <= len(past)
	for i := 0; same && i < known; i++ {
		j, l := &past[i].Job, &m.learned[i]
		same = l.submit == j.Submit && l.user == j.User && l.request == j.Request && l.run == j.Run
	}
	if !same {
		known = 0
		m.runTimes.Reset()
		m.learned, m.arrivals.past = m.learned[:0], 0
		m.jobs, m.running = m.jobs[:0], m.running[:0] // their groups are gone
	}
	for i := known; i < len(past); i++ {
		j := &past[i].Job
		m.runTimes.Add(j.User, j.Request, j.Run)
		m.learned = append(m.learned, lesson{j.Submit, j.User, j.Request, j.Run, m.runTimes.Groups(j.User, j.Request)})
		m.arrivals.past += submissionHash(j.Submit)
	}
}

// look takes in the state. May be chosen who is among the first n of the queue and legal in obs; nil: all of these.
func (m *foresight) look(s *BatchState, obs *lepton.Observation, n int) {
	m.enter(s.Queue)
	m.price = 0
	earliest := s.Clock
	m.wide.n = 0
	for r := range m.firsts {
		m.firsts[r].n = 0
	}
	for i := range m.jobs {
		j := &m.jobs[i]
		m.update(j)
		m.price += j.estimate.Price
		earliest = min(earliest, j.submit)
		if m.options.Crowd > m.options.Candidates || obs != nil { // else they are among those put forward
			m.wide.add(j.keys[0], j.submit, int32(i), m.options.Crowd)
		}
		if i >= n || obs != nil && !obs.Legal(i) {
			continue
		}
		for r := range m.firsts {
			m.firsts[r].add(j.keys[r], j.submit, int32(i), m.options.Candidates)
		}
	}
	earliest = min(earliest, m.foresee(s))
	if len(s.Past) > 0 {
		earliest = min(earliest, s.Past[0].Submit)
	}
	arrived := float64(len(s.Past) + len(s.Running) + len(s.Queue))
	m.pace = arrived / max(float64(s.Clock-earliest), arrived, 1)
	m.gather()
}

// stepAhead is how many jobs may have left the queue in one place for what is known of the next to be found.
const stepAhead = 8

// enter lists the queue, with what is known of before where it is of the same job. The queue mostly keeps its order.
func (m *foresight) enter(queue []QueuedJob) {
	m.jobs, m.before = m.before[:0], m.jobs
	old := m.before
	for i := range queue {
		q := &queue[i]
		found := false
		for k := range min(len(old), stepAhead) {
			if old[k].is(q) {
				m.jobs = append(m.jobs, old[k])
				old, found = old[k+1:], true
				break
			}
		}
		if !found {
			m.jobs = append(m.jobs, m.meet(q))
			m.jobs[i].logSubmit = math.Log10(atLeastTenth(float64(q.Submit)))
		}
	}
}

func (j *foreseenJob) is(q *QueuedJob) bool {
	return j.submit == q.Submit && j.procs == q.Procs && j.nodes == q.Nodes && j.request == q.Request && j.user == q.User
}

func (m *foresight) meet(q *QueuedJob) foreseenJob {
	return foreseenJob{submit: q.Submit, procs: q.Procs, nodes: q.Nodes, request: q.Request, user: q.User,
		groups: m.runTimes.Groups(q.User, q.Request), version: m.runTimes.Version() - 1}
}

// update brings a queued job's estimate and keys up to date.
func (m *foresight) update(j *foreseenJob) {
	if j.version == m.runTimes.Version() {
		return
	}
	j.version = m.runTimes.Version()
	j.estimate = m.runTimes.EstimateIn(j.groups, j.request)
	j.keys = gameKeys(j.estimate, j.procs, j.logSubmit)
}

// gameKeys are the keys of a job by the rules of the games: WSAF, shortest first and F1.
func gameKeys(e supervised.RunEstimate, procs int64, logSubmit float64) [gameRules]float64 {
	return [...]float64{e.Mean * float64(max(procs, 1)) / e.Price, e.Mean, math.Log10(e.Mean)*float64(procs) + 870*logSubmit}
}

// foresee fills in when the nodes of running jobs become free, and returns the earliest submission.
func (m *foresight) foresee(s *BatchState) int64 {
	m.ends, m.freeBy = m.ends[:0], m.freeBy[:0]
	earliest := s.Clock
	for i := range s.Running {
		r := &s.Running[i]
		if i == len(m.running) {
			m.running = append(m.running, m.meet(&r.QueuedJob))
		} else if !m.running[i].is(&r.QueuedJob) {
			m.running[i] = m.meet(&r.QueuedJob)
		}
		j := &m.running[i]
		if j.version != m.runTimes.Version() {
			j.version, j.estimate = m.runTimes.Version(), m.runTimes.EstimateIn(j.groups, j.request)
		}
		earliest = min(earliest, r.Submit)
		left := 0.0
		if m.truth == nil {
			left = j.estimate.Left(float64(r.Request), float64(s.Clock-r.Start))
		} else {
			left = float64(r.Start + m.truth.jobs[r.index].Run - s.Clock)
		}
		m.ends = append(m.ends, nodeRelease{left, r.Nodes})
	}
	m.running = m.running[:len(s.Running)]
	slices.SortFunc(m.ends, func(a, b nodeRelease) int { return cmp.Compare(a.after, b.after) })
	free := s.FreeNodes
	for i := range m.ends {
		free += m.ends[i].nodes
		m.freeBy = append(m.freeBy, free)
	}
	return earliest
}

// until is in how many seconds nodes are free, by what is running; 0 for now.
func (m *foresight) until(nodes, free int64) float64 {
	if nodes <= free || len(m.ends) == 0 {
		return 0
	}
	at, _ := slices.BinarySearch(m.freeBy, nodes)
	return m.ends[min(at, len(m.ends)-1)].after
}

// mostFirst is how many jobs a rule puts first at most.
const mostFirst = 16

// firstJobs are the jobs that a rule puts first.
type firstJobs struct {
	n    int
	keys [mostFirst]queueKey
}

// add keeps the job if it is among the first most. Of equal keys the earlier submission comes first, then the place.
func (f *firstJobs) add(key float64, submit int64, at int32, most int) {
	if f.n == most && key > f.keys[f.n-1].first {
		return
	}
	k := queueKey{key, float64(submit), at}
	if f.n == most && compareKeys(k, f.keys[f.n-1]) >= 0 {
		return
	}
	if f.n < most {
		f.n++
	}
	i := f.n - 1
	for ; i > 0 && compareKeys(k, f.keys[i-1]) < 0; i-- {
		f.keys[i] = f.keys[i-1]
	}
	f.keys[i] = k
}

// gather lists who may be chosen and who takes part in the games.
func (m *foresight) gather() {
	m.order, m.choices, m.crowd = m.order[:0], m.choices[:0], m.crowd[:0]
	for r := range m.firsts {
		for _, key := range m.firsts[r].keys[:m.firsts[r].n] {
			m.crowd = append(m.crowd, key.at)
		}
	}
	slices.Sort(m.crowd)
	m.crowd = slices.Compact(m.crowd)
	for _, at := range m.crowd {
		m.choices = append(m.choices, choice{at: at})
	}
	for _, key := range m.wide.keys[:m.wide.n] {
		m.crowd = append(m.crowd, key.at)
	}
	slices.SortFunc(m.crowd, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m.jobs[a].submit, m.jobs[b].submit), cmp.Compare(a, b))
	})
	m.crowd = slices.Compact(m.crowd)
	for number, at := range m.crowd {
		if i, found := slices.BinarySearchFunc(m.choices, at, func(c choice, at int32) int { return cmp.Compare(c.at, at) }); found {
			m.choices[i].number = number
		}
	}
}
