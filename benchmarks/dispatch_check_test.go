package benchmarks

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/policy"
)

func TestDispatchProblem(t *testing.T) {
	problem := dispatchProblem(t)
	require.Equal(t, (room+1)*(room+1)*(room+1), problem.States())
	require.False(t, problem.Legal(queues{room, 0, 0}.index(), 0))
	require.True(t, problem.Legal(queues{room, 0, 0}.index(), 1))
	require.True(t, problem.Legal(queues{room, room, room}.index(), 2))
	for s := range problem.States() {
		require.Equal(t, s, queuesOf(s).index())
	}

	// From empty servers a job sent to the fast one is gone at the next arrival with probability μ/(λ+μ), and
	// was there for 1/(λ+μ) seconds on average.
	outcomes := problem.Outcomes(0, 0)
	require.Len(t, outcomes, 2)
	for _, o := range outcomes {
		require.InDelta(t, -1/(arrivals+speeds[0]), o.Reward, 1e-12)
		if o.Next == 0 {
			require.InDelta(t, speeds[0]/(arrivals+speeds[0]), o.Prob, 1e-12)
		} else {
			require.Equal(t, queues{1, 0, 0}.index(), o.Next)
			require.InDelta(t, arrivals/(arrivals+speeds[0]), o.Prob, 1e-12)
		}
	}
}

// The table says of the shortest-queue rule what a simulation of single jobs says, in which each of them is
// timed: no Markov chain, no Little's law.
func TestDispatchSimulated(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	const jobs = 400_000
	var leaves [servers][]float64 // when the jobs at each server will leave it
	total, now := 0.0, 0.0
	for range jobs {
		now += random.ExpFloat64() / arrivals
		to := -1
		for i := range leaves {
			for len(leaves[i]) > 0 && leaves[i][0] <= now {
				leaves[i] = leaves[i][1:]
			}
			if len(leaves[i]) < room && (to < 0 || len(leaves[i]) < len(leaves[to])) {
				to = i
			}
		}
		if to < 0 {
			total += lossCost
			continue
		}
		begins := now
		if n := len(leaves[to]); n > 0 {
			begins = leaves[to][n-1]
		}
		done := begins + random.ExpFloat64()/speeds[to]
		leaves[to] = append(leaves[to], done)
		total += done - now
	}
	want := response(dispatchProblem(t), policy.Greedy(policy.ScoreFunc(byQueue)))
	require.InEpsilon(t, want, total/jobs, 0.015)
}
