package sim

import (
	"cmp"
	"slices"
)

// release is a running job with the end that backfilling expects.
type release struct {
	end   int64
	nodes int64
	index int32
}

func compareRelease(a, b release) int {
	if c := cmp.Compare(a.end, b.end); c != 0 {
		return c
	}
	return cmp.Compare(a.index, b.index)
}

// expect notes the expected end of job i, which has just started.
func (b *Batch) expect(i int32, nodes int64) {
	r := release{end: b.starts[i] + b.expected[i], nodes: nodes, index: i}
	at, _ := slices.BinarySearchFunc(b.estimate, r, compareRelease)
	b.estimate = slices.Insert(b.estimate, at, r)
}

// forget takes job i, which has just ended, out of the expected ends.
func (b *Batch) forget(i int32) {
	r := release{end: b.starts[i] + b.expected[i], index: i}
	at, _ := slices.BinarySearchFunc(b.estimate, r, compareRelease)
	b.estimate = slices.Delete(b.estimate, at, at+1)
}

// reserve returns when, going by estimates, nodes nodes will be free, and how many more will be free by then.
// Jobs that overran their estimate keep it: the time can lie in the past.
func (b *Batch) reserve(nodes int64) (when, extra int64) {
	free, i := b.state.FreeNodes, 0
	for i < len(b.estimate) && free < nodes {
		free += b.estimate[i].nodes
		when = b.estimate[i].end
		i++
	}
	until := max(when, b.state.Clock)
	for ; i < len(b.estimate) && b.estimate[i].end <= until; i++ {
		free += b.estimate[i].nodes
	}
	return when, free - nodes
}

// waitReference lets time pass until p fits, with the backfilling of RLScheduler's simulator: the reservation is
// made once and only holds for what ends strictly before it.
func (b *Batch) waitReference(p *QueuedJob) {
	when, _ := b.reserve(p.Nodes)
	b.settle()
	for p.Nodes > b.state.FreeNodes {
		b.backfill(when, -1)
		b.event()
	}
}

// settle puts jobs that end in the same second in the order of their expected ends. The reference sorts its
// list of running jobs that way for each reservation and stably by actual end for each event, so of several
// ends in one second that with the earliest expected end comes first, those of later starts after it.
func (b *Batch) settle() {
	for i := range b.ends {
		e := &b.ends[i]
		e.tie = b.starts[e.index] + b.expected[e.index]
	}
	heapify(b.ends)
}

// waitOnce lets one thing happen while a job of so many nodes waits. Under EASY, whatever does not delay that job may
// start before: by ending in time, or by leaving enough nodes beside it. The reservation is new for every event;
// jobs that overran their estimate are expected to end now, and all nodes expected to be free at the
// reserved time count.
func (b *Batch) waitOnce(nodes int64) {
	if b.opt.Backfill == BackfillEASY {
		when, extra := b.reserve(nodes)
		b.backfill(max(when, b.state.Clock)+1, extra)
	}
	b.event()
}

// backfill starts, in the order of submission, the queued jobs that fit now and are either expected to end
// before the time given or need no more than the extra nodes, which they then use up.
func (b *Batch) backfill(before, extra int64) {
	if b.static != nil {
		b.static.backfill(b, before, extra)
		return
	}
	b.sortBySubmit()
	kept := 0
	for i := range b.queue {
		j := &b.queue[i]
		if !b.passes(j.index, j.Nodes, before, &extra) {
			if kept < i {
				b.queue[kept] = *j
			}
			kept++
			continue
		}
		b.start(j)
	}
	b.queue = b.queue[:kept]
}

// passes reports whether a queued job may be backfilled, and uses up extra.
func (b *Batch) passes(i int32, nodes, before int64, extra *int64) bool {
	switch {
	case nodes > b.state.FreeNodes:
		return false
	case b.state.Clock+b.expected[i] < before:
		return true
	case nodes <= *extra:
		*extra -= nodes
		return true
	}
	return false
}
