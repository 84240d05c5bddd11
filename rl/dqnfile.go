package rl

import (
	"bytes"
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/replay"
)

const kindDQN = "rl.dqn"

// Kind implements lepton.Saver.
func (l *DQN) Kind() string { return kindDQN }

// WriteTo implements lepton.Saver. The transitions kept are part of it.
func (l *DQN) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, l.spec)
	writeProgress(&b, l.progress)
	b.Int(l.owed)
	b.Uint64(l.faults)
	b.Uint64(l.leftOut)
	b.Bool(l.failed)
	l.online.write(&b)
	b.Floats32(l.target.params)
	if err := l.memory.write(&b); err != nil {
		return 0, err
	}
	var steps bytes.Buffer
	if _, err := l.steps.WriteTo(&steps); err != nil {
		return 0, err
	}
	b.Blob(steps.Bytes())
	return codec.WriteContainer(w, kindDQN, b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *DQN) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, kindDQN, func(in *codec.Reader) error {
		if err := readSpec(in, l.spec, kindDQN); err != nil {
			return err
		}
		progress, owed := readProgress(in), in.Int()
		faults, leftOut, failed := in.Uint64(), in.Uint64(), in.Bool()
		online, target := l.online.read(in), in.Floats32()
		if len(target) != len(online.params) || !nn.Finite(target) {
			in.Fail("a target network of another size or not finite")
		}
		kept, err := readMemory(in, l.spec, l.options)
		if err != nil {
			return err
		}
		steps, err := replay.NewNStep(replay.NStepOptions{N: l.options.NStep, MaxStreams: l.options.MaxStreams})
		if err != nil {
			return err
		}
		waiting := bytes.NewReader(in.Blob())
		if in.Err() == nil {
			if _, err := steps.ReadFrom(waiting); err != nil {
				return err
			}
		}
		if waiting.Len() > 0 || owed < 0 || owed > max(kept.store.Len(), l.options.Every) {
			in.Fail("%d bytes too many in the steps that wait, %d transitions owed", waiting.Len(), owed)
		}
		if err := in.Close(); err != nil {
			return err
		}
		l.progress, l.owed, l.faults, l.leftOut, l.failed = progress, owed, faults, leftOut, failed
		l.online, l.target.params, l.memory, l.steps = online, target, kept, steps
		l.begin()
		l.progress.Idle = !l.due()
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *DQN) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return Prior{}.decodePolicy(kindDQN, l.spec, kind, r)
}
