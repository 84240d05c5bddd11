package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
)

// page is the Markdown.
func (b *bench) page(o tableOptions) (string, error) {
	var page strings.Builder
	b.introduce(&page, o)
	for _, f := range b.settings {
		if err := b.newBoard(f).write(&page); err != nil {
			return "", err
		}
	}
	if err := b.writePublished(&page); err != nil {
		return "", err
	}
	if o.times {
		b.writeTimes(&page, o.threads)
	}
	return page.String(), nil
}

// settingTitles are what the settings are called.
var settingTitles = map[sim.Backfill]string{
	sim.BackfillNone:      "No backfilling",
	sim.BackfillReference: "The reference's backfilling",
	sim.BackfillEASY:      "EASY",
}

func (b *bench) introduce(page *strings.Builder, o tableOptions) {
	page.WriteString(`# The batch queue: heuristics, RLScheduler and ours

Output of ` + "`lepton batch table`" + `, which trains nothing; ` + "`lepton help batch table`" + ` says how it measures. A ratio is
exp of the mean over sequences of log(mean bounded slowdown / that of the cell's opponent), the logarithms averaged
over seeds. The opponent is the best heuristic in hindsight of its cell (trace, length, backfilling): below 1 is better
than that. In parentheses: 95 % intervals from resampling starts; where there are fewer than ` + strconv.Itoa(evaluate.MinClusters(0)) + ` starts, none can be told.

`)
	starts := map[stretch]bool{}
	for _, s := range b.measure.stretches {
		starts[stretch{s.trace, s.start, 0}] = true
	}
	fmt.Fprintf(page, "%d sequences from %d starts", len(b.measure.stretches), len(starts))
	if o.seeds > 0 {
		fmt.Fprintf(page, "; seeds of whatever is random: %d", o.seeds)
	}
	if o.length > 0 {
		fmt.Fprintf(page, "; only sequences of at most %d jobs", o.length)
	}
	page.WriteString(".\n")
	if len(b.missing) > 0 {
		fmt.Fprintf(page, "Left out, since the traces were not there: %s.\n", escaped(strings.Join(b.missing, ", ")))
	}
	if n, differ := b.checked(); len(differ) == 0 {
		fmt.Fprintf(page, "The simulator gives all %d values of these runs in the reference files, to 1e-9.\n", n)
	} else {
		fmt.Fprintf(page, "**%d of %d values of these runs in the reference files differ from the simulator's.**\n", len(differ), n)
	}
	t := evaluate.Table{Header: []string{"trace", "processors", "jobs", "users", "requests that are not the run time", "starts"}}
	for _, name := range b.names {
		trace := b.traces[name]
		users := "unknown"
		if trace.users > 0 {
			users = strconv.Itoa(trace.users)
		}
		count := 0
		for s := range starts {
			if s.trace == name {
				count++
			}
		}
		t.Rows = append(t.Rows, []string{name, strconv.FormatInt(trace.MaxProcs, 10), strconv.Itoa(len(trace.Jobs)), users,
			fmt.Sprintf("%.1f%%", 100*trace.estimates), strconv.Itoa(count)})
	}
	page.WriteString("\n" + t.Markdown())
	page.WriteString(`
On a trace where most requests are not the run time they are called real estimates below; elsewhere whoever decides
knows how long a job will run.
`)
}

// escaped is text of names in Markdown.
func escaped(s string) string { return strings.ReplaceAll(s, "_", `\_`) }

// standing are all whose slowdowns are compared, in order: opponents, oracle, networks, deciders.
func (d *board) standing() []string {
	names := append(slices.Clone(opponents), oracleName)
	return append(names, d.others()...)
}

// others are the networks that have values in this setting and the deciders that are no heuristics.
func (d *board) others() []string {
	names := d.networksOn(d.measure, d.setting, d.sequences)
	for _, x := range d.deciders {
		if !x.heuristic {
			names = append(names, x.name)
		}
	}
	return names
}

// networksOn are the networks of a file that have values.
func (b *bench) networksOn(f *referenceFile, setting sim.Backfill, sequences []stretch) []string {
	return slices.DeleteFunc(slices.Clone(f.networks), func(name string) bool {
		_, n := b.mean(name, "avg_bsld", setting, sequences)
		return n == 0
	})
}

// write writes the setting.
func (d *board) write(page *strings.Builder) error {
	fmt.Fprintf(page, "\n## %s\n", settingTitles[d.setting])
	for _, part := range []func(*strings.Builder) error{d.writePooled, d.writeCells, d.writeWaits, d.writeFairness} {
		if err := part(page); err != nil {
			return err
		}
	}
	return nil
}

func (d *board) writePooled(page *strings.Builder) error {
	t := evaluate.Table{Header: []string{"who", "all traces", "real estimates", "worst trace", "worst cell", "sequences"}}
	for _, name := range d.standing() {
		all, err := d.against(name, "avg_bsld", evaluate.Ratio, func(stretch) bool { return true })
		if err != nil {
			return err
		}
		real, err := d.against(name, "avg_bsld", evaluate.Ratio, func(s stretch) bool { return d.traces[s.trace].real() })
		if err != nil {
			return err
		}
		trace, err := d.worst(name, d.whole())
		if err != nil {
			return err
		}
		cell, err := d.worst(name, d.cells)
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, []string{name, shown(all, 3), shown(real, 3), trace, cell, strconv.Itoa(all.Units)})
	}
	page.WriteString("\nMean bounded slowdown, ratio to the opponent's:\n\n" + t.Markdown())
	return nil
}

