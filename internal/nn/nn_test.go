package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type shape struct {
	name        string
	net         Network
	shared, row int
	out         int // per row; 0: one per group
}

func shapes() []shape {
	var all []shape
	for act, name := range []string{ReLU: "relu", Tanh: "tanh"} {
		for _, in := range [][2]int{{0, 5}, {3, 4}, {2, 1}} {
			shared, row := in[0], in[1]
			add := func(kind string, out int, net Network) {
				all = append(all, shape{fmt.Sprintf("%s/%s/shared=%d/row=%d", kind, name, shared, row), net, shared, row, out})
			}
			add("mlp", 3, NewMLP(shared, row, []int{7, 6}, 3, Activation(act)))
			add("linear", 2, NewMLP(shared, row, nil, 2, Activation(act)))
			add("context", 1, NewContext(shared, row, []int{6, 5}, []int{4}, Activation(act)))
			if shared == 0 {
				add("dueling outputs", 3, NewDuelingOutputs(row, []int{7, 6}, 3, Activation(act)))
			}
			add("dueling rows", 1, NewDuelingRows(NewMLP(shared, row, []int{6}, 1, Activation(act)), NewPool(shared, row, []int{5}, []int{4}, Activation(act))))
			add("pool", 0, NewPool(shared, row, []int{6, 5}, []int{4}, Activation(act)))
		}
	}
	return all
}

// world is a random batch with parameters, in both precisions.
type world struct {
	batch  Batch
	params []float32
	wide   []float64
	shared [][]float64
	rows   [][][]float64
}

func newWorld(s shape, r *rand.Rand) *world {
	w := &world{params: make([]float32, s.net.Params())}
	s.net.Init(w.params, r, 1)
	for i := range w.params {
		w.params[i] += float32(0.1 * r.NormFloat64()) // biases are 0 from Init
	}
	w.batch.Reset()
	for _, n := range []int{3, 1, 5} {
		var shared []float64
		var rows [][]float64
		draw := func(dst *[]float32) float64 {
			x := float32(r.NormFloat64())
			*dst = append(*dst, x)
			return float64(x)
		}
		for range s.shared {
			shared = append(shared, draw(&w.batch.Shared))
		}
		for range n {
			var row []float64
			for range s.row {
				row = append(row, draw(&w.batch.Rows))
			}
			rows = append(rows, row)
		}
		w.shared, w.rows = append(w.shared, shared), append(w.rows, rows)
		w.batch.EndGroup(n)
	}
	for _, p := range w.params {
		w.wide = append(w.wide, float64(p))
	}
	return w
}

func (w *world) outputs(n Network, params []float64) []float64 {
	var out []float64
	for g := range w.rows {
		out = append(out, twin(n, params, w.shared[g], w.rows[g])...)
	}
	return out
}

func TestForwardAgreesWithTwin(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(s, rng.New(1, s.name))
			want := w.outputs(s.net, w.wide)
			var tape Tape
			for range 2 { // the second time on used memory
				got := s.net.Forward(&tape, w.params, &w.batch)
				require.Len(t, got, len(want))
				for i := range want {
					assert.InDelta(t, want[i], got[i], 1e-5)
				}
			}
		})
	}
}

// Each gradient is compared with finite differences of the twin.
func TestGradientsAgreeWithFiniteDifferences(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			r := rng.New(2, s.name)
			w := newWorld(s, r)
			pull := make([]float32, len(w.outputs(s.net, w.wide)))
			for i := range pull {
				pull[i] = float32(r.NormFloat64())
			}
			objective := func(params []float64) float64 {
				sum := 0.0
				for i, y := range w.outputs(s.net, params) {
					sum += float64(pull[i]) * y
				}
				return sum
			}
			var tape Tape
			before := float32(0.5)
			grads := make([]float32, len(w.params))
			for i := range grads {
				grads[i] = before // Backward adds
			}
			s.net.Forward(&tape, w.params, &w.batch)
			s.net.Backward(&tape, w.params, &w.batch, append([]float32{}, pull...), grads)
			for i := range w.wide {
				const h = 1e-6
				up, down := append([]float64{}, w.wide...), append([]float64{}, w.wide...)
				up[i] += h
				down[i] -= h
				want := (objective(up) - objective(down)) / (2 * h)
				assert.InDelta(t, want, grads[i]-before, 1e-4*(1+math.Abs(want)), "parameter %d", i)
			}
		})
	}
}

