package sim

import (
	"errors"
	"fmt"
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
)

// BatchReward is what a BatchEnv pays. All are higher for better, and sums over an episode.
type BatchReward uint8

// The rewards of a sequence.
const (
	RewardSlowdown    BatchReward = iota // minus the mean bounded slowdown
	RewardLogSlowdown                    // minus the mean log of it, which a few unlucky short jobs do not rule
	RewardWait                           // minus the mean wait, in hours
	RewardUtilization                    // util_makespan, with the last decision
)

// BatchEnvOptions says which sequences a BatchEnv draws and what it pays. The zero value draws 256 jobs from the
// whole trace and pays slowdown.
type BatchEnvOptions struct {
	// Batch is the world. Visible 0 means 128 here, as in RLScheduler, so that observations are bounded; Length
	// shows everything.
	Batch BatchOptions
	// Length is the number of jobs of an episode; 0 means 256.
	Length int
	// From and To bound the jobs that episodes are made of: all of an episode lies in Jobs[From:To], so
	// ranges that do not overlap keep training and evaluation apart. To 0 means the end of the trace.
	From, To int
	Reward   BatchReward
	// Terminal pays everything with the last decision. Otherwise each decision is paid for the jobs started between it
	// and the next, which adds up to the same.
	Terminal bool

	Encoder lepton.StateEncoder[*BatchState] // nil means BatchEncoder()
	Actions lepton.ActionSpace[*BatchState]  // offers the jobs of Queue in order; nil means BatchActions(0)
}

func (o BatchEnvOptions) withDefaults(jobs int) BatchEnvOptions {
	if o.Batch.Visible == 0 {
		o.Batch.Visible = 128
	}
	if o.Length == 0 {
		o.Length = 256
	}
	if o.To == 0 {
		o.To = jobs
	}
	if o.Encoder == nil {
		o.Encoder = BatchEncoder()
	}
	if o.Actions == nil {
		o.Actions = BatchActions(0)
	}
	return o
}

// BatchEnv is a Batch as a lepton.Environment: an episode is a sequence of a trace that starts at a random job, a
// decision chooses the next job of the queue by its place in it, as offered. The queue is offered in the order
// of arrival; taking a job out leaves the order of the rest. Every queued job may be chosen: one that does
// not fit is committed and waited for (see Batch). Episodes end truly, when every job has been started; the
// discount is 1 before. Not safe for concurrent use.
type BatchEnv struct {
	opt   BatchEnvOptions
	trace *Trace
	world *Batch
	spec  lepton.Spec
	owed  float64 // of a Terminal reward
	err   error
}

// NewBatchEnv returns an environment over trace, which it reads and never changes, in its first episode (seed 0). All
// faults of the options, and jobs that cannot be run (ErrBadJob), are reported here.
func NewBatchEnv(trace *Trace, o BatchEnvOptions) (*BatchEnv, error) {
	o = o.withDefaults(len(trace.Jobs))
	var faults []error
	if o.From < 0 || o.To > len(trace.Jobs) || o.Length < 1 || o.From > o.To-o.Length {
		faults = append(faults, fmt.Errorf("%w: %d jobs within [%d, %d) of %d", ErrSequence, o.Length, o.From, o.To, len(trace.Jobs)))
	}
	if o.Reward > RewardUtilization {
		faults = append(faults, fmt.Errorf("sim: BatchEnvOptions.Reward is %d, which is none", o.Reward))
	}
	world, err := NewBatch(trace.Machine(), o.Batch)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	for i := o.From; i < o.To; i++ {
		if err := world.check(&trace.Jobs[i]); err != nil {
			return nil, err
		}
	}
	e := &BatchEnv{opt: o, trace: trace, world: world, spec: lepton.SpecOf(o.Encoder, o.Actions)}
	if err := e.spec.Validate(); err != nil {
		return nil, err
	}
	e.Reset(0)
	return e, nil
}

// Spec describes the observations.
func (e *BatchEnv) Spec() lepton.Spec { return e.spec }

// Reset begins the episode of seed: a start drawn evenly from those that the options allow.
func (e *BatchEnv) Reset(seed uint64) {
	starts := e.opt.To - e.opt.From - e.opt.Length + 1
	e.ResetAt(e.opt.From + rng.New(seed, "sim.BatchEnv").IntN(starts))
}

// ResetAt begins the episode whose first job is trace.Jobs[start], for evaluation on fixed sequences. ErrSequence if it
// does not lie within the range of the options; the episode then is the one before.
func (e *BatchEnv) ResetAt(start int) error {
	if start < e.opt.From || start > e.opt.To-e.opt.Length {
		return fmt.Errorf("%w: %d jobs from %d on within [%d, %d)", ErrSequence, e.opt.Length, start, e.opt.From, e.opt.To)
	}
	e.owed = 0
	return e.world.Reset(e.trace.Jobs, start, e.opt.Length)
}

// State returns what is known for the decision that is due: for teachers and planners. Good until the next Step or Reset.
func (e *BatchEnv) State() *BatchState { return e.world.State() }

// Result returns what has come of the episode so far. Good until the next Reset.
func (e *BatchEnv) Result() BatchResult { return e.world.Result() }

// Err returns the first fault of a custom Encoder or Actions (lepton.ErrStateDim, ErrOffer), or nil.
func (e *BatchEnv) Err() error { return e.err }

// Observe fills obs with the decision that is due. After the end it has no actions.
func (e *BatchEnv) Observe(obs *lepton.Observation) {
	if err := e.world.observe(obs, e.opt.Encoder, e.opt.Actions); err != nil && e.err == nil {
		e.err = err
	}
}

// Step chooses job action of the queue. The last step of an episode has discount 0, all others 1.
func (e *BatchEnv) Step(action int) (reward, discount float64, last bool) {
	before := len(e.world.order)
	if err := e.world.Start(action); err != nil {
		return math.NaN(), 0, true
	}
	for _, i := range e.world.order[before:] {
		e.owed += e.price(i)
	}
	last = e.world.Done()
	if last && e.opt.Reward == RewardUtilization {
		e.owed = e.world.Result().Metrics().UtilMakespan
		if math.IsNaN(e.owed) {
			e.owed = 0 // no time has passed at all
		}
	}
	if last || !e.opt.Terminal {
		reward, e.owed = e.owed, 0
	}
	if !last {
		discount = 1
	}
	return reward, discount, last
}

// price is the part of the reward that job i brings.
func (e *BatchEnv) price(i int32) float64 {
	j := &e.world.jobs[i]
	wait, n := e.world.starts[i]-j.Submit, float64(e.opt.Length)
	switch e.opt.Reward {
	case RewardSlowdown:
		return -BoundedSlowdown(wait, j.Run) / n
	case RewardLogSlowdown:
		return -math.Log(BoundedSlowdown(wait, j.Run)) / n
	case RewardWait:
		return -float64(wait) / 3600 / n
	}
	return 0
}
