package supervised

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// setBlock chooses how many rows a product takes at a time: few enough that they stay in a cache
// between the two directions, many enough that the cost of a call does not show.
func (g *design) setBlock() { g.blockRows = min(max(32768/max(g.numeric, 1), 64), 1024) }

// operand carries one vector through the products of a design, block by block of rows:
//
//	load, forward…    z = X·w
//	clear, backward…, unload    g = Xᵀ·r
//
// A level's slot is (1{level} − mean)·inverse where the category is known and 0 where it is missing,
// so a whole categorical column costs one addition a row, plus one number for the column.
type operand struct {
	numeric []float64 // per numeric column
	slot    []float64 // per slot; used for levels alone
	known   []float64 // per column; used for categorical ones alone
}

func newOperand(g *design) operand {
	return operand{numeric: make([]float64, g.numeric), slot: make([]float64, g.p), known: make([]float64, len(g.columns))}
}

func (o *operand) clear() {
	clear(o.numeric)
	clear(o.slot)
	clear(o.known)
}

// load prepares o to multiply X with w.
func (o *operand) load(g *design, w []float64) {
	for j, c := range g.columns {
		if c.levels == nil {
			o.numeric[c.number] = w[c.first]
			continue
		}
		o.known[j] = 0
		for s := c.first; s < c.end; s++ {
			o.slot[s] = w[s] * g.inverse[s]
			o.known[j] += o.slot[s] * g.mean[s]
		}
	}
}

// forward adds the rows lo to lo+len(z) of X·w to z.
func (o *operand) forward(g *design, z []float64, lo int) {
	if g.numeric > 0 {
		blas64.Gemv(blas.Trans, 1, g.block(lo, len(z)), vector(o.numeric), 1, vector(z))
	}
	for j, c := range g.columns {
		if c.levels == nil {
			continue
		}
		slot, base := o.slot[c.first:c.end], o.known[j]
		for i, level := range c.levels[lo : lo+len(z)] {
			if level >= 0 {
				z[i] += slot[level] - base
			}
		}
	}
}

// backward adds what the rows lo to lo+len(r) contribute to Xᵀ·r.
func (o *operand) backward(g *design, r []float64, lo int) {
	if g.numeric > 0 {
		blas64.Gemv(blas.NoTrans, 1, g.block(lo, len(r)), vector(r), 1, vector(o.numeric))
	}
	o.backwardLevels(g, r, lo)
}

func (o *operand) backwardLevels(g *design, r []float64, lo int) {
	for j, c := range g.columns {
		if c.levels == nil {
			continue
		}
		slot := o.slot[c.first:c.end]
		var known float64
		for i, level := range c.levels[lo : lo+len(r)] {
			if level >= 0 {
				slot[level] += r[i]
				known += r[i]
			}
		}
		o.known[j] += known
	}
}

// block is the transpose of rows of the numeric columns.
func (g *design) block(lo, rows int) blas64.General {
	return blas64.General{Rows: g.numeric, Cols: rows, Stride: g.n, Data: g.values[lo:]}
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Data: v, Inc: 1} }

// unload writes Xᵀ·r into dst.
func (o *operand) unload(g *design, dst []float64) {
	for j, c := range g.columns {
		if c.levels == nil {
			dst[c.first] = o.numeric[c.number]
			continue
		}
		for s := c.first; s < c.end; s++ {
			dst[s] = g.inverse[s] * (o.slot[s] - g.mean[s]*o.known[j])
		}
	}
}

// backwardSquares adds what the rows lo to lo+len(b) contribute to Σ b·x² per slot.
func (o *operand) backwardSquares(g *design, b []float64, lo int) {
	for k := range g.numeric {
		var even, odd float64
		values := g.values[k*g.n+lo:][:len(b)]
		i := 0
		for ; i+1 < len(b); i += 2 {
			even += b[i] * values[i] * values[i]
			odd += b[i+1] * values[i+1] * values[i+1]
		}
		if i < len(b) {
			even += b[i] * values[i] * values[i]
		}
		o.numeric[k] += even + odd
	}
	o.backwardLevels(g, b, lo)
}

// unloadSquares writes Σ b·x² per slot into dst.
func (o *operand) unloadSquares(g *design, dst []float64) {
	for j, c := range g.columns {
		if c.levels == nil {
			dst[c.first] = o.numeric[c.number]
			continue
		}
		for s := c.first; s < c.end; s++ {
			m := g.mean[s]
			dst[s] = g.inverse[s] * g.inverse[s] * ((1-2*m)*o.slot[s] + m*m*o.known[j])
		}
	}
}
