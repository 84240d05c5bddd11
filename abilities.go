package lepton

import "io"

// Scorer is a Policy with a ranking behind its probabilities.
//
// Scores fills dst, whose length is obs.Len(); higher is better, and actions that are not legal get
// negative infinity. Hosts and simulators that order a queue sort by it, stably. Same rules as Probs.
type Scorer interface {
	Scores(dst []float64, obs *Observation, scratch *Scratch)
}

// StateScorer is a StatePolicy with a ranking behind its probabilities; see Scorer.
type StateScorer[S any] interface {
	ScoresState(dst []float64, state S, obs *Observation, scratch *Scratch)
}

// BatchPolicy is a Policy that answers many observations in one call, to the same bits as one by one.
type BatchPolicy interface {
	// ProbsBatch fills p[i] as Probs would for obs[i].
	ProbsBatch(p [][]float64, obs []*Observation, scratch *Scratch)
}

// Namer names features, in their order; all names of one encoder or action space differ.
type Namer interface {
	FeatureNames() []string
}

// Specced is a Policy, Learner or Environment that states which observations it serves, so that
// dimensions and names can be compared before anything runs.
type Specced interface {
	Spec() Spec
}

// AllRows, as Needs.Others, keeps every action that was offered.
const AllRows = -1

// Needs says how much of an observation must be kept until its outcome is known. Memory is bounded
// by it: open decisions × (state + chosen row + Others rows), stored as float32.
type Needs struct {
	// Others is the number of rows kept beside the chosen one, sampled evenly over the list: 0 keeps
	// the chosen one alone, AllRows all.
	Others int
}

// DefaultNeeds is what is kept for a learner that is no Needer: the chosen row and eight others.
func DefaultNeeds() Needs { return Needs{Others: 8} }

// Needer is a Learner that states its Needs. They are constant for the learner's life.
type Needer interface {
	Needs() Needs
}

// TargetLearner is a Learner that can learn a whole distribution, for imitation.
//
// target has length obs.Len(), is 0 where an action is not legal and sums to 1; weight > 0 scales the
// example. Neither is kept. One goroutine at a time, the same as Observe.
type TargetLearner interface {
	ObserveTarget(obs *Observation, target []float64, weight float64)
}

// Saver is a Policy or Learner whose content can be written. Kind names the format, so that a decoder
// can be chosen by it; writing twice gives the same bytes.
type Saver interface {
	io.WriterTo
	Kind() string
}

// PolicyDecoder reads back a policy written by a Saver of the given kind. A Learner that is one reads
// back the policies it made.
type PolicyDecoder interface {
	DecodePolicy(kind string, r io.Reader) (Policy, error)
}
