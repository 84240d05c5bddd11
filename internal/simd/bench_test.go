package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

func randoms(rng *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(rng.NormFloat64())
	}
	return s
}

// atLevels times work at each level, in millions of terms a second.
func atLevels(b *testing.B, name string, terms int, work func(l Level)) {
	for l := Portable; l <= supported(); l++ {
		b.Run(name+"/"+l.String(), func(b *testing.B) { timed(b, terms, func() { work(l) }) })
	}
}

func timed(b *testing.B, terms int, work func()) {
	b.ReportAllocs()
	for b.Loop() {
		work()
	}
	b.ReportMetric(float64(terms)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mterms/s")
}

var layers = [][3]int{
	{64, 64, 64}, {256, 256, 256}, {1, 64, 64}, {1, 256, 256}, {4, 64, 64}, {64, 8, 64}, {64, 64, 4}, {256, 256, 4},
	{128, 8, 32}, {128, 32, 16}, {128, 16, 8}, {128, 8, 1}, {16384, 8, 32},
}

// eachLayer also has gonum do the same product, with the operands that alike names.
func eachLayer(b *testing.B, work func(l Level, x, y, w, bias, scratch []float32, rows, in, out int),
	alike func(x, y, w []float32, rows, in, out int)) {
	for _, s := range layers {
		rows, in, out := s[0], s[1], s[2]
		rng := rand.New(rand.NewPCG(1, 2))
		x, y, w := randoms(rng, rows*in), randoms(rng, rows*out), randoms(rng, in*out)
		bias, scratch := randoms(rng, out), make([]float32, in*out)
		for i := range w {
			w[i] /= 1024 // so that what adds to itself stays finite
		}
		name := fmt.Sprintf("rows=%d/in=%d/out=%d", rows, in, out)
		atLevels(b, name, rows*in*out, func(l Level) { work(l, x, y, w, bias, scratch, rows, in, out) })
		b.Run(name+"/gonum", func(b *testing.B) {
			timed(b, rows*in*out, func() { alike(x, y, w, rows, in, out) })
		})
	}
}

func BenchmarkDense(b *testing.B) {
	eachLayer(b, func(l Level, x, y, w, bias, _ []float32, rows, in, out int) {
		l.dense(y, x, w, bias, rows, in, out, true)
	}, func(x, y, w []float32, rows, in, out int) {
		gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, rows, out, in, 1, x, in, w, out, 0, y, out)
	})
}

func BenchmarkGradWeights(b *testing.B) {
	eachLayer(b, func(l Level, x, y, w, _, _ []float32, rows, in, out int) {
		l.gradWeights(w, x, y, rows, in, out)
	}, func(x, y, w []float32, rows, in, out int) {
		gonum.Implementation{}.Sgemm(blas.Trans, blas.NoTrans, in, out, rows, 1, x, in, y, out, 1, w, out)
	})
}

func BenchmarkGradInput(b *testing.B) {
	eachLayer(b, func(l Level, x, y, w, _, scratch []float32, rows, in, out int) {
		l.gradInput(x, y, w, scratch, rows, in, out)
	}, func(x, y, w []float32, rows, in, out int) {
		gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, rows, in, out, 1, y, out, w, out, 0, x, in)
	})
}

// BenchmarkForward has the passes through networks whose time is promised.
func BenchmarkForward(b *testing.B) {
	for _, s := range []struct {
		name  string
		rows  int
		sizes []int
	}{
		{"kernel=8-32-16-8-1", 128, []int{8, 32, 16, 8, 1}},
		{"dense=8-64-64-4", 1, []int{8, 64, 64, 4}},
		{"dense=128-64-64-4", 1, []int{128, 64, 64, 4}},
		{"dense=8-256-256-4", 1, []int{8, 256, 256, 4}},
		{"dense=128-256-256-4", 1, []int{128, 256, 256, 4}},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		var h, w, bias [][]float32
		terms := 0
		h = append(h, randoms(rng, s.rows*s.sizes[0]))
		for i, out := range s.sizes[1:] {
			h = append(h, make([]float32, s.rows*out))
			w, bias = append(w, randoms(rng, s.sizes[i]*out)), append(bias, randoms(rng, out))
			terms += s.rows * s.sizes[i] * out
		}
		atLevels(b, fmt.Sprintf("%s/rows=%d", s.name, s.rows), terms, func(l Level) {
			for i := range w {
				l.dense(h[i+1], h[i], w[i], bias[i], s.rows, s.sizes[i], s.sizes[i+1], i+1 < len(w))
			}
		})
	}
}

func BenchmarkColumnSums(b *testing.B) {
	for _, s := range [][2]int{{64, 64}, {64, 4}, {128, 1}, {16384, 8}} {
		rng := rand.New(rand.NewPCG(1, 2))
		sums, x := randoms(rng, s[1]), randoms(rng, s[0]*s[1])
		atLevels(b, fmt.Sprintf("rows=%d/cols=%d", s[0], s[1]), len(x), func(l Level) { l.columnSums(sums, x, s[0], s[1]) })
	}
}

func BenchmarkVectors(b *testing.B) {
	for _, n := range []int{128, 4096} {
		rng := rand.New(rand.NewPCG(1, 2))
		x, y, m, v, wide := randoms(rng, n), randoms(rng, n), make([]float32, n), make([]float32, n), make([]float64, n)
		step := AdamStep{Rate: 1e-3, Scale: 1, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
		for _, c := range []struct {
			name string
			work func(l Level)
		}{
			{"axpy", func(l Level) { l.axpy(v, 0.5, x) }},
			{"dot", func(l Level) { l.dot(x, y) }},
			{"mask", func(l Level) { l.mask(v, y) }},
			{"exp", func(l Level) { l.exp(v, x, 4) }},
			{"narrow", func(l Level) { l.narrow(v, wide) }},
			{"adam", func(l Level) { l.adam(y, x, m, v, step) }},
		} {
			clear(v)
			atLevels(b, fmt.Sprintf("%s/n=%d", c.name, n), n, c.work)
		}
	}
}
