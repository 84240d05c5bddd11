package supervised

import "math"

// RunEstimate is what can be said of a run time before it is over.
type RunEstimate struct {
	Mean float64 // seconds, at least 1
	// Price is the mean of 1/max(run, 10), which is what a second of waiting adds to the mean bounded slowdown. Where
	// some jobs fail at once, it is far more than one over the mean.
	Price float64

	Whole float64 // the chance that it takes all that it asked for, from 0 to 1
	Part  float64 // the mean where it does not, in seconds
}

// Left is the mean of what a job that asks for request seconds and has run for elapsed still needs, taking run times that
// are not as asked for as exponential.
func (e RunEstimate) Left(request, elapsed float64) float64 {
	elapsed = max(elapsed, 0) // a host's clocks may differ
	rest := request - elapsed
	if rest <= 0 {
		return max(1, 0.1*elapsed)
	}
	other := (1 - e.Whole) * math.Exp(-elapsed/e.Part)
	if e.Whole+other == 0 {
		return rest
	}
	p := e.Whole / (e.Whole + other)
	return max(1, p*rest+(1-p)*min(e.Part, rest))
}

// RunTimes learns online, from the jobs that have ended, how long others will run, and how much their waiting matters: from
// nothing but user, requested time and run time, in constant time a job (after Tsafrir, Etsion & Feitelson 2007, who predict by
// the user's last two run times). It
// takes a job to run for all the time that it asks for, or for a part that is like what its user's jobs took: those
// with the same request before all of the user's, and these before everybody's. Each group leans on the next larger
// one as if that had shown it four jobs, so that a user who is new is not a problem.
//
// The zero value has seen nothing and believes requests. Not safe for concurrent use.
//
// It keeps a sum for each user, and for each user and request, that it has met.
type RunTimes struct {
	all     runGroup
	groups  map[runKey]*runGroup
	spare   []*runGroup // groups of before Reset
	version uint64      // counts what changes estimates
}

// runKey is a user, with request −1, or a user and a request.
type runKey struct{ user, request int64 }

// runGroup sums up jobs that have ended. What took all the time that it had asked for is in jobs and whole alone.
type runGroup struct {
	jobs, whole  float64
	run, inverse float64 // sums of run times and of 1/max(run, 10)
	ratio        float64 // sum of run/request
}

// wholeFrom is the part of the request from which on a run counts as all of it.
const wholeFrom = 0.95

// leaning is how many jobs of the larger group count in an estimate.
const leaning = 4

// prior is how many jobs the belief in requests counts among everybody's.
const prior = 1

// remembering is what is left of a job's part in an estimate when the user's next has ended: users do the same
// thing for a while, and then another.
const remembering = 0.8

// Reset forgets everything and keeps the memory.
func (t *RunTimes) Reset() {
	for _, g := range t.groups {
		t.spare = append(t.spare, g)
	}
	clear(t.groups)
	t.all = runGroup{}
	t.version++
}

// Add learns from a job of user (below 0: unknown, all such are one) that asked for request seconds and ended after run.
func (t *RunTimes) Add(user, request, run int64) {
	t.version++
	t.all.add(request, run, 1)
	t.group(runKey{max(user, -1), -1}).add(request, run, remembering)
	t.group(runKey{max(user, -1), max(request, 0)}).add(request, run, remembering)
}

func (t *RunTimes) group(k runKey) *runGroup {
	g := t.groups[k]
	if g == nil {
		if last := len(t.spare) - 1; last >= 0 {
			g, t.spare = t.spare[last], t.spare[:last]
			*g = runGroup{}
		} else {
			g = new(runGroup)
		}
		if t.groups == nil {
			t.groups = map[runKey]*runGroup{}
		}
		t.groups[k] = g
	}
	return g
}

// add fades what the group has seen and adds a job.
func (g *runGroup) add(request, run int64, fade float64) {
	g.jobs, g.whole, g.run, g.inverse, g.ratio = fade*g.jobs+1, fade*g.whole, fade*g.run, fade*g.inverse, fade*g.ratio
	if float64(run) >= wholeFrom*float64(request) {
		g.whole++
		return
	}
	g.run += float64(run)
	g.inverse += 1 / float64(max(run, 10))
	g.ratio += float64(run) / float64(request)
}

// Estimate estimates the run time of a job of user that asks for request seconds.
func (t *RunTimes) Estimate(user, request int64) RunEstimate {
	user, request = max(user, -1), max(request, 0)
	return t.EstimateIn(RunGroups{t.groups[runKey{user, -1}], t.groups[runKey{user, request}]}, request)
}

// RunGroups are the groups that a job leans on: its user's, and those of them with its request.
type RunGroups struct{ user, same *runGroup }

// Groups returns the groups of a job, to estimate it again and again without looking for them. They are good until
// Reset.
func (t *RunTimes) Groups(user, request int64) RunGroups {
	user, request = max(user, -1), max(request, 0)
	return RunGroups{t.group(runKey{user, -1}), t.group(runKey{user, request})}
}

// Believed is the share of everybody's jobs that took all that they had asked for.
func (t *RunTimes) Believed() float64 { return (t.all.whole + prior) / (t.all.jobs + prior) }

// Version changes whenever estimates may.
func (t *RunTimes) Version() uint64 { return t.version }

// EstimateIn is Estimate for a job whose Groups are known.
func (t *RunTimes) EstimateIn(groups RunGroups, request int64) RunEstimate {
	asked := float64(max(request, 1))
	least := 1 / max(asked, 10)
	whole := t.Believed()
	part, inverse := asked, least
	if some := t.all.jobs - t.all.whole; some > 0 {
		part = (t.all.ratio + prior) / (some + prior) * asked
		inverse = max(least, (t.all.inverse+prior*least)/(some+prior))
	}
	for _, g := range [...]*runGroup{groups.user, groups.same} {
		if g == nil {
			break
		}
		whole = (g.whole + leaning*whole) / (g.jobs + leaning)
		some := leaning + g.jobs - g.whole
		part = min(asked, (g.run+leaning*part)/some)
		inverse = max(least, (g.inverse+leaning*inverse)/some)
	}
	part = max(part, 1)
	return RunEstimate{
		Mean:  max(1, whole*asked+(1-whole)*part),
		Price: whole*least + (1-whole)*inverse,
		Whole: whole, Part: part,
	}
}
