package sim

import (
	"math"
	"slices"
)

// NotStarted stands in BatchResult.Starts for a job that has not started.
const NotStarted = math.MinInt64

// BatchResult is what came of a sequence. Its slices belong to the Batch and are good until its next Reset.
type BatchResult struct {
	Jobs    []Job   // the sequence
	Starts  []int64 // start of each job of Jobs, or NotStarted
	Order   []int32 // positions in Jobs, in the order of starts
	Machine Machine

	NaNScores      int // scores that were not a number; their jobs went last
	BadPredictions int // predictions that gave way to the request
}

// Result returns what has come of the sequence so far.
func (b *Batch) Result() BatchResult {
	return BatchResult{Jobs: b.jobs, Starts: b.starts, Order: b.order, Machine: b.machine,
		NaNScores: b.nanScores, BadPredictions: b.badPredictions}
}

// BatchMetrics measures a sequence, over the jobs that have started. Times are seconds; wait is start −
// submission. Where nothing has started, or a denominator is 0, a ratio is NaN.
type BatchMetrics struct {
	Jobs          int     // jobs that have started
	AvgBSLD       float64 // mean bounded slowdown: max(1, (wait + run)/max(run, 10))
	P95BSLD       float64 // 95th percentile of it: the smallest value with 95% of the jobs at or below
	AvgWait       float64 // seconds
	AvgTurnaround float64 // mean of wait + run
	SumWait       int64   // seconds
	MaxWait       int64   // seconds
	Makespan      int64   // last end − first submission
	LastStart     int64   // last start − first submission
	UtilMakespan  float64 // Σ run·procs / (Makespan · processors)
	UtilRLS       float64 // RLScheduler's: Σ run·procs / (LastStart · processors); can exceed 1
	UserBSLD      float64 // largest mean bounded slowdown of a user, over the mean of all jobs; 1 is fair
	JainBSLD      float64 // Jain's index of the users' means (Jain, Chiu & Hawe 1984): 1 when all are equal, 1/users at worst
}

// BoundedSlowdown is max(1, (wait + run)/max(run, 10)), after Feitelson & Rudolph (1998).
func BoundedSlowdown(wait, run int64) float64 {
	return max(1, float64(wait+run)/float64(max(run, 10)))
}

// Metrics measures r. It allocates: it is for the end of a sequence.
func (r BatchResult) Metrics() BatchMetrics {
	type userSum struct {
		sum float64
		n   int
	}
	m := BatchMetrics{}
	slowdowns := make([]float64, 0, len(r.Order))
	users, places := []userSum{}, map[int64]int{}
	var sumBSLD, sumTurnaround, work float64
	var lastEnd, lastStart int64
	for i, start := range r.Starts {
		if start == NotStarted {
			continue
		}
		j := &r.Jobs[i]
		wait := start - j.Submit
		bsld := BoundedSlowdown(wait, j.Run)
		slowdowns = append(slowdowns, bsld)
		sumBSLD += bsld
		sumTurnaround += float64(wait + j.Run)
		work += float64(j.Run) * float64(j.Procs)
		m.SumWait += wait
		m.MaxWait = max(m.MaxWait, wait)
		lastEnd = max(lastEnd, start+j.Run-r.Jobs[0].Submit)
		lastStart = max(lastStart, start-r.Jobs[0].Submit)
		at, ok := places[j.User]
		if !ok {
			at = len(users)
			places[j.User] = at
			users = append(users, userSum{})
		}
		users[at].sum += bsld
		users[at].n++
	}
	n := float64(len(slowdowns))
	m.Jobs = len(slowdowns)
	m.AvgBSLD, m.AvgWait, m.AvgTurnaround = sumBSLD/n, float64(m.SumWait)/n, sumTurnaround/n
	m.Makespan, m.LastStart = lastEnd, lastStart
	procs := float64(r.Machine.Procs)
	m.UtilMakespan, m.UtilRLS = ratio(work, float64(lastEnd)*procs), ratio(work, float64(lastStart)*procs)
	m.P95BSLD, m.UserBSLD, m.JainBSLD = nan, nan, nan
	if m.Jobs == 0 {
		return m
	}
	slices.Sort(slowdowns)
	m.P95BSLD = slowdowns[int(math.Ceil(0.95*n))-1]
	var largest, sum, squares float64
	for _, u := range users {
		mean := u.sum / float64(u.n)
		largest = max(largest, mean)
		sum += mean
		squares += mean * mean
	}
	m.UserBSLD = largest / m.AvgBSLD
	m.JainBSLD = sum * sum / (float64(len(users)) * squares)
	return m
}

// ratio is a/b, NaN for a denominator of 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return nan
	}
	return a / b
}

// BatchMetricNames lists the names that Value knows: first those of the reference files, in their order.
func BatchMetricNames() []string {
	return []string{"avg_bsld", "avg_wait", "avg_turnaround", "util_rls", "util_makespan", "makespan", "last_start", "sum_wait",
		"p95_bsld", "max_wait", "user_bsld", "jain_bsld"}
}

// Value returns the metric called name (see BatchMetricNames), and whether there is one. Whole numbers are exact
// below 2^53.
func (m BatchMetrics) Value(name string) (float64, bool) {
	switch name {
	case "avg_bsld":
		return m.AvgBSLD, true
	case "avg_wait":
		return m.AvgWait, true
	case "avg_turnaround":
		return m.AvgTurnaround, true
	case "util_rls":
		return m.UtilRLS, true
	case "util_makespan":
		return m.UtilMakespan, true
	case "makespan":
		return float64(m.Makespan), true
	case "last_start":
		return float64(m.LastStart), true
	case "sum_wait":
		return float64(m.SumWait), true
	case "p95_bsld":
		return m.P95BSLD, true
	case "max_wait":
		return float64(m.MaxWait), true
	case "user_bsld":
		return m.UserBSLD, true
	case "jain_bsld":
		return m.JainBSLD, true
	}
	return 0, false
}
