package sim

// staticQueue holds the queue while a heuristic decides whose scores never change, so that a decision costs a
// step down a heap and not a sort.
//
// Sorting such scores again and again, stably, with arrivals appended, is ordering by (score, arrival): that is
// the heap. A sort by submission in between (backfilling) makes it (score, submission, arrival), which is the same
// wherever submissions never step back; runHeuristic sees to that. And then the order of arrival is the order of
// submission too, so a list in the order of arrival serves backfilling, but for jobs of one second: see sortTies.
type staticQueue struct {
	heuristic *BatchHeuristic
	heap      []staticJob // jobs that backfilling has started stay in it until they come up
	slots     []staticSlot
	free      []int32 // slots that hold no job
	len       int
	tied      bool // some neighbours of the list were submitted in the same second
}

// staticJob is an entry of the heap.
type staticJob struct {
	first, second float64
	index         int32 // position in the sequence, and so the rank of arrival
	slot          int32
}

func (a staticJob) before(b staticJob) bool {
	if a.first != b.first && a.first == a.first && b.first == b.first {
		return a.first < b.first
	}
	return compareKeys(queueKey{a.first, a.second, a.index}, queueKey{b.first, b.second, b.index}) < 0
}

// staticSlot is an element of the list of queued jobs. Slot 0 is the ends of the list.
type staticSlot struct {
	job        QueuedJob
	key        staticJob
	prev, next int32
}

// reset empties q for heuristic h.
func (q *staticQueue) reset(h *BatchHeuristic) {
	q.heuristic, q.heap, q.free, q.len, q.tied = h, q.heap[:0], q.free[:0], 0, false
	q.slots = append(q.slots[:0], staticSlot{})
}

// push queues j and returns 1 if its score is not a number.
func (q *staticQueue) push(j *QueuedJob, clock int64) (nans int) {
	var at int32
	if last := len(q.free) - 1; last >= 0 {
		at, q.free = q.free[last], q.free[:last]
	} else {
		at = int32(len(q.slots))
		q.slots = append(q.slots, staticSlot{})
	}
	tail := q.slots[0].prev
	q.tied = q.tied || tail != 0 && q.slots[tail].job.Submit == j.Submit
	first, second := q.heuristic.Score(j, clock)
	key := staticJob{first, second, j.index, at}
	q.heap = heapPush(q.heap, key)
	q.slots[at] = staticSlot{job: *j, key: key, prev: tail}
	q.slots[tail].next, q.slots[0].prev = at, at
	q.len++
	return boolean(first != first || second != second)
}

// remove takes the job in slot at out of the list and returns it.
func (q *staticQueue) remove(at int32) QueuedJob {
	s := &q.slots[at]
	q.slots[s.prev].next, q.slots[s.next].prev = s.next, s.prev
	q.free = append(q.free, at)
	q.len--
	return s.job
}

// sortTies puts jobs submitted in the same second in the order of their scores, which is the order that the sort
// before a decision gives them. Those that arrive while the chosen one waits are at the end, as they are in the
// list sorted by submission. Without backfilling nobody looks.
func (q *staticQueue) sortTies() {
	if !q.tied {
		return
	}
	for at := q.slots[0].next; at != 0; {
		s := &q.slots[at]
		next, prev := s.next, s.prev
		for prev != 0 && q.slots[prev].job.Submit == s.job.Submit && s.key.before(q.slots[prev].key) {
			prev = q.slots[prev].prev
		}
		if prev != s.prev {
			q.slots[s.prev].next, q.slots[s.next].prev = s.next, s.prev
			s.prev, s.next = prev, q.slots[prev].next
			q.slots[prev].next, q.slots[s.next].prev = at, at
		}
		at = next
	}
}

// backfill is Batch.backfill for this form of the queue.
func (q *staticQueue) backfill(b *Batch, before, extra int64) {
	for at := q.slots[0].next; at != 0 && b.state.FreeNodes > 0; {
		s := &q.slots[at]
		next := s.next
		if b.passes(s.job.index, s.job.Nodes, before, &extra) {
			j := q.remove(at)
			b.start(&j)
		}
		at = next
	}
}

// runStatic is runHeuristic from the first decision on, for scores that never change.
func (b *Batch) runStatic(h *BatchHeuristic) (BatchResult, error) {
	q := &b.idle
	q.reset(h)
	b.static = q
	b.nanScores += q.push(&b.queue[0], b.state.Clock)
	b.queue = b.queue[:0]
	for !b.Done() {
		top := q.heap[0]
		if b.starts[top.index] != NotStarted {
			q.heap, _ = heapPop(q.heap)
			continue
		}
		if nodes := q.slots[top.slot].job.Nodes; nodes > b.state.FreeNodes {
			if b.opt.Backfill != BackfillNone {
				q.sortTies()
			}
			if b.opt.Rechoose {
				b.waitOnce(nodes)
				continue
			}
		}
		q.heap, _ = heapPop(q.heap)
		p := q.remove(top.slot)
		b.place(&p)
		for q.len == 0 && b.next < len(b.jobs) {
			b.event()
		}
	}
	b.static = nil
	b.offer()
	return b.Result(), nil
}
