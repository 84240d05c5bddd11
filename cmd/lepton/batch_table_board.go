package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
)

// Names of what is no decider: the best heuristic of each sequence, and that of each cell.
const (
	oracleName   = "oracle"
	opponentName = "opponent"
)

// board is one setting of a bench, with the opponent of every sequence.
type board struct {
	*bench
	setting   sim.Backfill
	sequences []stretch
	opponent  map[cell]string
	cells     []cell // in the order of the file
}

// cell is all sequences of one trace and length; length 0: of all lengths.
type cell struct {
	trace  string
	length int
}

func (c cell) has(s stretch) bool {
	return c.trace == s.trace && (c.length == 0 || c.length == s.length)
}

func (c cell) String() string {
	if c.length == 0 {
		return c.trace
	}
	return fmt.Sprintf("%s, %d jobs", c.trace, c.length)
}

func (b *bench) newBoard(f sim.Backfill) *board {
	d := &board{bench: b, setting: f, sequences: b.measure.stretches, opponent: map[cell]string{}}
	for _, s := range d.sequences {
		if c := (cell{s.trace, s.length}); !slices.Contains(d.cells, c) {
			d.cells = append(d.cells, c)
			d.opponent[c] = b.bestOf(opponents, f, d.in(c.has))
		}
	}
	return d
}

// in lists the sequences that match.
func (d *board) in(match func(stretch) bool) []stretch {
	return slices.DeleteFunc(slices.Clone(d.sequences), func(s stretch) bool { return !match(s) })
}

// bestOf is the name of the lowest mean of mean bounded slowdowns, among those that are defined on all sequences; the first
// of equal ones.
func (b *bench) bestOf(names []string, f sim.Backfill, sequences []stretch) string {
	best, lowest := "", math.Inf(1)
	for _, name := range names {
		mean, n := b.mean(name, "avg_bsld", f, sequences)
		if n == len(sequences) && mean < lowest {
			best, lowest = name, mean
		}
	}
	return best
}

// mean is the mean of a metric over seeds and those n sequences for which there is one.
func (b *bench) mean(name, metric string, f sim.Backfill, sequences []stretch) (mean float64, n int) {
	sum := 0.0
	for _, s := range sequences {
		if v := b.values(place{f, s, name}, metric); v != nil {
			sum += average(v)
			n++
		}
	}
	return sum / float64(n), n
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// geometric is exp of the mean logarithm; 0 or NaN where a value is not above 0.
func geometric(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}

// of is a metric on a sequence by seed, of a decider, a network, the opponent or the oracle.
func (d *board) of(name string, s stretch, metric string) []float64 {
	switch name {
	case opponentName:
		name = d.opponent[cell{s.trace, s.length}]
	case oracleName:
		var lowest []float64
		for _, h := range opponents {
			if v := d.values(place{d.setting, s, h}, metric); v != nil && (lowest == nil || v[0] < lowest[0]) {
				lowest = v
			}
		}
		return lowest
	}
	return d.values(place{d.setting, s, name}, metric)
}

// against compares a metric with the opponent's over the sequences that match, as pair does.
func (d *board) against(name, metric string, scale evaluate.Scale, match func(stretch) bool) (evaluate.Interval, error) {
	sequences := d.in(match)
	return pair(sequences, scale, func(s stretch) ([]float64, []float64) {
		return d.of(name, s, metric), d.of(opponentName, s, metric)
	})
}

// pair compares two deciders over those sequences on which both have values: as exp of the mean log ratio, or as mean
// difference. Seeds are averaged on the same scale before. Sequences with the same start are resampled together. Where
// a ratio is asked for, sequences with a 0 are left out. Units is 0 if none is left.
func pair(sequences []stretch, scale evaluate.Scale, of func(stretch) (a, b []float64)) (evaluate.Interval, error) {
	middle := average
	if scale == evaluate.Ratio {
		middle = geometric
	}
	var method, reference []float64
	var clusters []int
	seen := map[stretch]int{} // of length 0
	for _, s := range sequences {
		a, b := of(s)
		if a == nil || b == nil {
			continue
		}
		x, y := middle(a), middle(b)
		if scale == evaluate.Ratio && !(x > 0 && y > 0) {
			continue
		}
		start := stretch{s.trace, s.start, 0}
		if _, known := seen[start]; !known {
			seen[start] = len(seen)
		}
		method, reference, clusters = append(method, x), append(reference, y), append(clusters, seen[start])
	}
	if len(method) == 0 {
		return evaluate.Interval{}, nil
	}
	i, err := evaluate.PairedBootstrap(method, reference, evaluate.BootstrapOptions{Scale: scale, Clusters: clusters, Seed: 1})
	if err != nil {
		return i, fmt.Errorf("comparing deciders: %w", err)
	}
	return i, nil
}

// shown writes an interval: "0.848 (0.780–0.922)", the value alone where no limits are known, nothing where there is no value.
func shown(i evaluate.Interval, digits int) string {
	switch {
	case i.Units == 0:
		return ""
	case !i.Known():
		return fmt.Sprintf("%.*f", digits, i.Value)
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, i.Value, digits, i.Lower, digits, i.Upper)
}
