package benchmarks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sjwhitworth/golearn/base"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/supervised"
)

// columns of the generated rows.
const columns = 6

// table is one set of rows in the form that each library wants it in; making it is never timed.
type table struct {
	rows    [][]float64
	class   []float64 // 0 or 1
	dataset *supervised.Dataset
	named   *base.DenseInstances // the class is a category, as golearn's ID3 and random trees want it
	coded   *base.DenseInstances // the class is a number, as its CART tree and network want it
}

// generate draws rows as a scheduler might see them before a job runs, and whether the job was late: part
// linear, one threshold, one product of two columns. The class is drawn with probability 1/(1+exp(−3·score)),
// so that even the true score is right on 89 of 100 rows only.
func generate(tb testing.TB, rows int, seed uint64) *table {
	tb.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	t := &table{rows: make([][]float64, rows), class: make([]float64, rows)}
	for i := range t.rows {
		x := make([]float64, columns)
		for j := range x {
			x[j] = random.NormFloat64()
		}
		score := x[0] - 0.7*x[1] + x[3]*x[4]
		if x[2] > 0.5 {
			score++
		} else {
			score -= 0.5
		}
		t.rows[i] = x
		if random.Float64() < 1/(1+math.Exp(-3*score)) {
			t.class[i] = 1
		}
	}
	var err error
	t.dataset, err = supervised.NewDataset(supervised.Data{
		Rows: t.rows, Target: t.class, TargetName: "late", Classes: []string{"no", "yes"},
	})
	require.NoError(tb, err)
	t.named = t.grid(tb, category, func(class float64) []byte { return base.PackU64ToBytes(uint64(class)) })
	t.coded = t.grid(tb, code, base.PackFloatToBytes)
	return t
}

// The columns of all grids: a network of golearn knows them by their address.
var (
	attributes = func() (out [columns]base.Attribute) {
		for j := range out {
			out[j] = base.NewFloatAttribute(fmt.Sprintf("x%d", j))
		}
		return out
	}()
	code     = base.NewFloatAttribute("late")
	category = func() base.Attribute {
		late := base.NewCategoricalAttribute()
		late.SetName("late")
		for _, class := range []string{"no", "yes"} { // fixes their codes: 0 and 1
			late.GetSysValFromString(class)
		}
		return late
	}()
)

// grid copies the rows into golearn's form, byte for byte.
func (t *table) grid(tb testing.TB, class base.Attribute, pack func(float64) []byte) *base.DenseInstances {
	tb.Helper()
	grid := base.NewDenseInstances()
	specs := make([]base.AttributeSpec, columns+1)
	for j := range columns {
		specs[j] = grid.AddAttribute(attributes[j])
	}
	specs[columns] = grid.AddAttribute(class)
	require.NoError(tb, grid.AddClassAttribute(class))
	require.NoError(tb, grid.Extend(len(t.rows)))
	for i, x := range t.rows {
		for j, v := range x {
			grid.Set(specs[j], i, base.PackFloatToBytes(v))
		}
		grid.Set(specs[columns], i, pack(t.class[i]))
	}
	return grid
}

// accuracy is the share of rows whose class was predicted.
func accuracy(t *table, predicted []float64) float64 {
	right := 0
	for i, class := range t.class {
		if predicted[i] == class {
			right++
		}
	}
	return float64(right) / float64(len(t.class))
}
