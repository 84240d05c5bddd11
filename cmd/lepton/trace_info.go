package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

func traceInfo() command {
	return command{
		name:     "trace info",
		synopsis: "FILE [-procs N]",
		summary:  "what is in a trace: cleaning, machine, jobs, users, load",
		example:  "lepton trace info site.swf.gz",
		operands: 1,
		manual: `
Reads a trace as batch replay does (Standard Workload Format or sacct -P output,
plain or gzip) and tells what was dropped, repaired or deserves a look, and what
is left: the machine, the jobs and users, the offered load (the work of all jobs
over what the machine could do between the first submission and the last), and
the median and largest size and times. Asked/run is how many times longer than
its run time a job asks for.

Exit status: 0 when done, 2 for a trace that cannot be read.`,
		declare: func(flags *flag.FlagSet) action {
			procs := flags.Int64("procs", 0, "a machine of `N` processors, where the trace does not say or is to be overruled; 0 takes the trace's word")
			return func(_ context.Context, std streams, files []string) error {
				if *procs < 0 {
					return fmt.Errorf("trace info: -procs is %d, must not be negative", *procs)
				}
				trace, cleaning, err := openTrace(files[0], *procs)
				if err != nil {
					return err
				}
				_, err = io.WriteString(std.out, cleaning.String()+"\n\n"+describeTrace(trace))
				return err
			}
		},
	}
}

// openTrace reads a trace and speaks of flags where the library speaks of options.
func openTrace(path string, procs int64) (*sim.Trace, sim.Cleaning, error) {
	trace, cleaning, err := sim.OpenTrace(path, sim.TraceOptions{MaxProcs: procs})
	if errors.Is(err, sim.ErrNoMachine) {
		err = fmt.Errorf("%s does not say how many processors the machine has: give -procs", path)
	}
	return trace, cleaning, err
}

func describeTrace(t *sim.Trace) string {
	var out strings.Builder
	line := func(name, format string, values ...any) {
		fmt.Fprintf(&out, "%-14s %s\n", name, fmt.Sprintf(format, values...))
	}
	machine := fmt.Sprintf("%d processors", t.MaxProcs)
	if t.MaxNodes > 0 {
		machine += fmt.Sprintf(" in %d nodes", t.MaxNodes)
	}
	line("machine", "%s", machine)
	first, last := t.Jobs[0].Submit, t.Jobs[0].Submit
	users := map[int64]bool{}
	for _, j := range t.Jobs {
		first, last = min(first, j.Submit), max(last, j.Submit)
		if j.User >= 0 {
			users[j.User] = true
		}
	}
	line("jobs", "%d in %.1f days", len(t.Jobs), float64(last-first)/86400)
	if len(users) == 0 {
		line("users", "unknown")
	} else {
		line("users", "%d", len(users))
	}
	line("load", "%.3f", t.Load())
	quantiles := func(name string, of func(sim.Job) float64) {
		var values []float64
		for _, j := range t.Jobs {
			if v := of(j); v >= 0 {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			line(name, "unknown")
			return
		}
		slices.Sort(values)
		line(name, "%s median, %s largest", short(values[(len(values)-1)/2]), short(values[len(values)-1]))
	}
	quantiles("processors", func(j sim.Job) float64 { return float64(j.Procs) })
	quantiles("run (s)", func(j sim.Job) float64 { return float64(j.Run) })
	quantiles("asked (s)", func(j sim.Job) float64 { return float64(j.Request) })
	quantiles("asked/run", func(j sim.Job) float64 { return float64(j.Request) / float64(max(j.Run, 1)) })
	return out.String()
}

// short is v with at most two digits behind the point, none where it is whole.
func short(v float64) string {
	text := fmt.Sprintf("%.2f", v)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}