func TestEvaluateIsForward(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(s, rng.New(3, s.name))
			var tape Tape
			all := s.net.Forward(&tape, w.params, &w.batch)
			var scratch lepton.Scratch
			for g := range w.batch.Groups() {
				one := w.batch.Slice(g, g+1, s.shared, s.row, nil)
				n := one.Len()
				want := all[w.batch.Starts[g]*s.out : w.batch.Starts[g+1]*s.out]
				if s.out == 0 {
					want = all[g : g+1]
				}
				got := make([]float32, len(want))
				evaluate := func() {
					scratch.Reset()
					s.net.Evaluate(got, w.params, one.Shared, one.Rows, n, &scratch)
				}
				evaluate()
				assert.Equal(t, want, got)
				evaluate()
				assert.Zero(t, testing.AllocsPerRun(10, evaluate))
			}
		})
	}
}

// More rows than one tile holds.
func TestEvaluateInTiles(t *testing.T) {
	r := rng.New(4, "tiles")
	net := NewMLP(2, 3, []int{8, 4}, 1, ReLU)
	params := make([]float32, net.Params())
	net.Init(params, r, 1)
	const n = 2*evaluateTile + 5
	var b Batch
	b.Reset()
	b.Shared = append(b.Shared, 1, -1)
	for range 3 * n {
		b.Rows = append(b.Rows, float32(r.NormFloat64()))
	}
	b.EndGroup(n)
	got := make([]float32, n)
	net.Evaluate(got, params, b.Shared, b.Rows, n, new(lepton.Scratch))
	assert.Equal(t, net.Forward(new(Tape), params, &b), got)
}

// Rows of a set in another order get the same scores.
func TestContextDoesNotDependOnOrder(t *testing.T) {
	s := shape{"context", NewContext(1, 2, []int{4}, []int{4}, ReLU), 1, 2, 1}
	w := newWorld(s, rng.New(5, "order"))
	one := w.batch.Slice(2, 3, 1, 2, nil)
	n := one.Len()
	turned := make([]float32, 0, len(one.Rows))
	for i := n - 1; i >= 0; i-- {
		turned = append(turned, one.Rows[2*i:2*i+2]...)
	}
	a, b := make([]float32, n), make([]float32, n)
	s.net.Evaluate(a, w.params, one.Shared, one.Rows, n, new(lepton.Scratch))
	s.net.Evaluate(b, w.params, one.Shared, turned, n, new(lepton.Scratch))
	for i := range a {
		assert.InDelta(t, a[i], b[n-1-i], 1e-6)
	}
}

func TestInitStartsNearZeroWhereAsked(t *testing.T) {
	net := NewMLP(0, 4, []int{16}, 2, ReLU)
	params := make([]float32, net.Params())
	net.Init(params, rng.New(6, "init"), 0)
	assert.NotZero(t, Norm(params))
	var b Batch
	b.Reset()
	b.Rows = append(b.Rows, 1, 2, 3, 4)
	b.EndGroup(1)
	assert.Equal(t, []float32{0, 0}, net.Forward(new(Tape), params, &b))
}

// The rules by hand: the first step of Adam and RMSProp does not depend on the gradient's size.
func TestOptimizerSteps(t *testing.T) {
	for _, c := range []struct {
		rule Rule
		want []float64 // after one and two steps with gradient 4
	}{
		{Adam, []float64{0.9, 0.8}},
		{RMSProp, []float64{1 - 0.1/math.Sqrt(0.01), 1 - 0.1/math.Sqrt(0.01) - 0.1/math.Sqrt(0.0199)}},
		{SGD, []float64{0.6, 0.2}},
	} {
		o := NewOptimizer(c.rule, 1)
		p := []float32{1}
		for _, want := range c.want {
			o.Step(p, []float32{4}, 0.1)
			assert.InDelta(t, want, p[0], 1e-5)
		}
	}
}

