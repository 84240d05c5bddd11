package nn

import "math/rand/v2"

// Network is the shape of an MLP, Context, Pool or Dueling. Immutable, safe for concurrent use.
type Network interface {
	// Params returns the number of parameters, and Inputs how many shared and row features are read.
	Params() int
	Inputs() (shared, row int)

	// Init draws params afresh; those of the last layer are scaled by last, so that 0.01 starts near 0.
	Init(params []float32, r *rand.Rand, last float64)

	// Forward computes the outputs of all rows (Pool: groups) of b, good until the next use of t.
	Forward(t *Tape, params []float32, b *Batch) []float32

	// Backward adds to grads the gradient of Σ dOut·output with respect to params, after Forward with the
	// same t, params and b. It spoils dOut.
	Backward(t *Tape, params []float32, b *Batch, dOut, grads []float32)

	// Evaluate computes the outputs of n rows of one group into dst, to the same bits as Forward, with
	// memory from s.
	Evaluate(dst, params, shared, rows []float32, n int, s Scratch)
}

// Scratch lends memory for one evaluation; a *lepton.Scratch is one.
type Scratch interface {
	Floats32(n int) []float32
}

// Tape keeps what a forward pass computed. The zero value is ready. Not safe for concurrent use.
type Tape struct {
	layers     [][]float32 // outputs of each layer, rows × width
	shift      []float32   // groups × width of the first layer: its bias with what is shared
	grad, prev []float32   // gradients at a layer and at the one before
	turned     []float32   // transposed weights

	first, second *Tape     // of the parts of the others
	joined        Batch     // what the second part reads
	shared, rows  []float32 // gradients at joined.Shared and joined.Rows
}

// part returns *t, made on first use.
func part(t **Tape) *Tape {
	if *t == nil {
		*t = new(Tape)
	}
	return *t
}

// sized returns *s with length n, not cleared.
func sized(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n+n/4)
	}
	*s = (*s)[:n]
	return *s
}
