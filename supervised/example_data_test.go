package supervised_test

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/leptonsched/lepton/supervised"
)

func ExampleFromStructs() {
	type job struct {
		Queue   string        `lepton:"queue,categorical"`
		Procs   int           `lepton:"procs"`
		Memory  *float64      `lepton:"memory"` // nil: missing
		Runtime time.Duration `lepton:"seconds,target"`
		Comment string        // no tag: left out
	}
	d, err := supervised.FromStructs([]job{
		{Queue: "short", Procs: 4, Runtime: 10 * time.Minute},
		{Queue: "long", Procs: 8, Runtime: 2 * time.Hour},
	})
	fmt.Println(err)
	fmt.Println(d.Schema().Columns[0].Levels, d.Row(nil, 1), d.Targets())

	reader, err := supervised.NewRowReader[job](d.Schema())
	fmt.Println(err)
	fmt.Println(reader.Row(nil, &job{Queue: "short", Procs: 16}))
	// Output:
	// <nil>
	// [long short] [0 8 NaN] [600 7200]
	// <nil>
	// [1 16 NaN]
}

func ExampleInferCSV() {
	o, err := supervised.InferCSV(strings.NewReader(jobs), supervised.CSVOptions{Target: "outcome", Classify: true})
	fmt.Println(err, o.Categorical)
	d, err := supervised.ReadCSV(strings.NewReader(jobs), o)
	fmt.Println(err, d.Len())
	// Output:
	// <nil> [queue]
	// <nil> 10
}

func ExampleReadTAB1() {
	d, err := supervised.NewDataset(supervised.Data{Rows: [][]float64{{1, 2}, {3, 4}}, Target: []float64{0.5, 0.25}})
	fmt.Println(err)
	var file bytes.Buffer
	fmt.Println(supervised.WriteTAB1(&file, d))
	again, err := supervised.ReadTAB1(&file, supervised.TAB1Options{})
	fmt.Println(err)
	fmt.Println(again.Row(nil, 1), again.Targets())
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// [3 4] [0.5 0.25]
}
