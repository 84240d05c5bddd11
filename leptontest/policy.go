package leptontest

import (
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/leptonsched/lepton"
)

// PolicyOptions adjusts Policy. The zero value works.
type PolicyOptions struct {
	Seed       uint64 // of the observations generated
	MaxActions int    // the longest list generated; 0 means 300

	// Observations takes the place of generated ones, for a policy that serves a narrower domain than
	// all numbers. At least one action must be legal in each.
	Observations []*lepton.Observation
	// Ties says that the policy gives equal scores to actions that differ (trees, buckets), so that the
	// order of the list may decide. Permuted candidates are then checked only for a lepton.Scorer, on
	// the observations where its scores are distinct.
	Ties bool
	// Tolerance is how far the answers for permuted candidates may differ, relative above 1; 0 means 1e-12.
	// A policy that reckons in float32 and lets candidates see one another needs about 1e-5.
	Tolerance float64
	// NoAllocs demands that a decision allocates nothing, as the facade promises for built-in policies.
	NoAllocs bool
	// Decode reads back what a lepton.Saver wrote; nil: reading back is not checked.
	Decode func(kind string, r io.Reader) (lepton.Policy, error)
}

func (o PolicyOptions) withDefaults() PolicyOptions {
	if o.MaxActions == 0 {
		o.MaxActions = 300
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-12
	}
	return o
}

// Policy checks p, which serves spec, against the contract of lepton.Policy and of those of Scorer,
// BatchPolicy, Saver and Specced that it implements.
func Policy(t *testing.T, p lepton.Policy, spec lepton.Spec, o PolicyOptions) {
	t.Helper()
	policy(standard{t}, p, spec, o)
}

const ofPolicy = "lepton.Policy"

// subject is a policy under test with what it is asked.
type subject struct {
	lepton.Policy
	spec lepton.Spec
	o    PolicyOptions
	obs  []*lepton.Observation
	name func(i int) string // of observation i, in messages
}

func policy(t suite, p lepton.Policy, spec lepton.Spec, o PolicyOptions) {
	t.Helper()
	u, ok := newSubject(t, p, spec, o)
	if !ok {
		return
	}
	// First, because every other check asks about these observations again.
	check(t, "Untouched", func(s suite) { u.checkUntouched(s, ofPolicy, p.Probs) })
	if scorer, ok := p.(lepton.Scorer); ok {
		check(t, "ScoresUntouched", func(s suite) { u.checkUntouched(s, ofScorer, scorer.Scores) })
	}
	u.checkSpec(t)
	check(t, "Probabilities", u.checkProbabilities)
	check(t, "Deterministic", u.checkDeterministic)
	check(t, "KeepsNothing", u.checkKeepsNothing)
	check(t, "Concurrent", func(s suite) { u.checkConcurrent(s, ofPolicy, u.probs) })
	if spec.Actions == 0 {
		check(t, "Permuted", func(s suite) { u.checkPermuted(s, ofPolicy, u.probs) })
	}
	if o.NoAllocs {
		var scratch lepton.Scratch
		out := make([]float64, u.longest())
		checkAllocs(t, rule{ofPolicy, "a decision with a used scratch allocates nothing",
			"take temporary memory from scratch.Floats, or leave PolicyOptions.NoAllocs out"},
			func() {
				for _, obs := range u.obs {
					scratch.Reset()
					p.Probs(out[:obs.Len()], obs, &scratch)
				}
			})
	}
	u.checkScorer(t)
	u.checkBatch(t)
	u.checkSaver(t)
}

// newSubject says false, and why, when there is nothing to ask the policy.
func newSubject(t suite, p lepton.Policy, spec lepton.Spec, o PolicyOptions) (*subject, bool) {
	t.Helper()
	o = o.withDefaults()
	if err := spec.Validate(); err != nil {
		t.Errorf("leptontest: the spec given: %v", err)
		return nil, false
	}
	u := &subject{Policy: p, spec: spec, o: o, obs: slices.Clone(o.Observations)}
	if len(u.obs) == 0 {
		u.obs = newGenerator(o.Seed, spec).observations(o.MaxActions)
	}
	for i, obs := range u.obs {
		if obs.LegalCount() == 0 || len(obs.State()) != spec.StateDim || obs.ActionDim() != spec.ActionDim {
			t.Errorf("leptontest: observation %d given has no legal action or another shape than the spec", i)
			return nil, false
		}
		u.obs[i] = clone(obs) // the caller's are never changed, not even by a policy that does so
	}
	u.name = func(i int) string {
		where := fmt.Sprintf("generated with seed %d", o.Seed)
		if len(o.Observations) > 0 {
			where = "given"
		}
		return fmt.Sprintf("observation %d %s (%d actions, %d legal)", i, where, u.obs[i].Len(), u.obs[i].LegalCount())
	}
	return u, true
}

