package scheduler

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/leptonsched/lepton"
)

// snapshot is a published policy. Immutable.
type snapshot struct {
	version   uint64
	policy    lepton.Policy
	scorer    lepton.Scorer // policy again, where it is one
	bornAt    uint64        // decisions made before it went live
	published int64         // clock, nanoseconds; 0 without one
}

func (s *snapshot) number() uint64 {
	if s == nil {
		return 0
	}
	return s.version
}

// SetPolicy publishes p by hand and returns its version. The gate judges it as any other; a policy that
// it refuses, or that states another Spec, is an error, and the one in place stays. A learner's next
// snapshot replaces it. Safe for concurrent use, as are Rollback and Follow; none waits for a Train.
func (s *Scheduler[S, O]) SetPolicy(p lepton.Policy) (uint64, error) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if s.isClosed() {
		return 0, ErrClosed
	}
	if p == nil {
		return 0, fmt.Errorf("%w: nil", ErrPolicy)
	}
	version, err := s.offerPolicy(p)
	if err == nil {
		s.pinned = false
	}
	return version, err
}

// offerPolicy puts p before the gate and, admitted, before the deciders. s.publishing is held, or s is new.
func (s *Scheduler[S, O]) offerPolicy(p lepton.Policy) (uint64, error) {
	s.lastNumber++
	version := s.lastNumber
	if err := s.admit(p, version); err != nil {
		s.count.refused.Add(1)
		s.tellRefused(version, err)
		return 0, err
	}
	snap := &snapshot{version: version, policy: p}
	snap.scorer, _ = p.(lepton.Scorer)
	if s.kept = append(s.kept, snap); len(s.kept) > s.opt.Snapshots {
		s.kept = append(s.kept[:0], s.kept[1:]...)
	}
	s.goLive(snap)
	return version, nil
}

func (s *Scheduler[S, O]) admit(p lepton.Policy, version uint64) (err error) {
	if specced, ok := p.(lepton.Specced); ok {
		if err := specced.Spec().Check("policy", s.spec); err != nil {
			return fmt.Errorf("%w: %w", ErrPolicy, err)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the gate panicked: %v", ErrPolicy, r)
		}
	}()
	var current lepton.Policy
	if snap := s.current.Load(); snap != nil {
		current = snap.policy
	}
	return s.opt.Gate.Admit(Candidate{Version: version, Policy: p, Current: current, Probes: s.probes.list()})
}

func (s *Scheduler[S, O]) tellRefused(version uint64, reason error) {
	defer s.containListener()
	if s.opt.Hooks.Refused != nil {
		s.opt.Hooks.Refused(version, reason)
	}
	if s.opt.Logger != nil {
		s.opt.Logger.Warn("lepton: snapshot refused", "version", version, "reason", reason)
	}
}

func (s *Scheduler[S, O]) goLive(snap *snapshot) {
	fresh := *snap
	fresh.bornAt, fresh.published = s.ledger.decisions(), s.now()
	if i := slices.Index(s.kept, snap); i >= 0 {
		s.kept[i] = &fresh // so that what is kept knows when it went live last
	}
	s.current.Store(&fresh)
	s.breaker.reset()
	s.count.published.Add(1)
	defer s.containListener()
	if s.opt.Hooks.Published != nil {
		s.opt.Hooks.Published(snap.version)
	}
	if s.opt.Logger != nil {
		s.opt.Logger.Info("lepton: snapshot published", "version", snap.version)
	}
}

// Rollback puts one of the last snapshots kept back in place, past the gate, and keeps the learner's
// new ones from replacing it until Follow is called or SetPolicy publishes by hand; learning goes on.
// ErrVersion lists those kept.
func (s *Scheduler[S, O]) Rollback(version uint64) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	versions := make([]uint64, len(s.kept))
	for i, snap := range s.kept {
		if versions[i] = snap.version; snap.version == version {
			s.pinned = true
			s.goLive(snap)
			return nil
		}
	}
	return fmt.Errorf("%w: %d; kept are %v", ErrVersion, version, versions)
}

// Follow lets the learner's snapshots go live again after a Rollback.
func (s *Scheduler[S, O]) Follow() {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.pinned = false
}

// breaker takes the learned policy out after too many unusable answers in a row, and tries it again
// with one decision after a while.
type breaker struct {
	fails atomic.Int64
	until atomic.Uint64 // the incumbent decides for every seq below
}

func (b *breaker) open(seq uint64) bool { return seq < b.until.Load() }

func (b *breaker) succeed() {
	if b.fails.Load() != 0 {
		b.fails.Store(0)
	}
}

// fail counts and reports whether this one tripped it. One short of tripping is where a trip leaves
// the count, so that the first try after a pause decides alone.
func (b *breaker) fail(seq uint64, after, pause int) bool {
	if b.open(seq) || b.fails.Add(1) < int64(after) {
		return false // open: one that was under way when it tripped
	}
	b.fails.Store(int64(after) - 1)
	b.until.Store(seq + 1 + uint64(pause))
	return true
}

func (b *breaker) reset() {
	b.fails.Store(0)
	b.until.Store(0)
}

// probes keeps the latest few observations, for the gate.
type probes struct {
	ring []packed
	next int // observations seen
}

const maxProbes = 16

func (p *probes) add(obs *lepton.Observation) {
	if len(p.ring) < maxProbes {
		p.ring = append(p.ring, packed{})
	}
	p.ring[p.next%maxProbes].pack(obs, -1, lepton.AllRows, 0)
	p.next++
}

// list unpacks the observations kept, for one gate to have.
func (p *probes) list() []*lepton.Observation {
	list := make([]*lepton.Observation, len(p.ring))
	for i := range p.ring {
		list[i] = new(lepton.Observation)
		p.ring[i].unpack(list[i])
	}
	return list
}
