package sim

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// WriteSWF writes t in the Standard Workload Format, version 2.2, such that ReadSWF gives the same jobs and
// machine again. What a Job does not hold is written as unknown (−1); Name and Names are not written.
//
// A trace that could not come back is refused: jobs out of order of ID, larger than the machine or without
// processors, run times below 1 s, values out of range.
func WriteSWF(w io.Writer, t *Trace) error {
	if err := writable(t); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "; Version: 2.2\n; MaxJobs: %d\n; MaxRecords: %d\n", len(t.Jobs), len(t.Jobs))
	if t.UnixStart != 0 {
		fmt.Fprintf(out, "; UnixStartTime: %d\n", t.UnixStart)
	}
	if t.MaxNodes != 0 {
		fmt.Fprintf(out, "; MaxNodes: %d\n", t.MaxNodes)
	}
	fmt.Fprintf(out, "; MaxProcs: %d\n", t.MaxProcs)
	var line []byte
	for i := range t.Jobs {
		j := &t.Jobs[i]
		run := j.Run
		if j.Request == -1 {
			run = -1 // both unknown: the reader makes 10 of the run time and leaves the request
		}
		line = line[:0]
		for k, v := range [18]int64{
			j.ID, j.Submit, -1, run, j.Procs, -1, -1, j.Procs, j.Request, -1, -1,
			j.User, j.Group, j.App, j.Queue, j.Part, -1, -1,
		} {
			if k > 0 {
				line = append(line, ' ')
			}
			line = strconv.AppendInt(line, v, 10)
		}
		out.Write(append(line, '\n'))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("sim: writing SWF: %w", err)
	}
	return nil
}

func writable(t *Trace) error {
	switch {
	case len(t.Jobs) == 0:
		return ErrNoJobs
	case t.MaxProcs < 1 || t.MaxProcs > maxProcs || t.MaxNodes < 0 || t.MaxNodes > maxProcs:
		return fmt.Errorf("sim: writing SWF: a machine of %d nodes and %d processors", t.MaxNodes, t.MaxProcs)
	case t.UnixStart < 0 || t.UnixStart > maxTime:
		return fmt.Errorf("sim: writing SWF: a start at Unix time %d", t.UnixStart)
	}
	for i := range t.Jobs {
		j := &t.Jobs[i]
		var what string
		switch {
		case i > 0 && j.ID < t.Jobs[i-1].ID:
			what = "out of order of ID"
		case j.Procs < 1 || j.Procs > t.MaxProcs:
			what = fmt.Sprintf("%d processors on a machine of %d", j.Procs, t.MaxProcs)
		case j.Run < 1 || j.Run > maxTime:
			what = fmt.Sprintf("a run time of %d", j.Run)
		case j.Request == -1 && j.Run != 10:
			what = "no requested time, which would read back as the run time"
		case max(j.Submit, -j.Submit) > maxTime || max(j.Request, -j.Request) > maxTime:
			what = fmt.Sprintf("a submit time of %d and a requested time of %d", j.Submit, j.Request)
		}
		if what != "" {
			return fmt.Errorf("sim: writing SWF: job %d (index %d): %s", j.ID, i, what)
		}
	}
	return nil
}
