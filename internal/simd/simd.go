package simd

// Dense computes y = x·w + bias, a layer of a network, and max(·, 0) of it with relu: x is rows×in, w
// in×out, y rows×out. A row of y depends on the same row of x alone, bit for bit: a batch computes what its
// rows compute one by one.
func Dense(y, x, w, bias []float32, rows, in, out int, relu bool) {
	holds(y, rows, out)
	holds(x, rows, in)
	holds(w, in, out)
	holds(bias, 1, out)
	current.dense(y, x, w, bias, rows, in, out, relu)
}

// GradWeights computes dw += xᵀ·dy: x is rows×in, dy rows×out, dw in×out.
func GradWeights(dw, x, dy []float32, rows, in, out int) {
	holds(dw, in, out)
	holds(x, rows, in)
	holds(dy, rows, out)
	current.gradWeights(dw, x, dy, rows, in, out)
}

// GradInput computes dx = dy·wᵀ: dy is rows×out, w in×out, dx rows×in, and scratch holds in·out numbers,
// which come out as they may. As in Dense, rows know nothing of each other.
func GradInput(dx, dy, w, scratch []float32, rows, in, out int) {
	holds(dx, rows, in)
	holds(dy, rows, out)
	holds(w, in, out)
	holds(scratch, in, out)
	current.gradInput(dx, dy, w, scratch, rows, in, out)
}

// ColumnSums computes sums[j] += Σ over rows of x[r,j], x being rows×cols.
func ColumnSums(sums, x []float32, rows, cols int) {
	holds(sums, 1, cols)
	holds(x, rows, cols)
	current.columnSums(sums, x, rows, cols)
}

// Axpy computes y += a·x over len(y).
func Axpy(y []float32, a float32, x []float32) {
	holds(x, 1, len(y))
	current.axpy(y, a, x)
}

// Dot returns Σ a·b over len(a).
func Dot(a, b []float32) float32 {
	holds(b, 1, len(a))
	return current.dot(a, b)
}

// Mask computes dy[i] = 0 where y[i] is not above 0, the gradient of a rectifier, over len(dy).
func Mask(dy, y []float32) {
	holds(y, 1, len(dy))
	current.mask(dy, y)
}

// Exp computes dst[i] = exp(src[i] − top) over len(dst) and returns their sum; dst may be src. top is the
// highest of src: the results are good to two units in the last place for src[i] ≤ top, and 0 where they
// would be below the least normal float32, −Inf included. A NaN stays one, and makes the sum one.
func Exp(dst, src []float32, top float32) float32 {
	holds(src, 1, len(dst))
	return current.exp(dst, src, top)
}

// Narrow computes dst[i] = float32(src[i]) over len(dst).
func Narrow(dst []float32, src []float64) {
	holds(src, 1, len(dst))
	current.narrow(dst, src)
}

// AdamStep holds the constants of one step of Adam number t.
type AdamStep struct {
	Rate         float32 // step size / (1 − Beta1^t)
	Scale        float32 // 1 / √(1 − Beta2^t)
	Beta1, Beta2 float32 // decay of the mean and of the mean square
	Epsilon      float32 // added to the root
}

// Adam moves the parameters p against the gradient g, with mean m and mean square v (Kingma & Ba 2015,
// algorithm 1), over len(p):
//
//	m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  p ← p − Rate·m / (Scale·√v + ε)
func Adam(p, g, m, v []float32, s AdamStep) {
	holds(g, 1, len(p))
	holds(m, 1, len(p))
	holds(v, 1, len(p))
	current.adam(p, g, m, v, s)
}

// Tanh computes y = tanh(y).
func Tanh(y []float32) { tanhPortable(y) }

// holds panics unless s holds a rows×cols matrix.
func holds[T float32 | float64](s []T, rows, cols int) {
	if rows < 0 || cols < 0 || len(s) < rows*cols {
		panic("simd: a slice is too short")
	}
}
