package evaluate

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPlotErrors(t *testing.T) {
	x, nan := []float64{1, 2}, math.NaN()
	tests := []struct {
		name string
		plot Plot
		want []error
	}{
		{"no series", Curve{}, []error{ErrNoValues}},
		{"empty series", Curve{Series: []Series{{}}}, []error{ErrNoValues}},
		{"lengths", Curve{Series: []Series{{X: x, Y: []float64{1}}}}, []error{ErrLengths}},
		{"half a band", Curve{Series: []Series{{X: x, Y: x, Lower: x}}}, []error{ErrLengths}},
		{"NaN and a backward x, at once", Curve{Series: []Series{{X: x, Y: []float64{1, nan}}, {X: []float64{2, 1}, Y: x}}},
			[]error{ErrNotFinite, ErrOption}},
		{"infinite band", Curve{Series: []Series{{X: x, Y: x, Lower: x, Upper: []float64{1, math.Inf(1)}}}}, []error{ErrNotFinite}},
		{"zero on a logarithmic axis", Curve{LogY: true, Series: []Series{{X: x, Y: []float64{0, 1}}}}, []error{ErrNotPositive}},
		{"reference below zero on a logarithmic axis", Curve{LogY: true, Series: []Series{{X: x, Y: x}}, References: []Level{{"r", -1}}},
			[]error{ErrNotPositive}},
		{"no dots", Dots{}, []error{ErrNoValues}},
		{"dot NaN", Dots{Rows: []Dot{{Value: nan}}}, []error{ErrNotFinite}},
		{"limits crossed", Dots{Rows: []Dot{{Value: 1, Lower: 2, Upper: 0}}}, []error{ErrOption}},
		{"dot at zero on a logarithmic axis", Dots{Log: true, Reference: 1, Rows: []Dot{{Value: 0}}}, []error{ErrNotPositive}},
		{"no bars", Bars{}, []error{ErrNoValues}},
		{"bars without names", Bars{Names: []string{"a"}, Values: x}, []error{ErrLengths}},
		{"bar too large to draw", Bars{Names: []string{"a"}, Values: []float64{1e101}}, []error{ErrNotFinite}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			svg, err := test.plot.svg()
			for _, want := range test.want {
				assert.ErrorIs(t, err, want)
			}
			assert.Empty(t, svg)
		})
	}
}

// Shapes that make axes degenerate are drawn all the same, with every number finite.
func TestPlotsOfOddData(t *testing.T) {
	inf := math.Inf(1)
	many := Curve{}
	for i := range 30 {
		many.Series = append(many.Series, Series{Name: "s" + strconv.Itoa(i), X: []float64{0, 1}, Y: []float64{1, 1}})
	}
	plots := map[string]Plot{
		"one point":               Curve{Series: []Series{{Name: "a", X: []float64{5}, Y: []float64{7}}}},
		"constant":                Curve{Series: []Series{{Name: "a", X: []float64{1, 2}, Y: []float64{7, 7}}}},
		"constant zero":           Curve{Series: []Series{{Name: "a", X: []float64{0, 0}, Y: []float64{0, 0}}}},
		"constant, logarithmic":   Curve{LogY: true, Series: []Series{{Name: "a", X: []float64{1, 2}, Y: []float64{7, 7}}}},
		"tiny range, large value": Curve{Series: []Series{{Name: "a", X: []float64{1e15, 1e15 + 1}, Y: []float64{1e12, 1e12 + 1}}}},
		"huge range":              Curve{Series: []Series{{Name: "a", X: []float64{-1e100, 1e100}, Y: []float64{-1e100, 1e100}}}},
		"huge range, logarithmic": Curve{LogY: true, Series: []Series{{Name: "a", X: []float64{1, 2}, Y: []float64{1e-99, 1e99}}}},
		"more labels than fit":    many,
		"no names":                Curve{Series: []Series{{X: []float64{1, 2}, Y: []float64{1, 2}}}},
		"very long name":          Bars{Names: []string{strings.Repeat("long name ", 50)}, Values: []float64{1}},
		"letters we cannot draw":  Bars{Names: []string{"排队\x00\n\xff"}, Values: []float64{1}},
		"all bars zero":           Bars{Names: []string{"a", "b"}, Values: []float64{0, 0}},
		"all bars below zero":     Bars{Names: []string{"a", "b"}, Values: []float64{-1, -2}},
		"no limits known":         Dots{Rows: []Dot{{Name: "a", Value: 1, Lower: -inf, Upper: inf}}},
		"no limits known, ratio":  Dots{Log: true, Reference: 1, Rows: []Dot{{Name: "a", Value: 1, Lower: 0, Upper: inf}}},
	}
	for name, plot := range plots {
		svg, err := plot.svg()
		require.NoError(t, err, name)
		assert.NotRegexp(t, regexp.MustCompile(`NaN|[^a-z]Inf|\x00`), svg, name)
		assert.Less(t, len(svg), 50_000, name)
	}
}

// texts are the labels of a picture in the order they were drawn.
func texts(svg string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`(?s)<text [^>]*>(.*?)</text>`).FindAllStringSubmatch(svg, -1) {
		found = append(found, match[1])
	}
	return found
}

