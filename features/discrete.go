package features

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leptonsched/lepton"
)

// DiscreteSpace is a lepton.ActionSpace and lepton.Namer of a fixed list of named actions, whose ID is
// their index. Immutable, safe for concurrent use; it allocates nothing of its own.
type DiscreteSpace[S any] struct {
	layout  layout[Candidate[S, int]]
	actions []string
}

// Discrete makes an action space of the given actions. Features read a Candidate whose Action is the
// index into actions. Without any, rows are empty: a policy then tells actions apart by their ID
// alone. OneHotAction gives each its own column, and Legal masks those that are not open:
//
//	features.Discrete([]string{"hold", "add", "remove"},
//		features.OneHotAction[*Service]("hold", "add", "remove"),
//		features.Legal(func(c features.Candidate[*Service, int]) bool { … }))
//
// The error lists every fault: no actions, names that are missing or given twice, nil closures, and
// what each kind refuses.
func Discrete[S any](actions []string, features ...Feature[Candidate[S, int]]) (*DiscreteSpace[S], error) {
	l, faults := compile(features)
	if len(actions) == 0 {
		faults = append(faults, errors.New("features: Discrete has no actions"))
	}
	for i, name := range actions {
		switch {
		case name == "":
			faults = append(faults, fmt.Errorf("features: action %d has no name", i))
		case slices.Index(actions, name) < i:
			faults = append(faults, fmt.Errorf("features: action %q is named twice", name))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &DiscreteSpace[S]{l, slices.Clone(actions)}, nil
}

// OneHotAction is 1 in the column of the action and 0 in the others; for Discrete, with the same
// actions. Columns are called "action=" and the name. An index outside the list has zeros only.
func OneHotAction[S any](actions ...string) Feature[Candidate[S, int]] {
	names := make([]string, len(actions))
	for i, name := range actions {
		names[i] = "action=" + name
	}
	var faults []error
	if len(actions) == 0 {
		faults = append(faults, errors.New("features: OneHotAction has no actions"))
	}
	return group(names, true, faults, func(row []float64, x Candidate[S, int]) {
		if x.Action >= 0 && x.Action < len(row) {
			row[x.Action] = 1
		}
	})
}

// ActionSpec returns the number of actions and of features of each.
func (d *DiscreteSpace[S]) ActionSpec() (n, dim int) { return len(d.actions), len(d.layout.names) }

// Offer adds every action, legal or not.
func (d *DiscreteSpace[S]) Offer(set lepton.ActionSet, s S) {
	for i := range d.actions {
		x := Candidate[S, int]{s, i}
		d.layout.fill(set.Add(uint64(i), d.layout.isLegal(x)), x)
	}
}

// FeatureNames returns the names of an action's features in their order; the caller must not change
// them.
func (d *DiscreteSpace[S]) FeatureNames() []string { return d.layout.names }

// ActionNames returns the names of the actions in their order; the caller must not change them.
func (d *DiscreteSpace[S]) ActionNames() []string { return d.actions }
