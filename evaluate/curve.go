package evaluate

import (
	"errors"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is a line plot: a learning curve with its band, several series, and horizontal lines for what it is measured
// against. Names stand at the right end of their lines, so that there is no legend to decode. It is a plain value.
type Curve struct {
	XLabel, YLabel string // what the axes show, with their units
	Series         []Series
	References     []Level // horizontal lines, dashed
	LogY           bool    // logarithmic vertical axis; all values above zero
}

// Series is one line. X ascends; Lower and Upper, both or none, are a band around Y. Where there are more than some
// hundred points, those with the least and the greatest Y of each stretch are drawn.
type Series struct {
	Name         string // stands at the end of the line
	X, Y         []float64
	Lower, Upper []float64
}

// Level is a horizontal line with its name.
type Level struct {
	Name string  // stands at the end of the line
	Y    float64 // its height
}

// SeedSeries is the mean over seeds of a curve measured under several of them, with Student's t interval as band: X[i]
// goes with run[i] of every run. A single run has no band. level 0 means 0.95.
// Errors: ErrNoValues, ErrLengths, ErrNotFinite, ErrOption.
func SeedSeries(name string, x []float64, runs [][]float64, level float64) (Series, error) {
	s := Series{Name: name, X: slices.Clone(x)}
	if len(runs) == 0 {
		return Series{}, ErrNoValues
	}
	for r, run := range runs {
		if len(run) != len(x) {
			return Series{}, fmt.Errorf("run %d has %d values for %d x: %w", r, len(run), len(x), ErrLengths)
		}
	}
	at := make([]float64, len(runs))
	for i := range x {
		for r, run := range runs {
			at[r] = run[i]
		}
		mean, err := MeanInterval(at, level)
		if err != nil {
			return Series{}, fmt.Errorf("at x %v: %w", x[i], err)
		}
		s.Y = append(s.Y, mean.Value)
		if mean.Known() {
			s.Lower, s.Upper = append(s.Lower, mean.Lower), append(s.Upper, mean.Upper)
		}
	}
	return s, nil
}

func (c Curve) validate() error {
	var faults []error
	if len(c.Series) == 0 {
		faults = append(faults, fmt.Errorf("no series: %w", ErrNoValues))
	}
	for _, s := range c.Series {
		what := fmt.Sprintf("series %q", s.Name)
		band := len(s.Lower) == len(s.X) && len(s.Upper) == len(s.X) || s.Lower == nil && s.Upper == nil
		switch {
		case len(s.X) == 0:
			faults = append(faults, fmt.Errorf("%s: %w", what, ErrNoValues))
		case len(s.Y) != len(s.X) || !band:
			faults = append(faults, fmt.Errorf("%s: %d x, %d y, %d lower, %d upper: %w",
				what, len(s.X), len(s.Y), len(s.Lower), len(s.Upper), ErrLengths))
		case !slices.IsSorted(s.X):
			faults = append(faults, fmt.Errorf("%s: x does not ascend: %w", what, ErrOption))
		}
		faults = append(faults, plotValues(what+" x", s.X, false))
		for _, values := range [][]float64{s.Y, s.Lower, s.Upper} {
			faults = append(faults, plotValues(what, values, c.LogY))
		}
	}
	for _, level := range c.References {
		faults = append(faults, plotValues(fmt.Sprintf("reference %q", level.Name), []float64{level.Y}, c.LogY))
	}
	return errors.Join(faults...)
}

func (c Curve) svg() (string, error) {
	if err := c.validate(); err != nil {
		return "", err
	}
	const height = 360
	p := newPlot(c.XLabel, c.YLabel)
	var xs, ys []float64
	for _, s := range c.Series {
		xs = append(xs, s.X...)
		ys = append(append(append(ys, s.Y...), s.Lower...), s.Upper...)
	}
	for _, level := range c.References {
		ys = append(ys, level.Y)
	}
	lo, hi := axisRange(ys, c.LogY)
	setAxis(&p.Y, lo, hi, c.LogY)
	lo, hi = slices.Min(xs), slices.Max(xs)
	if lo == hi {
		lo, hi = axisRange(xs, false)
	}
	setAxis(&p.X, lo, hi, false)

	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal = draw.LineStyle{Color: gridColor, Width: 1}
	p.Add(grid)
	var labels []edgeLabel
	for _, level := range c.References {
		style := draw.LineStyle{Color: softInk, Width: 1.25, Dashes: []vg.Length{5, 4}}
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: lo, Y: level.Y}, {X: hi, Y: level.Y}}, LineStyle: style})
		labels = append(labels, edgeLabel{text: level.Name, y: level.Y, line: style, color: softInk})
	}
	drawn := make([]Series, len(c.Series))
	for i, s := range c.Series {
		drawn[i] = thin(s)
		if s.Lower != nil {
			p.Add(band(drawn[i], seriesLine(i).Color))
		}
	}
	for i, s := range drawn { // lines above all bands
		p.Add(line(s, seriesLine(i))...)
		labels = append(labels, edgeLabel{text: s.Name, y: s.Y[len(s.Y)-1], line: seriesLine(i), color: ink})
	}
	return render(height, func(canvas draw.Canvas) {
		inner := draw.Crop(canvas, 0, -edgeWidth(labels), 0, 0)
		p.Draw(inner)
		data := p.DataCanvas(inner)
		_, toY := p.Transforms(&data)
		drawEdgeLabels(data, labels, toY)
	})
}

// band is the area between the limits.
func band(s Series, c color.Color) *plotter.Polygon {
	edge := make(plotter.XYs, 0, 2*len(s.X))
	for i := range s.X {
		edge = append(edge, plotter.XY{X: s.X[i], Y: s.Upper[i]})
	}
	for i := len(s.X) - 1; i >= 0; i-- {
		edge = append(edge, plotter.XY{X: s.X[i], Y: s.Lower[i]})
	}
	fill := color.NRGBAModel.Convert(c).(color.NRGBA)
	fill.A = 0x30
	return &plotter.Polygon{XYs: []plotter.XYs{edge}, Color: fill}
}
