package supervised_test

import (
	"fmt"

	"github.com/leptonsched/lepton/supervised"
)

// jobStream is one job after another: two columns, and whether it failed, which the first decides.
func jobStream(n int) (rows [][]float64, failed []float64) {
	for i := range n {
		x := []float64{float64(i * 7 % 10), float64(i * 3 % 11)}
		y := 0.0
		if x[0] >= 5 {
			y = 1
		}
		rows, failed = append(rows, x), append(failed, y)
	}
	return rows, failed
}

var jobSchema = supervised.Schema{
	Columns: []supervised.Column{{Name: "load"}, {Name: "hour"}}, Target: "outcome", Classes: []string{"done", "failed"},
}

// teach gives t the stream and says how likely failure is at a low and at a high load.
func teach(t supervised.Incremental) {
	rows, failed := jobStream(2000)
	for i, x := range rows {
		if err := t.PartialFit(x, failed[i]); err != nil {
			fmt.Println(err)
			return
		}
	}
	m := t.Model()
	fmt.Println(m.Predict([]float64{1, 4}) > 0.5, m.Predict([]float64{8, 4}) > 0.5)
}

func ExampleOnlineLogistic_Start() {
	t, err := supervised.OnlineLogistic{}.Start(jobSchema)
	if err != nil {
		fmt.Println(err)
		return
	}
	teach(t)
	// Output:
	// false true
}

func ExampleHoeffdingTree_Start() {
	t, err := supervised.HoeffdingTree{}.Start(jobSchema)
	if err != nil {
		fmt.Println(err)
		return
	}
	teach(t)
	// Output:
	// false true
}

func ExampleAdaptiveForest_Start() {
	t, err := supervised.AdaptiveForest{Seed: 1}.Start(jobSchema)
	if err != nil {
		fmt.Println(err)
		return
	}
	teach(t)
	// Output:
	// false true
}

func ExampleDriftRefit_Start() {
	t, err := supervised.DriftRefit{MinRows: 100}.Start(jobSchema, nil, func(d *supervised.Dataset) (supervised.Model, error) {
		return supervised.RandomForest{Trees: 10, Seed: 1}.FitClassifier(d)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	teach(t)
	// Output:
	// false true
}

func ExamplePartialFit() {
	rows, failed := jobStream(500)
	d, err := supervised.NewDataset(supervised.Data{Columns: jobSchema.Columns, Rows: rows, Target: failed, Classes: jobSchema.Classes})
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := supervised.OnlineLogistic{}.Start(d.Schema())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(supervised.PartialFit(t, d))
	// Output:
	// <nil>
}

func ExampleNewADWIN() {
	w, err := supervised.NewADWIN(supervised.ADWINOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 2000 {
		wrong := 0.0 // a model errs on one row of ten, then on every second
		if i < 1000 && i%10 == 0 || i >= 1000 && i%2 == 0 {
			wrong = 1
		}
		drift, err := w.Add(wrong)
		if err != nil {
			fmt.Println(err)
			return
		}
		if drift {
			fmt.Println("a change, seen by row 1100:", i >= 1000 && i < 1100)
			return
		}
	}
	// Output:
	// a change, seen by row 1100: true
}
