// Package rl learns policies from what decisions led to.
//
// The smallest use trains in a simulated world:
//
//	learner, err := rl.NewQLearning(env.Spec(), rl.TabularOptions{Epsilon: 0.1})
//	report, err := rl.Train(ctx, env, learner, rl.TrainOptions{Episodes: 1000, Credit: lepton.CreditOptions{Gamma: 0.99}})
//	p := policy.Greedy(learner.Policy().(lepton.Scorer))
//
// In production, package scheduler feeds a learner instead of Train.
//
// QLearning and SARSA keep a table of values, for small or discretised states. REINFORCE ranks candidates
// by a linear score of their features, and is the one to begin with when actions come and go. All of them
// learn from the Discount of each transition and never see γ or a clock.
//
// Imitate fits a learner to a teacher, such as the heuristic in place, so that it starts where that stands;
// Train steps a world; Evaluate measures a policy in one. QUpdate, ExpectedValue and the like are the bare
// equations that the learners call. Package mdp, below, has finite problems with exact answers.
//
// Rules. A learner is used by one goroutine at a time; the policies that it publishes are immutable, share
// nothing mutable with it and are safe for concurrent use. Everything random comes from a Seed. Numbers
// that are not finite are never published: the update is left out, the last good policy stands, and the
// next Step returns ErrNotFinite. What does not fit into a bound, is lost on the way or comes too late is counted
// in Stats.
//
// Saving. Every learner is a lepton.Saver and io.ReaderFrom: read into a learner made with the same
// options, it continues bit for bit. DecodePolicy reads back single policies.
//
// What it does not do: judge whether a new policy may go live (package scheduler), or estimate from logs
// what a policy would have earned.
package rl
