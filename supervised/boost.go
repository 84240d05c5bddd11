package supervised

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// GradientBoosting adds up small trees, each fitted to the gradient of the loss at what the trees before
// it say: Friedman, Greedy Function Approximation: A Gradient Boosting Machine (2001), with second-order
// steps and missing values after Chen & Guestrin, XGBoost (2016), and histograms, leaf-wise growth and
// categorical splits after Ke et al., LightGBM (2017). The zero value is usable.
//
// Same data, same options: same bits, whatever Threads is. Only Encode is random, by Seed.
type GradientBoosting struct {
	Rounds  int     // trees, for each class when there are more than two; 0 means 100
	Rate    float64 // share of its answer that a tree adds, in (0, 1]; 0 means 0.1
	Leaves  int     // of a tree at most; 0 means 63
	Depth   int     // splits from root to leaf at most; 0 means 6
	MinLeaf int     // rows in a leaf at least; 0 means 20
	Bins    int     // bins of a numeric column, 2 to 255; 0 means 255
	L2      float64 // added to the sum of the weights (of the hessians) in a leaf, which draws its answer to 0
	Threads int     // goroutines used by a fit, which waits for all of them; 0 means 1
	Seed    uint64  // source of the orders in which Encode takes rows

	// DepthWise splits all leaves of one level before the next; else the leaf that gains most comes
	// first. It matters only when Leaves ends a tree before Depth does.
	DepthWise bool

	// Loss is what FitRegressor lowers; FitClassifier takes the logistic loss, or its form for several
	// classes. The fields below it belong to one loss each and must be 0 with others.
	Loss     Loss
	Quantile float64 // QuantileLoss: which, in (0, 1); 0 means 0.5
	Delta    float64 // HuberLoss: differences beyond count linearly; 0 means the 0.9 quantile of all, anew each round
	Under    float64 // AsymmetricLoss: weight of an answer below the target; 0 means 1
	Over     float64 // AsymmetricLoss: weight of an answer above the target; 0 means 1
	Limit    string  // CensoredLoss: the column that holds a row's limit, in the target's unit

	// Rising and Falling name numeric columns: as their value rises, all else equal, the answer (of a
	// classifier, the probability of class 1) never falls, or never rises. nil: none. Not for more than
	// two classes.
	Rising, Falling []string

	// ClassWeights, one for each class of the target, multiply the weights of its rows; nil: 1 each.
	ClassWeights []float64

	// Encode names categorical columns whose levels are replaced by a number: the mean target of their
	// rows, drawn to that of all rows, and in each row of the fit only over rows before it in a random
	// order. For columns of many levels (users, applications), and needed beyond 255 of them. nil: none.
	Encode []string

	// Held are rows to judge by: the fit ends when Patience rounds have not lowered their mean loss, and
	// goes back to the best round. It must have the columns and classes of the fit. nil: all Rounds.
	Held     *Dataset
	Patience int // rounds without a lower loss on Held; 0 means 10
}

func (o GradientBoosting) withDefaults() GradientBoosting {
	for _, f := range []struct {
		value    *int
		standard int
	}{{&o.Rounds, 100}, {&o.Leaves, 63}, {&o.Depth, 6}, {&o.MinLeaf, 20}, {&o.Bins, maxBins}, {&o.Threads, 1}, {&o.Patience, 10}} {
		if *f.value == 0 {
			*f.value = f.standard
		}
	}
	if o.Rate == 0 {
		o.Rate = 0.1
	}
	return o
}

func (o GradientBoosting) validate() error {
	errs := []error{checkBins(o.Bins), o.validateLoss()}
	for _, f := range []struct {
		name  string
		value int
	}{{"Rounds", o.Rounds}, {"Leaves", o.Leaves}, {"Depth", o.Depth}, {"MinLeaf", o.MinLeaf}, {"Threads", o.Threads}, {"Patience", o.Patience}} {
		if f.value < 1 {
			errs = append(errs, fmt.Errorf("%w: %s is %d", ErrOptions, f.name, f.value))
		}
	}
	if !(o.Rate > 0 && o.Rate <= 1) {
		errs = append(errs, fmt.Errorf("%w: Rate is %v", ErrOptions, o.Rate))
	}
	if notFinite(o.L2) || o.L2 < 0 {
		errs = append(errs, fmt.Errorf("%w: L2 is %v", ErrOptions, o.L2))
	}
	return errors.Join(errs...)
}

