package leptontest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
)

// corridor is a good environment: candidates with random rows, twenty decisions, cut off under odd
// seeds. Its faults are switched on by name.
type corridor struct {
	fault string
	rand  *rand.Rand
	seed  uint64
	step  int
	total float64 // a hidden state that actions change
	rows  []float64
	looks int
	kept  *lepton.Observation
}

func (c *corridor) Spec() lepton.Spec {
	spec := lepton.Spec{StateDim: 1, ActionDim: 1}
	switch {
	case c.fault == "fixed", c.fault == "fixed, other ids":
		spec.Actions = 3
	case c.fault == "invalid spec":
		spec.StateNames = []string{"a", "b"}
	case c.fault == "spec changes" && c.step > 0:
		spec.StateNames = []string{"total"}
	}
	return spec
}

func (c *corridor) Reset(seed uint64) {
	c.seed, c.step = seed, 0
	if c.fault != "leaks across episodes" {
		c.total = 0
	}
	if c.fault != "one source for all" || c.rand == nil {
		c.rand = rand.New(rand.NewPCG(seed, 0))
	}
	c.next()
}

func (c *corridor) next() {
	c.rows = c.rows[:0]
	for range 3 {
		c.rows = append(c.rows, c.rand.Float64())
	}
}

func (c *corridor) Observe(obs *lepton.Observation) {
	dim := 1
	c.looks++
	switch {
	case c.fault == "action dim":
		dim = 2
	case c.fault == "drawing looks":
		c.next()
	case c.fault == "keeps obs" && c.kept != nil && len(c.kept.State()) > 0 && math.IsNaN(c.kept.State()[0]):
		c.total++
	}
	c.kept = obs
	obs.Reset(dim, 0)
	obs.SetState([]float64{c.total})
	switch c.fault {
	case "state dim":
		obs.SetState(nil)
	case "not finite":
		obs.SetState([]float64{math.Log(c.total - c.total)})
	case "no state after a cut":
		if c.step == 20 && c.cut() {
			obs.SetState(nil)
		}
	}
	for i, v := range c.rows {
		if c.fault == "few" && i == 2 {
			break
		}
		id := uint64(i)
		if c.fault == "same ids" {
			id = 7
		}
		if c.fault == "fixed, other ids" {
			id++
		}
		legal := i != c.step%3
		if c.fault == "none legal" && c.step == 5 {
			legal = false
		}
		obs.Actions().Add(id, legal)[0] = v
	}
}

func (c *corridor) cut() bool { return c.seed%2 == 1 }

func (c *corridor) Step(action int) (reward, discount float64, last bool) {
	if action < 0 || action >= len(c.rows) || action == c.step%3 {
		switch c.fault {
		case "punishes":
			return -1, 1, false
		case "goes on":
			c.total++
			return math.NaN(), 0, true
		case "illegal is not last":
			return math.NaN(), 0, false
		case "panics on illegal":
			panic("no such action")
		}
		return math.NaN(), 0, true
	}
	c.total += c.rows[action]
	reward = c.total
	c.step++
	c.next()
	switch {
	case c.fault == "reward not finite":
		reward = math.Log(-1)
	case c.fault == "discount above 1":
		return reward, 1.5, false
	case c.fault == "endless":
		return reward, 1, false
	}
	if c.step < 20 {
		return reward, 0.9, false
	}
	if c.cut() {
		return reward, 0.9, true
	}
	return reward, 0, true
}

func runEnvironment(fault string, o EnvironmentOptions) *recorder {
	return record(func(s suite) { environment(s, &corridor{fault: fault}, o) })
}

func TestEnvironmentPasses(t *testing.T) {
	runEnvironment("", EnvironmentOptions{}).mustPass(t)
	runEnvironment("fixed", EnvironmentOptions{Seeds: []uint64{8, 9}, MaxSteps: 20}).mustPass(t)
	runEnvironment("not finite", EnvironmentOptions{AllowNaN: true}).mustPass(t)
}

func TestEnvironmentCatches(t *testing.T) {
	tests := []struct {
		fault   string
		subtest string
		what    string
		others  []string
	}{
		{fault: "invalid spec", subtest: "Spec", what: "2 state names for 1 features"},
		{fault: "spec changes", subtest: "Spec", what: "after an episode"},
		{fault: "state dim", subtest: "Observation", what: "0 state features, Spec says 1"},
		{fault: "action dim", subtest: "Observation", what: "2 features of an action, Spec says 1"},
		{fault: "fixed, other ids", subtest: "Observation", what: "action 0 is called 1"},
		{fault: "same ids", subtest: "Observation", what: "action 1 is called 7"},
		{fault: "not finite", subtest: "Observation", what: "a feature is -Inf"},
		{fault: "none legal", subtest: "Observation", what: "episode 1, decision 5: none of 3 actions is legal"},
		{fault: "drawing looks", subtest: "Observation", what: "at the first and the second look"},
		{fault: "keeps obs", subtest: "Observation", what: "overwriting the observations handed out", others: []string{"Repeats"}},
		{fault: "no state after a cut", subtest: "Observation", what: "episode 1, decision 20: after a cut, 0 state features"},
		{fault: "reward not finite", subtest: "Step", what: "reward NaN"},
		{fault: "discount above 1", subtest: "Step", what: "discount 1.5"},
		{fault: "endless", subtest: "Step", what: "episode 1 still goes on after 50 decisions"},
		{fault: "one source for all", subtest: "Repeats", what: "decision 0", others: []string{"Illegal"}},
		{fault: "leaks across episodes", subtest: "Repeats", what: "state feature 0", others: []string{"Illegal"}},
		{fault: "punishes", subtest: "Illegal", what: "action -1 of 3 gives reward -1, last false"},
		{fault: "illegal is not last", subtest: "Illegal", what: "gives reward NaN, last false"},
		{fault: "goes on", subtest: "Illegal", what: "without and with illegal actions between"},
		{fault: "panics on illegal", subtest: "Illegal", what: "panicked: no such action"},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			runEnvironment(test.fault, EnvironmentOptions{MaxSteps: 50}).mustCatch(t, test.subtest, test.what, test.others...)
		})
	}
}
