package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
	"github.com/leptonsched/lepton/supervised"
)

const (
	longest  = 256 // jobs in a sequence, the unit of learning and of judging, where the history is long enough
	shortest = 32  // below, there is nothing to order
)

// objective says what is to be improved.
type objective string

var objectives = map[string]objective{"bsld": "bsld", "wait": "wait", "util": "util"}

// metric is one column of the table.
type metric struct {
	shown evaluate.Metric
	of    func(sim.BatchMetrics) float64
	goal  objective
}

var metrics = []metric{
	{evaluate.Metric{Name: "slowdown", Scale: evaluate.Ratio}, func(m sim.BatchMetrics) float64 { return m.AvgBSLD }, "bsld"},
	{evaluate.Metric{Name: "wait (s)", Scale: evaluate.Difference}, func(m sim.BatchMetrics) float64 { return m.AvgWait }, "wait"},
	{evaluate.Metric{Name: "utilization", Scale: evaluate.Difference, HigherIsBetter: true}, func(m sim.BatchMetrics) float64 { return m.UtilMakespan }, "util"},
}

func (o objective) metric() metric {
	return metrics[slices.IndexFunc(metrics, func(m metric) bool { return m.goal == o })]
}

// gain is how much better own is than other on the logarithmic scale; waits count from one second up.
func (o objective) gain(own, other float64) float64 {
	switch o {
	case "wait":
		return math.Log((1 + other) / (1 + own))
	case "util":
		return math.Log(own / other)
	}
	return math.Log(other / own)
}

// past is the history: a trace, cut in three by time. Nothing about the last part is looked at before the end.
type past struct {
	trace    *sim.Trace
	cleaning string
	options  sim.BatchOptions
	world    *sim.Batch // for judging, one run at a time

	sequence  int   // jobs in a sequence
	from, to  int   // the jobs to learn from
	train     []int // starts of sequences there that do not overlap
	choose    []int // starts of sequences, overlapping, by which the best of what was learned is chosen
	test      []int // starts of sequences that do not overlap, set aside
	predictor *sim.BatchPredictor
}

func collect(set settings) (*past, error) {
	p := &past{options: sim.BatchOptions{Backfill: set.backfill}}
	if set.trace == "" {
		trace, err := sim.Lublin(sim.LublinOptions{Jobs: 20_000, Seed: set.seed})
		if err != nil {
			return nil, err
		}
		p.trace, p.cleaning = trace, "generated after Lublin & Feitelson (2003), with users and their estimates"
	} else {
		trace, cleaning, err := sim.OpenTrace(set.trace, sim.TraceOptions{MaxProcs: set.procs})
		if errors.Is(err, sim.ErrNoMachine) {
			return nil, fmt.Errorf("%s does not say how many processors there are: set -procs", set.trace)
		}
		if err != nil {
			return nil, err
		}
		p.trace, p.cleaning = trace, cleaning.String()
	}
	p.options.UnixStart = p.trace.UnixStart
	n := len(p.trace.Jobs)
	half, twoThirds := n/2, n*2/3
	enough := evaluate.MinClusters(0.95) // sequences set aside, below which nothing can be decided
	p.sequence = min((n-twoThirds)/enough, longest)
	if p.sequence < shortest {
		return nil, fmt.Errorf("%s has %d jobs: at least %d are needed, so that the third set aside can decide anything", p.trace.Name, n, 3*enough*shortest)
	}
	p.to = half
	p.train = p.apart(0, half, 40)
	p.choose = p.spread(half, twoThirds, min(max(int(40*set.effort), 5), 40))
	p.test = p.apart(twoThirds, n, 100)
	var err error
	p.world, err = sim.NewBatch(p.trace.Machine(), p.options)
	return p, err
}

// apart returns the starts of at most limit sequences in [from, to) that do not overlap.
func (p *past) apart(from, to, limit int) []int {
	all := (to - from) / p.sequence
	starts := make([]int, 0, limit)
	for i := range min(all, limit) {
		starts = append(starts, from+i*all/min(all, limit)*p.sequence)
	}
	return starts
}

// spread returns the starts of n sequences, evenly spread over [from, to); they may overlap.
func (p *past) spread(from, to, n int) []int {
	starts := make([]int, n)
	for i := range starts {
		starts[i] = from + i*(to-from-p.sequence)/(n-1)
	}
	return starts
}

