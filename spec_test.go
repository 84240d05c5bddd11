package lepton_test

import (
	"errors"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type namedEncoder struct{ queueEncoder }

var namedEncoderNames = []string{"load", "waiting"}

func (namedEncoder) FeatureNames() []string { return namedEncoderNames }

type namedActions struct{ queueActions }

func (namedActions) FeatureNames() []string { return []string{"procs"} }

func batchSpec() lepton.Spec {
	return lepton.Spec{StateDim: 2, ActionDim: 1, Actions: 0, StateNames: []string{"load", "waiting"}, ActionNames: []string{"procs"}}
}

func TestSpecOf(t *testing.T) {
	assert.Equal(t, lepton.Spec{StateDim: 2, ActionDim: 5, Actions: 4}, lepton.SpecOf(queueEncoder{dim: 2}, queueActions{n: 4, dim: 5}))
	got := lepton.SpecOf(namedEncoder{queueEncoder{dim: 2}}, namedActions{queueActions{dim: 1}})
	assert.Equal(t, batchSpec(), got)
	assert.NoError(t, got.Validate())
	got.StateNames[0] = "changed"
	assert.Equal(t, []string{"load", "waiting"}, namedEncoderNames, "the names are a copy")
}

func TestSpecValidateReportsEveryFault(t *testing.T) {
	tests := []struct {
		name string
		spec lepton.Spec
		want string // "": none
	}{
		{"zero", lepton.Spec{}, ""},
		{"unnamed", lepton.Spec{StateDim: 3, ActionDim: 2, Actions: 4}, ""},
		{"named", batchSpec(), ""},
		{"same name in state and action", lepton.Spec{StateDim: 1, ActionDim: 1, StateNames: []string{"a"}, ActionNames: []string{"a"}}, ""},
		{"negative", lepton.Spec{StateDim: -1, Actions: 2}, "lepton: negative size in spec (state -1, action 0, actions 2)"},
		{"too few names", lepton.Spec{StateDim: 2, StateNames: []string{"a"}}, "lepton: 1 state names for 2 features"},
		{"empty names", lepton.Spec{ActionDim: 2, ActionNames: []string{}}, "lepton: 0 action names for 2 features"},
		{"named three times", lepton.Spec{StateDim: 4, StateNames: []string{"a", "b", "a", "a"}}, `lepton: state feature "a" is named more than once`},
		{"all at once", lepton.Spec{ActionDim: -1, StateNames: []string{"a"}, ActionNames: []string{"x", "x", "y", "y"}},
			"lepton: negative size in spec (state 0, action -1, actions 0)\n" +
				"lepton: 1 state names for 0 features\n" +
				"lepton: 4 action names for -1 features\n" +
				"lepton: action feature \"x\" is named more than once\n" +
				"lepton: action feature \"y\" is named more than once"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.spec.Validate()
			if test.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, test.want)
		})
	}
}

// The hash is written into logs and checkpoints: it must never change. The numbers are FNV-1a (Fowler,
// Noll & Vo) of the little-endian words and the names, computed apart.
func TestSpecHashIsPinned(t *testing.T) {
	assert.Equal(t, uint64(0x40d69e0cf0f65c45), lepton.Spec{}.Hash())
	assert.Equal(t, uint64(0xdee894fed46bb2ff), batchSpec().Hash())
}

func TestSpecHashTellsSpecsApart(t *testing.T) {
	specs := map[string]lepton.Spec{
		"state dim":      {StateDim: 1},
		"action dim":     {ActionDim: 1},
		"actions":        {Actions: 1},
		"unnamed":        {StateDim: 2, ActionDim: 1},
		"named":          batchSpec(),
		"other order":    {StateDim: 2, ActionDim: 1, StateNames: []string{"waiting", "load"}, ActionNames: []string{"procs"}},
		"other cut":      {StateDim: 2, ActionDim: 1, StateNames: []string{"loadw", "aiting"}, ActionNames: []string{"procs"}},
		"other side":     {StateDim: 2, ActionDim: 1, StateNames: []string{"load"}, ActionNames: []string{"waiting", "procs"}},
		"state names":    {StateDim: 2, ActionDim: 1, StateNames: []string{"load", "waiting"}},
		"only an action": {StateDim: 2, ActionDim: 1, ActionNames: []string{"procs"}},
	}
	seen := map[uint64]string{}
	for name, spec := range specs {
		other, taken := seen[spec.Hash()]
		assert.False(t, taken, "%s and %s", name, other)
		seen[spec.Hash()] = name
	}
	assert.Equal(t, lepton.Spec{}.Hash(), lepton.Spec{StateNames: []string{}}.Hash(), "no names and nil names are the same")
}

func TestSpecCheck(t *testing.T) {
	changed := func(change func(*lepton.Spec)) lepton.Spec {
		s := batchSpec()
		change(&s)
		return s
	}
	tests := []struct {
		name string
		got  lepton.Spec
		want *lepton.SpecError // nil: fits
	}{
		{"the same", batchSpec(), nil},
		{"unnamed", lepton.Spec{StateDim: 2, ActionDim: 1}, nil},
		{"sizes", lepton.Spec{StateDim: 3, ActionDim: 4, Actions: 5},
			&lepton.SpecError{Reasons: []string{"StateDim is 3, not 2", "ActionDim is 4, not 1", "Actions is 5, not 0"}}},
		{"added", changed(func(s *lepton.Spec) { s.StateDim, s.StateNames = 3, append(s.StateNames, "hour") }),
			&lepton.SpecError{Reasons: []string{"StateDim is 3, not 2"}, Added: []string{"state hour"}}},
		{"dropped, and the rest moved", changed(func(s *lepton.Spec) { s.StateDim, s.StateNames = 1, []string{"waiting"} }),
			&lepton.SpecError{Reasons: []string{"StateDim is 1, not 2"}, Dropped: []string{"state load"}, Moved: []string{"state waiting"}}},
		{"swapped", changed(func(s *lepton.Spec) { s.StateNames = []string{"waiting", "load"} }),
			&lepton.SpecError{Moved: []string{"state waiting", "state load"}}},
		{"renamed", changed(func(s *lepton.Spec) { s.ActionNames = []string{"cpus"} }),
			&lepton.SpecError{Added: []string{"action cpus"}, Dropped: []string{"action procs"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := batchSpec().Check("QLearning", test.got)
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			test.want.Who = "QLearning"
			var got *lepton.SpecError
			require.True(t, errors.As(err, &got))
			assert.Equal(t, test.want, got)
		})
	}
}

func TestSpecErrorListsEverything(t *testing.T) {
	err := &lepton.SpecError{Who: "checkpoint", Reasons: []string{"StateDim is 3, not 2"},
		Added: []string{"state hour", "state day"}, Dropped: []string{"action procs"}, Moved: []string{"state load"}}
	assert.EqualError(t, err, "lepton: checkpoint cannot serve this spec: StateDim is 3, not 2; "+
		"features added: state hour, state day; features dropped: action procs; features moved: state load")
	assert.Equal(t, []string{"StateDim is 3, not 2"}, err.Reasons, "the message leaves the error as it is")
}
