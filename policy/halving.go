package policy

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// plan is one decision of a Rollout; its memory is used again for the next.
type plan[S any] struct {
	simulator Simulator[S]
	seed      uint64    // of the futures
	numbered  int       // futures that have a number so far
	played    int       // futures, over all actions
	unknown   int       // actions left out
	rivals    []rival   // of the base's choice
	actions   []int     // argument of Play
	futures   []uint64  // argument of Play
	returns   []float64 // argument of Play
}

// rival is an action with what speaks for it: first the base's ranking, then the sum of its returns.
type rival struct {
	action int
	score  float64
}

// compareRivals puts higher scores first, NaN last, and lower indices first on a tie.
func compareRivals(a, b rival) int {
	if order := cmp.Compare(b.score, a.score); order != 0 {
		return order
	}
	return a.action - b.action
}

// halvings returns the rounds that it takes to halve so many rivals to one.
func halvings(rivals int) int { return bits.Len(uint(rivals - 1)) }

// mostRivals returns how many rivals half of the budget can choose from, with a future for each in the
// first round.
func mostRivals(budget int) int {
	n := 1
	for (n+1)*halvings(n+1) <= budget/2 {
		n++
	}
	return n
}

// begin sets up a decision and enters the legal actions beside choice, at most limit of them: the highest of
// ranking, which is nil where all can enter.
func (w *plan[S]) begin(seed uint64, obs *lepton.Observation, choice int, ranking []float64, limit int) {
	w.seed = rng.Mix(seed, fingerprint(obs))
	w.numbered, w.played, w.unknown = 0, 0, 0
	w.rivals = w.rivals[:0]
	for i := range obs.Len() {
		if i == choice || !obs.Legal(i) {
			continue
		}
		r := rival{action: i}
		if ranking != nil {
			r.score = ranking[i]
		}
		w.rivals = append(w.rivals, r)
	}
	if len(w.rivals) > limit {
		w.keep(limit)
	}
	for i := range w.rivals {
		w.rivals[i].score = 0
	}
}

// keep leaves the n best rivals.
func (w *plan[S]) keep(n int) {
	slices.SortFunc(w.rivals, compareRivals)
	w.rivals = w.rivals[:n]
}

// choose halves the rivals until one is left, by the futures that budget allows: each round has an equal
// part of them, shared by all rivals that are still in.
func (w *plan[S]) choose(budget int, state S, obs *lepton.Observation) {
	for len(w.rivals) > 1 {
		n := (budget - w.played) / (halvings(len(w.rivals)) * len(w.rivals))
		w.actions = w.actions[:0]
		for _, r := range w.rivals {
			w.actions = append(w.actions, r.action)
		}
		w.play(n, state, obs)
		known := w.rivals[:0]
		for i, r := range w.rivals {
			for _, x := range w.returns[i*n : (i+1)*n] {
				r.score += x
			}
			if finite(r.score) {
				known = append(known, r)
			} else {
				w.unknown++
			}
		}
		w.rivals = known
		w.keep((len(w.rivals) + 1) / 2)
	}
}

// gain plays rival and choice in n new futures, which had no part in choosing it, and returns the mean of
// its return less that of choice and the standard error of that mean (Welford 1962). NaN: not known.
func (w *plan[S]) gain(rival, choice, n int, state S, obs *lepton.Observation) (mean, stdErr float64) {
	w.actions = append(w.actions[:0], rival, choice)
	w.play(n, state, obs)
	square := 0.0
	for j, x := range w.returns[:n] {
		diff := x - w.returns[n+j]
		off := diff - mean
		mean += off / float64(j+1)
		square += off * (diff - mean)
	}
	if !finite(square) {
		w.unknown++
		return math.NaN(), math.NaN()
	}
	return mean, math.Sqrt(square / float64(n*(n-1)))
}

// play fills w.returns for w.actions in n new futures.
func (w *plan[S]) play(n int, state S, obs *lepton.Observation) {
	w.futures = w.futures[:0]
	for range n {
		w.futures = append(w.futures, rng.Mix(w.seed, uint64(w.numbered)))
		w.numbered++
	}
	size := n * len(w.actions)
	w.returns = slices.Grow(w.returns[:0], size)[:size]
	for i := range w.returns {
		w.returns[i] = math.NaN() // a simulator that leaves one out does not know it
	}
	w.simulator.Play(w.returns, state, obs, w.actions, w.futures)
	w.played += size
}

func finite(x float64) bool { return x-x == 0 }

// fingerprint hashes what obs shows, whatever the order of its actions: the futures of a decision must not
// depend on how the list was sorted.
func fingerprint(obs *lepton.Observation) uint64 {
	sum := uint64(0)
	for i := range obs.Len() {
		h := obs.ID(i)
		if obs.Legal(i) {
			h = ^h
		}
		sum += rng.Mix(hashFloats(h, obs.Action(i)), 1)
	}
	return hashFloats(sum, obs.State())
}

// hashFloats is quick and fit to tell observations apart, no more.
func hashFloats(h uint64, v []float64) uint64 {
	for _, x := range v {
		h = bits.RotateLeft64((h^math.Float64bits(x))*0x9e3779b97f4a7c15, 29)
	}
	return h
}
