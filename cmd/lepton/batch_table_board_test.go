package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
)

// fakeBench is a bench with runs that nobody made: mean bounded slowdowns by decider and sequence, of each seed.
func fakeBench(t *testing.T, sequences []stretch, deciders []decider, slowdown func(decider string, s stretch, seed int) float64) *bench {
	t.Helper()
	b := &bench{settings: []sim.Backfill{sim.BackfillNone}, deciders: deciders, at: map[place]int{}, traces: map[string]tableTrace{},
		measure: &referenceFile{stretches: sequences, values: map[referenceKey]float64{}}}
	for _, s := range sequences {
		if _, there := b.traces[s.trace]; !there {
			b.names = append(b.names, s.trace)
			b.traces[s.trace] = tableTrace{Trace: &sim.Trace{Name: s.trace}}
		}
	}
	b.list(sim.BackfillNone, sequences, true)
	for _, task := range b.tasks {
		v := slowdown(task.decider, task.stretch, int(task.seed))
		b.outcomes = append(b.outcomes, outcome{metrics: sim.BatchMetrics{Jobs: 1, AvgBSLD: v, P95BSLD: 2 * v, AvgWait: v - 1}, odd: math.IsNaN(v)})
	}
	return b
}

func everything(stretch) bool { return true }

// TestWorkedRatios is worked by hand. Cell (a, 10): FCFS has the mean 3, SJF 4.5, so FCFS is the opponent; in (a, 20) SJF. On
// a from 0, 10 jobs, x has 2 and 8 by seed, geometric mean 4 where FCFS has 4: ratio 1; from 5, 1 and 1 over 2: 1/2. On a from
// 0, 20 jobs, 9 and 1, geometric mean 3, over SJF's 6: 1/2. Pooled (1/4)^(1/3).
func TestWorkedRatios(t *testing.T) {
	sequences := []stretch{{"a", 0, 10}, {"a", 5, 10}, {"a", 0, 20}}
	table := map[string][][]float64{
		"FCFS": {{4}, {2}, {7}}, "SJF": {{1}, {8}, {6}}, "x": {{2, 8}, {1, 1}, {9, 1}}, "SAF": {{0.5}, {math.NaN()}, {100}},
	}
	b := fakeBench(t, sequences, []decider{{name: "FCFS"}, {name: "SJF"}, {name: "SAF"}, {name: "x", seeds: 2}},
		func(d string, s stretch, seed int) float64 {
			return table[d][slices.Index(sequences, s)][max(seed-1, 0)]
		})
	b.measure.networks = []string{"RLScheduler[a]", "RLScheduler[b]"}
	b.measure.values[referenceKey{sequences[2], sim.BackfillNone, "RLScheduler", "avg_bsld"}] = 3
	d := b.newBoard(sim.BackfillNone)
	assert.Equal(t, map[cell]string{{"a", 10}: "FCFS", {"a", 20}: "SJF"}, d.opponent, "SAF is not defined everywhere in its first cell")
	for _, c := range []struct {
		name  string
		match func(stretch) bool
		want  float64
		units int
	}{
		{"x", everything, math.Cbrt(0.25), 3},
		{"x", cell{"a", 10}.has, math.Sqrt(0.5), 2},
		{"x", cell{"a", 20}.has, 0.5, 1},
		{"FCFS", everything, math.Cbrt(7. / 6), 3},
		{"oracle", everything, math.Cbrt(0.5 / 4), 3},
		{"SAF", cell{"a", 10}.has, 0.125, 1},
		{"opponent", everything, 1, 3},
		{"RLScheduler[a]", everything, 0.5, 1},
		{"RLScheduler[b]", everything, 0, 0},
		{"x", cell{"b", 0}.has, 0, 0},
	} {
		got, err := d.against(c.name, "avg_bsld", evaluate.Ratio, c.match)
		require.NoError(t, err)
		assert.InDelta(t, c.want, got.Value, 1e-12, c.name)
		assert.Equal(t, c.units, got.Units, c.name)
	}
	tail, err := d.against("x", "p95_bsld", evaluate.Ratio, everything)
	require.NoError(t, err)
	assert.InDelta(t, math.Cbrt(0.25), tail.Value, 1e-12)
	assert.Equal(t, 2, tail.Clusters, "sequences with the same start are one")
	// Waits of x: 1 and 7, 0 and 0, 8 and 0; of the opponents 3, 1, 5. A ratio leaves out where one is 0.
	more, err := d.against("x", "avg_wait", evaluate.Difference, everything)
	require.NoError(t, err)
	assert.InDelta(t, (1.0-1-1)/3, more.Value, 1e-12)
	wait, err := d.against("x", "avg_wait", evaluate.Ratio, everything)
	require.NoError(t, err)
	assert.Equal(t, 1, wait.Units)
	assert.InDelta(t, math.Sqrt(7)/3, wait.Value, 1e-12)

	worst, err := d.worst("x", d.cells)
	require.NoError(t, err)
	assert.Equal(t, "0.707 (a, 10 jobs)", worst)
	worst, err = d.worst("x", d.whole())
	require.NoError(t, err)
	assert.Equal(t, "0.630 (a)", worst)
	assert.Equal(t, []string{"RLScheduler[a]", "FCFS", "SJF", "SAF", "x"}, d.others())
	var page strings.Builder
	require.NoError(t, d.write(&page))
	assert.Contains(t, page.String(), "| x | 0.630 |  | 0.630 (a) | 0.707 (a, 10 jobs) | 3 |\n")
	assert.Contains(t, page.String(), "| a | 20 | 1 | SJF | 6.00 | 1.000 | 0.500 |")
	assert.NotContains(t, page.String(), "Fairness", "no users are known")
}

