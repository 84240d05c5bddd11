package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// TestHeuristicScores compares with values computed in Python 3 by the formulas of the reference's description, for a job
// submitted at 5170 that asks for 12 processors and 3600 s, at time 9000.
func TestHeuristicScores(t *testing.T) {
	job := QueuedJob{Submit: 5170, Procs: 12, Request: 3600, Predicted: 100}
	for _, c := range []struct {
		name          string
		first, second float64
	}{
		{"FCFS", 5170, 0},
		{"SJF", 3600, 5170},
		{"Smallest", 12, 5170},
		{"SAF", 43200, 5170},
		{"SAF_added", 43200, 5170},
		{"F1", 3273.4124025009373, 0},
		{"F2", 95785.35790320493, 0},
		{"F3", 25517745.125624444, 0},
		{"F4", 1980620.7536542856, 0},
		{"WFP3", 35.56291543492799, 0},
		{"UNICEP", 0.4006705477672201, 0},
		{"WFP3_fixed", -14.450073816872427, 0},
		{"UNICEP_fixed", -0.29676430051217423, 0},
		{"SJF_pred", 100, 5170},
		{"SAF_pred", 1200, 5170},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, second := mustHeuristic(t, c.name).Score(&job, 9000)
			assert.InEpsilon(t, c.first, first, 1e-14)
			assert.Equal(t, c.second, second)
		})
	}
	one := QueuedJob{Submit: 5170, Procs: 1, Request: 3600}
	first, _ := mustHeuristic(t, "UNICEP_fixed").Score(&one, 9000)
	assert.InEpsilon(t, -664219321168703.9, first, 1e-12, "one processor: log2(1 + 1e-15) as C has it")
}

// TestHeuristicScoresAtTheEdges pins down what the rules make of times without a logarithm or a root.
func TestHeuristicScoresAtTheEdges(t *testing.T) {
	score := func(name string, j QueuedJob) float64 {
		first, _ := mustHeuristic(t, name).Score(&j, 0)
		return first
	}
	assert.InEpsilon(t, -2-870.0, score("F1", QueuedJob{Procs: 2, Request: -1}), 1e-14, "0 and less count as a tenth")
	for _, name := range []string{"F2", "F3", "F4"} {
		assert.Equal(t, math.Inf(-1), score(name, QueuedJob{Procs: 2, Request: 4}), "%s: log10(0)", name)
	}
	assert.True(t, math.IsNaN(score("F2", QueuedJob{Procs: 2, Request: -1, Submit: 5})))
	assert.True(t, math.IsNaN(score("WFP3_fixed", QueuedJob{Procs: 2})), "0/0")
}

func TestHeuristicNames(t *testing.T) {
	for _, name := range BatchHeuristicNames() {
		assert.Equal(t, name, mustHeuristic(t, name).Name())
		assert.Equal(t, name+"_pred", mustHeuristic(t, name+"_pred").Name())
		assert.Equal(t, name != "WFP3_fixed" && name != "UNICEP_fixed", mustHeuristic(t, name).Static())
	}
	for _, name := range []string{"", "sjf", "_pred", "SJF_pred_pred", "LJF"} {
		_, err := BatchHeuristicByName(name)
		require.ErrorIs(t, err, ErrUnknownHeuristic)
		assert.ErrorContains(t, err, "UNICEP_fixed", "the names are listed")
	}
}

// TestHeuristicRanksAsItScores compares the one number a StateScorer has with the pair that the rule has.
func TestHeuristicRanksAsItScores(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, name := range append(BatchHeuristicNames(), "SJF_pred") {
		h := mustHeuristic(t, name)
		for range 50 {
			s := &BatchState{Clock: 40}
			for range 1 + r.IntN(20) {
				s.Queue = append(s.Queue, QueuedJob{Submit: r.Int64N(4), Procs: 1 + r.Int64N(3), Request: r.Int64N(3), Predicted: float64(r.IntN(3))})
			}
			n := len(s.Queue)
			obs := jobsObservation(s)
			scores := make([]float64, n)
			h.ScoresState(scores, s, obs, nil)
			best := 0
			for i := range n {
				a, a2 := h.Score(&s.Queue[i], s.Clock)
				for k := range n {
					b, b2 := h.Score(&s.Queue[k], s.Clock)
					order := compareKeys(queueKey{a, a2, 0}, queueKey{b, b2, 0})
					if math.IsNaN(a) || math.IsNaN(b) {
						require.True(t, !math.IsNaN(a) || scores[i] == math.Inf(-1))
						continue
					}
					require.Equal(t, -order, compareNumbers(scores[i], scores[k]), "%s: %v and %v", name, s.Queue[i], s.Queue[k])
				}
				if b, b2 := h.Score(&s.Queue[best], s.Clock); compareKeys(queueKey{a, a2, 0}, queueKey{b, b2, 0}) < 0 {
					best = i
				}
			}
			p := slices.Repeat([]float64{7}, n)
			h.ProbsState(p, s, obs, nil)
			want := make([]float64, n)
			want[best] = 1
			require.Equal(t, want, p, "%s chooses the first of the best", name)
		}
	}
}

func TestHeuristicAllocatesNothing(t *testing.T) {
	s := queueOf(128)
	obs := jobsObservation(s)
	p := make([]float64, 128)
	var scratch lepton.Scratch
	for _, name := range []string{"SJF", "F1", "WFP3_fixed"} {
		h := mustHeuristic(t, name)
		assert.Zero(t, testing.AllocsPerRun(20, func() {
			scratch.Reset()
			h.ScoresState(p, s, obs, &scratch)
			h.ProbsState(p, s, obs, &scratch)
		}), name)
	}
}

// jobsObservation has the queued jobs as legal actions without features.
func jobsObservation(s *BatchState) *lepton.Observation {
	var obs lepton.Observation
	for i := range s.Queue {
		obs.Actions().Add(uint64(s.Queue[i].ID), true)
	}
	return &obs
}

func ExampleBatchHeuristicByName() {
	state := &BatchState{Clock: 500, Queue: []QueuedJob{
		{ID: 1, Submit: 100, Procs: 4, Request: 3600},
		{ID: 2, Submit: 200, Procs: 2, Request: 600},
	}}
	sjf, err := BatchHeuristicByName("SJF")
	if err != nil {
		fmt.Println(err)
		return
	}
	scores := make([]float64, 2)
	sjf.ScoresState(scores, state, nil, nil)
	fmt.Println(sjf.Name(), scores)
	// Output: SJF [-1 0]
}
