package leptontest

import (
	"bytes"
	"io"
	"math"

	"github.com/leptonsched/lepton"
)

// checkAbilities checks what the learners implement beside lepton.Learner.
func (u *pupil) checkAbilities(t suite) {
	sample := u.factory()
	if specced, ok := sample.(lepton.Specced); ok {
		check(t, "Spec", func(s suite) {
			r := rule{"lepton.Specced", "Spec is valid, and is the spec that the learner serves",
				"return the Spec that the learner was made for, names included"}
			if err := specced.Spec().Validate(); err != nil {
				r.broken(s, "%v", err)
			}
			if err := specced.Spec().Check("the learner", u.spec); err != nil {
				r.broken(s, "%v", err)
			}
		})
	}
	if _, ok := sample.(lepton.Needer); ok {
		check(t, "Needs", u.checkNeeds)
	}
	if _, ok := sample.(lepton.TargetLearner); ok {
		check(t, "Targets", u.checkTargets)
	}
	if _, ok := sample.(lepton.Saver); ok {
		check(t, "Checkpoint", u.checkCheckpoint)
	}
}

func (u *pupil) checkNeeds(s suite) {
	r := rule{"lepton.Needer", "Needs is constant, and Others is AllRows or not below 0", "decide in the constructor"}
	l := u.factory()
	before := l.(lepton.Needer).Needs()
	if before.Others < lepton.AllRows {
		r.broken(s, "Others is %d", before.Others)
	}
	if u.teach(s, l, u.stream) && l.(lepton.Needer).Needs() != before {
		r.broken(s, "%+v first, %+v after training", before, l.(lepton.Needer).Needs())
	}
}

func (u *pupil) checkTargets(s suite) {
	const of = "lepton.TargetLearner"
	kept := rule{of, "ObserveTarget keeps neither obs nor target, and changes neither", "copy the rows and the target"}
	again := rule{of, "the same targets give the same policies to the bit", "draw from a seeded source alone"}
	// targets puts most on the last legal action and the rest evenly on all legal.
	target := func(obs *lepton.Observation) []float64 {
		p := make([]float64, obs.Len())
		last := 0
		for i := range p {
			if obs.Legal(i) {
				p[i], last = 0.25/float64(obs.LegalCount()), i
			}
		}
		p[last] += 0.75
		return p
	}
	// feed gives every observation of the stream; hostile overwrites the memory after each call.
	feed := func(l lepton.Learner, hostile bool) bool {
		var buffer lepton.Observation
		for i, t := range u.stream {
			obs := clone(&t.Obs)
			if hostile {
				buffer.CopyFrom(obs)
				obs = &buffer
			}
			p := target(obs)
			l.(lepton.TargetLearner).ObserveTarget(obs, p, 1+float64(i%2))
			if d := difference(&t.Obs, obs); d != "" {
				kept.broken(s, "observation %d, before and after: %s", i, d)
				return false
			}
			if j := differ(p, target(obs)); j >= 0 {
				kept.broken(s, "target %d changed at action %d", i, j)
				return false
			}
			if hostile {
				poison(&buffer)
				copy(p, filled(len(p), math.NaN()))
			}
			if (i+1)%u.o.Every == 0 {
				if _, ok := u.step(s, l); !ok {
					return false
				}
			}
		}
		return u.finish(s, l)
	}
	a, b, hostile := u.factory(), u.factory(), u.factory()
	if !feed(a, false) || !feed(b, false) || !feed(hostile, true) {
		return
	}
	if err := u.compare(u.answers(a.Policy()), u.answers(b.Policy())); err != nil {
		again.broken(s, "%v", err)
	}
	if err := u.compare(u.answers(a.Policy()), u.answers(hostile.Policy())); err != nil {
		kept.broken(s, "overwriting them after the call changed the policy: %v", err)
	}
	asked := *u.probes
	asked.Policy = a.Policy()
	asked.checkProbabilities(s)
}

func (u *pupil) checkCheckpoint(s suite) {
	const of = "lepton.Learner with lepton.Saver"
	restores := rule{of, "a learner that can be written is an io.ReaderFrom, and reads back all that was written and no more",
		"implement ReadFrom(io.Reader) (int64, error) beside WriteTo"}
	continues := rule{of, "a restored learner continues to the bit as if never stopped",
		"write everything that later answers depend on: parameters, optimiser state, replay contents, counters, the state of random sources"}
	calm := rule{of, "writing changes nothing in the learner", "draw no random number and flush no buffer in WriteTo"}

	whole, saved, restored := u.factory(), u.factory(), u.factory()
	cut := len(u.stream)/2 + 1 // not at a Step
	for _, l := range []lepton.Learner{whole, saved} {
		if !u.feed(s, l, u.stream[:cut]) {
			return
		}
	}
	data := checkWrites(s, saved.(lepton.Saver))
	if data == nil {
		return
	}
	reader, ok := restored.(io.ReaderFrom)
	if !ok {
		restores.broken(s, "there is no ReadFrom")
		return
	}
	r := bytes.NewReader(append(bytes.Clone(data), "what follows in a larger file"...))
	if n, err := reader.ReadFrom(r); err != nil || n != int64(len(data)) {
		restores.broken(s, "%d bytes written; ReadFrom says %d and error %v", len(data), n, err)
		return
	}
	if left := r.Len(); left != len("what follows in a larger file") {
		restores.broken(s, "of %d bytes that follow, %d are left", len("what follows in a larger file"), left)
	}
	if err := u.compare(u.answers(saved.Policy()), u.answers(restored.Policy())); err != nil {
		continues.broken(s, "right after restoring: %v", err)
		return
	}
	for _, l := range []lepton.Learner{whole, saved, restored} {
		if !u.teach(s, l, u.stream[cut:]) {
			return
		}
	}
	if err := u.compare(u.answers(whole.Policy()), u.answers(saved.Policy())); err != nil {
		calm.broken(s, "never written, and written: %v", err)
	}
	if err := u.compare(u.answers(saved.Policy()), u.answers(restored.Policy())); err != nil {
		continues.broken(s, "uninterrupted, and restored half way: %v", err)
		return
	}
	if a, b := checkWrites(s, saved.(lepton.Saver)), checkWrites(s, restored.(lepton.Saver)); !bytes.Equal(a, b) {
		continues.broken(s, "at the end, the uninterrupted and the restored write different bytes")
	}
	checkHostile(s, data, func(b []byte) error {
		_, err := u.factory().(io.ReaderFrom).ReadFrom(bytes.NewReader(b))
		return err
	})
}