func (u *subject) longest() int {
	n := 0
	for _, obs := range u.obs {
		n = max(n, obs.Len())
	}
	return n
}

// probs answers obs in fresh memory.
func (u *subject) probs(obs *lepton.Observation) []float64 {
	p := filled(obs.Len(), math.NaN())
	u.Probs(p, obs, new(lepton.Scratch))
	return p
}

func (u *subject) checkSpec(t suite) {
	specced, ok := u.Policy.(lepton.Specced)
	if !ok {
		return
	}
	check(t, "Spec", func(s suite) {
		r := rule{"lepton.Specced", "Spec is valid, and is the spec that the policy serves",
			"return the Spec that the policy was made for, names included"}
		if err := specced.Spec().Validate(); err != nil {
			r.broken(s, "%v", err)
		}
		if err := specced.Spec().Check("the policy", u.spec); err != nil {
			r.broken(s, "%v", err)
		}
	})
}

func (u *subject) checkProbabilities(s suite) {
	legal := rule{ofPolicy, "an action that is not legal gets exactly 0",
		"set p[i] = 0 wherever !obs.Legal(i), and leave those out before normalising"}
	proper := rule{ofPolicy, "probabilities are finite and not below 0", "guard overflow (subtract the largest score before exp) and division by 0; write every p[i]"}
	sum := rule{ofPolicy, "probabilities sum to 1 (within 1e-12)", "divide by the sum over the legal actions"}
	for i, obs := range u.obs {
		p := u.probs(obs)
		total := 0.0
		for a, v := range p {
			switch {
			case !finite(v) || v < 0:
				proper.broken(s, "%s: action %d gets %v (p held NaN before)", u.name(i), a, v)
				return
			case !obs.Legal(a) && v != 0:
				legal.broken(s, "%s: action %d is not legal and gets %v", u.name(i), a, v)
				return
			}
			total += v
		}
		if math.Abs(total-1) > 1e-12 {
			sum.broken(s, "%s: they sum to %v", u.name(i), total)
			return
		}
	}
}

func (u *subject) checkDeterministic(s suite) {
	again := rule{ofPolicy, "Probs is deterministic in (snapshot, obs)",
		"fix random draws when the snapshot is made; no counter, clock or map order"}
	memory := rule{ofPolicy, "Probs does not read what p and scratch hold before",
		"clear what scratch.Floats returns before adding to it, and write every p[i]"}
	first := make([][]float64, len(u.obs))
	for i, obs := range u.obs {
		first[i] = u.probs(obs)
	}
	for i := range u.obs {
		i = len(u.obs) - 1 - i // in reverse
		if got := u.probs(u.obs[i]); differ(got, first[i]) >= 0 {
			a := differ(got, first[i])
			again.broken(s, "%s: action %d got %v, then %v", u.name(i), a, first[i][a], got[a])
			return
		}
		for _, dirt := range []float64{math.NaN(), 1e9} {
			got := filled(len(first[i]), dirt)
			u.Probs(got, u.obs[i], dirtyScratch(dirt))
			if a := differ(got, first[i]); a >= 0 {
				memory.broken(s, "%s: action %d got %v, and %v in memory that held %v", u.name(i), a, first[i][a], got[a], dirt)
				return
			}
		}
		got := filled(len(first[i]), math.NaN())
		u.Probs(got, u.obs[i], nil)
		if a := differ(got, first[i]); a >= 0 {
			memory.broken(s, "%s: action %d got %v, and %v with a nil scratch", u.name(i), a, first[i][a], got[a])
			return
		}
	}
}

