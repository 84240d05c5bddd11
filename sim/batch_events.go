package sim

import "math"

// endEvent is the actual end of a running job: what no scheduler sees.
type endEvent struct {
	end, tie int64 // tie: expected end once settled (see settle), the largest int64 before
	seq      int32 // rank among the starts
	index    int32 // position in the sequence
}

// unsettled is the tie of a job started since the last settle.
const unsettled = math.MaxInt64

func (e endEvent) before(f endEvent) bool {
	if e.end != f.end {
		return e.end < f.end
	}
	if e.tie != f.tie {
		return e.tie < f.tie
	}
	return e.seq < f.seq
}

// event lets one thing happen: the next job arrives, or, if none does until then, the first running job ends.
func (b *Batch) event() {
	if b.next < len(b.jobs) && (len(b.ends) == 0 || b.jobs[b.next].Submit <= b.ends[0].end) {
		b.arrive()
		return
	}
	b.end()
}

// arrive queues the next job.
func (b *Batch) arrive() {
	i := int32(b.next)
	j := &b.jobs[i]
	b.next++
	b.state.Clock = max(b.state.Clock, j.Submit)
	q := QueuedJob{
		ID: j.ID, Submit: j.Submit, Procs: j.Procs, Nodes: b.machine.nodes(j.Procs), Request: j.Request,
		User: j.User, Group: j.Group, App: j.App, Queue: j.Queue, Part: j.Part,
		Predicted: float64(j.Request), index: i,
	}
	if b.opt.Predict != nil {
		if p := b.opt.Predict(q, b.ended.of(j.User)); p >= 0 && !math.IsInf(p, 0) {
			q.Predicted = p
		} else {
			b.badPredictions++
		}
	}
	b.expected[i] = j.Request
	if b.opt.BackfillPredicted {
		b.expected[i] = wholePrediction(q.Predicted)
	}
	if b.static != nil {
		b.nanScores += b.static.push(&q, b.state.Clock)
		return
	}
	b.queue = append(b.queue, q)
}

// end releases the nodes of the running job that ends first.
func (b *Batch) end() {
	var e endEvent
	b.ends, e = heapPop(b.ends)
	b.state.Clock = max(b.state.Clock, e.end)
	slot, last := b.slots[e.index], len(b.state.Running)-1
	job := b.state.Running[slot]
	b.state.FreeNodes += job.Nodes
	b.state.Running[slot] = b.state.Running[last]
	b.slots[b.state.Running[slot].index] = slot
	b.state.Running = b.state.Running[:last]
	b.state.Ended++
	if b.opt.Backfill != BackfillNone {
		b.forget(e.index)
	}
	ended := EndedJob{Job: b.jobs[e.index], Start: job.Start, Predicted: job.Predicted}
	b.state.Past = append(b.state.Past, ended)
	if b.opt.Predict != nil {
		b.ended.add(ended)
	}
}

// start starts a job that fits and is in no queue any more.
func (b *Batch) start(j *QueuedJob) {
	i, clock := j.index, b.state.Clock
	b.state.FreeNodes -= j.Nodes
	b.slots[i] = int32(len(b.state.Running))
	b.state.Running = append(b.state.Running, RunningJob{QueuedJob: *j, Start: clock})
	b.ends = heapPush(b.ends, endEvent{end: clock + b.jobs[i].Run, tie: unsettled, seq: int32(len(b.order)), index: i})
	b.starts[i] = clock
	b.order = append(b.order, i)
	b.state.Started = len(b.order)
	if b.opt.Backfill != BackfillNone {
		b.expect(i, j.Nodes)
	}
}

// place starts the committed job p, as soon as it fits.
func (b *Batch) place(p *QueuedJob) {
	if b.opt.Backfill == BackfillReference && p.Nodes > b.state.FreeNodes {
		b.waitReference(p)
	}
	for p.Nodes > b.state.FreeNodes {
		b.waitOnce(p.Nodes)
	}
	b.start(p)
}

// history holds the ended jobs of each user, in the order of their ends.
type history struct {
	users map[int64]int
	jobs  [][]EndedJob
}

func (h *history) of(user int64) []EndedJob {
	if at, ok := h.users[max(user, -1)]; ok {
		ended := h.jobs[at]
		return ended[:len(ended):len(ended)]
	}
	return nil
}

func (h *history) add(j EndedJob) {
	if h.users == nil {
		h.users = map[int64]int{}
	}
	user := max(j.User, -1)
	at, ok := h.users[user]
	if !ok {
		at = len(h.users)
		h.users[user] = at
		if at == len(h.jobs) {
			h.jobs = append(h.jobs, nil)
		}
	}
	h.jobs[at] = append(h.jobs[at], j)
}

// reset forgets everything and keeps the memory.
func (h *history) reset() {
	clear(h.users)
	for i := range h.jobs {
		h.jobs[i] = h.jobs[i][:0]
	}
}
