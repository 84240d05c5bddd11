package supervised

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/leptonsched/lepton/internal/rng"
)

// RandomForest averages CART trees, each grown on a bootstrap of the rows and looking at a few columns
// per split: Breiman, Random Forests (2001); trees after Breiman, Friedman, Olshen & Stone,
// Classification and Regression Trees (1984). The zero value is usable.
//
// Columns are cut into at most Bins bins, and splits lie between bins: exactly where an exact tree puts
// them while a column has no more distinct values than that. Missing values go to the side where they
// lower the impurity most; a split that saw none sends them to the heavier side. The levels of a
// categorical column are parted in any way, not by their codes. Same data, same seed: same bits,
// whatever Threads is.
type RandomForest struct {
	Trees       int    // 0 means 100
	Depth       int    // splits from root to leaf at most; 0 means 16
	MinLeaf     int    // rows in a leaf at least, counting a row once however often it was drawn; 0 means 1
	Features    int    // columns looked at per split; 0 means √columns for classes, a third for numbers
	Bins        int    // bins of a numeric column, 2 to 255; 0 means 255
	NoBootstrap bool   // every tree sees all rows; there is then no out-of-bag score
	Threads     int    // goroutines used by a fit, which waits for all of them; 0 means 1
	Seed        uint64 // source of bootstraps and column choices

	// ClassWeights, one for each class of the target, multiply the weights of its rows; nil: 1 each.
	ClassWeights []float64
	// Encode names categorical columns whose levels are replaced by what their rows' targets were like
	// (see GradientBoosting.Encode): needed for those of more than 255 levels. nil: none.
	Encode []string
}

func (o RandomForest) withDefaults() RandomForest {
	if o.Trees == 0 {
		o.Trees = 100
	}
	if o.Depth == 0 {
		o.Depth = 16
	}
	if o.MinLeaf == 0 {
		o.MinLeaf = 1
	}
	if o.Bins == 0 {
		o.Bins = maxBins
	}
	if o.Threads == 0 {
		o.Threads = 1
	}
	return o
}

func (o RandomForest) validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int
	}{{"Trees", o.Trees}, {"Depth", o.Depth}, {"MinLeaf", o.MinLeaf}, {"Threads", o.Threads}, {"Features", o.Features}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%w: %s is %d", ErrOptions, f.name, f.value))
		}
	}
	return errors.Join(append(errs, checkBins(o.Bins))...)
}

// FitClassifier grows trees by Gini impurity. A tree votes with the class shares of its leaf. Beside
// the data, which it copies when d is a Subset, it holds a byte a cell, 32 bytes a row for each thread,
// one bit a row for each tree, and the trees at 20 bytes a node.
func (o RandomForest) FitClassifier(d *Dataset) (*ForestClassifier, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	d, err := d.flat().weighClasses(o.ClassWeights)
	if err != nil {
		return nil, err
	}
	if _, err := d.classWeights(); err != nil {
		return nil, err
	}
	if o.Features == 0 {
		o.Features = int(math.Sqrt(float64(d.Width())))
	}
	f, bag, _, err := o.grow(d, d.Classes(), false)
	if err != nil {
		return nil, err
	}
	m := &ForestClassifier{schema: d.Schema(), forest: *f}
	y, proba := bag.votes(d, f, o.Threads)
	m.outOfBag = ClassifierScores{Accuracy: math.NaN(), LogLoss: math.NaN(), AUC: math.NaN(), Brier: math.NaN()}
	if len(y) > 0 {
		if m.outOfBag, err = scoreProba(y, proba, d.Classes()); err != nil {
			return nil, err
		}
	}
	return m, m.validate()
}

// FitRegressor grows trees by variance. A tree estimates the mean of its leaf. It holds what
// FitClassifier does.
func (o RandomForest) FitRegressor(d *Dataset) (*ForestRegressor, error) {
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
	f, bag, _, err := o.grow(d, 0, false)
	if err != nil {
		return nil, err
	}
	m := &ForestRegressor{schema: d.Schema(), forest: *f}
	m.outOfBag = RegressorScores{RMSE: math.NaN(), MAE: math.NaN()}
	if y, values := bag.votes(d, f, o.Threads); len(y) > 0 {
		if m.outOfBag, err = scoreValues(y, values); err != nil {
			return nil, err
		}
	}
	return m, m.validate()
}

