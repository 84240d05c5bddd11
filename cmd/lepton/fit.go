package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/leptonsched/lepton/supervised"
)

func fitCommand() command {
	return command{
		name: "fit",
		synopsis: "-train FILE -target COL -task binary|multiclass|regression|quantile [-model NAME] [-set NAME=VALUE ...] " +
			"[-test FILE] [-cv K] [-group COL] [-time COL] [-known COL] [-gap X] [-weight COL] [-categorical COL[,COL...]] " +
			"[-ignore COL[,COL...]] [-seed N] [-save MODEL] [-predict OUT] [-report OUT] [-json]",
		summary: "fit a model to a table, score it, save it",
		example: "lepton fit -train jobs.csv -test later.csv -target failed -task binary -model forest -set trees=200 -save failed.lepton",
		manual:  fitManual(),
		declare: func(flags *flag.FlagSet) action {
			var o fitOptions
			flags.StringVar(&o.train, "train", "", "the table `FILE` to fit")
			flags.StringVar(&o.test, "test", "", "a table `FILE` to score, with the same columns")
			flags.StringVar(&o.target, "target", "", "the column `COL` to predict; of TAB1 label or target")
			flags.StringVar(&o.task, "task", "", "what the target is, `TASK`: binary, multiclass, regression or quantile")
			flags.StringVar(&o.model, "model", "forest", "the kind `NAME` of model, see above")
			flags.Func("set", "a setting `NAME=VALUE` of the model, see above; may be given again", func(s string) error {
				o.settings = append(o.settings, s)
				return nil
			})
			flags.IntVar(&o.cv, "cv", 0, "score by cross-validation in `K` folds too; 0 does not")
			flags.StringVar(&o.group, "group", "", "a column `COL` of groups, such as users, that folds keep together")
			flags.StringVar(&o.time, "time", "", "a column `COL` of times: folds test on later rows than they fit")
			flags.StringVar(&o.known, "known", "", "a column `COL` of the times at which targets came to be known, with -time")
			flags.Float64Var(&o.gap, "gap", 0, "with -time, fit on what was known more than `X` before the rows to test")
			flags.StringVar(&o.weight, "weight", "", "a column `COL` of weights of rows")
			flags.StringVar(&o.categorical, "categorical", "", "columns `COL[,COL...]` of categories beside those that hold text")
			flags.StringVar(&o.ignore, "ignore", "", "columns `COL[,COL...]` to leave out")
			flags.Uint64Var(&o.seed, "seed", 1, "source `N` of all randomness")
			flags.StringVar(&o.save, "save", "", "write the fitted `MODEL`")
			flags.StringVar(&o.predict, "predict", "", "write what the model says of each row of -test to `OUT`, as CSV; - is standard output")
			flags.StringVar(&o.report, "report", "", "write an HTML page to `OUT`")
			flags.BoolVar(&o.json, "json", false, "print one JSON object in place of text")
			return func(ctx context.Context, std streams, _ []string) error { return o.run(ctx, std) }
		},
	}
}

func fitManual() string {
	var models strings.Builder
	for _, m := range fitModels() {
		fmt.Fprintf(&models, "  %-10s %s (%s)\n", m.name, m.summary, strings.Join(m.tasks, ", "))
		models.WriteString(wrap("-set "+strings.Join(m.settings(), ", "), strings.Repeat(" ", 13), strings.Repeat(" ", 13)))
	}
	return fmt.Sprintf(fitManualText, models.String())
}

const fitManualText = `
Fits one model to a table and says how good it is: on the rows of -test, and by
cross-validation with -cv. Scores on the rows that were fitted are never shown.

Tables are CSV with a header, or TAB1 (told by its first bytes). Of CSV, a
column with a text that is no number is a category; "", NA, NaN, nan and null
are missing. Categories of -test that the training rows do not have count as
missing, with a note. The target must not be missing.

Models, and the names that -set takes for them:

%s
A list is given as a,b,c. The meaning of each setting, and its default, is that
of the field of the same name in package supervised.

Folds are drawn at random, classes alike; with -group no group is in two folds,
and with -time the first of K+1 blocks of time is only fitted, each other one
tested by what was known before it.

With -json, one object: train_cpu_s, train_wall_s, rows_per_s (predictions, one
thread), single_p50_us (one prediction), peak_rss_mb, auc, logloss, accuracy,
rmse, null where they do not apply; then the further scores, importances and,
with -cv, the mean and spread of each score over the folds. The scores are those
of -test, else the means of -cv.

Exit status: 0 when done, 2 for a fault, told in one line on standard error; 130
when interrupted, which takes effect after the fit at hand, and at once when
asked for twice. Files appear whole or not at all.
`