// whole are the traces, as cells of all lengths.
func (d *board) whole() []cell {
	var list []cell
	for _, c := range d.cells {
		if c.length = 0; !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// worst names the cell of the highest ratio.
func (d *board) worst(name string, cells []cell) (string, error) {
	highest, text := 0.0, ""
	for _, c := range cells {
		i, err := d.against(name, "avg_bsld", evaluate.Ratio, c.has)
		if err != nil {
			return "", err
		}
		if i.Units > 0 && i.Value > highest {
			highest, text = i.Value, fmt.Sprintf("%.3f (%v)", i.Value, c)
		}
	}
	return text, nil
}

func (d *board) writeCells(page *strings.Builder) error {
	columns := append([]string{oracleName}, d.others()...)
	t := evaluate.Table{Header: append([]string{"trace", "jobs", "sequences", "opponent", "its mean"}, columns...)}
	for _, trace := range d.whole() {
		cells := slices.DeleteFunc(slices.Clone(d.cells), func(c cell) bool { return c.trace != trace.trace })
		if len(cells) > 1 {
			cells = append(cells, trace)
		}
		for _, c := range cells {
			sequences := d.in(c.has)
			mean, _ := d.mean(d.opponent[c], "avg_bsld", d.setting, sequences)
			row := []string{c.trace, strconv.Itoa(c.length), strconv.Itoa(len(sequences)), d.opponent[c], fmt.Sprintf("%.2f", mean)}
			if c.length == 0 {
				row[1], row[3], row[4] = "all", "", ""
			}
			for _, name := range columns {
				i, err := d.against(name, "avg_bsld", evaluate.Ratio, c.has)
				if err != nil {
					return err
				}
				row = append(row, shown(i, 3))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	page.WriteString("\nBy cell, the opponent's mean bounded slowdown and ratios to it:\n\n" + t.Markdown())
	return nil
}

func (d *board) writeWaits(page *strings.Builder) error {
	t := evaluate.Table{Header: []string{"who", "mean wait, ratio", "sequences", "mean wait, seconds more", "95th percentile of slowdown, ratio"}}
	all := func(stretch) bool { return true }
	for _, name := range d.others() {
		ratio, err := d.against(name, "avg_wait", evaluate.Ratio, all)
		if err != nil {
			return err
		}
		more, err := d.against(name, "avg_wait", evaluate.Difference, all)
		if err != nil {
			return err
		}
		tail, err := d.against(name, "p95_bsld", evaluate.Ratio, all)
		if err != nil {
			return err
		}
		if more.Units > 0 || tail.Units > 0 {
			t.Rows = append(t.Rows, []string{name, shown(ratio, 3), strconv.Itoa(ratio.Units), signed(more), shown(tail, 3)})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	page.WriteString("\nWaiting and the tail against the same opponent; a ratio of waits is over sequences where both wait at all:\n\n" + t.Markdown())
	return nil
}

// signed writes a difference in whole units: "-12 (-30 to 5)".
func signed(i evaluate.Interval) string {
	switch {
	case i.Units == 0:
		return ""
	case !i.Known():
		return fmt.Sprintf("%.0f", i.Value)
	}
	return fmt.Sprintf("%.0f (%.0f to %.0f)", i.Value, i.Lower, i.Upper)
}

func (d *board) writeFairness(page *strings.Builder) error {
	known := func(s stretch) bool { return d.traces[s.trace].users > 1 }
	sequences := d.in(known)
	t := evaluate.Table{Header: []string{"who", "user_bsld", "ratio to the opponent's", "jain_bsld", "more than the opponent's"}}
	for _, name := range append([]string{opponentName}, d.others()...) {
		var cells [4]string
		for i, metric := range []string{"user_bsld", "jain_bsld"} {
			var values []float64
			for _, s := range sequences {
				if v := d.of(name, s, metric); v != nil {
					values = append(values, average(v))
				}
			}
			if len(values) == 0 {
				continue
			}
			cells[2*i] = fmt.Sprintf("%.3f", average(values))
			if name == opponentName {
				continue
			}
			scale := []evaluate.Scale{evaluate.Ratio, evaluate.Difference}[i]
			effect, err := d.against(name, metric, scale, known)
			if err != nil {
				return err
			}
			cells[2*i+1] = shown(effect, 3)
			if scale == evaluate.Difference && effect.Known() {
				cells[2*i+1] = fmt.Sprintf("%.3f (%.3f to %.3f)", effect.Value, effect.Lower, effect.Upper)
			}
		}
		if cells[0] != "" {
			t.Rows = append(t.Rows, append([]string{name}, cells[:]...))
		}
	}
	if len(t.Rows) < 2 {
		return nil
	}
	fmt.Fprintf(page, "\nFairness between users, on the %d sequences of traces with known users, means (user_bsld: the worst user's mean slowdown over\n"+
		"the mean of all; jain_bsld: Jain's index, 1 when all users fare alike):\n\n%s", len(sequences), t.Markdown())
	return nil
}