// grow fits the trees, by turns on the goroutines it is allowed, and joins them in order. members asks
// for the rows of each leaf.
func (o RandomForest) grow(d *Dataset, classes int, members bool) (*ensemble, *bags, []leafMembers, error) {
	if err := d.checkPresent(); err != nil {
		return nil, nil, nil, err
	}
	if d.Len() > math.MaxInt32 {
		return nil, nil, nil, fmt.Errorf("%w: %d rows", ErrTooLarge, d.Len())
	}
	d = d.flat()
	if err := checkSpread(d); err != nil {
		return nil, nil, nil, err
	}
	q, tables, err := prepare(d, o.Encode, o.Bins, o.Threads, o.Seed)
	if err != nil {
		return nil, nil, nil, err
	}
	bag := &bags{words: (d.Len() + 63) / 64, used: !o.NoBootstrap}
	if bag.used {
		bag.bits = make([]uint64, o.Trees*bag.words)
	}
	growers := sync.Pool{New: func() any { return newForestGrower(q, d, classes, o.Depth, o.MinLeaf, max(o.Features, 1)) }}
	grown := make([]*ensemble, o.Trees)
	errs := make([]error, o.Trees)
	kept := make([]leafMembers, o.Trees)
	parallel(o.Threads, o.Trees, func(t int) {
		g := growers.Get().(*forestGrower)
		defer growers.Put(g)
		random := rng.New(rng.Mix(o.Seed, uint64(t)), "supervised.RandomForest")
		for i := range g.weight {
			g.weight[i] = d.Weight(i)
		}
		if bag.used {
			bag.draw(t, g.weight, random)
		}
		grown[t] = newEnsemble(d.Width(), max(classes, 1), max(classes, 1))
		leaf := g.appendLeaf
		if members {
			leaf = func(leaves []float64, n *grownNode) []float64 {
				kept[t].add(g, n)
				return g.appendLeaf(leaves, n)
			}
		}
		errs[t] = grown[t].append(q, g.grow(random), &g.search.fixed, leaf)
	})
	if err := errors.Join(errs...); err != nil {
		return nil, nil, nil, err
	}
	f, err := join(grown, true)
	if err != nil {
		return nil, nil, nil, err
	}
	f.tables, f.mean = tables, true
	return f, bag, kept, f.validate()
}

// bags remembers which rows each tree has seen.
type bags struct {
	used  bool
	words int      // per tree
	bits  []uint64 // one bit per tree and row
}

// draw makes a bootstrap for tree t: of the n rows whose weight is above 0, n with replacement, their
// weights multiplied by how often they came.
func (b *bags) draw(t int, weight []float64, random *rand.Rand) {
	var counting []int
	for i, w := range weight {
		if w > 0 {
			counting = append(counting, i)
		}
	}
	counts := make([]float64, len(weight))
	for range counting {
		i := counting[random.IntN(len(counting))]
		counts[i]++
		b.bits[t*b.words+i/64] |= 1 << (i % 64)
	}
	for i, c := range counts {
		weight[i] *= c
	}
}

// votes returns, for each row that counts and that some tree has not seen, the target and the mean over
// those trees. Trees are summed in their order.
func (b *bags) votes(d *Dataset, f *ensemble, threads int) (y, values []float64) {
	if !b.used {
		return nil, nil
	}
	const block = 4096
	means := make([]float64, d.Len()*f.outputs) // NaN where there is none
	parallel(threads, (d.Len()+block-1)/block, func(k int) {
		var x []float64
		row := make([]uint64, max(len(f.slots), 1))
		for i := k * block; i < min((k+1)*block, d.Len()); i++ {
			x = d.Row(x, i)
			f.read(row, x)
			b.vote(means[i*f.outputs:(i+1)*f.outputs], f, i, row)
		}
	})
	for i := range d.Len() {
		if v := means[i*f.outputs : (i+1)*f.outputs]; v[0] == v[0] && d.Weight(i) > 0 {
			y = append(y, d.Target(i))
			values = append(values, v...)
		}
	}
	return y, values
}

// vote writes the mean over the trees that have not seen row i into dst, NaN when all have.
func (b *bags) vote(dst []float64, f *ensemble, i int, row []uint64) {
	clear(dst)
	var trees, at [together]int32
	waiting, unseen := 0, 0
	for t := range f.roots {
		if b.bits[t*b.words+i/64]&(1<<(i%64)) == 0 {
			trees[waiting] = int32(t)
			waiting++
			unseen++
		}
		if waiting == together || waiting > 0 && t+1 == len(f.roots) {
			f.descend(&at, trees[:waiting], row)
			for k, leaf := range at[:waiting] {
				f.addLeaf(dst, int(trees[k]), leaf)
			}
			waiting = 0
		}
	}
	for k := range dst {
		dst[k] /= float64(unseen) // none: 0/0
	}
}
