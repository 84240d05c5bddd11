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
//
// It is kept by column: 8 bytes a row for a numeric one, 4 for a categorical one however many levels
// it has. Products with it are made block by block of rows, so that they read memory once: see
// operand.
type design struct {
	n, p      int
	columns   []designColumn
	numeric   int       // how many columns are numeric
	values    []float64 // numeric×n: centred and scaled, 0 where missing or constant
	blockRows int       // how many rows a product takes at a time
	weight    []float64 // per row
	mean      []float64 // per slot
	scale     []float64 // per slot, never 0
	inverse   []float64 // per slot: 1/scale, or 0 for a constant slot, which gets no weight in the fit
	layout    layout
}

// designColumn is one column of a design.
type designColumn struct {
	number int     // its place among the numeric ones
	levels []int32 // categorical: the level, −1 where missing; nil: numeric
	first  int     // its first slot
	end    int     // one past its last slot
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
	g.weight = make([]float64, g.n)
	g.mean, g.scale, g.inverse = make([]float64, g.p), make([]float64, g.p), make([]float64, g.p)
	var total float64
	for i := range g.weight {
		g.weight[i] = d.Weight(i)
		total += g.weight[i]
	}
	for _, categorical := range g.layout.categorical {
		if !categorical {
			g.numeric++
		}
	}
	g.values = make([]float64, g.numeric*g.n)
	g.setBlock()
	number := 0
	for j, col := range d.cols {
		c := designColumn{number: number, first: g.layout.first[j], end: g.layout.first[j+1]}
		if g.layout.categorical[j] {
			g.fillLevels(&c, col, total, standardise)
		} else {
			g.fillValues(&c, col, total, standardise)
			number++
		}
		g.columns = append(g.columns, c)
	}
	return g, nil
}

func (g *design) fillValues(c *designColumn, col []float64, total float64, standardise bool) {
	lo, hi := math.Inf(1), math.Inf(-1)
	var present, sum float64
	for i, v := range col {
		if w := g.weight[i]; w > 0 && v == v {
			lo, hi = min(lo, v), max(hi, v)
			present += w
			sum += w * v
		}
	}
	values := g.values[c.number*g.n:][:g.n]
	g.scale[c.first] = 1
	if lo == hi {
		g.mean[c.first] = lo
		return
	}
	mean := sum / present
	var squares float64
	for i, v := range col {
		if v == v {
			v -= mean
			values[i] = v
			squares += g.weight[i] * v * v
		}
	}
	if standardise {
		g.scale[c.first] = math.Sqrt(squares / total)
		for i := range values {
			values[i] /= g.scale[c.first]
		}
	}
	g.mean[c.first], g.inverse[c.first] = mean, 1/g.scale[c.first]
}

func (g *design) fillLevels(c *designColumn, col []float64, total float64, standardise bool) {
	c.levels = make([]int32, g.n)
	share := g.mean[c.first:c.end]
	var present float64
	for i, v := range col {
		if v != v {
			c.levels[i] = -1
			continue
		}
		c.levels[i] = int32(v)
		present += g.weight[i]
		share[int(v)] += g.weight[i]
	}
	for k, w := range share {
		s := c.first + k
		g.scale[s] = 1
		if w == 0 || w == present {
			share[k] = w / present // constant: exactly 0 or 1
			continue
		}
		m := w / present
		share[k] = m
		if standardise {
			g.scale[s] = math.Sqrt((w*(1-m)*(1-m) + (present-w)*m*m) / total)
		}
		g.inverse[s] = 1 / g.scale[s]
	}
}

// dense writes the design out row by row, n×p, for solvers that need it so.
func (g *design) dense() []float64 {
	x := make([]float64, g.n*g.p)
	for _, c := range g.columns {
		for i := range g.n {
			row := x[i*g.p : (i+1)*g.p]
			if c.levels == nil {
				row[c.first] = g.values[c.number*g.n+i]
				continue
			}
			if c.levels[i] < 0 {
				continue
			}
			for s := c.first; s < c.end; s++ {
				row[s] = -g.mean[s] * g.inverse[s]
			}
			s := c.first + int(c.levels[i])
			row[s] = (1 - g.mean[s]) * g.inverse[s]
		}
	}
	return x
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
