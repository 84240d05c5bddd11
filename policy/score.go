package policy

import (
	"math"

	"github.com/leptonsched/lepton"
)

// ScoreFunc makes a lepton.Scorer of a closure that scores one action of obs, by index; higher is
// better. It is called for legal actions alone, from every goroutine that decides.
type ScoreFunc func(obs *lepton.Observation, action int) float64

// Scores implements lepton.Scorer.
func (f ScoreFunc) Scores(dst []float64, obs *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		if obs.Legal(i) {
			dst[i] = f(obs, i)
		} else {
			dst[i] = math.Inf(-1)
		}
	}
}

// fillLegal gives every legal action the value v and all others the value other.
func fillLegal(dst []float64, obs *lepton.Observation, v, other float64) {
	for i := range dst {
		if obs.Legal(i) {
			dst[i] = v
		} else {
			dst[i] = other
		}
	}
}

// unusable says that no probabilities can be given: NaN for every legal action.
func unusable(p []float64, obs *lepton.Observation) { fillLegal(p, obs, math.NaN(), 0) }

// unrankable says that no scores can be given: NaN for every legal action.
func unrankable(dst []float64, obs *lepton.Observation) {
	fillLegal(dst, obs, math.NaN(), math.Inf(-1))
}
