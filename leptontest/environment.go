package leptontest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
)

// EnvironmentOptions adjusts Environment. The zero value works.
type EnvironmentOptions struct {
	Seeds    []uint64 // of the episodes played; nil means 1, 2 and 3
	MaxSteps int      // decisions after which an episode counts as endless; 0 means 10,000
	AllowNaN bool     // features may be NaN or infinite: the policy's own imputation deals with them
}

func (o EnvironmentOptions) withDefaults() EnvironmentOptions {
	if len(o.Seeds) == 0 {
		o.Seeds = []uint64{1, 2, 3}
	}
	if o.MaxSteps == 0 {
		o.MaxSteps = 10_000
	}
	return o
}

// Environment checks env against the contract of lepton.Environment by playing random legal actions.
func Environment(t *testing.T, env lepton.Environment, o EnvironmentOptions) {
	t.Helper()
	environment(standard{t}, env, o)
}

const ofEnvironment = "lepton.Environment"

// world is an environment under test.
type world struct {
	lepton.Environment
	o EnvironmentOptions
}

func environment(t suite, env lepton.Environment, o EnvironmentOptions) {
	t.Helper()
	w := world{env, o.withDefaults()}
	check(t, "Spec", w.checkSpec)
	check(t, "Observation", w.checkObservation)
	check(t, "Step", w.checkStep)
	check(t, "Repeats", w.checkRepeats)
	check(t, "Illegal", w.checkIllegal)
}

// event is what one step showed.
type event struct {
	obs              *lepton.Observation
	action           int
	reward, discount float64
	last             bool
}

// play runs an episode with random legal actions. before, where not nil, is called with the decision
// that is due and the action about to be taken; it stops the episode by returning false. ended is
// false when the episode was still going on after MaxSteps.
func (w world) play(seed uint64, before func(i int, obs *lepton.Observation, action int) bool) (events []event, ended bool) {
	draw := rand.New(rand.NewPCG(seed, 0x656e76))
	w.Reset(seed)
	for i := range w.o.MaxSteps {
		obs := new(lepton.Observation)
		w.Observe(obs)
		var legal []int
		for a := range obs.Len() {
			if obs.Legal(a) {
				legal = append(legal, a)
			}
		}
		if len(legal) == 0 {
			return events, true // reported by checkObservation
		}
		action := legal[draw.IntN(len(legal))]
		if before != nil && !before(i, obs, action) {
			return events, true
		}
		reward, discount, last := w.Step(action)
		events = append(events, event{obs, action, reward, discount, last})
		if last {
			return events, true
		}
	}
	return events, false
}

func (w world) checkSpec(s suite) {
	r := rule{ofEnvironment, "Spec is valid and constant", "decide the spec in the constructor"}
	spec := w.Spec()
	if err := spec.Validate(); err != nil {
		r.broken(s, "%v", err)
	}
	for _, seed := range w.o.Seeds {
		w.play(seed, nil)
		if w.Spec().Hash() != spec.Hash() {
			r.broken(s, "%+v first, %+v after an episode", spec, w.Spec())
			return
		}
	}
}

func (w world) checkObservation(s suite) {
	fits := rule{ofEnvironment, "Observe fills what Spec describes", "Reset the observation with Spec().ActionDim, SetState with StateDim values, and add the actions; action i of a fixed number is called i"}
	legal := rule{ofEnvironment, "while a decision is due, some action is legal", "run on to the next moment at which something can be chosen, or offer an action such as \"wait\""}
	same := rule{ofEnvironment, "Observe changes nothing, keeps nothing, and gives the same again until Step", "compute the observation from the world's state; draw random numbers in Reset and Step alone"}
	for _, seed := range w.o.Seeds {
		fault := func(r rule, i int, what string) bool {
			r.broken(s, "episode %d, decision %d: %s", seed, i, what)
			return false
		}
		events, _ := w.play(seed, func(i int, obs *lepton.Observation, _ int) bool {
			if what := w.misfit(obs); what != "" {
				return fault(fits, i, what)
			}
			again := clone(obs)
			poison(again)
			w.Observe(again)
			if d := difference(obs, again); d != "" {
				return fault(same, i, "at the first and the second look, "+d)
			}
			want := clone(obs)
			poison(obs)
			poison(again)
			var third lepton.Observation
			w.Observe(&third)
			if d := difference(want, &third); d != "" {
				return fault(same, i, "overwriting the observations handed out changed the world: "+d)
			}
			return true
		})
		var obs lepton.Observation
		w.Observe(&obs)
		what := w.misfit(&obs)
		switch n := len(events); {
		case n > 0 && events[n-1].last && events[n-1].discount == 0: // a true end: nothing is due
		case n > 0 && events[n-1].last:
			if what != "" {
				fault(fits, n, "after a cut, "+what)
			}
		case what == "" && obs.LegalCount() == 0:
			fault(legal, n, fmt.Sprintf("none of %d actions is legal", obs.Len()))
		}
	}
}

