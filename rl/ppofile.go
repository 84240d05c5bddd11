package rl

import (
	"io"
	"math/rand/v2"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

const kindPPO = "rl.ppo"

// Kind implements lepton.Saver.
func (l *PPO) Kind() string { return l.options.Prior.kind(kindPPO) }

// WriteTo implements lepton.Saver.
func (l *PPO) WriteTo(w io.Writer) (int64, error) {
	var b codec.Writer
	writeSpec(&b, l.spec)
	writeProgress(&b, l.progress)
	for _, x := range [...]float64{l.stats.KL, l.stats.Entropy, l.stats.Clipped, l.stats.Variance} {
		b.Float(x)
	}
	b.Uint64(l.stats.Resting)
	b.Uint64(l.stats.Skipped)
	b.Bool(l.failed)
	l.actor.write(&b)
	l.critic.write(&b)
	l.unit.write(&b)
	l.pending.write(&b)
	l.lessons.write(&b)
	if err := writeStream(&b, l.pcg); err != nil {
		return 0, err
	}
	l.episodes.write(&b)
	return codec.WriteContainer(w, l.Kind(), b.Bytes())
}

// ReadFrom implements io.ReaderFrom: it takes over what WriteTo wrote, or leaves the learner as it is and
// says why. Options are not saved; continue with those of the writer.
func (l *PPO) ReadFrom(r io.Reader) (int64, error) {
	return restore(r, l.Kind(), func(in *codec.Reader) error {
		if err := readSpec(in, l.spec, kindPPO); err != nil {
			return err
		}
		next := *l
		next.progress = readProgress(in)
		next.stats = PPOStats{KL: in.Float(), Entropy: in.Float(), Clipped: in.Float(), Variance: in.Float(), Resting: in.Uint64(), Skipped: in.Uint64()}
		next.failed = in.Bool()
		next.actor, next.critic = l.actor.read(in), l.critic.read(in)
		next.unit = readReturnUnit(in)
		next.pending = readPPOBatch(in, l.actor.network, l.options.Prior)
		next.lessons = readTargetBatch(in, l.actor.network, l.options.Prior)
		next.pcg = readStreamState(in)
		next.work, next.policy = ppoWork{}, nil
		next.episodes = l.newAssembler()
		if err := next.episodes.read(in, l.fits); err != nil {
			return err
		}
		if err := in.Close(); err != nil {
			return err
		}
		*l = next
		l.idle()
		return nil
	})
}

// DecodePolicy implements lepton.PolicyDecoder for the policies that this learner makes.
func (l *PPO) DecodePolicy(kind string, r io.Reader) (lepton.Policy, error) {
	return l.options.Prior.decodePolicy(kindPPO, l.spec, kind, r)
}

// writeStream writes the state of a random stream.
func writeStream(w *codec.Writer, pcg *rand.PCG) error {
	state, err := pcg.MarshalBinary()
	w.Blob(state)
	return err
}

func readStreamState(in *codec.Reader) *rand.PCG {
	pcg := new(rand.PCG)
	if err := pcg.UnmarshalBinary(in.Blob()); err != nil && in.Err() == nil {
		in.Fail("the state of a random stream: %v", err)
	}
	return pcg
}
