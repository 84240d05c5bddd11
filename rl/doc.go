// Package rl learns policies from what decisions led to.
//
// The smallest use trains in a simulated world:
//
//	learner, err := rl.NewQLearning(env.Spec(), rl.TabularOptions{Epsilon: 0.1})
//	report, err := rl.Train(ctx, env, learner, rl.TrainOptions{Episodes: 1000, Credit: lepton.CreditOptions{Gamma: 0.99}})
//	p := policy.Greedy(learner.Policy().(lepton.Scorer))
//
// In production, package scheduler feeds a learner instead of Train. All learners see the Discount of each
// transition, never γ or a clock, and never choose what is not legal.
//
// # Which one
//
//   - Candidates that come and go: REINFORCE ranks them by a linear score of their features, and is the one to
//     begin with; with a Network, or with PPO, by a small network that is the same for all candidates. Context in
//     NetworkOptions is for candidates that matter to each other.
//   - Fixed actions, few or discretised states: QLearning, ExpectedSARSA, SARSA, DoubleQ and SARSALambda keep
//     tables of values; DifferentialQ maximises the reward a time unit of a problem that never ends.
//   - Fixed actions, many-valued states: DQN, or PPO.
//   - Decisions that have no influence on later ones: UCB1, LinUCB and LinThompson are bandits, and Discount is
//     ignored. LinThompson is the one to begin with when outcomes come late.
//   - From a log alone: SPIBB improves on whoever made it and keeps to them where the log says too little; CQL and
//     FittedQ, with any regressor, learn values without that promise; Clone fits a student to the log's
//     decisions. Observe all of the log, then Step until Progress.Idle.
//   - From a teacher: Imitate fits a learner to one in a world, Clone to one in a log; WithPrior starts a learner
//     exactly at a heuristic, to learn what it lacks. Classifier is a multilayer perceptron for tables of
//     supervised data, whose model ranks actions through policy.FromModel.
//   - From a teacher that says what every action would cost, as a rollout can: CostLearner fits a network to costs, and
//     Aggregate lets it act and be taught round by round.
//
// Train steps a world; Evaluate measures a policy in one. QUpdate, TDUpdate, Advantages and the like are the
// bare equations that the learners call. Package mdp, below, has finite problems with exact answers.
//
// # Rules
//
// A learner is used by one goroutine at a time; the policies that it publishes are immutable, share
// nothing mutable with it and are safe for concurrent use. Everything random comes from a Seed. Numbers
// that are not finite are never published: the update is left out, the last good policy stands, and the
// next Step returns ErrNotFinite. What does not fit into a bound, is lost on the way or comes too late is counted
// in Stats. No goroutine is started, but for NetworkOptions.Workers inside one Step and AggregateOptions.Workers, which are
// waited for.
//
// Every learner is a lepton.Saver and io.ReaderFrom: read into a learner made with the same
// options, it continues bit for bit. DecodePolicy reads back single policies.
//
// Networks reckon in float32, with vector code that is chosen when the program starts (scheduler's Stats name the
// level, LEPTON_SIMD pins it). One level gives the same bits on any number of cores; levels differ in the last
// bits. Inputs should be of about unit size: see features.ScaledLearner.
//
// What it does not do: judge whether a new policy may go live (package scheduler), or estimate from logs
// what a policy would have earned.
package rl
