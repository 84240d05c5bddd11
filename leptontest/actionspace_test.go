package leptontest

import (
	"testing"

	"github.com/leptonsched/lepton"
)

// space is an ActionSpace whose every part can be broken. Whole, it offers two to four candidates, of
// which the last is legal.
type space struct {
	spec  func() (n, dim int)
	offer func(set lepton.ActionSet, s float64)
	names func() []string
}

func (a space) ActionSpec() (n, dim int) {
	if a.spec != nil {
		return a.spec()
	}
	return 0, 2
}

func (a space) Offer(set lepton.ActionSet, s float64) {
	if a.offer != nil {
		a.offer(set, s)
		return
	}
	n := count(s)
	for i := range n {
		row := set.Add(uint64(10*i), i == n-1)
		row[0], row[1] = s, float64(i)
	}
}

// count is the number of candidates in state s.
func count(s float64) int {
	if s > 1 {
		return 4
	}
	return 2
}

func (a space) FeatureNames() []string {
	if a.names != nil {
		return a.names()
	}
	return []string{"load", "place"}
}

func runSpace(a lepton.ActionSpace[float64], o SpaceOptions) *recorder {
	return record(func(s suite) { actionSpace(s, a, states, o) })
}

// fixed offers n actions under their numbers.
func fixed(n int, offer func(lepton.ActionSet, float64)) space {
	a := space{spec: func() (int, int) { return n, 2 }, offer: offer}
	if offer == nil {
		a.offer = func(set lepton.ActionSet, s float64) {
			for i := range n {
				set.Add(uint64(i), i != 1)[0] = s
			}
		}
	}
	return a
}

func TestActionSpacePasses(t *testing.T) {
	runSpace(space{}, SpaceOptions{}).mustPass(t)
	runSpace(fixed(3, nil), SpaceOptions{}).mustPass(t)
	none := space{offer: func(set lepton.ActionSet, _ float64) { set.Add(1, false) }}
	runSpace(none, SpaceOptions{AllowNoLegal: true}).mustPass(t)
	nan := space{offer: func(set lepton.ActionSet, s float64) { set.Add(1, true)[0] = 1 / s }}
	runSpace(nan, SpaceOptions{AllowNaN: true}).mustPass(t)
	alloc := space{offer: func(set lepton.ActionSet, s float64) { set.Add(1, true)[0] = *leak(s) }}
	runSpace(alloc, SpaceOptions{AllowAllocs: true}).mustPass(t)
	bare := space{spec: func() (int, int) { return 0, 0 }, names: func() []string { return nil },
		offer: func(set lepton.ActionSet, _ float64) { set.Add(1, true) }}
	runSpace(bare, SpaceOptions{}).mustPass(t)
}

