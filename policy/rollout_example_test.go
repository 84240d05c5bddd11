package policy_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
)

// desk is a dispatcher's state: the seconds of work before each of two machines. Machine 1 works at a fifth
// of the speed, which the heuristic in place does not know: it takes the machine with less work before it.
type desk struct{ busy [2]float64 }

func lessWork(d desk, action int) float64 { return -d.busy[action] }

// simulateDesk sums how long the next 30 jobs take from their arrival, given to the machine with less work
// before it but for the first. All that is random comes from the number of the future.
func simulateDesk(returns []float64, state desk, _ *lepton.Observation, actions []int, futures []uint64) {
	for i, first := range actions {
		for j, future := range futures {
			luck := rand.New(rand.NewPCG(future, 0))
			d, action, total := state, first, 0.0
			for range 30 {
				work := luck.ExpFloat64() // seconds on machine 0
				if action == 1 {
					work *= 5
				}
				d.busy[action] += work
				total += d.busy[action]
				gap := luck.ExpFloat64()
				d.busy[0], d.busy[1] = max(d.busy[0]-gap, 0), max(d.busy[1]-gap, 0)
				if action = 0; d.busy[1] < d.busy[0] {
					action = 1
				}
			}
			returns[i*len(futures)+j] = -total
		}
	}
}

func ExampleNewRollout() {
	base := policy.Incumbent(lessWork)
	simulator := func() policy.Simulator[desk] { return policy.SimulatorFunc[desk](simulateDesk) }
	planner, err := policy.NewRollout(base, simulator, policy.RolloutOptions{Budget: 400, Seed: 1})
	if err != nil {
		panic(err)
	}
	p := make([]float64, 2)
	for _, d := range []desk{{[2]float64{1, 0}}, {[2]float64{20, 0}}} {
		var obs lepton.Observation // what a scheduler would have encoded
		obs.SetState(d.busy[:])
		obs.Actions().Add(0, true)
		obs.Actions().Add(1, true)
		base.ProbsState(p, d, &obs, nil)
		fmt.Print(d.busy, " base ", p)
		planner.ProbsState(p, d, &obs, nil)
		fmt.Println(", rollout", p)
	}
	fmt.Println(planner.Stats().Futures, "futures")
	// Output:
	// [1 0] base [0 1], rollout [1 0]
	// [20 0] base [0 1], rollout [0 1]
	// 800 futures
}
