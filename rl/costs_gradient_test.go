package rl

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// TestCostGradient compares the gradient of Σ weight·Σ π·cost over the weights with differences of the loss, which
// is computed here from the policy's scores.
func TestCostGradient(t *testing.T) {
	spec := lepton.Spec{StateDim: 2, ActionDim: 2}
	l, err := NewCostLearner(spec, CostLearnerOptions{Network: NetworkOptions{Hidden: []int{6}, Activation: Tanh, MaxNorm: math.Inf(1)}})
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range l.net.params {
		l.net.params[i] += float32(r.NormFloat64()) / 2
	}
	type decision struct {
		obs    *lepton.Observation
		costs  []float64
		weight float64
	}
	var decisions []decision
	for range 3 {
		d := decision{new(lepton.Observation), nil, 0.5 + r.Float64()}
		d.obs.Reset(2, 0)
		d.obs.SetState([]float64{r.NormFloat64(), r.NormFloat64()})
		for i := range 4 {
			row := d.obs.Actions().Add(uint64(i), i != 2)
			row[0], row[1] = r.NormFloat64(), r.NormFloat64()
			d.costs = append(d.costs, 10+r.NormFloat64())
		}
		d.costs[2] = math.NaN() // not legal
		l.Observe(d.obs, d.costs, d.weight)
		decisions = append(decisions, d)
	}
	require.Equal(t, 3, l.Len())
	loss := func() float64 {
		l.net.latest = nil
		sum, total := 0.0, 0.0
		for _, d := range decisions {
			scores := make([]float64, 4)
			l.Scorer().Scores(scores, d.obs, new(lepton.Scratch))
			z, cost, least := 0.0, 0.0, math.Inf(1)
			for i, s := range scores {
				if i != 2 {
					z += math.Exp(s)
					cost += math.Exp(s) * d.costs[i]
					least = min(least, d.costs[i])
				}
			}
			sum += d.weight * (cost/z - least)
			total += d.weight
		}
		return sum / total
	}
	before := append([]float32(nil), l.net.params...)
	reported, _, err := l.update([]int{0, 1, 2})
	require.NoError(t, err)
	gradient := append([]float32(nil), l.net.shards[0].grads...)
	copy(l.net.params, before)
	assert.InDelta(t, loss(), reported, 1e-5)
	for i := range gradient {
		const h = 1e-2
		l.net.params[i] = before[i] + h
		up := loss()
		l.net.params[i] = before[i] - h
		down := loss()
		l.net.params[i] = before[i]
		assert.InDelta(t, (up-down)/(2*h), gradient[i], 2e-3, "parameter %d", i)
	}
}
