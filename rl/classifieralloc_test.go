//go:build !race

package rl_test

import (
	"testing"

	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Not under the race detector, where a sync.Pool drops on purpose.
func TestClassifierPredictAllocatesNothing(t *testing.T) {
	for _, classes := range []int{2, 3} {
		d := mixed(t, 100, classes, 0.1, 1)
		m := classify(t, rl.Classifier{Epochs: 1}, d)
		x, p := d.Row(nil, 0), make([]float64, classes)
		assert.Zero(t, testing.AllocsPerRun(100, func() { m.Predict(x) }))
		assert.Zero(t, testing.AllocsPerRun(100, func() { require.NoError(t, m.PredictProba(p, x)) }))
	}
}
