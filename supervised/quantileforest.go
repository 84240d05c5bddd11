package supervised

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/leptonsched/lepton/internal/codec"
)

// QuantileForest is a RandomForest that remembers the targets in its leaves, and so knows the whole
// distribution of a row's target: Meinshausen, Quantile Regression Forests (2006). Predict returns the
// median. Immutable; safe for concurrent use.
type QuantileForest struct {
	schema  Schema
	forest  ensemble
	targets []float64 // the distinct targets of the fit, rising
	starts  []uint32  // starts[i] to starts[i+1] are the members of leaf i
	members []member
}

// member is a target in a leaf.
type member struct {
	target uint32  // which of the distinct ones
	weight float32 // its share of the leaf
}

// leafMembers collects the rows in the leaves of one tree, in the leaves' order.
type leafMembers struct {
	sizes   []uint32
	rows    []int32
	weights []float32
}

func (l *leafMembers) add(g *forestGrower, n *grownNode) {
	var total float64
	for _, r := range g.rows[n.lo:n.hi] {
		total += g.weight[r]
	}
	for _, r := range g.rows[n.lo:n.hi] {
		l.rows, l.weights = append(l.rows, r), append(l.weights, float32(g.weight[r]/total))
	}
	l.sizes = append(l.sizes, uint32(n.hi-n.lo))
}

// FitQuantiles grows the trees of FitRegressor and keeps the targets in their leaves, which takes 8 bytes
// for each tree and about 0.63 of the rows. A MinLeaf of 5 to 20 gives steadier quantiles than 1.
func (o RandomForest) FitQuantiles(d *Dataset) (*QuantileForest, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.ClassWeights != nil {
		return nil, fmt.Errorf("%w: ClassWeights for a number", ErrOptions)
	}
	if err := d.checkRegression(); err != nil {
		return nil, err
	}
	if o.Features == 0 {
		o.Features = d.Width() / 3
	}
	f, _, kept, err := o.grow(d, 0, true)
	if err != nil {
		return nil, err
	}
	m := &QuantileForest{schema: d.Schema(), forest: *f, targets: d.Targets(), starts: []uint32{0}}
	slices.Sort(m.targets)
	m.targets = slices.Compact(m.targets)
	for _, k := range kept {
		if len(m.members)+len(k.rows) > math.MaxInt32 {
			return nil, fmt.Errorf("%w: more than %d targets in leaves", ErrTooLarge, math.MaxInt32)
		}
		for _, size := range k.sizes {
			m.starts = append(m.starts, m.starts[len(m.starts)-1]+size)
		}
		for i, r := range k.rows {
			at, _ := slices.BinarySearch(m.targets, d.Target(int(r)))
			m.members = append(m.members, member{uint32(at), k.weights[i]})
		}
	}
	return m, m.validate()
}

// Schema returns a copy of what the model expects of a row.
func (m *QuantileForest) Schema() Schema { return m.schema.clone() }

// Predict returns the median: see Model.
func (m *QuantileForest) Predict(x []float64) float64 {
	var out [1]float64
	median := [1]float64{0.5}
	if m.Quantiles(out[:], x, median[:]) != nil {
		return math.NaN()
	}
	return out[0]
}

// memberScratch holds the targets that one prediction collects.
var memberScratch = sync.Pool{New: func() any { return new([]member) }}

// Quantiles writes, for each q in (0, 1), the least target at or below which lies at least the share q of
// the weight of all targets in the leaves that x falls into, each tree counting alike. It returns
// ErrWidth when x or dst is of the wrong width, ErrOptions for a q outside, and leaves dst alone then.
func (m *QuantileForest) Quantiles(dst, x, q []float64) error {
	if len(x) != len(m.schema.Columns) || len(dst) != len(q) {
		return fmt.Errorf("%w: %d features, %d places for %d quantiles", ErrWidth, len(x), len(dst), len(q))
	}
	for _, v := range q {
		if !(v > 0 && v < 1) {
			return fmt.Errorf("%w: a quantile of %v", ErrOptions, v)
		}
	}
	scratch := memberScratch.Get().(*[]member)
	all := m.collect((*scratch)[:0], x)
	slices.SortFunc(all, func(a, b member) int { return cmp.Compare(a.target, b.target) })
	for i, v := range q {
		dst[i] = m.quantile(all, v)
	}
	*scratch = all
	memberScratch.Put(scratch)
	return nil
}

