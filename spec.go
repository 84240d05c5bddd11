package lepton

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// Spec describes the observations of one problem. Its hash travels with models, logs and checkpoints.
type Spec struct {
	StateDim    int      // shared features
	ActionDim   int      // features of one action
	Actions     int      // fixed number of actions; 0: varies per decision
	StateNames  []string // names of the shared features; nil: unnamed
	ActionNames []string // names of an action's features; nil: unnamed
}

// SpecOf describes the observations that enc and actions make, with names where they are Namers.
func SpecOf[S any](enc StateEncoder[S], actions ActionSpace[S]) Spec {
	n, dim := actions.ActionSpec()
	spec := Spec{StateDim: enc.StateDim(), ActionDim: dim, Actions: n}
	if namer, ok := any(enc).(Namer); ok {
		spec.StateNames = slices.Clone(namer.FeatureNames())
	}
	if namer, ok := any(actions).(Namer); ok {
		spec.ActionNames = slices.Clone(namer.FeatureNames())
	}
	return spec
}

// Validate reports every fault of s: negative sizes, a wrong number of names, names given more than once.
func (s Spec) Validate() error {
	var errs []error
	if s.StateDim < 0 || s.ActionDim < 0 || s.Actions < 0 {
		errs = append(errs, fmt.Errorf("lepton: negative size in spec (state %d, action %d, actions %d)", s.StateDim, s.ActionDim, s.Actions))
	}
	check := func(what string, names []string, dim int) {
		if names != nil && len(names) != dim {
			errs = append(errs, fmt.Errorf("lepton: %d %s names for %d features", len(names), what, dim))
		}
		sorted := slices.Sorted(slices.Values(names))
		for i := 1; i < len(sorted); i++ {
			if sorted[i] == sorted[i-1] && (i == 1 || sorted[i] != sorted[i-2]) {
				errs = append(errs, fmt.Errorf("lepton: %s feature %q is named more than once", what, sorted[i]))
			}
		}
	}
	check("state", s.StateNames, s.StateDim)
	check("action", s.ActionNames, s.ActionDim)
	return errors.Join(errs...)
}

// Hash returns a 64-bit fingerprint of sizes and names, the same on every machine.
func (s Spec) Hash() uint64 {
	h := fnv.New64a()
	var word [8]byte
	number := func(n int) {
		binary.LittleEndian.PutUint64(word[:], uint64(n))
		h.Write(word[:])
	}
	for _, n := range [...]int{s.StateDim, s.ActionDim, s.Actions} {
		number(n)
	}
	for _, names := range [...][]string{s.StateNames, s.ActionNames} {
		number(len(names))
		for _, name := range names {
			number(len(name))
			h.Write([]byte(name))
		}
	}
	return h.Sum64()
}

// Check returns nil when observations of got can stand in for those of s, else a *SpecError on behalf
// of who. Names are compared only where both sides have them.
func (s Spec) Check(who string, got Spec) error {
	e := &SpecError{Who: who}
	size := func(what string, want, got int) {
		if want != got {
			e.Reasons = append(e.Reasons, fmt.Sprintf("%s is %d, not %d", what, got, want))
		}
	}
	size("StateDim", s.StateDim, got.StateDim)
	size("ActionDim", s.ActionDim, got.ActionDim)
	size("Actions", s.Actions, got.Actions)
	e.compareNames("state ", s.StateNames, got.StateNames)
	e.compareNames("action ", s.ActionNames, got.ActionNames)
	if len(e.Reasons)+len(e.Added)+len(e.Dropped)+len(e.Moved) == 0 {
		return nil
	}
	return e
}

// SpecError says why a learner, policy or checkpoint cannot serve a Spec. Added, Dropped and Moved
// name features, as seen from the one that refuses: Added are new to it.
type SpecError struct {
	Who                   string   // the part that refuses
	Reasons               []string // other faults, each a phrase
	Added, Dropped, Moved []string
}

// Error lists everything that does not fit.
func (e *SpecError) Error() string {
	parts := slices.Clone(e.Reasons)
	list := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, what+" "+strings.Join(names, ", "))
		}
	}
	list("features added:", e.Added)
	list("features dropped:", e.Dropped)
	list("features moved:", e.Moved)
	return "lepton: " + e.Who + " cannot serve this spec: " + strings.Join(parts, "; ")
}

func (e *SpecError) compareNames(prefix string, want, got []string) {
	if want == nil || got == nil {
		return
	}
	for i, name := range got {
		switch at := slices.Index(want, name); {
		case at < 0:
			e.Added = append(e.Added, prefix+name)
		case at != i:
			e.Moved = append(e.Moved, prefix+name)
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			e.Dropped = append(e.Dropped, prefix+name)
		}
	}
}
