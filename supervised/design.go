package supervised

import (
	"fmt"
	"math"
	"slices"
)

// design is a Dataset as a linear model sees it at fit time: one slot for a numeric column, one per
// level for a categorical one (1 where the row has that level), missing values at the column's mean,
// every slot centred on its weighted mean and, if asked, scaled to unit weighted variance. Centring
// changes no fit, because the intercept is free; it makes the numbers well-behaved.
type design struct {
	n, p   int
	x      []float64 // n×p, row-major, 8 bytes a cell
	weight []float64 // per row
	mean   []float64 // per slot
	scale  []float64 // per slot, never 0
	layout layout
}

// layout places the slots of each column: column j has first[j] up to first[j+1].
type layout struct {
	first       []int
	categorical []bool
}

func newLayout(columns []Column) layout {
	l := layout{first: make([]int, 1, len(columns)+1), categorical: make([]bool, len(columns))}
	for j, c := range columns {
		width := 1
		if c.Kind == Categorical {
			width, l.categorical[j] = len(c.Levels), true
		}
		l.first = append(l.first, l.first[j]+width)
	}
	return l
}

func (l layout) slots() int { return l.first[len(l.first)-1] }

// newDesign returns ErrAllMissing for a column without a value.
func newDesign(d *Dataset, standardise bool) (*design, error) {
	if err := d.checkPresent(); err != nil {
		return nil, err
	}
	d = d.flat()
	g := &design{n: d.Len(), layout: newLayout(d.schema.Columns)}
	g.p = g.layout.slots()
	g.x = make([]float64, g.n*g.p)
	g.weight = make([]float64, g.n)
	g.mean, g.scale = make([]float64, g.p), make([]float64, g.p)
	for i := range g.weight {
		g.weight[i] = d.Weight(i)
	}
	for j, col := range d.cols {
		for s := g.layout.first[j]; s < g.layout.first[j+1]; s++ {
			at := func(i int) float64 { return col[i] }
			if g.layout.categorical[j] {
				level := float64(s - g.layout.first[j])
				at = func(i int) float64 {
					switch {
					case math.IsNaN(col[i]):
						return col[i]
					case col[i] == level:
						return 1
					}
					return 0
				}
			}
			g.fill(s, at, standardise)
		}
	}
	return g, nil
}

// fill computes slot s from its raw values. A constant slot becomes exactly 0 in every row, so that
// it gets no weight in the fit.
func (g *design) fill(s int, at func(i int) float64, standardise bool) {
	lo, hi := math.Inf(1), math.Inf(-1)
	var total, sum float64
	for i, w := range g.weight {
		if v := at(i); w > 0 && !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
			total += w
			sum += w * v
		}
	}
	g.scale[s], g.mean[s] = 1, sum/total
	if lo == hi {
		g.mean[s] = lo
	}
	var squares, all float64
	for i, w := range g.weight {
		v := at(i) - g.mean[s]
		if math.IsNaN(v) || lo == hi {
			v = 0
		}
		g.x[i*g.p+s] = v
		squares += w * v * v
		all += w
	}
	if !standardise || lo == hi {
		return
	}
	g.scale[s] = math.Sqrt(squares / all)
	for i := range g.n {
		g.x[i*g.p+s] /= g.scale[s]
	}
}

// terms is the fitted part of a linear model, in the units of the raw columns.
type terms struct {
	layout    layout
	intercept []float64 // one per output
	weights   []float64 // outputs × slots
	missing   []float64 // outputs × columns: what a missing value adds, the weights at the means
}

// terms translates weights over the design's slots (outputs × p) and intercepts back to raw columns.
func (g *design) terms(weights, intercept []float64) terms {
	columns := len(g.layout.categorical)
	t := terms{
		layout:    g.layout,
		intercept: make([]float64, len(intercept)),
		weights:   make([]float64, len(weights)),
		missing:   make([]float64, len(intercept)*columns),
	}
	for k, b := range intercept {
		for j := range columns {
			for s := g.layout.first[j]; s < g.layout.first[j+1]; s++ {
				w := weights[k*g.p+s] / g.scale[s]
				t.weights[k*g.p+s] = w
				t.missing[k*columns+j] += w * g.mean[s]
			}
			b -= t.missing[k*columns+j]
		}
		t.intercept[k] = b
	}
	return t
}

// score returns output k for the row x. A code that is no level counts as missing.
func (t *terms) score(k int, x []float64) float64 {
	weights := t.weights[k*t.layout.slots():]
	missing := t.missing[k*len(x):]
	sum := t.intercept[k]
	for j, v := range x {
		first := t.layout.first[j]
		switch {
		case math.IsNaN(v):
			sum += missing[j]
		case !t.layout.categorical[j]:
			sum += weights[first] * v
		case checkCode(v, t.layout.first[j+1]-first):
			sum += weights[first+int(v)]
		default:
			sum += missing[j]
		}
	}
	return sum
}

// column returns a copy of the weights of column j in output k.
func (t *terms) column(k, j int) []float64 {
	at := k * t.layout.slots()
	return slices.Clone(t.weights[at+t.layout.first[j] : at+t.layout.first[j+1]])
}

// validate holds for every fit that came out right and for every file worth reading.
func (t *terms) validate(columns []Column, outputs int) error {
	if len(t.intercept) != outputs || len(t.weights) != outputs*t.layout.slots() ||
		len(t.missing) != outputs*len(columns) {
		return fmt.Errorf("%w: %d intercepts, %d weights for %d outputs", ErrModel, len(t.intercept), len(t.weights), outputs)
	}
	for _, values := range [][]float64{t.intercept, t.weights, t.missing} {
		if slices.ContainsFunc(values, notFinite) {
			return fmt.Errorf("%w: a weight is not finite; are the columns' values too large?", ErrModel)
		}
	}
	return nil
}
