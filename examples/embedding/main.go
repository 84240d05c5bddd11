// Embedding is a small program with Lepton in it: a dispatcher hands jobs to the workers of a pool, at
// first by the incumbent, the rule that it always had, in the end by a policy that it learned on the
// way. It is what docs/embedding.md explains. Read it in this order: world.go, what is there already;
// adapt.go, what an embedder writes; dispatcher.go, where it is called; stages.go, from Record to Live;
// operate.go, what else a dispatcher needs; yardsticks.go, what the result is held against.
//
// The pool has a secret: workers of one class are slow for one kind of job, those of another for
// another. The incumbent, least loaded first, does not know; a policy can learn it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/leptonsched/lepton/evaluate"
)

// The size of a run, unless it is a smoke test.
const (
	fullLives = 10
	fullJobs  = 20_000
)

func main() {
	seed := flag.Uint64("seed", 1, "first seed; each life of the dispatcher has one of its own")
	flag.Parse()
	lives, jobs := fullLives, fullJobs
	if os.Getenv("LEPTON_SMOKE") != "" {
		lives, jobs = 6, 8_000
	}
	if err := show(os.Stdout, *seed, lives, jobs); err != nil {
		fmt.Fprintln(os.Stderr, "embedding:", err)
		os.Exit(1)
	}
}

// show lives so many lives and prints what they showed.
func show(out io.Writer, seed uint64, lives, jobs int) error {
	fmt.Fprintf(out, "%d dispatchers, each with %d jobs in Record, %d in Shadow, %d in Canary, %d in Live.\n"+
		"Mean seconds from a job's arrival to its end:\n\n", lives, jobs, jobs/4, jobs, jobs)
	table := evaluate.Table{
		Header: []string{"seed", "agreement in Shadow", "Canary: holdout", "Canary: learned", "Live: holdout", "Live: learned", "alone: incumbent", "alone: insider"},
		Note: "Holdout: decided by the incumbent, in the same pool by turns of five minutes. Alone: on the jobs of Live, " +
			"in a pool of their own, the incumbent and an insider who knows what no policy is told.",
	}
	names := []string{"the holdout", "learned", "the incumbent alone", "the insider alone"}
	values := make([][]float64, len(names))
	turnedAway := 0
	for i := range lives {
		f, err := live(seed+uint64(i), jobs)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed+uint64(i), err)
		}
		turnedAway += f.TurnedAway
		row := []string{fmt.Sprint(seed + uint64(i)), fmt.Sprintf("%.0f%%", 100*f.Agreement)}
		for _, v := range []float64{f.Canary.Holdout, f.Canary.Learned, f.Live.Holdout, f.Live.Learned, f.Incumbent, f.Insider} {
			row = append(row, fmt.Sprintf("%.1f", v))
		}
		table.Rows = append(table.Rows, row)
		for j, v := range []float64{f.Live.Holdout, f.Live.Learned, f.Incumbent, f.Insider} {
			values[j] = append(values[j], v)
		}
	}
	fmt.Fprintln(out, table.Text())
	if turnedAway > 0 {
		fmt.Fprintf(out, "%d jobs were turned away by a full pool and stand in no mean.\n", turnedAway)
	}
	return verdict(out, names, values, seed)
}

// verdict says in plain words how the learned policy stands against each of the others.
func verdict(out io.Writer, names []string, values [][]float64, seed uint64) error {
	const learned, metric = 1, "time to done"
	for i, name := range names {
		if i == learned {
			continue
		}
		c, err := evaluate.Compare([]evaluate.Method{
			{Name: name, Values: [][]float64{values[i]}},
			{Name: names[learned], Values: [][]float64{values[learned]}},
		}, evaluate.CompareOptions{
			Reference: name,
			Metrics:   []evaluate.Metric{{Name: metric, Scale: evaluate.Ratio}},
			Unit:      "seed",
			Seed:      seed,
		})
		if err != nil {
			return err
		}
		sentences, err := c.Sentences(metric)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, sentences[0]+".")
	}
	return nil
}
