package nn

import (
	"math"
	"math/rand/v2"

	"github.com/leptonsched/lepton/internal/simd"
)

// Activation is what follows a hidden layer.
type Activation uint8

// The activations.
const (
	ReLU Activation = iota // max(x, 0)
	Tanh
)

// MLP is a multilayer perceptron that scores each row together with what its group shares: dense layers
// with an Activation between them and none after the last (Goodfellow, Bengio & Courville 2016, chapter 6).
//
// Parameters are laid out layer by layer: weights inputs×outputs, row-major, shared inputs before those of
// the row, then biases.
type MLP struct {
	shared, row int
	widths      []int // outputs of each layer
	act         Activation
	activated   bool // the last layer has an activation as well
	params      int
}

// NewMLP returns a network of shared+row inputs, hidden layers of these widths, and out outputs a row.
func NewMLP(shared, row int, hidden []int, out int, act Activation) *MLP {
	m := &MLP{shared: shared, row: row, act: act}
	m.widths = append(append(m.widths, hidden...), out)
	in := shared + row
	for _, out := range m.widths {
		m.params += in*out + out
		in = out
	}
	return m
}

// newEmbedding returns an MLP whose last layer, too, has an activation.
func newEmbedding(shared, row int, widths []int, act Activation) *MLP {
	last := len(widths) - 1
	m := NewMLP(shared, row, widths[:last], widths[last], act)
	m.activated = true
	return m
}

// Params implements Network.
func (m *MLP) Params() int { return m.params }

// Inputs implements Network.
func (m *MLP) Inputs() (shared, row int) { return m.shared, m.row }

// Out returns the number of outputs a row.
func (m *MLP) Out() int { return m.widths[len(m.widths)-1] }

// layer is one layer's part of the parameters.
type layer struct {
	w, bias []float32
	in, out int
}

// layer returns layer i, whose parameters begin params, and the parameters after it.
func (m *MLP) layer(params []float32, i int) (layer, []float32) {
	in, out := m.shared+m.row, m.widths[i]
	if i > 0 {
		in = m.widths[i-1]
	}
	n := in * out
	return layer{params[:n], params[n : n+out], in, out}, params[n+out:]
}

// rectifies reports whether layer i ends in a rectifier, bends whether it ends in a Tanh.
func (m *MLP) rectifies(i int) bool { return m.act == ReLU && (m.activated || i < len(m.widths)-1) }
func (m *MLP) bends(i int) bool     { return m.act == Tanh && (m.activated || i < len(m.widths)-1) }

// Init implements Network: weights uniform with the variance that keeps signals alive (He et al. 2015 for
// ReLU, Glorot & Bengio 2010 for Tanh), biases 0.
func (m *MLP) Init(params []float32, r *rand.Rand, last float64) {
	for i := range m.widths {
		var l layer
		l, params = m.layer(params, i)
		bound := math.Sqrt(6 / float64(max(l.in, 1)))
		if m.act == Tanh {
			bound = math.Sqrt(6 / float64(l.in+l.out))
		}
		if i == len(m.widths)-1 {
			bound *= last
		}
		for j := range l.w {
			l.w[j] = float32(bound * (2*r.Float64() - 1))
		}
		clear(l.bias)
	}
}

// Forward implements Network.
func (m *MLP) Forward(t *Tape, params []float32, b *Batch) []float32 {
	for len(t.layers) < len(m.widths) {
		t.layers = append(t.layers, nil)
	}
	rows := b.Len()
	x := b.Rows
	for i := range m.widths {
		var l layer
		l, params = m.layer(params, i)
		y := sized(&t.layers[i], rows*l.out)
		if i == 0 && m.shared > 0 {
			m.forwardGroups(t, b, l, y)
		} else {
			simd.Dense(y, x, l.w, l.bias, rows, l.in, l.out, m.rectifies(i))
		}
		if m.bends(i) {
			simd.Tanh(y)
		}
		x = y
	}
	return x
}

// forwardGroups computes the first layer: what is shared goes into the bias of each group.
func (m *MLP) forwardGroups(t *Tape, b *Batch, l layer, y []float32) {
	split := m.shared * l.out
	shift := sized(&t.shift, b.Groups()*l.out)
	simd.Dense(shift, b.Shared, l.w[:split], l.bias, b.Groups(), m.shared, l.out, false)
	for g := range b.Groups() {
		from, to := b.Starts[g], b.Starts[g+1]
		simd.Dense(y[from*l.out:to*l.out], b.Rows[from*m.row:to*m.row], l.w[split:], shift[g*l.out:(g+1)*l.out],
			to-from, m.row, l.out, m.rectifies(0))
	}
}

