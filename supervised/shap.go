package supervised

import (
	"fmt"
	"math"
	"slices"
)

// Explanation takes one answer of a model apart by column.
type Explanation struct {
	Base          float64        // what the model says on average over the rows that it was fitted to
	Contributions []Contribution // one per column, in order; with Base they sum to the answer
}

// Contribution is what one column adds to an answer.
type Contribution struct {
	Column string  // the column's name
	Value  float64 // in the unit of the answer
}

// Explain returns the exact Shapley value of each column for the probability of a class: what the column
// adds on average over all orders in which columns may become known, unknown ones being averaged over as
// the rows of the fit went down the trees (path-dependent TreeSHAP: Lundberg, Erion & Lee, Consistent
// Individualized Feature Attribution for Tree Ensembles, 2018, algorithm 2). It costs leaves·depth² steps
// a tree. It returns ErrWidth for a row of the wrong width, ErrRange for a class that there is not, and
// ErrModel for a forest saved in format 1, which did not keep how many rows went where.
func (m *ForestClassifier) Explain(x []float64, class int) (Explanation, error) {
	if class < 0 || class >= len(m.schema.Classes) {
		return Explanation{}, fmt.Errorf("%w: class %d of %d", ErrRange, class, len(m.schema.Classes))
	}
	return m.forest.explain(&m.schema, x, class)
}

// Explain returns the exact Shapley value of each column: see ForestClassifier.Explain.
func (m *ForestRegressor) Explain(x []float64) (Explanation, error) {
	return m.forest.explain(&m.schema, x, 0)
}

// Explain returns the exact Shapley value of each column (see ForestClassifier.Explain) for the score of
// a class: its log-odds when there are two, what softmax is taken of when there are more.
func (m *BoostedClassifier) Explain(x []float64, class int) (Explanation, error) {
	if class < 0 || class >= len(m.schema.Classes) {
		return Explanation{}, fmt.Errorf("%w: class %d of %d", ErrRange, class, len(m.schema.Classes))
	}
	if len(m.schema.Classes) > 2 {
		return m.trees.explain(&m.schema, x, class)
	}
	out, err := m.trees.explain(&m.schema, x, 0)
	if class == 0 {
		out.Base = -out.Base
		for i := range out.Contributions {
			out.Contributions[i].Value *= -1
		}
	}
	return out, err
}

// Explain returns the exact Shapley value of each column: see ForestClassifier.Explain. With PoissonLoss
// it is that of the logarithm of the answer.
func (m *BoostedRegressor) Explain(x []float64) (Explanation, error) {
	return m.trees.explain(&m.schema, x, 0)
}

// deepestExplained bounds the recursion over a tree.
const deepestExplained = 1024

func (e *ensemble) explain(s *Schema, x []float64, output int) (Explanation, error) {
	if len(x) != e.columns {
		return Explanation{}, fmt.Errorf("%w: %d features, the model has %d", ErrWidth, len(x), e.columns)
	}
	if len(e.covers) > 0 && e.covers[0] == 0 {
		return Explanation{}, fmt.Errorf("%w: it does not say how many rows its nodes were grown on", ErrModel)
	}
	if deepest := slices.Max(append([]int32{0}, e.depths...)); deepest > deepestExplained {
		return Explanation{}, fmt.Errorf("%w: a tree of depth %d cannot be explained, at most %d can", ErrModel, deepest, deepestExplained)
	}
	r := shapley{e: e, output: output, row: make([]uint64, max(len(e.slots), 1)), phi: make([]float64, e.columns)}
	e.read(r.row, x)
	base := 0.0
	for t, root := range e.roots {
		if e.leafWidth == 1 && t%e.outputs != output {
			continue
		}
		base += r.average(root)
		r.descend(root, nil, 1, 1, -1)
	}
	scale := 1.0
	if e.mean {
		scale = 1 / float64(len(e.roots))
	}
	out := Explanation{Base: e.base[output] + base*scale, Contributions: make([]Contribution, e.columns)}
	for j := range out.Contributions {
		out.Contributions[j] = Contribution{Column: s.Columns[j].Name, Value: r.phi[j] * scale}
	}
	return out, nil
}

// shapley walks all paths of a tree at once. A path is the set of columns asked on the way to a node.
type shapley struct {
	e      *ensemble
	output int
	row    []uint64
	phi    []float64
}

// asked is one column on a path.
type asked struct {
	column int32   // −1: the root
	zero   float64 // share of the fitted rows that go this way when the column is unknown
	one    float64 // 1 when x goes this way, else 0
	weight float64 // share of the orders in which as many columns of the path are known as its place says
}

