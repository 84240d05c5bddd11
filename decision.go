package lepton

import (
	"fmt"
	"time"
)

// DecisionID names one decision; unique across replicas that differ in Options.Instance. The zero
// value names none: Seq starts at 1.
type DecisionID struct {
	Instance uint64 // Options.Instance of the scheduler that decided
	Seq      uint64 // rises by at least 1 with each decision of that scheduler
}

// String returns "instance-seq" in hexadecimal.
func (id DecisionID) String() string { return fmt.Sprintf("%x-%x", id.Instance, id.Seq) }

// IsZero reports whether id names no decision.
func (id DecisionID) IsZero() bool { return id == DecisionID{} }

// Arm says who made a decision, and why they were the one to make it.
type Arm uint8

// The arms.
const (
	ArmIncumbent Arm = iota // the heuristic in place decided (Off, Record, Shadow, or outside the canary share)
	ArmLearned              // the learned policy decided
	ArmHoldout              // the incumbent decided because the key belongs to the holdout
	ArmExplored             // drawn from the exploration budget
	ArmGuarded              // the incumbent answered in place of a learned policy that failed or was taken out
)

var armNames = [...]string{"incumbent", "learned", "holdout", "explored", "guarded"}

// String returns the arm's name in lower case.
func (a Arm) String() string {
	if int(a) < len(armNames) {
		return armNames[a]
	}
	return fmt.Sprintf("arm(%d)", uint8(a))
}

// Decision is one choice among the actions offered. A plain value, free to copy.
type Decision struct {
	ID         DecisionID
	Action     int     // index into what was offered; −1 while a host has not said what it chose
	ActionID   uint64  // the same by the embedder's name: survives a changed list
	Propensity float64 // probability with which Action was chosen, in (0, 1]; kept for off-policy work
	Version    uint64  // which policy snapshot chose; 0: none, the incumbent did
	Arm        Arm
	Group      Arm // the arm whose turn it was, before exploration or a fault changed it: incumbent, learned or holdout
}

// Transition is one decision with what came of it: what learners eat.
//
// Obs and Next may hold fewer actions than were offered (see Needs); Action and NextAction index what
// they hold. Owned by the caller of Learner.Observe and reused after it returns.
type Transition struct {
	ID         DecisionID
	Version    uint64 // snapshot that chose
	Episode    uint64 // the stream that the decision belongs to; 0: a decision by itself
	Agent      uint32 // who in that stream decided, where several share it
	Step       int    // position in the stream, from 0
	Obs        Observation
	Action     int     // index into Obs
	Propensity float64 // probability of Action when it was chosen
	Arm        Arm
	Reward     float64
	Discount   float64       // multiplies the value of Next: 0 at a true end, else γ^Δt
	Elapsed    time.Duration // until Next; for average-reward learners
	Last       bool          // the stream stops here: a true end (Discount 0) or a cut
	Next       Observation   // empty when Discount is 0
	NextAction int           // index into Next; −1 when none: SARSA then bootstraps on the expected value under its own policy
}

// CopyFrom makes t a deep copy of src, reusing t's memory.
func (t *Transition) CopyFrom(src *Transition) {
	obs, next := t.Obs, t.Next
	obs.CopyFrom(&src.Obs)
	next.CopyFrom(&src.Next)
	*t = *src
	t.Obs, t.Next = obs, next
}

// Progress reports what a learner has done so far.
type Progress struct {
	Observed uint64  // transitions taken in since the learner was made
	Updates  uint64  // changes of its parameters since the learner was made
	Loss     float64 // of the latest update, in the learner's own terms; NaN when there was none
	Idle     bool    // nothing is left to do until new transitions arrive
}
