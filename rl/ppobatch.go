package rl

import (
	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
)

// ppoBatch is decisions that wait to be learned from, in runs without a gap.
type ppoBatch struct {
	seen nn.Batch // their observations
	offers
	steps []ppoStep
	after nn.Batch // the observations behind runs that were cut
}

// ppoStep is one decision.
type ppoStep struct {
	place      int // of the action among the outputs of its observation
	propensity float64
	reward     float64
	discount   float64
	end        bool // of a run
	after      int  // what follows the end, in ppoBatch.after; −1: nothing that counts
}

func (r *ppoBatch) reset() {
	r.seen.Reset()
	r.after.Reset()
	r.offers.reset()
	r.steps = r.steps[:0]
}

// add appends one run, behind whose end something is on offer where its Discount is not 0. What prior says of a decision that is not finite makes it one that teaches nothing.
func (r *ppoBatch) add(n *network, run []*lepton.Transition, prior Prior) {
	for i, t := range run {
		n.add(&r.seen, &t.Obs)
		s := ppoStep{place: n.place(&t.Obs, t.Action), propensity: t.Propensity, reward: t.Reward, discount: t.Discount, after: -1}
		if !r.offers.add(n, &t.Obs, prior) {
			s.propensity = 0
			from, to := n.span(&r.seen, r.seen.Groups()-1)
			clear(r.prior[from:to])
		}
		if s.end = i == len(run)-1; s.end && t.Discount != 0 {
			s.after = r.after.Groups()
			n.add(&r.after, &t.Next)
		}
		r.steps = append(r.steps, s)
	}
}

// Advantages fills dst with generalised advantages (Schulman et al. 2016, equation 16) of a run of
// decisions, each with its own discount:
//
//	δ[t] = rewards[t] + discounts[t]·values[t+1] − values[t]
//	dst[t] = δ[t] + discounts[t]·λ·dst[t+1]
//
// values has one more element than the other slices: the value of what follows the run.
func Advantages(dst, rewards, discounts, values []float64, lambda float64) {
	next := 0.0
	for t := len(dst) - 1; t >= 0; t-- {
		delta := rewards[t] + discounts[t]*values[t+1] - values[t]
		next = delta + discounts[t]*lambda*next
		dst[t] = next
	}
}

func (r *ppoBatch) write(w *codec.Writer) {
	writeBatch(w, &r.seen)
	writeBatch(w, &r.after)
	r.offers.write(w)
	w.Int(len(r.steps))
	for _, s := range r.steps {
		w.Int(s.place)
		w.Float(s.propensity)
		w.Float(s.reward)
		w.Float(s.discount)
		w.Bool(s.end)
		w.Int(s.after)
	}
}

// readPPOBatch reads what write wrote of observations of n.
func readPPOBatch(in *codec.Reader, n *network, prior Prior) ppoBatch {
	r := ppoBatch{seen: readBatch(in, n), after: readBatch(in, n)}
	r.offers = readOffers(in, n, n.outputsOf(&r.seen), prior)
	for i := range in.Count(41) {
		s := ppoStep{place: in.Int(), propensity: in.Float(), reward: in.Float(), discount: in.Float(), end: in.Bool(), after: in.Int()}
		r.steps = append(r.steps, s)
		if i >= r.seen.Groups() || in.Err() != nil {
			in.Fail("more decisions than observations")
			return r
		}
		from, to := n.span(&r.seen, i)
		if s.place < 0 || s.place >= to-from || s.after < -1 || s.after >= r.after.Groups() || !moderate(s.reward, s.discount) {
			in.Fail("a decision that cannot be")
		}
	}
	if r.seen.Groups() != len(r.steps) || len(r.steps) > 0 && !r.steps[len(r.steps)-1].end {
		in.Fail("observations without a decision, or a run without an end")
	}
	return r
}

func writeBatch(w *codec.Writer, b *nn.Batch) {
	w.Floats32(b.Shared)
	w.Floats32(b.Rows)
	w.Int(b.Groups())
	for _, s := range b.Starts[1:] {
		w.Int(s)
	}
}

// readBatch reads what writeBatch wrote of observations of n.
func readBatch(in *codec.Reader, n *network) nn.Batch {
	b := nn.Batch{Shared: in.Floats32(), Rows: in.Floats32(), Starts: []int{0}}
	for range in.Count(8) {
		at := in.Int()
		if at < b.Len() || in.Err() != nil || perState(n.spec) && at != b.Len()+1 {
			in.Fail("a batch whose groups cannot be")
			break
		}
		b.Starts = append(b.Starts, at)
	}
	shared, row := n.net.Inputs()
	if row > 0 && b.Len() > len(b.Rows)/row || len(b.Shared) != b.Groups()*shared || len(b.Rows) != b.Len()*row || !finite32(b.Shared) || !finite32(b.Rows) {
		in.Fail("a batch of another size or with numbers that are not finite")
		b = nn.Batch{Starts: []int{0}}
	}
	return b
}

func finite32(x []float32) bool {
	for _, v := range x {
		if !finite(float64(v)) {
			return false
		}
	}
	return true
}
