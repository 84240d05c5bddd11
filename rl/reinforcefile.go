package rl

import (
	"io"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const kindREINFORCE = "rl.reinforce"

// Kind implements lepton.Saver.
func (l *REINFORCE) Kind() string { return l.options.Prior.kind(kindREINFORCE) }

// WriteTo implements lepton.Saver.
func (l *REINFORCE) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, l.spec)
	writeProgress(&b, l.progress)
	b.Uint64(l.stats.Skipped)
	b.Bool(l.failed)
	b.Int(l.pending)
	b.Float(l.loss)
	l.model.write(&b)
	l.baseline.write(&b)
	l.episodes.write(&b)
	return codec.WriteContainer(w, l.Kind(), b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *REINFORCE) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, l.Kind(), func(in *codec.Reader) error {
		if err := readSpec(in, l.spec, kindREINFORCE); err != nil {
			return err
		}
		next := *l
		next.progress = readProgress(in)
		next.stats.Skipped = in.Uint64()
		next.failed = in.Bool()
		next.pending, next.loss = in.Int(), in.Float()
		if next.pending < 0 {
			in.Fail("%d decisions pending", next.pending)
		}
		next.model = l.model.read(in)
		next.baseline = readReturnModel(in, l.baseline)
		next.episodes = newAssembler(l.options.MaxOpen, l.options.MaxSteps, l.options.Patience, l.learn)
		if err := next.episodes.read(in, l.fits); err != nil {
			return err
		}
		if err := in.Close(); err != nil {
			return err
		}
		next.progress.Idle = true
		var err error
		if next.policy, err = next.publish(); err != nil {
			return err
		}
		*l = next
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *REINFORCE) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return l.options.Prior.decodePolicy(kindREINFORCE, l.spec, kind, r)
}
