package sim

import (
	"cmp"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// recent is how many of the jobs that ended last a plan looks at: enough to know what is going on, and a bound for
// what a decision costs however long a host keeps its past.
const recent = 2048

// batchPlan is one decision of a BatchPlanner; its memory is used again for the next.
type batchPlan struct {
	options  *BatchPlannerOptions
	outlook  outlook
	runTimes RunTimes

	queue    []int32        // number in the outlook → place in BatchState.Queue
	seen     []seenJob      // what has arrived: queued by number, then running, then ended
	arrived  []int64        // their submissions, ascending
	inOrder  []int32        // places in BatchState.Running, in the order of starts
	keys     [][]queueKey   // by base: the queue in its order
	orders   []outlookOrder // by base, of the future that is imagined
	drawn    []int32        // arrivals of that future: places in seen
	coming   []queueKey
	merged   []queueKey
	nominees []nominee // jobs to try
	played   uint64
}

// seenJob is an arrival, to draw more like it.
type seenJob struct {
	submit    int64
	nodes     int64
	procs     int64
	request   int64
	expected  int64 // run time that backfilling reckons with
	user      int64
	estimate  RunEstimate
	estimated bool
}

func newBatchPlan(o *BatchPlannerOptions) *batchPlan {
	bases := len(o.Bases) + 1
	return &batchPlan{options: o, keys: make([][]queueKey, bases), orders: make([]outlookOrder, bases)}
}

// nominee is a job to try.
type nominee struct {
	number int32
	cost   float64 // of waiting, over the futures so far
}

func compareNominees(a, b nominee) int { return cmp.Compare(a.cost, b.cost) }

// know takes over what s shows.
func (p *batchPlan) know(s *BatchState) {
	o := &p.outlook
	o.backfill, o.clock, o.free, o.queued = p.options.Backfill, s.Clock, s.FreeNodes, len(s.Queue)
	o.jobs, o.running = o.jobs[:0], o.running[:0]
	p.seen, p.arrived = p.seen[:0], p.arrived[:0]
	past := s.Past[max(len(s.Past)-recent, 0):]
	p.runTimes.Reset()
	for i := range past {
		p.runTimes.Add(&past[i].Job)
	}
	p.number(s.Queue)
	for _, at := range p.queue {
		p.see(&s.Queue[at])
		o.jobs = append(o.jobs, p.job(len(p.seen)-1, s.Queue[at].Submit))
	}
	p.rank()
	p.seeRunning(s)
	machine := Machine{Procs: max(s.Procs, 1), Nodes: s.Nodes}
	for i := range past {
		j := &past[i]
		p.see(&QueuedJob{Submit: j.Submit, Procs: j.Procs, Nodes: machine.nodes(j.Procs), Request: j.Request, User: j.User,
			Predicted: j.Predicted})
	}
	slices.Sort(p.arrived)
}

// number numbers the queue in the order of submission.
func (p *batchPlan) number(queue []QueuedJob) {
	p.queue = ascending(p.queue, len(queue))
	slices.SortFunc(p.queue, func(a, b int32) int {
		return cmp.Or(cmp.Compare(queue[a].Submit, queue[b].Submit), cmp.Compare(a, b))
	})
}

// ascending returns 0 to n−1, in v's memory.
func ascending(v []int32, n int) []int32 {
	v = v[:0]
	for i := range n {
		v = append(v, int32(i))
	}
	return v
}

// see notes a job that has arrived.
func (p *batchPlan) see(j *QueuedJob) {
	expected := j.Request
	if p.options.BackfillPredicted {
		expected = wholePrediction(j.Predicted)
	}
	p.seen = append(p.seen, seenJob{submit: j.Submit, nodes: j.Nodes, procs: j.Procs, request: j.Request, expected: expected, user: j.User})
	p.arrived = append(p.arrived, j.Submit)
}

// estimate returns the estimate of seen job k, made when it is first needed.
func (p *batchPlan) estimate(k int) RunEstimate {
	j := &p.seen[k]
	if !j.estimated {
		j.estimate, j.estimated = p.runTimes.Estimate(j.user, j.request), true
	}
	return j.estimate
}

// job is one like seen job k, submitted at the time given.
func (p *batchPlan) job(k int, submit int64) outlookJob {
	e, j := p.estimate(k), &p.seen[k]
	return outlookJob{submit: submit, nodes: j.nodes, run: wholePrediction(e.Mean), expected: j.expected, price: e.Price}
}

// seeRunning takes over the running jobs.
func (p *batchPlan) seeRunning(s *BatchState) {
	p.inOrder = ascending(p.inOrder, len(s.Running))
	slices.SortFunc(p.inOrder, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.Running[a].Start, s.Running[b].Start), cmp.Compare(a, b))
	})
	for _, at := range p.inOrder {
		r := &s.Running[at]
		p.see(&r.QueuedJob)
		k := len(p.seen) - 1
		left := p.estimate(k).left(float64(r.Request), float64(s.Clock-r.Start))
		p.outlook.running = append(p.outlook.running,
			outlookEnd{end: s.Clock + wholePrediction(left), expected: r.Start + p.seen[k].expected, nodes: r.Nodes})
	}
}

