package sim

// Job is one record of a batch workload. Times are whole seconds, Submit on the trace's own clock.
// A policy never sees a Job: Run is known only once the job has ended (see BatchState).
type Job struct {
	ID      int64 // the number in the log; jobs can share one
	Submit  int64 // when it joined the queue
	Run     int64 // actual run time
	Procs   int64 // processors asked for
	Request int64 // run time asked for: the user's estimate
	User    int64 // −1: unknown; the same for Group, App, Queue and Part
	Group   int64 // the user's group or account
	App     int64 // the program that it runs
	Queue   int64 // the queue or class of service
	Part    int64 // the partition of the machine
}

// Trace is a workload with the machine it was made for, jobs in order of ID.
type Trace struct {
	Name      string // as reports and result files show it
	MaxNodes  int64  // 0: unknown
	MaxProcs  int64  // processors of the machine
	UnixStart int64  // Unix time of the trace's second 0; 0: unknown
	Jobs      []Job  // each fits the machine
	Names     Names  // empty where the source has numbers only
}

// Names tells what the numbers in the jobs of a Trace stand for: number n is the name at index n−1.
type Names struct {
	Users, Groups, Apps, Queues, Parts []string // of Job.User, Group, App, Queue and Part
}

// Load returns the offered load: the processor seconds of all jobs over those that the machine has between
// the first and the last submission. It is 0 where that span or the machine is empty.
func (t *Trace) Load() float64 {
	if len(t.Jobs) == 0 || t.MaxProcs <= 0 {
		return 0
	}
	first, last, work := t.Jobs[0].Submit, t.Jobs[0].Submit, 0.0
	for i := range t.Jobs {
		j := &t.Jobs[i]
		first, last = min(first, j.Submit), max(last, j.Submit)
		work += float64(j.Run) * float64(j.Procs)
	}
	if last == first {
		return 0
	}
	return work / (float64(last-first) * float64(t.MaxProcs))
}
