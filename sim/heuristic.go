package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leptonsched/lepton"
)

// BatchHeuristic is a fixed rule that orders a queue: the job with the smallest score goes first. Immutable.
//
// It is a lepton.StatePolicy and StateScorer over the visible queue, so it can be the incumbent of a scheduler,
// a teacher for imitation, and the order of Batch.Run.
type BatchHeuristic struct {
	name      string
	static    bool // the score does not depend on the clock
	pair      bool // the score has a second part, for equal first parts
	predicted bool // r is the predicted run time
	score     func(s, n, r, t float64) (first, second float64)
}

// predictedSuffix ends the names of heuristics that work on predictions.
const predictedSuffix = "_pred"

// BatchHeuristicNames lists the heuristics: FCFS, SJF, Smallest, SAF, F1 to F4, WFP3 and UNICEP as published in
// RLScheduler's simulator, WFP3_fixed and UNICEP_fixed as meant.
func BatchHeuristicNames() []string {
	names := make([]string, len(heuristics))
	for i := range heuristics {
		names[i] = heuristics[i].name
	}
	return names
}

// BatchHeuristicByName returns the heuristic called name, one of BatchHeuristicNames or SAF_added, the reference's
// name for SAF. With _pred at its end, it takes predicted run times for requests. ErrUnknownHeuristic
// lists the names.
func BatchHeuristicByName(name string) (*BatchHeuristic, error) {
	bare, predicted := strings.CutSuffix(name, predictedSuffix)
	if bare == "SAF_added" {
		bare = "SAF"
	}
	for i := range heuristics {
		if heuristics[i].name == bare {
			h := heuristics[i]
			if predicted {
				return h.OnPredictions(), nil
			}
			return &h, nil
		}
	}
	return nil, fmt.Errorf("%w %q, want one of %s, or one of them with %s at its end",
		ErrUnknownHeuristic, name, strings.Join(BatchHeuristicNames(), ", "), predictedSuffix)
}

// Name returns the name, with _pred at its end if it works on predictions.
func (h *BatchHeuristic) Name() string {
	if h.predicted {
		return h.name + predictedSuffix
	}
	return h.name
}

// OnPredictions returns the same rule on predicted run times in place of requests.
func (h *BatchHeuristic) OnPredictions() *BatchHeuristic {
	p := *h
	p.predicted = true
	return &p
}

// Static reports whether scores stay the same while a job waits.
func (h *BatchHeuristic) Static() bool { return h.static }

// Score returns the two parts of a job's score at time clock. Smaller goes first; the second part tells apart
// equal first parts and is 0 where the rule has none. A part can be infinite (log10(0)), and NaN
// where the rule is undefined: F2 of a negative request, WFP3 of a request of 0 by a job that has not waited.
func (h *BatchHeuristic) Score(j *QueuedJob, clock int64) (first, second float64) {
	r := float64(j.Request)
	if h.predicted {
		r = j.Predicted
	}
	return h.score(float64(j.Submit), float64(j.Procs), r, float64(clock))
}

// ScoresState fills dst for the first len(dst) jobs of the queue, higher being better and equal only where the rule
// is undecided: the score itself with its sign turned, or, for a rule in two parts, minus the rank. NaN is
// negative infinity.
func (h *BatchHeuristic) ScoresState(dst []float64, state *BatchState, _ *lepton.Observation, scratch *lepton.Scratch) {
	n := min(len(dst), len(state.Queue))
	if !h.pair {
		for i := range n {
			first, _ := h.Score(&state.Queue[i], state.Clock)
			if dst[i] = -first; first != first {
				dst[i] = negInf
			}
		}
		return
	}
	keys := scoredJobs{h, state}
	order := scratch.Floats(n) // positions, as numbers
	for i := range order {
		order[i] = float64(i)
	}
	slices.SortFunc(order, func(a, b float64) int { return keys.compare(int(a), int(b)) })
	rank := 0
	for i, at := range order {
		if i > 0 && keys.compare(int(order[i-1]), int(at)) != 0 {
			rank = i
		}
		dst[int(at)] = float64(-rank)
	}
}

// ProbsState gives probability 1 to the job with the smallest score; the first of several in the order of the
// queue. Of an observation that holds fewer actions than the queue has jobs, it sees those jobs alone.
func (h *BatchHeuristic) ProbsState(p []float64, state *BatchState, obs *lepton.Observation, _ *lepton.Scratch) {
	clear(p)
	keys, best := scoredJobs{h, state}, -1
	for i := range min(len(p), len(state.Queue)) {
		if !obs.Legal(i) {
			continue
		}
		if best < 0 || keys.compare(i, best) < 0 {
			best = i
		}
	}
	if best >= 0 {
		p[best] = 1
	}
}

// scoredJobs compares jobs of the queue by their scores.
type scoredJobs struct {
	heuristic *BatchHeuristic
	state     *BatchState
}

func (s scoredJobs) compare(i, j int) int {
	a, a2 := s.heuristic.Score(&s.state.Queue[i], s.state.Clock)
	b, b2 := s.heuristic.Score(&s.state.Queue[j], s.state.Clock)
	return compareKeys(queueKey{a, a2, 0}, queueKey{b, b2, 0})
}
