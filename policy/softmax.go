package policy

import (
	"math"

	"github.com/leptonsched/lepton"
)

// softmax turns the scores in p into probabilities: p[i] = exp((s[i] − max s)/temperature) / Σ. The
// highest score is subtracted so that nothing overflows.
func softmax(p []float64, obs *lepton.Observation, temperature float64) {
	masked := obs.LegalCount() < len(p)
	top := math.Inf(-1)
	for i, s := range p {
		if masked && !obs.Legal(i) {
			p[i] = math.Inf(-1)
			continue
		}
		if s > top {
			top = s
		} else if s != s {
			unusable(p, obs)
			return
		}
	}
	if math.IsInf(top, 0) { // the limit: those at the top share everything
		shareAt(p, obs, top)
		return
	}
	scale := 1 / temperature
	if math.IsInf(scale, 0) { // a temperature below the smallest normal number: as good as greedy
		shareAt(p, obs, top)
		return
	}
	var sum float64
	for i, s := range p {
		e := exp((s - top) * scale)
		p[i] = e
		sum += e
	}
	inverse := 1 / sum // sum ≥ 1: the top itself counts 1
	for i := range p {
		p[i] *= inverse
	}
}

// shareAt gives the legal actions whose score is top equal parts.
func shareAt(p []float64, obs *lepton.Observation, top float64) {
	n := 0
	for i, s := range p {
		if s == top && obs.Legal(i) {
			n++
		}
	}
	for i, s := range p {
		if s == top && obs.Legal(i) {
			p[i] = 1 / float64(n)
		} else {
			p[i] = 0
		}
	}
}
