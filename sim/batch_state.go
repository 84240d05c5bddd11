package sim

import "math"

// QueuedJob is a submitted job as a scheduler knows it: everything but how long it will really run.
type QueuedJob struct {
	ID      int64 // as in the trace
	Submit  int64 // seconds, on the clock of BatchState
	Procs   int64 // processors asked for
	Nodes   int64 // whole nodes that it takes; Procs where a node has one processor
	Request int64 // run time asked for; can be 0 or less where the log does not know
	User    int64 // −1: unknown; the same for Group, App, Queue and Part
	Group   int64
	App     int64
	Queue   int64
	Part    int64
	// Predicted is the run time foretold at submission (BatchOptions.Predict), in seconds; the request where
	// nothing foretells.
	Predicted float64

	index int32 // place in the sequence
}

// RunningJob is a running job as a scheduler knows it.
type RunningJob struct {
	QueuedJob
	Start int64 // seconds, on the clock of BatchState
}

// EndedJob is a job whose run time has become known.
type EndedJob struct {
	Job
	Start     int64   // seconds, on the clock of BatchState
	Predicted float64 // at submission
}

// BatchState is what a scheduler knows when a decision is due. It holds copies only: neither the run time of
// a job that has not ended nor a job that is still to come can be reached from it.
//
// A Batch fills it; it is also what a host fills from its own queue to use a policy that was trained in one.
// Schedulers read it and change nothing. A Batch reuses the slices from decision to decision.
type BatchState struct {
	Clock     int64 // seconds since the trace began
	UnixStart int64 // Unix time of the clock's second 0; 0: unknown
	Procs     int64 // processors of the machine
	Nodes     int64 // nodes of the machine
	FreeNodes int64 // of them, those that run nothing

	// Queue is what may be chosen, in the order that the queue keeps (see Batch); Queued counts the whole
	// queue, which is longer when BatchOptions.Visible cut it.
	Queue  []QueuedJob
	Queued int
	// Running is in no particular order.
	Running []RunningJob
	// Past is what has ended in this sequence, earliest end first: with Queue and Running, all that has arrived. Jobs from
	// before the sequence (BatchOptions.History) come first; Started and Ended do not count them.
	// Those who plan or foretell read it. A host may leave it empty, or keep the latest jobs alone.
	Past []EndedJob

	Started int // jobs started so far in this sequence
	Ended   int // jobs ended so far
}

// wholePrediction is the prediction as a whole number of seconds, rounded up.
func wholePrediction(p float64) int64 { return int64(math.Ceil(min(p, maxTime))) }
