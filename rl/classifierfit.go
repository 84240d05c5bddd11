package rl

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/supervised"
)

const kindClassifier = "rl.classifier"

// classifierFit is a fit on its way.
type classifierFit struct {
	options       Classifier
	model         *ClassifierModel // with the best parameters so far
	descent       *descent
	order         []int      // of the rows, shuffled
	rng           *rand.Rand // that shuffles them
	rows, heldOut tableRows
	taken         []int    // rows of the minibatch
	batch         nn.Batch // and their numbers
}

// newClassifierFit checks and lays out d.
func newClassifierFit(o Classifier, d *supervised.Dataset) (*classifierFit, error) {
	d, err := weighted(d)
	if err != nil {
		return nil, err
	}
	m := &ClassifierModel{schema: d.Schema(), inputs: newTableInputs(d.Schema().Columns)}
	if m.present, err = presentClasses(d); err != nil {
		return nil, err
	}
	if err := allMissing(d); err != nil {
		return nil, err
	}
	train, held, err := o.part(d)
	if err != nil {
		return nil, err
	}
	if _, err := presentClasses(train); err != nil {
		return nil, fmt.Errorf("without the rows held out: %w", err)
	}
	m.inputs.measure(train, weightsOf(train))
	if err := m.inputs.validate(); err != nil {
		return nil, err
	}
	m.net, err = classifierNetwork(m.inputs.slots(), len(m.present), form{hidden: slices.Clone(o.Network.Hidden), activation: o.Network.Activation})
	if err != nil {
		return nil, err
	}
	f := &classifierFit{options: o, model: m, rows: m.layOut(train), heldOut: m.layOut(held)}
	f.descent = newDescent(m.net, o.Network, o.Seed, kindClassifier, 0.1)
	f.rng = rng.New(o.Seed, kindClassifier+".order")
	for i := range f.rows.class {
		f.order = append(f.order, i)
	}
	return f, nil
}

// classifierNetwork returns the network that tells n classes apart: two need one output.
func classifierNetwork(slots, n int, f form) (*network, error) {
	if n == 2 {
		n = 1
	}
	return newNetwork(kindClassifier, lepton.Spec{StateDim: slots, Actions: n}, f)
}

// run fits until the epochs or the patience are at an end.
func (f *classifierFit) run(ctx context.Context) error {
	m := f.model
	best := 0 // epoch of the least held-out loss
	for epoch := 1; epoch <= f.options.Epochs; epoch++ {
		e := ClassifierEpoch{Epoch: epoch, HeldOut: math.NaN()}
		var err error
		if e.Loss, err = f.pass(ctx); err != nil {
			return fmt.Errorf("epoch %d: %w", epoch, err)
		}
		stopping := len(f.heldOut.class) > 0
		if stopping {
			e.HeldOut = f.measure()
		}
		m.history = append(m.history, e)
		if f.options.Progress != nil {
			f.options.Progress(e)
		}
		if best == 0 || !stopping || e.HeldOut < m.history[best-1].HeldOut {
			best = epoch
			m.params = append(m.params[:0], f.descent.params...)
		}
		if stopping && epoch-best >= f.options.Patience {
			break
		}
	}
	return m.validate()
}

// pass learns from all rows once and returns their mean loss.
func (f *classifierFit) pass(ctx context.Context) (float64, error) {
	n, slots := len(f.order), f.model.inputs.slots()
	if f.options.Batch < n {
		f.rng.Shuffle(n, func(i, j int) { f.order[i], f.order[j] = f.order[j], f.order[i] })
	}
	sum := 0.0
	for from := 0; from < n; from += f.options.Batch {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		f.taken = f.order[from:min(from+f.options.Batch, n)]
		f.batch.Reset()
		for _, i := range f.taken {
			f.batch.Rows = append(f.batch.Rows, f.rows.x.Rows[i*slots:(i+1)*slots]...)
			f.batch.EndGroup(1)
		}
		loss, err := f.step()
		if err != nil {
			return 0, err
		}
		sum += loss
	}
	return sum / float64(n), nil
}

// step learns from the minibatch and returns the sum of its losses.
func (f *classifierFit) step() (float64, error) {
	d := f.descent
	share := 1 / float64(len(f.taken))
	loss := d.gradient(&f.batch, func(g int, out, dOut []float32) float64 {
		i := f.taken[g]
		return f.rows.weight[i] * crossEntropy(out, f.rows.class[i], dOut, f.rows.weight[i]*share)
	})
	if !finite(loss) {
		return loss, ErrNotFinite
	}
	grads := d.shards[0].grads
	if f.options.L2 > 0 {
		d.layers(func(from, split, _ int) {
			for j := from; j < split; j++ {
				grads[j] += float32(f.options.L2) * d.params[j]
			}
		})
	}
	return loss, d.move(grads)
}

// layers calls visit with the places of each layer among the parameters of a network of the state alone:
// weights, inputs×outputs, from from to split, and biases to to.
func (n *network) layers(visit func(from, split, to int)) {
	at, in := 0, n.spec.StateDim
	for _, out := range append(slices.Clone(n.form.hidden), n.outputs) {
		visit(at, at+in*out, at+in*out+out)
		at, in = at+in*out+out, out
	}
}

// measure returns the mean loss of the rows held out.
func (f *classifierFit) measure() float64 {
	sum := 0.0
	spare := make([]float32, f.model.net.outputs)
	f.descent.each(&f.heldOut.x, func(i int, out []float32) {
		sum += f.heldOut.weight[i] * crossEntropy(out, f.heldOut.class[i], spare, 0)
	})
	return sum / float64(len(f.heldOut.class))
}

// crossEntropy returns −log p(class), where p is the logistic function of one output, or the softmax of more,
// and sets dOut to its gradient times scale.
func crossEntropy(out []float32, class int, dOut []float32, scale float64) float64 {
	if len(out) == 1 {
		// max(z, 0) − z·y + log(1 + e^−|z|), with gradient logistic(z) − y
		z, y := float64(out[0]), float64(class)
		dOut[0] = float32(scale * (logistic(z) - y))
		return max(z, 0) - z*y + math.Log1p(math.Exp(-math.Abs(z)))
	}
	sum := logSumExp(out)
	for k, z := range out {
		p := math.Exp(float64(z) - sum)
		if k == class {
			p--
		}
		dOut[k] = float32(scale * p)
	}
	return sum - float64(out[class])
}
