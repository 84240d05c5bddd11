package leptontest

import (
	"fmt"
	"math"
	"testing"

	"github.com/leptonsched/lepton"
)

// EncoderOptions adjusts StateEncoder. The zero value checks everything.
type EncoderOptions struct {
	AllowNaN    bool // features may be NaN or infinite: the policy's own imputation deals with them
	AllowAllocs bool // encoding may allocate; decisions of the facade then do as well
}

// StateEncoder checks enc against the contract of lepton.StateEncoder on each of states, of which there
// must be at least one; a handful that differ, extremes among them, find most.
func StateEncoder[S any](t *testing.T, enc lepton.StateEncoder[S], states []S, o EncoderOptions) {
	t.Helper()
	stateEncoder(standard{t}, enc, states, o)
}

const ofEncoder = "lepton.StateEncoder"

func stateEncoder[S any](t suite, enc lepton.StateEncoder[S], states []S, o EncoderOptions) {
	t.Helper()
	if len(states) == 0 {
		t.Errorf("leptontest.StateEncoder: no states to check with")
		return
	}
	dim := enc.StateDim()
	prefix := []float64{-1, -2, -3}
	// room returns a prefix with room for the features in memory that holds v.
	room := func(v float64) []float64 {
		block := filled(len(prefix)+max(dim, 0), v)
		copy(block, prefix)
		return block[:len(prefix)]
	}

	check(t, "Length", func(s suite) {
		r := rule{ofEncoder, "AppendState appends exactly StateDim values, and StateDim is constant",
			"append the same number of features for every state, and return that number from StateDim"}
		if dim < 0 {
			r.broken(s, "StateDim is %d", dim)
		}
		for i, state := range states {
			if got := len(enc.AppendState(nil, state)); got != dim {
				r.broken(s, "state %d: %d values appended, StateDim is %d", i, got, dim)
			}
			if now := enc.StateDim(); now != dim {
				r.broken(s, "StateDim was %d and is %d after state %d", dim, now, i)
				return
			}
		}
	})
	check(t, "Appends", func(s suite) {
		r := rule{ofEncoder, "AppendState appends to dst and keeps what dst holds",
			"build the result with append(dst, …) and return it, as the built-in append does"}
		for i, state := range states {
			got := enc.AppendState(room(math.NaN()), state)
			if len(got) != len(prefix)+dim {
				r.broken(s, "state %d: length %d after appending %d values to %d", i, len(got), dim, len(prefix))
			} else if j := differ(got[:len(prefix)], prefix); j >= 0 {
				r.broken(s, "state %d: dst[%d] was %v and is %v", i, j, prefix[j], got[j])
			}
		}
	})
	check(t, "Pure", func(s suite) {
		r := rule{ofEncoder, "AppendState is pure: a state gives the same bits every time",
			"compute features from the state alone: no clock, no counters, no random numbers, no running averages, no map order, no reading of dst"}
		first := make([][]float64, len(states))
		for i, state := range states {
			first[i] = enc.AppendState(room(0), state)
		}
		for i := range states { // in reverse, in other memory
			i = len(states) - 1 - i
			for _, memory := range []float64{math.NaN(), 7} {
				if got := enc.AppendState(room(memory), states[i]); differ(got, first[i]) >= 0 {
					j := differ(got, first[i])
					r.broken(s, "state %d: feature %d was %v, then %v", i, j-len(prefix), at(first[i], j), at(got, j))
				}
			}
		}
	})
	check(t, "KeepsNothing", func(s suite) {
		r := rule{ofEncoder, "AppendState keeps neither dst nor what it returned",
			"return append(dst, …), never a slice that the encoder owns or caches"}
		for i, state := range states {
			other := states[(i+1)%len(states)]
			result := enc.AppendState(nil, state)
			kept := append([]float64(nil), result...)
			enc.AppendState(nil, other)
			enc.AppendState(room(5), other)
			if j := differ(result, kept); j >= 0 {
				r.broken(s, "feature %d of state %d changed when another state was encoded", j, i)
			}
			for j := range result {
				result[j] = math.NaN()
			}
			if again := enc.AppendState(nil, state); differ(again, kept) >= 0 {
				r.broken(s, "state %d: overwriting the slice returned changed what the encoder says of the state", i)
			}
		}
	})
	check(t, "Concurrent", func(s suite) {
		r := rule{ofEncoder, "AppendState is safe for concurrent use",
			"keep no buffer, cache or counter in the encoder"}
		first := make([][]float64, len(states))
		for i, state := range states {
			first[i] = enc.AppendState(nil, state)
		}
		err := concurrently(func(worker int) error {
			var dst []float64
			for round := range 50 {
				i := (round + worker) % len(states)
				dst = enc.AppendState(dst[:0], states[i])
				if j := differ(dst, first[i]); j >= 0 {
					return fmt.Errorf("state %d: feature %d is %v alone and %v with others", i, j, at(first[i], j), at(dst, j))
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
			r := rule{ofEncoder, "features are finite numbers",
				"guard divisions and logarithms, encode what is missing as a number with a flag beside it, or set EncoderOptions.AllowNaN"}
			for i, state := range states {
				for j, v := range enc.AppendState(nil, state) {
					if !finite(v) {
						r.broken(s, "state %d: feature %d is %v", i, j, v)
					}
				}
			}
		})
	}
	checkNames(t, enc, ofEncoder, dim)
	if !o.AllowAllocs {
		dst := room(0)
		checkAllocs(t, rule{ofEncoder, "encoding into a slice with room allocates nothing",
			"append to dst directly, without temporary slices, maps or strings; or set EncoderOptions.AllowAllocs"},
			func() {
				for _, state := range states {
					dst = enc.AppendState(dst[:0], state)
				}
			})
	}
}
