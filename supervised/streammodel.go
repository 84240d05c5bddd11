package supervised

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/leptonsched/lepton/internal/codec"
)

// StreamClassifier is what a HoeffdingTree or an AdaptiveForest had learned at one moment. Immutable;
// safe for concurrent use.
type StreamClassifier struct {
	schema  Schema
	weights []float64 // per tree, above 0
	roots   []int     // per tree, the place of its first node
	nodes   []streamNode
	leaves  []float64 // shares of the classes, a row for each leaf
}

// streamNode is a split whose left side follows it, or a leaf: then column is −1 and right its place in
// leaves.
type streamNode struct {
	at          float64
	column      int32
	right       int32
	categorical bool
	missingLeft bool
}

// add flattens a tree, the left side of a split before the right.
func (m *StreamClassifier) add(t *streamTree, weight float64) {
	m.weights, m.roots = append(m.weights, weight), append(m.roots, len(m.nodes))
	classes := len(m.schema.Classes)
	var walk func(b *streamBranch)
	walk = func(b *streamBranch) {
		at := len(m.nodes)
		if b.seen != nil {
			m.nodes = append(m.nodes, streamNode{column: -1, right: int32(len(m.leaves) / classes)})
			n := b.seen.total()
			for _, c := range b.seen.counts {
				// One row more, shared by all classes, so that no leaf is certain.
				m.leaves = append(m.leaves, (c+1/float64(classes))/(n+1))
			}
			return
		}
		m.nodes = append(m.nodes, streamNode{
			at: b.split.at, column: int32(b.split.column), categorical: b.split.categorical, missingLeft: b.split.missingLeft,
		})
		walk(b.left)
		m.nodes[at].right = int32(len(m.nodes))
		walk(b.right)
	}
	walk(t.root)
}

// Schema returns a copy of what the model expects of a row, and its classes.
func (m *StreamClassifier) Schema() Schema { return m.schema.clone() }

// Trees returns how many trees vote.
func (m *StreamClassifier) Trees() int { return len(m.roots) }

// leaf returns the shares of the classes where x ends in tree k.
func (m *StreamClassifier) leaf(k int, x []float64) []float64 {
	at := m.roots[k]
	for {
		n := &m.nodes[at]
		if n.column < 0 {
			classes := len(m.schema.Classes)
			return m.leaves[int(n.right)*classes:][:classes]
		}
		v := x[n.column]
		left := v <= n.at
		if math.IsNaN(v) {
			left = n.missingLeft
		} else if n.categorical {
			left = v == n.at
		}
		if left {
			at++
		} else {
			at = int(n.right)
		}
	}
}

// Predict returns the probability of class 1: see Model.
func (m *StreamClassifier) Predict(x []float64) float64 {
	if len(x) != len(m.schema.Columns) {
		return math.NaN()
	}
	var sum, total float64
	for k, w := range m.weights {
		sum += w * m.leaf(k, x)[1]
		total += w
	}
	return sum / total
}

// PredictProba writes the weighted mean of the trees' shares into dst: see Classifier.
func (m *StreamClassifier) PredictProba(dst, x []float64) error {
	if err := checkWidths(&m.schema, dst, x); err != nil {
		return err
	}
	clear(dst)
	for k, w := range m.weights {
		floats.AddScaled(dst, w, m.leaf(k, x))
	}
	floats.Scale(1/floats.Sum(m.weights), dst)
	return nil
}

func (m *StreamClassifier) validate() error {
	if err := m.schema.checkClasses(); err != nil {
		return errors.Join(ErrModel, err)
	}
	classes := len(m.schema.Classes)
	if len(m.roots) == 0 || len(m.roots) != len(m.weights) || m.roots[0] != 0 || len(m.leaves)%classes != 0 {
		return fmt.Errorf("%w: %d trees, %d weights", ErrModel, len(m.roots), len(m.weights))
	}
	if slices.ContainsFunc(m.weights, func(w float64) bool { return !(w > 0 && w <= 1) }) {
		return fmt.Errorf("%w: the weight of a tree", ErrModel)
	}
	for leaf := range slices.Chunk(m.leaves, classes) {
		if slices.ContainsFunc(leaf, func(p float64) bool { return !(p >= 0 && p <= 1) }) || math.Abs(floats.Sum(leaf)-1) > 1e-6 {
			return fmt.Errorf("%w: the shares of a leaf", ErrModel)
		}
	}
	for k, root := range m.roots {
		end := len(m.nodes)
		if k+1 < len(m.roots) {
			end = m.roots[k+1]
		}
		if root < 0 || root >= end || end > len(m.nodes) {
			return fmt.Errorf("%w: the nodes of tree %d", ErrModel, k)
		}
		for at := root; at < end; at++ {
			n := &m.nodes[at]
			// Every way leads to a later node of the tree, so each row ends in a leaf.
			leaf := n.column == -1 && n.right >= 0 && int(n.right) < len(m.leaves)/classes
			split := n.column >= 0 && int(n.column) < len(m.schema.Columns) && at+1 < end &&
				int(n.right) > at+1 && int(n.right) < end && !notFinite(n.at)
			if !leaf && !split {
				return fmt.Errorf("%w: node %d", ErrModel, at)
			}
		}
	}
	return nil
}

// WriteTo saves the model for ReadModel. Saving twice gives the same bytes.
func (m *StreamClassifier) WriteTo(w io.Writer) (int64, error) {
	p := begin(m.schema)
	p.Floats(m.weights)
	for _, root := range m.roots {
		p.Int(root)
	}
	p.Int(len(m.nodes))
	for _, n := range m.nodes {
		p.Float(n.at)
		p.Uint32(uint32(n.column))
		p.Uint32(uint32(n.right))
		p.Bool(n.categorical)
		p.Bool(n.missingLeft)
	}
	p.Floats(m.leaves)
	return codec.WriteContainer(w, kindStream, p.Bytes())
}

func decodeStream(r *codec.Reader, schema Schema) *StreamClassifier {
	m := &StreamClassifier{schema: schema, weights: r.Floats()}
	for range m.weights {
		m.roots = append(m.roots, r.Int())
	}
	for range r.Count(18) {
		n := streamNode{at: r.Float(), column: int32(r.Uint32()), right: int32(r.Uint32())}
		n.categorical, n.missingLeft = r.Bool(), r.Bool()
		m.nodes = append(m.nodes, n)
	}
	m.leaves = r.Floats()
	return m
}
