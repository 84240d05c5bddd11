package supervised

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

var nan = math.NaN()

// mustDataset builds a Dataset that the test knows to be right.
func mustDataset(t testing.TB, d Data) *Dataset {
	t.Helper()
	out, err := NewDataset(d)
	require.NoError(t, err)
	return out
}

var yesNo = []string{"no", "yes"}

// generated is a table of n rows: six numeric columns, of which the first three matter, the third a
// category of four levels, and a tenth of all values missing when asked for. The target is a noisy
// class (classes > 0) or a noisy number.
func generated(t testing.TB, n, classes int, missing bool, seed uint64) *Dataset {
	r := rand.New(rand.NewPCG(seed, 1))
	d := Data{Columns: []Column{{Name: "a"}, {Name: "b"}, {Name: "c", Kind: Categorical, Levels: []string{"p", "q", "r", "s"}},
		{Name: "noise1"}, {Name: "noise2"}, {Name: "noise3"}}}
	for k := range classes {
		d.Classes = append(d.Classes, fmt.Sprint("class", k))
	}
	effect := []float64{-1, 2, 0, 1}
	for i := range n {
		x := []float64{r.NormFloat64(), r.NormFloat64(), float64(r.IntN(4)), r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
		y := 2*x[0] - x[1] + effect[int(x[2])] + 0.5*r.NormFloat64()
		if classes > 0 {
			y = math.Floor(min(max((y+4)/8, 0), 0.999) * float64(classes))
		}
		if missing {
			for j := range x {
				if r.IntN(10) == 0 {
					x[j] = nan
				}
			}
		}
		d.Rows = append(d.Rows, x)
		d.Target = append(d.Target, y)
		d.Weights = append(d.Weights, 0.5+r.Float64())
		d.Groups = append(d.Groups, r.IntN(max(n/10, 2)))
		d.Times = append(d.Times, float64(i/2))
	}
	return mustDataset(t, d)
}
