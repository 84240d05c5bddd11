package leptontest

import (
	"math"
	"sync/atomic"
	"testing"

	"github.com/leptonsched/lepton"
)

// encoder is a StateEncoder whose every part can be broken.
type encoder struct {
	dim    func() int
	append func(dst []float64, s float64) []float64
	names  func() []string
}

func (e encoder) StateDim() int {
	if e.dim != nil {
		return e.dim()
	}
	return 2
}

func (e encoder) AppendState(dst []float64, s float64) []float64 {
	if e.append != nil {
		return e.append(dst, s)
	}
	return append(dst, s, s*s)
}

func (e encoder) FeatureNames() []string {
	if e.names != nil {
		return e.names()
	}
	return []string{"load", "load squared"}
}

var states = []float64{0, -1, 3.5, 1e6}

func runEncoder(enc lepton.StateEncoder[float64], o EncoderOptions) *recorder {
	return record(func(s suite) { stateEncoder(s, enc, states, o) })
}

func TestStateEncoderPasses(t *testing.T) {
	runEncoder(encoder{}, EncoderOptions{}).mustPass(t)
	type plain struct{ lepton.StateEncoder[float64] } // no Namer
	runEncoder(plain{encoder{}}, EncoderOptions{}).mustPass(t)
	empty := encoder{dim: func() int { return 0 }, append: func(dst []float64, _ float64) []float64 { return dst }, names: func() []string { return nil }}
	runEncoder(empty, EncoderOptions{}).mustPass(t)
	nan := encoder{append: func(dst []float64, s float64) []float64 { return append(dst, s, math.NaN()) }}
	runEncoder(nan, EncoderOptions{AllowNaN: true}).mustPass(t)
	alloc := encoder{append: func(dst []float64, s float64) []float64 { return append(dst, *leak(s), s) }}
	runEncoder(alloc, EncoderOptions{AllowAllocs: true}).mustPass(t)
}

var leaked atomic.Pointer[float64]

// leak allocates.
func leak(v float64) *float64 {
	p := new(float64)
	*p = v
	leaked.Store(p)
	return p
}

func TestStateEncoderCatches(t *testing.T) {
	calls, last := 0, []float64(nil)
	own := make([]float64, 2)
	tests := []struct {
		name    string
		enc     encoder
		o       EncoderOptions
		subtest string
		what    string
		others  []string
		racy    bool // breaks its word about concurrency: not to be run under the detector
	}{
		{name: "one value too few", enc: encoder{append: func(dst []float64, s float64) []float64 { return append(dst, s) }},
			subtest: "Length", what: "1 values appended, StateDim is 2", others: []string{"Appends"}},
		{name: "StateDim changes", enc: encoder{dim: func() int { calls++; return 2 + calls/4 }},
			subtest: "Length", what: "StateDim was 2 and is 3"},
		{name: "StateDim below 0", enc: encoder{dim: func() int { return -1 }},
			subtest: "Length", what: "StateDim is -1", others: []string{"Appends", "Names"}},
		{name: "starts dst anew", enc: encoder{append: func(dst []float64, s float64) []float64 { return append(dst[:0], s, s*s) }},
			subtest: "Appends", what: "length 2 after appending 2 values to 3"},
		{name: "overwrites dst", enc: encoder{append: func(dst []float64, s float64) []float64 {
			dst = append(dst, s, s*s)
			dst[0] = s
			return dst
		}}, subtest: "Appends", what: "dst[0] was -1 and is 0", others: []string{"Pure"}},
		{name: "counts", enc: encoder{append: func(dst []float64, s float64) []float64 { calls++; return append(dst, s, float64(calls)) }},
			subtest: "Pure", what: "feature 1 was", others: []string{"KeepsNothing", "Concurrent"}, racy: true},
		{name: "reads dst's memory", enc: encoder{append: func(dst []float64, s float64) []float64 {
			n := len(dst)
			if cap(dst) < n+2 {
				return append(dst, s, 0)
			}
			return append(dst, s)[:n+2] // forgets to write the second
		}}, subtest: "Pure", what: "feature 1 was 0, then NaN"},
		{name: "panics", enc: encoder{append: func(dst []float64, s float64) []float64 {
			if s > 1e5 {
				panic("table too small")
			}
			return append(dst, s, s)
		}}, subtest: "Length", what: "panicked: table too small", others: []string{"Appends", "Pure", "KeepsNothing", "Concurrent", "Finite", "Allocations"}},
		{name: "returns its own slice", enc: encoder{append: func(dst []float64, s float64) []float64 {
			if len(dst) > 0 {
				return append(dst, s, s*s)
			}
			own[0], own[1] = s, s*s
			return own
		}}, subtest: "KeepsNothing", what: "changed when another state was encoded", others: []string{"Concurrent", "Pure"}, racy: true},
		{name: "writes into the last dst", enc: encoder{append: func(dst []float64, s float64) []float64 {
			if last != nil {
				last[len(last)-1]++
			}
			last = append(dst, s, s*s)
			return last
		}}, subtest: "KeepsNothing", what: "changed when another state was encoded", others: []string{"Pure", "Concurrent", "Appends"}, racy: true},
		{name: "not finite", enc: encoder{append: func(dst []float64, s float64) []float64 { return append(dst, s, 1/s) }},
			subtest: "Finite", what: "state 0: feature 1 is +Inf"},
		{name: "names too few", enc: encoder{names: func() []string { return []string{"load"} }},
			subtest: "Names", what: "1 names for 2 features"},
		{name: "names twice", enc: encoder{names: func() []string { return []string{"load", "load"} }},
			subtest: "Names", what: `features 0 and 1 are both called "load"`},
		{name: "empty name", enc: encoder{names: func() []string { return []string{"load", ""} }},
			subtest: "Names", what: "feature 1 has an empty name"},
		{name: "names change", enc: encoder{names: func() []string {
			calls++
			return []string{"load", string(rune('a' + calls%26))}
		}}, subtest: "Names", what: "otherwise at the second call"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.racy && raceEnabled {
				t.Skip("breaks its word about concurrency on purpose")
			}
			calls, last = 0, nil
			runEncoder(test.enc, test.o).mustCatch(t, test.subtest, test.what, test.others...)
		})
	}
}

// A buffer in the encoder is right for one goroutine at a time, and only the concurrency check sees it.
func TestStateEncoderCatchesASharedBuffer(t *testing.T) {
	if raceEnabled {
		t.Skip("breaks its word about concurrency on purpose")
	}
	var buffer [2]float64
	enc := encoder{append: func(dst []float64, s float64) []float64 {
		buffer[0] = s
		work()
		buffer[1] = s * s
		work()
		return append(dst, buffer[0], buffer[1])
	}}
	runEncoder(enc, EncoderOptions{}).mustCatch(t, "Concurrent", "alone and", "Allocations")
}

func TestStateEncoderCatchesAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	enc := encoder{append: func(dst []float64, s float64) []float64 { return append(dst, *leak(s), s) }}
	runEncoder(enc, EncoderOptions{}).mustCatch(t, "Allocations", "4 allocations")
}

func TestStateEncoderWantsStates(t *testing.T) {
	r := record(func(s suite) { stateEncoder(s, lepton.StateEncoder[float64](encoder{}), nil, EncoderOptions{}) })
	r.mustCatch(t, "", "no states to check with")
}
