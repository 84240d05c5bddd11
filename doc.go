// Package lepton is a library that schedulers embed, so that what they decide gets better by what comes
// of it. This package is its vocabulary; the packages below do the work.
//
// A scheduler asks "which of these?" thousands of times a second (a worker for this job, a node for this
// pod, a server for this request) and learns much later how it went. Lepton makes of that a decision
// that begins as the heuristic in place, the incumbent, and is measured against it for ever after. It
// decides in microseconds, in the scheduler's own process, without a service beside it.
//
//	// NewBalancer says what a policy sees, what it may choose, what an outcome is worth and who learns from it.
//	func NewBalancer() (*scheduler.Scheduler[[]Server, time.Duration], error) {
//		type candidate = features.Candidate[[]Server, Server]
//		encoder, err1 := features.State(
//			features.Numeric("servers", func(s []Server) int { return len(s) }))
//		actions, err2 := features.Candidates(
//			func(s []Server) []Server { return s },
//			func(s Server) uint64 { return s.ID },
//			features.Numeric("active", func(c candidate) int { return c.Action.Active }),
//			features.OneHot("zone", []string{"a", "b"}, func(c candidate) string { return c.Action.Zone }))
//		if err := errors.Join(err1, err2); err != nil {
//			return nil, err
//		}
//		learner, err := rl.NewREINFORCE(lepton.SpecOf(encoder, actions), rl.REINFORCEOptions{StepSize: rl.StepSize{Alpha: 0.1}})
//		if err != nil {
//			return nil, err
//		}
//		return scheduler.New(scheduler.Options[[]Server, time.Duration]{
//			Encoder:   encoder,
//			Actions:   actions,
//			Incumbent: policy.Incumbent(func(s []Server, i int) float64 { return -float64(s[i].Active) }),
//			Reward:    reward.Of(func(took time.Duration) float64 { return -took.Seconds() }),
//			Learner:   learner,
//			Mode:      scheduler.Record,
//			Explore:   scheduler.Explore{Share: 0.1, MaxLoss: 5},
//		})
//	}
//
//	// Serve sends one request to a server, and reports how it went.
//	func Serve(s *scheduler.Scheduler[[]Server, time.Duration], servers []Server) (time.Duration, error) {
//		d, err := s.Decide(servers) // which of them?
//		if err != nil {
//			return 0, err
//		}
//		took := Send(servers[d.Action])
//		return took, s.Report(d.ID, took) // how did it go?
//	}
//
// Example is the whole of it. docs/embedding.md goes the same way slowly, with a program to run.
//
// # Five interfaces
//
// An embedder writes the first three, mostly out of ready-made parts, and takes the other two:
//
//   - StateEncoder: what a policy sees of the state as a whole. Parts in package features.
//   - ActionSpace: which actions are open, and what a policy sees of each. Parts in package features.
//     Its bounds hold whatever a policy says: what is not legal is never chosen.
//   - RewardFunc: what an outcome was worth. Parts in package reward.
//   - Policy: maps an observation to probabilities of the actions; immutable. In package policy.
//   - Learner: makes better policies from finished transitions. In package rl.
//
// The incumbent is a StatePolicy, and a world to train in an Environment. What else a part can do (rank,
// be saved, answer in batches) it shows by small interfaces that are found by assertion.
//
// # Four stages, each usable alone
//
//   - Collect: Scheduler.Record, or mode Record, remembers who chose what with which probability, and
//     joins the outcome to it. Package sim reads the logs that batch schedulers keep.
//   - Fit: package supervised fits models to history; package features selects and scales. policy.FromModel
//     makes a policy of a model, rl.Imitate one of a teacher.
//   - Decide: package scheduler samples, checks, falls back, counts, and hands finished transitions to
//     the learner.
//   - Evaluate: package evaluate compares on equal terms, with intervals, and writes reports.
//
// # From incumbent to live
//
// Scheduler.SetMode moves through Off, Record (the incumbent decides, the learner watches), Shadow (the
// learned policy is asked and only compared), Canary (it decides for a share of the keys) and Live (for
// all but the holdout, which the incumbent decides for ever). A policy that panics, is late or answers
// nonsense is replaced by the incumbent for that decision, and counted; too many of those in a row take
// it out. SetMode(Off) is the freeze, Rollback the way back.
//
// # What to know
//
// Rewards that come later are discounted by Transition.Discount, and γ lives in CreditOptions alone.
// Nothing is estimated in an encoder: constants that come from data belong to a policy's snapshot. Time
// enters by a Clock and chance by a Seed, so that the same calls give the same decisions. No goroutine
// runs but the one in which the embedder calls Run.
//
// # What it does not do
//
// It carries nothing out: no job is started and no node bound. It keeps no durable log as yet, estimates
// no policy from logs alone, and has no neural networks. It does not know that two policies share one
// cluster: choose Key so that they do not get in each other's way.
//
// # Where to look
//
//	scheduler   Decide, Report, Train, Run, modes, Checkpoint
//	features    encoders and action spaces from closures; scaling, bins, selection
//	reward      rewards from closures, and the measures of batch queues
//	policy      scores, models and rules as policies
//	rl          QLearning, SARSA, REINFORCE, Imitate; Train and Evaluate in an Environment
//	replay      experience for those who write learners
//	supervised  data sets, forests, linear and logistic models, cross-validation
//	evaluate    intervals, comparisons, plots, HTML reports
//	sim         an exact batch queue, readers of its logs, a generator of workloads
//	leptontest  checks of the interfaces, for those who implement them
//	examples    programs to run and read
package lepton
