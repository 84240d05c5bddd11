package supervised_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton/supervised"
)

// manyJobs are 300 jobs whose run time hangs on two of four columns.
func manyJobs() *supervised.Dataset {
	r := rand.New(rand.NewPCG(1, 1))
	d := supervised.Data{Columns: []supervised.Column{{Name: "hour"}, {Name: "input"}, {Name: "day"}, {Name: "cores"}}}
	for range 300 {
		input, cores := r.ExpFloat64(), float64(1+r.IntN(8))
		d.Rows = append(d.Rows, []float64{float64(r.IntN(24)), input, float64(r.IntN(7)), cores})
		d.Target = append(d.Target, 60*input/cores)
	}
	out, err := supervised.NewDataset(d)
	if err != nil {
		panic(err)
	}
	return out
}

func ExampleSearch() {
	d := manyJobs()
	splits, err := supervised.KFold(d, 3, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	candidates := supervised.Grid(supervised.RandomForest{Trees: 20, Seed: 1},
		supervised.Vary(func(o *supervised.RandomForest, v int) { o.Depth = v }, 1, 8),
		supervised.Vary(func(o *supervised.RandomForest, v int) { o.Features = v }, 1, 4))
	trials, err := supervised.Search(context.Background(), d, splits, candidates,
		supervised.RandomForest.FitRegressor, supervised.RegressorLoss, supervised.SearchOptions{Threads: 2})
	fmt.Println(err, len(trials))
	fmt.Println("best: depth", trials[0].Options.Depth, "features", trials[0].Options.Features)
	// Output:
	// <nil> 4
	// best: depth 8 features 4
}

func ExampleHalving() {
	d := manyJobs()
	splits, err := supervised.KFold(d, 3, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	candidates := supervised.Draws(supervised.LinearRegression{}, 9, 1,
		func(o *supervised.LinearRegression, r *rand.Rand) { o.L2 = math.Pow(10, 8*r.Float64()-2) })
	trials, err := supervised.Halving(context.Background(), d, splits, candidates,
		supervised.LinearRegression.Fit, supervised.RegressorLoss, supervised.HalvingOptions[supervised.LinearRegression]{})
	fmt.Println(err)
	for _, t := range trials[:4] {
		fmt.Printf("%.2f of the rows, L2 below 1000: %v\n", t.Share, t.Options.L2 < 1000)
	}
	// Output:
	// <nil>
	// 1.00 of the rows, L2 below 1000: true
	// 0.33 of the rows, L2 below 1000: true
	// 0.33 of the rows, L2 below 1000: true
	// 0.11 of the rows, L2 below 1000: true
}

func ExampleMutualInformation() {
	d := manyJobs()
	scores, err := supervised.MutualInformation(d, 5)
	fmt.Println(err)
	names, err := supervised.TopColumns(d, scores, 2)
	fmt.Println(err, names)
	// Output:
	// <nil>
	// <nil> [input cores]
}

func ExampleEliminate() {
	d := manyJobs()
	splits, err := supervised.KFold(d, 3, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := supervised.Eliminate(context.Background(), d, splits,
		supervised.RandomForest{Trees: 20, Features: 4, Seed: 1}.FitRegressor, (*supervised.ForestRegressor).Importance,
		supervised.RegressorLoss, supervised.EliminateOptions{})
	fmt.Println(err)
	fmt.Println(e.Columns)
	// Output:
	// <nil>
	// [input cores]
}
