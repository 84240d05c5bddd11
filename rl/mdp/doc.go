// Package mdp holds finite Markov decision problems: worlds small enough that what the best policy earns,
// and what any policy earns, can be computed exactly and held against what a learner reached.
//
// A Problem is a table of transitions, built by New or read by Read; Environment steps it. Optimal gives
// the best values, Values those of a policy, and Return what a policy earns in so many steps; OptimalAverageReward
// and AverageReward are the same for problems that never end, with the bias of each state. Decisions of unequal
// duration have a Discount of their own in Transition.
//
// Rules. A Problem is immutable and safe for concurrent use; an Environment is used by one goroutine.
// States and actions are numbered from 0. An action without transitions in a state is not legal there.
//
// What it does not do: learn (package rl), or serve worlds too large for a table (package sim).
package mdp
