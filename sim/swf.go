package sim

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// ReadSWF reads a log in the Standard Workload Format, plain text, to its end: jobs cleaned as SWFScanner says
// and sorted by ID, stably. MaxNodes stands in for a missing MaxProcs; ErrNoMachine when the options do not
// help either. A job larger than the machine, which could never start, is left out.
//
// The trace and errors bear the name. The Cleaning is as far as reading got when there is an error: a
// *ParseError, ErrNoJobs, ErrNoMachine, ErrTooLarge or a fault of r.
func ReadSWF(r io.Reader, name string, o TraceOptions) (*Trace, Cleaning, error) {
	return readSWF(r, name, name, o)
}

// readSWF is ReadSWF with a name for errors (a path) and one for the trace.
func readSWF(r io.Reader, file, name string, o TraceOptions) (*Trace, Cleaning, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, Cleaning{Trace: name}, err
	}
	s := SWFScanner{lines: newLineReader(r, file, o.MaxBytes), cleaning: Cleaning{Trace: name}}
	var log jobLog
	for s.Scan() {
		log.add(s.Job(), 0)
	}
	if s.Err() != nil {
		return nil, s.Cleaning(), s.Err()
	}
	jobs, _ := log.jobs()
	t := &Trace{Name: name, UnixStart: s.start, Jobs: jobs}
	c := s.Cleaning()
	t.MaxNodes, t.MaxProcs = s.Machine()
	switch {
	case o.MaxProcs > 0:
		t.MaxNodes, t.MaxProcs = 0, o.MaxProcs
		c.Machine = fmt.Sprintf("%d processors, from TraceOptions.MaxProcs", t.MaxProcs)
	case s.maxProcs > 0:
		c.Machine = fmt.Sprintf("%d processors, from the header's MaxProcs", t.MaxProcs)
	case s.maxNodes > 0:
		c.Machine = fmt.Sprintf("%d processors, from the header's MaxNodes: there is no MaxProcs", t.MaxProcs)
	}
	return finish(t, c, file)
}

// finish does what every reader does with the whole list: order, and the jobs that do not fit the machine.
func finish(t *Trace, c Cleaning, file string) (*Trace, Cleaning, error) {
	if len(t.Jobs) == 0 {
		return nil, c, fmt.Errorf("%w: %s", ErrNoJobs, file)
	}
	if t.MaxProcs == 0 {
		return nil, c, fmt.Errorf("%w: %s", ErrNoMachine, file)
	}
	slices.SortStableFunc(t.Jobs, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) })
	before := len(t.Jobs)
	t.Jobs = slices.DeleteFunc(t.Jobs, func(j Job) bool { return j.Procs > t.MaxProcs })
	c.Kept = len(t.Jobs)
	tally(&c.Dropped, "more processors than the machine has", before-c.Kept)
	if c.Kept == 0 {
		return nil, c, fmt.Errorf("%w that fits the machine: %s", ErrNoJobs, file)
	}
	early := 0
	for i := 1; i < len(t.Jobs); i++ {
		if t.Jobs[i].Submit < t.Jobs[i-1].Submit {
			early++
		}
	}
	tally(&c.Noted, "submitted before the job of the next smaller number", early)
	return t, c, nil
}
