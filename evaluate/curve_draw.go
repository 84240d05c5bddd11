package evaluate

import (
	"cmp"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// edgeLabel names a line at the right edge of the plot.
type edgeLabel struct {
	text  string
	y     float64 // where the line ends, as a value
	line  draw.LineStyle
	color color.Color
}

// edgeRoom is between the plot and the text of an edge label: a short piece of the line leads there.
const edgeRoom = 26

// edgeWidth is the room right of the plot that the labels take.
func edgeWidth(labels []edgeLabel) vg.Length {
	width := vg.Length(0)
	for _, l := range labels {
		width = max(width, textWidth(label(l.text, labelLimit)))
	}
	return edgeRoom + width
}

// drawEdgeLabels writes the names right of the data, each as near to its line's end as the others allow.
func drawEdgeLabels(data draw.Canvas, labels []edgeLabel, toY func(float64) vg.Length) {
	labels = slices.Clone(labels)
	slices.SortStableFunc(labels, func(a, b edgeLabel) int { return cmp.Compare(a.y, b.y) })
	at := make([]float64, len(labels))
	for i, l := range labels {
		at[i] = float64(toY(l.y))
	}
	placed := spread(at, textSize+3, float64(data.Min.Y), float64(data.Max.Y))
	for i, l := range labels {
		x := data.Max.X
		leader := l.line
		leader.Width = min(leader.Width, 1.5)
		data.StrokeLines(leader, []vg.Point{
			{X: x + 2, Y: vg.Length(at[i])}, {X: x + 14, Y: vg.Length(placed[i])}, {X: x + edgeRoom - 5, Y: vg.Length(placed[i])},
		})
		fillMiddle(data, l.color, x+edgeRoom, vg.Length(placed[i]), label(l.text, labelLimit))
	}
}

// spread moves ascending positions as little as it can so that neighbours are gap apart, inside [lo, hi] if they fit:
// runs that overlap are joined and centred on their mean, as in the pool-adjacent-violators algorithm.
func spread(at []float64, gap, lo, hi float64) []float64 {
	type run struct {
		centre float64 // mean of the positions wished for
		n      int
	}
	half := func(r run) float64 { return float64(r.n-1) * gap / 2 }
	inside := func(r run) run {
		r.centre = max(min(r.centre, hi-half(r)), lo+half(r))
		return r
	}
	var runs []run
	for _, y := range at {
		r := inside(run{y, 1})
		for len(runs) > 0 {
			below := runs[len(runs)-1]
			if r.centre-half(r)-(below.centre+half(below)) >= gap {
				break
			}
			n := below.n + r.n
			r = inside(run{(below.centre*float64(below.n) + r.centre*float64(r.n)) / float64(n), n})
			runs = runs[:len(runs)-1]
		}
		runs = append(runs, r)
	}
	placed := make([]float64, 0, len(at))
	for _, r := range runs {
		for i := range r.n {
			placed = append(placed, r.centre-half(r)+float64(i)*gap)
		}
	}
	return placed
}

// line draws a series; a series of one point is a dot.
func line(s Series, style draw.LineStyle) []plot.Plotter {
	xys := make(plotter.XYs, len(s.X))
	for i := range xys {
		xys[i] = plotter.XY{X: s.X[i], Y: s.Y[i]}
	}
	if len(xys) == 1 {
		return []plot.Plotter{&plotter.Scatter{XYs: xys,
			GlyphStyle: draw.GlyphStyle{Color: style.Color, Radius: 3.5, Shape: draw.CircleGlyph{}}}}
	}
	return []plot.Plotter{&plotter.Line{XYs: xys, LineStyle: style}}
}

// stretches is how many pieces a long series is cut into: about one to two points of the page.
const stretches = 400

// thin keeps of each stretch of a long series the points with the least and the greatest Y, and both ends, so that the
// picture looks the same and the page stays small.
func thin(s Series) Series {
	n := len(s.X)
	if n <= 2*stretches {
		return s
	}
	kept := Series{Name: s.Name}
	keep := func(i int) {
		kept.X, kept.Y = append(kept.X, s.X[i]), append(kept.Y, s.Y[i])
		if s.Lower != nil {
			kept.Lower, kept.Upper = append(kept.Lower, s.Lower[i]), append(kept.Upper, s.Upper[i])
		}
	}
	keep(0)
	for piece := range stretches {
		from, to := 1+piece*(n-2)/stretches, 1+(piece+1)*(n-2)/stretches
		least, greatest := from, from
		for i := from; i < to; i++ {
			if s.Y[i] < s.Y[least] {
				least = i
			}
			if s.Y[i] > s.Y[greatest] {
				greatest = i
			}
		}
		keep(min(least, greatest))
		if least != greatest {
			keep(max(least, greatest))
		}
	}
	keep(n - 1)
	return kept
}