// Backward implements Network.
func (m *MLP) Backward(t *Tape, params []float32, b *Batch, dOut, grads []float32) {
	m.backward(t, params, b, dOut, grads, nil, nil)
}

// backward is Backward; where dShared and dRows are not nil, it sets them to the gradients at the inputs.
func (m *MLP) backward(t *Tape, params []float32, b *Batch, dOut, grads, dShared, dRows []float32) {
	rows := b.Len()
	dy := dOut
	end := m.params
	for i := len(m.widths) - 1; i >= 0; i-- {
		in, out := m.shared+m.row, m.widths[i]
		if i > 0 {
			in = m.widths[i-1]
		}
		begin := end - in*out - out
		l, _ := m.layer(params[begin:], i)
		d, _ := m.layer(grads[begin:], i)
		end = begin
		if m.rectifies(i) {
			simd.Mask(dy, t.layers[i])
		} else if m.bends(i) {
			for j, y := range t.layers[i] {
				dy[j] *= 1 - y*y
			}
		}
		if i == 0 {
			m.backwardGroups(t, b, l, d, dy, dShared, dRows)
			return
		}
		simd.GradWeights(d.w, t.layers[i-1], dy, rows, in, out)
		simd.ColumnSums(d.bias, dy, rows, out)
		dx := sized(&t.prev, rows*in)
		simd.GradInput(dx, dy, l.w, sized(&t.turned, in*out), rows, in, out)
		dy = dx
		t.grad, t.prev = t.prev, t.grad
	}
}

// backwardGroups is the backward pass of the first layer.
func (m *MLP) backwardGroups(t *Tape, b *Batch, l, d layer, dy, dShared, dRows []float32) {
	split, rows, groups := m.shared*l.out, b.Len(), b.Groups()
	simd.GradWeights(d.w[split:], b.Rows, dy, rows, m.row, l.out)
	if dRows != nil {
		simd.GradInput(dRows, dy, l.w[split:], sized(&t.turned, m.row*l.out), rows, m.row, l.out)
	}
	if m.shared == 0 {
		simd.ColumnSums(d.bias, dy, rows, l.out)
		return
	}
	sums := sized(&t.shift, groups*l.out)
	clear(sums)
	for g := range groups {
		from, to := b.Starts[g], b.Starts[g+1]
		simd.ColumnSums(sums[g*l.out:(g+1)*l.out], dy[from*l.out:to*l.out], to-from, l.out)
	}
	simd.ColumnSums(d.bias, sums, groups, l.out)
	simd.GradWeights(d.w[:split], b.Shared, sums, groups, m.shared, l.out)
	if dShared != nil {
		simd.GradInput(dShared, sums, l.w[:split], sized(&t.turned, split), groups, m.shared, l.out)
	}
}

// evaluateTile is how many rows Evaluate takes through all layers at once, so that they stay in the cache.
const evaluateTile = 128

// Evaluate implements Network.
func (m *MLP) Evaluate(dst, params, shared, rows []float32, n int, s Scratch) {
	first, rest := m.layer(params, 0)
	bias := first.bias
	if m.shared > 0 {
		bias = s.Floats32(first.out)
		simd.Dense(bias, shared, first.w[:m.shared*first.out], first.bias, 1, m.shared, first.out, false)
	}
	widest := 0
	for _, w := range m.widths {
		widest = max(widest, w)
	}
	tile := min(n, evaluateTile)
	here, there := s.Floats32(tile*widest), s.Floats32(tile*widest)
	for from := 0; from < n; from += tile {
		k := min(tile, n-from)
		x, l, after := rows[from*m.row:(from+k)*m.row], first, rest
		l.w, l.bias, l.in = l.w[m.shared*l.out:], bias, m.row
		for i := range m.widths {
			if i > 0 {
				l, after = m.layer(after, i)
			}
			y := here[:k*l.out]
			if i == len(m.widths)-1 {
				y = dst[from*l.out : (from+k)*l.out]
			}
			simd.Dense(y, x, l.w, l.bias, k, l.in, l.out, m.rectifies(i))
			if m.bends(i) {
				simd.Tanh(y)
			}
			x, here, there = y, there, here
		}
	}
}

// Rescale makes every output what it was, times scale, plus shift.
func (m *MLP) Rescale(params []float32, scale, shift float32) {
	last := len(m.widths) - 1
	in := m.shared + m.row
	if last > 0 {
		in = m.widths[last-1]
	}
	out := m.widths[last]
	tail := params[len(params)-in*out-out:]
	for i := range tail {
		tail[i] *= scale
	}
	for i := in * out; i < len(tail); i++ {
		tail[i] += shift
	}
}
