// Package classic holds control problems of the literature, with the exact published dynamics, so that a
// learner can be held against figures that others have reported: CartPole (CartPole-v1 of Gymnasium) and
// MountainCar (MountainCar-v0).
//
//	env := classic.NewCartPole()
//	learner, err := …
//	err = rl.Train(ctx, env, learner, rl.TrainOptions{Steps: 50_000, Seed: 1})
//
// Rules. Each type is a lepton.Environment, used by one goroutine at a time. Actions are numbered as in
// Gymnasium and have no features; all are legal always. Reset draws the start from the seed by this
// library's own stream: an episode has the published distribution, not the numbers that another library
// draws for the same seed. A step after the end of an episode is answered like an action that is not there.
//
// An episode that runs into its limit of steps is cut off, with discount 1: nothing ended there. Only what
// ends it in the world itself (the pole falls, the car arrives) has discount 0. Learners that bootstrap
// need the difference, and the usual count of rewards is the same either way.
//
// The same seed and actions give the same states, to the last bit on machines of one architecture.
//
// What it does not do: draw pictures, or hold the worlds of package sim, which schedule something.
package classic
