package rl

import (
	"math"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
)

// targetBatch is what a teacher said and the network has not learned yet.
type targetBatch struct {
	batch   nn.Batch
	legal   []bool    // as in ppoBatch
	targets []float32 // of each output
	weights []float32 // of each observation
}

func (l *targetBatch) reset() {
	l.batch.Reset()
	l.legal, l.targets, l.weights = l.legal[:0], l.targets[:0], l.weights[:0]
}

// add appends what the teacher would do, unless there are most lessons already or it is no distribution.
func (l *targetBatch) add(n *network, obs *lepton.Observation, target []float64, weight float64, most int) bool {
	if len(target) != obs.Len() || len(l.weights) >= most || !moderate(target...) || !(weight > 0 && weight < largestFeature) {
		return false
	}
	n.add(&l.batch, obs)
	l.legal = appendLegal(l.legal, n, obs)
	from := len(l.targets)
	g := l.batch.Groups() - 1
	begin, end := n.span(&l.batch, g)
	for range end - begin {
		l.targets = append(l.targets, 0)
	}
	for i, p := range target {
		if obs.Legal(i) {
			l.targets[from+n.place(obs, i)] = float32(p)
		}
	}
	l.weights = append(l.weights, float32(weight))
	return true
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
		target, weight := l.targets[begin:end], l.weights[g]/total
		if len(l.legal) > 0 {
			maskOutputs(out, l.legal[begin:end])
		}
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

// maskOutputs makes the scores of actions that are not legal −Inf.
func maskOutputs(out []float32, legal []bool) {
	for i, ok := range legal {
		if !ok {
			out[i] = float32(math.Inf(-1))
		}
	}
}

func (l *targetBatch) write(w *codec.Writer) {
	writeBatch(w, &l.batch)
	w.Int(len(l.legal))
	for _, v := range l.legal {
		w.Bool(v)
	}
	w.Floats32(l.targets)
	w.Floats32(l.weights)
}

// readTargetBatch reads what write wrote of observations of n.
func readTargetBatch(in *codec.Reader, n *network) targetBatch {
	l := targetBatch{batch: readBatch(in, n)}
	for range in.Count(1) {
		l.legal = append(l.legal, in.Bool())
	}
	l.targets, l.weights = in.Floats32(), in.Floats32()
	outputs := 0
	if g := l.batch.Groups(); g > 0 {
		_, outputs = n.span(&l.batch, g-1)
	}
	legal := 0
	if perState(n.spec) {
		legal = outputs
	}
	if len(l.weights) != l.batch.Groups() || len(l.targets) != outputs || len(l.legal) != legal || !finite32(l.targets) || !finite32(l.weights) {
		in.Fail("lessons that cannot be")
	}
	return l
}