// fitOptions are the flags as given.
type fitOptions struct {
	train, test, target, task, model string
	settings                         []string
	cv                               int
	group, time, known, weight       string
	categorical, ignore              string
	gap                              float64
	seed                             uint64
	save, predict, report            string
	json                             bool
}

// plan checks the flags, all faults together, and returns what to fit.
func (o fitOptions) plan() (fitting, error) {
	f := fitting{task: o.task}
	var errs []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(o.train == "", "-train is missing, see lepton help fit")
	fault(o.target == "", "-target is missing")
	known := slices.Contains(fitTasks, o.task)
	fault(!known, "-task is %q, want %s", o.task, strings.Join(fitTasks, ", "))
	all := fitModels()
	at := slices.IndexFunc(all, func(m fitModel) bool { return m.name == o.model })
	if at < 0 {
		var names []string
		for _, m := range all {
			names = append(names, m.name)
		}
		fault(true, "-model is %q, want %s", o.model, strings.Join(names, ", "))
	} else {
		f.model = all[at].aimedAt(o.task)
		fault(known && !slices.Contains(f.model.tasks, o.task), "-model %s is for -task %s, not %s", o.model, strings.Join(f.model.tasks, ", "), o.task)
		var err error
		f.options, err = f.model.configured(o.settings, o.seed)
		errs = append(errs, err)
		f.quantile = quantileOf(f.options)
	}
	fault(o.cv < 0 || o.cv == 1 && o.time == "", "-cv is %d, must be at least 2", o.cv)
	fault(o.group != "" && o.time != "", "-group and -time part the rows in two ways: give one of them")
	fault(o.known != "" && o.time == "", "-known needs a -time")
	fault(!(o.gap >= 0) || math.IsInf(o.gap, 0), "-gap is %v, must be at least 0", o.gap)
	fault(o.gap != 0 && o.time == "", "-gap needs a -time")
	fault(o.predict != "" && o.test == "", "-predict needs a -test")
	var direct int
	for _, name := range []string{o.save, o.predict, o.report} {
		if name == toStdout {
			direct++
		}
	}
	fault(direct > 1, "only one of -save, -predict and -report can go to standard output")
	fault(direct == 1 && o.json, "-json writes to standard output: name a file for the other output")
	return f, errors.Join(errs...)
}

// fitResult is all that the outputs are made of.
type fitResult struct {
	o           fitOptions
	tables      fitTables
	model       supervised.Model
	cost        fitCost
	cv          []spread
	test        *scored
	importances []importance
	what        string // the importances are
}

func (o fitOptions) run(ctx context.Context, std streams) error {
	fit, err := o.plan()
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	outputs := make(map[string]output)
	for _, name := range []string{o.save, o.predict, o.report} {
		if name != "" {
			if outputs[name], err = newOutput(name); err != nil {
				return err
			}
		}
	}
	r := fitResult{o: o}
	if r.tables, err = o.read(std); err != nil {
		return err
	}
	if err := r.fit(ctx, std, fit); err != nil {
		return err
	}
	if o.save != "" {
		model, ok := r.model.(io.WriterTo)
		if !ok {
			return fmt.Errorf("cannot save a model of kind %s", o.model)
		}
		if err := outputs[o.save].write(std, func(w io.Writer) error { _, err := model.WriteTo(w); return err }); err != nil {
			return err
		}
	}
	if o.predict != "" {
		if err := outputs[o.predict].write(std, r.writePredictions); err != nil {
			return err
		}
	}
	if o.report != "" {
		if err := outputs[o.report].write(std, r.writeReport); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return r.writeJSON(std.out)
	case slices.Contains([]string{o.save, o.predict, o.report}, toStdout):
		return nil // standard output is taken
	}
	return r.writeText(std.out)
}

// fit does the work between reading and writing.
func (r *fitResult) fit(ctx context.Context, std streams, fit fitting) error {
	show := newProgress(std.err)
	defer show.clear()
	var err error
	if r.o.cv > 0 {
		if r.cv, err = r.o.crossValidate(ctx, show, fit, r.tables.train); err != nil {
			return fmt.Errorf("fit: %w", err)
		}
	}
	if r.model, r.cost, err = fit.timed(r.tables.train); err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	unseen := r.tables.train
	if r.tables.test != nil {
		unseen = r.tables.test
		s, err := r.o.score(r.model, unseen, fit.quantile)
		if err != nil {
			return fmt.Errorf("%s: %w", r.o.test, err)
		}
		r.test = &s
	}
	r.cost.predictions(r.model, unseen)
	r.importances, r.what, err = r.o.importances(r.model, unseen)
	return err
}
