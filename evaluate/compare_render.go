package evaluate

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Table lays the comparison out for people: a row per method, and per metric the mean, the effect against the
// reference with its interval, and the verdict. The note says how to read it.
func (c *Comparison) Table() Table {
	t := Table{Header: []string{"method"}, Note: c.note()}
	for _, metric := range c.options.Metrics {
		t.Header = append(t.Header, metric.Name, metric.Scale.String()+" to "+c.options.Reference, "verdict")
	}
	for i, name := range c.names {
		row := []string{name}
		for m, cell := range c.cells[i] {
			effect := ""
			if cell.Verdict != Reference {
				effect = effectText(cell.Effect.Value, cell.Effect.Lower, cell.Effect.Upper, c.options.Metrics[m].Scale.equal())
			}
			row = append(row, short(cell.Mean), effect, string(cell.Verdict))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// Text is the Table for a terminal.
func (c *Comparison) Text() string { return c.Table().Text() }

// Markdown is the Table in the GitHub dialect.
func (c *Comparison) Markdown() string { return c.Table().Markdown() }

// CSV is the comparison for programs: a row per method and metric at full precision, with the columns method, metric,
// better ("lower" or "higher"), mean, reference, scale, effect, lower, upper, level, units, clusters, verdict. What is
// not known, and the effect of the reference on itself, is empty.
func (c *Comparison) CSV() string {
	t := Table{Header: []string{"method", "metric", "better", "mean", "reference", "scale", "effect", "lower", "upper",
		"level", "units", "clusters", "verdict"}}
	for i, name := range c.names {
		for m, metric := range c.options.Metrics {
			cell := c.cells[i][m]
			row := []string{name, metric.Name, "lower", exact(cell.Mean), c.options.Reference, metric.Scale.String(),
				"", "", "", exact(c.options.Level), fmt.Sprint(len(cell.Values)), fmt.Sprint(c.clusters()), string(cell.Verdict)}
			if metric.HigherIsBetter {
				row[2] = "higher"
			}
			if cell.Verdict != Reference {
				row[6], row[7], row[8] = exact(cell.Effect.Value), "", ""
				if cell.Effect.Known() {
					row[7], row[8] = exact(cell.Effect.Lower), exact(cell.Effect.Upper)
				}
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t.CSV()
}

// Dots is the plot of one metric's effects, the reference a line; ErrUnknownName when there is no such metric.
func (c *Comparison) Dots(metric string) (Dots, error) {
	m, err := c.metric(metric)
	if err != nil {
		return Dots{}, err
	}
	spec := c.options.Metrics[m]
	better := "lower is better"
	if spec.HigherIsBetter {
		better = "higher is better"
	}
	d := Dots{
		XLabel:        fmt.Sprintf("%s, %s to %s (%s)", spec.Name, spec.Scale, c.options.Reference, better),
		Reference:     spec.Scale.equal(),
		ReferenceName: c.options.Reference,
		Log:           spec.Scale == Ratio,
		Descending:    spec.HigherIsBetter,
	}
	for i, name := range c.names {
		cell := c.cells[i][m]
		if cell.Verdict == Reference {
			continue
		}
		d.Rows = append(d.Rows, Dot{
			Name: name, Value: cell.Effect.Value, Lower: cell.Effect.Lower, Upper: cell.Effect.Upper, Verdict: cell.Verdict,
		})
	}
	return d, nil
}

func (c *Comparison) note() string {
	var parts []string
	for _, higher := range []bool{false, true} {
		var names []string
		for _, metric := range c.options.Metrics {
			if metric.HigherIsBetter == higher {
				names = append(names, metric.Name)
			}
		}
		word := map[bool]string{false: "Lower", true: "Higher"}[higher]
		if len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%s is better: %s.", word, strings.Join(names, ", ")))
		}
	}
	if slices.ContainsFunc(c.options.Metrics, func(m Metric) bool { return m.Scale == Ratio }) {
		parts = append(parts, fmt.Sprintf("A ratio is the geometric mean of the ratios per %s.", c.options.Unit))
	}
	units := len(c.cells[0][0].Values)
	over := plural(units, c.options.Unit)
	if c.options.Clusters != nil {
		over += " in " + plural(c.clusters(), "cluster")
	}
	if need := MinClusters(c.options.Level); c.clusters() < need {
		parts = append(parts, fmt.Sprintf("No intervals: %s, and %s need at least %d.", over, percent(c.options.Level), need))
	} else {
		parts = append(parts, fmt.Sprintf("Brackets: %s interval, paired bootstrap over %s (%d resamples, seed %d).",
			percent(c.options.Level), over, c.options.Resamples, c.options.Seed))
	}
	return strings.Join(parts, " ")
}

// clusters counts the independent groups.
func (c *Comparison) clusters() int {
	if c.options.Clusters == nil {
		return len(c.cells[0][0].Values)
	}
	distinct := slices.Clone(c.options.Clusters)
	slices.Sort(distinct)
	return len(slices.Compact(distinct))
}

func percent(level float64) string {
	return short(math.Round(level*1e6)/1e4) + "%"
}
