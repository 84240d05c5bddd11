package scheduler

import (
	"time"

	"github.com/leptonsched/lepton"
)

// record is one open or finished decision. Its two observations are made when first needed, and keep
// their memory from use to use; the rest is a plain value, set anew by each.
type record struct {
	facts
	obs  *packed
	next *packed // of use only where discount is not 0
}

// keep packs obs into *p, which is made if there is none.
func keep(p **packed, obs *lepton.Observation, chosen, others int, draw uint64) (at int, finite bool) {
	if *p == nil {
		*p = new(packed)
	}
	return (*p).pack(obs, chosen, others, draw)
}

// facts are what is known of a decision beside the observations.
type facts struct {
	seq        uint64
	version    uint64
	actionID   uint64
	propensity float64
	reward     float64 // sum of what was accrued so far
	at         int64   // clock when decided, nanoseconds
	action     int     // index into what was offered; −1: the host has not said
	kept       int     // the same as an index into obs
	arm, group lepton.Arm
	event      EventKind // the latest in its life

	learnable bool // may be given to the learner
	settled   bool // the outcome is known
	linked    bool // what follows is known; always true outside of an episode

	link // zero outside of an episode
}

// link is what is known of a decision's place in its episode.
type link struct {
	stream     stream
	phi        float64 // shaping potential of obs
	discount   float64
	elapsed    time.Duration
	last       bool
	nextAction int // index into next; −1: none
}

// stream is what a record knows of its episode.
type stream struct {
	episode uint64
	agent   uint32
	step    int
	gamma   float64
	unit    time.Duration
}

func (r *record) decision(instance uint64) lepton.Decision {
	return lepton.Decision{
		ID:     lepton.DecisionID{Instance: instance, Seq: r.seq},
		Action: r.action, ActionID: r.actionID, Propensity: r.propensity, Version: r.version, Arm: r.arm, Group: r.group,
	}
}

// transition fills t with r, which must be settled and linked.
func (r *record) transition(t *lepton.Transition, instance uint64) {
	t.ID = lepton.DecisionID{Instance: instance, Seq: r.seq}
	t.Version, t.Episode, t.Agent, t.Step = r.version, r.stream.episode, r.stream.agent, r.stream.step
	t.Action, t.Propensity, t.Arm = r.kept, r.propensity, r.arm
	t.Reward, t.Discount, t.Elapsed, t.Last = r.reward, r.discount, r.elapsed, r.last
	t.NextAction = r.nextAction
	r.obs.unpack(&t.Obs)
	if r.discount == 0 {
		t.NextAction = -1
		t.Next.Reset(r.obs.dim, 0)
		t.Next.GrowState(0)
	} else {
		r.next.unpack(&t.Next)
	}
}
