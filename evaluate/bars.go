package evaluate

import (
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars is a plain bar plot: one horizontal bar from zero per name, in the order given from the top, the number written
// at the right. It is a plain value.
type Bars struct {
	XLabel string    // what the values are, with their unit
	Names  []string  // from the top
	Values []float64 // one per name
}

func (b Bars) validate() error {
	var faults []error
	if len(b.Names) == 0 {
		faults = append(faults, fmt.Errorf("no bars: %w", ErrNoValues))
	}
	if len(b.Names) != len(b.Values) {
		faults = append(faults, fmt.Errorf("%d names, %d values: %w", len(b.Names), len(b.Values), ErrLengths))
	}
	return errors.Join(append(faults, plotValues("bars", b.Values, false))...)
}

func (b Bars) svg() (string, error) {
	if err := b.validate(); err != nil {
		return "", err
	}
	n := len(b.Names)
	names, numbers, values := make([]string, n), make([]string, n), make([]float64, n)
	for i := range n { // row 0 is at the bottom of the picture
		names[n-1-i], values[n-1-i], numbers[n-1-i] = b.Names[i], b.Values[i], short(b.Values[i])
	}
	lo, hi := axisRange(append([]float64{0}, values...), false)
	if slices.Min(values) >= 0 { // all bars on one side: the axis ends at zero
		lo = 0
	} else if slices.Max(values) <= 0 {
		hi = 0
	}
	p := rowPlot(b.XLabel, names)
	setAxis(&p.X, lo, hi, false)
	return renderRows(p, numbers, 0, func(data draw.Canvas) {
		toX, toY := p.Transforms(&data)
		for i, v := range values {
			y := toY(float64(i))
			data.FillPolygon(seriesColors[0], []vg.Point{
				{X: toX(0), Y: y - 7}, {X: toX(v), Y: y - 7}, {X: toX(v), Y: y + 7}, {X: toX(0), Y: y + 7},
			})
		}
		data.StrokeLine2(draw.LineStyle{Color: softInk, Width: 1}, toX(0), data.Min.Y, toX(0), data.Max.Y)
	})
}
