package policy

import (
	"math"

	"github.com/leptonsched/lepton"
)

// Incumbent makes the heuristic in place from a score over the embedder's own state: it takes the legal
// action with the highest score, the first of them on a tie. action indexes what the ActionSpace offered
// for state; score is called for legal actions alone, from every goroutine that decides.
//
// The result is a lepton.StateScorer too.
func Incumbent[S any](score func(state S, action int) float64) lepton.StatePolicy[S] {
	return incumbent[S](score)
}

type incumbent[S any] func(state S, action int) float64

// ProbsState implements lepton.StatePolicy.
func (f incumbent[S]) ProbsState(p []float64, state S, obs *lepton.Observation, scratch *lepton.Scratch) {
	f.ScoresState(p, state, obs, scratch)
	epsilonGreedy(p, obs, 0)
}

// ScoresState implements lepton.StateScorer.
func (f incumbent[S]) ScoresState(dst []float64, state S, obs *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		if obs.Legal(i) {
			dst[i] = f(state, i)
		} else {
			dst[i] = math.Inf(-1)
		}
	}
}

// IncumbentChoice makes the heuristic in place from a function that returns the index of its choice
// among what the ActionSpace offered for state. A choice that is not legal or not there makes the
// probabilities NaN, so that the facade counts it as a fault.
func IncumbentChoice[S any](choose func(state S) int) lepton.StatePolicy[S] {
	return incumbentChoice[S](choose)
}

type incumbentChoice[S any] func(state S) int

// ProbsState implements lepton.StatePolicy.
func (f incumbentChoice[S]) ProbsState(p []float64, state S, obs *lepton.Observation, _ *lepton.Scratch) {
	a := f(state)
	if a < 0 || a >= len(p) || !obs.Legal(a) {
		unusable(p, obs)
		return
	}
	clear(p)
	p[a] = 1
}

// Stateless lets p, which decides from the observation alone, stand where a lepton.StatePolicy is
// wanted. The result is a lepton.StateScorer when p is a lepton.Scorer.
func Stateless[S any](p lepton.Policy) lepton.StatePolicy[S] {
	if s, ok := p.(lepton.Scorer); ok {
		return statelessScorer[S]{stateless[S]{p}, s}
	}
	return stateless[S]{p}
}

type stateless[S any] struct{ policy lepton.Policy }

// ProbsState implements lepton.StatePolicy.
func (s stateless[S]) ProbsState(p []float64, _ S, obs *lepton.Observation, scratch *lepton.Scratch) {
	s.policy.Probs(p, obs, scratch)
}

type statelessScorer[S any] struct {
	stateless[S]
	scorer lepton.Scorer
}

// ScoresState implements lepton.StateScorer.
func (s statelessScorer[S]) ScoresState(dst []float64, _ S, obs *lepton.Observation, scratch *lepton.Scratch) {
	s.scorer.Scores(dst, obs, scratch)
}
