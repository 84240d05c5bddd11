package sim

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/leptonsched/lepton"
)

// queueKey places a queued job: ascending by first, then second, then by its place before. NaN comes last.
type queueKey struct {
	first, second float64
	at            int32
}

func compareKeys(a, b queueKey) int {
	switch { // the common case by itself, to be fast
	case a.first < b.first:
		return -1
	case a.first > b.first:
		return 1
	}
	return cmp.Or(compareNumbers(a.first, b.first), compareNumbers(a.second, b.second), cmp.Compare(a.at, b.at))
}

// compareNumbers is cmp.Compare with NaN behind all numbers in place of before them.
func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return cmp.Compare(boolean(a != a), boolean(b != b))
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Run makes all decisions that are left by choosing the job that order scores highest, and returns what came of
// it. Before each decision the visible queue is sorted by descending score, stably and for good: equal
// scores leave jobs in the order that they had. A NaN score comes last and counts in BatchResult.NaNScores.
//
// order gets the state with an observation that has the queued jobs as actions and no features. A
// BatchHeuristic is ordered exactly as published, by pairs where it has pairs, and much faster if its scores
// never change. The error is ErrBatchEnded when nothing is left to decide.
func (b *Batch) Run(order lepton.StateScorer[*BatchState]) (BatchResult, error) {
	if h, ok := order.(*BatchHeuristic); ok {
		return b.runHeuristic(h)
	}
	return b.run(func() error {
		b.obs.Reset(0, 0)
		set := b.obs.Actions()
		for i := range b.state.Queue {
			set.Add(uint64(b.state.Queue[i].ID), true)
		}
		order.ScoresState(b.clearScores(), &b.state, &b.obs, &b.scratch)
		return nil
	})
}

// RunScorer is Run with a ranking that works from observations, made by enc and actions, which must offer the
// jobs of BatchState.Queue in their order (ErrOffer). The error can also be that of the encoder.
func (b *Batch) RunScorer(order lepton.Scorer, enc lepton.StateEncoder[*BatchState], actions lepton.ActionSpace[*BatchState]) (BatchResult, error) {
	return b.run(func() error {
		if err := b.observe(&b.obs, enc, actions); err != nil {
			return err
		}
		order.Scores(b.clearScores(), &b.obs, &b.scratch)
		return nil
	})
}

// RunPolicy is RunScorer with p's ranking if p is a Scorer, and by its probabilities if it is not.
func (b *Batch) RunPolicy(p lepton.Policy, enc lepton.StateEncoder[*BatchState], actions lepton.ActionSpace[*BatchState]) (BatchResult, error) {
	if order, ok := p.(lepton.Scorer); ok {
		return b.RunScorer(order, enc, actions)
	}
	return b.RunScorer(byProbability{p}, enc, actions)
}

// byProbability ranks by the probabilities of a policy.
type byProbability struct{ lepton.Policy }

// Scores writes the probabilities.
func (p byProbability) Scores(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch) {
	p.Probs(dst, obs, scratch)
}

// observe fills obs with the decision that is due.
func (b *Batch) observe(obs *lepton.Observation, enc lepton.StateEncoder[*BatchState], actions lepton.ActionSpace[*BatchState]) error {
	if err := lepton.Encode(obs, enc, actions, &b.state, 0); err != nil {
		return fmt.Errorf("sim: observing the queue: %w", err)
	}
	if obs.Len() != len(b.state.Queue) {
		return fmt.Errorf("%w: %d actions for %d jobs", ErrOffer, obs.Len(), len(b.state.Queue))
	}
	return nil
}

// clearScores makes room for the scores of the visible queue. What a scorer leaves out is NaN, not a leftover.
func (b *Batch) clearScores() []float64 {
	b.scratch.Reset()
	n := len(b.state.Queue)
	b.scores = slices.Grow(b.scores[:0], n)[:n]
	for i := range b.scores {
		b.scores[i] = nan
	}
	return b.scores
}

// run makes all decisions that are left; score fills b.scores for the visible queue.
func (b *Batch) run(score func() error) (BatchResult, error) {
	if b.Done() {
		return BatchResult{}, ErrBatchEnded
	}
	for !b.Done() {
		if err := score(); err != nil {
			return BatchResult{}, err
		}
		b.keys = b.keys[:0]
		for i, s := range b.scores {
			if s != s {
				b.nanScores++
			}
			b.keys = append(b.keys, queueKey{first: -s, at: int32(i)})
		}
		b.reorder()
		b.commit(0)
		b.offer()
	}
	return b.Result(), nil
}

// runHeuristic is Run with the exact keys of h.
func (b *Batch) runHeuristic(h *BatchHeuristic) (BatchResult, error) {
	if b.Done() {
		return BatchResult{}, ErrBatchEnded
	}
	if h.static && b.opt.Visible == 0 && len(b.order) == 0 && (b.monotone || b.opt.Backfill == BackfillNone) {
		return b.runStatic(h)
	}
	for !b.Done() {
		b.keys = b.keys[:0]
		for i := range b.state.Queue {
			first, second := h.Score(&b.state.Queue[i], b.state.Clock)
			if first != first || second != second {
				b.nanScores++
			}
			b.keys = append(b.keys, queueKey{first, second, int32(i)})
		}
		b.reorder()
		b.commit(0)
		b.offer()
	}
	return b.Result(), nil
}

// sortBySubmit sorts the whole queue by submission, stably and for good. What is in order already at the end of the queue,
// behind all the rest, is left alone.
func (b *Batch) sortBySubmit() {
	n := len(b.queue) - 1
	for n > 0 && b.queue[n-1].Submit <= b.queue[n].Submit {
		n--
	}
	if n <= 0 {
		return
	}
	latest := b.queue[0].Submit
	for i := range b.queue[:n] {
		latest = max(latest, b.queue[i].Submit)
	}
	for n < len(b.queue) && b.queue[n].Submit < latest {
		n++
	}
	b.keys = b.keys[:0]
	for i := range b.queue[:n] {
		b.keys = append(b.keys, queueKey{first: float64(b.queue[i].Submit), at: int32(i)}) // exact: |Submit| ≤ maxTime
	}
	b.reorder()
}

// reorder puts the first len(b.keys) queued jobs in the order of their keys. Places break ties, so that any
// sort is a stable one.
func (b *Batch) reorder() {
	slices.SortFunc(b.keys, compareKeys)
	b.spare = append(b.spare[:0], b.queue[:len(b.keys)]...)
	for i, k := range b.keys {
		b.queue[i] = b.spare[k.at]
	}
}
