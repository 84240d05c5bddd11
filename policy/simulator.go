package policy

import "github.com/leptonsched/lepton"

// Simulator plays out what may follow a decision. It is the embedder's model of its own world, and Rollout
// asks it what each action would lead to.
//
// One goroutine at a time: Rollout makes a simulator for each decision taken at the same time, so that one may
// keep memory between calls.
type Simulator[S any] interface {
	// Play sets returns[i·len(futures)+j] to the return that follows when actions[i] is taken in state and
	// the base policy acts afterwards, in the future that is numbered futures[j]; higher is better. A
	// number that is not finite says that it cannot be told. obs is what the actions are indices of, all
	// of them legal; no argument may be kept or, but for returns, changed.
	//
	// Whatever is random in a future (arrivals, sizes, failures) must follow from its number alone, so that
	// all actions meet the same luck: with such common random numbers far fewer futures tell two
	// actions apart. The numbers are well-spread bits, good to seed a generator with. Where futures stop
	// early, they must stop at the same moment whatever was done, or longer ones look dearer.
	Play(returns []float64, state S, obs *lepton.Observation, actions []int, futures []uint64)
}

// SimulatorFunc makes a Simulator of a closure.
type SimulatorFunc[S any] func(returns []float64, state S, obs *lepton.Observation, actions []int, futures []uint64)

// Play implements Simulator.
func (f SimulatorFunc[S]) Play(returns []float64, state S, obs *lepton.Observation, actions []int, futures []uint64) {
	f(returns, state, obs, actions, futures)
}
