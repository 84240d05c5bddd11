package leptontest

import (
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/leptonsched/lepton"
)

// suite is the part of *testing.T that the kit uses; its own tests record instead.
type suite interface {
	Helper()
	Errorf(format string, args ...any)
	Skip(args ...any)
	Run(name string, f func(suite)) bool
}

// standard makes a suite of a *testing.T.
type standard struct{ *testing.T }

func (s standard) Run(name string, f func(suite)) bool {
	return s.T.Run(name, func(t *testing.T) { f(standard{t}) })
}

// rule is one sentence of a contract, and what to do when it is broken.
type rule struct{ of, says, mend string }

// broken reports what was seen against r.
func (r rule) broken(s suite, format string, args ...any) {
	s.Helper()
	s.Errorf("%s: %s\n\tseen: %s\n\tmend: %s", r.of, r.says, fmt.Sprintf(format, args...), r.mend)
}

// check runs f as a subtest. A panic of the part under test fails that subtest alone.
func check(s suite, name string, f func(suite)) {
	s.Helper()
	s.Run(name, func(s suite) {
		defer func() {
			if r := recover(); r != nil {
				s.Errorf("panicked: %v\n%s", r, debug.Stack())
			}
		}()
		f(s)
	})
}

// readers is the number of goroutines of a concurrency check.
const readers = 4

// concurrently runs f(worker) in several goroutines at once and returns the first fault, nil for none.
// A panic counts as a fault.
func concurrently(f func(worker int) error) error {
	errs := make([]error, readers)
	var wg sync.WaitGroup
	for worker := range readers {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[worker] = fmt.Errorf("panicked: %v", r)
				}
			}()
			errs[worker] = f(worker)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// differ returns the first place where a and b differ by a bit, or −1.
func differ(a, b []float64) int {
	for i := range min(len(a), len(b)) {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// at returns a[i], or NaN where there is none: for messages.
func at(a []float64, i int) float64 {
	if i < 0 || i >= len(a) {
		return math.NaN()
	}
	return a[i]
}

// filled returns n values v.
func filled(n int, v float64) []float64 {
	a := make([]float64, n)
	for i := range a {
		a[i] = v
	}
	return a
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// difference says where two observations differ, or returns "".
func difference(a, b *lepton.Observation) string {
	switch i := differ(a.State(), b.State()); {
	case i >= 0:
		return fmt.Sprintf("state feature %d is %v and %v", i, at(a.State(), i), at(b.State(), i))
	case a.Len() != b.Len():
		return fmt.Sprintf("%d and %d actions", a.Len(), b.Len())
	case a.ActionDim() != b.ActionDim():
		return fmt.Sprintf("%d and %d features of an action", a.ActionDim(), b.ActionDim())
	case a.Offered() != b.Offered():
		return fmt.Sprintf("%d and %d actions offered", a.Offered(), b.Offered())
	}
	for i := range a.Len() {
		switch j := differ(a.Action(i), b.Action(i)); {
		case a.ID(i) != b.ID(i):
			return fmt.Sprintf("action %d is called %d and %d", i, a.ID(i), b.ID(i))
		case a.Legal(i) != b.Legal(i):
			return fmt.Sprintf("action %d is legal: %t and %t", i, a.Legal(i), b.Legal(i))
		case j >= 0:
			return fmt.Sprintf("feature %d of action %d is %v and %v", j, i, a.Action(i)[j], b.Action(i)[j])
		}
	}
	return ""
}

// clone returns a deep copy.
func clone(o *lepton.Observation) *lepton.Observation {
	var c lepton.Observation
	c.CopyFrom(o)
	return &c
}

// poison overwrites everything that o holds, in place, and leaves it with one nonsensical action.
func poison(o *lepton.Observation) {
	for _, block := range [][]float64{o.State(), o.Rows()} {
		for i := range block {
			block[i] = math.NaN()
		}
	}
	dim, n := o.ActionDim(), o.Len()
	state := filled(len(o.State()), math.NaN())
	o.Reset(dim, 0)
	o.SetState(state)
	for range n {
		copy(o.Actions().Add(math.MaxUint64, false), filled(dim, math.NaN()))
	}
}

// dirtyScratch returns a scratch whose memory holds v.
func dirtyScratch(v float64) *lepton.Scratch {
	s := new(lepton.Scratch)
	block := s.Floats(1 << 12)
	for i := range block {
		block[i] = v
	}
	s.Reset()
	return s
}

// names checks what a Namer says of dim features.
func checkNames(s suite, part any, of string, dim int) {
	namer, ok := part.(lepton.Namer)
	if !ok {
		return
	}
	check(s, "Names", func(s suite) {
		r := rule{of + " with lepton.Namer", "FeatureNames names each feature once, the same at every call",
			"return one distinct name for each feature, in the order of the features"}
		got, again := namer.FeatureNames(), namer.FeatureNames()
		if len(got) != dim {
			r.broken(s, "%d names for %d features", len(got), dim)
		}
		seen := map[string]int{}
		for i, name := range got {
			if j, twice := seen[name]; twice {
				r.broken(s, "features %d and %d are both called %q", j, i, name)
			}
			seen[name] = i
			if name == "" {
				r.broken(s, "feature %d has an empty name", i)
			}
			if i >= len(again) || again[i] != name {
				r.broken(s, "feature %d is called %q first and otherwise at the second call", i, name)
			}
		}
	})
}

// checkAllocs demands that f, run a few times before, allocates nothing.
func checkAllocs(s suite, r rule, f func()) {
	check(s, "Allocations", func(s suite) {
		if raceEnabled {
			s.Skip("allocations are not counted under the race detector")
		}
		for range 3 {
			f()
		}
		if allocs := testing.AllocsPerRun(20, f); allocs > 0 {
			r.broken(s, "%v allocations", allocs)
		}
	})
}
