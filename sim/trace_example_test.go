package sim_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

func ExampleLublin() {
	trace, err := sim.Lublin(sim.LublinOptions{Jobs: 2000, Load: 0.9, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d jobs on %d processors, load %.2f\n", len(trace.Jobs), trace.MaxProcs, trace.Load())
	// Output: 2000 jobs on 256 processors, load 0.90
}

func ExampleReadSWF() {
	const log = `; MaxProcs: 16
1 0 -1 3600 4 -1 -1 4 7200 -1 1 1 1 1 1 1 -1 -1
2 60 -1 0 8 -1 -1 8 600 -1 0 2 1 1 1 1 -1 -1
3 90 -1 30 2 -1 -1 2 -1 -1 1 2 1 1 1 1 -1 -1
`
	trace, cleaning, err := sim.ReadSWF(strings.NewReader(log), "small", sim.TraceOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trace.Jobs[1].ID, trace.Jobs[1].Request)
	fmt.Println(cleaning)
	// Output:
	// 3 30
	// small: 3 records read, 2 jobs kept
	//   dropped        1  run time 0
	//   repaired       1  no requested time: the run time taken
	//   machine  16 processors, from the header's MaxProcs
}

func ExampleNewSWFScanner() {
	s := sim.NewSWFScanner(strings.NewReader("1 0 -1 3600 4 -1 -1 4 7200 -1 1 1 1 1 1 1 -1 -1\n2 60 -1 oops\n"), "long.swf")
	for s.Scan() {
		fmt.Println(s.Job().ID, s.Job().Run)
	}
	fmt.Println(s.Err())
	// Output:
	// 1 3600
	// sim: long.swf:2: field 4 (run time): "oops" is not an integer of 64 bits
}

func ExampleReadSacct() {
	const log = `JobIDRaw|Submit|Start|End|AllocCPUS|TimelimitRaw|User|State
7|2024-01-31T12:00:00|2024-01-31T12:00:05|2024-01-31T12:10:05|32|60|ada|COMPLETED
7.batch|2024-01-31T12:00:05|2024-01-31T12:00:05|2024-01-31T12:10:05|32|||COMPLETED
8|2024-01-31T12:01:00|2024-01-31T12:02:00|2024-01-31T12:07:00|16|10|bob|TIMEOUT
`
	trace, _, err := sim.ReadSacct(strings.NewReader(log), "site", sim.TraceOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, j := range trace.Jobs {
		fmt.Println(trace.Names.Users[j.User-1], j.Submit, j.Run, j.Request, j.Procs)
	}
	fmt.Println(trace.MaxProcs, "processors at least")
	// Output:
	// ada 0 600 3600 32
	// bob 60 300 600 16
	// 48 processors at least
}

func ExampleWriteSWF() {
	trace := &sim.Trace{MaxProcs: 16, Jobs: []sim.Job{{ID: 1, Submit: 5, Run: 60, Procs: 4, Request: 300, User: 1, Group: -1, App: -1, Queue: -1, Part: -1}}}
	var b bytes.Buffer
	if err := sim.WriteSWF(&b, trace); err != nil {
		fmt.Println(err)
	}
	fmt.Print(b.String())
	// Output:
	// ; Version: 2.2
	// ; MaxJobs: 1
	// ; MaxRecords: 1
	// ; MaxProcs: 16
	// 1 5 -1 60 4 -1 -1 4 300 -1 -1 1 -1 -1 -1 -1 -1 -1
}
