package sim_test

import (
	"fmt"

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
