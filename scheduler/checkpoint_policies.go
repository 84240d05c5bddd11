package scheduler

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// This file writes and reads the policies and the learner in a checkpoint.

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
	for n := in.Count(snapshotSize); n > 0; n-- {
		snap := &snapshot{version: in.Uint64(), bornAt: in.Uint64(), published: int64(in.Uint64())}
		kind, blob := in.String(), in.Blob()
		if err := in.Err(); err != nil {
			return set, err
		}
		policy, err := s.decode(kind, blob)
		if err != nil {
			return set, fmt.Errorf("snapshot %d: %w", snap.version, err)
		}
		if policy == nil {
			return set, fmt.Errorf("snapshot %d: the decoder returned none", snap.version)
		}
		snap.policy = policy
		snap.scorer, _ = policy.(lepton.Scorer)
		set.kept = append(set.kept, snap)
		if snap.version == current {
			set.current = snap
		}
		if snap.version == 0 || snap.version > set.lastNumber {
			in.Fail("snapshot %d of %d", snap.version, set.lastNumber)
		}
	}
	if (set.current == nil) != (current == 0) {
		in.Fail("the current snapshot %d is missing", current)
	}
	if keep := s.opt.Snapshots; len(set.kept) > keep { // fewer are wanted today
		set.kept = set.kept[len(set.kept)-keep:]
		if set.current != nil && !slices.Contains(set.kept, set.current) {
			set.kept[0] = set.current
		}
	}
	return set, in.Err()
}

// decode asks the learner first, then Options.Decode.
func (s *Scheduler[S, O]) decode(kind string, blob []byte) (_ lepton.Policy, err error) {
	defer containDecoder(&err)
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

func (s *Scheduler[S, O]) readLearner(blob []byte) (err error) {
	defer containDecoder(&err)
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
	_, err = reader.ReadFrom(bytes.NewReader(body))
	return err
}

// containDecoder turns a panic of a decoder that is not ours into an error. Deferred directly.
func containDecoder(err *error) {
	if detail := recover(); detail != nil {
		*err = fmt.Errorf("the decoder panicked: %v", detail)
	}
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