func TestActionSpaceCatches(t *testing.T) {
	calls := 0
	var kept lepton.ActionSet
	var row []float64
	tests := []struct {
		name    string
		space   space
		subtest string
		what    string
		others  []string
		racy    bool // breaks its word about concurrency: not to be run under the detector
	}{
		{name: "spec changes", space: space{spec: func() (int, int) { calls++; return 0, 2 + calls/3 }},
			subtest: "Spec", what: "(0, 2) first, (0, 3) after state 1"},
		{name: "spec below 0", space: space{spec: func() (int, int) { return -1, 2 }}, subtest: "Spec", what: "-1 actions of 2 features"},
		{name: "fixed, one short", space: fixed(3, func(set lepton.ActionSet, _ float64) { set.Add(0, true); set.Add(1, true) }),
			subtest: "Fixed", what: "2 actions offered, ActionSpec says 3"},
		{name: "fixed, other names", space: fixed(2, func(set lepton.ActionSet, _ float64) { set.Add(1, true); set.Add(2, true) }),
			subtest: "Fixed", what: "action 0 is called 1"},
		{name: "the same id twice", space: space{offer: func(set lepton.ActionSet, _ float64) { set.Add(7, true); set.Add(7, true) }},
			subtest: "IDs", what: "actions 0 and 1 are both called 7"},
		{name: "none legal", space: space{offer: func(set lepton.ActionSet, s float64) { set.Add(7, s != 3.5) }},
			subtest: "Legal", what: "state 2: none of its 1 actions is legal"},
		{name: "nothing offered", space: space{offer: func(lepton.ActionSet, float64) {}},
			subtest: "Legal", what: "none of its 0 actions is legal"},
		{name: "counts", space: space{offer: func(set lepton.ActionSet, _ float64) { calls++; set.Add(7, true)[1] = float64(calls) }},
			subtest: "Pure", what: "feature 1 of action 0", others: []string{"KeepsNothing", "Limit", "Concurrent"}, racy: true},
		{name: "fills a row after the next Add", space: space{offer: func(set lepton.ActionSet, _ float64) {
			first := set.Add(1, true)
			for i := range uint64(500) { // grows the memory of the rows
				set.Add(2+i, true)
			}
			first[0] = 5
		}}, subtest: "Pure", what: "feature 0 of action 0 is 0 and 5", others: []string{"Limit"}},
		{name: "panics", space: space{offer: func(set lepton.ActionSet, _ float64) { set.Add(1, true)[2] = 1 }},
			subtest: "IDs", what: "panicked: runtime error: index out of range [2] with length 2",
			others: []string{"Spec", "Legal", "Pure", "KeepsNothing", "Limit", "Concurrent", "Finite", "Allocations"}},
		{name: "keeps a row", space: space{offer: func(set lepton.ActionSet, _ float64) {
			if row != nil {
				row[0]++
			}
			row = set.Add(7, true)
		}}, subtest: "KeepsNothing", what: "changed when another state was offered", others: []string{"Pure", "Concurrent", "Limit"}, racy: true},
		{name: "keeps the set", space: space{offer: func(set lepton.ActionSet, s float64) {
			if kept != (lepton.ActionSet{}) && kept != set {
				kept.Add(99, true)
			}
			kept = set
			set.Add(7, true)
		}}, subtest: "KeepsNothing", what: "changed when another state was offered", others: []string{"Pure", "Concurrent", "Limit", "Allocations", "IDs"}, racy: true},
		{name: "stops at the limit", space: space{offer: func(set lepton.ActionSet, _ float64) {
			for i := uint64(0); set.Len() == int(i) && i < 3; i++ {
				set.Add(i, true)
			}
		}}, subtest: "Limit", what: "3 actions offered, 2 when one is kept"},
		{name: "not finite", space: space{offer: func(set lepton.ActionSet, s float64) { set.Add(1, true); set.Add(2, true)[1] = 1 / s }},
			subtest: "Finite", what: "state 0: feature 1 of action 1 is +Inf"},
		{name: "names too many", space: space{names: func() []string { return []string{"a", "b", "c"} }},
			subtest: "Names", what: "3 names for 2 features"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.racy && raceEnabled {
				t.Skip("breaks its word about concurrency on purpose")
			}
			calls, kept, row = 0, lepton.ActionSet{}, nil
			runSpace(test.space, SpaceOptions{}).mustCatch(t, test.subtest, test.what, test.others...)
		})
	}
}

func TestActionSpaceCatchesASharedBuffer(t *testing.T) {
	if raceEnabled {
		t.Skip("breaks its word about concurrency on purpose")
	}
	var buffer float64
	a := space{offer: func(set lepton.ActionSet, s float64) {
		buffer = s
		work()
		set.Add(1, true)[0] = buffer
	}}
	runSpace(a, SpaceOptions{}).mustCatch(t, "Concurrent", "alone and with others")
}

func TestActionSpaceCatchesAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	a := space{offer: func(set lepton.ActionSet, s float64) { set.Add(1, true)[0] = *leak(s) }}
	runSpace(a, SpaceOptions{}).mustCatch(t, "Allocations", "4 allocations")
}

func TestActionSpaceWantsStates(t *testing.T) {
	r := record(func(s suite) { actionSpace(s, lepton.ActionSpace[float64](space{}), nil, SpaceOptions{}) })
	r.mustCatch(t, "", "no states to check with")
}
