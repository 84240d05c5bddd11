package supervised_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/leptonsched/lepton/supervised"
)

const jobs = `procs,hours,queue,outcome
1,0.5,short,done
2,1,short,done
4,2,short,done
8,1,short,done
16,30,long,failed
32,24,long,failed
64,40,long,failed
16,NA,long,failed
4,20,long,done
2,1,short,done
`

func ExampleReadCSV() {
	d, err := supervised.ReadCSV(strings.NewReader(jobs), supervised.CSVOptions{
		Target: "outcome", Classify: true, Categorical: []string{"queue"},
	})
	fmt.Println(err)
	fmt.Println(d.Len(), "rows,", d.Schema().Classes)
	for _, c := range d.Schema().Columns {
		fmt.Println(c.Name, c.Levels)
	}

	_, err = supervised.ReadCSV(strings.NewReader("procs,hours\n1,2\n4,soon\n"), supervised.CSVOptions{Target: "hours"})
	fmt.Println(err)
	// Output:
	// <nil>
	// 10 rows, [done failed]
	// procs []
	// hours []
	// queue [long short]
	// csv line 3, column "hours": supervised: not a number: "soon"
}

func ExampleNewDataset() {
	d, err := supervised.NewDataset(supervised.Data{
		Columns:    []supervised.Column{{Name: "procs"}, {Name: "queue", Kind: supervised.Categorical, Levels: []string{"short", "long"}}},
		Rows:       [][]float64{{4, 0}, {8, 1}, {1, 0}},
		Target:     []float64{600, 7200, 60},
		TargetName: "seconds",
	})
	fmt.Println(err)
	fmt.Println(d.Len(), d.Width(), d.Target(1), d.Row(nil, 1))
	// Output:
	// <nil>
	// 3 2 7200 [8 1]
}

