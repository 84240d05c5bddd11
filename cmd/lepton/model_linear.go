package main

import (
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
)

// linearWeights finds how the ranking of a policy depends on each feature of an action, and whether it is linear in
// them. It asks the policy rather than its file, so that it holds for whatever is wrapped in whatever: scores
// at 0 and at 1 of each feature give the weights, and random points show whether they explain all scores.
func linearWeights(p lepton.Policy, spec lepton.Spec) (weights []float64, linear bool) {
	scorer, ok := p.(lepton.Scorer)
	if !ok {
		return nil, false
	}
	const points = 20
	r := rand.New(rand.NewPCG(1, 1))
	var obs lepton.Observation
	obs.Reset(spec.ActionDim, 0)
	obs.SetState(make([]float64, spec.StateDim))
	obs.Actions().Add(0, true)
	for i := range spec.ActionDim {
		obs.Actions().Add(0, true)[i] = 1
	}
	for range points {
		row := obs.Actions().Add(0, true)
		for i := range row {
			row[i] = 4*r.Float64() - 2
		}
	}
	var scratch lepton.Scratch
	scores := make([]float64, obs.Len())
	scorer.Scores(scores, &obs, &scratch)
	weights = make([]float64, spec.ActionDim)
	for i := range weights {
		weights[i] = scores[1+i] - scores[0]
	}
	for i := 1 + spec.ActionDim; i < obs.Len(); i++ {
		want, size := scores[0], math.Abs(scores[0])
		for k, x := range obs.Action(i) {
			want += weights[k] * x
			size += math.Abs(weights[k] * x)
		}
		if !(math.Abs(scores[i]-want) <= 1e-9*size) {
			return nil, false
		}
	}
	return weights, true
}