func TestOptimizersContinueFromWhatWasWritten(t *testing.T) {
	for _, rule := range []Rule{Adam, RMSProp, SGD} {
		a := NewOptimizer(rule, 3)
		p := []float32{1, 2, 3}
		a.Step(p, []float32{1, -1, 2}, 0.1)
		var w codec.Writer
		a.Write(&w)
		b := NewOptimizer(rule, 3)
		in := codec.NewReader(w.Bytes())
		b.Read(in)
		require.NoError(t, in.Close())
		q := append([]float32{}, p...)
		for _, o := range []struct {
			by     *Optimizer
			params []float32
		}{{a, p}, {b, q}} {
			o.by.Step(o.params, []float32{0.5, 1, -3}, 0.1)
		}
		assert.Equal(t, p, q)

		other := codec.NewReader(w.Bytes())
		NewOptimizer(rule, 4).Read(other)
		if rule != SGD {
			assert.Error(t, other.Err(), "another size")
		}
	}
}

func TestClipShortens(t *testing.T) {
	g := []float32{3, 4}
	assert.InDelta(t, 5, Clip(g, 1), 1e-6)
	assert.InDeltaSlice(t, []float64{0.6, 0.8}, []float64{float64(g[0]), float64(g[1])}, 1e-6)
	assert.InDelta(t, 1, Clip(g, 2), 1e-6)
	assert.InDelta(t, 1, Norm(g), 1e-6, "short ones stay")
	nan := []float32{float32(math.NaN()), 1}
	assert.True(t, math.IsNaN(Clip(nan, 1)))
	assert.False(t, Finite(nan))
	assert.False(t, Finite([]float32{float32(math.Inf(1))}))
	assert.True(t, Finite(make([]float32, 3*normBlock+1)))
}

func TestShardsRunEachOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 5} {
		done := make([]int, 7)
		Shards(len(done), workers, func(i int) { done[i]++ })
		assert.Equal(t, []int{1, 1, 1, 1, 1, 1, 1}, done, "workers=%d", workers)
	}
}

// A network of each kind learns a function that the row alone does not tell: the rank within the group.
func TestNetworksLearn(t *testing.T) {
	const group = 5
	for _, c := range []struct {
		name  string
		net   Network
		below float64 // mean square error reached
		above float64 // and not undercut: the row alone cannot know its rank
	}{
		{"mlp", NewMLP(1, 1, []int{16}, 1, ReLU), 1, 0.01},
		{"context", NewContext(1, 1, []int{32, 16}, []int{16}, ReLU), 0.02, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rng.New(7, c.name)
			params, grads := make([]float32, c.net.Params()), make([]float32, c.net.Params())
			c.net.Init(params, r, 1)
			o := NewOptimizer(Adam, len(params))
			var tape Tape
			loss := 0.0
			for step := range 1500 {
				var b Batch
				b.Reset()
				var want []float32
				for range 8 {
					base := float32(r.NormFloat64()) // the whole group is shifted
					var mean float32
					rows := make([]float32, group)
					for i := range rows {
						rows[i] = base + float32(r.NormFloat64())
						mean += rows[i] / group
					}
					b.Shared = append(b.Shared, 1)
					b.Rows = append(b.Rows, rows...)
					for _, x := range rows {
						want = append(want, x-mean)
					}
					b.EndGroup(group)
				}
				out := c.net.Forward(&tape, params, &b)
				d := make([]float32, len(out))
				sum := 0.0
				for i, y := range out {
					e := y - want[i]
					sum += float64(e * e)
					d[i] = 2 * e / float32(len(out))
				}
				if step >= 1400 {
					loss += sum / float64(len(out)) / 100
				}
				clear(grads)
				c.net.Backward(&tape, params, &b, d, grads)
				o.Step(params, grads, 0.005)
			}
			assert.Less(t, loss, c.below)
			assert.GreaterOrEqual(t, loss, c.above)
		})
	}
}

func TestRescaleMovesOutputs(t *testing.T) {
	for _, s := range shapes() {
		net, ok := s.net.(interface {
			Network
			Rescale(params []float32, scale, shift float32)
		})
		if !ok {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(s, rng.New(8, s.name))
			before := append([]float32{}, net.Forward(new(Tape), w.params, &w.batch)...)
			net.Rescale(w.params, 3, -1)
			for i, y := range net.Forward(new(Tape), w.params, &w.batch) {
				assert.InDelta(t, 3*before[i]-1, y, 1e-4)
			}
		})
	}
}
