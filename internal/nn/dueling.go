package nn

import (
	"math/rand/v2"

	"github.com/leptonsched/lepton/internal/simd"
)

// Dueling splits scores into the value of the whole and the advantage of each, less the mean advantage
// (Wang et al. 2016, equation 9). For the outputs of a row, advantages and value come from one MLP with
// one more output; for the rows of a group, from a network each.
type Dueling struct {
	advantage, value Network
	outputs          int // scores of a row, where one MLP computes all of them; 0: a score for each row of a group
}

// NewDuelingOutputs returns a network of so many scores a row.
func NewDuelingOutputs(row int, hidden []int, outputs int, act Activation) *Dueling {
	return &Dueling{advantage: NewMLP(0, row, hidden, outputs+1, act), outputs: outputs}
}

// NewDuelingRows returns a network that scores each row by advantage, plus the value of its group.
func NewDuelingRows(advantage Network, value *Pool) *Dueling {
	return &Dueling{advantage: advantage, value: value}
}

// Params implements Network.
func (d *Dueling) Params() int {
	if d.value == nil {
		return d.advantage.Params()
	}
	return d.advantage.Params() + d.value.Params()
}

// Inputs implements Network.
func (d *Dueling) Inputs() (shared, row int) { return d.advantage.Inputs() }

// Init implements Network.
func (d *Dueling) Init(params []float32, r *rand.Rand, last float64) {
	split := d.advantage.Params()
	d.advantage.Init(params[:split], r, last)
	if d.value != nil {
		d.value.Init(params[split:], r, last)
	}
}

// Forward implements Network.
func (d *Dueling) Forward(t *Tape, params []float32, b *Batch) []float32 {
	split := d.advantage.Params()
	a := d.advantage.Forward(part(&t.first), params[:split], b)
	if d.value == nil {
		rows := b.Len()
		out := sized(&t.rows, rows*d.outputs)
		for r := range rows {
			duel(out[r*d.outputs:(r+1)*d.outputs], a[r*(d.outputs+1):], a[r*(d.outputs+1)+d.outputs])
		}
		return out
	}
	v := d.value.Forward(part(&t.second), params[split:], b)
	out := sized(&t.rows, len(a))
	for g := range b.Groups() {
		from, to := b.Starts[g], b.Starts[g+1]
		duel(out[from:to], a[from:to], v[g])
	}
	return out
}

// Backward implements Network.
func (d *Dueling) Backward(t *Tape, params []float32, b *Batch, dOut, grads []float32) {
	split := d.advantage.Params()
	if d.value == nil {
		rows := b.Len()
		da := sized(&t.shared, rows*(d.outputs+1))
		for r := range rows {
			row := da[r*(d.outputs+1) : (r+1)*(d.outputs+1)]
			row[d.outputs] = unduel(row[:d.outputs], dOut[r*d.outputs:])
		}
		d.advantage.Backward(t.first, params, b, da, grads)
		return
	}
	dv := sized(&t.shared, b.Groups())
	for g := range dv {
		from, to := b.Starts[g], b.Starts[g+1]
		dv[g] = unduel(dOut[from:to], dOut[from:to])
	}
	d.advantage.Backward(t.first, params[:split], b, dOut, grads[:split])
	d.value.Backward(t.second, params[split:], b, dv, grads[split:])
}

// Evaluate implements Network.
func (d *Dueling) Evaluate(dst, params, shared, rows []float32, n int, s Scratch) {
	split := d.advantage.Params()
	if d.value == nil {
		a := s.Floats32(n * (d.outputs + 1))
		d.advantage.Evaluate(a, params, shared, rows, n, s)
		for r := range n {
			duel(dst[r*d.outputs:(r+1)*d.outputs], a[r*(d.outputs+1):], a[r*(d.outputs+1)+d.outputs])
		}
		return
	}
	v := s.Floats32(1)
	d.advantage.Evaluate(dst, params[:split], shared, rows, n, s)
	d.value.Evaluate(v, params[split:], shared, rows, n, s)
	duel(dst, dst, v[0])
}

// duel sets out to v + a − mean a; a may be out.
func duel(out, a []float32, v float32) {
	a = a[:len(out)]
	shift := v - mean(a)
	for i, x := range a {
		out[i] = x + shift
	}
}

// unduel sets da to the gradient at the advantages and returns that at the value; dOut may be da.
func unduel(da, dOut []float32) float32 {
	dOut = dOut[:len(da)]
	m := mean(dOut)
	for i, x := range dOut {
		da[i] = x - m
	}
	return m * float32(len(dOut))
}

func mean(x []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	var sum [1]float32
	simd.ColumnSums(sum[:], x, len(x), 1)
	return sum[0] / float32(len(x))
}
