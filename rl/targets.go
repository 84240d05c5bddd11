package rl

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
)

// targetBatch is what a teacher said and the network has not learned yet.
type targetBatch struct {
	batch nn.Batch
	offers
	targets []float32 // of each output
	weights []float32 // of each observation
}

func (l *targetBatch) reset() {
	l.batch.Reset()
	l.offers.reset()
	l.targets, l.weights = l.targets[:0], l.weights[:0]
}

// add appends what the teacher would do, unless there are most already or it is no distribution.
func (l *targetBatch) add(n *network, obs *lepton.Observation, target []float64, weight float64, prior Prior, most int) bool {
	if len(target) != obs.Len() || len(l.weights) >= most || !probabilities(target, obs) || !(weight > 0 && weight < largestFeature) {
		return false
	}
	n.add(&l.batch, obs)
	from, to := n.span(&l.batch, l.batch.Groups()-1)
	l.targets = append(l.targets, make([]float32, to-from)...)
	for i, p := range target {
		if obs.Legal(i) {
			l.targets[from+n.place(obs, i)] = float32(p)
		}
	}
	if !l.offers.add(n, obs, prior) {
		clear(l.prior[from:to])
		weight = 0
	}
	l.weights = append(l.weights, float32(weight))
	return weight > 0
}

// teach takes one step of d down the cross-entropy of all lessons, and forgets them:
//
//	−Σ weight·Σ target·log π   over the sum of the weights
func (l *targetBatch) teach(d *descent) (float64, error) {
	total := float32(0)
	for _, w := range l.weights {
		total += w
	}
	loss, err := d.step(&l.batch, func(g int, out, dOut []float32) float64 {
		begin, end := d.span(&l.batch, g)
		target, weight := l.targets[begin:end], l.weights[g]/max(total, math.SmallestNonzeroFloat32)
		l.complete(out, begin, end)
		top, sum := softmax32(dOut, out)
		loss := 0.0
		for i, p := range target {
			if p > 0 {
				loss -= float64(p) * float64(out[i]-top-sum)
			}
			dOut[i] = weight * (dOut[i] - p)
		}
		return float64(weight) * loss
	})
	l.reset()
	return loss, err
}

func (l *targetBatch) write(w *codec.Writer) {
	writeBatch(w, &l.batch)
	l.offers.write(w)
	w.Floats32(l.targets)
	w.Floats32(l.weights)
}

// readTargetBatch reads what write wrote of observations of n.
func readTargetBatch(in *codec.Reader, n *network, prior Prior) targetBatch {
	l := targetBatch{batch: readBatch(in, n)}
	outputs := n.outputsOf(&l.batch)
	l.offers = readOffers(in, n, outputs, prior)
	l.targets, l.weights = in.Floats32(), in.Floats32()
	if len(l.weights) != l.batch.Groups() || len(l.targets) != outputs || !finite32(l.targets) || !finite32(l.weights) {
		in.Fail("targets that cannot be")
	}
	return l
}
