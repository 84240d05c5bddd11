package scheduler

import (
	"fmt"
	"io"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/simd"
)

// kindCheckpoint names the container. What is in it, in order: spec, ConfigID, kernel level, seed and
// instance; the next seq and the mode; counters; breaker; snapshots; learner; open decisions with their
// ranked lists; the queue; episodes; probes. The first version had no kernel level.
const (
	kindCheckpoint      = "lepton.scheduler.2"
	kindCheckpointFirst = "lepton.scheduler.1"
)

// Checkpoint writes everything that deciding and learning go on from: policy snapshots, the learner,
// open decisions, finished transitions that wait, named episodes, counters. It waits for a Train under
// way, and decisions in named episodes wait for it. Others, and reports, may go on meanwhile: each is
// then wholly in or out, and the counters may be a few apart. For a checkpoint that continues bit for
// bit, let nothing be under way.
//
// Every snapshot kept must be a lepton.Saver, and a Learner a lepton.Saver and io.ReaderFrom; else, and
// when writing fails, the error is ErrCheckpoint.
func (s *Scheduler[S, O]) Checkpoint(w io.Writer) error {
	s.train.Lock()
	defer s.train.Unlock()
	s.publishing.Lock()
	defer s.publishing.Unlock()
	var policies codec.Writer
	if err := s.writeSnapshots(&policies); err != nil {
		return err
	}
	if err := s.writeLearner(&policies); err != nil {
		return err
	}
	var decisions codec.Writer
	s.writeDecisions(&decisions)

	var out codec.Writer
	writeSpec(&out, s.spec)
	out.String(s.opt.ConfigID)
	out.String(simd.Current().String())
	out.Uint64(s.opt.Seed)
	out.Uint64(s.opt.Instance)
	out.Uint64(s.ledger.next.Load()) // after the decisions, so that it is above all of them
	out.Uint64(s.ledger.idle.Load())
	out.Uint32(s.mode.Load())
	for _, c := range s.count.all() {
		out.Uint64(c.Load())
	}
	out.Uint64(uint64(s.breaker.fails.Load()))
	out.Uint64(s.breaker.until.Load())
	out.Blob(policies.Bytes())
	out.Blob(decisions.Bytes())
	out.Int(s.probes.next)
	out.Int(len(s.probes.ring))
	for i := range s.probes.ring {
		writePacked(&out, &s.probes.ring[i])
	}
	if _, err := codec.WriteContainer(w, kindCheckpoint, out.Bytes()); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

// Restore continues from a checkpoint as if there had been no interruption: the next decisions and the
// next snapshot are those that would have been made. Call it right after New, before anything else
// uses the scheduler. Options.Seed, Instance, MaxOpen, QueueLen and the features must be those under
// which the checkpoint was made (a *lepton.SpecError lists features that were added, dropped or moved);
// the mode is the checkpoint's; shares, budgets and the other options are today's. Under another kernel level
// than the checkpoint's (Stats.Kernels), of which the Logger is told, networks may differ in their last bits.
//
// Anything that does not fit or is damaged is ErrCheckpoint; the scheduler is then as it was, unless
// it was the Learner's own ReadFrom that failed. After Close it is ErrClosed.
func (s *Scheduler[S, O]) Restore(r io.Reader) error {
	s.train.Lock()
	defer s.train.Unlock()
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	kind, payload, _, err := codec.ReadContainer(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if kind != kindCheckpoint && kind != kindCheckpointFirst {
		return fmt.Errorf("%w: it holds %q, not a scheduler", ErrCheckpoint, kind)
	}
	if err := s.restore(codec.NewReader(payload), kind); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

// restore reads all of in before it changes anything.
func (s *Scheduler[S, O]) restore(in *codec.Reader, kind string) error {
	spec := readSpec(in)
	_ = in.String() // ConfigID: for people
	kernels := simd.Current().String()
	if kind != kindCheckpointFirst {
		kernels = in.String()
	}
	seed, instance := in.Uint64(), in.Uint64()
	if err := in.Err(); err != nil {
		return err
	}
	if err := spec.Check("the checkpoint", s.spec); err != nil {
		return err
	}
	if seed != s.opt.Seed || instance != s.opt.Instance {
		return fmt.Errorf("made under seed %d, instance %d; here they are %d, %d", seed, instance, s.opt.Seed, s.opt.Instance)
	}
	next, idle, mode := in.Uint64(), in.Uint64(), Mode(min(in.Uint32(), uint32(closed)))
	counts := make([]uint64, len(s.count.all()))
	for i := range counts {
		counts[i] = in.Uint64()
	}
	fails, until := in.Uint64(), in.Uint64()
	policies, decisions := codec.NewReader(in.Blob()), codec.NewReader(in.Blob())
	probes := s.readProbes(in)
	if next == 0 || idle >= next || mode > Live && mode != closed {
		in.Fail("next decision %d, %d stepped over, mode %d", next, idle, mode)
	}
	if err := in.Close(); err != nil {
		return err
	}
	d, err := s.readDecisions(decisions, next)
	if err != nil {
		return err
	}
	snaps, err := s.readSnapshots(policies)
	if err != nil {
		return err
	}
	learner := policies.Blob()
	if err := policies.Close(); err != nil {
		return err
	}
	if err := s.readLearner(learner); err != nil {
		return err
	}

	if here := simd.Current().String(); kernels != here && s.opt.Logger != nil {
		s.opt.Logger.Warn("lepton: the checkpoint was made under another kernel level", "then", kernels, "now", here)
	}
	d.ledger.next.Store(next)
	d.ledger.idle.Store(idle)
	s.ledger, s.ranked, s.queue, s.probes = d.ledger, d.ranked, d.queue, probes
	s.kept, s.lastNumber, s.pinned, s.updates = snaps.kept, snaps.lastNumber, snaps.pinned, snaps.updates
	s.current.Store(snaps.current)
	if mode != closed {
		s.mode.Store(uint32(mode))
	}
	for i, c := range s.count.all() {
		c.Store(counts[i])
	}
	s.breaker.fails.Store(int64(fails))
	s.breaker.until.Store(until)
	s.episodes.mu.Lock()
	defer s.episodes.mu.Unlock()
	s.episodes.byID, s.episodes.order, s.episodes.nameless = map[uint64]*Episode[S, O]{}, nil, d.nameless
	for _, ep := range d.episodes {
		s.register(ep)
	}
	return nil
}

func (s *Scheduler[S, O]) readProbes(in *codec.Reader) probes {
	p := probes{next: in.Int()}
	for range in.Count(packedSize) {
		p.ring = append(p.ring, packed{})
		readPacked(in, &p.ring[len(p.ring)-1])
		s.checkPacked(in, &p.ring[len(p.ring)-1])
	}
	if len(p.ring) > maxProbes || p.next < len(p.ring) || len(p.ring) < maxProbes && p.next != len(p.ring) {
		in.Fail("%d probes, %d seen", len(p.ring), p.next)
	}
	return p
}
