package sim

import (
	"math"
	"math/bits"
	"slices"
)

// outlook is a batch world that a planner imagines: the queue and the running jobs of a BatchState with run times that
// are assumed, and arrivals that are. From the decision it goes on under a static order exactly as Batch would if the
// assumptions were true, in a few microseconds.
//
// Jobs are numbered in the order of submission, first those that are queued, then those to come. Sets of jobs
// are bits, by rank to find the next to choose, by number for backfilling.
type outlook struct {
	backfill Backfill
	clock    int64 // at the decision
	free     int64
	queued   int          // the first so many jobs are queued
	jobs     []outlookJob // queued and to come
	running  []outlookEnd // in the order of their starts
	releases []release    // of the running jobs, by expected end; kept for backfilling alone
	narrow   classes      // by nodes; kept for backfilling alone
	short    classes      // by expected run time; the same

	// One continuation.
	order     *outlookOrder
	now       int64
	left      int64 // free nodes
	waiting   int   // jobs in the queue
	next      int   // the next arrival
	low       int   // no word below holds a rank
	seq       int32
	ranks     []uint64 // queued jobs, by rank
	numbers   []uint64 // queued jobs, by number; kept for backfilling alone
	ends      []outlookEnd
	estimates []release
	group     []int32
	total     float64
	starts    []int64 // by number, where a test wants them
}

// outlookJob is a job that waits or will arrive.
type outlookJob struct {
	submit   int64
	nodes    int64
	run      int64   // assumed
	expected int64   // run time that backfilling reckons with
	price    float64 // of a second of waiting
	lo, hi   int32   // the jobs [lo, hi) were submitted in the same second
}

// outlookEnd is the assumed end of a running job. Ends are a heap by the end alone: which of one second comes first
// is found out when it matters.
type outlookEnd struct {
	end, expected int64
	nodes         int64
	seq           int32 // rank among the starts
}

// outlookOrder is an order of the jobs of an outlook.
type outlookOrder struct {
	job    []int32  // by rank
	rank   []int32  // by job
	queued []uint64 // ranks of the jobs that are queued at the decision
}

// prepare makes ready for continuations, once jobs and running are set.
func (o *outlook) prepare() {
	for i := range o.jobs {
		j := &o.jobs[i]
		if j.lo, j.hi = int32(i), int32(i)+1; i > 0 && o.jobs[i-1].submit == j.submit {
			j.lo = o.jobs[i-1].lo
		}
	}
	for i := len(o.jobs) - 2; i >= 0; i-- {
		if o.jobs[i+1].lo == o.jobs[i].lo {
			o.jobs[i].hi = o.jobs[i+1].hi
		}
	}
	if o.backfill == BackfillNone {
		return
	}
	o.narrow.reset(len(o.jobs))
	o.short.reset(len(o.jobs))
	for i := range o.jobs {
		o.narrow.add(i, o.jobs[i].nodes)
		o.short.add(i, o.jobs[i].expected)
	}
	o.narrow.close()
	o.short.close()
	o.releases = o.releases[:0]
	for i := range o.running {
		o.releases = insertRelease(o.releases, release{end: o.running[i].expected, nodes: o.running[i].nodes})
	}
}

// play starts job first next and the others as order has it, and returns what all waiting from the decision on costs,
// until the last job has started. It stops where that reaches limit, since waiting only adds to it.
func (o *outlook) play(order *outlookOrder, first int32, limit float64) float64 {
	o.begin(order)
	for job := first; ; job = o.head() {
		o.take(job)
		if o.jobs[job].nodes > o.left {
			o.wait(o.jobs[job].nodes)
		}
		if o.start(job); o.total >= limit {
			return o.total
		}
		for o.waiting == 0 {
			if o.next == len(o.jobs) {
				return o.total
			}
			o.event(0)
		}
	}
}

func (o *outlook) begin(order *outlookOrder) {
	o.order, o.now, o.left, o.waiting, o.next, o.low, o.total = order, o.clock, o.free, o.queued, o.queued, 0, 0
	o.ranks = append(o.ranks[:0], order.queued...)
	o.ends = o.ends[:0]
	o.seq = 0
	for _, e := range o.running {
		e.seq = o.seq
		o.seq++
		o.pushEnd(e)
	}
	if o.backfill == BackfillNone {
		return
	}
	o.estimates = append(o.estimates[:0], o.releases...)
	o.numbers = zeroed(o.numbers, (len(o.jobs)+63)/64)
	for i := range o.queued {
		o.numbers[i/64] |= 1 << (i % 64)
	}
}