func (u *subject) checkKeepsNothing(s suite) {
	kept := rule{ofPolicy, "Probs retains none of p, obs and scratch",
		"copy what must outlive the call when the snapshot is made; cache nothing under an observation's address"}
	var reused lepton.Observation
	for i, obs := range u.obs {
		other := u.obs[(i+1)%len(u.obs)]
		want := u.probs(obs)

		mine, scratch := make([]float64, obs.Len()), new(lepton.Scratch)
		reused.CopyFrom(obs)
		u.Probs(mine, &reused, scratch)
		reused.CopyFrom(other)
		u.Probs(make([]float64, other.Len()), &reused, nil)
		if a := differ(mine, want); a >= 0 {
			kept.broken(s, "%s: the probability of action %d became %v when another observation was answered", u.name(i), a, mine[a])
			return
		}
		copy(mine, filled(len(mine), math.NaN()))
		scratch.Reset()
		copy(scratch.Floats(1<<12), filled(1<<12, math.NaN()))
		poison(&reused)
		if got := u.probs(obs); differ(got, want) >= 0 {
			kept.broken(s, "%s: its answer changed when the memory of an earlier call was overwritten", u.name(i))
			return
		}
		reused.CopyFrom(obs)
		if got := u.probs(&reused); differ(got, want) >= 0 {
			kept.broken(s, "%s: another answer in an Observation that held something else before", u.name(i))
			return
		}
	}
}

// checkUntouched demands that answering leaves the observation as it was.
func (u *subject) checkUntouched(s suite, of string, answer func(dst []float64, obs *lepton.Observation, scratch *lepton.Scratch)) {
	r := rule{of, "the observation is read, never changed", "take temporary memory from scratch.Floats"}
	for i, obs := range u.obs {
		mine := clone(obs)
		answer(make([]float64, obs.Len()), mine, new(lepton.Scratch))
		if d := difference(obs, mine); d != "" {
			r.broken(s, "%s: before and after, %s", u.name(i), d)
			return
		}
	}
}

func (u *subject) checkConcurrent(s suite, of string, answer func(*lepton.Observation) []float64) {
	r := rule{of, "a policy is immutable and safe for concurrent use",
		"keep no buffer, cache or counter in the policy: temporary memory comes from scratch"}
	want := make([][]float64, len(u.obs))
	for i, obs := range u.obs {
		want[i] = answer(obs)
	}
	err := concurrently(func(worker int) error {
		for round := range 2 * len(u.obs) {
			i := (round + worker) % len(u.obs)
			if got := answer(u.obs[i]); differ(got, want[i]) >= 0 {
				a := differ(got, want[i])
				return fmt.Errorf("%s: action %d gets %v alone and %v with others", u.name(i), a, want[i][a], at(got, a))
			}
		}
		return nil
	})
	if err != nil {
		r.broken(s, "%v", err)
	}
}

// checkPermuted demands that the answers follow the candidates when their list is shuffled.
func (u *subject) checkPermuted(s suite, of string, answer func(*lepton.Observation) []float64) {
	scorer, scores := u.Policy.(lepton.Scorer)
	if u.o.Ties && !scores {
		s.Skip("PolicyOptions.Ties, and the policy has no scores to tell which are distinct")
	}
	r := rule{of, fmt.Sprintf("permuted candidates give permuted answers (within %g) where scores are distinct", u.o.Tolerance),
		"score each candidate by its row and the state, not by its place in the list; if scores may tie, set PolicyOptions.Ties"}
	g := newGenerator(u.o.Seed+1, u.spec)
	for i, obs := range u.obs {
		if scores && !distinctScores(scorer, obs, max(1e-9, 10*u.o.Tolerance)) {
			continue
		}
		order := g.rand.Perm(obs.Len())
		want, got := answer(obs), answer(permuted(obs, order))
		for to, from := range order {
			if v, w := got[to], want[from]; v != w && !(math.Abs(v-w) <= u.o.Tolerance*max(1, math.Abs(w))) {
				r.broken(s, "%s: the action at place %d gets %v, and %v at place %d", u.name(i), from, w, v, to)
				return
			}
		}
	}
}

// permuted returns obs with action order[i] at place i.
func permuted(obs *lepton.Observation, order []int) *lepton.Observation {
	var p lepton.Observation
	p.Reset(obs.ActionDim(), 0)
	p.SetState(obs.State())
	for _, from := range order {
		copy(p.Actions().Add(obs.ID(from), obs.Legal(from)), obs.Action(from))
	}
	p.SetOffered(obs.Offered())
	return &p
}

// distinctScores reports whether no two legal actions of obs score within apart of each other, relative above 1.
func distinctScores(scorer lepton.Scorer, obs *lepton.Observation, apart float64) bool {
	scores := make([]float64, obs.Len())
	scorer.Scores(scores, obs, nil)
	legal := scores[:0]
	for i, v := range scores {
		if obs.Legal(i) {
			legal = append(legal, v)
		}
	}
	slices.Sort(legal)
	for i := 1; i < len(legal); i++ {
		if !(legal[i]-legal[i-1] > apart*max(1, math.Abs(legal[i]))) {
			return false
		}
	}
	return true
}