// misfit says how obs breaks the spec, or returns "".
func (w world) misfit(obs *lepton.Observation) string {
	spec := w.Spec()
	switch {
	case len(obs.State()) != spec.StateDim:
		return fmt.Sprintf("%d state features, Spec says %d", len(obs.State()), spec.StateDim)
	case obs.ActionDim() != spec.ActionDim:
		return fmt.Sprintf("%d features of an action, Spec says %d", obs.ActionDim(), spec.ActionDim)
	case spec.Actions > 0 && obs.Offered() != spec.Actions:
		return fmt.Sprintf("%d actions, Spec says %d", obs.Offered(), spec.Actions)
	}
	seen := map[uint64]bool{}
	for i := range obs.Len() {
		if spec.Actions > 0 && obs.ID(i) != uint64(i) || seen[obs.ID(i)] {
			return fmt.Sprintf("action %d is called %d", i, obs.ID(i))
		}
		seen[obs.ID(i)] = true
	}
	if !w.o.AllowNaN {
		for _, block := range [][]float64{obs.State(), obs.Rows()} {
			for _, v := range block {
				if !finite(v) {
					return fmt.Sprintf("a feature is %v", v)
				}
			}
		}
	}
	return ""
}

func (w world) checkStep(s suite) {
	numbers := rule{ofEnvironment, "the reward of a legal action is finite, the discount from 0 to 1", "guard divisions by elapsed time; 0 is a true end, 1 counts what follows in full"}
	ends := rule{ofEnvironment, "an episode ends", "cut long episodes off (last with a discount above 0), or raise EnvironmentOptions.MaxSteps"}
	for _, seed := range w.o.Seeds {
		events, ended := w.play(seed, nil)
		if !ended {
			ends.broken(s, "episode %d still goes on after %d decisions", seed, w.o.MaxSteps)
		}
		for i, e := range events {
			if !finite(e.reward) || !(e.discount >= 0 && e.discount <= 1) {
				numbers.broken(s, "episode %d, decision %d: reward %v, discount %v", seed, i, e.reward, e.discount)
				return
			}
		}
	}
}

func (w world) checkRepeats(s suite) {
	r := rule{ofEnvironment, "Reset(seed) determines the episode: the same actions give the same observations, rewards and discounts",
		"draw every random number from a source made of seed in Reset, and set every field there"}
	first := make([][]event, len(w.o.Seeds))
	for i, seed := range w.o.Seeds {
		first[i], _ = w.play(seed, nil)
	}
	for i := range w.o.Seeds { // in reverse, after an episode that was left half way
		i = len(w.o.Seeds) - 1 - i
		w.play(w.o.Seeds[0], func(step int, _ *lepton.Observation, _ int) bool { return step < 3 })
		again, _ := w.play(w.o.Seeds[i], nil)
		if d := divergence(first[i], again); d != "" {
			r.broken(s, "episode %d, first and again: %s", w.o.Seeds[i], d)
		}
	}
}

// divergence says where two episodes part, or returns "".
func divergence(a, b []event) string {
	for i := range min(len(a), len(b)) {
		if d := difference(a[i].obs, b[i].obs); d != "" {
			return fmt.Sprintf("decision %d: %s", i, d)
		}
		x, y := a[i], b[i]
		if differ([]float64{x.reward, x.discount}, []float64{y.reward, y.discount}) >= 0 || x.last != y.last {
			return fmt.Sprintf("decision %d: reward %v, discount %v, last %t; and %v, %v, %t", i, x.reward, x.discount, x.last, y.reward, y.discount, y.last)
		}
	}
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d decisions", len(a), len(b))
	}
	return ""
}

func (w world) checkIllegal(s suite) {
	r := rule{ofEnvironment, "an action that is not legal leaves the world as it is and returns a NaN reward with last true",
		"check the index and the mask first in Step, and return math.NaN(), 0, true before anything changes"}
	for _, seed := range w.o.Seeds {
		want, _ := w.play(seed, nil)
		faults := 0
		got, _ := w.play(seed, func(i int, obs *lepton.Observation, _ int) bool {
			illegal := []int{-1, obs.Len()}
			for a := range obs.Len() {
				if !obs.Legal(a) {
					illegal = append(illegal, a)
					break
				}
			}
			for _, a := range illegal {
				reward, _, last := w.Step(a)
				if !math.IsNaN(reward) || !last {
					r.broken(s, "episode %d, decision %d: action %d of %d gives reward %v, last %t", seed, i, a, obs.Len(), reward, last)
					faults++
				}
			}
			return faults == 0
		})
		if faults > 0 {
			return
		}
		if d := divergence(want, got); d != "" {
			r.broken(s, "episode %d, without and with illegal actions between: %s", seed, d)
			return
		}
	}
}
