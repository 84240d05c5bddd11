package lepton

import "context"

// StateEncoder turns the embedder's own state into the features that all actions of one decision
// share. It is called from every goroutine that decides: pure, and safe for concurrent use.
//
// An encoder that implements Namer names its features. Anything estimated from data (scaling
// constants) belongs to a policy snapshot, never to the encoder. Ready-made parts: package features.
type StateEncoder[S any] interface {
	// StateDim is the number of features, constant for the encoder's life.
	StateDim() int
	// AppendState appends exactly StateDim values to dst and returns it. It keeps neither dst nor s.
	AppendState(dst []float64, s S) []float64
}

// ActionSpace lists the actions open to one decision, in the caller's own order. A fixed space offers
// the same n every time and masks those that are not legal; a candidate space offers what is there.
// It is called from every goroutine that decides: pure, and safe for concurrent use.
//
// A space that implements Namer names the features of a row. Ready-made parts: package features.
type ActionSpace[S any] interface {
	// ActionSpec returns the fixed number of actions (0: it varies) and the features of each.
	// Both are constant for the space's life.
	ActionSpec() (n, dim int)
	// Offer adds each action with set.Add and fills the row that it returns. It keeps neither.
	Offer(set ActionSet, s S)
}

// RewardFunc prices one outcome; higher is better. Pure, and safe for concurrent use. A result that
// is NaN or infinite is refused by the facade. Ready-made parts: package reward.
type RewardFunc[O any] interface {
	Reward(d Decision, outcome O) float64
}

// Policy writes the probabilities π(a|obs) with which it would choose each action.
//
// Probs fills p, whose length is obs.Len(): actions that are not legal get exactly 0, the rest sums
// to 1. At least one action is legal. A policy is immutable once published, safe for concurrent use,
// and deterministic in (snapshot, obs): a stochastic one (Thompson sampling) fixes its draws when the
// snapshot is made. It retains none of p, obs and scratch.
//
// Further abilities, found by assertion: Scorer (a ranking behind the probabilities), BatchPolicy
// (many observations at once), Saver (can be written to a checkpoint), Specced (states the Spec it
// serves). Ready-made parts: package policy.
type Policy interface {
	Probs(p []float64, obs *Observation, scratch *Scratch)
}

// Learner turns finished transitions into better policies. One goroutine at a time.
//
// Further abilities, found by assertion: Needer (what of an observation must be kept), TargetLearner
// (learns from a whole distribution), Saver with io.ReaderFrom (can be checkpointed and continues bit
// for bit), PolicyDecoder (reads back the policies it made), Specced (states the Spec it serves).
// Ready-made learners: package rl.
type Learner interface {
	// Observe takes in one transition. t is reused after return: copy what you keep.
	Observe(t *Transition)
	// Step does a bounded amount of training and never waits for data. The error is ctx's, or says
	// that training failed; the learner can be used on, and its last good policy still stands.
	Step(ctx context.Context) (Progress, error)
	// Policy returns an immutable snapshot that shares nothing mutable with the learner.
	Policy() Policy
}

// StatePolicy decides from the embedder's own state: the incumbent heuristic, or a planner that
// simulates from the known state. The contract is that of Policy, with state beside the observation.
// A StateScorer also ranks. policy.Incumbent makes one from a score function.
type StatePolicy[S any] interface {
	ProbsState(p []float64, state S, obs *Observation, scratch *Scratch)
}

// Environment is a world that the library may step, for training and evaluation. One goroutine at a
// time. It is in one of two conditions: a decision is due, or the episode has ended.
type Environment interface {
	// Spec describes the observations; constant for the environment's life.
	Spec() Spec
	// Reset begins a new episode, fully determined by seed. A decision is due afterwards.
	Reset(seed uint64)
	// Observe fills obs with the decision that is due. Called after the end of an episode that was cut
	// off, it fills obs with the state in which the episode was cut.
	Observe(obs *Observation)
	// Step takes action (an index into the actions of Observe) and runs to the next decision. discount
	// multiplies the value of what follows: 0 at a true end; last without discount 0 is a cut. An
	// action that is not legal leaves the world as it is and returns a NaN reward with last true.
	Step(action int) (reward, discount float64, last bool)
}
