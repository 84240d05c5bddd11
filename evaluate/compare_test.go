package evaluate

import (
	"encoding/csv"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files in testdata")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// fixture compares methods whose standing is known by construction: FCFS is 4 times as high on average, "learned" 12 % lower,
// "twin" is the reference again, "noisy" halves on one unit and more than doubles on the next.
func fixture(t *testing.T) *Comparison {
	t.Helper()
	wobble := []float64{0.96, 1.03, 1.01, 0.99, 1.05, 0.97, 1.02, 0.98}
	scaled := func(factor func(u int) float64) [][]float64 {
		slowdown, utilization := make([]float64, 8), make([]float64, 8)
		for u := range slowdown {
			slowdown[u] = float64(10+5*u) * factor(u)
			utilization[u] = 0.8 + 0.01*float64(u) - 0.02*math.Log(factor(u))
		}
		return [][]float64{slowdown, utilization}
	}
	c, err := Compare([]Method{
		{"FCFS", scaled(func(u int) float64 { return 4 * wobble[u] })},
		{"SJF", scaled(func(int) float64 { return 1 })},
		{"learned", scaled(func(u int) float64 { return 0.88 * wobble[u] })},
		{"worse|_<b>", scaled(func(u int) float64 { return 1.12 * wobble[u] })},
		{"twin", scaled(func(int) float64 { return 1 })},
		{"noisy", scaled(func(u int) float64 { return []float64{0.5, 2.2}[u%2] })},
	}, CompareOptions{
		Reference: "SJF",
		Metrics: []Metric{
			{Name: "mean bounded slowdown", Scale: Ratio},
			{Name: "utilization", HigherIsBetter: true},
		},
		Unit: "sequence", Resamples: 2000, Seed: 1,
	})
	require.NoError(t, err)
	return c
}

func TestVerdicts(t *testing.T) {
	c := fixture(t)
	want := map[string]Verdict{
		"FCFS": Worse, "SJF": Reference, "learned": Better, "worse|_<b>": Worse, "twin": Undecided, "noisy": Undecided,
	}
	for _, metric := range []string{"mean bounded slowdown", "utilization"} {
		for method, verdict := range want {
			cell, err := c.Cell(method, metric)
			require.NoError(t, err)
			assert.Equal(t, verdict, cell.Verdict, "%s of %s", metric, method)
			assert.Len(t, cell.Values, 8)
		}
	}
	assert.Equal(t, []string{"FCFS", "SJF", "learned", "worse|_<b>", "twin", "noisy"}, c.Methods())
}

func TestComparisonRenders(t *testing.T) {
	c := fixture(t)
	golden(t, "comparison.txt", c.Text())
	golden(t, "comparison.md", c.Markdown())
	var all []string
	for _, metric := range []string{"mean bounded slowdown", "utilization"} {
		sentences, err := c.Sentences(metric)
		require.NoError(t, err)
		all = append(all, sentences...)
	}
	golden(t, "sentences.txt", strings.Join(all, "\n")+"\n")
}

// The CSV carries every bit of what the comparison knows.
func TestCSVIsExact(t *testing.T) {
	c := fixture(t)
	rows, err := csv.NewReader(strings.NewReader(c.CSV())).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+6*2)
	assert.Equal(t, "method metric better mean reference scale effect lower upper level units clusters verdict", strings.Join(rows[0], " "))
	assert.Equal(t, "SJF,mean bounded slowdown,lower,27.5,SJF,ratio,,,,0.95,8,8,reference", strings.Join(rows[3], ","))
	for _, row := range rows[1:] {
		cell, err := c.Cell(row[0], row[1])
		require.NoError(t, err)
		mean, err := strconv.ParseFloat(row[3], 64)
		require.NoError(t, err)
		assert.Equal(t, cell.Mean, mean)
		assert.Equal(t, string(cell.Verdict), row[12])
		if cell.Verdict == Reference {
			assert.Equal(t, []string{"", "", ""}, row[6:9])
			continue
		}
		for i, want := range []float64{cell.Effect.Value, cell.Effect.Lower, cell.Effect.Upper} {
			got, err := strconv.ParseFloat(row[6+i], 64)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
}

func TestSentenceWords(t *testing.T) {
	known := func(value, lower, upper float64) Interval {
		return Interval{Value: value, Lower: lower, Upper: upper, Level: 0.95, Units: 20, Clusters: 20}
	}
	unknown := func(value float64, n int) Interval {
		return Interval{Value: value, Lower: math.Inf(-1), Upper: math.Inf(1), Level: 0.95, Units: n, Clusters: n}
	}
	tests := []struct {
		name       string
		metric     Metric
		effect     Interval
		mean       float64 // of the method; the reference has 30
		wantSuffix string
	}{
		{"the loser", Metric{Scale: Ratio}, known(1.12, 1.03, 1.22), 33,
			"learned is worse than SJF: wait 12% higher (95% interval 3% to 22%)"},
		{"the winner", Metric{Scale: Ratio}, known(0.78, 0.72, 0.83), 25,
			"learned is better than SJF: wait 22% lower (95% interval 17% to 28%)"},
		{"many times", Metric{Scale: Ratio}, known(5.2, 3.1, 8), 90,
			"learned is worse than SJF: wait 5 times as high (95% interval 3 times to 8 times)"},
		{"undecided", Metric{Scale: Ratio}, known(0.98, 0.9, 1.07), 29,
			"learned cannot be told from SJF: wait 2% lower (95% interval 10% lower to 7% higher)"},
		{"undecided in times", Metric{Scale: Ratio}, known(1.8, 0.7, 4.2), 29,
			"learned cannot be told from SJF: wait 2 times as high (95% interval 0.7 times to 4 times)"},
		{"a limit near equality keeps its side", Metric{Scale: Ratio}, known(0.9, 0.8, 0.9996), 27,
			"learned is better than SJF: wait 10% lower (95% interval 0.04% to 20%)"},
		{"a difference", Metric{}, known(4.31, 1.2, 7.8), 34,
			"learned is worse than SJF: wait 4.3 higher (95% interval 1.2 to 7.8)"},
		{"higher is better", Metric{HigherIsBetter: true}, known(4.31, 1.2, 7.8), 34,
			"learned is better than SJF: wait 4.3 higher (95% interval 1.2 to 7.8)"},
		{"means that contradict", Metric{Scale: Ratio}, known(0.78, 0.72, 0.83), 31.5,
			"learned is better than SJF: wait 22% lower (95% interval 17% to 28%), although its plain mean is 31.5 against 30"},
		{"the same", Metric{Scale: Ratio}, known(1, 1, 1), 30,
			"learned and SJF are the same: wait is equal on 20 days"},
		{"one unit", Metric{}, unknown(-2.5, 1), 27.5,
			"learned cannot be told from SJF: wait 2.5 lower, but 1 day is too few for a 95% interval (6 needed)"},
		{"five units", Metric{}, unknown(0, 5), 30,
			"learned cannot be told from SJF: wait equal, but 5 days are too few for a 95% interval (6 needed)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.metric.Name = "wait"
			c := &Comparison{
				options: CompareOptions{Reference: "SJF", Metrics: []Metric{test.metric}, Unit: "day"},
				names:   []string{"SJF", "learned"},
				cells: [][]Cell{
					{{Mean: 30, Verdict: Reference}},
					{{Mean: test.mean, Effect: test.effect, Verdict: verdict(test.effect, test.metric)}},
				},
			}
			sentences, err := c.Sentences("wait")
			require.NoError(t, err)
			assert.Equal(t, []string{test.wantSuffix}, sentences)
		})
	}
}

func TestCompareFewUnits(t *testing.T) {
	c, err := Compare([]Method{{"a", [][]float64{{1, 2}}}, {"b", [][]float64{{2, 3}}}},
		CompareOptions{Reference: "a", Metrics: []Metric{{Name: "wait"}}, Clusters: []int{5, 5}})
	require.NoError(t, err)
	cell, err := c.Cell("b", "wait")
	require.NoError(t, err)
	assert.Equal(t, Undecided, cell.Verdict)
	assert.Contains(t, c.Text(), "No intervals: 2 units in 1 cluster, and 95% need at least 6.")
	assert.Contains(t, c.CSV(), "b,wait,lower,2.5,a,difference,1,,,0.95,2,1,undecided")
}

func TestCompareErrors(t *testing.T) {
	metrics := []Metric{{Name: "wait"}}
	good := Method{"SJF", [][]float64{{1, 2}}}
	tests := []struct {
		name    string
		methods []Method
		o       CompareOptions
		want    []error
	}{
		{"nothing at all", nil, CompareOptions{}, []error{ErrNoValues, ErrUnknownName}},
		{"unknown reference", []Method{good}, CompareOptions{Reference: "EASY", Metrics: metrics}, []error{ErrUnknownName}},
		{"method twice, metric unnamed, metric missing, at once", []Method{good, good},
			CompareOptions{Reference: "SJF", Metrics: []Metric{{}, {Name: "wait"}}}, []error{ErrName, ErrLengths}},
		{"units differ and another is NaN, at once",
			[]Method{good, {"F1", [][]float64{{1}}}, {"F2", [][]float64{{1, math.NaN()}}}},
			CompareOptions{Reference: "SJF", Metrics: metrics}, []error{ErrLengths, ErrNotFinite}},
		{"zero in a ratio", []Method{good, {"F1", [][]float64{{1, 0}}}},
			CompareOptions{Reference: "SJF", Metrics: []Metric{{Name: "wait", Scale: Ratio}}}, []error{ErrNotPositive}},
		{"no units", []Method{{"SJF", [][]float64{{}}}}, CompareOptions{Reference: "SJF", Metrics: metrics}, []error{ErrNoValues}},
		{"mean overflows", []Method{{"SJF", [][]float64{{math.MaxFloat64, math.MaxFloat64}}}},
			CompareOptions{Reference: "SJF", Metrics: metrics}, []error{ErrNotFinite}},
		{"bad level", []Method{good}, CompareOptions{Reference: "SJF", Metrics: metrics, Level: 2}, []error{ErrOption}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Compare(test.methods, test.o)
			assert.Nil(t, c)
			for _, want := range test.want {
				assert.ErrorIs(t, err, want)
			}
		})
	}
	c := fixture(t)
	_, err := c.Cell("nobody", "nothing")
	assert.ErrorIs(t, err, ErrUnknownName)
	_, err = c.Sentences("nothing")
	assert.ErrorIs(t, err, ErrUnknownName)
	_, err = c.Dots("nothing")
	assert.ErrorIs(t, err, ErrUnknownName)
}

