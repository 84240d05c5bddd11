package policy_test

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// farm is what a dispatcher knows when a job arrives: when each server will be free and the size of the job.
// Server i does speeds[i] units of work a second, first come, first served. Jobs arrive at random, 2.2 a
// second; sizes are 1 on average and often far from it.
type farm struct {
	busy [6]float64 // seconds until each server is free
	size float64    // units of work
}

var speeds = [6]float64{1, 1, 0.5, 0.5, 0.25, 0.25}

// arrival is the next job.
type arrival struct{ gap, size float64 }

// arrivalOf returns job n of a future: 0.15 and a Weibull variable with shape ½ that is 0.85 on average.
func arrivalOf(future, n uint64) arrival {
	bits := rng.Mix(future, n)
	log := math.Log(1 - rng.Uniform(rng.Mix(bits, 1)))
	return arrival{-math.Log(1-rng.Uniform(bits)) / 2.2, 0.15 + 0.85*log*log/2}
}

// take gives the job to server a and waits for the next. It returns the response time.
func (f *farm) take(a int, next arrival) float64 {
	f.busy[a] += f.size / speeds[a]
	response := f.busy[a]
	for i, w := range f.busy {
		f.busy[i] = max(w-next.gap, 0)
	}
	f.size = next.size
	return response
}

// firstFree is the heuristic in place: the server that is free first, however slow.
func firstFree(f farm, action int) float64 { return -f.busy[action] }

// firstDone knows the speeds: the server that has the job done first.
func firstDone(f farm, action int) float64 { return -f.busy[action] - f.size/speeds[action] }

// farmSimulator counts the response times of the next 20 jobs, with the server that is free first. The jobs
// of a future are the same for all actions, so that they are made once.
type farmSimulator struct{ jobs [20]arrival }

func newFarmSimulator() policy.Simulator[farm] { return new(farmSimulator) }

func (m *farmSimulator) Play(returns []float64, state farm, _ *lepton.Observation, actions []int, futures []uint64) {
	for j, future := range futures {
		for n := range m.jobs {
			m.jobs[n] = arrivalOf(future, uint64(n))
		}
		for i, action := range actions {
			f, total := state, 0.0
			for _, next := range m.jobs {
				total += f.take(action, next)
				action = 0
				for s, w := range f.busy {
					if w < f.busy[action] {
						action = s
					}
				}
			}
			returns[i*len(futures)+j] = -total
		}
	}
}

func (f farm) observe(obs *lepton.Observation) {
	obs.Reset(1, 0)
	obs.SetState([]float64{f.size})
	for i, w := range f.busy {
		obs.Actions().Add(uint64(i), true)[0] = w
	}
}

// meanResponse serves jobs by p.
func meanResponse(p lepton.StatePolicy[farm], jobs int, seed uint64) float64 {
	f, total := farm{size: 1}, 0.0
	var obs lepton.Observation
	var scratch lepton.Scratch
	dst := make([]float64, len(speeds))
	for n := range jobs {
		f.observe(&obs)
		scratch.Reset()
		p.ProbsState(dst, f, &obs, &scratch)
		best := 0
		for a := range dst {
			if dst[a] > dst[best] {
				best = a
			}
		}
		total += f.take(best, arrivalOf(^seed, uint64(n)))
	}
	return total / float64(jobs)
}

// A rollout over a heuristic that knows nothing of speeds gains most of what knowing them gains: means of
// five seeds, each with the same jobs for all. With few futures it is the risk that keeps it from being misled.
func TestRolloutBeatsItsBaseOnAQueue(t *testing.T) {
	jobs, seeds := 2000, 5
	if testing.Short() {
		jobs, seeds = 300, 2
	}
	base := policy.Incumbent(firstFree)
	planners := []policy.RolloutOptions{{}, {Budget: 16}, {Budget: 16, Risk: 1}}
	var before, informed float64
	means := make([]float64, len(planners))
	for seed := range uint64(seeds) {
		b := meanResponse(base, jobs, seed)
		before += b / float64(seeds)
		informed += meanResponse(policy.Incumbent(firstDone), jobs, seed) / float64(seeds)
		for i, o := range planners {
			o.Seed = seed
			r, err := policy.NewRollout(base, newFarmSimulator, o)
			require.NoError(t, err)
			x := meanResponse(r, jobs, seed)
			if i == 0 {
				assert.Less(t, x, b, "seed %d", seed)
				require.Positive(t, r.Stats().Departures)
			}
			means[i] += x / float64(seeds)
		}
	}
	t.Logf("mean response: base %.3f, first done %.3f, %.3f with rollouts %+v", before, informed, means, planners)
	if testing.Short() {
		return
	}
	assert.Less(t, means[0], before-0.5*(before-informed))
	assert.Less(t, means[1], before-0.25*(before-informed))
	assert.Less(t, means[1], means[2])
}

// Common random numbers: the difference of two actions varies far less over the same futures than over
// different ones.
func TestRolloutCommonRandomNumbers(t *testing.T) {
	const n = 2000
	f := farm{busy: [6]float64{3, 2, 2, 1, 0.5, 1}, size: 2}
	futures := make([]uint64, 2*n)
	for j := range futures {
		futures[j] = rng.Mix(1, uint64(j))
	}
	returns := make([]float64, 4*n)
	newFarmSimulator().Play(returns, f, nil, []int{0, 4}, futures)
	variance := func(shift int) float64 {
		mean, square := 0.0, 0.0
		for j := range n {
			x := returns[j] - returns[2*n+j+shift]
			mean += x / n
			square += x * x / n
		}
		return square - mean*mean
	}
	paired, independent := variance(0), variance(n)
	t.Logf("variance of a difference: paired %.1f, independent %.1f", paired, independent)
	assert.Less(t, paired, independent/4)
}