// usePredictor makes every world from now on foretell run times by predictor.
func (p *past) usePredictor(predictor *sim.BatchPredictor) error {
	p.predictor = predictor
	p.options = sim.BatchModel{Predictor: predictor}.Options(p.options)
	var err error
	p.world, err = sim.NewBatch(p.trace.Machine(), p.options)
	return err
}

func (p *past) model(best lepton.Policy) sim.BatchModel {
	return sim.BatchModel{Policy: best, Predictor: p.predictor}
}

// order makes all decisions of one sequence.
type order func(*sim.Batch) (sim.BatchResult, error)

func byHeuristic(h lepton.StateScorer[*sim.BatchState]) order {
	return func(b *sim.Batch) (sim.BatchResult, error) { return b.Run(h) }
}

func byPolicy(p lepton.Policy) order { return sim.BatchModel{Policy: p}.Run }

// judge runs by on the sequences that begin at starts and returns all that was measured.
func (p *past) judge(world *sim.Batch, starts []int, by order) ([]sim.BatchMetrics, error) {
	all := make([]sim.BatchMetrics, len(starts))
	for i, start := range starts {
		if err := world.Reset(p.trace.Jobs, start, p.sequence); err != nil {
			return nil, err
		}
		result, err := by(world)
		if err != nil {
			return nil, err
		}
		all[i] = result.Metrics()
	}
	return all, nil
}

// bestHeuristic returns the heuristic with the best mean of the objective where there is something to learn from.
func bestHeuristic(p *past, goal objective) (*sim.BatchHeuristic, error) {
	var best *sim.BatchHeuristic
	bestMean := math.Inf(1)
	for _, name := range sim.BatchHeuristicNames() {
		h, err := sim.BatchHeuristicByName(name)
		if err != nil {
			return nil, err
		}
		measured, err := p.judge(p.world, p.train, byHeuristic(h))
		if err != nil {
			return nil, err
		}
		mean := 0.0
		for _, m := range measured {
			mean += goal.metric().of(m) / float64(len(measured))
		}
		if goal.metric().shown.HigherIsBetter {
			mean = -mean
		}
		if mean < bestMean {
			best, bestMean = h, mean
		}
	}
	if best == nil {
		return nil, errors.New("no heuristic can order this trace")
	}
	return best, nil
}

// fitRunTimes fits a random forest to the run times of the part to learn from, and keeps it if it foretells those
// of the next part better than the users' requests do.
func fitRunTimes(p *past, set settings) (string, error) {
	forest := supervised.RandomForest{Trees: 50, Depth: 12, MinLeaf: 5, Threads: 2, Seed: set.seed}
	predictor, err := sim.FitBatchPredictor(p.trace, p.options, p.train, p.sequence, forest)
	if err != nil {
		return "", err
	}
	model, asked, jobs, err := p.errors(predictor)
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("the forest is off by a factor of %.2f, the requests by %.2f (geometric means over %d later jobs)", math.Exp(model), math.Exp(asked), jobs)
	if model >= asked {
		return said + ": requests are kept", nil
	}
	return said + ": the forest is used", p.usePredictor(predictor)
}

// errors returns the mean absolute error of predictor and of the requests, in logarithms, on the jobs to choose by.
func (p *past) errors(predictor *sim.BatchPredictor) (model, asked float64, jobs int, err error) {
	o := p.options
	foretold := make(map[int64]float64)
	o.Predict = func(job sim.QueuedJob, ended []sim.EndedJob) float64 {
		foretold[job.ID] = predictor.Predict(job, ended)
		return float64(job.Request)
	}
	world, err := sim.NewBatch(p.trace.Machine(), o)
	if err != nil {
		return 0, 0, 0, err
	}
	fcfs, err := sim.BatchHeuristicByName("FCFS")
	if err != nil {
		return 0, 0, 0, err
	}
	for i, start := range p.choose {
		if i%5 != 0 { // a few sequences that hardly overlap are enough
			continue
		}
		if err := world.Reset(p.trace.Jobs, start, p.sequence); err != nil {
			return 0, 0, 0, err
		}
		if _, err := world.Run(fcfs); err != nil {
			return 0, 0, 0, err
		}
		for _, job := range p.trace.Jobs[start : start+p.sequence] {
			run := math.Log(float64(max(job.Run, 1)))
			model += math.Abs(math.Log(foretold[job.ID]) - run)
			asked += math.Abs(math.Log(float64(max(job.Request, 1))) - run)
			jobs++
		}
	}
	return model / float64(jobs), asked / float64(jobs), jobs, nil
}
