// Package replay keeps experience: what a learner wants to see again, and the longer view of it.
//
// Ring holds the latest items of any type, Uniform draws from it, and NStep turns the one-step
// transitions of many interleaved streams into n-step ones. In a learner's Observe and Step:
//
//	l.steps.Add(t, func(t *lepton.Transition) { l.ring.Next().CopyFrom(t) })
//
//	n := l.sampler.Sample(l.batch)
//	for _, t := range l.batch[:n] { … }
//
// Learners that compute on batches keep experience in a Store instead: numbers as float32, each
// transition in a slot of its own. UniformSlots draws slots evenly, Prioritised those that the learner
// was wrong about, and Gather lays what they hold side by side:
//
//	slot, err := l.store.Add(t)
//	l.sampler.Add(slot)
//
//	n := l.sampler.Sample(l.slots, l.weights, beta)
//	l.store.Gather(&l.batch, l.slots[:n])
//
// # Rules
//
// Nothing here is safe for concurrent use: a learner, which is called by one goroutine at a time, owns
// it. Pointers handed out point into the ring: good until the item is overwritten.
//
// Contents and random state survive a checkpoint, and what follows is the same to the bit. A file
// that is damaged (ErrCorrupt) or was saved under other settings (ErrSettings) is refused and leaves
// everything as it was.
//
// # What it does not do
//
// It corrects nothing for the age of what it holds: replayed and n-step transitions come from older
// policies, and it is the learner that weighs them by Propensity or takes a small n.
package replay
