package evaluate

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// What Dots and Bars share: a plot with one named row per item.

// rowHeight is the height of one row of Dots and Bars.
const rowHeight = 26

// rowPlot is a plot whose vertical axis is a list of names, row 0 at the bottom.
func rowPlot(xLabel string, names []string) *plot.Plot {
	p := newPlot(xLabel, "")
	ticks := make([]plot.Tick, len(names))
	for i, name := range names {
		ticks[i] = plot.Tick{Value: float64(i), Label: label(name, labelLimit)}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Tick.Label.Color = ink
	p.Y.Tick.Length = 0
	p.Y.Tick.Label.XAlign = draw.XRight
	p.Y.LineStyle.Width = 0
	p.Y.Padding = 6
	p.Y.Min, p.Y.Max = -0.5, float64(len(names))-0.5
	grid := plotter.NewGrid()
	grid.Horizontal.Color = nil
	grid.Vertical = draw.LineStyle{Color: gridColor, Width: 1}
	p.Add(grid)
	return p
}

// renderRows draws a row plot with a number right of each row and head points of room above, then what belongs on the data.
func renderRows(p *plot.Plot, numbers []string, head vg.Length, onData func(data draw.Canvas)) (string, error) {
	room := vg.Length(0)
	for _, s := range numbers {
		room = max(room, textWidth(s))
	}
	height := vg.Length(len(numbers)*rowHeight) + head + 60
	return render(height, func(canvas draw.Canvas) {
		inner := draw.Crop(canvas, 0, -room-14, 0, -head)
		p.Draw(inner)
		data := p.DataCanvas(inner)
		_, toY := p.Transforms(&data)
		onData(data)
		for i, s := range numbers {
			fillMiddle(data, softInk, data.Max.X+14, toY(float64(i)), s)
		}
	})
}