// rank orders the queue by every base.
func (p *batchPlan) rank() {
	for b := range p.keys {
		p.keys[b] = p.keys[b][:0]
		for i := range p.queue {
			p.keys[b] = append(p.keys[b], p.key(b, i, p.seen[i].submit, i))
		}
		slices.SortFunc(p.keys[b], compareKeys)
	}
}

// key scores a job like seen job k for a base. Base 0 is weighted smallest area first.
func (p *batchPlan) key(base, k int, submit int64, number int) queueKey {
	e, j := p.estimate(k), &p.seen[k]
	if base == 0 {
		return queueKey{e.Mean * float64(j.procs) / e.Price, float64(submit), int32(number)}
	}
	h, run := p.options.Bases[base-1], float64(j.request)
	if h.predicted {
		run = e.Mean
	}
	first, second := h.score(float64(submit), float64(j.procs), run, float64(submit))
	return queueKey{first, second, int32(number)}
}

// imagine draws the arrivals of a future and orders them by every base. Gaps and jobs are drawn with replacement, each by
// itself, from those seen so far; with a single one seen, nothing is known of gaps and nothing arrives.
func (p *batchPlan) imagine(future uint64) {
	o := &p.outlook
	o.jobs, p.drawn = o.jobs[:o.queued], p.drawn[:0]
	if gaps := len(p.arrived) - 1; gaps > 0 {
		luck, last := rng.Begin(future), p.arrived[gaps]
		for i := range p.options.Arrivals {
			at := 1 + below(rng.Complete(luck, uint64(2*i)), gaps)
			last = max(last, o.clock) + p.arrived[at] - p.arrived[at-1]
			k := below(rng.Complete(luck, uint64(2*i+1)), len(p.seen))
			p.drawn = append(p.drawn, int32(k))
			o.jobs = append(o.jobs, p.job(k, last))
		}
	}
	for b := range p.keys {
		p.coming = p.coming[:0]
		for i, k := range p.drawn {
			number := o.queued + i
			p.coming = append(p.coming, p.key(b, int(k), o.jobs[number].submit, number))
		}
		slices.SortFunc(p.coming, compareKeys)
		p.merged = mergeKeys(p.merged[:0], p.keys[b], p.coming)
		p.orders[b].set(p.merged, o.queued)
	}
	o.prepare()
}

// below is a number from 0 to n−1.
func below(bits uint64, n int) int { return int(rng.Uniform(bits) * float64(n)) }

// mergeKeys appends two sorted lists in order.
func mergeKeys(dst, a, b []queueKey) []queueKey {
	for len(a) > 0 && len(b) > 0 {
		if compareKeys(b[0], a[0]) < 0 {
			dst, b = append(dst, b[0]), b[1:]
		} else {
			dst, a = append(dst, a[0]), a[1:]
		}
	}
	return append(append(dst, a...), b...)
}

// cost is what waiting costs in the future that is imagined if a job goes next, under the base that is best for it.
func (p *batchPlan) cost(number int32) float64 {
	lowest := math.Inf(1)
	for b := range p.orders {
		lowest = min(lowest, p.outlook.play(&p.orders[b], number, lowest))
	}
	p.played += uint64(len(p.orders))
	return lowest
}

// nominate collects the first jobs of every base, among the first n of the queue that are legal.
func (p *batchPlan) nominate(n int, obs *lepton.Observation) {
	p.nominees = p.nominees[:0]
	for _, keys := range p.keys {
		left := p.options.Candidates
		for _, k := range keys {
			if at := int(p.queue[k.at]); at >= n || !obs.Legal(at) {
				continue
			}
			if !slices.ContainsFunc(p.nominees, func(n nominee) bool { return n.number == k.at }) {
				p.nominees = append(p.nominees, nominee{number: k.at})
			}
			if left--; left == 0 {
				break
			}
		}
	}
}

// choose returns the place of the job to take, among the first n of the queue that are legal; −1 for none.
func (p *batchPlan) choose(s *BatchState, n int, obs *lepton.Observation) int {
	p.nominateAll(s, n, obs)
	if len(p.nominees) == 0 {
		return -1
	}
	p.compare(s, true)
	return int(p.queue[p.nominees[0].number])
}

// nominateAll takes over what s shows and collects the jobs to try.
func (p *batchPlan) nominateAll(s *BatchState, n int, obs *lepton.Observation) {
	p.played = 0
	p.know(s)
	p.nominate(n, obs)
}

// compare puts the best nominee first. All that are still in meet the same futures. If halve, after a quarter of these the
// better half stays in, and after half of them the better half of that, as long as there are more than two.
func (p *batchPlan) compare(s *BatchState, halve bool) {
	seed := rng.Mix(rng.Mix(p.options.Seed, uint64(s.Clock)), uint64(s.Started))
	futures := p.options.Futures
	for f := 0; f < futures && len(p.nominees) > 1; f++ {
		p.imagine(rng.Mix(seed, uint64(f)))
		for i := range p.nominees {
			p.nominees[i].cost += p.cost(p.nominees[i].number)
		}
		if n := len(p.nominees); halve && n > 2 && (f+1 == (futures+3)/4 || f+1 == (futures+1)/2) {
			slices.SortStableFunc(p.nominees, compareNominees)
			p.nominees = p.nominees[:(n+1)/2]
		}
	}
	slices.SortStableFunc(p.nominees, compareNominees)
}
