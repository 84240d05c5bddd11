package sim

import "errors"

// ErrSequence is returned for a start and length that do not lie within the jobs given.
var ErrSequence = errors.New("sim: sequence outside of the trace")

// ErrBadJob is returned for a job that no machine, or not this one, can run: without processors or with
// more than the machine has, a negative run time, or times beyond ±2,000 years.
var ErrBadJob = errors.New("sim: job cannot be run")

// ErrNotQueued is returned for a choice that is not in the queue.
var ErrNotQueued = errors.New("sim: no such job in the queue")

// ErrBatchEnded is returned for a choice, or a run, when every job has been started.
var ErrBatchEnded = errors.New("sim: every job of the sequence has been started")

// ErrOffer is returned when an action space offers something else than the jobs of BatchState.Queue, one by one.
var ErrOffer = errors.New("sim: the action space does not offer the queue")

// ErrUnknownHeuristic is returned for a name that is none of BatchHeuristicNames.
var ErrUnknownHeuristic = errors.New("sim: unknown heuristic")
