package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/leptonsched/lepton/sim"
)

// bench is all runs of a table.
type bench struct {
	settings  []sim.Backfill
	deciders  []decider
	measure   *referenceFile
	published *referenceFile // nil: there is none
	traces    map[string]tableTrace
	names     []string // of traces, in the order of the files
	missing   []string // traces that are not there

	tasks    []task
	outcomes []outcome     // of each task
	at       map[place]int // first task of a decider, those of its further seeds follow
}

// task is one run.
type task struct {
	place
	by   int // place of the decider
	seed uint64
}

type place struct {
	setting sim.Backfill
	stretch
	decider string
}

// outcome is what came of a run.
type outcome struct {
	metrics sim.BatchMetrics
	odd     bool // scores that were no numbers: the heuristic is not defined here
	laps    []lap
}

// newBench reads the files and lists the runs.
func (o tableOptions) newBench(settings []sim.Backfill, deciders []decider) (*bench, error) {
	b := &bench{settings: settings, deciders: deciders, traces: map[string]tableTrace{}, at: map[place]int{}}
	var err error
	if b.measure, err = openReference(filepath.Join(o.reference, "batch_heuristics.csv"), o.length); err != nil {
		return nil, err
	}
	if len(b.measure.stretches) == 0 {
		return nil, fmt.Errorf("%s: no sequences (-length is %d)", b.measure.path, o.length)
	}
	b.published, err = openReference(filepath.Join(o.reference, "batch_published_protocol.csv"), o.length)
	if errors.Is(err, fs.ErrNotExist) {
		b.published, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := b.openTraces(o.data, o.skipMissing); err != nil {
		return nil, err
	}
	if len(b.measure.stretches) == 0 {
		return nil, fmt.Errorf("%s: none of its traces is in %s", b.measure.path, o.data)
	}
	for _, f := range settings {
		b.list(f, b.measure.stretches, true)
		if b.published != nil && slices.Contains(b.published.settings, f) {
			b.list(f, b.published.stretches, false)
		}
	}
	b.outcomes = make([]outcome, len(b.tasks))
	return b, nil
}

func (b *bench) files() []*referenceFile {
	if b.published == nil {
		return []*referenceFile{b.measure}
	}
	return []*referenceFile{b.measure, b.published}
}

// list adds the runs of stretches to the tasks.
func (b *bench) list(f sim.Backfill, stretches []stretch, aside bool) {
	for _, s := range stretches {
		for i, d := range b.deciders {
			p := place{f, s, d.name}
			if _, there := b.at[p]; there || d.aside && !aside {
				continue
			}
			b.at[p] = len(b.tasks)
			if d.seeds == 0 {
				b.tasks = append(b.tasks, task{p, i, 0})
			}
			for seed := range d.seeds {
				b.tasks = append(b.tasks, task{p, i, uint64(seed + 1)})
			}
		}
	}
}

// run makes all runs, so many at a time. The runs are independent and each has its own place for what comes of it, so the
// outcomes are the same whatever their order. Of several faults that of the first run is told.
func (b *bench) run(ctx context.Context, std streams, threads int, times bool) error {
	progress := newProgress(std.err)
	defer progress.clear()
	var (
		mutex      sync.Mutex // guards what follows
		next, done int
		fault      error
		faulty     = math.MaxInt
		workers    sync.WaitGroup
	)
	take := func() int {
		mutex.Lock()
		defer mutex.Unlock()
		if next == len(b.tasks) || fault != nil || ctx.Err() != nil {
			return -1
		}
		next++
		return next - 1
	}
	finish := func(i int, err error) {
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil && i < faulty {
			fault, faulty = err, i
		}
		done++
		progress.show(done, len(b.tasks))
	}
	for range min(threads, len(b.tasks)) {
		workers.Go(func() {
			for i := take(); i >= 0; i = take() {
				finish(i, b.make(i, times))
			}
		})
	}
	workers.Wait()
	return errors.Join(fault, ctx.Err())
}

// make makes run i.
func (b *bench) make(i int, times bool) error {
	t := b.tasks[i]
	var watch *stopwatch
	if times {
		watch = &stopwatch{}
	}
	result, err := b.deciders[t.by].run(b.traces[t.trace], t.stretch, t.setting, t.seed, watch)
	if err != nil {
		return err
	}
	b.outcomes[i] = outcome{metrics: result.Metrics(), odd: result.NaNScores > 0}
	if times {
		b.outcomes[i].laps = watch.laps
	}
	return nil
}

// values is a metric of a run by seed: of a run that was made, or of a network from the files; nil where there is none, or
// where it is not a number.
func (b *bench) values(p place, metric string) []float64 {
	if strings.HasPrefix(p.decider, networkPrefix) {
		for _, f := range b.files() {
			if v, ok := f.network(referenceKey{p.stretch, p.setting, p.decider, metric}); ok {
				return []float64{v}
			}
		}
		return nil
	}
	first, ok := b.at[p]
	if !ok {
		return nil
	}
	var values []float64
	for i := range max(b.deciders[b.tasks[first].by].seeds, 1) {
		o := &b.outcomes[first+i]
		v, _ := o.metrics.Value(metric)
		if o.odd || v != v {
			return nil
		}
		values = append(values, v)
	}
	return values
}

// checked compares the heuristics' values in the files with those of the runs, and returns how many there are and those
// that differ by more than 1e-9, relatively.
func (b *bench) checked() (n int, differ []string) {
	for _, f := range b.files() {
		for _, row := range f.rows {
			first, ok := b.at[place{row.setting, row.stretch, row.scheduler}]
			if !ok {
				continue
			}
			n++
			v, _ := b.outcomes[first].metrics.Value(row.metric)
			if same := v == row.value || v != v && row.value != row.value; !same && !(math.Abs(v-row.value) <= 1e-9*math.Abs(row.value)) {
				differ = append(differ, fmt.Sprintf("%s:%d", f.path, row.line))
			}
		}
	}
	return n, differ
}

// notes says what deserves a look.
func (b *bench) notes(w io.Writer) {
	if len(b.missing) > 0 {
		fmt.Fprintf(w, "lepton: note: left out, since not in -data: %s\n", strings.Join(b.missing, ", "))
	}
	if n, differ := b.checked(); len(differ) > 0 {
		fmt.Fprintf(w, "lepton: note: %d of %d values in the reference files differ from the simulator's, first %s\n", len(differ), n, differ[0])
	}
}

// writeRuns writes every metric of every run that was made.
func (b *bench) writeRuns(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"setting", "trace", "start", "length", "decider", "seed", "metric", "value"}); err != nil {
		return err
	}
	for i, t := range b.tasks {
		row := []string{t.setting.String(), t.trace, strconv.Itoa(t.start), strconv.Itoa(t.length), t.decider, strconv.FormatUint(t.seed, 10), "", ""}
		for _, row[6] = range sim.BatchMetricNames() {
			row[7] = metricText(b.outcomes[i].metrics, row[6])
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
