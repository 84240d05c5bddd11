package leptontest

import (
	"fmt"
	"testing"

	"github.com/leptonsched/lepton"
)

// SpaceOptions adjusts ActionSpace. The zero value checks everything.
type SpaceOptions struct {
	AllowNaN     bool // features may be NaN or infinite: the policy's own imputation deals with them
	AllowAllocs  bool // offering may allocate; decisions of the facade then do as well
	AllowNoLegal bool // some of the states given have no legal action, and the caller handles the error
}

// ActionSpace checks space against the contract of lepton.ActionSpace in each of states, of which there
// must be at least one.
func ActionSpace[S any](t *testing.T, space lepton.ActionSpace[S], states []S, o SpaceOptions) {
	t.Helper()
	actionSpace(standard{t}, space, states, o)
}

const ofSpace = "lepton.ActionSpace"

func actionSpace[S any](t suite, space lepton.ActionSpace[S], states []S, o SpaceOptions) {
	t.Helper()
	if len(states) == 0 {
		t.Errorf("leptontest.ActionSpace: no states to check with")
		return
	}
	n, dim := space.ActionSpec()
	// offer returns what space offers in a state, in memory of its own.
	offer := func(state S) *lepton.Observation {
		var obs lepton.Observation
		obs.Reset(dim, 0)
		space.Offer(obs.Actions(), state)
		return &obs
	}

	check(t, "Spec", func(s suite) {
		r := rule{ofSpace, "ActionSpec is constant and not negative",
			"return the same two numbers for the space's life: 0 actions where the number varies"}
		if n < 0 || dim < 0 {
			r.broken(s, "%d actions of %d features", n, dim)
		}
		for i, state := range states {
			offer(state)
			if nowN, nowDim := space.ActionSpec(); nowN != n || nowDim != dim {
				r.broken(s, "(%d, %d) first, (%d, %d) after state %d", n, dim, nowN, nowDim, i)
				return
			}
		}
	})
	if n > 0 {
		check(t, "Fixed", func(s suite) {
			r := rule{ofSpace, "a fixed space offers its n actions every time, action i under the id i",
				"add all n actions in their order with set.Add(uint64(i), legal), and mask what is not legal"}
			for i, state := range states {
				obs := offer(state)
				if obs.Offered() != n {
					r.broken(s, "state %d: %d actions offered, ActionSpec says %d", i, obs.Offered(), n)
				}
				for a := range obs.Len() {
					if obs.ID(a) != uint64(a) {
						r.broken(s, "state %d: action %d is called %d", i, a, obs.ID(a))
						break
					}
				}
			}
		})
	}
	check(t, "IDs", func(s suite) {
		r := rule{ofSpace, "the ids of one offer are distinct",
			"give each action the stable name of the thing it stands for, hashed to 64 bits if it is a text"}
		for i, state := range states {
			seen := map[uint64]int{}
			obs := offer(state)
			for a := range obs.Len() {
				if b, twice := seen[obs.ID(a)]; twice {
					r.broken(s, "state %d: actions %d and %d are both called %d", i, b, a, obs.ID(a))
					break
				}
				seen[obs.ID(a)] = a
			}
		}
	})
	if !o.AllowNoLegal {
		check(t, "Legal", func(s suite) {
			r := rule{ofSpace, "some action is legal whenever a decision is asked for",
				"offer an action such as \"wait\", ask for no decision in that state, or set SpaceOptions.AllowNoLegal and handle the error"}
			for i, state := range states {
				if obs := offer(state); obs.LegalCount() == 0 {
					r.broken(s, "state %d: none of its %d actions is legal", i, obs.Len())
				}
			}
		})
	}
	check(t, "Pure", func(s suite) {
		r := rule{ofSpace, "Offer is pure: a state gives the same actions, in the same order, with the same bits, every time",
			"compute from the state alone (no clock, counter, random number or map order), and fill a row before the next Add"}
		first := make([]*lepton.Observation, len(states))
		for i, state := range states {
			first[i] = offer(state)
		}
		var used lepton.Observation // memory that holds other decisions
		for i := range states {
			i = len(states) - 1 - i
			poison(&used)
			used.Reset(dim, 0)
			space.Offer(used.Actions(), states[i])
			if d := difference(first[i], &used); d != "" {
				r.broken(s, "state %d: %s", i, d)
			}
		}
	})
	check(t, "KeepsNothing", func(s suite) {
		r := rule{ofSpace, "Offer keeps neither the set nor a row",
			"use set and the rows that it returns within the call alone"}
		for i, state := range states {
			mine := offer(state)
			before := clone(mine)
			offer(states[(i+1)%len(states)])
			if d := difference(before, mine); d != "" {
				r.broken(s, "the actions of state %d changed when another state was offered: %s", i, d)
			}
			poison(mine)
			if d := difference(before, offer(state)); d != "" {
				r.broken(s, "overwriting the rows of state %d changed what the space offers there: %s", i, d)
			}
		}
	})
	check(t, "Limit", func(s suite) {
		r := rule{ofSpace, "what is offered does not depend on how many actions are kept",
			"add every action whatever set.Len says: the observation drops and counts those beyond its limit"}
		for i, state := range states {
			whole := offer(state)
			var cut lepton.Observation
			cut.Reset(dim, 1)
			space.Offer(cut.Actions(), state)
			if cut.Offered() != whole.Offered() {
				r.broken(s, "state %d: %d actions offered, %d when one is kept", i, whole.Offered(), cut.Offered())
			} else if cut.Len() > 0 && (cut.ID(0) != whole.ID(0) || differ(cut.Action(0), whole.Action(0)) >= 0) {
				r.broken(s, "state %d: action 0 is another when one is kept", i)
			}
		}
	})
	check(t, "Concurrent", func(s suite) {
		r := rule{ofSpace, "Offer is safe for concurrent use", "keep no buffer, cache or counter in the space"}
		first := make([]*lepton.Observation, len(states))
		for i, state := range states {
			first[i] = offer(state)
		}
		err := concurrently(func(worker int) error {
			for round := range 50 {
				i := (round + worker) % len(states)
				if d := difference(first[i], offer(states[i])); d != "" {
					return fmt.Errorf("state %d, alone and with others: %s", i, d)
				}
			}
			return nil
		})
		if err != nil {
			r.broken(s, "%v", err)
		}
	})
	if !o.AllowNaN {
		check(t, "Finite", func(s suite) {
			r := rule{ofSpace, "features are finite numbers",
				"guard divisions and logarithms, encode what is missing as a number with a flag beside it, or set SpaceOptions.AllowNaN"}
			for i, state := range states {
				for j, v := range offer(state).Rows() {
					if !finite(v) {
						r.broken(s, "state %d: feature %d of action %d is %v", i, j%dim, j/dim, v)
					}
				}
			}
		})
	}
	checkNames(t, space, ofSpace, dim)
	if !o.AllowAllocs {
		var obs lepton.Observation
		checkAllocs(t, rule{ofSpace, "offering into an observation that was used before allocates nothing",
			"fill the rows directly, without temporary slices, maps or strings; or set SpaceOptions.AllowAllocs"},
			func() {
				for _, state := range states {
					obs.Reset(dim, 0)
					space.Offer(obs.Actions(), state)
				}
			})
	}
}
