package rl_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/supervised"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClassifierTakesWhatIsMissing(t *testing.T) {
	d := mixed(t, 300, 2, 0.1, 5)
	o := rl.Classifier{Epochs: 5}
	m := classify(t, o, d)
	nan, inf := math.NaN(), math.Inf(1)
	p := make([]float64, 2)
	for _, x := range [][]float64{{nan, nan, nan}, {inf, 0, -inf}, {math.MaxFloat64, 3, -math.MaxFloat64}, {1e6, 17, 0}, {1e6, -1, 0}, {1e6, 0.5, 0}} {
		require.NoError(t, m.PredictProba(p, x))
		assert.True(t, p[0] >= 0 && p[1] >= 0, "%v: %v", x, p)
		assert.InDelta(t, 1, p[0]+p[1], 1e-12, "%v", x)
	}
	assert.Equal(t, m.Predict([]float64{1e6, nan, 0}), m.Predict([]float64{1e6, 4, 0}), "an unknown code is missing")
	assert.NotEqual(t, m.Predict([]float64{1e6, nan, 0}), m.Predict([]float64{1e6, 0, 0}))

	// A constant column and a level that no row has leave the answer alone, whatever they are later.
	data := supervised.Data{Classes: []string{"never", "A", "B", "C"}, Columns: []supervised.Column{
		{Name: "constant"}, {Name: "kind", Kind: supervised.Categorical, Levels: []string{"p", "q", "none"}}, {Name: "x"},
	}}
	for i := range 30 {
		data.Rows, data.Target = append(data.Rows, []float64{3, float64(i % 2), float64(i)}), append(data.Target, float64(1+2*(i/15)))
	}
	m = classify(t, o, table(t, data))
	assert.Equal(t, m.Predict([]float64{3, 1, 9}), m.Predict([]float64{-8, 1, 9}))
	assert.Equal(t, m.Predict([]float64{3, nan, 9}), m.Predict([]float64{3, 2, 9}))
	p = make([]float64, 4)
	require.NoError(t, m.PredictProba(p, []float64{3, 1, 9}))
	assert.Zero(t, p[0])
	assert.Zero(t, p[2], "a class without rows")
	assert.InDelta(t, 1, p[1]+p[3], 1e-12)
	assert.Equal(t, p[1], m.Predict([]float64{3, 1, 9}))
	assert.Equal(t, data.Classes, m.Schema().Classes)
	m.Schema().Columns[1].Levels[0] = "changed"
	assert.Equal(t, "p", m.Schema().Columns[1].Levels[0])

	for i := range data.Target {
		data.Target[i] = float64(2 * (i / 15))
	}
	assert.Zero(t, classify(t, o, table(t, data)).Predict([]float64{3, 1, 9}), "class 1 has no rows")

	assert.True(t, math.IsNaN(m.Predict(nil)))
	p[1] = 7
	assert.ErrorIs(t, m.PredictProba(p, nil), supervised.ErrWidth)
	assert.ErrorIs(t, m.PredictProba(p[:2], []float64{3, 1, 9}), supervised.ErrWidth)
	assert.Equal(t, 7.0, p[1])
}

