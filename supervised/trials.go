package supervised

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// SearchOptions are what Search and Halving have in common. The zero value works.
type SearchOptions struct {
	Threads  int                  // fits at a time; 0 means 1. A model's own threads come on top
	Progress func(SearchProgress) // called after every fit, from one goroutine at a time; nil: not
}

func (o SearchOptions) withDefaults() SearchOptions {
	if o.Threads == 0 {
		o.Threads = 1
	}
	return o
}

func (o SearchOptions) validate() error {
	if o.Threads < 0 {
		return fmt.Errorf("%w: Threads is %d", ErrOptions, o.Threads)
	}
	return nil
}

// SearchProgress says how far a search has come. With several threads, which fit is done first, and so
// what is reported in between, depends on the machine; what the search returns does not.
type SearchProgress struct {
	Done, Total int     // fits
	Best        float64 // least mean loss of a candidate that is through; NaN before the first
}

// Trial is what became of one candidate.
type Trial[O any] struct {
	Candidate int       // its place among the candidates given
	Options   O         // the candidate
	Loss      float64   // mean over the splits, lower is better; +Inf after a fault
	Losses    []float64 // one per split; nil after a fault
	Share     float64   // of the training rows (or the budget) that it was fitted with: 1 save in Halving
	Err       error     // the fault of the first split that had one, else nil
}

// Search fits every candidate on the Train rows of each split, takes the loss on its Test rows, and
// returns the candidates from the least mean loss to the greatest, equal ones in their order and those
// with a fault last. Candidates come from Grid, from Draws or from anywhere. Methods fit as they are:
//
//	Search(ctx, d, splits, Grid(RandomForest{}, depths), RandomForest.FitClassifier, ClassifierLoss, SearchOptions{})
//
// A candidate whose fit or loss fails is reported in its Trial; Search itself fails when all do, when
// ctx ends (the fits at hand are finished first) or when there is nothing to search. Same data,
// splits and candidates: same result, on any number of threads. fit and loss must be safe for concurrent use when
// Threads is above 1; no goroutine is left behind.
//
// The loss of the best of many candidates flatters it: judge the winner on rows that no split had.
func Search[O, M any](
	ctx context.Context, d *Dataset, splits []Split, candidates []O,
	fit func(o O, train *Dataset) (M, error), loss func(m M, test *Dataset) (float64, error), o SearchOptions,
) ([]Trial[O], error) {
	o = o.withDefaults()
	if err := errors.Join(o.validate(), checkSearch(len(candidates), splits)); err != nil {
		return nil, err
	}
	trials := make([]Trial[O], len(candidates))
	for k, c := range candidates {
		trials[k] = Trial[O]{Candidate: k, Options: c, Share: 1}
	}
	r := &race[O, M]{d: d, fit: fit, loss: loss, options: o, total: len(candidates) * len(splits), best: math.NaN()}
	if err := r.run(ctx, splits, trials); err != nil {
		return nil, err
	}
	return ranked(trials)
}

// ClassifierLoss is the log-loss of m on d, for Search, Eliminate and PermutationImportance.
func ClassifierLoss[M Classifier](m M, d *Dataset) (float64, error) {
	s, err := ScoreClassifier(m, d)
	return s.LogLoss, err
}

// RegressorLoss is the RMSE of m on d, for Search, Eliminate and PermutationImportance.
func RegressorLoss[M Model](m M, d *Dataset) (float64, error) {
	s, err := ScoreRegressor(m, d)
	return s.RMSE, err
}

func checkSearch(candidates int, splits []Split) error {
	if candidates == 0 || len(splits) == 0 {
		return fmt.Errorf("%w: %d candidates on %d splits", ErrOptions, candidates, len(splits))
	}
	return nil
}

// ranked sorts the trials, those that were fitted with more first, and fails when all of them did.
func ranked[O any](trials []Trial[O]) ([]Trial[O], error) {
	slices.SortStableFunc(trials, func(a, b Trial[O]) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Loss, b.Loss))
	})
	if best := trials[0]; best.Err != nil {
		return nil, fmt.Errorf("supervised: no candidate could be fitted; number %d: %w", best.Candidate, best.Err)
	}
	return trials, nil
}

// race fits trials on several goroutines.
type race[O, M any] struct {
	d       *Dataset
	fit     func(O, *Dataset) (M, error)
	loss    func(M, *Dataset) (float64, error)
	options SearchOptions
	total   int // fits to come in all

	mu   sync.Mutex // guards done and best, and lets Progress be called once at a time
	done int
	best float64
}

// run fits each trial on each split, in this order as far as threads are free, and fills in the losses.
func (r *race[O, M]) run(ctx context.Context, splits []Split, trials []Trial[O]) error {
	n := len(splits)
	losses, faults := make([]float64, n*len(trials)), make([]error, n*len(trials))
	left, failed := make([]atomic.Int64, len(trials)), make([]atomic.Int64, len(trials))
	for k := range left {
		left[k].Store(int64(n))
		failed[k].Store(int64(n)) // the first split with a fault
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(r.options.Threads, n*len(trials)) {
		done.Go(func() {
			for at := int(next.Add(1)) - 1; at < n*len(trials) && ctx.Err() == nil; at = int(next.Add(1)) - 1 {
				k, s := at/n, at%n
				if int64(s) < failed[k].Load() { // what follows a fault cannot change the outcome
					losses[at], faults[at] = r.once(splits[s], trials[k].Options)
					if faults[at] != nil {
						lower(&failed[k], int64(s))
					}
				}
				mean := math.NaN()
				if left[k].Add(-1) == 0 && failed[k].Load() == int64(n) {
					mean = meanOf(losses[k*n : (k+1)*n])
				}
				r.report(mean)
			}
		})
	}
	done.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("supervised: search: %w", err)
	}
	for k := range trials {
		t := &trials[k]
		t.Losses, t.Err = slices.Clone(losses[k*n:(k+1)*n]), nil
		if s := slices.IndexFunc(faults[k*n:(k+1)*n], func(err error) bool { return err != nil }); s >= 0 {
			t.Losses, t.Err = nil, fmt.Errorf("split %d: %w", s, faults[k*n+s])
		}
		t.Loss = math.Inf(1)
		if t.Err == nil {
			t.Loss = meanOf(t.Losses)
		}
	}
	return nil
}

// lower puts v into a unless something less is there.
func lower(a *atomic.Int64, v int64) {
	for old := a.Load(); v < old && !a.CompareAndSwap(old, v); old = a.Load() {
	}
}

func (r *race[O, M]) once(s Split, o O) (float64, error) {
	loss, err := validateOnce(r.d, s, func(train *Dataset) (M, error) { return r.fit(o, train) }, r.loss)
	if err == nil && notFinite(loss) {
		err = fmt.Errorf("%w: the loss is %v", ErrNotFinite, loss)
	}
	return loss, err
}

// report counts a fit; mean is the loss of the candidate that it completed, else NaN.
func (r *race[O, M]) report(mean float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if !(r.best <= mean) && !math.IsNaN(mean) {
		r.best = mean
	}
	if r.options.Progress != nil {
		r.options.Progress(SearchProgress{Done: r.done, Total: r.total, Best: r.best})
	}
}

func meanOf(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
