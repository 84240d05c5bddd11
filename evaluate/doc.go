// Package evaluate says how good a policy is, beside the incumbent and with how much certainty, and writes it down
// for people: an interval, a table, one plain sentence, a report with plots.
//
// The smallest use compares methods on the same units, one value per unit (a unit is whatever was replayed under
// each method: a job sequence, a day, a seed):
//
//	c, err := evaluate.Compare([]evaluate.Method{
//		{Name: "SJF", Values: [][]float64{sjfSlowdown}},
//		{Name: "learned", Values: [][]float64{learnedSlowdown}},
//	}, evaluate.CompareOptions{
//		Reference: "SJF",
//		Metrics:   []evaluate.Metric{{Name: "bounded slowdown", Scale: evaluate.Ratio}},
//	})
//	fmt.Print(c.Text())
//
// and a report holds such a comparison beside facts, prose and plots:
//
//	r := evaluate.NewReport("Batch queue")
//	r.Facts(evaluate.Fact{Name: "seed", Value: "1"})
//	r.Table(c.Table())
//	r.Plot(dots, "The learned policy beside SJF.", "Dot plot of ratios to SJF.")
//	_, err = r.WriteTo(file)
//
// # Rules the caller must keep
//
//   - Values are paired: Values[m][u] of every method comes from the same unit u, under the same conditions.
//   - Units are exchangeable and independent, or their dependence is named in Clusters: sequences that overlap, or
//     seeds that share a start, belong to one cluster and are resampled together. Dependence that is not named makes
//     intervals too narrow.
//   - The units were not used to fit or to choose any of the methods.
//
// # What it does not do
//
// Intervals are for one comparison each; nothing is corrected for having looked at many methods, so of twenty methods
// that equal the reference about one will be called better or worse at level 0.95. Nothing here is valid under
// repeated looks at growing data.
//
// Everything is deterministic: same values, options and seed give the same bytes, in tables and in reports.
package evaluate
