package sim

import (
	"math"
	"math/bits"
	"slices"

	"github.com/leptonsched/lepton/supervised"
)

// mostPlaying is how many jobs a game has at most: a word has a bit for each.
const mostPlaying = 64

// gameRules is the number of rules that go on with a game: WSAF, shortest first and F1.
const gameRules = 3

// crowdGame is a small world in which a few queued jobs and a few arrivals are played to the end under a static rule, as an
// outlook does with all of them, in a fraction of its time. Run times are as estimated, for backfilling too. Jobs are
// numbered in the order of submission, the queued first.
type crowdGame struct {
	backfill Backfill
	free     int64         // nodes, at the decision
	ends     []nodeRelease // of running jobs, earliest first

	n, queued int
	jobs      [mostPlaying]gameJob
	keys      [gameRules][mostPlaying]uint64 // with the job's number; sorted those of the queued and those of the rest
	byRank    [gameRules][mostPlaying]uint8
	rank      [gameRules][mostPlaying]uint8
	atFirst   [gameRules]uint64 // ranks of the queued jobs

	// One game.
	rule        int
	now         float64
	left        int64                    // free nodes
	own         [mostPlaying]nodeRelease // ends of jobs of the game, earliest first
	next        int                      // in ends
	head, tail  int                      // of own
	end, ownEnd float64                  // the next of ends and of own
	arrived     int
	arrival     float64 // the next
	ready, wait uint64  // waiting jobs, by rank and by number
	cost        float64
}

// gameJob is a job of a game.
type gameJob struct {
	submit     float64 // seconds from now, 0 for what is queued
	nodes      int64
	run, price float64
}

func (g *crowdGame) reset() { g.n, g.queued = 0, 0 }

// add adds the next job.
func (g *crowdGame) add(submit float64, nodes int64, e supervised.RunEstimate, keys [gameRules]float64) {
	g.jobs[g.n] = gameJob{submit, nodes, e.Mean, e.Price}
	for r, k := range keys {
		g.keys[r][g.n] = gameKey(k, g.n)
	}
	g.n++
}

// gameKey packs a key, as a float32 whose bits sort as its values do, with the number of the job.
func gameKey(v float64, number int) uint64 {
	b := math.Float32bits(float32(v))
	if b>>31 != 0 {
		b = ^b
	} else {
		b |= 1 << 31
	}
	return uint64(b)<<32 | uint64(number)
}

// closeQueue says that all queued jobs have been added.
func (g *crowdGame) closeQueue() {
	g.queued = g.n
	for r := range g.keys {
		slices.Sort(g.keys[r][:g.n])
	}
}

// closeArrivals says that all arrivals have been added, and ranks the jobs by all rules.
func (g *crowdGame) closeArrivals() {
	for r := range g.keys {
		queued, coming := g.keys[r][:g.queued], g.keys[r][g.queued:g.n]
		slices.Sort(coming)
		byRank, rank, first := &g.byRank[r], &g.rank[r], uint64(0)
		for i := range g.n {
			var job uint8
			if len(coming) == 0 || len(queued) > 0 && queued[0] < coming[0] {
				job, queued = uint8(queued[0]), queued[1:]
				first |= 1 << i
			} else {
				job, coming = uint8(coming[0]), coming[1:]
			}
			byRank[i], rank[job] = job, uint8(i)
		}
		g.atFirst[r] = first
	}
}

// play starts job first next and the others as rule has it, and returns what all waiting from now on costs; what reaches limit
// is not played to the end.
func (g *crowdGame) play(rule int, first int, limit float64) float64 {
	g.rule, g.now, g.left, g.next, g.head, g.tail, g.arrived, g.cost = rule, 0, g.free, 0, 0, 0, g.queued, 0
	g.end, g.ownEnd, g.arrival = never, never, never
	if len(g.ends) > 0 {
		g.end = g.ends[0].after
	}
	if g.arrived < g.n {
		g.arrival = g.jobs[g.arrived].submit
	}
	g.ready, g.wait = g.atFirst[rule], 1<<g.queued-1
	for job := first; ; job = int(g.byRank[rule][bits.TrailingZeros64(g.ready)]) {
		g.take(job)
		if g.jobs[job].nodes > g.left {
			g.hold(job)
		}
		if g.start(job); g.cost >= limit {
			return g.cost
		}
		if g.ready == 0 {
			if g.arrived == g.n {
				return g.cost
			}
			g.run(math.MaxInt64, true)
		}
	}
}

