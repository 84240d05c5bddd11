package golearnbridge_test

import (
	"fmt"

	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/trees"

	"github.com/leptonsched/lepton/supervised"
	"github.com/leptonsched/lepton/supervised/golearnbridge"
)

// late is eight jobs, of which the large ones were late.
func late() *supervised.Dataset {
	d, err := supervised.NewDataset(supervised.Data{
		Columns:    []supervised.Column{{Name: "procs"}, {Name: "queue", Kind: supervised.Categorical, Levels: []string{"short", "long"}}},
		Rows:       [][]float64{{1, 0}, {2, 0}, {2, 1}, {3, 1}, {16, 1}, {24, 0}, {32, 1}, {64, 1}},
		Target:     []float64{0, 0, 0, 0, 1, 1, 1, 1},
		TargetName: "late", Classes: []string{"no", "yes"},
	})
	if err != nil {
		panic(err)
	}
	return d
}

func ExampleNewClassifier() {
	grid, err := golearnbridge.ToGrid(late())
	fmt.Println(err)
	var c base.Classifier = golearnbridge.NewClassifier("forest", supervised.RandomForest{Trees: 20, Seed: 1}.FitClassifier)
	fmt.Println(c.Fit(grid))
	answers, err := c.Predict(grid)
	fmt.Println(c, err, base.GetClass(answers, 0), base.GetClass(answers, 7))
	// Output:
	// <nil>
	// <nil>
	// forest <nil> no yes
}

func ExampleFit() {
	m, err := golearnbridge.Fit(trees.NewID3DecisionTree(0), late())
	fmt.Println(err)
	fmt.Println(m.Predict([]float64{2, 0}), m.Predict([]float64{48, 0}))
	// Output:
	// <nil>
	// 0 1
}

func ExampleFromGrid() {
	grid, err := golearnbridge.ToGrid(late())
	fmt.Println(err)
	d, err := golearnbridge.FromGrid(grid)
	fmt.Println(err, d.Len(), d.Schema().Classes, d.Row(nil, 2))
	// Output:
	// <nil>
	// <nil> 8 [no yes] [2 1]
}