// slowRatio is the pooled ratio as the lab book defines it, with the percentiles of a plain bootstrap over starts.
func slowRatio(d *board, name string) (ratio, low, high float64) {
	var starts []stretch
	logs := map[stretch][]float64{}
	for _, s := range d.sequences {
		key := stretch{s.trace, s.start, 0}
		if logs[key] == nil {
			starts = append(starts, key)
		}
		sum, own := 0.0, d.of(name, s, "avg_bsld")
		for _, v := range own {
			sum += math.Log(v / d.of(opponentName, s, "avg_bsld")[0])
		}
		logs[key] = append(logs[key], sum/float64(len(own)))
	}
	mean := func(draw func(i int) int) float64 {
		sum, n := 0.0, 0
		for i := range starts {
			for _, x := range logs[starts[draw(i)]] {
				sum += x
				n++
			}
		}
		return math.Exp(sum / float64(n))
	}
	r := rand.New(rand.NewPCG(1, 1))
	draws := make([]float64, 4000)
	for k := range draws {
		draws[k] = mean(func(int) int { return r.IntN(len(starts)) })
	}
	slices.Sort(draws)
	return mean(func(i int) int { return i }), draws[len(draws)/40], draws[len(draws)-1-len(draws)/40]
}

// The pooled ratio is that of the slow twin, and so are its limits, which are a little wider for few starts.
func TestPooledRatioTwin(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 4))
		var sequences []stretch
		for _, trace := range []string{"a", "b", "c"} {
			for start := range 12 {
				sequences = append(sequences, stretch{trace, start, 256})
				if start%3 > 0 {
					sequences = append(sequences, stretch{trace, start, 1024})
				}
			}
		}
		b := fakeBench(t, sequences, []decider{{name: "FCFS"}, {name: "F1"}, {name: "SJF"}, {name: "x", seeds: 3}},
			func(d string, s stretch, _ int) float64 {
				return math.Exp(r.NormFloat64() + float64(s.start)/6)
			})
		d := b.newBoard(sim.BackfillNone)
		for _, name := range []string{"F1", "x", "oracle"} {
			got, err := d.against(name, "avg_bsld", evaluate.Ratio, everything)
			require.NoError(t, err)
			value, low, high := slowRatio(d, name)
			assert.InEpsilon(t, value, got.Value, 1e-9)
			assert.InEpsilon(t, low, got.Lower, 0.05)
			assert.InEpsilon(t, high, got.Upper, 0.05)
			assert.Equal(t, 36, got.Clusters)
			assert.Equal(t, fmt.Sprintf("%.3f (%.3f–%.3f)", got.Value, got.Lower, got.Upper), shown(got, 3))
		}
	}
}

