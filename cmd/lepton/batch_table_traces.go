package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

// tableTrace is a trace of a table with what sets it apart.
type tableTrace struct {
	*sim.Trace
	estimates float64 // share of jobs whose request is not their run time
	users     int     // known ones
}

// real reports whether most jobs ask for something else than what they take, so that requests are estimates.
func (t tableTrace) real() bool { return t.estimates > 0.5 }

// findTrace returns the file of the trace called name, "" where there is none.
func findTrace(folder, name string) string {
	for _, file := range []string{name + ".swf.gz", name + ".swf", filepath.Join("swf", name+".swf.gz"), filepath.Join("swf", name+".swf")} {
		path := filepath.Join(folder, file)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}

// openTraces opens what the files speak of, and drops from them what is missing if that is to be skipped.
func (b *bench) openTraces(folder string, skip bool) error {
	if _, err := os.ReadDir(folder); err != nil {
		return fmt.Errorf("-data: %w", err)
	}
	for _, f := range b.files() {
		for _, s := range f.stretches {
			if slices.Contains(b.missing, s.trace) {
				continue
			}
			t, open := b.traces[s.trace]
			if !open {
				path := findTrace(folder, s.trace)
				if path == "" {
					b.missing = append(b.missing, s.trace)
					continue
				}
				var err error
				if t, err = describedTrace(path); err != nil {
					return err
				}
				b.traces[s.trace] = t
				b.names = append(b.names, s.trace)
			}
			if s.start > len(t.Jobs)-s.length {
				return fmt.Errorf("%s:%d: %v do not lie within the %d jobs of the trace", f.path, f.lines[s], s, len(t.Jobs))
			}
		}
		f.stretches = slices.DeleteFunc(f.stretches, func(s stretch) bool { return slices.Contains(b.missing, s.trace) })
	}
	if len(b.missing) > 0 && (!skip || len(b.traces) == 0) {
		return fmt.Errorf("no trace %s in %s; -skip-missing leaves out what is not there", strings.Join(b.missing, ", "), folder)
	}
	return nil
}

func describedTrace(path string) (tableTrace, error) {
	trace, _, err := openTrace(path, 0)
	if err != nil {
		return tableTrace{}, err
	}
	users, differ := map[int64]bool{}, 0
	for _, j := range trace.Jobs {
		if j.Request != j.Run {
			differ++
		}
		if j.User >= 0 {
			users[j.User] = true
		}
	}
	return tableTrace{trace, float64(differ) / float64(len(trace.Jobs)), len(users)}, nil
}
