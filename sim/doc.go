// Package sim holds deterministic event-driven worlds and the traces that drive them: to train a policy where
// mistakes cost nothing, and to compare it with the heuristics in use.
//
// # Traces
//
// A Trace is a workload of rigid jobs with its machine. OpenTrace reads one from a site's history, a log in the
// Standard Workload Format or the output of sacct -P, plain or gzip, and tells in a Cleaning what it left out and
// changed; Lublin generates a realistic one, so that everything runs without any file.
//
// # The batch queue
//
// A Batch runs a sequence of jobs of a trace on a machine with one queue. The smallest use compares two
// heuristics:
//
//	trace, err := sim.Lublin(sim.LublinOptions{Seed: 1})
//	…
//	world, err := sim.NewBatch(trace.Machine(), sim.BatchOptions{Backfill: sim.BackfillEASY})
//	…
//	for _, name := range []string{"FCFS", "SJF"} {
//		heuristic, err := sim.BatchHeuristicByName(name)
//		…
//		err = world.Reset(trace.Jobs, 0, 1024)
//		…
//		result, err := world.Run(heuristic)
//		…
//		fmt.Println(name, result.Metrics().AvgBSLD)
//	}
//
// (Example_compare is this, compiled.) A policy takes the heuristic's place by RunScorer or RunPolicy, with
// features from BatchEncoder and BatchActions or one's own. To learn one, BatchEnv is the same world as a
// lepton.Environment over random sequences of a trace. BatchHeuristic is a lepton.StatePolicy, so that it can be
// the incumbent of a scheduler and a teacher for imitation; for that BatchState can be filled from a live queue.
//
// Whoever decides sees a BatchState: what a scheduler knows at that moment. The run time of a job that has not
// ended and the jobs to come cannot be reached from it. Rewards and metrics are made from both, afterwards.
//
// With BackfillNone and BackfillReference the world reproduces RLScheduler's simulator (Zhang et al., SC'20) to the
// second, the ties of its lists included: see Batch for the rules that this takes.
//
// # What the caller keeps
//
//   - A world reads the jobs that it was given until its next Reset; do not change them meanwhile.
//   - States, results and their slices belong to the world and are overwritten by its next step. Copy what you keep.
//   - A policy is not handed the jobs of a Trace, whose run times are the future.
//   - A world or a scanner is used by one goroutine at a time; traces that nobody changes, heuristics, encoders and
//     action spaces by any number.
//   - Training and evaluation must not share jobs: BatchEnvOptions.From and To keep them apart.
//
// Same trace, same options, same seed: same decisions, to the last bit. Times are whole seconds of the trace's own clock;
// nothing here reads another, starts a goroutine or keeps a file open.
//
// # What it does not do
//
// Jobs do not change size, fail, depend on one another, and are neither preempted nor killed at their request. Nodes
// are all alike and have no places, so nothing is lost to fragmentation; memory and other resources do not count.
// There is one queue without priorities or partitions: Job.Queue and Part are shown to policies and bind nothing.
package sim
