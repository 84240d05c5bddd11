package rl

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
)

// offers is what the observations of a batch say of a network's outputs beside its inputs: which belong to
// legal actions, and what a prior adds to them.
type offers struct {
	legal []bool    // of each output, where actions have outputs of their own; else only legal ones have any
	prior []float32 // of each output, less the highest, which no softmax sees; empty without a prior
	work  lepton.Scratch
}

func (o *offers) reset() { o.legal, o.prior = o.legal[:0], o.prior[:0] }

// add appends what obs says of its outputs. It reports whether all of that is finite.
func (o *offers) add(n *network, obs *lepton.Observation, prior Prior) bool {
	outputs := obs.LegalCount()
	if perState(n.spec) {
		outputs = n.spec.Actions
		from := len(o.legal)
		o.legal = append(o.legal, make([]bool, outputs)...)
		for i := range obs.Len() {
			o.legal[from+int(obs.ID(i))] = o.legal[from+int(obs.ID(i))] || obs.Legal(i)
		}
	}
	if prior.scorer == nil {
		return true
	}
	from := len(o.prior)
	o.prior = append(o.prior, make([]float32, outputs)...)
	o.work.Reset()
	scores := o.work.Floats(obs.Len())
	prior.scorer.Scores(scores, obs, &o.work)
	usable, top := true, math.Inf(-1)
	for i, s := range scores {
		if obs.Legal(i) {
			top = max(top, s)
			usable = usable && math.Abs(s) <= largestFeature
		}
	}
	for i, s := range scores {
		if obs.Legal(i) {
			o.prior[from+n.place(obs, i)] = float32(s - top) // so that times of day do not lose their seconds
		}
	}
	return usable
}

// complete makes the network's outputs, from and to in the batch, the scores of actions: −Inf where they
// are not legal.
func (o *offers) complete(out []float32, from, to int) {
	if len(o.prior) > 0 {
		for i, p := range o.prior[from:to] {
			out[i] += p
		}
	}
	if len(o.legal) > 0 {
		for i, ok := range o.legal[from:to] {
			if !ok {
				out[i] = float32(math.Inf(-1))
			}
		}
	}
}

func (o *offers) write(w *codec.Writer) {
	w.Int(len(o.legal))
	for _, v := range o.legal {
		w.Bool(v)
	}
	w.Floats32(o.prior)
}

// readOffers reads what write wrote of so many outputs of n.
func readOffers(in *codec.Reader, n *network, outputs int, prior Prior) offers {
	var o offers
	for range in.Count(1) {
		o.legal = append(o.legal, in.Bool())
	}
	o.prior = in.Floats32()
	legal, priors := 0, 0
	if perState(n.spec) {
		legal = outputs
	}
	if prior.scorer != nil {
		priors = outputs
	}
	if len(o.legal) != legal || len(o.prior) != priors || !finite32(o.prior) {
		in.Fail("another number of outputs, or a prior that is not finite")
	}
	return o
}