// The published protocol, worked by hand: FCFS has the mean 3, SJF 2 over two sequences, SAF is not defined on one. x has the
// means of seeds 2 and 1, so 1.5, and is √(3·1)/3 and √1/1 times SJF: (1/√3)^(1/2).
func TestPublishedWorked(t *testing.T) {
	sequences := []stretch{{"SDSC-SP2", 0, 10}, {"SDSC-SP2", 5, 10}}
	table := map[string][][]float64{"FCFS": {{4}, {2}}, "SJF": {{3}, {1}}, "SAF": {{1}, {math.NaN()}}, "x": {{3, 1}, {1, 1}}}
	b := fakeBench(t, sequences, []decider{{name: "FCFS", heuristic: true}, {name: "SJF", heuristic: true}, {name: "SAF", heuristic: true}, {name: "x", seeds: 2}, {name: "y", aside: true}},
		func(d string, s stretch, seed int) float64 {
			if d == "y" {
				return 1
			}
			return table[d][slices.Index(sequences, s)][max(seed-1, 0)]
		})
	b.published, b.measure = b.measure, &referenceFile{}
	b.published.settings, b.published.networks = b.settings, []string{"RLScheduler"}
	for i, s := range sequences {
		b.published.values[referenceKey{s, sim.BackfillNone, "RLScheduler", "avg_bsld"}] = float64(3 * (i + 1))
	}
	var page strings.Builder
	require.NoError(t, b.writePublished(&page))
	assert.Contains(t, page.String(), "over the 2 sequences of each cell")
	assert.Contains(t, page.String(), `| who | SDSC-SP2, none |
| --- | ---: |
| FCFS | 3.0 |
| SJF | 2.0 |
| SAF | 1.0 (of 1) |
| RLScheduler, as published | 466.4 |
| RLScheduler | 4.5 |
| x | 1.5 |
`)
	// √3/3 and 1/6 of the network: their geometric mean is 0.310.
	assert.Contains(t, page.String(), "| SDSC-SP2, none | x | SJF | 0.760 | 0.310 | 2 |\n")
	assert.NotContains(t, page.String(), "| y ")
	b.settings = []sim.Backfill{sim.BackfillEASY}
	page.Reset()
	require.NoError(t, b.writePublished(&page))
	assert.Contains(t, page.String(), "Left out")
}

func TestTimesWorked(t *testing.T) {
	sequences := []stretch{{"a", 0, 10}, {"a", 5, 10}}
	b := fakeBench(t, sequences, []decider{{name: "x", seeds: 1}, {name: "FCFS"}}, func(string, stretch, int) float64 { return 1 })
	for i := range 100 {
		o := &b.outcomes[i%2*2]
		o.laps = append(o.laps, lap{128, time.Duration(100-i) * time.Microsecond})
	}
	b.outcomes[0].laps = append(b.outcomes[0].laps, lap{1, 7 * time.Nanosecond}, lap{2, time.Millisecond}, lap{31, time.Second}, lap{161, 0})
	var page strings.Builder
	b.writeTimes(&page, 3)
	assert.Contains(t, page.String(), "runs, 3 at a time")
	assert.Contains(t, page.String(), `| none | x | 1 | 1 | 0.0 µs | 0.0 µs |
| none | x | 2 to 31 | 2 | 1000.0 µs | 1000000.0 µs |
| none | x | 96 to 160 | 100 | 50.0 µs | 99.0 µs |
| none | x | 161 and more | 1 | 0.0 µs | 0.0 µs |
`)
	assert.NotContains(t, page.String(), "FCFS")
}
