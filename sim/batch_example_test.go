package sim_test

import (
	"fmt"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/sim"
)

// Two heuristics on the first thousand jobs of a generated workload.
func Example_compare() {
	trace, err := sim.Lublin(sim.LublinOptions{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	world, err := sim.NewBatch(trace.Machine(), sim.BatchOptions{Backfill: sim.BackfillEASY})
	if err != nil {
		fmt.Println(err)
		return
	}
	slowdown := map[string]float64{}
	for _, name := range []string{"FCFS", "SJF"} {
		heuristic, err := sim.BatchHeuristicByName(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := world.Reset(trace.Jobs, 0, 1024); err != nil {
			fmt.Println(err)
			return
		}
		result, err := world.Run(heuristic)
		if err != nil {
			fmt.Println(err)
			return
		}
		slowdown[name] = result.Metrics().AvgBSLD
	}
	fmt.Println("SJF beats FCFS:", slowdown["SJF"] < slowdown["FCFS"])
	// Output: SJF beats FCFS: true
}

func ExampleNewBatch() {
	world, err := sim.NewBatch(sim.Machine{Procs: 4}, sim.BatchOptions{Backfill: sim.BackfillEASY})
	if err != nil {
		fmt.Println(err)
		return
	}
	jobs := []sim.Job{
		{ID: 1, Submit: 0, Run: 100, Procs: 3, Request: 120},
		{ID: 2, Submit: 10, Run: 50, Procs: 4, Request: 60},
		{ID: 3, Submit: 20, Run: 30, Procs: 1, Request: 40},
	}
	if err := world.Reset(jobs, 0, len(jobs)); err != nil {
		fmt.Println(err)
		return
	}
	fcfs, _ := sim.BatchHeuristicByName("FCFS")
	result, err := world.Run(fcfs)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("starts", result.Starts)
	fmt.Printf("mean bounded slowdown %.3f\n", result.Metrics().AvgBSLD)
	// Output:
	// starts [0 100 20]
	// mean bounded slowdown 1.600
}

func ExampleBatch_Start() {
	world, err := sim.NewBatch(sim.Machine{Procs: 4}, sim.BatchOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	jobs := []sim.Job{
		{ID: 1, Submit: 0, Run: 100, Procs: 4, Request: 120},
		{ID: 2, Submit: 10, Run: 50, Procs: 4, Request: 60},
		{ID: 3, Submit: 10, Run: 30, Procs: 1, Request: 40},
	}
	if err := world.Reset(jobs, 0, len(jobs)); err != nil {
		fmt.Println(err)
		return
	}
	for !world.Done() {
		state := world.State()
		last := len(state.Queue) - 1
		fmt.Printf("at %d: %d queued, job %d goes next\n", state.Clock, state.Queued, state.Queue[last].ID)
		if err := world.Start(last); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// at 0: 1 queued, job 1 goes next
	// at 10: 1 queued, job 2 goes next
	// at 100: 1 queued, job 3 goes next
}

func ExampleNewBatchPlanner() {
	trace, err := sim.Lublin(sim.LublinOptions{Jobs: 300, Load: 1.2, Seed: 4})
	if err != nil {
		panic(err)
	}
	options := sim.BatchOptions{Backfill: sim.BackfillNone}
	world, err := sim.NewBatch(trace.Machine(), options)
	if err != nil {
		panic(err)
	}
	planner, err := sim.NewBatchPlanner(sim.BatchPlannerOptions{Backfill: options.Backfill, Seed: 1})
	if err != nil {
		panic(err)
	}
	first, err := sim.BatchHeuristicByName("SAF")
	if err != nil {
		panic(err)
	}
	for _, order := range []lepton.StateScorer[*sim.BatchState]{first, planner} {
		if err := world.Reset(trace.Jobs, 0, len(trace.Jobs)); err != nil {
			panic(err)
		}
		result, err := world.Run(order)
		if err != nil {
			panic(err)
		}
		fmt.Printf("mean bounded slowdown %.0f\n", result.Metrics().AvgBSLD)
	}
	fmt.Println(planner.Stats().Decisions, "decisions")
	// Output:
	// mean bounded slowdown 69
	// mean bounded slowdown 56
	// 300 decisions
}
