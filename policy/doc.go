// Package policy makes decision policies from scores, models, closures and other policies.
//
// The smallest use: score each candidate linearly and choose with probability growing in the score.
//
//	scorer, err := policy.NewLinear(spec, weights, nil)
//	p, err := policy.Softmax(scorer, 1)
//
// Scorers rank: NewLinear, FromModel (anything with a Predict method), ScoreFunc (a closure). Greedy,
// EpsilonGreedy and Softmax turn a ranking into probabilities; Uniform needs none, Mix blends several
// policies, Func is a closure. Incumbent, IncumbentChoice and Stateless make a lepton.StatePolicy, which
// sees the embedder's own state. Rollout is one that plans: it improves on another at decision time, by
// playing out a few futures in a Simulator, the embedder's model of its world.
//
// Rules. Everything here is immutable after construction and safe for concurrent use, provided that the
// closures and models passed in are. (A Rollout also counts what it did.) Ties go to the lowest index.
// Actions that are not legal get probability exactly 0 and score −Inf, whatever a closure or model said
// of them.
//
// Scores may be infinite: −Inf for a legal action means never, unless every legal action has it, and
// then all count as equal; actions at +Inf share everything between them. A NaN score of a legal action
// makes the probabilities of all legal actions NaN: the facade sees that, counts it and lets the
// incumbent decide. The same happens when an observation does not have the dimensions of a scorer's Spec.
//
// Abilities are passed on: what wraps a lepton.Specced states the same Spec, and what wraps only
// lepton.Savers is itself one; Decode reads it back. A closure cannot be saved.
//
// What it does not do: learn (package rl), sample an action (package scheduler), or check that a policy
// of someone else keeps the contract (package leptontest).
package policy