func (r *shapley) value(at int32) float64 {
	leaf := int(r.e.nodes[at].key)
	if r.e.leafWidth == 1 {
		return r.e.leaves[leaf]
	}
	return r.e.leaves[leaf*r.e.leafWidth+r.output]
}

// average is the mean of the leaves below a node, by how many rows they cover.
func (r *shapley) average(at int32) float64 {
	n := &r.e.nodes[at]
	if n.isLeaf(at) {
		return r.value(at)
	}
	left := float64(r.e.covers[at+1]) / float64(r.e.covers[at])
	right := float64(r.e.covers[n.right]) / float64(r.e.covers[at])
	return left*r.average(at+1) + right*r.average(n.right)
}

// descend follows both ways of each split below a node, to which the column asked last leads.
func (r *shapley) descend(at int32, path []asked, zero, one float64, column int32) {
	path = extend(path, zero, one, column)
	n := &r.e.nodes[at]
	if n.isLeaf(at) {
		v := r.value(at)
		for i := 1; i < len(path); i++ {
			r.phi[path[i].column] += unwoundWeight(path, i) * (path[i].one - path[i].zero) * v
		}
		return
	}
	hot, cold := n.right, at+1
	if r.e.goesLeft(n, r.row) {
		hot, cold = at+1, n.right
	}
	next := r.e.slots[n.slot&^categoricalNode].column
	zero, one = 1, 1
	for i := 1; i < len(path); i++ {
		if path[i].column == next { // asked before: both answers become one
			zero, one = path[i].zero, path[i].one
			path = unwind(path, i)
			break
		}
	}
	cover := float64(r.e.covers[at])
	r.descend(hot, path, zero*float64(r.e.covers[hot])/cover, one, next)
	r.descend(cold, path, zero*float64(r.e.covers[cold])/cover, 0, next)
}

// extend returns a copy of path with one more column on it.
func extend(path []asked, zero, one float64, column int32) []asked {
	l := len(path)
	out := make([]asked, l+1)
	copy(out, path)
	out[l] = asked{column: column, zero: zero, one: one}
	if l == 0 {
		out[l].weight = 1
	}
	for i := l - 1; i >= 0; i-- {
		out[i+1].weight += one * out[i].weight * float64(i+1) / float64(l+1)
		out[i].weight = zero * out[i].weight * float64(l-i) / float64(l+1)
	}
	return out
}

// unwind returns a copy of path without column i, as if it had never been extended by it.
func unwind(path []asked, i int) []asked {
	l := len(path) - 1
	out := make([]asked, len(path))
	copy(out, path)
	zero, one := path[i].zero, path[i].one
	next := out[l].weight
	for j := l - 1; j >= 0; j-- {
		if one != 0 {
			was := out[j].weight
			out[j].weight = next * float64(l+1) / (float64(j+1) * one)
			next = was - out[j].weight*zero*float64(l-j)/float64(l+1)
		} else {
			out[j].weight = out[j].weight * float64(l+1) / (zero * float64(l-j))
		}
	}
	for j := i; j < l; j++ {
		out[j].column, out[j].zero, out[j].one = out[j+1].column, out[j+1].zero, out[j+1].one
	}
	return out[:l]
}

// unwoundWeight is the sum of the weights of unwind(path, i).
func unwoundWeight(path []asked, i int) (total float64) {
	for _, p := range unwind(path, i) {
		total += p.weight
	}
	return total
}

// PartialDependence returns, for each of the given values of a column, the mean answer of m over the rows
// of d with that column set to it: Friedman (2001), section 8.2. It returns ErrNoSuchColumn for a name
// that d does not have. Rows of d are weighted; NaN among values is the missing value.
func PartialDependence(m Model, d *Dataset, column string, values []float64) ([]float64, error) {
	j := slices.IndexFunc(d.schema.Columns, func(c Column) bool { return c.Name == column })
	if j < 0 {
		return nil, fmt.Errorf("%w: %q", ErrNoSuchColumn, column)
	}
	d = d.flat()
	out := make([]float64, len(values))
	for k, v := range values {
		if math.IsInf(v, 0) {
			return nil, fmt.Errorf("%w: %v for column %q", ErrNotFinite, v, column)
		}
		same := make([]float64, d.Len())
		for i := range same {
			same[i] = v
		}
		var sum, weight float64
		for i, p := range Predictions(m, d.withColumn(j, same)) {
			sum += d.Weight(i) * p
			weight += d.Weight(i)
		}
		out[k] = sum / weight
	}
	return out, nil
}
