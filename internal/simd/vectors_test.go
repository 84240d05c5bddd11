package simd

import (
	"math"
	"slices"
	"testing"
)

// lengths has every tail, and some that are worked through in parts.
func lengths() []int {
	var n []int
	for i := range 150 {
		n = append(n, i)
	}
	return append(n, 1000, 4097, 3<<16+5)
}

func TestColumnSums(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		for i, s := range shapes(newField(6).Rand) {
			f := newField(uint64(i))
			rows, cols := s[0], s[2]
			sums, x := f.slice(cols), f.slice(rows*cols)
			want := slowColumnSums(sums, x, rows, cols)
			l.columnSums(sums, x, rows, cols)
			within(t, want, sums)
			f.check(t)
		}
	})
}

func TestAxpy(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, n := range lengths() {
			f := newField(uint64(n))
			y, x := f.slice(n), f.slice(n)
			want := slowAxpy(y, -1.5, x)
			l.axpy(y, -1.5, x)
			within(t, want, y)
			f.check(t)
		}
	})
}

func TestDot(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, n := range lengths() {
			f := newField(uint64(n))
			a, b := f.slice(n), f.slice(n)
			got := l.dot(a, b)
			within(t, slowDot(a, b), []float32{got})
			sameBits(t, []float32{got}, []float32{l.dot(slices.Clone(a), slices.Clone(b))})
		}
	})
}

func TestMask(t *testing.T) {
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1e-45, -1e-45}
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, n := range lengths() {
			f := newField(uint64(n))
			dy, y := f.slice(n), f.slice(n)
			for i := range n {
				if f.IntN(3) == 0 {
					y[i] = odd[f.IntN(len(odd))]
				}
				if f.IntN(10) == 0 {
					dy[i] = odd[f.IntN(len(odd))]
				}
			}
			want := slices.Clone(dy)
			for i := range want {
				if !(y[i] > 0) {
					want[i] = 0
				}
			}
			l.mask(dy, y)
			sameBits(t, want, dy)
			f.check(t)
		}
	})
}

func TestNarrow(t *testing.T) {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, 1e-300, 1e-40, 1 + 1.0/(1<<24), 0.1}
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, n := range lengths() {
			f := newField(uint64(n))
			dst, src, want := f.slice(n), make([]float64, n), make([]float32, n)
			for i := range src {
				src[i] = f.NormFloat64()
				if f.IntN(4) == 0 {
					src[i] = odd[f.IntN(len(odd))]
				}
				want[i] = float32(src[i])
			}
			l.narrow(dst, src)
			sameBits(t, want, dst)
			f.check(t)
		}
	})
}

// Adam against the equations in float64, each step from where the routine stands.
func TestAdam(t *testing.T) {
	beta1, beta2 := float32(0.9), float32(0.999)
	b1, b2, rest1, rest2 := float64(beta1), float64(beta2), float64(1-beta1), float64(1-beta2)
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, n := range lengths() {
			f := newField(uint64(n))
			p, g, m, v := f.slice(n), f.slice(n), f.slice(n), f.slice(n)
			for i := range v {
				v[i] *= v[i]
				if i%7 == 3 {
					g[i], m[i], v[i] = 0, 0, 0 // ε alone is left below the line
				}
			}
			s := AdamStep{Rate: 0.01, Scale: 1.7, Beta1: beta1, Beta2: beta2, Epsilon: 1e-8}
			wantP, wantM, wantV := make([]exact, n), make([]exact, n), make([]exact, n)
			for i := range n {
				d := float64(g[i])
				wantM[i].add(b1, float64(m[i]))
				wantM[i].add(rest1, d)
				wantV[i].add(b2, float64(v[i]))
				wantV[i].add(rest2, d, d)
				wantP[i].add(float64(p[i]))
				below := 1.7*math.Sqrt(wantV[i].value) + 1e-8
				wantP[i].add(-0.01/below, wantM[i].value)
				wantP[i].size += 0.01 * wantM[i].size / below
			}
			l.adam(p, g, m, v, s)
			within(t, wantM, m)
			within(t, wantV, v)
			within(t, wantP, p)
			f.check(t)
		}
	})
}
