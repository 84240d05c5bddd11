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

func BenchmarkDense(b *testing.B) {
	for _, s := range [][3]int{
		{64, 64, 64}, {256, 256, 256}, {1, 64, 64}, {1, 256, 256}, {64, 64, 4}, {128, 8, 32}, {128, 32, 16}, {128, 16, 8}, {128, 8, 1},
	} {
		rows, in, out := s[0], s[1], s[2]
		rng := rand.New(rand.NewPCG(1, 2))
		y, x, w, bias := randoms(rng, rows*out), randoms(rng, rows*in), randoms(rng, in*out), randoms(rng, out)
		flops := func(b *testing.B) {
			b.ReportAllocs()
			b.ReportMetric(2*float64(rows*in*out)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
		}
		name := fmt.Sprintf("rows=%d/in=%d/out=%d", rows, in, out)
		for l := Portable; l <= supported(); l++ {
			b.Run(name+"/"+l.String(), func(b *testing.B) {
				for b.Loop() {
					l.dense(y, x, w, bias, rows, in, out, true)
				}
				flops(b)
			})
		}
		b.Run(name+"/gonum", func(b *testing.B) {
			for b.Loop() {
				gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, rows, out, in, 1, x, in, w, out, 0, y, out)
			}
			flops(b)
		})
	}
}

// networks are the forward passes whose time is promised.
func BenchmarkForward(b *testing.B) {
	for _, s := range []struct {
		name  string
		rows  int
		sizes []int
	}{
		{"kernel=32-16-8-1/obs=8", 128, []int{8, 32, 16, 8, 1}},
		{"hidden=64/obs=8", 1, []int{8, 64, 64, 4}},
		{"hidden=256/obs=128", 1, []int{128, 256, 256, 4}},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		var h, w, bias [][]float32
		h = append(h, randoms(rng, s.rows*s.sizes[0]))
		for i, out := range s.sizes[1:] {
			h = append(h, make([]float32, s.rows*out))
			w, bias = append(w, randoms(rng, s.sizes[i]*out)), append(bias, randoms(rng, out))
		}
		for l := Portable; l <= supported(); l++ {
			b.Run(fmt.Sprintf("%s/rows=%d/%v", s.name, s.rows, l), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					for i := range w {
						l.dense(h[i+1], h[i], w[i], bias[i], s.rows, s.sizes[i], s.sizes[i+1], i+1 < len(w))
					}
				}
			})
		}
	}
}
