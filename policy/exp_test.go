package policy

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton/internal/rng"
	"github.com/stretchr/testify/assert"
)

// math.Exp is the slow twin.
func TestExpAgreesWithMathExp(t *testing.T) {
	r := rng.New(1, "exp")
	worst := 0.0
	check := func(x float64) {
		want := math.Exp(x)
		worst = max(worst, math.Abs(exp(x)-want)/want)
	}
	for range 2_000_000 {
		check(-r.Float64() * 3)
		check(-r.ExpFloat64() * 50)
		check(-r.Float64() * 1e-9)
		check(-r.Float64() * 707)
	}
	assert.Less(t, worst, 1e-15)
	t.Logf("largest relative difference %.2g", worst)

	assert.Equal(t, 1.0, exp(0))
	assert.Equal(t, 0.0, exp(-709))
	assert.Equal(t, 0.0, exp(math.Inf(-1)))
	for j := -64; j <= 0; j++ { // where the table alone answers
		x := float64(j) * math.Ln2 / 64
		assert.InEpsilon(t, math.Exp(x), exp(x), 1e-15)
	}
}
