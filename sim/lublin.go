package sim

import (
	"errors"
	"fmt"

	"github.com/leptonsched/lepton/internal/rng"
)

// LublinOptions describe a workload for Lublin. The zero value is a machine of 256 processors, fully loaded.
type LublinOptions struct {
	Jobs    int     // 0 means 10,000; at most 1<<26
	Procs   int     // of the machine; 0 means 256. The model was made from machines of 64 to 512
	Load    float64 // offered load, as of Trace.Load; 0 means 1. Above 1 the queue grows for ever
	Users   int     // 0 means 100
	Overrun float64 // share of the jobs killed at their request that overrun it by up to a tenth first; in [0, 1]
	Seed    uint64  // source of all randomness
}

func (o LublinOptions) withDefaults() (LublinOptions, error) {
	if o.Jobs == 0 {
		o.Jobs = 10_000
	}
	if o.Procs == 0 {
		o.Procs = 256
	}
	if o.Load == 0 {
		o.Load = 1
	}
	if o.Users == 0 {
		o.Users = 100
	}
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("sim: LublinOptions."+format, args...))
		}
	}
	check(o.Jobs > 0 && o.Jobs <= 1<<26, "Jobs is %d, want 0 to 67,108,864 (some 10 GB)", o.Jobs)
	check(o.Procs > 0 && o.Procs <= maxProcs, "Procs is %d, must be in [0, %d]", o.Procs, maxProcs)
	check(o.Load > 0 && o.Load <= 100, "Load is %v, must be in [0, 100]", o.Load)
	check(o.Users > 0 && o.Users <= 1<<20, "Users is %d, must be in [0, %d]", o.Users, 1<<20)
	check(o.Overrun >= 0 && o.Overrun <= 1, "Overrun is %v, must be in [0, 1]", o.Overrun)
	return o, errors.Join(faults...)
}

// Lublin generates a workload of rigid jobs: submit times in order, 1 ≤ Procs ≤ the machine, Run and Request at
// least 1, Run ≤ Request but for Overrun. The same options give the same jobs.
//
// Modelled after Lublin and Feitelson (JPDC 63(11), 2003, whole-sample constants): sizes with their share of serial
// jobs and powers of two, run times that grow with size, arrivals in bursts and with the cycle of the day
// (Submit counts from a midnight). Arrivals are thinned or thickened, the days kept, until the load is Load.
//
// Added, in simple form, is what a site shows and the model leaves out. Users, some busier than others, send the same
// few job shapes (App: a size, a request, run times mostly within some tens of percent) again and again, so
// that their last run times tell much about the next, as Tsafrir, Etsion and Feitelson use (TPDS 18(6), 2007); the
// distributions over all jobs stay the model's. Requests are few round values, a tenth the site's maximum, most
// far above the run time, about a tenth of the jobs killed at it (the same authors, JSSPP 2005). The shares
// are set by the SDSC SP2 log.
//
// Not modelled: weeks and holidays, sessions that wait for their last job's end, groups, queues and partitions (−1),
// jobs cancelled or failed, dependencies, memory.
func Lublin(o LublinOptions) (*Trace, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Trace{Name: "lublin", MaxNodes: int64(o.Procs), MaxProcs: int64(o.Procs), Jobs: make([]Job, o.Jobs)}
	users := newPopulation(rng.New(o.Seed, "sim/lublin/jobs"), o.Users, t.MaxProcs, o.Overrun)
	work := 0.0
	for i := range t.Jobs {
		t.Jobs[i] = users.next()
		t.Jobs[i].ID = int64(i + 1)
		work += float64(t.Jobs[i].Run) * float64(t.Jobs[i].Procs)
	}
	traffic := arrivals(rng.Source(o.Seed, "sim/lublin/arrivals"), o.Jobs)
	day := newDayCycle()
	scale := 1.0
	if o.Jobs > 1 {
		scale = stretch(day, traffic[0], traffic[o.Jobs-1], work/(o.Load*float64(o.Procs)))
	}
	for i := range t.Jobs {
		t.Jobs[i].Submit = int64(day.at(traffic[i] * scale))
	}
	return t, nil
}

// stretch finds by bisection the factor on all traffic that puts span seconds between the first and the last arrival.
func stretch(day *dayCycle, first, last, span float64) float64 {
	// Whatever the hour, a day of traffic takes a day: two days more are enough, and none is too little.
	low, high := 0.0, (span+2*86400)/(last-first)
	for range 100 {
		mid := (low + high) / 2
		if day.at(mid*last)-day.at(mid*first) < span {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}
