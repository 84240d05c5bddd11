package scheduler

import "errors"

// Errors of the facade. Those of Decide, Rank and Record never stop the host: it keeps its heuristic.
var (
	// ErrNoLegalAction means that the action space offered nothing that may be chosen.
	ErrNoLegalAction = errors.New("scheduler: no legal action")
	// ErrActionSpace means that the ActionSpace panicked or broke its own ActionSpec, so that no
	// index into what it offered can be trusted.
	ErrActionSpace = errors.New("scheduler: the action space failed")
	// ErrUnknownDecision means that an ID names no open decision: it was never made here, or it was
	// settled, cancelled, evicted or expired.
	ErrUnknownDecision = errors.New("scheduler: unknown decision")
	// ErrNotChosen means that a ranked decision was given an outcome before Chose said what was taken.
	ErrNotChosen = errors.New("scheduler: the host has not said what it chose")
	// ErrChosen means that Chose was called for a decision whose action is known already.
	ErrChosen = errors.New("scheduler: the action is known already")
	// ErrAction means that an action index lies outside of what was offered, or is not legal.
	ErrAction = errors.New("scheduler: not one of the legal actions")
	// ErrPropensity means that a probability given by the host is not in (0, 1].
	ErrPropensity = errors.New("scheduler: propensity outside (0, 1]")
	// ErrReward means that the RewardFunc panicked or returned NaN or an infinity. The decision stays
	// open, so that a corrected outcome can be reported.
	ErrReward = errors.New("scheduler: the reward is not a finite number")
	// ErrScores means that the slice given to Rank has another length than the list of actions.
	ErrScores = errors.New("scheduler: wrong number of scores")
	// ErrVersion means that a snapshot is not among those kept.
	ErrVersion = errors.New("scheduler: no such snapshot")
	// ErrPolicy means that a policy was refused by the gate, or does not fit the observations.
	ErrPolicy = errors.New("scheduler: policy refused")
	// ErrLearner means that the Learner panicked or returned an error. Decisions go on.
	ErrLearner = errors.New("scheduler: the learner failed")
	// ErrCheckpoint means that a checkpoint cannot be written or read.
	ErrCheckpoint = errors.New("scheduler: checkpoint")
	// ErrEpisodeOver means that a stream was used after End or Cut.
	ErrEpisodeOver = errors.New("scheduler: the episode is over")
	// ErrRunning means that Run was called while another Run goes on.
	ErrRunning = errors.New("scheduler: already running")
	// ErrClosed means that the scheduler was closed.
	ErrClosed = errors.New("scheduler: closed")
)
