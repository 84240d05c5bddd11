package sim

import "math/bits"

// waitBackfilling is wait with backfilling, as Batch does it: see waitReference and waitOnce there.
//
// A look at the queue finds nothing new after an arrival but the arrival itself: the same nodes are free, the reservation
// stands and less time is left before it. So the whole queue is looked at only at first and after an end. (Not so
// where EASY's reservation is overdue, as it then moves with the clock.)
func (o *outlook) waitBackfilling(nodes int64) {
	var before, extra int64
	settled := int32(0)
	if o.backfill == BackfillReference {
		before, _ = o.reserve(nodes)
		settled, extra = o.seq, -1
	}
	known := int32(o.next) // jobs from here on arrive while this one waits
	from := 0              // jobs before have been looked at
	for nodes > o.left {
		if o.backfill == BackfillEASY {
			var when int64
			if from == 0 || before <= o.now {
				when, extra = o.reserve(nodes)
				before, from = max(when, o.now)+1, 0
			}
		}
		o.backfillFrom(from, known, before, &extra)
		if from = o.next; !o.event(settled) {
			from = 0
		}
	}
}

// reserve is Batch.reserve.
func (o *outlook) reserve(nodes int64) (when, extra int64) {
	free, i := o.left, 0
	for i < len(o.estimates) && free < nodes {
		free += o.estimates[i].nodes
		when = o.estimates[i].end
		i++
	}
	until := max(when, o.now)
	for ; i < len(o.estimates) && o.estimates[i].end <= until; i++ {
		free += o.estimates[i].nodes
	}
	return when, free - nodes
}

// backfillFrom is Batch.backfill for the queued jobs numbered from on. Jobs of one second are in the order of their
// ranks, but those that came after the wait began, numbered known on, are last.
func (o *outlook) backfillFrom(from int, known int32, before int64, extra *int64) {
	for at := o.nextPassing(from, before, *extra); at >= 0; {
		j := &o.jobs[at]
		if j.hi == j.lo+1 {
			o.pass(int32(at), before, extra)
			at = o.nextPassing(at+1, before, *extra)
			continue
		}
		o.group = o.group[:0]
		for i := max(j.lo, int32(from)); i < j.hi; i++ {
			if o.numbers[i/64]>>(i%64)&1 == 0 {
				continue
			}
			o.group = append(o.group, i)
			for k := len(o.group) - 1; k > 0 && i < known && o.order.rank[i] < o.order.rank[o.group[k-1]]; k-- {
				o.group[k], o.group[k-1] = o.group[k-1], i
			}
		}
		at = int(j.hi)
		for _, i := range o.group {
			o.pass(i, before, extra)
		}
		at = o.nextPassing(at, before, *extra)
	}
}

// pass starts a queued job if it may be backfilled.
func (o *outlook) pass(job int32, before int64, extra *int64) {
	j := &o.jobs[job]
	switch {
	case j.nodes > o.left:
		return
	case o.now+j.expected < before:
	case j.nodes <= *extra:
		*extra -= j.nodes
	default:
		return
	}
	o.take(job)
	o.start(job)
}

// nextPassing returns the first queued job from number at on that may be backfilled; −1 for none. It can return some
// that may not.
func (o *outlook) nextPassing(at int, before, extra int64) int {
	if o.left == 0 || at >= len(o.jobs) {
		return -1
	}
	fits, short, beside := o.narrow.upTo(o.left), o.short.upTo(before-o.now), o.narrow.upTo(extra)
	for word, skip := at/64, at%64; word < len(o.numbers); word, skip = word+1, 0 {
		set := o.numbers[word] & fits[word] & (short[word] | beside[word])
		set = set >> skip << skip
		if set != 0 {
			return word*64 + bits.TrailingZeros64(set)
		}
	}
	return -1
}

// classes are nested sets of jobs: class k has those of which a quantity is below 2^k, so that most of what is too
// large for something is never looked at.
type classes struct {
	sets [64][]uint64
	last int // the highest class that can differ from the one below
}

// reset makes ready for so many jobs.
func (c *classes) reset(jobs int) {
	for k := range c.last + 1 {
		c.sets[k] = c.sets[k][:0]
	}
	c.last = 0
	c.sets[0] = zeroed(c.sets[0], (jobs+63)/64)
}

// add puts a job into the lowest class that it is in.
func (c *classes) add(job int, quantity int64) {
	k := bits.Len64(uint64(max(quantity, 0)))
	for c.last < k {
		c.last++
		c.sets[c.last] = zeroed(c.sets[c.last], len(c.sets[0]))
	}
	c.sets[k][job/64] |= 1 << (job % 64)
}

// close puts the jobs of each class into those above.
func (c *classes) close() {
	for k := range c.last {
		for i, set := range c.sets[k] {
			c.sets[k+1][i] |= set
		}
	}
}

// upTo is the smallest class that has all jobs with at most this quantity.
func (c *classes) upTo(quantity int64) []uint64 {
	return c.sets[min(bits.Len64(uint64(max(quantity, 0))), c.last)]
}

// insertRelease adds r to releases in the order of their ends.
func insertRelease(list []release, r release) []release {
	list = append(list, r)
	i := len(list) - 1
	for ; i > 0 && r.end < list[i-1].end; i-- {
		list[i] = list[i-1]
	}
	list[i] = r
	return list
}

// deleteRelease takes out one that is equal to r, which is there.
func deleteRelease(list []release, r release) []release {
	lo, hi := 0, len(list)
	for lo < hi {
		if mid := (lo + hi) / 2; list[mid].end < r.end {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for list[lo].nodes != r.nodes {
		lo++
	}
	return append(list[:lo], list[lo+1:]...)
}
