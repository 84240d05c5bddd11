package policy

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestStudentTail(t *testing.T) {
	// Quantiles of a printed table (Abramowitz & Stegun, table 26.10): P(T > t) = 0.05 and 0.005.
	for _, c := range []struct {
		nu      int
		t, tail float64
	}{{1, 6.314, 0.05}, {2, 2.920, 0.05}, {5, 4.032, 0.005}, {10, 1.812, 0.05}, {30, 2.750, 0.005}, {120, 2.617, 0.005}} {
		assert.InDelta(t, c.tail, studentTail(c.t, c.nu), 5e-5, "nu %d, t %v", c.nu, c.t)
	}
	for _, nu := range []int{1, 2, 3, 4, 5, 10, 31, 100, 1001, 50_000} {
		twin := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(nu)}
		for _, x := range []float64{0, 0.1, 1, 2, 5, 30, 1e6} {
			assert.InDelta(t, twin.Survival(x), studentTail(x, nu), 1e-11, "nu %d, t %v", nu, x)
		}
		assert.InDelta(t, 0, studentTail(math.Inf(1), nu), 1e-15)
		assert.True(t, math.IsNaN(studentTail(math.NaN(), nu)))
	}
}

func BenchmarkStudentTail(b *testing.B) {
	for _, nu := range []int{7, 63, 1023} {
		b.Run(fmt.Sprintf("nu=%d", nu), func(b *testing.B) {
			for b.Loop() {
				studentTail(1.3, nu)
			}
		})
	}
}
