package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/evaluate"
	"github.com/leptonsched/lepton/sim"
)

const (
	learnedName = "learned"
	randomName  = "random"
	oracleName  = "best per sequence"
)

// compare runs every heuristic, a random order and the learned policy on the sequences set aside, each against the
// incumbent. The heuristic that hindsight would pick for each sequence is shown too: no policy, but a bound to look at.
func compare(p *past, incumbent *sim.BatchHeuristic, l *learned, set settings) (*evaluate.Comparison, error) {
	var methods []evaluate.Method
	add := func(name string, by order) error {
		measured, err := p.judge(p.world, p.test, by)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m := evaluate.Method{Name: name, Values: make([][]float64, len(metrics))}
		for k := range metrics {
			for _, sequence := range measured {
				m.Values[k] = append(m.Values[k], metrics[k].of(sequence))
			}
		}
		methods = append(methods, m)
		return nil
	}
	if err := add(learnedName, byPolicy(l.best)); err != nil {
		return nil, err
	}
	for _, name := range sim.BatchHeuristicNames() {
		h, err := sim.BatchHeuristicByName(name)
		if err != nil {
			return nil, err
		}
		if err := add(name, byHeuristic(h)); err != nil {
			return nil, err
		}
	}
	oracle := hindsight(methods[1:])
	if set.objective == "bsld" {
		for _, r := range l.rivals {
			if err := add(r.name, byPolicy(r.policy)); err != nil {
				return nil, err
			}
		}
		planner, err := sim.NewBatchPlanner(sim.BatchPlannerOptions{Backfill: set.backfill, Futures: min(max(int(16*set.effort), 2), 48), Seed: set.seed})
		if err != nil {
			return nil, err
		}
		if err := add(plannedName, byHeuristic(planner)); err != nil {
			return nil, err
		}
	}
	if p.predictor != nil { // how much of the gain is the predictions' alone
		if err := add(incumbent.OnPredictions().Name(), byHeuristic(incumbent.OnPredictions())); err != nil {
			return nil, err
		}
	}
	if err := add(randomName, byHeuristic(shuffled(set.seed))); err != nil {
		return nil, err
	}
	shown := make([]evaluate.Metric, len(metrics))
	for k := range metrics {
		shown[k] = metrics[k].shown
	}
	return evaluate.Compare(append(methods, oracle), evaluate.CompareOptions{
		Reference: incumbent.Name(), Metrics: shown, Unit: "sequence", Seed: set.seed,
	})
}

// hindsight takes, for each sequence and metric, the best that any of the methods reached.
func hindsight(methods []evaluate.Method) evaluate.Method {
	best := evaluate.Method{Name: oracleName, Values: make([][]float64, len(metrics))}
	for k := range metrics {
		for u, v := range methods[0].Values[k] {
			for _, m := range methods[1:] {
				if metrics[k].shown.HigherIsBetter {
					v = max(v, m.Values[k][u])
				} else {
					v = min(v, m.Values[k][u])
				}
			}
			best.Values[k] = append(best.Values[k], v)
		}
	}
	return best
}

// shuffled orders jobs at random: each gets a rank of its own, for good.
type shuffled uint64

// ScoresState implements lepton.StateScorer.
func (s shuffled) ScoresState(dst []float64, state *sim.BatchState, _ *lepton.Observation, _ *lepton.Scratch) {
	for i := range dst {
		dst[i] = rand.New(rand.NewPCG(uint64(s), uint64(state.Queue[i].ID))).Float64()
	}
}

// report makes the page to look at.
func report(p *past, incumbent *sim.BatchHeuristic, l *learned, table *evaluate.Comparison, sentences, args []string, set settings) (*evaluate.Report, error) {
	r := evaluate.NewReport("Learning to order a batch queue: " + p.trace.Name)
	r.Facts(
		evaluate.Fact{Name: "command", Value: strings.TrimSpace("go run ./examples/batch " + strings.Join(args, " "))},
		evaluate.Fact{Name: "objective", Value: string(set.objective)},
		evaluate.Fact{Name: "backfilling", Value: set.backfill.String()},
		evaluate.Fact{Name: "seed", Value: fmt.Sprint(set.seed)},
		evaluate.Fact{Name: "built with", Value: runtime.Version()},
	)
	r.Section("How it went")
	r.List(sentences...)
	goal := set.objective.metric()
	dots, err := table.Dots(goal.shown.Name)
	if err != nil {
		return nil, err
	}
	r.Plot(dots, fmt.Sprintf("Every order against %s, the heuristic that was best on the part to learn from: %s, with 95 %% intervals over %d sequences set aside.",
		incumbent.Name(), goal.shown.Name, len(p.test)), "Dot plot of the objective by method, with intervals")
	r.Table(table.Table())
	r.Section("The data")
	r.Text(strings.ReplaceAll(p.cleaning, "\n", "; "),
		fmt.Sprintf("%d jobs on %d processors, offered load %.2f. The first half was learned from, the next sixth chosen by, and the last third set aside: %d sequences of %d jobs that do not overlap.",
			len(p.trace.Jobs), p.trace.MaxProcs, p.trace.Load(), len(p.test), p.sequence))
	r.Section("What was learned")
	r.Text(strings.ReplaceAll(l.summary(incumbent.Name()), "\n", ". "))
	curve, err := learningCurve(l, incumbent.Name())
	if err != nil {
		return nil, err
	}
	r.Plot(curve, fmt.Sprintf("The objective against %s on the sequences to choose by, while %d learners practise. Below 1 is better; the band is a 95 %% interval of their mean.",
		incumbent.Name(), len(l.gains)), "Learning curve with an interval over seeds")
	r.Plot(weights(l.committee), "What the committee looks at: the weight of each feature of a job, all of which lie between about 0 and 1. Positive sends it forward.", "Bar chart of the weights of the committee")
	return r, nil
}

// weights shows what a linear policy looks at.
func weights(p lepton.Policy) evaluate.Bars {
	spec := p.(lepton.Specced).Spec()
	bars := evaluate.Bars{XLabel: "weight", Names: spec.ActionNames}
	// A linear score is read off one feature at a time: a row that is 1 there and 0 elsewhere.
	var obs lepton.Observation
	obs.Reset(spec.ActionDim, 0)
	obs.GrowState(spec.StateDim)
	for i := range spec.ActionDim + 1 {
		if row := obs.Actions().Add(uint64(i), true); i < spec.ActionDim {
			row[i] = 1
		}
	}
	scores := make([]float64, obs.Len())
	p.(lepton.Scorer).Scores(scores, &obs, nil)
	for i := range spec.ActionDim {
		bars.Values = append(bars.Values, scores[i]-scores[spec.ActionDim])
	}
	return bars
}

func learningCurve(l *learned, incumbent string) (evaluate.Curve, error) {
	runs := make([][]float64, len(l.gains))
	for i, gains := range l.gains {
		for _, g := range gains {
			runs[i] = append(runs[i], math.Exp(-g))
		}
	}
	series, err := evaluate.SeedSeries(learnedName, l.practice, runs, 0.95)
	return evaluate.Curve{
		XLabel: "sequences practised on", YLabel: "objective / " + incumbent,
		Series: []evaluate.Series{series}, References: []evaluate.Level{{Name: incumbent, Y: 1}},
	}, err
}
