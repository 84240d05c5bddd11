package benchmarks

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/supervised"
)

// runtimeSplit is the table of the supervised peers: the first 160,000 rows to fit, 40,000 to test.
func runtimeSplit(b *testing.B) (train, test *supervised.Dataset) {
	all := runtimeTable(b, 200_000)
	rows := make([]int, all.Len())
	for i := range rows {
		rows[i] = i
	}
	train, err := all.Subset(rows[:160_000])
	require.NoError(b, err)
	test, err = all.Subset(rows[160_000:])
	require.NoError(b, err)
	return train, test
}

// The settings of the peers: XGBoost and LightGBM with 100 rounds of 63 leaves, depth 6 and 255 bins.
var boosting = supervised.GradientBoosting{MinLeaf: 1, L2: 1}

func BenchmarkFitTrees(b *testing.B) {
	train, test := runtimeSplit(b)
	fits := map[string]func(threads int) (supervised.Classifier, error){
		"boosting/rounds=100/leaves=63": func(threads int) (supervised.Classifier, error) {
			o := boosting
			o.Threads = threads
			return o.FitClassifier(train)
		},
		"forest/trees=100/depth=16": func(threads int) (supervised.Classifier, error) {
			return supervised.RandomForest{Threads: threads}.FitClassifier(train)
		},
	}
	for _, name := range []string{"boosting/rounds=100/leaves=63", "forest/trees=100/depth=16"} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/rows=160000/columns=20/threads=%d", name, threads), func(b *testing.B) {
				b.ReportAllocs()
				var m supervised.Classifier
				var err error
				for b.Loop() {
					m, err = fits[name](threads)
					require.NoError(b, err)
				}
				s, err := supervised.ScoreClassifier(m, test)
				require.NoError(b, err)
				b.ReportMetric(s.AUC, "auc")
			})
		}
	}
}

func BenchmarkPredictTrees(b *testing.B) {
	train, test := runtimeSplit(b)
	boosted, err := boosting.FitClassifier(train)
	require.NoError(b, err)
	forest, err := supervised.RandomForest{Threads: 2}.FitClassifier(train)
	require.NoError(b, err)
	const one, many = 4096, 40_000
	flat := make([]float64, 0, many*test.Width())
	for i := range many {
		flat = append(flat, test.Row(nil, i)...)
	}
	width := test.Width()
	for _, c := range []struct {
		name  string
		model interface {
			supervised.Model
			PredictRows(dst, rows []float64) error
		}
	}{{"boosting/rounds=100/leaves=63", boosted}, {"forest/trees=100/depth=16", forest}} {
		b.Run(c.name+"/rows=1", func(b *testing.B) { // rotating, so that no branch is learned by heart
			b.ReportAllocs()
			var sum float64
			i := 0
			for b.Loop() {
				at := i % one * width
				sum += c.model.Predict(flat[at : at+width])
				i++
			}
			require.Positive(b, sum)
		})
		b.Run(fmt.Sprintf("%s/rows=%d", c.name, many), func(b *testing.B) {
			b.ReportAllocs()
			dst := make([]float64, many)
			for b.Loop() {
				require.NoError(b, c.model.PredictRows(dst, flat))
			}
			b.ReportMetric(float64(b.N)*many/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
