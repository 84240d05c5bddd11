package scheduler

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/simd"
)

// FaultCause says which part misbehaved.
type FaultCause uint8

// The causes. Each was contained: the decision was still made, unless the cause is FaultActionSpace.
const (
	noFault          FaultCause = iota
	FaultPanic                  // the learned policy or the planner panicked
	FaultNumbers                // it answered NaN, an infinity, a negative or unnormalised number, or favoured an illegal action
	FaultBudget                 // it answered after Options.Budget
	FaultEncoder                // the StateEncoder or Key panicked, or appended a wrong number of values
	FaultActionSpace            // the ActionSpace panicked or broke its ActionSpec
	FaultIncumbent              // the incumbent panicked or answered with unusable numbers; uniform took over
	FaultReward                 // the RewardFunc panicked or returned NaN or an infinity, or a Potential panicked
	FaultLearner                // the Learner panicked or returned an error
	FaultListener               // the Journal, a Hook or the Logger panicked
	nFaults
)

var faultNames = [...]string{"none", "panic", "numbers", "budget", "encoder", "action space", "incumbent", "reward", "learner", "listener"}

// String returns the cause in plain words.
func (c FaultCause) String() string {
	if int(c) < len(faultNames) {
		return faultNames[c]
	}
	return fmt.Sprintf("fault(%d)", uint8(c))
}

// Stats counts everything that happened since New (or since the life that a checkpoint continues).
type Stats struct {
	Mode        Mode
	Version     uint64    // snapshot that decides now; 0: none
	PublishedAt time.Time // when it went live, by Clock; zero without one
	PolicyAge   uint64    // decisions since it went live
	BreakerOpen bool      // the learned policy is taken out for the moment
	Trips       uint64    // times the breaker was tripped
	ConfigHash  uint64    // fingerprint of ConfigID, Spec, Seed and the shares; stands in every Event
	Kernels     string    // level of the vector code: portable, avx2 or avx512; LEPTON_SIMD pins it at the start of the program

	Decisions uint64     // made by Decide, Rank and Record
	ByArm     [5]uint64  // the same by lepton.Arm
	NoAction  uint64     // calls that found no legal action
	Truncated uint64     // actions offered beyond MaxActions
	Faults    [10]uint64 // contained, by FaultCause

	ShadowAsked  uint64 // decisions on which the shadow policy answered
	ShadowAgreed uint64 // of these, how often its likeliest action was the one taken

	// Decisions = Open + Untracked + Settled + Defaulted + Cancelled + Evicted + Expired.

	Open         int    // decisions without an outcome now
	Untracked    uint64 // decisions that found no slot (a ledger much too small for the concurrency)
	RankDropped  uint64 // ranked lists overwritten before Chose; see MaxRanked
	Settled      uint64 // ended by Report
	Defaulted    uint64 // ended by DefaultOutcome after OpenFor
	Cancelled    uint64 // ended by Cancel
	Evicted      uint64 // given up to make room, or because their ranked list was
	Expired      uint64 // given up after OpenFor
	Waiting      int    // settled decisions of episodes for which it is not known yet what follows
	LinkDropped  uint64 // of these, given up to make room, or after twice OpenFor
	Unlinked     uint64 // episode decisions and ends whose predecessor was gone, so that the chain was cut there
	EpisodesLost uint64 // open episodes forgotten because more than MaxOpen were open

	Queued       int    // finished transitions waiting
	QueueDropped uint64 // finished transitions that found the queue full
	NotFinite    uint64 // decisions kept from the learner for NaN or infinite features (as float32), or such a shaped reward
	Learned      uint64 // transitions given to the learner

	Published uint64 // snapshots that went live
	Refused   uint64 // snapshots that the gate kept out
}

// counters are the atomic side of Stats.
type counters struct {
	byArm                                    [5]atomic.Uint64
	faults                                   [nFaults]atomic.Uint64
	noAction, truncated                      atomic.Uint64
	shadowAsked, shadowAgreed                atomic.Uint64
	untracked, rankDropped                   atomic.Uint64
	settled, defaulted, cancelled            atomic.Uint64
	evicted, expired, unlinked, episodesLost atomic.Uint64
	linkDropped                              atomic.Uint64
	queueDropped, notFinite, learned         atomic.Uint64
	published, refused, trips                atomic.Uint64
}

// all lists every counter in a fixed order, for checkpoints.
func (c *counters) all() []*atomic.Uint64 {
	var list []*atomic.Uint64
	for i := range c.byArm {
		list = append(list, &c.byArm[i])
	}
	for i := range c.faults {
		list = append(list, &c.faults[i])
	}
	return append(list, &c.noAction, &c.truncated, &c.shadowAsked, &c.shadowAgreed, &c.untracked, &c.rankDropped,
		&c.settled, &c.defaulted, &c.cancelled, &c.evicted, &c.expired, &c.unlinked, &c.episodesLost,
		&c.linkDropped, &c.queueDropped, &c.notFinite, &c.learned, &c.published, &c.refused, &c.trips)
}

// Stats returns the present counts. Safe for concurrent use; the numbers are read one after another,
// so that while decisions go on they may be a few apart.
func (s *Scheduler[S, O]) Stats() Stats {
	c := &s.count
	st := Stats{
		Mode: Mode(s.mode.Load()), ConfigHash: s.config, Kernels: simd.Current().String(),
		Decisions: s.ledger.decisions(), NoAction: c.noAction.Load(), Truncated: c.truncated.Load(),
		ShadowAsked: c.shadowAsked.Load(), ShadowAgreed: c.shadowAgreed.Load(),
		Untracked: c.untracked.Load(), LinkDropped: c.linkDropped.Load(), RankDropped: c.rankDropped.Load(),
		Settled: c.settled.Load(), Defaulted: c.defaulted.Load(), Cancelled: c.cancelled.Load(),
		Evicted: c.evicted.Load(), Expired: c.expired.Load(), Unlinked: c.unlinked.Load(), EpisodesLost: c.episodesLost.Load(),
		QueueDropped: c.queueDropped.Load(), NotFinite: c.notFinite.Load(), Learned: c.learned.Load(),
		Published: c.published.Load(), Refused: c.refused.Load(), Trips: c.trips.Load(),
		BreakerOpen: s.breaker.open(s.ledger.next.Load()),
	}
	st.ByArm[lepton.ArmLearned] = st.Decisions
	for i := range c.byArm {
		if arm := lepton.Arm(i); arm != lepton.ArmLearned {
			st.ByArm[i] = c.byArm[i].Load()
			st.ByArm[lepton.ArmLearned] -= min(st.ByArm[i], st.ByArm[lepton.ArmLearned])
		}
	}
	for i := range c.faults {
		st.Faults[i] = c.faults[i].Load()
	}
	if snap := s.current.Load(); snap != nil {
		st.Version = snap.version
		st.PolicyAge = st.Decisions - min(snap.bornAt, st.Decisions)
		if snap.published != 0 {
			st.PublishedAt = time.Unix(0, snap.published)
		}
	}
	st.Open, st.Waiting = s.ledger.count()
	st.Queued = s.queue.len()
	return st
}
