// Package scheduler is the facade: it wires a StateEncoder, an ActionSpace, a RewardFunc, a Learner and
// a Policy into decisions that start from the heuristic in place and get better.
//
// The smallest use names what only the embedder can write (encoder, actions, reward) and the heuristic
// that stays on as fallback:
//
//	s, err := scheduler.New(scheduler.Options[Pool, Took]{
//		Encoder: encoder, Actions: workers, Incumbent: leastLoaded,
//		Reward: reward, Learner: learner, Mode: scheduler.Record,
//	})
//	d, err := s.Decide(pool)   // which worker? microseconds, no allocation, no lock
//	…                          // d.Action is the index into what was offered
//	err = s.Report(d.ID, took) // later, from anywhere
//
// See Example for the whole of it, and docs/embedding.md for the way from Record to Live.
//
// # The way of one decision
//
// Encode, offer, load the snapshot (one atomic load), probabilities, check, draw, copy into a slot of
// the ledger, return. Later: outcome by ID, reward, linked transition, bounded queue, learner, new
// snapshot, gate, one atomic store. Nothing on the first way waits for anything on the second.
//
// # What the caller must keep to
//
//   - Encoder, ActionSpace, RewardFunc, Incumbent, Planner and Key are called from every goroutine that
//     decides or reports, and must be safe for that.
//   - Every decision is ended by exactly one of Report and Cancel, or given up: by OpenFor, or when
//     more than MaxOpen are open. Each way is counted in Stats.
//   - Somebody must call Train now and then, or Run in a goroutine: the scheduler owns none. Without
//     it outcomes fill the queue, are dropped there and counted, and OpenFor is looked at only when a
//     late outcome arrives.
//   - A policy that never returns cannot be pre-empted by a library that owns no goroutine. The
//     built-in ones do bounded work; look at your own.
//
// # Memory
//
// Open decisions are kept as float32, and of each no more than the Learner's Needs: at most MaxOpen +
// QueueLen records of the state, the chosen row and Needs.Others others; for decisions in an episode
// twice that, since what follows is kept too. A ranked list is kept whole, MaxRanked of them.
//
// # What it does not do
//
// It keeps no durable log (Options.Journal is where one plugs in), estimates no policy's worth
// (Options.Gate is where that plugs in) and starts no goroutine.
package scheduler