func TestClassifierRefuses(t *testing.T) {
	rows := [][]float64{{1, 2}, {3, 4}, {5, 7}}
	nan := math.NaN()
	for name, c := range map[string]struct {
		data supervised.Data
		want error
	}{
		"a number":           {supervised.Data{Rows: rows, Target: []float64{1, 2, 3}}, supervised.ErrTask},
		"one class":          {supervised.Data{Rows: rows, Target: []float64{1, 1, 1}, Classes: yesNo}, supervised.ErrOneClass},
		"one that counts":    {supervised.Data{Rows: rows, Target: []float64{1, 1, 0}, Classes: yesNo, Weights: []float64{1, 2, 0}}, supervised.ErrOneClass},
		"nothing in a row":   {supervised.Data{Rows: [][]float64{{1, nan}, {2, nan}, {3, nan}}, Target: []float64{0, 1, 1}, Classes: yesNo}, supervised.ErrAllMissing},
		"one class to learn": {supervised.Data{Rows: rows, Target: []float64{0, 0, 1}, Classes: yesNo, Groups: []int{0, 0, 1}}, supervised.ErrOneClass},
		"too large":          {supervised.Data{Rows: [][]float64{{1e308}, {-1e308}, {1e308}}, Target: []float64{0, 1, 0}, Classes: yesNo}, rl.ErrNotFinite},
	} {
		d := table(t, c.data)
		o := rl.Classifier{Epochs: 1}
		if c.data.Groups != nil {
			o.HoldOut = 0.5
		}
		seen := false
		for o.Seed = range 8 { // of the seeds, one holds the group of the second class out
			m, err := o.Fit(t.Context(), d)
			if err != nil {
				require.Nil(t, m, name)
				require.ErrorIs(t, err, c.want, name)
				seen = true
			}
		}
		assert.True(t, seen, name)
	}

	none, err := table(t, supervised.Data{Rows: rows, Target: []float64{0, 1, 1}, Classes: yesNo, Weights: []float64{0, 0, 1}}).Subset([]int{0, 1})
	require.NoError(t, err)
	_, err = rl.Classifier{}.Fit(t.Context(), none)
	assert.ErrorIs(t, err, supervised.ErrWeight)

	d := xor(t, 50, 1)
	_, err = rl.Classifier{
		Network: rl.NetworkOptions{Hidden: []int{0}, Context: true, MaxNorm: -1}, Epochs: -1, Batch: -1, L2: nan, HoldOut: 0.6, Patience: -1,
	}.Fit(t.Context(), d)
	for _, fault := range []string{"Hidden", "Context", "MaxNorm", "Epochs", "Batch", "L2", "HoldOut", "Patience"} {
		assert.ErrorContains(t, err, fault)
	}
	assert.Equal(t, 8, strings.Count(err.Error(), "rl: "), "%v", err)

	_, err = rl.Classifier{Network: rl.NetworkOptions{Optimizer: rl.SGD, StepSize: rl.StepSize{Alpha: 1e30}}}.Fit(t.Context(), d)
	assert.ErrorIs(t, err, rl.ErrNotFinite)

	ctx, cancel := context.WithCancel(t.Context())
	_, err = rl.Classifier{Progress: func(e rl.ClassifierEpoch) {
		require.LessOrEqual(t, e.Epoch, 2)
		if e.Epoch == 2 {
			cancel()
		}
	}}.Fit(ctx, d)
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "epoch 3")
}

// The candidate that is likeliest to be of class 1 is chosen, by a policy that keeps the contract and is read
// back from a file.
func TestClassifierIsAPolicy(t *testing.T) {
	train := xor(t, 400, 1)
	m := classify(t, rl.Classifier{Epochs: 30}, train)
	spec := lepton.Spec{StateDim: 1, ActionDim: 2}
	scorer, err := policy.FromModel(m, spec)
	require.NoError(t, err)
	p := policy.Greedy(scorer)
	leptontest.Policy(t, p, spec, leptontest.PolicyOptions{Tolerance: 1e-5})

	obs := new(lepton.Observation)
	obs.Reset(2, 0)
	obs.SetState([]float64{105})
	for i, x := range []float64{-1.5, 1.5, 1.6} {
		copy(obs.Actions().Add(uint64(i), i < 2), []float64{x, 0})
	}
	probs := make([]float64, 3)
	p.Probs(probs, obs, nil)
	assert.Equal(t, []float64{0, 1, 0}, probs)

	file := saved(t, p)
	back, err := rl.DecodePolicy("", bytes.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, file, saved(t, back))
}

func TestClassifierModelIsSafeForConcurrentUse(t *testing.T) {
	d := mixed(t, 200, 3, 0.1, 6)
	m := classify(t, rl.Classifier{Epochs: 2}, d)
	want, err := supervised.Probabilities(m, d)
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got, err := supervised.Probabilities(m, d)
			assert.NoError(t, err)
			assert.Equal(t, want, got)
			for i, p := range supervised.Predictions(m, d) {
				assert.Equal(t, want[3*i+1], p)
			}
		})
	}
	group.Wait()
}