// A comparison keeps copies: what the caller does to values afterwards, or to a returned cell, changes nothing.
func TestComparisonIsImmutable(t *testing.T) {
	values, clusters := []float64{1, 2}, []int{1, 2}
	c, err := Compare([]Method{{"a", [][]float64{values}}},
		CompareOptions{Reference: "a", Metrics: []Metric{{Name: "wait"}}, Clusters: clusters})
	require.NoError(t, err)
	before := c.CSV()
	values[0], clusters[0] = 9, 2
	cell, _ := c.Cell("a", "wait")
	cell.Values[1] = 9
	c.Methods()[0] = "z"
	assert.Equal(t, before, c.CSV())
}

// Adding a method leaves the intervals of the others alone.
func TestMethodsDoNotDisturbEachOther(t *testing.T) {
	metrics := []Metric{{Name: "wait"}}
	a, b := Method{"a", [][]float64{{1, 2, 3, 4, 5, 6, 7}}}, Method{"b", [][]float64{{2, 1, 3, 6, 4, 8, 6}}}
	small, err := Compare([]Method{a, b}, CompareOptions{Reference: "a", Metrics: metrics})
	require.NoError(t, err)
	large, err := Compare([]Method{{"c", [][]float64{{7, 6, 5, 4, 3, 2, 1}}}, b, a}, CompareOptions{Reference: "a", Metrics: metrics})
	require.NoError(t, err)
	want, _ := small.Cell("b", "wait")
	got, _ := large.Cell("b", "wait")
	assert.Equal(t, want, got)
}