// FitClassifier fits the logistic loss, for more than two classes the softmax one with a tree for each
// class and round. Beside the data, which it copies when d is a Subset, it holds a byte a cell and 60
// bytes a row (8 more for each class beyond two), and at most 48 MB of histograms.
func (o GradientBoosting) FitClassifier(d *Dataset) (*BoostedClassifier, error) {
	o = o.withDefaults()
	errs := []error{o.validate()}
	if o.Loss != SquaredLoss {
		errs = append(errs, fmt.Errorf("%w: Loss is %v, which is for numbers", ErrOptions, o.Loss))
	}
	if d.Classes() > 2 && len(o.Rising)+len(o.Falling) > 0 {
		errs = append(errs, fmt.Errorf("%w: Rising and Falling with %d classes", ErrOptions, d.Classes()))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	d, err := d.flat().weighClasses(o.ClassWeights)
	if err != nil {
		return nil, err
	}
	weights, err := d.classWeights()
	if err != nil {
		return nil, err
	}
	trees, held, err := o.fit(d, func(d *Dataset) (loss, error) {
		if d.Classes() == 2 {
			return newBinaryLoss(d, weights), nil
		}
		return newSoftmaxLoss(d, weights), nil
	})
	if err != nil {
		return nil, err
	}
	m := &BoostedClassifier{schema: d.Schema(), trees: *trees, held: held}
	return m, m.validate()
}

// FitRegressor fits Loss. It holds what FitClassifier does.
func (o GradientBoosting) FitRegressor(d *Dataset) (*BoostedRegressor, error) {
	o = o.withDefaults()
	errs := []error{o.validate()}
	if o.ClassWeights != nil {
		errs = append(errs, fmt.Errorf("%w: ClassWeights for a number", ErrOptions))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := d.checkRegression(); err != nil {
		return nil, err
	}
	if err := checkSpread(d.flat()); err != nil {
		return nil, err
	}
	trees, held, err := o.fit(d.flat(), o.regressionLoss)
	if err != nil {
		return nil, err
	}
	m := &BoostedRegressor{schema: d.Schema(), trees: *trees, held: held, logLink: o.Loss == PoissonLoss}
	return m, m.validate()
}

// directions returns 1 for a rising column, −1 for a falling one; nil when there is neither.
func (o GradientBoosting) directions(d *Dataset, q *quantised) ([]int8, error) {
	if len(o.Rising)+len(o.Falling) == 0 {
		return nil, nil
	}
	bySource := make([]int8, d.Width())
	for _, list := range []struct {
		names     []string
		direction int8
	}{{o.Rising, 1}, {o.Falling, -1}} {
		for _, name := range list.names {
			j := slices.IndexFunc(d.schema.Columns, func(c Column) bool { return c.Name == name })
			switch {
			case j < 0:
				return nil, fmt.Errorf("%w: Rising or Falling names %q", ErrNoSuchColumn, name)
			case d.schema.Columns[j].Kind != Numeric:
				return nil, fmt.Errorf("%w: Rising or Falling names %q, whose levels have no order", ErrOptions, name)
			case bySource[j] != 0:
				return nil, fmt.Errorf("%w: Rising and Falling name %q twice", ErrOptions, name)
			}
			bySource[j] = list.direction
		}
	}
	out := make([]int8, len(q.columns))
	for j, c := range q.columns {
		out[j] = bySource[c.source]
	}
	return out, nil
}

// checkHeld makes sure that Held can be read like d.
func (o GradientBoosting) checkHeld(d *Dataset) error {
	if o.Held == nil {
		return nil
	}
	a, b := d.Schema(), o.Held.Schema()
	same := slices.EqualFunc(a.Columns, b.Columns, func(x, y Column) bool {
		return x.Name == y.Name && x.Kind == y.Kind && slices.Equal(x.Levels, y.Levels)
	})
	if !same || !slices.Equal(a.Classes, b.Classes) {
		return fmt.Errorf("%w: Held has other columns or classes than the fit", ErrOptions)
	}
	for i := range o.Held.Len() {
		if o.Held.Weight(i) > 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: Held has no row of weight above 0", ErrOptions)
}

// infinite reports whether any of the numbers is not finite.
func infinite(values ...float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}
