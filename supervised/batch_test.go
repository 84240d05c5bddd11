package supervised

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBatchesAndSinglesAgreeToTheBit(t *testing.T) {
	for name, m := range goldenModels(t) {
		many, ok := m.(rowsModel)
		if !ok {
			continue
		}
		for _, n := range []int{0, 1, rowsTogether, rowsTogether + 1, 3*rowsTogether - 1} {
			rows, want := []float64{}, []float64{}
			d := generated(t, max(n, 1), 0, true, 80)
			for i := range n {
				x := d.Row(nil, i)
				rows, want = append(rows, x...), append(want, m.Predict(x))
			}
			got := make([]float64, n)
			require.NoError(t, many.PredictRows(got, rows))
			assert.Equal(t, want, got, "%s: %d rows", name, n)
		}
		assert.ErrorIs(t, many.PredictRows(make([]float64, 2), make([]float64, 13)), ErrWidth)
		short := mustDataset(t, Data{Rows: [][]float64{{1}}, Target: []float64{1}})
		assert.True(t, math.IsNaN(Predictions(m, short)[0]))
	}
}

// descend must come to the leaves that walk comes to, for any number of trees and slots.
func TestDescendEqualsWalk(t *testing.T) {
	wide := Data{}
	for i := range 300 {
		row := make([]float64, 70) // more slots than fit on the stack
		for j := range row {
			row[j] = float64((i*7 + j*13) % (50 + j))
		}
		wide.Rows, wide.Target = append(wide.Rows, row), append(wide.Target, row[3]-row[60]+row[20]*row[5]/30)
	}
	for _, d := range []*Dataset{mustDataset(t, wide), generated(t, 300, 0, true, 81)} {
		m, err := RandomForest{Trees: 19, Depth: 9, Features: 2}.FitRegressor(d)
		require.NoError(t, err)
		f := &m.forest
		row := make([]uint64, len(f.slots))
		for i := range d.Len() {
			f.read(row, d.Row(nil, i))
			var at [together]int32
			var sum float64
			for t0 := 0; t0 < len(f.roots); t0 += together {
				trees := []int32{}
				for k := t0; k < min(t0+together, len(f.roots)); k++ {
					trees = append(trees, int32(k))
				}
				f.descend(&at, trees, row)
				for k, tree := range trees {
					require.Equal(t, f.walk(f.roots[tree], row), at[k])
					sum += f.leaves[f.nodes[at[k]].key]
				}
			}
			require.Equal(t, sum/19, m.Predict(d.Row(nil, i)))
		}
		if x := d.Row(nil, 0); !raceEnabled {
			assert.Zero(t, testing.AllocsPerRun(100, func() { m.Predict(x) }))
		}
	}
}
