package sim

import (
	"fmt"
	"strings"
)

// Cleaning tells what a trace reader did to the records of a file. Its String is meant for people.
type Cleaning struct {
	Trace    string  // the trace's name
	Records  int     // job records read
	Kept     int     // jobs left
	Dropped  []Count // records left out, by reason; a record counts once
	Repaired []Count // jobs kept with a changed value, by reason
	Noted    []Count // jobs kept as they are that deserve a look
	Machine  string  // where MaxProcs comes from
}

// Count is a number of records that share something.
type Count struct {
	Reason  string // what they have in common
	Records int    // how many
}

// String lists the counts, one a line, without a final newline.
func (c Cleaning) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d records read, %d jobs kept", c.Trace, c.Records, c.Kept)
	for _, part := range []struct {
		verb   string
		counts []Count
	}{{"dropped", c.Dropped}, {"repaired", c.Repaired}, {"noted", c.Noted}} {
		for _, n := range part.counts {
			fmt.Fprintf(&b, "\n  %-8s %7d  %s", part.verb, n.Records, n.Reason)
		}
	}
	if c.Machine != "" {
		fmt.Fprintf(&b, "\n  machine  %s", c.Machine)
	}
	return b.String()
}

// tally counts n records under reason, keeping the order in which reasons first came up.
func tally(counts *[]Count, reason string, n int) {
	if n == 0 {
		return
	}
	for i := range *counts {
		if (*counts)[i].Reason == reason {
			(*counts)[i].Records += n
			return
		}
	}
	*counts = append(*counts, Count{reason, n})
}
