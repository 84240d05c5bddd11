package rl

import (
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/nn"
	"github.com/leptonsched/lepton/internal/rng"
)

const (
	// chunkFloats is how many outputs of all layers are computed before their gradients are, so that they stay in
	// the cache, and chunkRows the fewest rows that are worth a chunk.
	chunkFloats, chunkRows = 1 << 16, 256
	// mostShards is how many sums of gradients an update has at most, to be added up in their order.
	mostShards = 8
)

// descent fits the parameters of a network by the gradient of a loss. Not safe for concurrent use.
type descent struct {
	*network
	options   NetworkOptions
	params    []float32
	optimizer *nn.Optimizer
	updates   uint64

	tried  []float32 // parameters after a step, until they are known to be finite
	shards []shard
	chunks []int // first group of each chunk, and the number of groups at the end
	latest *networkScorer
}

// shard is one part of an update.
type shard struct {
	tape  nn.Tape
	part  nn.Batch // the chunk in hand
	grads []float32
	dOut  []float32
	loss  float64
}

// newDescent returns a network with first parameters drawn from a stream of seed; those of the last layer
// are scaled by last.
func newDescent(n *network, o NetworkOptions, seed uint64, stream string, last float64) *descent {
	d := &descent{network: n, options: o, params: make([]float32, n.net.Params())}
	n.net.Init(d.params, rng.New(seed, stream), last)
	d.optimizer = nn.NewOptimizer(o.Optimizer.rule(), len(d.params))
	return d
}

// scorer returns an immutable snapshot.
func (d *descent) scorer() *networkScorer {
	if d.latest == nil {
		d.latest = &networkScorer{d.network, append([]float32(nil), d.params...)}
	}
	return d.latest
}

// lossFunc returns the loss of group g of a batch, whose outputs are out, and sets dOut, which comes
// zeroed, to its gradient. Groups of one update are asked in any order and at the same time.
type lossFunc func(g int, out, dOut []float32) float64

// step takes one step down the gradient of the sum of all groups' losses and returns that sum. An update
// that is not finite is left out, with ErrNotFinite.
func (d *descent) step(b *nn.Batch, loss lossFunc) (float64, error) {
	sum := d.gradient(b, loss)
	if !finite(sum) {
		return sum, ErrNotFinite
	}
	return sum, d.move(d.shards[0].grads)
}

// move takes one step against grads, which it shortens to MaxNorm.
func (d *descent) move(grads []float32) error {
	if norm := nn.Clip(grads, d.options.MaxNorm); !finite(norm) {
		return ErrNotFinite
	}
	d.tried = append(d.tried[:0], d.params...)
	d.optimizer.Step(d.tried, grads, d.options.StepSize.At(d.updates+1))
	if !nn.Finite(d.tried) {
		return ErrNotFinite
	}
	d.params, d.tried = d.tried, d.params
	d.updates++
	d.latest = nil
	return nil
}

// rescale makes every output of a network of values what it was, times scale, plus shift.
func (d *descent) rescale(scale, shift float64) {
	d.net.(interface {
		Rescale(params []float32, scale, shift float32)
	}).Rescale(d.params, float32(scale), float32(shift))
	d.latest = nil
}

// gradient puts the gradient of the sum of all losses into the first shard and returns that sum.
func (d *descent) gradient(b *nn.Batch, loss lossFunc) float64 {
	d.cut(b)
	n := min(mostShards, len(d.chunks)-1)
	for len(d.shards) < max(n, 1) {
		d.shards = append(d.shards, shard{grads: make([]float32, len(d.params))})
	}
	clear(d.shards[0].grads)
	nn.Shards(n, d.options.Workers, func(i int) {
		s := &d.shards[i]
		clear(s.grads)
		s.loss = 0
		for c := i; c < len(d.chunks)-1; c += n {
			d.addChunk(s, b, d.chunks[c], d.chunks[c+1], loss)
		}
	})
	sum := 0.0
	for i := range n {
		sum += d.shards[i].loss
		if i > 0 {
			total := d.shards[0].grads
			for j, g := range d.shards[i].grads {
				total[j] += g
			}
		}
	}
	return sum
}

// addChunk adds the losses and gradients of groups from to to.
func (d *descent) addChunk(s *shard, b *nn.Batch, from, to int, loss lossFunc) {
	out := d.forward(s, b, from, to)
	s.dOut = append(s.dOut[:0], out...)
	clear(s.dOut)
	for g := range to - from {
		begin, end := d.span(&s.part, g)
		s.loss += loss(from+g, out[begin:end], s.dOut[begin:end])
	}
	d.net.Backward(&s.tape, d.params, &s.part, s.dOut, s.grads)
}

// forward computes the outputs of groups from to to.
func (d *descent) forward(s *shard, b *nn.Batch, from, to int) []float32 {
	shared, row := d.net.Inputs()
	s.part = b.Slice(from, to, shared, row, s.part.Starts)
	return d.net.Forward(&s.tape, d.params, &s.part)
}

// cut divides the groups of b into chunks.
func (d *descent) cut(b *nn.Batch) {
	floats := 0
	for _, w := range d.form.hidden {
		floats += w
	}
	most := max(chunkRows, chunkFloats/max(floats, 1))
	d.chunks = append(d.chunks[:0], 0)
	for g := range b.Groups() {
		last := d.chunks[len(d.chunks)-1]
		if g > last && b.Starts[g+1]-b.Starts[last] > most {
			d.chunks = append(d.chunks, g)
		}
	}
	if b.Groups() > 0 {
		d.chunks = append(d.chunks, b.Groups())
	}
}

// each hands the outputs of every group of b to visit, in order.
func (d *descent) each(b *nn.Batch, visit func(g int, out []float32)) {
	d.cut(b)
	if len(d.shards) == 0 {
		d.shards = append(d.shards, shard{grads: make([]float32, len(d.params))})
	}
	s := &d.shards[0]
	for c := range len(d.chunks) - 1 {
		from, to := d.chunks[c], d.chunks[c+1]
		out := d.forward(s, b, from, to)
		for g := range to - from {
			begin, end := d.span(&s.part, g)
			visit(from+g, out[begin:end])
		}
	}
}

func (d *descent) write(w *codec.Writer) {
	w.Floats32(d.params)
	w.Uint64(d.updates)
	d.optimizer.Write(w)
}

// read returns a copy of d with what write wrote.
func (d *descent) read(in *codec.Reader) *descent {
	c := &descent{network: d.network, options: d.options, params: in.Floats32(), updates: in.Uint64()}
	if len(c.params) != len(d.params) || !nn.Finite(c.params) {
		in.Fail("parameters of another number or not finite")
	}
	c.optimizer = nn.NewOptimizer(d.options.Optimizer.rule(), len(d.params))
	c.optimizer.Read(in)
	return c
}