func TestDotsAreSortedBestOnTop(t *testing.T) {
	d := Dots{Rows: []Dot{
		{Name: "middle", Value: 2, Lower: 1, Upper: 3}, {Name: "low", Value: 1, Lower: 0, Upper: 2}, {Name: "high", Value: 3, Lower: 2, Upper: 4},
	}}
	for descending, want := range map[bool][]string{false: {"low", "middle", "high"}, true: {"high", "middle", "low"}} {
		d.Descending = descending
		svg, err := d.svg()
		require.NoError(t, err)
		names := slices.DeleteFunc(texts(svg), func(s string) bool { return !slices.Contains(want, s) })
		slices.Reverse(names) // drawn from the bottom up
		assert.Equal(t, want, names)
	}
	assert.Equal(t, "middle", d.Rows[0].Name, "the caller's rows stay in order")
}

func TestLabelsNameLinesAndReferences(t *testing.T) {
	svg, err := Curve{XLabel: "steps", YLabel: "wait", Series: []Series{{Name: "learned", X: []float64{0, 50_000}, Y: []float64{3, 1}}},
		References: []Level{{"SJF", 2}}}.svg()
	require.NoError(t, err)
	got := texts(svg)
	for _, want := range []string{"steps", "wait", "learned", "SJF", "10k", "50k", "1.5"} {
		assert.Contains(t, got, want)
	}
}

func TestSpread(t *testing.T) {
	tests := []struct {
		name     string
		at, want []float64
	}{
		{"apart already", []float64{10, 30, 60}, []float64{10, 30, 60}},
		{"two at one place", []float64{50, 50}, []float64{45, 55}},
		{"a chain", []float64{48, 50, 52}, []float64{40, 50, 60}},
		{"at the lower edge", []float64{1, 2}, []float64{1, 11}},
		{"at the upper edge", []float64{99, 100}, []float64{90, 100}},
		{"none", nil, []float64{}},
	}
	for _, test := range tests {
		got := spread(test.at, 10, 0, 100)
		assert.InDeltaSlice(t, test.want, got, 1, test.name)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		at := make([]float64, 1+rng.IntN(10))
		for i := range at {
			at[i] = 100 * rng.Float64()
		}
		slices.Sort(at)
		got := spread(at, 10, 0, 100)
		for i, y := range got {
			assert.True(t, y >= -1e-9 && y <= 100+1e-9, "inside: %v from %v", got, at)
			assert.True(t, i == 0 || y-got[i-1] >= 10-1e-9, "apart: %v from %v", got, at)
		}
	}
}

func TestTicks(t *testing.T) {
	assert.Equal(t, []float64{0, 2, 4, 6, 8, 10}, linearTicks(0, 10))
	assert.InDeltaSlice(t, []float64{-0.1, -0.05, 0, 0.05}, linearTicks(-0.11, 0.09), 1e-12)
	assert.Equal(t, []float64{1, 2, 5, 10, 20, 50, 100}, logTicks(0.9, 110))
	assert.Equal(t, []float64{1, 1.5, 2}, logTicks(0.8, 2.6))
	for range 3 {
		rng := rand.New(rand.NewPCG(9, 9))
		for range 500 {
			lo := (rng.Float64() - 0.5) * math.Pow(10, float64(rng.IntN(20)-10))
			hi := lo + math.Abs(lo)*(0.001+rng.Float64()*100)
			n := len(linearTicks(lo, hi))
			assert.True(t, n >= 3 && n <= 11, "%d ticks in [%v, %v]", n, lo, hi)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.30000000000000004: "0.3", 9999: "9999", 120000: "120k", 2.5e6: "2.5M", -20000: "-20k", 1e12: "1e+12"} {
		assert.Equal(t, want, tickText(v))
	}
}

func TestThinKeepsTheExtremes(t *testing.T) {
	s := Series{Name: "a"}
	for i := range 50_000 {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, math.Sin(float64(i)/3000))
	}
	s.Y[31_337], s.Y[12_345] = 9, -9
	got := thin(s)
	assert.LessOrEqual(t, len(got.X), 2*stretches+2)
	assert.True(t, slices.IsSorted(got.X))
	assert.Equal(t, 9.0, slices.Max(got.Y))
	assert.Equal(t, -9.0, slices.Min(got.Y))
	assert.Equal(t, []float64{0, 49_999}, []float64{got.X[0], got.X[len(got.X)-1]})
	short := Series{X: s.X[:800], Y: s.Y[:800]}
	assert.Equal(t, short, thin(short))
}

func TestSeedSeries(t *testing.T) {
	s, err := SeedSeries("learned", []float64{0, 10}, [][]float64{{1, 4}, {3, 4}}, 0)
	require.NoError(t, err)
	assert.Equal(t, []float64{2, 4}, s.Y)
	// Two values 1 and 3: s/√2 = 1, t(1; 0.975) = 12.7062.
	assert.InDeltaSlice(t, []float64{2 - 12.7062, 4}, s.Lower, 1e-4)
	assert.InDeltaSlice(t, []float64{2 + 12.7062, 4}, s.Upper, 1e-4)

	alone, err := SeedSeries("learned", []float64{0, 10}, [][]float64{{1, 4}}, 0)
	require.NoError(t, err)
	assert.Nil(t, alone.Lower)

	_, err = SeedSeries("x", []float64{0}, nil, 0)
	assert.ErrorIs(t, err, ErrNoValues)
	_, err = SeedSeries("x", []float64{0}, [][]float64{{1, 2}}, 0)
	assert.ErrorIs(t, err, ErrLengths)
	_, err = SeedSeries("x", []float64{0}, [][]float64{{math.NaN()}}, 0)
	assert.ErrorIs(t, err, ErrNotFinite)
}
