package sim

import (
	"errors"
	"fmt"
)

// Machine is what jobs run on: Procs processors in Nodes equal nodes. A job takes whole nodes,
// ceil(procs·Nodes/Procs) of them. Nodes 0 means that every processor is a node.
type Machine struct {
	Procs int64
	Nodes int64
}

// Machine returns the machine that t was recorded on.
func (t *Trace) Machine() Machine { return Machine{Procs: t.MaxProcs, Nodes: t.MaxNodes} }

// withDefaults fills Nodes.
func (m Machine) withDefaults() Machine {
	if m.Nodes == 0 {
		m.Nodes = m.Procs
	}
	return m
}

// validate reports every fault of m.
func (m Machine) validate() error {
	var faults []error
	if m.Procs <= 0 || m.Procs > maxProcs {
		faults = append(faults, fmt.Errorf("sim: Machine.Procs is %d, must be in [1, %d]", m.Procs, maxProcs))
	}
	if m.Nodes < 0 || m.Nodes > maxProcs {
		faults = append(faults, fmt.Errorf("sim: Machine.Nodes is %d, must be in [0, %d]", m.Nodes, maxProcs))
	}
	return errors.Join(faults...)
}

// nodes returns how many whole nodes procs processors take.
func (m Machine) nodes(procs int64) int64 { return (procs*m.Nodes + m.Procs - 1) / m.Procs }

// Backfill says which jobs may start while the chosen one waits for processors.
type Backfill uint8

// The ways of backfilling.
const (
	// BackfillNone lets nothing pass the chosen job.
	BackfillNone Backfill = iota
	// BackfillReference is that of RLScheduler's simulator (Zhang et al., SC'20): the chosen job's start is
	// foreseen once, when it blocks, and whatever is expected to end strictly before it may pass.
	BackfillReference
	// BackfillEASY is EASY (Lifka 1995; Mu'alem & Feitelson 2001): the foreseen start is renewed at every
	// event, and what leaves enough nodes free at that time may pass too.
	BackfillEASY
)

var backfillNames = [...]string{"none", "reference", "easy"}

// String returns none, reference or easy.
func (f Backfill) String() string {
	if int(f) < len(backfillNames) {
		return backfillNames[f]
	}
	return fmt.Sprintf("backfill(%d)", uint8(f))
}

// ParseBackfill returns the way of backfilling called name: none, reference or easy.
func ParseBackfill(name string) (Backfill, error) {
	for f, known := range backfillNames {
		if known == name {
			return Backfill(f), nil
		}
	}
	return 0, fmt.Errorf("sim: unknown backfilling %q, want none, reference or easy", name)
}

// BatchOptions says how a Batch runs. The zero value is a plain queue without backfilling.
type BatchOptions struct {
	Backfill Backfill
	// BackfillPredicted makes backfilling trust predicted run times (rounded up) in place of requests.
	BackfillPredicted bool
	// Rechoose gives up commitment: while the chosen job does not fit, a decision is due again after every event,
	// with the job still queued. With EASY the reservation is then that of the latest choice, as in production
	// schedulers, whose head of the queue is whoever has the highest priority now. Not with BackfillReference.
	Rechoose bool
	// Visible is the largest number of queued jobs that a scheduler sees; 0 shows all. When more wait, the
	// queue is first put in the order of submission, and the first Visible are shown.
	Visible int
	// History is how many jobs from before the sequence a scheduler remembers at its start: the last so many of
	// the trace that come before the first job and had ended when it was submitted, if each began when it was submitted, since a
	// trace does not tell how long jobs waited. They stand at the front of BatchState.Past, with the request for
	// a prediction, and Predict is given them too. 0: none.
	History int
	// UnixStart is the Unix time of the clock's second 0, for the time of day (Trace.UnixStart); 0: unknown,
	// the day then begins at second 0.
	UnixStart int64
	// Predict foretells a run time in seconds. It is called once for each job, when it joins the queue,
	// with the jobs of the same user (all unknown users are one) that have ended in this sequence, or before it
	// within History, oldest end first; ended is not kept. nil: the request. What is not a number, infinite or negative counts
	// in BatchResult.BadPredictions and gives way to the request.
	Predict func(job QueuedJob, ended []EndedJob) float64
}

// validate reports every fault of o.
func (o BatchOptions) validate() error {
	var faults []error
	if int(o.Backfill) >= len(backfillNames) {
		faults = append(faults, fmt.Errorf("sim: BatchOptions.Backfill is %d, want none, reference or easy", o.Backfill))
	}
	if o.BackfillPredicted && o.Backfill == BackfillNone {
		faults = append(faults, errors.New("sim: BatchOptions.BackfillPredicted without Backfill"))
	}
	if o.Rechoose && o.Backfill == BackfillReference {
		faults = append(faults, errors.New("sim: BatchOptions.Rechoose with BackfillReference, which commits"))
	}
	if o.History < 0 {
		faults = append(faults, fmt.Errorf("sim: BatchOptions.History is %d, must not be negative", o.History))
	}
	if o.Visible < 0 {
		faults = append(faults, fmt.Errorf("sim: BatchOptions.Visible is %d, must not be negative", o.Visible))
	}
	return errors.Join(faults...)
}
