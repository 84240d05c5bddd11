package supervised

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton/internal/rng"
)

// HalvingOptions are those of Halving for candidates of type O. The zero value works.
type HalvingOptions[O any] struct {
	SearchOptions
	Factor   int     // one in Factor candidates goes on, with Factor times the rows; 0 means 3
	MinShare float64 // of the training rows that the first round has at least, in [0, 1]
	Seed     uint64  // source of the choice of rows
	// Budget, when not nil, returns o for the given share of the whole effort, in (0, 1]: fewer trees or
	// rounds, say. All training rows are used then. nil: a share of the rows, of each class alike.
	Budget func(o O, share float64) O
}

func (o HalvingOptions[O]) withDefaults() HalvingOptions[O] {
	o.SearchOptions = o.SearchOptions.withDefaults()
	if o.Factor == 0 {
		o.Factor = 3
	}
	return o
}

func (o HalvingOptions[O]) validate() error {
	errs := []error{o.SearchOptions.validate()}
	if o.Factor < 2 {
		errs = append(errs, fmt.Errorf("%w: Factor is %d, must be at least 2", ErrOptions, o.Factor))
	}
	if !(o.MinShare >= 0 && o.MinShare <= 1) {
		errs = append(errs, fmt.Errorf("%w: MinShare is %v, not in [0, 1]", ErrOptions, o.MinShare))
	}
	return errors.Join(errs...)
}

// Halving is Search by successive halving (Jamieson & Talwalkar, Non-stochastic Best Arm Identification
// and Hyperparameter Optimization, 2016): all candidates are fitted to a few of the training rows, the
// best one in Factor to Factor times as many, and so on until at most Factor−1 are left and fitted to
// all. Each round costs about the same, so that n candidates cost log n rounds in place of n fits.
// Losses are always taken on all Test rows. A round's rows are among those of the next.
//
// Trials that came further stand first, whatever their loss, since losses of different shares do not
// compare. Candidates with a fault leave first. See Search for everything else.
func Halving[O, M any](
	ctx context.Context, d *Dataset, splits []Split, candidates []O,
	fit func(o O, train *Dataset) (M, error), loss func(m M, test *Dataset) (float64, error), o HalvingOptions[O],
) ([]Trial[O], error) {
	o = o.withDefaults()
	if err := errors.Join(o.validate(), checkSearch(len(candidates), splits)); err != nil {
		return nil, err
	}
	rounds := []int{len(candidates)} // candidates in each
	for n := len(candidates); n >= o.Factor; {
		n = (n + o.Factor - 1) / o.Factor
		rounds = append(rounds, n)
	}
	total := 0
	for _, n := range rounds {
		total += n * len(splits)
	}
	orders, err := halvingOrders(d, splits, o.Seed)
	if err != nil {
		return nil, err
	}
	trials := make([]Trial[O], len(candidates))
	for k, c := range candidates {
		trials[k] = Trial[O]{Candidate: k, Options: c}
	}
	r := &race[O, M]{d: d, loss: loss, options: o.SearchOptions, total: total}
	for round, n := range rounds {
		share := max(math.Pow(float64(o.Factor), float64(round+1-len(rounds))), o.MinShare)
		if round == len(rounds)-1 {
			share = 1
		}
		r.fit, r.best = fit, math.NaN()
		cut := splits
		switch {
		case o.Budget != nil:
			r.fit = func(c O, train *Dataset) (M, error) { return fit(o.Budget(c, share), train) }
		case share < 1:
			cut = cutTrain(splits, orders, share)
		}
		for k := range trials[:n] {
			trials[k].Share = share
		}
		if err := r.run(ctx, cut, trials[:n]); err != nil {
			return nil, err
		}
		if trials, err = ranked(trials); err != nil {
			return nil, err
		}
	}
	return trials, nil
}

// halvingOrders returns for each split its training rows in random order, class by class.
func halvingOrders(d *Dataset, splits []Split, seed uint64) ([][][]int, error) {
	orders := make([][][]int, len(splits))
	for s, split := range splits {
		strata := make([][]int, max(d.Classes(), 1))
		for _, i := range split.Train {
			if i < 0 || i >= d.Len() {
				return nil, fmt.Errorf("split %d: %w: %d of %d", s, ErrRange, i, d.Len())
			}
			k := 0
			if d.Classes() > 0 {
				k = int(d.Target(i))
			}
			strata[k] = append(strata[k], i)
		}
		random := rng.New(rng.Mix(seed, uint64(s)), "supervised.Halving")
		for _, rows := range strata {
			shuffle(rows, random)
		}
		orders[s] = strata
	}
	return orders, nil
}

// cutTrain keeps the first share of each stratum, rounded up.
func cutTrain(splits []Split, orders [][][]int, share float64) []Split {
	out := make([]Split, len(splits))
	for s, split := range splits {
		out[s].Test = split.Test
		for _, rows := range orders[s] {
			out[s].Train = append(out[s].Train, rows[:int(math.Ceil(share*float64(len(rows))))]...)
		}
		slices.Sort(out[s].Train)
	}
	return out
}
