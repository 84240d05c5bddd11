package rl

import (
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/replay"
)

// TabularOptions sets up a learner that keeps a table of values. The zero value works.
type TabularOptions struct {
	// Key names the state of an observation: equal keys share their values. Discretise in it what has many
	// values. nil means StateKey, the state as it is. Pure, safe for concurrent use, and the same for features
	// rounded to float32, as the facade stores them; so is ActionKey.
	Key func(*lepton.Observation) uint64
	// ActionKey names action i of an observation. nil means its ID, which suits fixed spaces; where
	// candidates come and go, make it of a discretised row.
	ActionKey func(obs *lepton.Observation, i int) uint64
	// States makes the table an array, which is faster than a hashed one: it is the number of states, and
	// Key returns less. A Key of nil then means StateIndex. The actions must be fixed, ActionKey nil, and
	// both together within MaxEntries. 0: hashed.
	States int
	// MaxEntries is the most (state, action) pairs kept; 0 means 1<<20. One takes 50 bytes, beside 24 for
	// Adaptive. A hashed table that is full lets an entry go that was not updated for long, and counts it.
	MaxEntries int

	StepSize StepSize // Alpha 0 means 0.1; with Adaptive 1
	Adaptive bool     // fits the step size of each entry to its noise, from Floor to Alpha, instead of StepSize.Power (George & Powell 2006)
	Initial  float64  // value of actions never tried; above all that can be earned, each is tried (optimism)
	Epsilon  float64  // share of evenly drawn actions in the policies made, in [0, 1]; 0 explores never
	Prior    Prior    // a heuristic that the values begin with, so that tables hold what it lacks; see WithPrior. The zero value: none
	// EpsilonDecay is the number of updates after which Epsilon has halved: after n of them it is
	// Epsilon/(1+n/EpsilonDecay). 0: it stays.
	EpsilonDecay float64

	// NStep adds up the rewards of so many steps of a stream before it looks at the value of what follows; 0
	// means 1. See replay.NStep. Nothing corrects for steps that the policy in question would not have taken,
	// which is as it should be for SARSA, and a bias of the others that grows with NStep.
	NStep      int
	MaxStreams int    // most streams (Episode and Agent) followed at once, with NStep or by SARSALambda; 0 means 1024
	Seed       uint64 // source of what a learner draws itself: the coin of DoubleQ

	Replay ReplayOptions // for learners off policy; SARSA and SARSALambda, which learn from what they do themselves, refuse it
}

func (o TabularOptions) withDefaults() TabularOptions {
	if o.Key == nil && o.States > 0 {
		o.Key = StateIndex
	}
	if o.Key == nil {
		o.Key = StateKey
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = 1 << 20
	}
	if o.Adaptive {
		o.StepSize = o.StepSize.withDefault(1)
	}
	o.StepSize = o.StepSize.withDefault(0.1)
	if o.NStep == 0 {
		o.NStep = 1
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 1024
	}
	o.Replay = o.Replay.withDefaults()
	return o
}

func (o TabularOptions) validate(kind string, spec lepton.Spec) error {
	errs := []error{spec.Validate(), o.StepSize.validate(1), o.Replay.validate(), o.validateTable(kind, spec)}
	fault := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("rl: TabularOptions."+format, args...))
		}
	}
	fault(o.Adaptive && o.StepSize.Power != 0, "Adaptive takes the place of StepSize.Power, which is %v", o.StepSize.Power)
	fault(!finite(o.Initial), "Initial is %v", o.Initial)
	fault(!(o.Epsilon >= 0 && o.Epsilon <= 1), "Epsilon is %v, want 0 to 1", o.Epsilon)
	fault(!(o.EpsilonDecay >= 0) || math.IsInf(o.EpsilonDecay, 0), "EpsilonDecay is %v, want a finite number from 0", o.EpsilonDecay)
	fault(o.NStep < 0, "NStep is %d, want 0 or more", o.NStep)
	fault(o.MaxStreams < 0, "MaxStreams is %d, want 0 or more", o.MaxStreams)
	return errors.Join(errs...)
}

// validateTable reports what is wrong with the table that o asks for.
func (o TabularOptions) validateTable(kind string, spec lepton.Spec) error {
	if o.MaxEntries < 0 || o.MaxEntries > math.MaxInt32 {
		return fmt.Errorf("rl: TabularOptions.MaxEntries is %d, want 0 to %d", o.MaxEntries, math.MaxInt32)
	}
	if o.States < 0 {
		return fmt.Errorf("rl: TabularOptions.States is %d, want 0 or more", o.States)
	}
	if o.States == 0 {
		return nil
	}
	var errs []error
	if o.ActionKey != nil {
		errs = append(errs, errors.New("rl: TabularOptions.States takes no ActionKey: the ID of an action is its index"))
	}
	if spec.Actions <= 0 {
		errs = append(errs, &lepton.SpecError{Who: kind, Reasons: []string{"TabularOptions.States needs a fixed number of actions"}})
	} else if o.States > o.MaxEntries/spec.Actions {
		errs = append(errs, fmt.Errorf("rl: TabularOptions.States × actions are %d × %d, more than MaxEntries, which is %d", o.States, spec.Actions, o.MaxEntries))
	}
	return errors.Join(errs...)
}

// actionKey is ActionKey with its default.
func (o *TabularOptions) actionKey(obs *lepton.Observation, i int) uint64 {
	if o.ActionKey == nil {
		return obs.ID(i)
	}
	return o.ActionKey(obs, i)
}

// epsilon returns the share of evenly drawn actions after n updates.
func (o *TabularOptions) epsilon(n uint64) float64 {
	if o.EpsilonDecay == 0 {
		return o.Epsilon
	}
	return o.Epsilon / (1 + float64(n)/o.EpsilonDecay)
}

// follow returns what sums the rewards of NStep steps up; nil where that is one.
func (o TabularOptions) follow() (*replay.NStep, error) {
	if o.NStep == 1 {
		return nil, nil
	}
	return replay.NewNStep(replay.NStepOptions{N: o.NStep, MaxStreams: o.MaxStreams})
}

// TabularStats says how full a table is, and what befell the streams.
type TabularStats struct {
	Entries int    // (state, action) pairs known; of DoubleQ in the fuller of its two tables
	Evicted uint64 // entries that made room for others
	Faults  uint64 // updates left out: not finite, a state or action that was out of range or not legal, or nothing legal afterwards
	// Streams counts those followed with NStep or by SARSALambda, which forgets where NStep closes early.
	Streams replay.NStepStats
}
