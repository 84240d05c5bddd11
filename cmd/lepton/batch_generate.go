package main

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/leptonsched/lepton/sim"
)

// maxGenerated bounds -jobs, and with it the memory: about 1 GB.
const maxGenerated = 10_000_000

func batchGenerate() command {
	return command{
		name:     "batch generate",
		synopsis: "[-jobs N] [-procs N] [-load X] [-seed N] [-o FILE]",
		summary:  "a workload after Lublin and Feitelson, as a trace",
		example:  "lepton batch generate -jobs 10000 -procs 256 -load 0.9 -seed 1 -o site.swf.gz",
		manual: `
Makes a realistic workload of rigid parallel jobs: sizes, run times and arrivals
with a daily cycle after Lublin & Feitelson (2003), and users who send the same
few jobs again and again and ask for far more time than they need. The same
flags give the same jobs. It is written in the Standard Workload Format.

Exit status: 0 when done, 2 for a fault, told in one line on standard error.`,
		declare: func(flags *flag.FlagSet) action {
			var o sim.LublinOptions
			jobs := flags.Int("jobs", 10_000, "`N` jobs")
			procs := flags.Int("procs", 256, "a machine of `N` processors; the model was made from machines of 64 to 512")
			load := flags.Float64("load", 1, "offered load `X`: the work of all jobs over what the machine can do in the time; above 1 the queue grows for ever")
			flags.Uint64Var(&o.Seed, "seed", 1, "source `N` of all randomness")
			file := flags.String("o", toStdout, "the `FILE` to write, compressed if its name ends in .gz; - is standard output")
			return func(ctx context.Context, std streams, _ []string) error {
				o.Jobs, o.Procs, o.Load = *jobs, *procs, *load
				return generate(ctx, std, o, *file)
			}
		},
	}
}

func generate(ctx context.Context, std streams, o sim.LublinOptions, file string) error {
	var errs [3]error // a 0 would mean the library's default
	if o.Jobs < 1 || o.Jobs > maxGenerated {
		errs[0] = fmt.Errorf("-jobs is %d, must be in [1, %d]", o.Jobs, maxGenerated)
	}
	if o.Procs < 1 {
		errs[1] = fmt.Errorf("-procs is %d, must be at least 1", o.Procs)
	}
	if !(o.Load > 0 && o.Load <= 100) {
		errs[2] = fmt.Errorf("-load is %v, must be above 0 and at most 100", o.Load)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("batch generate: %w", err)
	}
	out, err := newOutput(file)
	if err != nil {
		return err
	}
	trace, err := sim.Lublin(o)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = out.write(std, func(w io.Writer) error {
		if !strings.HasSuffix(file, ".gz") {
			return sim.WriteSWF(w, trace)
		}
		z := gzip.NewWriter(w)
		return errors.Join(sim.WriteSWF(z, trace), z.Close())
	})
	if err != nil || file == toStdout {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: %d jobs on %d processors, load %.3f\n", file, len(trace.Jobs), trace.MaxProcs, trace.Load())
	return err
}
