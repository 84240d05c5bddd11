package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/leptonsched/lepton/sim"
)

func batchReplay() command {
	return command{
		name:     "batch replay",
		synopsis: "-trace FILE -policy NAME[,NAME...] [-starts N[,N...]] [-length N] [-backfill none|reference|easy] [-model FILE] [-seed N] [-metrics reference|all|NAME[,NAME...]] [-procs N] [-csv OUT]",
		summary:  "run sequences of a trace under heuristics, a planner and a learned model, metrics to CSV",
		example:  "lepton batch replay -trace site.swf.gz -starts 0,1000 -policy FCFS,SJF -csv out.csv",
		manual:   replayManual,
		declare: func(flags *flag.FlagSet) action {
			var o replayOptions
			flags.StringVar(&o.trace, "trace", "", "the past jobs: a `FILE` in the Standard Workload Format or of sacct -P output, plain or gzip; needed")
			flags.Int64Var(&o.procs, "procs", 0, "a machine of `N` processors, where the trace does not say or is to be overruled; 0 takes the trace's word")
			flags.StringVar(&o.starts, "starts", "0", "first jobs `N[,N...]` of the sequences, counted from 0 in the order of job numbers after cleaning; FROM:TO:STEP stands for FROM, FROM+STEP and so on, TO included")
			flags.IntVar(&o.length, "length", 256, "`N` jobs in a sequence")
			flags.StringVar(&o.backfill, "backfill", "none", "the `WAY` in which jobs may pass the chosen one while it waits for processors: none, reference or easy")
			flags.StringVar(&o.policies, "policy", "", "what chooses the next job, `NAME[,NAME...]`; needed")
			flags.StringVar(&o.model, "model", "", "the model that learned, and heuristics ending in _pred, go by: a `FILE` as saved by lepton batch learn or examples/batch; none: learned takes the model that is shipped")
			flags.Uint64Var(&o.seed, "seed", 1, "`N`, from which planned and learned draw the futures that they imagine")
			flags.StringVar(&o.metrics, "metrics", "reference", "the `METRICS` to write: reference, all, or names separated by commas")
			flags.StringVar(&o.csv, "csv", toStdout, "the file `OUT` to write; - is standard output")
			return func(ctx context.Context, std streams, _ []string) error { return o.replay(ctx, std) }
		},
	}
}

const replayManual = `
Each sequence is LENGTH jobs of the trace in a row, run from an empty machine
with one queue: the jobs arrive when they did, run as long as they did, and the
policy chooses which goes next. Every policy runs every sequence, so they can be
compared run by run. The simulator is that of RLScheduler (Zhang et al., SC'20),
to the second.

Policies:

  FCFS, SJF, ...   a heuristic; lepton batch heuristics lists them. SAF may also
                   be called SAF_added. The file has the name that you gave.
  NAME_pred        the same on run times foretold by the model's predictor, in
                   place of the users' requests
  all              every heuristic of the list
  learned          the model: before each decision the queue is sorted by its
                   score. Without -model it is the network that is shipped,
                   learned from generated workloads alone; it takes some 25
                   microseconds a decision. It sees the whole queue, as
                   heuristics do.
  planned          looks ahead: before each decision it imagines a few futures,
                   with run times estimated from the jobs that have ended and
                   arrivals like those seen so far, and takes the job after
                   which waiting costs least. It needs no model, and some tenths
                   of a millisecond a decision.

Backfilling, while the chosen job waits for processors:

  none             nothing passes it
  reference        what should end before its start, foreseen once when it
                   blocked
  easy             EASY: foreseen anew at every event, and what leaves enough
                   processors free at that time may pass too

The file is CSV with a header and a line for each sequence, policy and metric,
sequences in the order of -starts, policies in the order of -policy:

  trace            name of the trace's file without .swf.gz
  start            first job of the sequence
  length           its number of jobs
  backfill         0 for none, 1 for reference, easy for easy
  scheduler        the policy
  metric           its name, see below
  value            whole numbers as such; others with all digits, so that
                   reading them gives the same bits. NaN where a metric is not
                   defined (a utilization over no time)

Metrics, times in seconds; the first eight are the reference's, and the default:

  avg_bsld         mean bounded slowdown, max(1, (wait + run)/max(run, 10))
  avg_wait         mean wait
  avg_turnaround   mean of wait + run
  util_rls         work done over that possible until the last start; can be
                   above 1
  util_makespan    work done over that possible until the last end
  makespan         from the first submission to the last end, whole
  last_start       from the first submission to the last start, whole
  sum_wait         sum of all waits, whole
  p95_bsld         95th percentile of the bounded slowdown
  max_wait         longest wait, whole
  user_bsld        largest mean bounded slowdown of a user over the mean of all
  jain_bsld        Jain's fairness index of the users' mean bounded slowdowns

Everything is checked and run before anything is written: OUT appears whole or
not at all, and an OUT that was there stays as it was after a fault. On a
terminal a line of progress shows when the work takes long. What deserves a look
(scores that were no numbers) is noted on standard error.

Exit status: 0 when done; 2 for a fault, told in one line on standard error: a
trace or model that cannot be read, a sequence that does not lie within the
trace, an unknown policy, way of backfilling or metric, a file that cannot be
written; 130 when interrupted. Ctrl-C takes effect after the run at hand, and at
once when pressed twice.
`

