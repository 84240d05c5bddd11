package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Dots is a comparison plot: a dot with its interval per method, best on top, beside the line of the reference, the
// numbers written at the right. Comparison.Dots makes one. It is a plain value.
type Dots struct {
	XLabel        string  // what is compared, with its unit
	Rows          []Dot   // in any order
	Reference     float64 // where the reference stands: 0 for differences, 1 for ratios
	ReferenceName string  // stands above its line
	Log           bool    // logarithmic axis; all values above zero
	Descending    bool    // the greatest value on top, for a metric where higher is better
}

// Dot is one row. Infinite limits mean that no interval is known, and none is drawn.
type Dot struct {
	Name                string  // of the method
	Value, Lower, Upper float64 // the estimate and its limits, in the unit of XLabel
	Verdict             Verdict // colours the row
}

func (d Dot) known() bool { return !math.IsInf(d.Lower, 0) && !math.IsInf(d.Upper, 0) }

func (d Dot) color() color.Color {
	switch d.Verdict {
	case Better:
		return seriesColors[2]
	case Worse:
		return seriesColors[1]
	}
	return softInk
}

func (d Dots) validate() error {
	if len(d.Rows) == 0 {
		return fmt.Errorf("no rows: %w", ErrNoValues)
	}
	faults := []error{plotValues("reference", []float64{d.Reference}, d.Log)}
	for _, row := range d.Rows {
		what := fmt.Sprintf("row %q", row.Name)
		faults = append(faults, plotValues(what, row.drawn(), d.Log))
		if row.Lower > row.Upper {
			faults = append(faults, fmt.Errorf("%s: lower limit %v above upper %v: %w", what, row.Lower, row.Upper, ErrOption))
		}
	}
	return errors.Join(faults...)
}

// drawn is the numbers of the row that have a place on the axis.
func (d Dot) drawn() []float64 {
	if d.known() {
		return []float64{d.Value, d.Lower, d.Upper}
	}
	return []float64{d.Value}
}

func (d Dots) svg() (string, error) {
	if err := d.validate(); err != nil {
		return "", err
	}
	rows := slices.Clone(d.Rows)
	slices.SortStableFunc(rows, func(a, b Dot) int {
		if d.Descending {
			a, b = b, a
		}
		return cmp.Compare(a.Value, b.Value)
	})
	slices.Reverse(rows) // row 0 is at the bottom of the picture
	names := make([]string, len(rows))
	numbers := make([]string, len(rows))
	xs := []float64{d.Reference}
	for i, row := range rows {
		names[i], numbers[i] = row.Name, effectText(row.Value, row.Lower, row.Upper, d.Reference)
		xs = append(xs, row.drawn()...)
	}
	lo, hi := axisRange(xs, d.Log)
	p := rowPlot(d.XLabel, names)
	setAxis(&p.X, lo, hi, d.Log)
	top := float64(len(rows)) - 0.5
	p.Add(&plotter.Line{
		XYs:       plotter.XYs{{X: d.Reference, Y: -0.5}, {X: d.Reference, Y: top}},
		LineStyle: draw.LineStyle{Color: softInk, Width: 1.25, Dashes: []vg.Length{5, 4}},
	})
	return renderRows(p, numbers, 20, func(data draw.Canvas) {
		toX, toY := p.Transforms(&data)
		for i, row := range rows {
			y := toY(float64(i))
			if row.known() {
				style := draw.LineStyle{Color: row.color(), Width: 2}
				data.StrokeLine2(style, toX(row.Lower), y, toX(row.Upper), y)
				for _, end := range []float64{row.Lower, row.Upper} {
					data.StrokeLine2(style, toX(end), y-4, toX(end), y+4)
				}
			}
			data.DrawGlyph(draw.GlyphStyle{Color: row.color(), Radius: 4.5, Shape: draw.CircleGlyph{}}, vg.Point{X: toX(row.Value), Y: y})
		}
		drawAbove(data, toX(d.Reference), d.ReferenceName)
	})
}

// drawAbove writes a name above the data, centred on x but inside the data's width.
func drawAbove(data draw.Canvas, x vg.Length, name string) {
	name = label(name, labelLimit)
	style := letters(softInk)
	half := textWidth(name) / 2
	x = max(min(x, data.Max.X-half), data.Min.X+half)
	style.XAlign = draw.XCenter
	data.FillText(style, vg.Point{X: x, Y: data.Max.Y + 5}, name)
}
