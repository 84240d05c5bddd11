package features_test

import (
	"fmt"
	"math"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
)

type Worker struct {
	ID             uint64
	Running, Slots int
	Up             bool
}

type Pool struct {
	Queued  int
	Kind    string
	Oldest  time.Duration
	Workers []Worker
}

func Example() {
	enc, err := features.State(
		features.Numeric("queued", func(p *Pool) int { return p.Queued }),
		features.Scaled("oldest_s", float64(time.Second), func(p *Pool) time.Duration { return p.Oldest }),
		features.OneHot("kind", []string{"batch", "web"}, func(p *Pool) string { return p.Kind }),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	type candidate = features.Candidate[*Pool, Worker]
	workers, err := features.Candidates(
		func(p *Pool) []Worker { return p.Workers },
		func(w Worker) uint64 { return w.ID },
		features.Legal(func(c candidate) bool { return c.Action.Up }),
		features.Numeric("running", func(c candidate) int { return c.Action.Running }),
		features.Ratio("load", func(c candidate) (int, int) { return c.Action.Running, c.Action.Slots }),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	pool := &Pool{Queued: 3, Kind: "web", Oldest: 2 * time.Minute, Workers: []Worker{{17, 1, 4, true}, {18, 4, 4, false}}}
	var obs lepton.Observation
	if err := lepton.Encode[*Pool](&obs, enc, workers, pool, 0); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(enc.FeatureNames(), obs.State())
	for i := range obs.Len() {
		fmt.Println(obs.ID(i), obs.Legal(i), obs.Action(i))
	}
	// Output:
	// [queued oldest_s kind=batch kind=web] [3 120 0 1]
	// 17 true [1 0.25]
	// 18 false [4 1]
}

func ExampleState() {
	enc, err := features.State(
		features.LogBucket("queue", 1, 10, 4, func(p *Pool) int { return p.Queued }),
		features.Log1p("oldest", func(p *Pool) float64 { return p.Oldest.Seconds() }),
	)
	fmt.Println(enc.FeatureNames(), err)
	fmt.Printf("%.3f\n", enc.AppendState(nil, &Pool{Queued: 25, Oldest: time.Minute}))

	_, err = features.State(
		features.Numeric("queued", func(p *Pool) int { return p.Queued }),
		features.Clipped("queued", 5, 1, func(p *Pool) int { return p.Queued }),
	)
	fmt.Println(err)
	// Output:
	// [queue<1 queue=[1,10) queue=[10,100) queue>=100 oldest] <nil>
	// [0.000 0.000 1.000 0.000 4.111]
	// features: "queued" is clipped to [5, 1], want lo ≤ hi
	// features: "queued" is named twice
}

// Pointers into a slice of large structs spare the copies.
func ExampleCandidatesAt() {
	type candidate = features.Candidate[*Pool, *Worker]
	workers, err := features.CandidatesAt(
		func(p *Pool) int { return len(p.Workers) },
		func(p *Pool, i int) *Worker { return &p.Workers[i] },
		func(w *Worker) uint64 { return w.ID },
		features.Numeric("free", func(c candidate) int { return c.Action.Slots - c.Action.Running }),
	)
	fmt.Println(workers.FeatureNames(), err)
	// Output: [free] <nil>
}

func ExampleDiscrete() {
	actions := []string{"hold", "add", "remove"}
	replicas, err := features.Discrete(actions,
		features.OneHotAction[*Pool](actions...),
		features.Legal(func(c features.Candidate[*Pool, int]) bool { return c.Action != 2 || len(c.State.Workers) > 1 }),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	var obs lepton.Observation
	obs.Reset(3, 0)
	replicas.Offer(obs.Actions(), &Pool{Workers: make([]Worker, 1)})
	for i, name := range replicas.ActionNames() {
		fmt.Println(name, obs.Legal(i), obs.Action(i))
	}
	// Output:
	// hold true [1 0 0]
	// add true [0 1 0]
	// remove false [0 0 1]
}

func ExampleFitScaler() {
	history := []float64{ // load and queue of five observations
		0.1, 3,
		0.5, math.NaN(),
		0.9, 5,
		0.5, 4,
		0.5, 900,
	}
	scaler, err := features.FitScaler(history, 2, features.FillMedian(), features.ClipQuantiles(0, 0.75), features.MinMax())
	if err != nil {
		fmt.Println(err)
		return
	}
	row := []float64{0.3, math.NaN()}
	if err := scaler.Apply(row, row); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", row)
	// Output: [0.50 0.75]
}

func ExampleNewDiscretizer() {
	load, err := features.UniformCuts(0, 1, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := features.NewDiscretizer([][]float64{load, {1, 10}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var obs lepton.Observation
	obs.Reset(0, 0)
	for _, state := range [][]float64{{0.3, 0}, {0.4, 0}, {0.4, 1}, {math.NaN(), 50}} {
		obs.SetState(state)
		fmt.Print(table.Key(&obs), " ")
	}
	states, _ := table.Keys()
	fmt.Println("of", states)
	// Output: 4 4 5 18 of 20
}

func ExampleTop() {
	names := []string{"load", "queue", "noise"}
	rows := []float64{0.1, 1, 0.5, 0.2, 5, 0.4, 0.4, 2, 0.5, 0.8, 6, 0.4}
	wait := []float64{1, 2, 4, 8}
	scores, err := features.Correlation(rows, len(names), wait)
	if err != nil {
		fmt.Println(err)
		return
	}
	best, err := features.Top(names, scores, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	narrow, err := best.Append(nil, rows[:3])
	fmt.Println(best.FeatureNames(), narrow, err)
	// Output: [load queue] [0.1 1] <nil>
}