// head returns the queued job of the lowest rank. The queue is not empty.
func (o *outlook) head() int32 {
	for o.ranks[o.low] == 0 {
		o.low++
	}
	return o.order.job[o.low*64+bits.TrailingZeros64(o.ranks[o.low])]
}

// take takes a job out of the queue.
func (o *outlook) take(job int32) {
	r := o.order.rank[job]
	o.ranks[r/64] &^= 1 << (r % 64)
	o.waiting--
	if o.backfill != BackfillNone {
		o.numbers[job/64] &^= 1 << (job % 64)
	}
}

// start starts a job that fits and is in no queue any more.
func (o *outlook) start(job int32) {
	j := &o.jobs[job]
	o.left -= j.nodes
	o.total += j.price * float64(o.now-max(j.submit, o.clock))
	if o.starts != nil {
		o.starts[job] = o.now
	}
	o.pushEnd(outlookEnd{end: o.now + j.run, expected: o.now + j.expected, nodes: j.nodes, seq: o.seq})
	o.seq++
	if o.backfill != BackfillNone {
		o.estimates = insertRelease(o.estimates, release{end: o.now + j.expected, nodes: j.nodes})
	}
}

// event lets the next job arrive, or the first running job end; it tells which. See popEnd for settled.
func (o *outlook) event(settled int32) (arrived bool) {
	if o.next < len(o.jobs) && (len(o.ends) == 0 || o.jobs[o.next].submit <= o.ends[0].end) {
		o.arrive()
		return true
	}
	e := o.popEnd(settled)
	o.now = max(o.now, e.end)
	o.left += e.nodes
	if o.backfill != BackfillNone {
		o.estimates = deleteRelease(o.estimates, release{end: e.expected, nodes: e.nodes})
	}
	return false
}

func (o *outlook) arrive() {
	job := o.next
	o.next++
	o.now = max(o.now, o.jobs[job].submit)
	o.waiting++
	r := int(o.order.rank[job])
	o.ranks[r/64] |= 1 << (r % 64)
	o.low = min(o.low, r/64)
	if o.backfill != BackfillNone {
		o.numbers[job/64] |= 1 << (job % 64)
	}
}

// wait lets time pass until so many nodes are free.
func (o *outlook) wait(nodes int64) {
	if o.backfill != BackfillNone {
		o.waitBackfilling(nodes)
		return
	}
	for nodes > o.left {
		o.event(0)
	}
}

func (o *outlook) pushEnd(e outlookEnd) {
	h := append(o.ends, e)
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if e.end >= h[parent].end {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
	o.ends = h
}

// popEnd takes out the first end. Of several in one second that is the one with the earliest expected end among the
// starts before settled, then the earliest start (see Batch.settle).
func (o *outlook) popEnd(settled int32) outlookEnd {
	h := o.ends
	if n := len(h); n > 1 && h[1].end == h[0].end || n > 2 && h[2].end == h[0].end {
		o.resolveTie(settled)
	}
	first, last := h[0], len(h)-1
	x := h[last]
	h = h[:last]
	o.ends = h
	for i := 0; last > 0; {
		child := 2*i + 1
		if right := child + 1; right < last && h[right].end < h[child].end {
			child = right
		}
		if child >= last || x.end <= h[child].end {
			h[i] = x
			break
		}
		h[i] = h[child]
		i = child
	}
	return first
}

// resolveTie puts at the root of the heap that one of the first ends which comes first.
func (o *outlook) resolveTie(settled int32) {
	h, best := o.ends, 0
	tie := func(e *outlookEnd) int64 {
		if e.seq < settled {
			return e.expected
		}
		return math.MaxInt64
	}
	for i := 1; i < len(h); i++ {
		if h[i].end != h[0].end {
			continue
		}
		if a, b := tie(&h[i]), tie(&h[best]); a < b || a == b && h[i].seq < h[best].seq {
			best = i
		}
	}
	h[0], h[best] = h[best], h[0]
}

// zeroed returns n words of 0, in v's memory if it is large enough.
func zeroed(v []uint64, n int) []uint64 {
	if cap(v) < n {
		return make([]uint64, n)
	}
	v = v[:n]
	clear(v)
	return v
}

// set makes the order that keys have, sorted and each with the number of its job.
func (r *outlookOrder) set(keys []queueKey, queued int) {
	n := len(keys)
	r.job = slices.Grow(r.job[:0], n)[:n]
	r.rank = slices.Grow(r.rank[:0], n)[:n]
	r.queued = zeroed(r.queued, (n+63)/64)
	for i, k := range keys {
		r.job[i], r.rank[k.at] = k.at, int32(i)
		if int(k.at) < queued {
			r.queued[i/64] |= 1 << (i % 64)
		}
	}
}