// replayOptions are the flags as given.
type replayOptions struct {
	trace, starts, backfill, policies, model, metrics, csv string
	procs                                                  int64
	length                                                 int
	seed                                                   uint64
}

// replayPlan is what the flags mean, as far as that can be told without a file.
type replayPlan struct {
	starts   []startRange
	backfill sim.Backfill
	policies []contender
	metrics  []string
}

// plan reports all faults of the flags together.
func (o replayOptions) plan() (replayPlan, error) {
	var p replayPlan
	var errs [8]error
	if o.trace == "" {
		errs[0] = errors.New("-trace is missing, see lepton help batch replay")
	}
	if o.procs < 0 {
		errs[1] = fmt.Errorf("-procs is %d, must not be negative", o.procs)
	}
	p.starts, errs[2] = parseStarts(o.starts)
	if o.length < 1 {
		errs[3] = fmt.Errorf("-length is %d, must be at least 1", o.length)
	}
	if p.backfill, errs[4] = sim.ParseBackfill(o.backfill); errs[4] != nil {
		errs[4] = fmt.Errorf("-backfill is %q, want none, reference or easy", o.backfill)
	}
	p.policies, errs[5] = parsePolicies(o.policies)
	for _, c := range p.policies {
		if c.needsModel() && o.model == "" {
			errs[6] = fmt.Errorf("policy %s needs a -model", c.name)
			break
		}
	}
	p.metrics, errs[7] = parseMetrics(o.metrics)
	return p, errors.Join(errs[:]...)
}

// replay runs everything, then writes the file.
func (o replayOptions) replay(ctx context.Context, std streams) error {
	plan, err := o.plan()
	if err != nil {
		return fmt.Errorf("batch replay: %w", err)
	}
	out, err := newOutput(o.csv)
	if err != nil {
		return err
	}
	trace, _, err := openTrace(o.trace, o.procs)
	if err != nil {
		return err
	}
	starts, err := expandStarts(plan.starts, o.length, trace)
	if err != nil {
		return err
	}
	model, err := o.readModel(plan.policies)
	if err != nil {
		return err
	}
	r, err := newReplayer(trace, model, plan.backfill, o.seed)
	if err != nil {
		return err
	}
	results, err := r.runAll(ctx, std, plan.policies, starts, o.length)
	if err != nil {
		return err
	}
	if err := out.write(std, replayTable{r, plan, starts, o.length, results}.write); err != nil {
		return err
	}
	r.notes(std.err, plan.policies)
	return nil
}

// readModel reads the model, if there is one, and checks that it can do what the policies ask of it.
func (o replayOptions) readModel(policies []contender) (sim.BatchModel, error) {
	read := func() (sim.BatchModel, error) { return openModel(o.model) }
	if o.model == "" {
		read = sim.ShippedBatchModel
	}
	model, err := read()
	if err != nil {
		return model, err
	}
	model.Seed = o.seed
	for _, c := range policies {
		if c.predicted && c.heuristic != nil && model.Predictor == nil {
			return model, fmt.Errorf("policy %s: the model in %s foretells no run times", c.name, o.model)
		}
	}
	return model, nil
}
