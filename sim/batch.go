package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leptonsched/lepton"
)

// Batch is a machine with one queue of rigid jobs, after the simulator of RLScheduler (Zhang et al., SC'20,
// DIR-LAB/deep-batch-scheduler), which it reproduces exactly: sum_wait and the like to the last second.
//
// A decision is due whenever a job may be chosen: one is queued and none is committed. The chosen job is
// committed: it starts at once if it fits, and otherwise time goes on, one event after the other, until it
// does, while backfilling may start others (BatchOptions.Rechoose lifts that). Events are arrivals and ends, one at a time, arrivals first; so
// jobs that arrive or end in the same second as the decision may not have done so yet.
//
// The queue is a list that keeps its order between decisions. Arrivals are appended, starting takes a job out
// and leaves the rest as it is, Run sorts it stably by score before each decision, and backfilling sorts it
// stably by submission before each event. So equal scores are told apart by what happened before.
//
// Use it as a loop of State and Start, or let Run decide by a ranking. Not safe for concurrent use.
type Batch struct {
	machine Machine
	opt     BatchOptions
	jobs    []Job // the sequence, hidden from whoever decides
	next    int   // the next arrival
	state   BatchState
	queue   []QueuedJob  // all of it; state.Queue is the visible part
	static  *staticQueue // in place of queue while Run follows a static heuristic; else nil
	ended   history      // by user; kept for Predict alone

	ends     []endEvent // heap of the actual ends of running jobs
	estimate []release  // running jobs by the end that backfilling expects; kept for backfilling alone
	slots    []int32    // by position in the sequence: place in state.Running
	expected []int64    // by position: run time that backfilling reckons with
	starts   []int64    // by position: start, or NotStarted
	order    []int32    // positions in the order of their starts
	monotone bool       // submissions never step back in this sequence

	nanScores, badPredictions int

	// Scratch of Run.
	keys    []queueKey
	spare   []QueuedJob
	scores  []float64
	obs     lepton.Observation
	scratch lepton.Scratch
	idle    staticQueue
}

// NewBatch returns a world on machine m, to be given jobs by Reset. All faults of m and o are reported together.
func NewBatch(m Machine, o BatchOptions) (*Batch, error) {
	if err := errors.Join(m.validate(), o.validate()); err != nil {
		return nil, err
	}
	return &Batch{machine: m.withDefaults(), opt: o}, nil
}

// Reset begins the sequence jobs[start:start+length] on an empty machine: the clock is at the submission of
// the first job, and that job alone is queued. The jobs are read until the next Reset, never changed; of those
// before start, BatchOptions.History says how many are remembered; those after the sequence are not looked at. The error
// is ErrSequence or ErrBadJob; the world then has no sequence.
func (b *Batch) Reset(jobs []Job, start, length int) error {
	b.jobs, b.next, b.static = nil, 0, nil
	b.queue, b.state.Running = b.queue[:0], b.state.Running[:0]
	b.ends, b.estimate, b.order, b.starts = b.ends[:0], b.estimate[:0], b.order[:0], b.starts[:0]
	b.nanScores, b.badPredictions = 0, 0
	b.ended.reset()
	b.state = BatchState{UnixStart: b.opt.UnixStart, Procs: b.machine.Procs, Nodes: b.machine.Nodes,
		FreeNodes: b.machine.Nodes, Running: b.state.Running, Past: b.state.Past[:0]}
	if start < 0 || length <= 0 || length > len(jobs) || start > len(jobs)-length {
		return fmt.Errorf("%w: %d jobs from %d on of %d", ErrSequence, length, start, len(jobs))
	}
	sequence := jobs[start : start+length]
	b.monotone = true
	for i := range sequence {
		if err := b.check(&sequence[i]); err != nil {
			return err
		}
		b.monotone = b.monotone && (i == 0 || sequence[i-1].Submit <= sequence[i].Submit)
	}
	if err := b.recall(jobs[:start], sequence[0].Submit); err != nil {
		return err
	}
	b.jobs = sequence
	b.slots = slices.Grow(b.slots[:0], length)[:length]
	b.expected = slices.Grow(b.expected[:0], length)[:length]
	b.starts = slices.Grow(b.starts, length)[:length]
	for i := range b.starts {
		b.starts[i] = NotStarted
	}
	b.state.Clock = b.jobs[0].Submit
	b.arrive()
	b.offer()
	return nil
}

// check returns ErrBadJob if j cannot be run.
func (b *Batch) check(j *Job) error {
	bad := func(format string, a ...any) error {
		return fmt.Errorf("%w: job %d "+format, append([]any{ErrBadJob, j.ID}, a...)...)
	}
	switch {
	case j.Procs <= 0 || j.Procs > b.machine.Procs:
		return bad("asks for %d processors of %d", j.Procs, b.machine.Procs)
	case j.Run < 0:
		return bad("has the negative run time %d", j.Run)
	case j.Run > maxTime || j.Submit > maxTime || j.Submit < -maxTime || j.Request > maxTime || j.Request < -maxTime:
		return bad("has a time beyond ±%d s", int64(maxTime))
	}
	return nil
}

// Done reports whether every job has been started (or none has been given): no decision is due any more.
func (b *Batch) Done() bool { return len(b.order) == len(b.jobs) }

// State returns what is known for the decision that is due. It is reused: good until the next Start, Run or Reset.
func (b *Batch) State() *BatchState { return &b.state }

// Start chooses job i of State().Queue: it is committed, starts when it fits, and time goes on to the next
// decision. (With BatchOptions.Rechoose a job that does not fit stays queued, for one event.) ErrBatchEnded or ErrNotQueued leave the world as it is.
func (b *Batch) Start(i int) error {
	if b.Done() {
		return ErrBatchEnded
	}
	if i < 0 || i >= len(b.state.Queue) {
		return fmt.Errorf("%w: %d of %d", ErrNotQueued, i, len(b.state.Queue))
	}
	b.commit(i)
	b.offer()
	return nil
}

// commit takes job i out of the queue and runs the world until the next decision is due.
func (b *Batch) commit(i int) {
	p := b.queue[i]
	if b.opt.Rechoose && p.Nodes > b.state.FreeNodes {
		b.waitOnce(p.Nodes)
		return
	}
	b.queue = slices.Delete(b.queue, i, i+1)
	b.place(&p)
	for len(b.queue) == 0 && b.next < len(b.jobs) {
		b.event()
	}
}

// offer makes the head of the queue visible.
func (b *Batch) offer() {
	visible := len(b.queue)
	if b.opt.Visible > 0 && visible > b.opt.Visible {
		b.sortBySubmit()
		visible = b.opt.Visible
	}
	b.state.Queue, b.state.Queued = b.queue[:visible:visible], len(b.queue)
}