func (g *crowdGame) take(job int) {
	g.ready &^= 1 << g.rank[g.rule][job]
	g.wait &^= 1 << job
}

func (g *crowdGame) start(job int) {
	j := &g.jobs[job]
	g.left -= j.nodes
	g.cost += j.price * (g.now - j.submit)
	e := nodeRelease{g.now + j.run, j.nodes}
	i := g.tail
	for ; i > g.head && e.after < g.own[i-1].after; i-- {
		g.own[i] = g.own[i-1]
	}
	g.own[i] = e
	g.tail++
	if e.after < g.ownEnd {
		g.ownEnd = e.after
	}
}

// never is when nothing happens.
const never = 1e300

// run lets jobs arrive and end, one event at a time, until so many nodes are free or, if that is enough, a job has arrived. It tells whether
// the last event was an arrival; ok is false if nothing happens any more.
func (g *crowdGame) run(nodes int64, arrivalIsEnough bool) (arrival, ok bool) {
	for {
		switch {
		case g.arrival <= g.end && g.arrival <= g.ownEnd && g.arrived < g.n:
			g.pass(g.arrival)
			g.ready |= 1 << g.rank[g.rule][g.arrived]
			g.wait |= 1 << g.arrived
			if g.arrived++; g.arrived < g.n {
				g.arrival = g.jobs[g.arrived].submit
			} else {
				g.arrival = never
			}
			if arrivalIsEnough || g.left >= nodes {
				return true, true
			}
			continue
		case g.head < g.tail && g.ownEnd < g.end:
			g.pass(g.ownEnd)
			g.left += g.own[g.head].nodes
			g.head++
			g.ownEnd = never
			if g.head < g.tail {
				g.ownEnd = g.own[g.head].after
			}
		case g.next < len(g.ends):
			g.pass(g.end)
			g.left += g.ends[g.next].nodes
			if g.next++; g.next < len(g.ends) {
				g.end = g.ends[g.next].after
			} else {
				g.end = never
			}
		default:
			return false, false
		}
		if g.left >= nodes {
			return false, true
		}
	}
}

// pass lets the time be at least t. (The max of floats looks for NaN, which takes its time.)
func (g *crowdGame) pass(t float64) {
	if t > g.now {
		g.now = t
	}
}

// hold lets time pass until job fits; with backfilling, what does not delay it may pass.
func (g *crowdGame) hold(job int) {
	nodes := g.jobs[job].nodes
	if g.backfill == BackfillNone {
		g.run(nodes, false)
		return
	}
	before, extra := g.reserve(nodes)
	if g.backfill == BackfillReference {
		extra = -1
	}
	look := g.wait // what has not been looked at since nodes became free
	for {
		for ; look != 0 && g.left > 0; look &= look - 1 {
			k := bits.TrailingZeros64(look)
			j := &g.jobs[k]
			if j.nodes > g.left {
				continue
			}
			if g.now+j.run >= before {
				if j.nodes > extra {
					continue
				}
				extra -= j.nodes
			}
			g.take(k)
			g.start(k)
		}
		arrival, ok := g.run(math.MinInt64, true)
		if !ok || g.left >= nodes {
			return
		}
		if look = g.wait; arrival {
			look = 1 << (g.arrived - 1)
		}
	}
}

// reserve returns when so many nodes are free, and how many more there are then.
func (g *crowdGame) reserve(nodes int64) (when float64, extra int64) {
	free, i, k := g.left, g.next, g.head
	for free < nodes {
		switch {
		case k < g.tail && (i == len(g.ends) || g.own[k].after < g.ends[i].after):
			when, free, k = g.own[k].after, free+g.own[k].nodes, k+1
		case i < len(g.ends):
			when, free, i = g.ends[i].after, free+g.ends[i].nodes, i+1
		default:
			return never, 0
		}
	}
	return when, free - nodes
}
