package sim

import (
	"cmp"
	"math"
	"slices"

	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/supervised"
)

// choice is a job that may be chosen.
type choice struct {
	at     int32   // in the queue
	number int     // in the games
	cost   float64 // of all waiting if it goes next, of a future on average
	over   float64 // what it cost over the best, when it left
}

// tooDear is how many times the best cost a choice is not followed beyond.
const tooDear = 2

// playAll finds out by games what each choice costs. All that are still in meet the same futures. After a quarter of these the
// better half stays in, and after half of them the better half of that, as long as there are more than two; the others are
// taken to stay as much worse, in proportion, as they were.
func (m *foresight) playAll(s *BatchState) {
	futures := m.options.Futures
	if m.games = 0; len(m.choices) < 2 {
		return // nothing to compare
	}
	m.game.backfill, m.game.free, m.game.ends = m.options.Backfill, s.FreeNodes, m.ends
	m.arrivals.update(s)
	m.enrollCrowd(s)
	for i := range m.choices {
		m.order = append(m.order, int32(i))
	}
	slices.SortFunc(m.order, func(a, b int32) int { // what is likely good first, so that the rest can be cut short
		return cmp.Compare(m.jobs[m.choices[a].at].keys[0], m.jobs[m.choices[b].at].keys[0])
	})
	seed := rng.Mix(rng.Mix(m.options.Seed, uint64(s.Clock)), uint64(s.Started))
	in := m.order
	for f := range futures {
		m.imagine(s, rng.Mix(seed, uint64(f)))
		m.playOne(in)
		if n := len(in); n > 2 && f+1 < futures && (f+1 == (futures+3)/4 || f+1 == (futures+1)/2) {
			slices.SortStableFunc(in, func(a, b int32) int { return cmp.Compare(m.choices[a].cost, m.choices[b].cost) })
			in = in[:(n+1)/2]
			for _, i := range m.order[len(in):n] {
				m.choices[i].over = (m.choices[i].cost + 1) / (m.choices[in[0]].cost + 1)
			}
		}
	}
	least := never
	for _, i := range in {
		m.choices[i].cost /= float64(futures)
		least = min(least, m.choices[i].cost)
	}
	for _, i := range m.order[len(in):] {
		m.choices[i].cost = m.choices[i].over*(least+1) - 1
	}
}

// playOne adds what each choice of in costs in the future at hand, under the rule that is best for it.
func (m *foresight) playOne(in []int32) {
	most := never
	for _, i := range in {
		c := &m.choices[i]
		lowest := most
		if m.truth != nil {
			lowest = never
		}
		for r := range gameRules {
			lowest = min(lowest, m.game.play(r, c.number, lowest))
		}
		m.games += gameRules
		c.cost += lowest
		most = min(most, tooDear*(lowest+1))
	}
}

// enrollCrowd puts the crowd into the game.
func (m *foresight) enrollCrowd(s *BatchState) {
	g := &m.game
	g.reset()
	for _, at := range m.crowd {
		j := &m.jobs[at]
		g.add(0, j.nodes, m.known(s.Queue[at].index, j.estimate), j.keys)
	}
	g.closeQueue()
}

// imagine puts the arrivals of a future into the game. Gaps and jobs are drawn with replacement, each by itself, from what has
// arrived so far; with a single one seen, nothing is known of gaps and nothing arrives.
func (m *foresight) imagine(s *BatchState, future uint64) {
	g := &m.game
	g.n = g.queued
	gaps := len(m.arrivals.sorted) - 1
	if gaps < 1 {
		g.closeArrivals()
		return
	}
	machine := Machine{Procs: max(s.Procs, 1), Nodes: max(s.Nodes, 1)}
	luck, last := rng.Begin(future), m.arrivals.sorted[gaps]
	for i := range m.options.Arrivals {
		gap := 1 + below(rng.Complete(luck, uint64(2*i)), gaps)
		last = max(last, s.Clock) + m.arrivals.sorted[gap] - m.arrivals.sorted[gap-1]
		nodes, procs, e, index := m.seen(s, machine, below(rng.Complete(luck, uint64(2*i+1)), gaps+1))
		g.add(float64(last-s.Clock), nodes, m.known(index, e), gameKeys(e, procs, math.Log10(atLeastTenth(float64(last)))))
	}
	g.closeArrivals()
}

// seen returns job k of the queue, what runs and the past, with its place in a sequence if it is not of the past.
func (m *foresight) seen(s *BatchState, machine Machine, k int) (nodes, procs int64, e supervised.RunEstimate, index int32) {
	if k < len(s.Queue) {
		j := &s.Queue[k]
		return j.Nodes, j.Procs, m.jobs[k].estimate, j.index
	}
	if k -= len(s.Queue); k < len(s.Running) {
		j := &s.Running[k]
		return j.Nodes, j.Procs, m.running[k].estimate, j.index
	}
	k -= len(s.Running)
	j := &s.Past[k].Job
	e = m.runTimes.EstimateIn(m.learned[k].groups, max(j.Request, 0))
	if m.truth != nil {
		e = actual(j.Run)
	}
	return machine.nodes(j.Procs), j.Procs, e, -1
}

// known is what is known of the run time of a job: the estimate, or, to who knows the world, the truth.
func (m *foresight) known(index int32, e supervised.RunEstimate) supervised.RunEstimate {
	if m.truth != nil && index >= 0 {
		return actual(m.truth.jobs[index].Run)
	}
	return e
}

// actual is a run time that is known.
func actual(run int64) supervised.RunEstimate {
	return supervised.RunEstimate{Mean: float64(max(run, 1)), Price: 1 / float64(max(run, 10)), Whole: 1}
}

// submissions are those of all that has arrived, in order.
type submissions struct {
	sorted []int64
	past   uint64 // sum of the hashes of the past
	sum    uint64 // of all that is sorted
}

// submissionHash tells one set of submissions from others by the sum over its members.
func submissionHash(submit int64) uint64 { return rng.Mix(0x5eed, uint64(submit)) }

// update brings the list up to date: mostly nothing or little has been submitted since the last time.
func (u *submissions) update(s *BatchState) {
	n, sum, known := len(s.Queue)+len(s.Running)+len(s.Past), u.past, len(u.sorted)
	last := int64(math.MinInt64)
	if known > 0 {
		last = u.sorted[known-1]
	}
	for i := range s.Queue {
		sum += submissionHash(s.Queue[i].Submit)
	}
	for i := range s.Running {
		sum += submissionHash(s.Running[i].Submit)
	}
	if n == known && sum == u.sum {
		return
	}
	if n > known {
		u.take(s, last)
		added := uint64(0)
		for _, v := range u.sorted[known:] {
			added += submissionHash(v)
		}
		if len(u.sorted) == n && u.sum+added == sum {
			slices.Sort(u.sorted[known:])
			u.sum = sum
			return
		}
	}
	u.sorted = u.sorted[:0]
	u.take(s, math.MinInt64)
	slices.Sort(u.sorted)
	u.sum = sum
}

// take appends all submissions after last.
func (u *submissions) take(s *BatchState, last int64) {
	add := func(submit int64) {
		if submit > last {
			u.sorted = append(u.sorted, submit)
		}
	}
	for i := range s.Queue {
		add(s.Queue[i].Submit)
	}
	for i := range s.Running {
		add(s.Running[i].Submit)
	}
	for i := range s.Past {
		add(s.Past[i].Submit)
	}
}

// below is a number from 0 to n−1.
func below(bits uint64, n int) int { return int(rng.Uniform(bits) * float64(n)) }
