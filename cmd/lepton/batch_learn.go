package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"

	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/sim"
)

func batchLearn() command {
	return command{
		name:     "batch learn",
		synopsis: "[-trace FILE] [-procs N] [-until N] [-length N] [-backfill none|reference|easy] [-rounds N] [-sequences N] [-epochs N] [-threads N] [-seed N] -o MODEL",
		summary:  "a network that orders a batch queue, from generated workloads or a site's past",
		example:  "lepton batch learn -seed 1 -o batch.lepton",
		manual: `
Fits a network to decide what a planner with perfect foresight finds best on
average, for the mean bounded slowdown: in each round it runs sequences of jobs,
at first with a look ahead alone, then as learned so far, asks what each choice
would have cost in the world as it then went on, and is fitted to all answers so
far. The network itself sees only what a scheduler can know.

Without -trace, sequences are of generated workloads of many kinds, and the
three ways of backfilling in turn. The network that is shipped (-policy learned
without -model) was made so, with -seed 1 and all other flags left alone: some
15 minutes on two cores. With -trace, they are of the first -until jobs of that
trace, so that the rest can be used to judge.

The same flags give the same model, whatever -threads.

Exit status: 0 when done; 2 for a fault, told in one line on standard error; 130
when interrupted, with nothing written.`,
		declare: func(flags *flag.FlagSet) action {
			var o learnOptions
			flags.StringVar(&o.trace, "trace", "", "past jobs of a site: a `FILE` in the Standard Workload Format or of sacct -P output; none: generated workloads")
			flags.Int64Var(&o.procs, "procs", 0, "a machine of `N` processors, where the trace does not say; 0 takes the trace's word")
			flags.IntVar(&o.until, "until", 0, "learn from the first `N` jobs of the trace; 0 means all")
			flags.IntVar(&o.length, "length", 256, "`N` jobs in a sequence of the trace")
			flags.StringVar(&o.backfill, "backfill", "none", "the `WAY` of backfilling on the trace: none, reference or easy")
			flags.IntVar(&o.learn.Rounds, "rounds", 4, "`N` rounds of acting and fitting")
			flags.IntVar(&o.learn.Sequences, "sequences", 3000, "`N` sequences a round")
			flags.IntVar(&o.learn.Epochs, "epochs", 20, "`N` passes over all decisions a round")
			flags.IntVar(&o.learn.Workers, "threads", runtime.GOMAXPROCS(0), "`N` threads")
			flags.Uint64Var(&o.learn.Seed, "seed", 1, "source `N` of all randomness")
			flags.StringVar(&o.model, "o", "", "the file `MODEL` to write; - is standard output; needed")
			return func(ctx context.Context, std streams, _ []string) error { return o.run(ctx, std) }
		},
	}
}

// learnOptions are the flags as given.
type learnOptions struct {
	trace, backfill, model string
	procs                  int64
	until, length          int
	learn                  sim.BatchLearnOptions
}

func (o learnOptions) validate() (sim.Backfill, error) {
	var errs []error
	if o.model == "" {
		errs = append(errs, errors.New("-o is missing, see lepton help batch learn"))
	}
	for _, f := range [...]struct {
		name        string
		value, most int
	}{{"rounds", o.learn.Rounds, 1000}, {"sequences", o.learn.Sequences, 1 << 20}, {"epochs", o.learn.Epochs, 1000}, {"threads", o.learn.Workers, 1024}, {"length", o.length, 1 << 20}} {
		if f.value < 1 || f.value > f.most {
			errs = append(errs, fmt.Errorf("-%s is %d, must be in [1, %d]", f.name, f.value, f.most))
		}
	}
	if o.until < 0 {
		errs = append(errs, fmt.Errorf("-until is %d, must not be negative", o.until))
	}
	backfill, err := sim.ParseBackfill(o.backfill)
	if err != nil {
		errs = append(errs, fmt.Errorf("-backfill is %q, want none, reference or easy", o.backfill))
	}
	return backfill, errors.Join(errs...)
}

// draw returns where the sequences come from.
func (o learnOptions) draw(backfill sim.Backfill) (func(uint64) (sim.BatchSequence, error), error) {
	if o.trace == "" {
		return sim.GeneratedSequence, nil
	}
	trace, _, err := openTrace(o.trace, o.procs)
	if err != nil {
		return nil, err
	}
	until := o.until
	if until == 0 {
		until = len(trace.Jobs)
	}
	return sim.SequencesOf(trace, 0, until, o.length, sim.BatchOptions{Backfill: backfill, UnixStart: trace.UnixStart})
}

// run learns, then writes the file.
func (o learnOptions) run(ctx context.Context, std streams) error {
	backfill, err := o.validate()
	if err != nil {
		return fmt.Errorf("batch learn: %w", err)
	}
	out, err := newOutput(o.model)
	if err != nil {
		return err
	}
	draw, err := o.draw(backfill)
	if err != nil {
		return err
	}
	progress := newProgress(std.err)
	defer progress.clear()
	each := o.learn.Sequences + o.learn.Epochs*fitShare
	o.learn.Progress = func(r rl.AggregateReport) {
		progress.show((r.Round-1)*each+r.Episode+r.Epoch*fitShare, o.learn.Rounds*each)
	}
	model, err := sim.LearnBatch(ctx, draw, o.learn)
	if err != nil {
		return err
	}
	progress.clear()
	return out.write(std, func(w io.Writer) error {
		_, err := model.WriteTo(w)
		return err
	})
}

// fitShare is how many sequences take about as long as a pass over the decisions.
const fitShare = 100
