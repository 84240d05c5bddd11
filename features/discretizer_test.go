package features

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton"
)

func TestCuts(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		values []float64
		bins   int
		want   []float64
	}{
		{"quartiles", []float64{8, 7, 6, 5, 4, 3, 2, 1, 0}, 4, []float64{2, 4, 6}},
		{"few values: a bin each", []float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 4, []float64{1}},
		{"NaN and infinities do not count", []float64{1, nan, 2, math.Inf(1)}, 2, []float64{2}},
		{"a constant has no cut", []float64{3, 3, 3}, 5, nil},
		{"one bin has no cut", []float64{1, 2, 3}, 1, nil},
		{"a heap at the bottom is parted from the rest", []float64{0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3}, 3, []float64{1}},
		{"a heap in the middle gives fewer bins", []float64{0, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8}, 4, []float64{5, 5.5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := QuantileCuts(c.values, c.bins)
			require.NoError(t, err)
			assert.Truef(t, slices.Equal(c.want, got), "%v", got)
		})
	}
	_, err := QuantileCuts([]float64{nan}, 2)
	assert.Error(t, err)
	_, err = QuantileCuts([]float64{1}, 0)
	assert.Error(t, err)

	uniform, err := UniformCuts(0, 10, 4)
	require.NoError(t, err)
	assert.Equal(t, []float64{2.5, 5, 7.5}, uniform)
	_, err = UniformCuts(1, 1, 4)
	assert.Error(t, err)
	_, err = UniformCuts(0, math.Inf(1), 4)
	assert.Error(t, err)

	cuts, err := FitCuts([]float64{1, 5, 2, 5, 3, 5, 4, 5}, 2, 2)
	require.NoError(t, err)
	assert.Equal(t, [][]float64{{2.5}, {}}, cuts)
	_, err = FitCuts([]float64{1, nan, 2, nan}, 2, 2)
	assert.ErrorContains(t, err, "column 1")
	_, err = FitCuts([]float64{1, 2, 3}, 2, 2)
	assert.EqualError(t, err, "features: 3 values are not rows of 2")
}

func observation(state []float64, rows ...[]float64) *lepton.Observation {
	var o lepton.Observation
	dim := 0
	if len(rows) > 0 {
		dim = len(rows[0])
	}
	o.Reset(dim, 0)
	o.SetState(state)
	for i, row := range rows {
		copy(o.Actions().Add(uint64(i), true), row)
	}
	return &o
}

func TestDiscretizer(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	d, err := NewDiscretizer([][]float64{{0, 10}, nil, {5}}, [][]float64{{1}})
	require.NoError(t, err)
	states, rows := d.Keys()
	assert.Equal(t, uint64(12), states, "(2 cuts → 3 bins and NaN) × 1 × (2 bins and NaN)")
	assert.Equal(t, uint64(3), rows)
	for _, c := range []struct {
		name  string
		state []float64
		row   float64
		key   uint64
		row3  uint64
	}{
		{"first bins", []float64{-1, 77, 0}, 0, 0, 0},
		{"−Inf is in the first", []float64{-inf, 77, -inf}, -inf, 0, 0},
		{"a cut belongs above", []float64{0, 77, 5}, 1, 1*3 + 1, (1*3+1)*3 + 1},
		{"+Inf is in the last", []float64{inf, 77, inf}, inf, 2*3 + 1, (2*3+1)*3 + 1},
		{"NaN has its own", []float64{nan, 77, nan}, nan, 3*3 + 2, (3*3+2)*3 + 2},
		{"what is missing counts as NaN", []float64{nan}, nan, 3*3 + 2, (3*3+2)*3 + 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := observation(c.state, []float64{c.row})
			assert.Equal(t, c.key, d.Key(o))
			assert.Equal(t, c.row3, d.ActionKey(o, 0))
		})
	}
	assert.NoError(t, d.Check("table", lepton.Spec{StateDim: 3, ActionDim: 1}))
	var spec *lepton.SpecError
	assert.ErrorAs(t, d.Check("table", lepton.Spec{StateDim: 2, ActionDim: 1}), &spec)
	o := observation([]float64{1, 2, 3}, []float64{1})
	assert.Zero(t, testing.AllocsPerRun(100, func() { d.ActionKey(o, 0) }))
}

