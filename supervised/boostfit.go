package supervised

import (
	"fmt"
	"math"
)

// booster is a fit of GradientBoosting under way.
type booster struct {
	o       GradientBoosting
	d       *Dataset
	q       *quantised
	tables  [][]float64
	loss    loss
	grower  *boostGrower
	scores  []float64 // row-major, one column per output: what the trees so far say
	rows    []int32   // those of weight above 0, in the order in which the last tree left them
	g, h    []float64
	parts   []*ensemble // one per round
	residue []residual  // scratch of losses that look at a leaf's rows again
}

// fit runs the rounds. The second result is the loss on Held after each.
func (o GradientBoosting) fit(d *Dataset, lossOf func(*Dataset) (loss, error)) (*ensemble, []float64, error) {
	if err := d.checkPresent(); err != nil {
		return nil, nil, err
	}
	if d.Len() > math.MaxInt32 {
		return nil, nil, fmt.Errorf("%w: %d rows", ErrTooLarge, d.Len())
	}
	if err := o.checkHeld(d); err != nil {
		return nil, nil, err
	}
	b := &booster{o: o, d: d}
	var err error
	if b.loss, err = lossOf(d); err != nil {
		return nil, nil, err
	}
	if b.q, b.tables, err = prepare(d, o.Encode, o.Bins, o.Threads, o.Seed); err != nil {
		return nil, nil, err
	}
	rising, err := o.directions(d, b.q)
	if err != nil {
		return nil, nil, err
	}
	b.grower = newBoostGrower(b.q, search{l2: o.L2, minLeaf: o.MinLeaf, rising: rising}, o)
	base := b.loss.base()
	b.scores = spread(base, d.Len())
	b.g, b.h = make([]float64, d.Len()), make([]float64, d.Len())
	var judge *judge
	if o.Held != nil {
		held := o.Held.flat()
		loss, err := lossOf(held)
		if err != nil {
			return nil, nil, fmt.Errorf("on Held: %w", err)
		}
		judge = newJudge(held, loss, spread(base, held.Len()))
	}
	for round := range o.Rounds {
		more, err := b.round()
		if err != nil {
			return nil, nil, fmt.Errorf("round %d: %w", round, err)
		}
		if !more || judge != nil && judge.done(b.parts[round], o.Patience) {
			break
		}
	}
	var trace []float64
	if judge != nil {
		trace = judge.trace
		b.parts = b.parts[:judge.best]
	}
	none := newEnsemble(d.Width(), len(base), 1) // so that there is one when no round was worth keeping
	e, err := join(append([]*ensemble{none}, b.parts...), false)
	if err != nil {
		return nil, nil, err
	}
	e.base = base
	e.tables = b.tables
	return e, trace, e.validate()
}

// spread repeats the base of each output for every row.
func spread(base []float64, rows int) []float64 {
	scores := make([]float64, 0, rows*len(base))
	for range rows {
		scores = append(scores, base...)
	}
	return scores
}

// round grows one tree for each output. It reports false, and adds nothing, when no tree could be split.
func (b *booster) round() (more bool, err error) {
	outputs := b.loss.outputs()
	b.loss.begin(b.scores)
	part := newEnsemble(b.d.Width(), outputs, 1)
	part.tables = b.tables
	for k := range outputs {
		if err := b.cells(k); err != nil {
			return false, err
		}
		grown := b.grower.grow(b.restart())
		more = more || len(grown) > 1
		err := part.append(b.q, grown, &b.grower.search.fixed, func(leaves []float64, n *grownNode) []float64 {
			v := b.o.Rate * b.answer(n, k)
			for _, r := range b.rows[n.lo:n.hi] {
				b.scores[int(r)*outputs+k] += v
			}
			return append(leaves, v)
		})
		if err != nil {
			return false, err
		}
	}
	if more {
		b.parts = append(b.parts, part)
	}
	return more, nil
}

// restart lists the rows that count in their order.
func (b *booster) restart() []int32 {
	b.rows = b.rows[:0]
	for i := range b.d.Len() {
		if b.d.Weight(i) > 0 {
			b.rows = append(b.rows, int32(i))
		}
	}
	return b.rows
}

// cells turns the gradients of output k into whole numbers.
func (b *booster) cells(k int) error {
	const block = 8192
	outputs, n := b.loss.outputs(), b.d.Len()
	blocks := (n + block - 1) / block
	type sums struct{ g, h float64 }
	each := make([]sums, blocks)
	parallel(b.o.Threads, blocks, func(j int) {
		var s sums
		for i := j * block; i < min((j+1)*block, n); i++ {
			w := b.d.Weight(i)
			g, h := b.loss.gradient(i, k, b.scores[i*outputs+k])
			b.g[i], b.h[i] = w*g, w*h
			s.g += math.Abs(b.g[i])
			s.h += b.h[i]
		}
		each[j] = s
	})
	var total sums
	for _, s := range each { // in their order, whoever made them
		total.g += s.g
		total.h += s.h
	}
	if infinite(total.g, total.h) {
		return fmt.Errorf("%w: the sum of the gradients", ErrNotFinite)
	}
	fixed := newFixedPoint(total.g, total.h, n)
	b.grower.search.fixed = fixed
	b.grower.search.minHessian = minHessian * total.h / float64(n)
	parallel(b.o.Threads, blocks, func(j int) {
		for i := j * block; i < min((j+1)*block, n); i++ {
			b.grower.cells[i] = fixed.cell(b.g[i], b.h[i])
		}
	})
	return nil
}

// minHessian is how much of the mean second derivative of a row a leaf must have: less is a division by
// almost nothing.
const minHessian = 1e-6

// answer is what a leaf says: the best number for its rows, or the Newton step towards it.
func (b *booster) answer(n *grownNode, k int) float64 {
	v := b.grower.answer(n)
	if r, ok := b.loss.(refiner); ok {
		b.residue = b.residue[:0]
		for _, i := range b.rows[n.lo:n.hi] {
			b.residue = append(b.residue, residual{row: int(i), weight: b.d.Weight(int(i)), score: b.scores[int(i)*b.loss.outputs()+k]})
		}
		v = min(max(r.refine(b.residue, v), n.lower), n.upper)
	}
	return v
}

// judge follows the loss on rows that were not fitted.
type judge struct {
	d      *Dataset
	loss   loss
	scores []float64
	trace  []float64 // loss after each round
	best   int       // how many rounds were best
	lowest float64
}

func newJudge(d *Dataset, l loss, scores []float64) *judge {
	return &judge{d: d, loss: l, scores: scores, lowest: l.mean(scores)}
}

// done adds the trees of one round and reports whether patience has run out.
func (j *judge) done(part *ensemble, patience int) bool {
	out := make([]float64, part.outputs)
	var x []float64
	for i := range j.d.Len() {
		x = j.d.Row(x, i)
		part.predict(out, x)
		for k, v := range out {
			j.scores[i*len(out)+k] += v
		}
	}
	loss := j.loss.mean(j.scores)
	j.trace = append(j.trace, loss)
	if loss < j.lowest {
		j.lowest, j.best = loss, len(j.trace)
	}
	return len(j.trace)-j.best >= patience
}
