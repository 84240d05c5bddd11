package features

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/internal/codec"
)

func TestScalerSteps(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	// Quantiles as numpy.quantile gives them: of 1, 2, 3, 4 those at 0.25, 0.5, 0.75 are 1.75, 2.5, 3.25;
	// mean 2.5, population variance 1.25.
	column := []float64{4, 2, nan, 1, 3, inf}
	for _, c := range []struct {
		name     string
		steps    []Step
		column   []float64
		in, want float64
	}{
		{"mean fills NaN", []Step{FillMean()}, []float64{1, 1, 4, nan}, nan, 2},
		{"median fills NaN", []Step{FillMedian()}, []float64{1, 1, 4, nan}, nan, 1},
		{"a constant fills NaN", []Step{FillWith(-1)}, []float64{nan}, nan, -1},
		{"filling leaves the rest alone", []Step{FillMean()}, column, inf, inf},
		{"standard", []Step{Standard()}, column, 4, 1.5 / math.Sqrt(1.25)},
		{"standard passes NaN on", []Step{Standard()}, column, nan, nan},
		{"standard passes infinity on", []Step{Standard()}, column, -inf, -inf},
		{"standard of a constant", []Step{Standard()}, []float64{7, 7}, 7, 0},
		{"min-max", []Step{MinMax()}, column, 3, 2.0 / 3},
		{"min-max outside", []Step{MinMax()}, column, 7, 2},
		{"min-max of one value", []Step{MinMax()}, []float64{7}, 9, 2},
		{"robust", []Step{Robust()}, column, 4, 1},
		{"robust of a heap", []Step{Robust()}, []float64{0, 5, 5, 5, 5, 9}, 9, 4},
		{"clip above", []Step{ClipQuantiles(0.25, 0.75)}, column, inf, 3.25},
		{"clip below", []Step{ClipQuantiles(0.25, 0.75)}, column, -9, 1.75},
		{"clip inside", []Step{ClipQuantiles(0.25, 0.75)}, column, 2, 2},
		{"clip passes NaN on", []Step{ClipQuantiles(0, 1)}, column, nan, nan},
		// 0…10 and 1000: clipped to its median 5.5, the largest; each step is fitted to what the last one made.
		{"steps build on each other", []Step{FillWith(0), ClipQuantiles(0, 0.5), MinMax()},
			[]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1000}, 1000, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := FitScaler(c.column, 1, c.steps...)
			require.NoError(t, err)
			got := []float64{c.in}
			require.NoError(t, s.Apply(got, got))
			if math.IsNaN(c.want) || math.IsInf(c.want, 0) {
				assert.Equal(t, math.Float64bits(c.want), math.Float64bits(got[0]))
				return
			}
			assert.InDelta(t, c.want, got[0], 1e-15)
		})
	}
}

func TestScalerRows(t *testing.T) {
	rows := []float64{0, 10, 2, 30, 4, 20}
	before := slices.Clone(rows)
	s, err := FitScaler(rows, 2, MinMax())
	require.NoError(t, err)
	assert.Equal(t, before, rows, "the caller's rows are not changed")
	assert.Equal(t, 2, s.Dim())
	dst := make([]float64, 6)
	require.NoError(t, s.Apply(dst, rows))
	assert.Equal(t, []float64{0, 0, 0.5, 1, 1, 0.5}, dst)
	for i := 0; i < 6; i += 2 { // one by one: the same bits
		row := []float64{0, 0}
		require.NoError(t, s.Apply(row, rows[i:i+2]))
		assert.Equal(t, dst[i:i+2], row)
	}
	require.NoError(t, s.Apply(nil, nil))
	assert.ErrorIs(t, s.Apply(dst[:2], rows), ErrDim)
	assert.ErrorIs(t, s.Apply(dst[:3], rows[:3]), ErrDim)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = s.Apply(dst, rows) }))
}

func TestFitScalerRefuses(t *testing.T) {
	_, err := FitScaler([]float64{1, 2, 3}, 2)
	assert.EqualError(t, err, "features: 3 values are not rows of 2\nfeatures: FitScaler has no steps")
	nan := math.NaN()
	_, err = FitScaler([]float64{1, nan}, 2, Standard(), Step{}, FillWith(nan), ClipQuantiles(0.5, 0.5))
	assert.EqualError(t, err, "features: Standard: column 1 has no finite value\n"+
		"features: an empty Step{}; make one with Standard, FillMedian and so on\n"+
		"features: FillWith: the value is NaN\n"+
		"features: ClipQuantiles: the quantiles are 0.5 and 0.5, want 0 ≤ lo < hi ≤ 1")
	_, err = FitScaler([]float64{math.MaxFloat64, -math.MaxFloat64}, 1, MinMax())
	assert.EqualError(t, err, "features: MinMax: the values of column 0 are too large")
}

func TestScalerFile(t *testing.T) {
	s, err := FitScaler([]float64{1, 2, math.NaN(), 5, 7, 1}, 2, FillMedian(), ClipQuantiles(0.1, 0.9), Standard())
	require.NoError(t, err)
	var file, again bytes.Buffer
	n, err := s.WriteTo(&file)
	require.NoError(t, err)
	require.EqualValues(t, file.Len(), n)
	back, err := ReadScaler(bytes.NewReader(file.Bytes()))
	require.NoError(t, err)
	_, err = back.WriteTo(&again)
	require.NoError(t, err)
	assert.Equal(t, file.Bytes(), again.Bytes())
	in := []float64{math.NaN(), 3, 100, -100}
	a, b := make([]float64, 4), make([]float64, 4)
	require.NoError(t, s.Apply(a, in))
	require.NoError(t, back.Apply(b, in))
	assert.Equal(t, a, b)
	for i := range file.Len() {
		_, err := ReadScaler(bytes.NewReader(file.Bytes()[:i]))
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

// FuzzRead puts any payload into a container that is whole, so that the checksum does not keep it out.
func FuzzRead(f *testing.F) {
	s, err := FitScaler([]float64{1, 2, 3, 4}, 2, FillMedian(), Standard())
	require.NoError(f, err)
	d, err := NewDiscretizer([][]float64{{1, 2}, nil}, [][]float64{{3}})
	require.NoError(f, err)
	var file bytes.Buffer
	_, err = s.WriteTo(&file)
	require.NoError(f, err)
	_, err = d.WriteTo(&file)
	require.NoError(f, err)
	for range 2 {
		_, payload, _, err := codec.ReadContainer(&file)
		require.NoError(f, err)
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var in, out bytes.Buffer
		_, err := codec.WriteContainer(&in, scalerKind, payload)
		require.NoError(t, err)
		if s, err := ReadScaler(bytes.NewReader(in.Bytes())); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
		} else {
			_, err := s.WriteTo(&out)
			require.NoError(t, err)
			require.Equal(t, in.Bytes(), out.Bytes())
			require.NoError(t, s.Apply(make([]float64, s.Dim()), make([]float64, s.Dim())))
		}
		in.Reset()
		out.Reset()
		_, err = codec.WriteContainer(&in, discretizerKind, payload)
		require.NoError(t, err)
		if d, err := ReadDiscretizer(bytes.NewReader(in.Bytes())); err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
		} else {
			_, err := d.WriteTo(&out)
			require.NoError(t, err)
			require.Equal(t, in.Bytes(), out.Bytes())
		}
	})
}
