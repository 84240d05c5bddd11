package sim

// Job is one record of a batch workload. Times are whole seconds, Submit on the trace's own clock.
// A policy never sees a Job: Run is known only once the job has ended (see BatchState).
type Job struct {
	ID      int64
	Submit  int64
	Run     int64 // actual run time
	Procs   int64 // processors asked for
	Request int64 // run time asked for: the user's estimate
	User    int64 // −1: unknown; the same for Group, App, Queue and Partition
	Group   int64
	App     int64
	Queue   int64
	Part    int64
}

// Trace is a workload with the machine it was made for, jobs in order of ID.
type Trace struct {
	Name     string
	MaxNodes int64 // 0: unknown
	MaxProcs int64
	Jobs     []Job
}
