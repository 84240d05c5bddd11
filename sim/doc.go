// Package sim holds deterministic event-driven worlds and the traces that drive them.
//
// A Trace is a workload of rigid jobs with its machine. OpenTrace reads one from a log in the Standard Workload
// Format or from the output of sacct -P, and tells in a Cleaning what it left out and changed; Lublin
// generates a realistic one from nothing but options. A Batch is the world of one queue and one machine, stepped
// by decisions or run under a ranking; BatchEnv makes it a lepton.Environment for training. The smallest use:
//
//	trace, cleaning, err := sim.OpenTrace("cluster.swf.gz", sim.TraceOptions{})
//	…
//	fmt.Println(cleaning)
//	world, err := sim.NewBatch(trace.Machine(), sim.BatchOptions{})
//	…
//	err = world.Reset(trace.Jobs, 0, 256)
//	…
//	sjf, err := sim.BatchHeuristicByName("SJF")
//	…
//	result, err := world.Run(sjf)
//	fmt.Println(result.Metrics().AvgBSLD)
//
// Same trace, same options, same seed: same decisions, to the last bit. Time is simulated seconds; nothing here
// reads a clock, starts a goroutine or keeps a file open. Worlds and scanners are not safe for concurrent use; a Trace
// is, as long as nobody changes it.
//
// A policy sees a BatchState, which holds what a scheduler knows at that moment. It must not be handed the
// jobs of a Trace, whose run times are the future.
//
// Not here: jobs that change size, are preempted, fail or depend on one another; memory and other resources;
// several queues or partitions with limits of their own.
package sim