func TestDiscretizerRefuses(t *testing.T) {
	_, err := NewDiscretizer([][]float64{{1, 1}, {2}}, [][]float64{{math.Inf(1)}})
	assert.EqualError(t, err, "features: state feature 0 has edge 1 (1) not above the one before (1)\n"+
		"features: action feature 0 has +Inf as edge 0, want a finite one")
	_, err = NewDiscretizer([][]float64{nil, {}}, nil)
	assert.EqualError(t, err, "features: no feature has a cut point")
	many := make([][]float64, 41) // 3^41 > 2^64
	for i := range many {
		many[i] = []float64{0}
	}
	_, err = NewDiscretizer(many, nil)
	assert.EqualError(t, err, "features: more combinations of bins than a key has room for")
	_, err = NewDiscretizer(many[:21], many[:20])
	assert.EqualError(t, err, "features: more combinations of bins than a key has room for")
	_, err = NewDiscretizer(many[:20], many[:20])
	assert.NoError(t, err)
}

// TestDiscretizerKeysNameBins: two observations share a key exactly when every feature shares a bin.
func TestDiscretizerKeysNameBins(t *testing.T) {
	d, err := NewDiscretizer([][]float64{{0, 1, 2}, {0}, {-1, 1}}, [][]float64{{0}, {3}})
	require.NoError(t, err)
	states, rows := d.Keys()
	value := rapid.OneOf(rapid.Float64Range(-3, 3), rapid.SampledFrom([]float64{math.NaN(), 0, 1, 2, -1, math.Inf(1)}))
	rapid.Check(t, func(rt *rapid.T) {
		a, b := make([]float64, 5), make([]float64, 5)
		same := true
		for j, cuts := range [][]float64{{0, 1, 2}, {0}, {-1, 1}, {0}, {3}} {
			a[j], b[j] = value.Draw(rt, "a"), value.Draw(rt, "b")
			below := func(v float64) int {
				n := 0
				for _, c := range cuts {
					if v >= c {
						n++
					}
				}
				if math.IsNaN(v) {
					return -1
				}
				return n
			}
			same = same && below(a[j]) == below(b[j])
		}
		ka, kb := d.ActionKey(observation(a[:3], a[3:]), 0), d.ActionKey(observation(b[:3], b[3:]), 0)
		require.Equal(rt, same, ka == kb)
		require.Less(rt, ka, states*rows)
	})
}

func TestDiscretizerFile(t *testing.T) {
	for name, action := range map[string][][]float64{"state alone": nil, "with actions": {{1, 2}, nil}} {
		t.Run(name, func(t *testing.T) {
			d, err := NewDiscretizer([][]float64{{0, 10}, nil, {5}}, action)
			require.NoError(t, err)
			var file, again bytes.Buffer
			_, err = d.WriteTo(&file)
			require.NoError(t, err)
			back, err := ReadDiscretizer(bytes.NewReader(file.Bytes()))
			require.NoError(t, err)
			_, err = back.WriteTo(&again)
			require.NoError(t, err)
			assert.Equal(t, file.Bytes(), again.Bytes())
			o := observation([]float64{3, 1, 7}, []float64{1.5, 0})
			assert.Equal(t, d.ActionKey(o, 0), back.ActionKey(o, 0))
			_, err = ReadDiscretizer(bytes.NewReader(file.Bytes()[:file.Len()-5]))
			assert.ErrorIs(t, err, ErrCorrupt)
			_, err = ReadScaler(bytes.NewReader(file.Bytes()))
			assert.ErrorIs(t, err, ErrCorrupt)
		})
	}
}
