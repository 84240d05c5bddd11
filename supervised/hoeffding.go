package supervised

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// HoeffdingTree is a classification tree that learns row by row and splits a leaf once it has seen
// enough rows to be sure, with probability 1 − Delta, of having chosen as all rows would: VFDT of Domingos
// & Hulten (2000). Numeric columns are watched through one normal distribution per class, cut in ten
// places (Pfahringer, Holmes & Kirkby 2008); a categorical split takes one level apart from the rest; rows
// whose value is missing teach nothing about that column and go to the larger side of a split. A leaf
// answers with the shares of its classes. The zero value works.
type HoeffdingTree struct {
	Grace  int     // rows in a leaf between looks for a split; 0 means 200
	Delta  float64 // chance that a split is not the one all rows would have chosen, in (0, 1); 0 means 1e-7
	Tie    float64 // split all the same once the candidates cannot differ by more than this, in bits; 0 means 0.05
	Leaves int     // leaves at most, which bounds memory at columns × classes × 40 bytes each; 0 means 500
}

func (o HoeffdingTree) withDefaults() HoeffdingTree {
	if o.Grace == 0 {
		o.Grace = 200
	}
	if o.Delta == 0 {
		o.Delta = 1e-7
	}
	if o.Tie == 0 {
		o.Tie = 0.05
	}
	if o.Leaves == 0 {
		o.Leaves = 500
	}
	return o
}

func (o HoeffdingTree) validate() error {
	var errs []error
	if o.Grace < 0 {
		errs = append(errs, fmt.Errorf("%w: Grace is %d", ErrOptions, o.Grace))
	}
	if !(o.Delta > 0 && o.Delta < 1) {
		errs = append(errs, fmt.Errorf("%w: Delta is %v, not in (0, 1)", ErrOptions, o.Delta))
	}
	if !(o.Tie > 0) {
		errs = append(errs, fmt.Errorf("%w: Tie is %v", ErrOptions, o.Tie))
	}
	if o.Leaves < 0 || o.Leaves > 1<<24 {
		errs = append(errs, fmt.Errorf("%w: Leaves is %d, not in 1 to %d", ErrOptions, o.Leaves, 1<<24))
	}
	return errors.Join(errs...)
}

// Start returns a trainer for rows of schema s, whose model is one leaf.
func (o HoeffdingTree) Start(s Schema) (*HoeffdingTrainer, error) {
	o = o.withDefaults()
	if err := errors.Join(o.validate(), s.checkClasses()); err != nil {
		return nil, err
	}
	own := s.clone()
	return &HoeffdingTrainer{schema: own, tree: newStreamTree(&own, o, len(own.Columns), nil)}, nil
}

// HoeffdingTrainer is a running HoeffdingTree. Not safe for concurrent use.
type HoeffdingTrainer struct {
	schema Schema
	tree   *streamTree
}

// PartialFit takes one row: see Incremental.
func (t *HoeffdingTrainer) PartialFit(x []float64, y float64) error {
	if err := t.schema.checkRow(x, y); err != nil {
		return err
	}
	t.tree.learn(x, int(y), 1)
	return nil
}

// Model returns what has been learned so far, a *StreamClassifier of one tree.
func (t *HoeffdingTrainer) Model() Model {
	m := &StreamClassifier{schema: t.schema.clone()}
	m.add(t.tree, 1)
	return m
}

// streamTree is a tree that grows. features is how many columns a leaf watches, drawn by r when they
// are not all.
type streamTree struct {
	schema   *Schema
	options  HoeffdingTree
	features int
	r        *rand.Rand
	root     *streamBranch
	leaves   int
}

// streamBranch is a leaf while seen is not nil, else a split.
type streamBranch struct {
	split       streamSplit
	left, right *streamBranch
	seen        *leafSeen
}

// streamSplit sends a row to the left when its value of the column is at most at, or is the level at.
type streamSplit struct {
	column      int
	at          float64
	categorical bool
	missingLeft bool
}

func (s *streamSplit) left(x []float64) bool {
	switch v := x[s.column]; {
	case math.IsNaN(v):
		return s.missingLeft
	case s.categorical:
		return v == s.at
	default:
		return v <= s.at
	}
}

func newStreamTree(s *Schema, o HoeffdingTree, features int, r *rand.Rand) *streamTree {
	t := &streamTree{schema: s, options: o, features: features, r: r, leaves: 1}
	t.root = &streamBranch{seen: t.newLeaf(make([]float64, len(s.Classes)))}
	return t
}

func (t *streamTree) leaf(x []float64) *streamBranch {
	b := t.root
	for b.seen == nil {
		if b.split.left(x) {
			b = b.left
		} else {
			b = b.right
		}
	}
	return b
}

// learn takes a row that counts weight times.
func (t *streamTree) learn(x []float64, class int, weight float64) {
	b := t.leaf(x)
	b.seen.add(x, class, weight)
	if b.seen.looked += weight; b.seen.looked < float64(t.options.Grace) || t.leaves >= t.options.Leaves {
		return
	}
	b.seen.looked = 0
	best, second := b.seen.best(t.schema)
	if best.gain <= 0 {
		return
	}
	// Hoeffding's bound for a gain of at most log₂(classes) bits.
	n, whole := b.seen.total(), math.Log2(float64(len(t.schema.Classes)))
	epsilon := math.Sqrt(whole * whole * math.Log(1/t.options.Delta) / (2 * n))
	if best.gain-max(second, 0) <= epsilon && epsilon >= t.options.Tie {
		return
	}
	b.split = best.split
	b.left, b.right = &streamBranch{seen: t.newLeaf(best.left)}, &streamBranch{seen: t.newLeaf(best.right)}
	b.seen = nil
	t.leaves++
}
