package simd

import (
	"math"
	"testing"
)

// ulps is how many steps of float32 lie between got and want.
func ulps(got float32, want float64) float64 {
	nearest := float32(want)
	step := float64(math.Nextafter32(nearest, float32(math.Inf(1)))) - float64(nearest)
	return math.Abs(float64(got)-want) / step
}

func TestExp(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		const n = 1 << 20
		src, dst := make([]float32, n), make([]float32, n)
		for i := range src {
			src[i] = -87.3 * float32(i) / n
		}
		l.exp(dst, src, 0)
		worst := 0.0
		for i, x := range src {
			worst = max(worst, ulps(dst[i], math.Exp(float64(x))))
		}
		t.Logf("off by at most %.2f units in the last place", worst)
		if worst > 2 {
			t.Errorf("off by %v units in the last place", worst)
		}
	})
}

func TestExpSums(t *testing.T) {
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, n := range lengths() {
			f := newField(uint64(n))
			dst, src, top := f.slice(n), f.slice(n), float32(-1000)
			var want exact
			for i := range src {
				src[i] -= 1000 // so that lanes which are off would show
				top = max(top, src[i])
			}
			got := l.exp(dst, src, top)
			for i := range src {
				e := math.Exp(float64(src[i] - top))
				if ulps(dst[i], e) > 2 {
					t.Fatalf("exp(%v) is not %v", src[i]-top, dst[i])
				}
				want.add(e)
			}
			within(t, []exact{want}, []float32{got})
			f.check(t)
			l.exp(src, src, top)
			sameBits(t, dst, src)
		}
	})
}

func TestExpEdges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	atEachLevel(t, func(t *testing.T, l Level) {
		for _, c := range []struct{ x, want float32 }{
			{0, 1}, {float32(math.Copysign(0, -1)), 1}, {-1e-10, 1}, {-87, float32(math.Exp(-87))}, {-87.4, 0}, {-88, 0}, {-104, 0},
			{-1e10, 0}, {-math.MaxFloat32, 0}, {-inf, 0}, {nan, nan}, {90, inf}, {1e10, inf}, {inf, inf},
		} {
			for _, n := range []int{1, 8, 16, 33} { // in vectors and in what they leave
				src, dst := make([]float32, n), make([]float32, n)
				for i := range src {
					src[i] = c.x
				}
				sum := l.exp(dst, src, 0)
				for _, y := range append(dst, sum/float32(n)) {
					same := y == c.want || y != y && c.want != c.want
					if !same && !(ulps(y, float64(c.want)) <= 4) {
						t.Errorf("exp(%v) of %d is %v, not %v", c.x, n, y, c.want)
					}
				}
			}
		}
	})
}
