package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
)

// publishedFigures are the mean bounded slowdowns that RLScheduler's authors give for their networks, each trained on the trace
// itself (Zhang et al., SC'20; tables in the README of DIR-LAB/deep-batch-scheduler).
var publishedFigures = []struct {
	trace   string
	setting sim.Backfill
	mean    float64
}{
	{"lublin_256", sim.BackfillNone, 254.7}, {"lublin_256", sim.BackfillReference, 58.6},
	{"SDSC-SP2", sim.BackfillNone, 466.4}, {"SDSC-SP2", sim.BackfillReference, 397.8},
	{"lublin_256_new2", sim.BackfillNone, 724.5}, {"lublin_256_new2", sim.BackfillReference, 118.8},
}

// protocolCell is all sequences of a trace in one setting.
type protocolCell struct {
	trace     string
	setting   sim.Backfill
	sequences []stretch
}

func (b *bench) protocol() []protocolCell {
	var cells []protocolCell
	if b.published == nil {
		return nil
	}
	for _, name := range b.names {
		sequences := slices.DeleteFunc(slices.Clone(b.published.stretches), func(s stretch) bool { return s.trace != name })
		for _, f := range b.settings {
			if len(sequences) > 0 && slices.Contains(b.published.settings, f) {
				cells = append(cells, protocolCell{name, f, sequences})
			}
		}
	}
	return cells
}

// writePublished writes the mean of every decider in every cell, then pairs.
func (b *bench) writePublished(page *strings.Builder) error {
	page.WriteString("\n## The published protocol\n")
	cells := b.protocol()
	if len(cells) == 0 {
		page.WriteString("\nLeft out: the reference folder has no sequences of it for these settings, lengths and traces.\n")
		return nil
	}
	fewest, most := len(cells[0].sequences), len(cells[0].sequences)
	for _, c := range cells {
		fewest, most = min(fewest, len(c.sequences)), max(most, len(c.sequences))
	}
	count := strconv.Itoa(most)
	if fewest != most {
		count = fmt.Sprintf("%d to %d", fewest, most)
	}
	fmt.Fprintf(page, `
Mean bounded slowdown over the %s sequences of each cell (seeds averaged). So few sequences decide little: one of
them can carry a mean, intervals over them are wide, and the order of heuristics is another than over whole traces.

`, count)
	page.WriteString(b.publishedMeans(cells).Markdown())
	pairs, err := b.publishedPairs(cells)
	if err != nil || len(pairs.Rows) == 0 {
		return err
	}
	fmt.Fprintf(page, "\nRatios, sequence by sequence, to the heuristic of the lowest mean and to RLScheduler's network (its runs in the reference\nfile):\n\n%s", pairs.Markdown())
	return nil
}

func (b *bench) publishedMeans(cells []protocolCell) evaluate.Table {
	t := evaluate.Table{Header: []string{"who"}}
	published := []string{"RLScheduler, as published"}
	for _, c := range cells {
		t.Header = append(t.Header, fmt.Sprintf("%s, %s", c.trace, c.setting))
		text := ""
		for _, p := range publishedFigures {
			if p.trace == c.trace && p.setting == c.setting {
				text = fmt.Sprintf("%.1f", p.mean)
			}
		}
		published = append(published, text)
	}
	row := func(name string) {
		row, some := []string{name}, false
		for _, c := range cells {
			mean, n := b.mean(name, "avg_bsld", c.setting, c.sequences)
			text := ""
			if n > 0 {
				text, some = fmt.Sprintf("%.1f", mean), true
			}
			if n > 0 && n < len(c.sequences) {
				text += fmt.Sprintf(" (of %d)", n)
			}
			row = append(row, text)
		}
		if some {
			t.Rows = append(t.Rows, row)
		}
	}
	for _, d := range b.deciders {
		if d.heuristic {
			row(d.name)
		}
	}
	if slices.ContainsFunc(published[1:], func(s string) bool { return s != "" }) {
		t.Rows = append(t.Rows, published)
	}
	for _, name := range b.published.networks {
		row(name)
	}
	for _, d := range b.deciders {
		if !d.heuristic && !d.aside {
			row(d.name)
		}
	}
	return t
}

func (b *bench) publishedPairs(cells []protocolCell) (evaluate.Table, error) {
	t := evaluate.Table{Header: []string{"cell", "who", "best heuristic", "ratio to it", "ratio to RLScheduler", "sequences"}}
	var names []string
	for _, d := range b.deciders {
		if d.heuristic {
			names = append(names, d.name)
		}
	}
	for _, c := range cells {
		best := b.bestOf(names, c.setting, c.sequences)
		for _, d := range b.deciders {
			if d.heuristic || d.aside {
				continue
			}
			row := []string{fmt.Sprintf("%s, %s", c.trace, c.setting), d.name, best, "", "", strconv.Itoa(len(c.sequences))}
			for i, other := range []string{best, networkPrefix} {
				effect, err := pair(c.sequences, evaluate.Ratio, func(s stretch) ([]float64, []float64) {
					return b.values(place{c.setting, s, d.name}, "avg_bsld"), b.values(place{c.setting, s, other}, "avg_bsld")
				})
				if err != nil {
					return t, err
				}
				row[3+i] = shown(effect, 3)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t, nil
}
