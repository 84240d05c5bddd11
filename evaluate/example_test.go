package evaluate_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/leptonsched/lepton/evaluate"
)

// Waits in seconds of the same eight days under two policies.
var (
	incumbent = []float64{120, 340, 95, 410, 220, 180, 300, 150}
	learned   = []float64{101, 290, 88, 330, 201, 149, 255, 131}
)

func ExamplePairedBootstrap() {
	got, err := evaluate.PairedBootstrap(learned, incumbent, evaluate.BootstrapOptions{Scale: evaluate.Ratio, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f (%.2f to %.2f) over %d days\n", got.Value, got.Lower, got.Upper, got.Units)
	// Output: 0.86 (0.83 to 0.90) over 8 days
}

func ExampleMeanInterval() {
	got, err := evaluate.MeanInterval([]float64{31, 29, 33, 30, 32}, 0.95)
	fmt.Printf("%.1f (%.1f to %.1f) %v\n", got.Value, got.Lower, got.Upper, err)
	// Output: 31.0 (29.0 to 33.0) <nil>
}

func ExampleCompare() {
	c, err := evaluate.Compare([]evaluate.Method{
		{Name: "incumbent", Values: [][]float64{incumbent}},
		{Name: "learned", Values: [][]float64{learned}},
	}, evaluate.CompareOptions{
		Reference: "incumbent",
		Metrics:   []evaluate.Metric{{Name: "wait (s)", Scale: evaluate.Ratio}},
		Unit:      "day",
		Seed:      1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(c.Text())
	sentences, _ := c.Sentences("wait (s)")
	fmt.Println(strings.Join(sentences, "\n"))
	// Output:
	// method     wait (s)    ratio to incumbent  verdict
	// ---------  --------  --------------------  ---------
	// incumbent     226.9                        reference
	// learned       193.1  0.860 [0.829, 0.896]  better
	//
	// Lower is better: wait (s). A ratio is the geometric mean of the ratios per day. Brackets: 95% interval, paired bootstrap over 8 days (10000 resamples, seed 1).
	// learned is better than incumbent: wait (s) 14% lower (95% interval 10% to 17%)
}

func ExampleSeedSeries() {
	steps := []float64{0, 1000, 2000}
	s, err := evaluate.SeedSeries("learned", steps, [][]float64{{50, 34, 30}, {54, 38, 31}, {52, 36, 29}}, 0.95)
	fmt.Println(s.Y, err)
	// Output: [52 36 30] <nil>
}

func ExampleNewReport() {
	r := evaluate.NewReport("Two weeks of the batch queue")
	r.Facts(evaluate.Fact{Name: "seed", Value: "1"})
	r.Section("Learning curve")
	r.Plot(evaluate.Curve{
		XLabel:     "transitions",
		YLabel:     "mean wait (s)",
		Series:     []evaluate.Series{{Name: "learned", X: []float64{0, 1000, 2000}, Y: []float64{300, 210, 195}}},
		References: []evaluate.Level{{Name: "incumbent", Y: 227}},
	}, "Mean wait while learning.", "The wait falls from 300 s to 195 s, below the incumbent's 227 s.")
	var page bytes.Buffer
	if _, err := r.WriteTo(&page); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Count(page.String(), "<svg"), "plot")
	// Output: 1 plot
}