func ExampleRandomForest_FitClassifier() {
	d, err := supervised.ReadCSV(strings.NewReader(jobs), supervised.CSVOptions{
		Target: "outcome", Classify: true, Categorical: []string{"queue"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.RandomForest{Trees: 50, Seed: 1}.FitClassifier(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	queue := m.Schema().Columns[2]
	fmt.Println("fails, small:", m.Predict([]float64{2, 1, queue.Code("short")}) > 0.5)
	fmt.Println("fails, large:", m.Predict([]float64{48, 36, queue.Code("long")}) > 0.5)
	// Output:
	// fails, small: false
	// fails, large: true
}

func ExampleRandomForest_FitRegressor() {
	var data supervised.Data
	for i := range 100 {
		x := float64(i) / 10
		data.Rows = append(data.Rows, []float64{x})
		data.Target = append(data.Target, x*x)
	}
	d, err := supervised.NewDataset(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.RandomForest{Seed: 1}.FitRegressor(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f %.0f\n", m.Predict([]float64{3}), m.Predict([]float64{7}))
	// Output:
	// 9 49
}

func ExampleGradientBoosting_FitClassifier() {
	d, err := supervised.ReadCSV(strings.NewReader(jobs), supervised.CSVOptions{
		Target: "outcome", Classify: true, Categorical: []string{"queue"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.GradientBoosting{Rounds: 20, MinLeaf: 1, Rising: []string{"procs"}}.FitClassifier(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	queue := m.Schema().Columns[2]
	fmt.Println("fails, small:", m.Predict([]float64{2, 1, queue.Code("short")}) > 0.5)
	fmt.Println("fails, large:", m.Predict([]float64{48, 36, queue.Code("long")}) > 0.5)
	// Output:
	// fails, small: false
	// fails, large: true
}

func ExampleGradientBoosting_FitRegressor() {
	var data supervised.Data
	for i := range 200 {
		data.Rows = append(data.Rows, []float64{float64(i % 20)})
		data.Target = append(data.Target, float64(i%20*10+i/20)) // from 10x to 10x + 9
	}
	d, err := supervised.NewDataset(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	// An upper bound: what 85 in 100 stay at or below.
	o := supervised.GradientBoosting{Loss: supervised.QuantileLoss, Quantile: 0.85, MinLeaf: 5}
	m, err := o.FitRegressor(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f\n", m.Predict([]float64{7}))
	// Output:
	// 78
}

func ExampleParseLoss() {
	l, err := supervised.ParseLoss("huber")
	fmt.Println(l == supervised.HuberLoss, err)
	// Output:
	// true <nil>
}

func ExampleRandomForest_FitQuantiles() {
	var data supervised.Data
	for i := range 400 {
		data.Rows = append(data.Rows, []float64{float64(i % 4)})
		data.Target = append(data.Target, float64(i%4*1000+i/4)) // from 1000x to 1000x + 99
	}
	d, err := supervised.NewDataset(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.RandomForest{MinLeaf: 50, Seed: 1}.FitQuantiles(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	q := make([]float64, 2)
	if err := m.Quantiles(q, []float64{2}, []float64{0.1, 0.9}); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%.0f\n", q)
	// Output:
	// [2010 2090]
}

func ExamplePartialDependence() {
	d, err := supervised.NewDataset(supervised.Data{
		Rows: [][]float64{{1, 5}, {2, 1}, {3, 3}, {4, 7}}, Target: []float64{7, 5, 9, 15}, // 2·x0 + x1
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.LinearRegression{}.Fit(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	means, err := supervised.PartialDependence(m, d, "x0", []float64{0, 10})
	fmt.Printf("%.0f %v\n", means, err)
	// Output:
	// [4 24] <nil>
}

func ExampleCompile() {
	d, err := supervised.NewDataset(supervised.Data{
		Columns: []supervised.Column{{Name: "procs"}},
		Rows:    [][]float64{{1}, {2}, {8}, {16}}, Target: []float64{60, 60, 7200, 7200}, TargetName: "seconds",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.GradientBoosting{Rounds: 1, Rate: 1, MinLeaf: 1}.FitRegressor(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := supervised.Compile(m, supervised.CompileOptions{Package: "runtimes"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, tree, _ := strings.Cut(string(source), "func tree0")
	fmt.Println("func tree0" + tree[:strings.Index(tree, "\n}")+2])
	// Output:
	// func tree0(s *[1]float64) float64 {
	// 	if s[0] <= 5 {
	// 		return -3570
	// 	}
	// 	return 3570
	// }
}

func ExampleLogisticRegression_Fit() {
	d, err := supervised.NewDataset(supervised.Data{
		Rows:   [][]float64{{-2}, {-1}, {1}, {2}},
		Target: []float64{0, 0, 1, 1}, Classes: []string{"no", "yes"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.LogisticRegression{C: 10}.Fit(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := make([]float64, 2)
	if err := m.PredictProba(p, []float64{0.5}); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%.2f\n", p)
	// Output:
	// [0.24 0.76]
}

func ExampleLinearRegression_Fit() {
	d, err := supervised.NewDataset(supervised.Data{Rows: [][]float64{{1}, {2}, {3}}, Target: []float64{3, 5, 7}})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.LinearRegression{}.Fit(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f + %.0f x\n", m.Intercept(), m.Weights(0)[0])
	// Output:
	// 1 + 2 x
}

func ExampleQuantileRegression_Fit() {
	d, err := supervised.NewDataset(supervised.Data{
		Rows: [][]float64{{1}, {1}, {1}, {2}, {2}, {2}}, Target: []float64{10, 11, 30, 20, 21, 40},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.QuantileRegression{Quantile: 0.5}.Fit(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("the median at 3: %.1f\n", m.Predict([]float64{3}))
	// Output:
	// the median at 3: 31.0
}

func ExampleConformal_Calibrate() {
	jobs := func(seed int) supervised.Data { // seconds grow with the cores asked for, and scatter
		var d supervised.Data
		for i := range 100 {
			cores := float64(1 + (i+seed)%8)
			d.Rows = append(d.Rows, []float64{cores})
			d.Target = append(d.Target, 60*cores+float64((i*37+seed)%50))
		}
		return d
	}
	fit, err := supervised.NewDataset(jobs(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	held, err := supervised.NewDataset(jobs(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.LinearRegression{}.Fit(fit)
	if err != nil {
		fmt.Println(err)
		return
	}
	bound, err := supervised.Conformal{Alpha: 0.05}.Calibrate(m, held)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := []float64{4}
	fmt.Printf("expected %.0f s, 19 of 20 end by %.0f s\n", m.Predict(x), bound.Predict(x))
	// Output:
	// expected 264 s, 19 of 20 end by 288 s
}

func ExampleAdaptiveConformal_Start() {
	d, err := supervised.NewDataset(supervised.Data{Rows: [][]float64{{1}, {2}, {3}}, Target: []float64{3, 5, 7}})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.LinearRegression{}.Fit(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	bounds, err := supervised.AdaptiveConformal{Alpha: 0.1, Window: 100}.Start(m)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 100 { // outcomes are up to 9 above the estimate
		x := float64(i % 3)
		if err := bounds.PartialFit([]float64{x}, 1+2*x+float64(i%10)); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%.0f\n", bounds.Model().Predict([]float64{10}))
	// Output:
	// 30
}

func ExampleCalibration_Fit() {
	var data supervised.Data
	data.Classes = []string{"done", "failed"}
	for i := range 200 { // one failure in four, whatever the column says
		data.Rows = append(data.Rows, []float64{float64(i % 7)})
		data.Target = append(data.Target, float64(i%4/3))
	}
	d, err := supervised.NewDataset(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.LogisticRegression{}.Fit(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := supervised.Calibration{}.Fit(m, d)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", c.Predict([]float64{3}))
	// Output:
	// 0.25
}

func ExampleReadModel() {
	d, err := supervised.NewDataset(supervised.Data{Rows: [][]float64{{1}, {2}, {3}}, Target: []float64{3, 5, 7}})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := supervised.LinearRegression{}.Fit(d)
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		fmt.Println(err)
		return
	}
	back, err := supervised.ReadModel(&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%T %.0f\n", back, back.Predict([]float64{10}))
	// Output:
	// *supervised.LinearModel 21
}

func ExampleCrossValidate() {
	var data supervised.Data
	for i := range 60 {
		data.Rows = append(data.Rows, []float64{float64(i), float64(i % 7)})
		data.Target = append(data.Target, 3*float64(i)-2*float64(i%7))
		data.Times = append(data.Times, float64(i))
	}
	d, err := supervised.NewDataset(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Each test block comes after what was trained on, by more than 5.
	splits, err := supervised.ForwardChain(d, 3, 5)
	if err != nil {
		fmt.Println(err)
		return
	}
	scores, err := supervised.CrossValidate(d, splits, supervised.LinearRegression{}.Fit, supervised.ScoreRegressor)
	for k, s := range scores {
		fmt.Printf("fit on %d, tested on %d: RMSE %.3f\n", len(splits[k].Train), s.Rows, s.RMSE)
	}
	fmt.Println(err)
	// Output:
	// fit on 10, tested on 15: RMSE 0.000
	// fit on 25, tested on 15: RMSE 0.000
	// fit on 40, tested on 15: RMSE 0.000
	// <nil>
}
