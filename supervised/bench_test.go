package supervised

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

var sink float64

func BenchmarkForestFit(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		d := generated(b, n, 2, true, 40)
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("rows=%d/columns=6/trees=20/threads=%d", n, threads), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := RandomForest{Trees: 20, Threads: threads}.FitClassifier(d)
					require.NoError(b, err)
				}
			})
		}
	}
}

func BenchmarkLogisticFit(b *testing.B) {
	for _, classes := range []int{2, 4} {
		d := generated(b, 10000, classes, true, 40)
		b.Run(fmt.Sprintf("rows=10000/columns=6/classes=%d", classes), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := LogisticRegression{Standardise: true}.Fit(d)
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkLinearFit(b *testing.B) {
	d := generated(b, 10000, 0, true, 40)
	b.Run("rows=10000/columns=6", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := LinearRegression{}.Fit(d)
			require.NoError(b, err)
		}
	})
}

// The rows rotate, so that the branches of a forest are not learned by the processor.
func BenchmarkPredict(b *testing.B) {
	d := generated(b, 4096, 2, true, 41)
	rows := make([][]float64, d.Len())
	for i := range rows {
		rows[i] = d.Row(nil, i)
	}
	forest, err := RandomForest{}.FitClassifier(d)
	require.NoError(b, err)
	logistic, err := LogisticRegression{}.Fit(d)
	require.NoError(b, err)
	for _, c := range []struct {
		name  string
		model Model
	}{{"forest/trees=100/depth=16", forest}, {"logistic/columns=6", logistic}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				sink = c.model.Predict(rows[i%len(rows)])
				i++
			}
		})
	}
}
