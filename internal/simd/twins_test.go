package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A number as the equation says, in float64, and the sum of the sizes of its terms, which bounds the error.
type exact struct{ value, size float64 }

func (e *exact) add(terms ...float64) {
	product := 1.0
	for _, t := range terms {
		product *= t
	}
	e.value += product
	e.size += math.Abs(product)
}

func slowDense(x, w, bias []float32, rows, in, out int, relu bool) []exact {
	y := make([]exact, rows*out)
	for r := range rows {
		for j := range out {
			e := &y[r*out+j]
			e.add(float64(bias[j]))
			for i := range in {
				e.add(float64(x[r*in+i]), float64(w[i*out+j]))
			}
			if relu {
				e.value = math.Max(e.value, 0)
			}
		}
	}
	return y
}

func slowGradWeights(dw, x, dy []float32, rows, in, out int) []exact {
	sums := make([]exact, in*out)
	for i := range in {
		for j := range out {
			e := &sums[i*out+j]
			e.add(float64(dw[i*out+j]))
			for r := range rows {
				e.add(float64(x[r*in+i]), float64(dy[r*out+j]))
			}
		}
	}
	return sums
}

func slowGradInput(dy, w []float32, rows, in, out int) []exact {
	dx := make([]exact, rows*in)
	for r := range rows {
		for i := range in {
			for j := range out {
				dx[r*in+i].add(float64(dy[r*out+j]), float64(w[i*out+j]))
			}
		}
	}
	return dx
}

func slowColumnSums(sums, x []float32, rows, cols int) []exact {
	out := make([]exact, cols)
	for j := range out {
		out[j].add(float64(sums[j]))
		for r := range rows {
			out[j].add(float64(x[r*cols+j]))
		}
	}
	return out
}

func slowAxpy(y []float32, a float32, x []float32) []exact {
	out := make([]exact, len(y))
	for i := range out {
		out[i].add(float64(y[i]))
		out[i].add(float64(a), float64(x[i]))
	}
	return out
}

func slowDot(a, b []float32) []exact {
	out := make([]exact, 1)
	for i := range a {
		out[0].add(float64(a[i]), float64(b[i]))
	}
	return out
}

// within fails unless every number is within 1e-5 of the size of its terms.
func within(t *testing.T, want []exact, got []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d numbers, not %d", len(got), len(want))
	}
	for i, w := range want {
		if off := math.Abs(float64(got[i]) - w.value); !(off <= 1e-5*w.size) {
			t.Fatalf("number %d of %d is %v, not %v: off by %.2g of its terms", i, len(want), got[i], w.value, off/w.size)
		}
	}
}

// sameBits fails unless both hold the same bits.
func sameBits(t *testing.T, want, got []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d numbers, not %d", len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			t.Fatalf("number %d of %d is %v, not %v", i, len(want), got[i], want[i])
		}
	}
}

// A field makes slices that begin anywhere, and notices when something is written around them.
type field struct {
	*rand.Rand
	whole [][]float32
	begin []int
	end   []int
}

const untouched = float32(-12345.678)

func newField(seed uint64) *field { return &field{Rand: rand.New(rand.NewPCG(seed, 0))} }

// slice returns n random numbers, of which the caller may write to all.
func (f *field) slice(n int) []float32 {
	const margin = 32
	begin := margin + f.IntN(16)
	whole := make([]float32, begin+n+margin)
	for i := range whole {
		whole[i] = untouched
	}
	for i := range n {
		whole[begin+i] = float32(f.NormFloat64())
	}
	f.whole, f.begin, f.end = append(f.whole, whole), append(f.begin, begin), append(f.end, begin+n)
	return whole[begin : begin+n : begin+n]
}

// check fails when anything beside the slices was written to.
func (f *field) check(t *testing.T) {
	t.Helper()
	for s, whole := range f.whole {
		for i, v := range whole {
			if (i < f.begin[s] || i >= f.end[s]) && v != untouched {
				t.Fatalf("slice %d of %d numbers: the number at %d was written", s, f.end[s]-f.begin[s], i-f.begin[s])
			}
		}
	}
}

// atEachLevel runs a test at every level, and says which ones this machine or build cannot run.
func atEachLevel(t *testing.T, test func(t *testing.T, l Level)) {
	t.Helper()
	for _, l := range []Level{Portable, AVX2, AVX512} {
		t.Run(l.String(), func(t *testing.T) {
			if l > supported() {
				t.Skipf("this processor or build has no %v", l)
			}
			test(t, l)
		})
	}
}

// shapes are rows, in and out: small ones, every tail of out among them, and some that are worked through in
// parts; with -short fewer of each.
func shapes(rng *rand.Rand) [][3]int {
	s := [][3]int{
		{0, 3, 4}, {3, 0, 4}, {3, 4, 0}, {0, 0, 0}, {1, 64, 64}, {4, 256, 4}, {128, 8, 1}, {129, 33, 65}, {13, 600, 20}, {600, 13, 20},
	}
	random := 50
	if !testing.Short() {
		s = append(s, [][3]int{
			{1, 256, 256}, {257, 17, 300}, {300, 300, 100}, {2, 20, 1100}, {5, 1600, 1}, {1600, 3, 1}, {2000, 64, 8}, {13, 1100, 20},
		}...)
		random = 300
	}
	for range random {
		s = append(s, [3]int{rng.IntN(71), rng.IntN(41), rng.IntN(41)})
	}
	for out := range 140 {
		s = append(s, [3]int{1 + rng.IntN(5), 1 + rng.IntN(20), out})
	}
	return s
}
