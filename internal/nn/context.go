package nn

import (
	"math/rand/v2"

	"github.com/leptonsched/lepton/internal/simd"
)

// Context scores rows that matter to each other: each is embedded by itself, the mean of all embeddings
// of a group joins what the group shares, and a second pass scores each embedding with that. The order of
// the rows does not matter (Zaheer et al. 2017, Deep Sets).
type Context struct{ embed, score *MLP }

// NewContext returns a network whose embedding has layers of the widths embed, and whose second pass has
// hidden layers of these widths and one output a row.
func NewContext(shared, row int, embed, hidden []int, act Activation) *Context {
	e := newEmbedding(shared, row, embed, act)
	return &Context{e, NewMLP(shared+e.Out(), e.Out(), hidden, 1, act)}
}

// Params implements Network.
func (c *Context) Params() int { return c.embed.params + c.score.params }

// Inputs implements Network.
func (c *Context) Inputs() (shared, row int) { return c.embed.Inputs() }

// Init implements Network.
func (c *Context) Init(params []float32, r *rand.Rand, last float64) {
	c.embed.Init(params[:c.embed.params], r, 1)
	c.score.Init(params[c.embed.params:], r, last)
}

// Forward implements Network.
func (c *Context) Forward(t *Tape, params []float32, b *Batch) []float32 {
	first := part(&t.first)
	e := c.embed.Forward(first, params[:c.embed.params], b)
	t.joined = Batch{Shared: joinMeans(&t.joined.Shared, c.embed, b, e), Rows: e, Starts: b.Starts}
	return c.score.Forward(part(&t.second), params[c.embed.params:], &t.joined)
}

// Backward implements Network.
func (c *Context) Backward(t *Tape, params []float32, b *Batch, dOut, grads []float32) {
	width, split := c.embed.Out(), c.embed.params
	dShared := sized(&t.shared, b.Groups()*(c.embed.shared+width))
	dRows := sized(&t.rows, b.Len()*width)
	c.score.backward(t.second, params[split:], &t.joined, dOut, grads[split:], dShared, dRows)
	spreadMeans(dRows, dShared, c.embed, b)
	c.embed.Backward(t.first, params[:split], b, dRows, grads[:split])
}

// Evaluate implements Network.
func (c *Context) Evaluate(dst, params, shared, rows []float32, n int, s Scratch) {
	width, split := c.embed.Out(), c.embed.params
	e := s.Floats32(n * width)
	c.embed.Evaluate(e, params[:split], shared, rows, n, s)
	joined := s.Floats32(c.embed.shared + width)
	meanOf(joined, shared, e, n)
	c.score.Evaluate(dst, params[split:], joined, e, n, s)
}

// Pool gives one output for a whole group: each row is embedded, and the mean of the embeddings, joined
// with what the group shares, goes through a second perceptron. An empty group has the mean 0.
type Pool struct{ embed, head *MLP }

// NewPool returns a network whose embedding has layers of the widths embed, and whose head has hidden
// layers of these widths.
func NewPool(shared, row int, embed, hidden []int, act Activation) *Pool {
	e := newEmbedding(shared, row, embed, act)
	return &Pool{e, NewMLP(0, shared+e.Out(), hidden, 1, act)}
}

// Params implements Network.
func (p *Pool) Params() int { return p.embed.params + p.head.params }

// Inputs implements Network.
func (p *Pool) Inputs() (shared, row int) { return p.embed.Inputs() }

// Init implements Network.
func (p *Pool) Init(params []float32, r *rand.Rand, last float64) {
	p.embed.Init(params[:p.embed.params], r, 1)
	p.head.Init(params[p.embed.params:], r, last)
}

// Forward implements Network.
func (p *Pool) Forward(t *Tape, params []float32, b *Batch) []float32 {
	e := p.embed.Forward(part(&t.first), params[:p.embed.params], b)
	t.joined.Rows = joinMeans(&t.joined.Rows, p.embed, b, e)
	t.joined.Starts = append(t.joined.Starts[:0], 0, b.Groups())
	return p.head.Forward(part(&t.second), params[p.embed.params:], &t.joined)
}

// Backward implements Network.
func (p *Pool) Backward(t *Tape, params []float32, b *Batch, dOut, grads []float32) {
	width, split := p.embed.Out(), p.embed.params
	dJoined := sized(&t.shared, b.Groups()*(p.embed.shared+width))
	p.head.backward(t.second, params[split:], &t.joined, dOut, grads[split:], nil, dJoined)
	dRows := sized(&t.rows, b.Len()*width)
	clear(dRows)
	spreadMeans(dRows, dJoined, p.embed, b)
	p.embed.Backward(t.first, params[:split], b, dRows, grads[:split])
}

// Evaluate implements Network.
func (p *Pool) Evaluate(dst, params, shared, rows []float32, n int, s Scratch) {
	width, split := p.embed.Out(), p.embed.params
	e := s.Floats32(n * width)
	p.embed.Evaluate(e, params[:split], shared, rows, n, s)
	joined := s.Floats32(p.embed.shared + width)
	meanOf(joined, shared, e, n)
	p.head.Evaluate(dst, params[split:], nil, joined, 1, s)
}

// joinMeans fills *dst with, for each group of b, what it shares and the mean of its embeddings.
func joinMeans(dst *[]float32, embed *MLP, b *Batch, e []float32) []float32 {
	width := embed.Out()
	both := embed.shared + width
	joined := sized(dst, b.Groups()*both)
	for g := range b.Groups() {
		from, to := b.Starts[g], b.Starts[g+1]
		meanOf(joined[g*both:(g+1)*both], b.Shared[g*embed.shared:(g+1)*embed.shared], e[from*width:to*width], to-from)
	}
	return joined
}

// meanOf sets joined to shared, followed by the mean of the n embeddings e.
func meanOf(joined, shared, e []float32, n int) {
	mean := joined[copy(joined, shared):]
	clear(mean)
	simd.ColumnSums(mean, e, n, len(mean))
	scale := 1 / float32(max(n, 1))
	for j := range mean {
		mean[j] *= scale
	}
}

// spreadMeans adds to the gradient of each embedding its part of the gradient of its group's mean.
func spreadMeans(dRows, dJoined []float32, embed *MLP, b *Batch) {
	width := embed.Out()
	both := embed.shared + width
	for g := range b.Groups() {
		from, to := b.Starts[g], b.Starts[g+1]
		d := dJoined[g*both+embed.shared : (g+1)*both]
		for r := from; r < to; r++ {
			simd.Axpy(dRows[r*width:(r+1)*width], 1/float32(to-from), d)
		}
	}
}

// Rescale makes every output what it was, times scale, plus shift.
func (p *Pool) Rescale(params []float32, scale, shift float32) {
	p.head.Rescale(params[p.embed.params:], scale, shift)
}
