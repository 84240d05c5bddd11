package rl_test

import (
	"testing"

	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
)

func TestDoubleValue(t *testing.T) {
	obs := offered(true, false, true, true)
	v, ok := rl.DoubleValue([]float64{1, 9, 3, 3}, []float64{10, 20, 30, 40}, obs)
	assert.True(t, ok)
	assert.Equal(t, 30.0, v, "the judge's word on the chooser's first best")
	_, ok = rl.DoubleValue([]float64{1}, []float64{1}, offered(false))
	assert.False(t, ok)
}

func TestDifferentialQUpdate(t *testing.T) {
	// δ = 3 − 0.5·4 + 6 − 2 = 5
	q, gain := rl.DifferentialQUpdate(2, 0.5, 0.1, 0.2, 3, 4, 6)
	assert.InDelta(t, 2.5, q, 1e-15)
	assert.InDelta(t, 0.6, gain, 1e-15)
}

func TestPredictionWorkedNumbers(t *testing.T) {
	assert.Equal(t, 1+0.5*8-2, rl.TDError(2, 1, 0.5, 8))
	assert.Equal(t, 2+0.25*3, rl.TDUpdate(2, 0.25, 1, 0.5, 8))
	reward, discount := rl.NStepReward([]float64{1, 2, 4}, []float64{0.5, 0.25, 0.5})
	assert.Equal(t, []float64{1 + 0.5*2 + 0.125*4, 0.0625}, []float64{reward, discount})
	reward, discount = rl.NStepReward(nil, nil)
	assert.Equal(t, []float64{0, 1}, []float64{reward, discount})

	v := []float64{0, 10}
	rl.MonteCarlo(v, []int{0, 1, 0}, []float64{4, 6, 8}, 0.5)
	assert.Equal(t, []float64{4, 8}, v, "state 0 first towards 8, then towards 4")

	z := []float64{2, 1}
	rl.DecayTraces(z, 0.5)
	assert.Equal(t, []float64{1, 0.5}, z)
	assert.Equal(t, []float64{1, 1.5}, []float64{rl.Replacing.Visit(0.5), rl.Accumulating.Visit(0.5)})
	v = []float64{1, 2}
	rl.TraceUpdate(v, z, 0.5, 4)
	assert.Equal(t, []float64{3, 3}, v)
}

// w = (1, 2), h = (½, 0), from x = (1, 0) to x′ = (0, 1) with reward 1, discount ½: δ = 1 + ½·2 − 1 = 1,
// h·x = ½.
func TestTDCWorkedNumbers(t *testing.T) {
	w, h := []float64{1, 2}, []float64{0.5, 0}
	rl.TDC(w, h, []float64{1, 0}, []float64{0, 1}, 0.5, 0.25, 1, 0.5)
	assert.Equal(t, []float64{1 + 0.5*1, 2 - 0.5*0.5*0.5}, w)
	assert.Equal(t, []float64{0.5 + 0.25*(1-0.5), 0}, h)
}

func TestUpdatesAllocateNothing(t *testing.T) {
	v, z, x := []float64{1, 2, 3}, []float64{0, 1, 0}, []float64{1, 0, 1}
	obs := offered(true, true, true)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		rl.DecayTraces(z, 0.9)
		rl.TraceUpdate(v, z, 0.1, 1)
		rl.TDC(v, z, x, x, 0.1, 0.1, 1, 0.9)
		rl.Returns(z, x, x, 1)
		rl.NStepReward(x, x)
		rl.MonteCarlo(v, []int{0, 1}, x[:2], 0.1)
		_, _ = rl.DoubleValue(v, z, obs)
	}))
}

func TestStepSizeScale(t *testing.T) {
	s := rl.StepSize{Alpha: 1, Power: 1, Scale: 100}
	assert.Equal(t, []float64{1, 1 / 1.01, 0.5}, []float64{s.At(1), s.At(2), s.At(101)})
	assert.Equal(t, rl.StepSize{Alpha: 0.5, Power: 0.7}.At(9), rl.StepSize{Alpha: 0.5, Power: 0.7, Scale: 1}.At(9))
}
