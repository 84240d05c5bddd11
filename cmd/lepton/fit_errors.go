package main

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/leptonsched/lepton/evaluate"
)

// errorTable shows how far the answers are from the truth, by quantiles.
func errorTable(y, predicted []float64) evaluate.Table {
	signed, size := make([]float64, len(y)), make([]float64, len(y))
	for i := range y {
		signed[i] = predicted[i] - y[i]
		size[i] = math.Abs(signed[i])
	}
	slices.Sort(signed)
	slices.Sort(size)
	t := evaluate.Table{Header: []string{"share of rows below", "predicted − true", "its size"}}
	for _, q := range []float64{0.05, 0.25, 0.5, 0.75, 0.95, 1} {
		t.Rows = append(t.Rows, []string{
			fmt.Sprintf("%.0f %%", 100*q), digits(stat.Quantile(q, stat.Empirical, signed, nil)), digits(stat.Quantile(q, stat.Empirical, size, nil)),
		})
	}
	return t
}
