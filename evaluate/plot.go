package evaluate

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// What the plots share: size, colours, letters, ticks. Plots are drawn on a light card in both modes of the page.

const (
	plotWidth  = 760 // points; the page scales the picture to its column
	textSize   = 12
	labelLimit = 32    // runes of a name before it is cut short
	plotLimit  = 1e100 // largest number drawn; ratios of such numbers still have a place
)

var (
	ink       = color.NRGBA{0x1f, 0x23, 0x28, 0xff}
	softInk   = color.NRGBA{0x59, 0x63, 0x6e, 0xff}
	gridColor = color.NRGBA{0xe4, 0xe8, 0xec, 0xff}
)

// seriesColors are those of Okabe & Ito, Color Universal Design (2008), that keep 3:1 against white, told apart with
// every common colour blindness; more series than colours differ by dashes.
var seriesColors = [...]color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermillion
	{0x00, 0x8a, 0x64, 0xff}, // green, a little darker
	{0xb8, 0x5c, 0x94, 0xff}, // purple, a little darker
	{0x1f, 0x23, 0x28, 0xff}, // ink
}

var seriesDashes = [...][]vg.Length{nil, {6, 3}, {2, 2}, {8, 3, 2, 3}}

func seriesLine(i int) draw.LineStyle {
	return draw.LineStyle{
		Color:  seriesColors[i%len(seriesColors)],
		Width:  2,
		Dashes: seriesDashes[i/len(seriesColors)%len(seriesDashes)],
	}
}

// letters is a text style that depends on none of gonum's global variables.
func letters(c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: textSize},
		Handler: text.Plain{Fonts: font.DefaultCache},
	}
}

// fillMiddle writes a label right of x, its middle at y.
func fillMiddle(canvas draw.Canvas, c color.Color, x, y vg.Length, s string) {
	style := letters(c)
	style.YAlign = draw.YCenter
	canvas.FillText(style, vg.Point{X: x, Y: y + style.FontExtents().Descent}, s)
}

// newPlot is an empty plot in our style; the range of each axis is set by the caller.
func newPlot(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Label.Text, p.Y.Label.Text = label(xLabel, 100), label(yLabel, 48)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		rotation := axis.Label.TextStyle.Rotation
		axis.Label.TextStyle = letters(ink)
		axis.Label.TextStyle.Rotation = rotation
		axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign = draw.XCenter, draw.YBottom
		axis.Label.Padding = 6
		x, y := axis.Tick.Label.XAlign, axis.Tick.Label.YAlign
		axis.Tick.Label = letters(softInk)
		axis.Tick.Label.XAlign, axis.Tick.Label.YAlign = x, y
		axis.LineStyle = draw.LineStyle{Color: softInk, Width: 1}
		axis.Tick.LineStyle = axis.LineStyle
		axis.Tick.Length = 4
		axis.Padding = 0
	}
	return p
}

// render draws on a canvas of the given height and returns the SVG element alone, in fonts that every browser has.
func render(height vg.Length, drawing func(draw.Canvas)) (string, error) {
	canvas := vgsvg.NewWith(vgsvg.UseWH(plotWidth, height))
	drawing(draw.Crop(draw.New(canvas), 4, -4, 4, -8))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("evaluate: drawing: %w", err)
	}
	_, body, found := strings.Cut(b.String(), `xmlns:xlink="http://www.w3.org/1999/xlink">`)
	if !found {
		return "", errors.New("evaluate: drawing: no SVG element")
	}
	// Labels are escaped, quotes included, so the attribute below cannot come from a caller's text.
	body = strings.ReplaceAll(body, `style="font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal;`, `style="`)
	return fmt.Sprintf(`<svg viewBox="0 0 %d %d" font-family="Arial, Helvetica, sans-serif">`,
		plotWidth, int(height)) + body, nil
}

// label makes any text fit for a picture: one line, no control characters, not too long.
func label(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	s = oneLine(s)
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit-1]) + "…"
	}
	return s
}

// textWidth is the room that a label takes, with a margin for fonts wider than ours.
func textWidth(s string) vg.Length { return letters(ink).Width(s) * 1.08 }

// axisRange is the range of values with a margin on both sides; log ranges widen by a factor.
func axisRange(values []float64, log bool) (lo, hi float64) {
	lo, hi = slices.Min(values), slices.Max(values)
	if log {
		margin := max(math.Pow(hi/lo, 0.05), 1.02)
		return lo / margin, hi * margin
	}
	margin := (hi - lo) * 0.05
	if smallest := 1e-6 * max(math.Abs(lo), math.Abs(hi)); margin <= smallest {
		margin = max(smallest, 1e-12)
	}
	return lo - margin, hi + margin
}

// setAxis gives the axis its range and round ticks.
func setAxis(axis *plot.Axis, lo, hi float64, log bool) {
	axis.Min, axis.Max = lo, hi
	at := linearTicks(lo, hi)
	if log {
		axis.Scale = plot.LogScale{}
		if hi/lo > 2 { // below that, round linear steps read better
			at = logTicks(lo, hi)
		}
	}
	var ticks []plot.Tick
	for _, v := range at {
		ticks = append(ticks, plot.Tick{Value: v, Label: tickText(v)})
	}
	axis.Tick.Marker = plot.ConstantTicks(ticks)
}

// linearTicks are the multiples of 1, 2 or 5 times a power of ten in the range, five to ten of them.
func linearTicks(lo, hi float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/5)))
	for _, m := range []float64{5, 2} {
		if (hi-lo)/(m*step) >= 4 {
			step *= m
			break
		}
	}
	var ticks []float64
	for k, n := math.Ceil(lo/step), 0; k*step <= hi && n < 20; k, n = k+1, n+1 {
		v := k * step
		if math.Abs(v) < step/2 {
			v = 0
		}
		ticks = append(ticks, v)
	}
	return ticks
}

// logTicks are a few round multiples of the powers of ten in the range, fewer the longer it is.
func logTicks(lo, hi float64) []float64 {
	first, last := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
	multiples, stride := []float64{1, 2, 5}, 1.0
	switch {
	case hi/lo < 20:
		multiples = []float64{1, 1.5, 2, 3, 5, 7}
	case last-first > 4:
		multiples, stride = []float64{1}, math.Ceil((last-first)/8)
	}
	var ticks []float64
	for e := first; e <= last; e += stride {
		for _, m := range multiples {
			if v := m * math.Pow(10, e); v >= lo && v <= hi {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}

// tickText writes a tick in few letters, thousands as k, millions as M; rounding hides the last bits of k·step.
func tickText(v float64) string {
	a, unit := math.Abs(v), ""
	switch {
	case a != 0 && (a >= 1e10 || a < 1e-4):
		return strconv.FormatFloat(v, 'g', 6, 64)
	case a >= 1e6:
		v, unit = v/1e6, "M"
	case a >= 1e4:
		v, unit = v/1e3, "k"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 10, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64) + unit
}

// plotValues checks numbers that are to be drawn.
func plotValues(what string, values []float64, log bool) error {
	for i, v := range values {
		if math.IsNaN(v) || math.Abs(v) > plotLimit {
			return fmt.Errorf("%s, value %d is %v: %w", what, i, v, ErrNotFinite)
		}
		if log && v < 1/plotLimit {
			return fmt.Errorf("%s, value %d is %v on a logarithmic axis: %w", what, i, v, ErrNotPositive)
		}
	}
	return nil
}
