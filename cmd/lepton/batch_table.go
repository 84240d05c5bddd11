package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

func batchTable() command {
	return command{
		name: "batch table",
		synopsis: "-data DIR -reference DIR [-settings none,reference,easy] [-seeds N] [-length N] [-history N] [-threads N] " +
			"[-skip-missing] [-times] [-out FILE] [-csv OUT]",
		summary: "how planned and learned policies stand against the best heuristic, as Markdown",
		example: "lepton batch table -data traces -reference reference -out batch.md",
		manual:  tableManual,
		declare: func(flags *flag.FlagSet) action {
			var o tableOptions
			flags.StringVar(&o.data, "data", "", "the folder `DIR` of the traces, NAME.swf.gz or NAME.swf, there or in its folder swf; needed")
			flags.StringVar(&o.reference, "reference", "", "the folder `DIR` of batch_heuristics.csv and, if there is one, batch_published_protocol.csv; needed")
			flags.StringVar(&o.settings, "settings", "none,reference,easy", "the ways of backfilling, `WAY[,WAY...]`")
			flags.IntVar(&o.seeds, "seeds", 5, "`N` runs of whatever is random, with seeds 1 to N; 0 runs heuristics alone")
			flags.IntVar(&o.length, "length", 0, "leave out sequences of more than `N` jobs; 0 leaves out none")
			flags.IntVar(&o.history, "history", 1000, "`N` jobs from before the sequence that policies ending in +past remember; 0 runs none of them")
			flags.IntVar(&o.threads, "threads", 0, "`N` runs at a time, 0 as many as processors; the numbers are the same, whatever N is")
			flags.BoolVar(&o.skipMissing, "skip-missing", false, "leave out traces that are not in -data, and say so, in place of a fault")
			flags.BoolVar(&o.times, "times", false, "measure also how long decisions take; best with -threads 1")
			flags.StringVar(&o.out, "out", toStdout, "the Markdown `FILE` to write; - is standard output")
			flags.StringVar(&o.csv, "csv", "", "also write the metrics of every run to the file `OUT`")
			return func(ctx context.Context, std streams, _ []string) error { return o.table(ctx, std) }
		},
	}
}

const tableManual = `
Runs every sequence of batch_heuristics.csv, in each of the ways of backfilling,
under every heuristic and every policy that decides by itself, and sets their
slowdowns against each other. Nothing is trained. Of the file's values those of
heuristics check the simulator, and those of RLScheduler's networks (Zhang et
al., SC'20) are what to beat: they cannot be run here.

The measure: all sequences of one trace and length are a cell. In each cell and
way of backfilling the opponent is the best in hindsight, by mean of mean
bounded slowdown, of FCFS, SJF, Smallest, SAF, F1 to F4, WFP3_fixed and
UNICEP_fixed. A sequence counts with the logarithm of a policy's mean bounded
slowdown over the opponent's, averaged over seeds; a ratio is exp of the mean
over sequences, so 1 is as good as the opponent and less is better. Intervals
are of 95 %, from resampling the starts: sequences of one trace that begin with
the same job go together. Of fewer than 6 starts no interval can be told.

Who stands beside the heuristics:

  oracle         the best of these heuristics on each sequence
  RLScheduler    the network trained for that trace, from the file;
                 RLScheduler[NAME] is the network trained on trace NAME
  planned        looks ahead, as in batch replay
  learned        the network that is shipped, as in batch replay: it has met
                 generated workloads alone
  bound          looks ahead and knows all run times and the next 100 arrivals:
                 no policy, but a bound
  NAME+past      the same, which also remembers jobs of the trace from before
                 the sequence: those that had ended when it began, if each
                 began when it was submitted (a trace does not tell its waits)

Sequences of batch_published_protocol.csv are reported separately, as mean
bounded slowdowns, beside what RLScheduler's authors published.

A heuristic whose scores are no numbers for some job of a sequence (one that
requests a negative time, say) is not counted on it.

With -csv, a line for every run that was made and every metric of lepton help
batch replay, with the columns setting, trace, start, length, decider, seed
(0 where nothing is random), metric and value.

Exit status: 0 when done; 2 for a fault, told in one line on standard error: a
file or trace that cannot be read or is missing, a sequence that does not lie
within its trace, an unknown scheduler; 130 when interrupted. Ctrl-C takes
effect after the runs at hand, and at once when pressed twice. Each file appears
whole or not at all.
`

// tableOptions are the flags as given.
type tableOptions struct {
	data, reference, settings, out, csv string
	seeds, length, history, threads     int
	times, skipMissing                  bool
}

// plan reports all faults of the flags together.
func (o tableOptions) plan() ([]sim.Backfill, error) {
	var errs []error
	if o.data == "" {
		errs = append(errs, errors.New("-data is missing, see lepton help batch table"))
	}
	if o.reference == "" {
		errs = append(errs, errors.New("-reference is missing, see lepton help batch table"))
	}
	settings, err := parseSettings(o.settings)
	errs = append(errs, err)
	for _, n := range []struct {
		name  string
		value int
	}{{"seeds", o.seeds}, {"length", o.length}, {"history", o.history}, {"threads", o.threads}} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("-%s is %d, must not be negative", n.name, n.value))
		}
	}
	if o.out == "" {
		errs = append(errs, errors.New("-out is empty"))
	}
	if o.out == toStdout && o.csv == toStdout {
		errs = append(errs, errors.New("-out and -csv are both standard output"))
	}
	return settings, errors.Join(errs...)
}

func parseSettings(text string) ([]sim.Backfill, error) {
	var list []sim.Backfill
	seen := map[sim.Backfill]bool{}
	for name := range strings.SplitSeq(text, ",") {
		f, err := sim.ParseBackfill(strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("-settings: %q, want none, reference or easy", name)
		}
		if seen[f] {
			return nil, fmt.Errorf("-settings: %s is given twice", f)
		}
		seen[f] = true
		list = append(list, f)
	}
	return list, nil
}

// table runs everything, then writes the files.
func (o tableOptions) table(ctx context.Context, std streams) error {
	settings, err := o.plan()
	if err != nil {
		return fmt.Errorf("batch table: %w", err)
	}
	if o.threads == 0 {
		o.threads = runtime.GOMAXPROCS(0)
	}
	page, err := newOutput(o.out)
	if err != nil {
		return err
	}
	var runs output
	if o.csv != "" {
		if runs, err = newOutput(o.csv); err != nil {
			return err
		}
	}
	deciders, err := o.deciders()
	if err != nil {
		return err
	}
	b, err := o.newBench(settings, deciders)
	if err != nil {
		return err
	}
	if err := b.run(ctx, std, o.threads, o.times); err != nil {
		return err
	}
	text, err := b.page(o)
	if err != nil {
		return err
	}
	if o.csv != "" {
		if err := runs.write(std, b.writeRuns); err != nil {
			return err
		}
	}
	if err := page.write(std, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
		return err
	}
	b.notes(std.err)
	return nil
}
