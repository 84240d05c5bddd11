package scheduler

import (
	"bytes"
	"fmt"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// kindCheckpoint names the container. What is in it, in order: spec, ConfigID, seed and instance; the
// next seq and the mode; counters; breaker; snapshots; learner; open decisions; ranked lists; the
// queue; episodes; probes.
const kindCheckpoint = "lepton.scheduler.1"

// Checkpoint writes everything that deciding and learning go on from: policy snapshots, the learner,
// open decisions, finished transitions that wait, named episodes, counters. It waits for a Train under
// way. Decisions and reports may go on meanwhile, and each is then wholly in or out; for a checkpoint
// that continues bit for bit, let none be under way.
//
// Every snapshot kept must be a lepton.Saver, and a Learner a lepton.Saver and io.ReaderFrom; else, and
// when writing fails, the error is ErrCheckpoint.
func (s *Scheduler[S, O]) Checkpoint(w io.Writer) error {
	s.train.Lock()
	defer s.train.Unlock()
	var out codec.Writer
	writeSpec(&out, s.spec)
	out.String(s.opt.ConfigID)
	out.Uint64(s.opt.Seed)
	out.Uint64(s.opt.Instance)
	out.Uint64(s.ledger.next.Load())
	out.Uint64(s.ledger.idle.Load())
	out.Uint32(s.mode.Load())
	for _, c := range s.count.all() {
		out.Uint64(c.Load())
	}
	out.Uint64(uint64(s.breaker.fails.Load()))
	out.Uint64(s.breaker.until.Load())
	if err := s.writeSnapshots(&out); err != nil {
		return err
	}
	if err := s.writeLearner(&out); err != nil {
		return err
	}
	var open codec.Writer
	n := 0
	s.ledger.each(func(r *record) {
		writeRecord(&open, r)
		s.ledger.publish(r.seq)
		n++
	})
	out.Int(n)
	out.Blob(open.Bytes())
	s.ranked.write(&out)
	out.Int(s.queue.len())
	s.queue.each(func(r *record) { writeRecord(&out, r) })
	s.writeEpisodes(&out)
	out.Int(s.probes.next)
	out.Int(len(s.probes.ring))
	for _, obs := range s.probes.ring {
		writeObservation(&out, obs)
	}
	if _, err := codec.WriteContainer(w, kindCheckpoint, out.Bytes()); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

// Restore continues from a checkpoint as if there had been no interruption: the next decisions and the
// next snapshot are those that would have been made. Call it right after New, before anything else
// uses the scheduler. Options.Seed, Instance, MaxOpen, QueueLen and the features must be those under which the
// checkpoint was made (a *lepton.SpecError lists features that were added, dropped or moved); shares,
// budgets and the other options are today's.
//
// Anything that does not fit or is damaged is ErrCheckpoint; the scheduler is then as it was, unless
// it was the Learner's own ReadFrom that failed.
func (s *Scheduler[S, O]) Restore(r io.Reader) error {
	s.train.Lock()
	defer s.train.Unlock()
	kind, payload, _, err := codec.ReadContainer(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if kind != kindCheckpoint {
		return fmt.Errorf("%w: it holds %q, not a scheduler", ErrCheckpoint, kind)
	}
	if err := s.restore(codec.NewReader(payload)); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

func (s *Scheduler[S, O]) restore(in *codec.Reader) error {
	spec := readSpec(in)
	_ = in.String() // ConfigID: for people
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
	next, idle, mode := in.Uint64(), in.Uint64(), in.Uint32()
	counts := make([]uint64, len(s.count.all()))
	for i := range counts {
		counts[i] = in.Uint64()
	}
	fails, until := in.Uint64(), in.Uint64()
	snaps, err := s.readSnapshots(in)
	if err != nil {
		return err
	}
	learner := in.Blob()
	l := newLedger(s.opt.MaxOpen)
	l.next.Store(next)
	l.idle.Store(idle)
	if err := readOpen(in, l); err != nil {
		return err
	}
	ranked := newRankedLists(s.opt.MaxRanked)
	ranked.read(in)
	q := newQueue(s.opt.QueueLen)
	for range in.Count(recordSize) {
		var r record
		readRecord(in, &r)
		if in.Err() == nil && !q.push(&r) {
			in.Fail("more finished transitions than QueueLen %d", s.opt.QueueLen)
		}
	}
	open := s.readEpisodes(in)
	probes := probes{next: in.Int()}
	for range in.Count(observationSize) {
		probes.ring = append(probes.ring, readObservation(in))
	}
	if len(probes.ring) > maxProbes || probes.next < len(probes.ring) {
		in.Fail("%d probes, %d seen", len(probes.ring), probes.next)
	}
	if Mode(mode) > Live && Mode(mode) != closed {
		in.Fail("mode %d", mode)
	}
	if err := in.Close(); err != nil {
		return err
	}
	if err := s.readLearner(learner); err != nil {
		return err
	}

	s.ledger, s.ranked, s.queue, s.probes = l, ranked, q, probes
	s.kept, s.lastNumber, s.pinned, s.updates = snaps.kept, snaps.lastNumber, snaps.pinned, snaps.updates
	s.current.Store(snaps.current)
	if m := Mode(mode); m != closed {
		s.mode.Store(uint32(m))
	}
	for i, c := range s.count.all() {
		c.Store(counts[i])
	}
	s.breaker.fails.Store(int64(fails))
	s.breaker.until.Store(until)
	s.episodes.mu.Lock()
	defer s.episodes.mu.Unlock()
	s.episodes.byID, s.episodes.order, s.episodes.nameless = map[uint64]*Episode[S, O]{}, nil, open.nameless
	for _, ep := range open.named {
		s.remember(ep)
	}
	return nil
}

// snapshots is what a checkpoint says of the published policies.
type snapshots struct {
	kept                []*snapshot
	current             *snapshot
	lastNumber, updates uint64
	pinned              bool
}

func (s *Scheduler[S, O]) writeSnapshots(out *codec.Writer) error {
	current := s.current.Load()
	out.Uint64(current.number())
	out.Uint64(s.lastNumber)
	out.Uint64(s.updates)
	out.Bool(s.pinned)
	out.Int(len(s.kept))
	for _, snap := range s.kept {
		if snap.version == current.number() {
			snap = current // the one that knows when it went live
		}
		kind, blob, err := save(snap.policy)
		if err != nil {
			return err
		}
		out.Uint64(snap.version)
		out.Uint64(snap.bornAt)
		out.Uint64(uint64(snap.published))
		out.String(kind)
		out.Blob(blob)
	}
	return nil
}

func (s *Scheduler[S, O]) readSnapshots(in *codec.Reader) (snapshots, error) {
	var set snapshots
	current := in.Uint64()
	set.lastNumber, set.updates, set.pinned = in.Uint64(), in.Uint64(), in.Bool()
	for range in.Count(snapshotSize) {
		snap := &snapshot{version: in.Uint64(), bornAt: in.Uint64(), published: int64(in.Uint64())}
		kind, blob := in.String(), in.Blob()
		if err := in.Err(); err != nil {
			return set, err
		}
		policy, err := s.decode(kind, blob)
		if err != nil {
			return set, fmt.Errorf("snapshot %d: %w", snap.version, err)
		}
		snap.policy = policy
		snap.scorer, _ = policy.(lepton.Scorer)
		set.kept = append(set.kept, snap)
		if snap.version == current {
			set.current = snap
		}
	}
	if (set.current == nil) != (current == 0) {
		in.Fail("the current snapshot %d is missing", current)
	}
	return set, in.Err()
}

// decode asks the learner first, then Options.Decode.
func (s *Scheduler[S, O]) decode(kind string, blob []byte) (lepton.Policy, error) {
	var refused error
	if decoder, ok := s.opt.Learner.(lepton.PolicyDecoder); ok {
		policy, err := decoder.DecodePolicy(kind, bytes.NewReader(blob))
		if err == nil {
			return policy, nil
		}
		refused = err
	}
	if s.opt.Decode != nil {
		return s.opt.Decode(kind, bytes.NewReader(blob))
	}
	if refused != nil {
		return nil, refused
	}
	return nil, fmt.Errorf("nobody decodes a policy of kind %q: set Options.Decode", kind)
}

// writeLearner writes the learner as one blob, empty if there is none.
func (s *Scheduler[S, O]) writeLearner(out *codec.Writer) error {
	if s.opt.Learner == nil {
		out.Blob(nil)
		return nil
	}
	if _, ok := s.opt.Learner.(io.ReaderFrom); !ok {
		return fmt.Errorf("%w: %T cannot be read back", ErrCheckpoint, s.opt.Learner)
	}
	kind, blob, err := save(s.opt.Learner)
	if err != nil {
		return err
	}
	var inner codec.Writer
	inner.String(kind)
	inner.Blob(blob)
	out.Blob(inner.Bytes())
	return nil
}

func (s *Scheduler[S, O]) readLearner(blob []byte) error {
	if len(blob) == 0 {
		if s.opt.Learner != nil {
			return fmt.Errorf("it holds no learner")
		}
		return nil
	}
	in := codec.NewReader(blob)
	kind, body := in.String(), in.Blob()
	if err := in.Close(); err != nil {
		return err
	}
	saver, _ := s.opt.Learner.(lepton.Saver)
	reader, ok := s.opt.Learner.(io.ReaderFrom)
	if !ok || saver == nil || saver.Kind() != kind {
		return fmt.Errorf("it holds a learner of kind %q, which %T does not read", kind, s.opt.Learner)
	}
	_, err := reader.ReadFrom(bytes.NewReader(body))
	return err
}

// save returns what a policy or learner writes of itself.
func save(part any) (kind string, blob []byte, err error) {
	saver, ok := part.(lepton.Saver)
	if !ok {
		return "", nil, fmt.Errorf("%w: %T is no lepton.Saver", ErrCheckpoint, part)
	}
	var b bytes.Buffer
	if _, err := saver.WriteTo(&b); err != nil {
		return "", nil, fmt.Errorf("%w: writing %s: %w", ErrCheckpoint, saver.Kind(), err)
	}
	return saver.Kind(), b.Bytes(), nil
}

func readOpen(in *codec.Reader, l *ledger) error {
	n := in.Int()
	body := in.Blob()
	if err := in.Err(); err != nil {
		return err
	}
	from := codec.NewReader(body)
	for range n {
		var r record
		readRecord(from, &r)
		if err := from.Err(); err != nil {
			return err
		}
		slot := l.slot(r.seq)
		if r.seq == 0 || r.seq >= l.next.Load() || l.words[slot].Load() != 0 {
			return fmt.Errorf("open decision %d does not fit MaxOpen %d", r.seq, len(l.words))
		}
		l.slots[slot] = r
		l.publish(r.seq)
	}
	return from.Close()
}

func (l *rankedLists) write(out *codec.Writer) {
	out.Uint64(l.next.Load())
	var held codec.Writer
	n := 0
	for at := range l.words {
		seq := l.words[at].Load() >> phaseBits
		if l.words[at].CompareAndSwap(seq<<phaseBits|open, seq<<phaseBits|busy) {
			held.Uint64(seq)
			held.Int(at)
			writePacked(&held, &l.lists[at])
			l.put(at, seq, open)
			n++
		}
	}
	out.Int(n)
	out.Blob(held.Bytes())
}

func (l *rankedLists) read(in *codec.Reader) {
	l.next.Store(in.Uint64())
	n, from := in.Int(), codec.NewReader(in.Blob())
	for i := 0; i < n && from.Err() == nil; i++ {
		seq, at := from.Uint64(), from.Int()
		if at < 0 || at >= len(l.words) {
			in.Fail("ranked list at place %d of %d", at, len(l.words))
			return
		}
		readPacked(from, &l.lists[at])
		l.put(at, seq, open)
	}
	if err := from.Close(); err != nil {
		in.Fail("ranked lists: %v", err)
	}
}

// openEpisodes is what a checkpoint says of the streams.
type openEpisodes[S, O any] struct {
	nameless uint64
	named    []*Episode[S, O]
}

func (s *Scheduler[S, O]) writeEpisodes(out *codec.Writer) {
	s.episodes.mu.Lock()
	defer s.episodes.mu.Unlock()
	out.Uint64(s.episodes.nameless)
	out.Int(len(s.episodes.order))
	for _, id := range s.episodes.order {
		ep := s.episodes.byID[id]
		writeStream(out, &ep.stream)
		out.Uint64(ep.prev)
	}
}

func (s *Scheduler[S, O]) readEpisodes(in *codec.Reader) openEpisodes[S, O] {
	open := openEpisodes[S, O]{nameless: in.Uint64()}
	seen := map[uint64]bool{}
	for range in.Count(streamSize + 8) {
		st := readStream(in)
		ep := &Episode[S, O]{s: s, stream: st, prev: in.Uint64(),
			credit: lepton.CreditOptions{ID: st.episode, Agent: st.agent, Gamma: st.gamma, Unit: st.unit}}
		if err := ep.credit.Validate(); err != nil || seen[st.episode] {
			in.Fail("episode %d: twice, or %v", st.episode, err)
		}
		seen[st.episode] = true
		open.named = append(open.named, ep)
	}
	return open
}
