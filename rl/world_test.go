package rl_test

import (
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// jobWorld is one machine and a list of jobs that are all there from the start: choose which runs next.
// The reward is minus the weighted waiting: every unit of a job's work costs the weights of those that
// wait for it. The best order is by weight/work (Smith 1956), which a linear score of log weight and log
// work expresses.
type jobWorld struct {
	jobs  int
	rand  *rand.Rand
	left  []job
	total float64 // weight of those left
}

type job struct {
	id           uint64
	weight, work float64
}

func (w *jobWorld) Spec() lepton.Spec {
	return lepton.Spec{StateDim: 1, ActionDim: 2, StateNames: []string{"left"}, ActionNames: []string{"log_weight", "log_work"}}
}

func (w *jobWorld) Reset(seed uint64) {
	w.rand = rng.New(seed, "jobs")
	w.left, w.total = w.left[:0], 0
	for i := range w.jobs {
		j := job{uint64(i), math.Exp(w.rand.NormFloat64()), math.Exp(w.rand.NormFloat64())}
		w.left = append(w.left, j)
		w.total += j.weight
	}
}

func (w *jobWorld) Observe(obs *lepton.Observation) {
	obs.Reset(2, 0)
	obs.SetState([]float64{float64(len(w.left)) / float64(w.jobs)})
	for _, j := range w.left {
		row := obs.Actions().Add(j.id, true)
		row[0], row[1] = math.Log(j.weight), math.Log(j.work)
	}
}

func (w *jobWorld) Step(action int) (reward, discount float64, last bool) {
	if action < 0 || action >= len(w.left) {
		return math.NaN(), 0, true
	}
	j := w.left[action]
	w.left = append(w.left[:action], w.left[action+1:]...)
	w.total -= j.weight
	reward = -j.work * w.total
	if len(w.left) == 0 {
		return reward, 0, true
	}
	return reward, 1, false
}

// bySmith is the best order; byWork, shortest first, is the plain heuristic.
func bySmith(obs *lepton.Observation, a int) float64 { return obs.Action(a)[0] - obs.Action(a)[1] }
func byWork(obs *lepton.Observation, a int) float64  { return -obs.Action(a)[1] }

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func seeds(from, n uint64) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = from + uint64(i)
	}
	return out
}

// switchedOff is a learner that learns nothing: what a learning test must fail with.
type switchedOff struct{ lepton.Learner }

func (switchedOff) Observe(*lepton.Transition) {}