// collect appends the members of the leaves that x falls into.
func (m *QuantileForest) collect(all []member, x []float64) []member {
	var small [smallRow]uint64
	row := small[:]
	if len(m.forest.slots) > smallRow {
		scratch := rowScratch.Get().(*scratchRow)
		defer rowScratch.Put(scratch)
		scratch.keys = slices.Grow(scratch.keys[:0], len(m.forest.slots))[:len(m.forest.slots)]
		row = scratch.keys
	}
	m.forest.read(row, x)
	for _, root := range m.forest.roots {
		leaf := m.forest.nodes[m.forest.walk(root, row)].key
		all = append(all, m.members[m.starts[leaf]:m.starts[leaf+1]]...)
	}
	return all
}

// quantile finds the q quantile of sorted members. Equal targets keep no order, so their weights are
// summed before they are added to what is below: the same bits whatever the order of the sort.
func (m *QuantileForest) quantile(all []member, q float64) float64 {
	need := q * float64(len(m.forest.roots)) * (1 - 1e-7) // shares are float32
	var below float64
	for i := 0; i < len(all); {
		target := all[i].target
		for ; i < len(all) && all[i].target == target; i++ {
			below += float64(all[i].weight)
		}
		if below >= need {
			return m.targets[target]
		}
	}
	return m.targets[all[len(all)-1].target]
}

// At returns the model of one quantile q in (0, 1), sharing everything with m.
func (m *QuantileForest) At(q float64) (Model, error) {
	if !(q > 0 && q < 1) {
		return nil, fmt.Errorf("%w: a quantile of %v", ErrOptions, q)
	}
	return &quantileAt{m, []float64{q}}, nil
}

// quantileAt is a QuantileForest that answers with one quantile.
type quantileAt struct {
	m *QuantileForest
	q []float64
}

// Predict returns the quantile: see Model.
func (a *quantileAt) Predict(x []float64) float64 {
	var out [1]float64
	if a.m.Quantiles(out[:], x, a.q) != nil {
		return math.NaN()
	}
	return out[0]
}

// Importance returns each column's share of the variance taken away: see ForestClassifier.Importance.
func (m *QuantileForest) Importance() []float64 { return slices.Clone(m.forest.gains) }

// Splits returns how many splits each column has in all trees, in the order of the schema.
func (m *QuantileForest) Splits() []int { return m.forest.splitCounts() }

func (m *QuantileForest) validate() error {
	if m.schema.Classes != nil || m.forest.outputs != 1 || !m.forest.mean {
		return fmt.Errorf("%w: not trees of a regressor", ErrModel)
	}
	if len(m.starts) != len(m.forest.leaves)+1 || m.starts[0] != 0 || int(m.starts[len(m.starts)-1]) != len(m.members) {
		return fmt.Errorf("%w: %d leaves, the members of %d", ErrModel, len(m.forest.leaves), len(m.starts)-1)
	}
	for i := range m.forest.leaves {
		if m.starts[i] >= m.starts[i+1] {
			return fmt.Errorf("%w: leaf %d has no members", ErrModel, i)
		}
	}
	for i, t := range m.targets {
		if notFinite(t) || i > 0 && t <= m.targets[i-1] {
			return fmt.Errorf("%w: target %d is %v", ErrModel, i, t)
		}
	}
	for i, k := range m.members {
		if int(k.target) >= len(m.targets) || !(k.weight >= 0 && k.weight <= 1) {
			return fmt.Errorf("%w: member %d of the leaves", ErrModel, i)
		}
	}
	return errors.Join(m.schema.validate(), m.forest.validateFor(&m.schema))
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *QuantileForest) WriteTo(w io.Writer) (int64, error) {
	p := beginFormat(m.schema, treeFormat)
	p.Floats(m.targets)
	p.Int(len(m.starts))
	for _, s := range m.starts {
		p.Uint32(s)
	}
	p.Int(len(m.members))
	for _, k := range m.members {
		p.Uint32(k.target)
		p.Uint32(math.Float32bits(k.weight))
	}
	encodeEnsemble(p, &m.forest)
	return codec.WriteContainer(w, kindQuantileForest, p.Bytes())
}

func decodeQuantileForest(r *codec.Reader, schema Schema) *QuantileForest {
	m := &QuantileForest{schema: schema, targets: r.Floats()}
	m.starts = make([]uint32, r.Count(4))
	for i := range m.starts {
		m.starts[i] = r.Uint32()
	}
	m.members = make([]member, r.Count(8))
	for i := range m.members {
		m.members[i] = member{r.Uint32(), math.Float32frombits(r.Uint32())}
	}
	m.forest = decodeEnsemble(r)
	return m
}
