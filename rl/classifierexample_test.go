package rl_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/supervised"
)

// A job fails when it is either wide or long, but not when it is both: those go to another queue.
func ExampleClassifier_Fit() {
	data := supervised.Data{
		Columns: []supervised.Column{{Name: "cores"}, {Name: "hours"}},
		Classes: []string{"done", "failed"},
	}
	for i := range 200 {
		cores, hours := float64(1+i%16), float64(1+i*7%24)
		failed := 0.0
		if (cores > 8) != (hours > 12) {
			failed = 1
		}
		data.Rows, data.Target = append(data.Rows, []float64{cores, hours}), append(data.Target, failed)
	}
	d, err := supervised.NewDataset(data)
	if err != nil {
		panic(err)
	}
	m, err := rl.Classifier{Seed: 1}.Fit(context.Background(), d)
	if err != nil {
		panic(err)
	}
	for _, row := range [][]float64{{2, 3}, {2, 20}, {14, 3}, {14, 20}} {
		fmt.Printf("%2.0f cores, %2.0f hours: %.1f\n", row[0], row[1], m.Predict(row))
	}
	// Output:
	//  2 cores,  3 hours: 0.0
	//  2 cores, 20 hours: 1.0
	// 14 cores,  3 hours: 1.0
	// 14 cores, 20 hours: 0.0
}

func ExampleReadClassifier() {
	d, err := supervised.NewDataset(supervised.Data{
		Rows: [][]float64{{1}, {2}, {3}, {4}}, Target: []float64{0, 0, 1, 1}, Classes: []string{"done", "failed"},
	})
	if err != nil {
		panic(err)
	}
	m, err := rl.Classifier{}.Fit(context.Background(), d)
	if err != nil {
		panic(err)
	}
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		panic(err)
	}
	back, err := rl.ReadClassifier(&file)
	if err != nil {
		panic(err)
	}
	row := []float64{3.5}
	fmt.Println(back.Schema().Classes, back.Predict(row) == m.Predict(row))
	// Output: [done failed] true
}
