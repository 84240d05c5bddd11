package rl

import (
	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
)

// networkModel scores actions by a network.
type networkModel struct {
	*descent
	gradient []float32 // Σ over the decisions since the last step, downhill
	batch    nn.Batch  // decisions whose gradient is still to be computed
	pulls    []float32 // of each output of the batch
}

// foldAt is the number of decisions whose gradients are computed at once.
const foldAt = 64

func newNetworkModel(spec lepton.Spec, o REINFORCEOptions) (*networkModel, error) {
	n, err := newNetwork(kindREINFORCE, spec, form{hidden: o.Network.Hidden, activation: o.Network.Activation, context: o.Network.Context})
	if err != nil {
		return nil, err
	}
	return makeNetworkModel(newDescent(n, *o.Network, o.Seed, kindREINFORCE, o.Prior.firstScale())), nil
}

func makeNetworkModel(d *descent) *networkModel {
	m := &networkModel{descent: d, gradient: make([]float32, len(d.params))}
	m.batch.Reset()
	return m
}

func (m *networkModel) scorer() (lepton.Scorer, error) { return m.descent.scorer(), nil }

func (m *networkModel) pull(obs *lepton.Observation, by []float64) {
	m.add(&m.batch, obs)
	from, to := m.span(&m.batch, m.batch.Groups()-1)
	m.pulls = append(m.pulls, make([]float32, to-from)...)
	for i, c := range by {
		if obs.Legal(i) {
			m.pulls[from+m.place(obs, i)] = float32(c)
		}
	}
	if m.batch.Groups() >= foldAt {
		m.fold()
	}
}

// fold adds the gradient of the batch to that of the decisions before.
func (m *networkModel) fold() {
	m.descent.gradient(&m.batch, func(g int, _, dOut []float32) float64 {
		begin, end := m.span(&m.batch, g)
		for j, c := range m.pulls[begin:end] {
			dOut[j] = -c
		}
		return 0
	})
	for i, g := range m.shards[0].grads {
		m.gradient[i] += g
	}
	m.batch.Reset()
	m.pulls = m.pulls[:0]
}

func (m *networkModel) step(decisions int, _ uint64) error {
	m.fold()
	defer clear(m.gradient)
	for i := range m.gradient {
		m.gradient[i] /= float32(decisions)
	}
	return m.move(m.gradient)
}

func (m *networkModel) write(w *codec.Writer) {
	m.descent.write(w)
	w.Floats32(m.gradient)
	writeBatch(w, &m.batch)
	w.Floats32(m.pulls)
}

func (m *networkModel) read(in *codec.Reader) scoreModel {
	c := makeNetworkModel(m.descent.read(in))
	c.gradient = in.Floats32() // may hold what the next step will refuse
	c.batch, c.pulls = readBatch(in, m.network), in.Floats32()
	if len(c.gradient) != len(m.gradient) || len(c.pulls) != c.outputsOf(&c.batch) || c.batch.Groups() >= foldAt {
		in.Fail("a gradient of another size")
	}
	return c
}
