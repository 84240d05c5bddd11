// Batch learns to order the queue of a batch system, from a trace of its past, in four stages: it collects
// and cleans the history, fits models on the first part of it, lets reinforcement learning improve on the
// best heuristic there, and evaluates what came out on the part that was never touched.
//
//	go run ./examples/batch                          a generated workload, about a minute
//	go run ./examples/batch -trace site.swf.gz       your own history: SWF, or the output of sacct -P
//	go run ./examples/batch -objective wait -backfill easy -save site.lepton
//
// It prints a table and writes a report to open in a browser. What it saves can be replayed on any trace by
// lepton batch replay -policy learned -model site.lepton.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		fmt.Fprintln(os.Stderr, "batch:", strings.ReplaceAll(err.Error(), "\n", "; "))
		os.Exit(2)
	}
}

// settings is what the flags say.
type settings struct {
	trace     string
	procs     int64
	objective objective
	backfill  sim.Backfill
	seed      uint64
	effort    float64
	save      string
	report    string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("batch", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // a fault is told once, by main
	flags.StringVar(&s.trace, "trace", "", "`file` of past jobs, SWF or sacct -P output, plain or gzip; none: a generated workload")
	flags.Int64Var(&s.procs, "procs", 0, "`processors` of the machine, where the trace does not say")
	goal := flags.String("objective", "bsld", "what to improve: bsld (mean bounded slowdown), wait (mean wait) or util (utilization)")
	backfill := flags.String("backfill", "none", "what may pass a job that waits for processors: none, reference or easy")
	flags.Uint64Var(&s.seed, "seed", 1, "source of all randomness: the same seed repeats the same run")
	flags.Float64Var(&s.effort, "effort", 1, "how long to learn: 1 is about a minute for the generated workload")
	flags.StringVar(&s.save, "save", "", "write what was learned to this `file`")
	flags.StringVar(&s.report, "report", "batch-report.html", "write the report to this `file`; empty: no report")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stderr)
		flags.Usage()
		return s, err
	} else if err != nil {
		return s, fmt.Errorf("%w; see -help", err)
	}
	var errs []error
	if flags.NArg() > 0 {
		errs = append(errs, fmt.Errorf("what is %q? All settings are flags, see -help", flags.Arg(0)))
	}
	var known bool
	if s.objective, known = objectives[*goal]; !known {
		errs = append(errs, fmt.Errorf("-objective is %q, want bsld, wait or util", *goal))
	}
	var err error
	if s.backfill, err = sim.ParseBackfill(*backfill); err != nil {
		errs = append(errs, fmt.Errorf("-backfill: %w", err))
	}
	if !(s.effort > 0 && s.effort <= 1000) {
		errs = append(errs, fmt.Errorf("-effort is %v, want more than 0 and at most 1000", s.effort))
	}
	for _, file := range [...]struct{ flag, path string }{{"-save", s.save}, {"-report", s.report}} {
		if err := writable(file.path); err != nil { // now, not after a minute of learning
			errs = append(errs, fmt.Errorf("%s: cannot write %s: %w", file.flag, file.path, err))
		}
	}
	if os.Getenv("LEPTON_SMOKE") != "" {
		s.effort = 0.02 // the test script only wants to see it run
	}
	return s, errors.Join(errs...)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	set, err := parse(args, stderr)
	if err != nil {
		return err
	}
	show := newProgress(stderr)
	defer show.done()
	say := func(format string, values ...any) {
		show.done()
		fmt.Fprintf(stdout, format+"\n", values...)
	}

	// 1. Collect: read the history, clean it, and set the last third aside.
	past, err := collect(set)
	if err != nil {
		return err
	}
	say("Collect")
	say("%s", indent(past.cleaning))
	say("  %d jobs on %d processors, load %.2f: %d sequences of %d to learn from, %d to choose by, %d set aside",
		len(past.trace.Jobs), past.trace.MaxProcs, past.trace.Load(), len(past.train), past.sequence, len(past.choose), len(past.test))

	// 2. Fit: predict run times, find the best heuristic, and imitate it.
	say("Fit")
	show.line("predicting run times")
	fitted, err := fitRunTimes(past, set)
	if err != nil {
		return err
	}
	say("  run times: %s", fitted)
	incumbent, err := bestHeuristic(past, set.objective)
	if err != nil {
		return err
	}
	say("  %s was the best heuristic on the part to learn from; it is the incumbent from here on", incumbent.Name())

	// 3. Improve: imitation, then reinforcement learning, under several seeds.
	say("Improve")
	learned, err := improve(ctx, past, incumbent, set, show)
	if err != nil {
		return err
	}
	say("%s", indent(learned.summary(incumbent.Name())))

	// 4. Evaluate: every heuristic and the learned policy on the sequences set aside.
	say("Evaluate")
	show.line("running what was set aside")
	table, err := compare(past, incumbent, learned, set)
	if err != nil {
		return err
	}
	sentences, err := verdict(table, set.objective)
	if err != nil {
		return err
	}
	say("%s\n%s", table.Text(), indent(strings.Join(sentences, "\n")))
	if set.save != "" {
		if err := writeFile(set.save, past.model(learned.best)); err != nil {
			return err
		}
		say("Model: %s", set.save)
	}
	if set.report != "" {
		page, err := report(past, incumbent, learned, table, sentences, args, set)
		if err != nil {
			return err
		}
		if err := writeFile(set.report, page); err != nil {
			return err
		}
		say("Report: %s", set.report)
	}
	return nil
}

// verdict says in words how the learned policy did against the incumbent, on every metric.
func verdict(table *evaluate.Comparison, goal objective) ([]string, error) {
	var all []string
	for _, m := range metrics {
		sentences, err := table.Sentences(m.shown.Name)
		if err != nil {
			return nil, err
		}
		for i, name := range table.Methods() {
			if name == learnedName {
				all = append(all, sentences[i])
			}
		}
	}
	cell, err := table.Cell(learnedName, goal.metric().shown.Name)
	if err != nil {
		return nil, err
	}
	switch cell.Verdict {
	case evaluate.Worse:
		all = append(all, "The learned policy lost: keep the heuristic.")
	case evaluate.Undecided:
		all = append(all, "That is no proof either way: keep the heuristic, or gather more history.")
	}
	return all, nil
}

// writable reports why a file could not be put at path; "" is none.
func writable(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("it is a folder")
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".lepton-*")
	if err != nil {
		return errors.Unwrap(err) // the path of the temporary file says nothing
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// writeFile writes what to path by way of a temporary file, so that a failure leaves no half of it.
func writeFile(path string, what io.WriterTo) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".lepton-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	_, err = what.WriteTo(f)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
