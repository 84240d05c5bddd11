package supervised

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/leptonsched/lepton/internal/rng"
)

// AdaptiveForest is a forest of Hoeffding trees that learns row by row and replaces trees as the world
// drifts: adaptive random forests of Gomes et al. (2017), algorithms 1 and 2. Each tree takes a row
// Poisson(6) times and looks in each leaf at a few columns; two ADWIN windows watch its errors: a rise seen
// by the sensitive one starts a new tree in the background, one seen by the other puts it in its place.
// Votes are shares of classes, weighted by each tree's accuracy since it began. The zero value works.
type AdaptiveForest struct {
	Trees    int           // 0 means 10
	Features int           // columns that a leaf looks at; 0 means √columns + 1, rounded
	Warning  float64       // Delta of the ADWIN that starts a background tree; 0 means 0.01
	Drift    float64       // Delta of the ADWIN that puts it in place, at most Warning; 0 means 0.001
	Tree     HoeffdingTree // of each tree; here a Grace of 0 means 50, a Delta of 0 means 0.01
	Seed     uint64        // source of all randomness
}

func (o AdaptiveForest) withDefaults(columns int) AdaptiveForest {
	if o.Trees == 0 {
		o.Trees = 10
	}
	if o.Features == 0 {
		o.Features = int(math.Round(math.Sqrt(float64(columns)))) + 1
	}
	if o.Warning == 0 {
		o.Warning = 0.01
	}
	if o.Drift == 0 {
		o.Drift = 0.001
	}
	if o.Tree.Grace == 0 {
		o.Tree.Grace = 50
	}
	if o.Tree.Delta == 0 {
		o.Tree.Delta = 0.01
	}
	o.Tree = o.Tree.withDefaults()
	return o
}

func (o AdaptiveForest) validate() error {
	errs := []error{o.Tree.validate()}
	if o.Trees < 0 {
		errs = append(errs, fmt.Errorf("%w: Trees is %d", ErrOptions, o.Trees))
	}
	if o.Features < 0 {
		errs = append(errs, fmt.Errorf("%w: Features is %d", ErrOptions, o.Features))
	}
	if !(o.Drift > 0 && o.Drift <= o.Warning && o.Warning < 1) {
		errs = append(errs, fmt.Errorf("%w: Drift is %v, Warning is %v, not rising in (0, 1)", ErrOptions, o.Drift, o.Warning))
	}
	return errors.Join(errs...)
}

// Start returns a trainer for rows of schema s.
func (o AdaptiveForest) Start(s Schema) (*AdaptiveForestTrainer, error) {
	o = o.withDefaults(len(s.Columns))
	if err := errors.Join(o.validate(), s.checkClasses()); err != nil {
		return nil, err
	}
	t := &AdaptiveForestTrainer{schema: s.clone(), options: o}
	for k := range o.Trees {
		m := &forestMember{r: rng.New(o.Seed, "adaptive forest tree "+strconv.Itoa(k))}
		t.begin(m, t.newTree(m.r))
		t.members = append(t.members, m)
	}
	return t, nil
}

// AdaptiveForestTrainer is a running AdaptiveForest. Its memory is bounded by twice the trees' Leaves.
// Same rows, same Seed, same bits. Not safe for concurrent use.
type AdaptiveForestTrainer struct {
	schema   Schema
	options  AdaptiveForest
	members  []*forestMember
	replaced int
}

// forestMember is one tree with what watches over it.
type forestMember struct {
	r              *rand.Rand
	tree           *streamTree
	background     *streamTree // nil: no warning stands
	warning, drift *ADWIN
	rows, right    float64 // since the tree began
}

func (t *AdaptiveForestTrainer) newTree(r *rand.Rand) *streamTree {
	return newStreamTree(&t.schema, t.options.Tree, t.options.Features, r)
}

// begin puts a tree in a member's place, with nothing held against it.
func (t *AdaptiveForestTrainer) begin(m *forestMember, tree *streamTree) {
	m.tree, m.background, m.rows, m.right = tree, nil, 0, 0
	m.warning = &ADWIN{options: ADWINOptions{Delta: t.options.Warning}.withDefaults()}
	m.drift = &ADWIN{options: ADWINOptions{Delta: t.options.Drift}.withDefaults()}
}

// PartialFit takes one row: see Incremental.
func (t *AdaptiveForestTrainer) PartialFit(x []float64, y float64) error {
	if err := t.schema.checkRow(x, y); err != nil {
		return err
	}
	class := int(y)
	for _, m := range t.members {
		wrong := 1.0
		if argmax(m.tree.leaf(x).seen.counts) == class {
			wrong = 0
			m.right++
		}
		m.rows++
		if k := float64(poissonCount(m.r, 6)); k > 0 {
			m.tree.learn(x, class, k)
			if m.background != nil {
				m.background.learn(x, class, k)
			}
		}
		warned, err := m.warning.rose(wrong)
		if err != nil {
			return err
		}
		drifted, err := m.drift.rose(wrong)
		if err != nil {
			return err
		}
		switch {
		case drifted:
			next := m.background
			if next == nil {
				next = t.newTree(m.r)
			}
			t.begin(m, next)
			t.replaced++
		case warned:
			m.background = t.newTree(m.r)
		}
	}
	return nil
}

// rose is Add, but leaves a fall of the mean unreported: getting better is no reason to start anew.
func (a *ADWIN) rose(v float64) (bool, error) {
	before := a.Mean()
	drift, err := a.Add(v)
	return drift && a.Mean() > before, err
}

// poissonCount draws by counting exponential gaps, which suits a small mean: Knuth, The Art of Computer
// Programming, volume 2, section 3.4.1.
func poissonCount(r *rand.Rand, mean float64) int {
	k, gap := 0, r.ExpFloat64()
	for gap < mean {
		k++
		gap += r.ExpFloat64()
	}
	return k
}

// Replaced returns how many trees have been replaced because of drift.
func (t *AdaptiveForestTrainer) Replaced() int { return t.replaced }

// Model returns what has been learned so far, a *StreamClassifier.
func (t *AdaptiveForestTrainer) Model() Model {
	out := &StreamClassifier{schema: t.schema.clone()}
	for _, m := range t.members {
		// One row right of two, as if seen before, keeps the weights of new trees above 0.
		out.add(m.tree, (m.right+1)/(m.rows+2))
	}
	return out
}
