// Package leptontest checks implementations of Lepton's interfaces: the conformance kit for anyone who
// writes a StateEncoder, ActionSpace, Policy, Learner or Environment.
//
// The smallest use is one test for each:
//
//	func TestConformance(t *testing.T) {
//		leptontest.StateEncoder(t, encoder, states, leptontest.EncoderOptions{})
//		leptontest.ActionSpace(t, actions, states, leptontest.SpaceOptions{})
//		leptontest.Policy(t, policy, spec, leptontest.PolicyOptions{})
//		leptontest.Learner(t, func() lepton.Learner { return newLearner() }, spec, leptontest.LearnerOptions{})
//		leptontest.Environment(t, world, leptontest.EnvironmentOptions{})
//	}
//
// Every rule is a subtest of its own. A failure names the interface and the rule, what was seen, and how
// to mend it. Abilities that are found by assertion (Scorer, BatchPolicy, Saver, TargetLearner, …) are
// checked where they are implemented.
//
// Rules for the caller:
//
//   - Run the tests under the race detector as well: purity and immutable snapshots are checked with
//     several goroutines, and the detector sees what the numbers do not show.
//   - Everything generated depends on the options' Seed alone; a failure repeats.
//   - States, observations and transitions given by the caller are read, never changed.
//   - The numbers generated for policies and learners are ordinary ones of either sign. A part that
//     serves a narrower domain is given observations or transitions of that domain in the options.
//
// The kit depends on the standard library alone. It checks contracts, not quality: a policy that
// decides badly passes.
package leptontest
