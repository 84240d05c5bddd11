package supervised

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/leptonsched/lepton/internal/rng"
)

// RandomForest averages CART trees, each grown on a bootstrap of the rows and looking at a few columns
// per split: Breiman, Random Forests (2001); trees after Breiman, Friedman, Olshen & Stone,
// Classification and Regression Trees (1984). The zero value is usable.
//
// Splits are exact: every value present is a candidate. Missing values go to the side where they lower
// the impurity most; a split that saw none sends them to the heavier side. The codes of a categorical
// column are split as numbers. Same data, same seed: same bits, whatever Threads is.
type RandomForest struct {
	Trees       int    // 0 means 100
	Depth       int    // splits from root to leaf at most; 0 means 16
	MinLeaf     int    // rows in a leaf at least, counting a row once however often it was drawn; 0 means 1
	Features    int    // columns looked at per split; 0 means √columns for classes, a third for numbers
	NoBootstrap bool   // every tree sees all rows; there is then no out-of-bag score
	Threads     int    // goroutines used by a fit, which waits for all of them; 0 means 1
	Seed        uint64 // source of bootstraps and column choices
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
	return errors.Join(errs...)
}

// FitClassifier grows trees by Gini impurity. A tree votes with the class shares of its leaf. Beside
// the data, which it copies when d is a Subset, it holds 48 bytes a row for each thread, one bit a row
// for each tree, and the trees at 24 bytes a node.
func (o RandomForest) FitClassifier(d *Dataset) (*ForestClassifier, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if _, err := d.classWeights(); err != nil {
		return nil, err
	}
	if o.Features == 0 {
		o.Features = int(math.Sqrt(float64(d.Width())))
	}
	f, bag, err := o.grow(d, d.Classes())
	if err != nil {
		return nil, err
	}
	m := &ForestClassifier{schema: d.Schema(), forest: *f}
	y, proba := bag.votes(d, f)
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
	if err := d.checkRegression(); err != nil {
		return nil, err
	}
	if o.Features == 0 {
		o.Features = d.Width() / 3
	}
	f, bag, err := o.grow(d, 0)
	if err != nil {
		return nil, err
	}
	m := &ForestRegressor{schema: d.Schema(), forest: *f}
	m.outOfBag = RegressorScores{RMSE: math.NaN(), MAE: math.NaN()}
	if y, values := bag.votes(d, f); len(y) > 0 {
		if m.outOfBag, err = scoreValues(y, values); err != nil {
			return nil, err
		}
	}
	return m, m.validate()
}

// grow fits the trees, by turns on the goroutines it is allowed, and joins them in order.
func (o RandomForest) grow(d *Dataset, classes int) (*forest, *bags, error) {
	if err := d.checkPresent(); err != nil {
		return nil, nil, err
	}
	if d.Len() > math.MaxInt32 {
		return nil, nil, fmt.Errorf("%w: %d rows", ErrTooLarge, d.Len())
	}
	d = d.flat()
	grown := make([]tree, o.Trees)
	bag := &bags{words: (d.Len() + 63) / 64, used: !o.NoBootstrap}
	if bag.used {
		bag.bits = make([]uint64, o.Trees*bag.words)
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(o.Threads, o.Trees) {
		done.Go(func() {
			g := newGrower(d, classes, o.Depth, o.MinLeaf, max(o.Features, 1))
			for t := int(next.Add(1)) - 1; t < o.Trees; t = int(next.Add(1)) - 1 {
				random := rng.New(rng.Mix(o.Seed, uint64(t)), "supervised.RandomForest")
				for i := range g.weight {
					g.weight[i] = d.Weight(i)
				}
				if bag.used {
					bag.draw(t, g.weight, random)
				}
				grown[t] = g.grow(random)
			}
		})
	}
	done.Wait()
	f, err := join(grown, max(classes, 1), d.Width())
	return f, bag, err
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

// votes returns, for each row that counts and that some tree has not seen, the target and the mean over those trees.
// Trees are summed in their order.
func (b *bags) votes(d *Dataset, f *forest) (y, values []float64) {
	if !b.used {
		return nil, nil
	}
	var x []float64
	sum := make([]float64, f.outputs)
	for i := range d.Len() {
		if d.Weight(i) == 0 {
			continue
		}
		x = d.Row(x, i)
		clear(sum)
		trees := 0
		for t, root := range f.roots {
			if b.bits[t*b.words+i/64]&(1<<(i%64)) != 0 {
				continue
			}
			trees++
			for k, v := range f.leaf(root, x) {
				sum[k] += v
			}
		}
		if trees == 0 {
			continue
		}
		y = append(y, d.Target(i))
		for _, v := range sum {
			values = append(values, v/float64(trees))
		}
	}
	return y, values
}
