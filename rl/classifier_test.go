package rl_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/supervised"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var yesNo = []string{"no", "yes"}

func table(t testing.TB, d supervised.Data) *supervised.Dataset {
	t.Helper()
	out, err := supervised.NewDataset(d)
	require.NoError(t, err)
	return out
}

func classify(t testing.TB, o rl.Classifier, d *supervised.Dataset) *rl.ClassifierModel {
	t.Helper()
	m, err := o.Fit(t.Context(), d)
	require.NoError(t, err)
	return m
}

// xor is a table whose class is whether two numbers have the same sign; a third is noise.
func xor(t testing.TB, n int, seed uint64) *supervised.Dataset {
	r := rng.New(seed, "xor")
	d := supervised.Data{Classes: yesNo}
	for range n {
		x := []float64{100 + 5*r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
		y := 0.0
		if (x[0] > 100) == (x[1] > 0) {
			y = 1
		}
		d.Rows, d.Target = append(d.Rows, x), append(d.Target, y)
	}
	return table(t, d)
}

// mixed is a noisy table of classes with a category, weights and a share of values missing.
func mixed(t testing.TB, n, classes int, missing float64, seed uint64) *supervised.Dataset {
	r := rng.New(seed, "mixed")
	d := supervised.Data{
		Columns: []supervised.Column{{Name: "a"}, {Name: "kind", Kind: supervised.Categorical, Levels: []string{"p", "q", "r", "s"}}, {Name: "b"}},
	}
	for k := range classes {
		d.Classes = append(d.Classes, string(rune('A'+k)))
	}
	for range n {
		x := []float64{1e6 + 300*r.NormFloat64(), float64(r.IntN(4)), 1e-3 * r.NormFloat64()}
		y := (x[0]-1e6)/300 - 1e3*x[2] + []float64{-1, 2, 0, 1}[int(x[1])] + 0.5*r.NormFloat64()
		d.Target = append(d.Target, math.Floor(min(max((y+4)/8, 0), 0.999)*float64(classes)))
		for j := range x {
			if r.Float64() < missing {
				x[j] = math.NaN()
			}
		}
		d.Rows, d.Weights = append(d.Rows, x), append(d.Weights, 0.5+r.Float64())
	}
	return table(t, d)
}

// What no weighted sum of the columns can tell, a network does, on rows that it has not seen. It fails with
// steps of next to nothing, as the last lines see to.
func TestClassifierLearnsXOR(t *testing.T) {
	for seed := range uint64(5) {
		train, test := xor(t, 400, seed), xor(t, 1000, 100+seed)
		accuracy := func(o rl.Classifier) float64 {
			o.Seed, o.Epochs = seed, 50
			s, err := supervised.ScoreClassifier(classify(t, o, train), test)
			require.NoError(t, err)
			return s.Accuracy
		}
		linear, err := supervised.LogisticRegression{Standardise: true}.Fit(train)
		require.NoError(t, err)
		of, err := supervised.ScoreClassifier(linear, test)
		require.NoError(t, err)
		ones := mean(test.Targets())
		got := accuracy(rl.Classifier{})
		t.Logf("seed %d: network %.3f, logistic regression %.3f, majority %.3f", seed, got, of.Accuracy, max(ones, 1-ones))
		assert.Greater(t, got, 0.93)
		assert.Greater(t, got, max(of.Accuracy, ones, 1-ones)+0.3)

		off := accuracy(rl.Classifier{Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 1e-9}}})
		assert.Less(t, off, 0.9, "it learns without learning")
	}
}

// Without hidden layers and at full batch the loss is that of supervised.LogisticRegression, which finds its
// minimum by another way: weights, penalty, missing values, standardisation, both forms of the loss.
func TestClassifierWithoutHiddenLayersIsLogisticRegression(t *testing.T) {
	for _, classes := range []int{2, 3} {
		d := mixed(t, 120, classes, 0.1, 1)
		numbers := supervised.Data{Target: d.Targets(), Classes: d.Schema().Classes}
		total := 0.0
		for i := range d.Len() {
			numbers.Rows = append(numbers.Rows, []float64{d.Value(i, 0), d.Value(i, 2), 7})
			numbers.Weights = append(numbers.Weights, d.Weight(i))
			total += d.Weight(i)
		}
		d = table(t, numbers)
		want, err := supervised.LogisticRegression{C: 0.3, Standardise: true}.Fit(d)
		require.NoError(t, err)
		got := classify(t, rl.Classifier{
			Network: rl.NetworkOptions{Hidden: []int{}, StepSize: rl.StepSize{Alpha: 0.05, Over: 2000}},
			L2:      1 / (0.3 * total), Batch: d.Len(), Epochs: 2000,
		}, d)
		p, q := make([]float64, classes), make([]float64, classes)
		for i := range d.Len() {
			x := d.Row(nil, i)
			require.NoError(t, want.PredictProba(p, x))
			require.NoError(t, got.PredictProba(q, x))
			require.InDeltaSlice(t, p, q, 1e-4, "row %d of %d classes", i, classes)
			require.Equal(t, q[1], got.Predict(x))
		}
	}
}

// A weight of two is the same as being there twice, when all rows make one step.
func TestClassifierWeightsCountRows(t *testing.T) {
	d := mixed(t, 60, 3, 0.1, 2)
	double, weighted := supervised.Data{}, supervised.Data{}
	for _, data := range []*supervised.Data{&double, &weighted} {
		data.Columns, data.Classes = d.Schema().Columns, d.Schema().Classes
	}
	add := func(data *supervised.Data, i int, w float64) {
		data.Rows, data.Target = append(data.Rows, d.Row(nil, i)), append(data.Target, d.Target(i))
		data.Weights = append(data.Weights, w)
	}
	for i := range d.Len() {
		times := i % 3
		add(&weighted, i, float64(times)*1e305)
		for range times {
			add(&double, i, 1)
		}
	}
	o := rl.Classifier{Batch: 1000, Epochs: 30, L2: 0.01}
	a, b := classify(t, o, table(t, double)), classify(t, o, table(t, weighted))
	unweighted := classify(t, o, d)
	far := 0.0
	for i := range d.Len() {
		x := d.Row(nil, i)
		assert.InDelta(t, a.Predict(x), b.Predict(x), 1e-4)
		far = max(far, math.Abs(a.Predict(x)-unweighted.Predict(x)))
	}
	assert.Greater(t, far, 0.01, "weights make no difference")
}

func TestClassifierRepeats(t *testing.T) {
	d := mixed(t, 2000, 3, 0.1, 3)
	o := rl.Classifier{Epochs: 2, Batch: 1500, HoldOut: 0.2, Seed: 4}
	first := saved(t, classify(t, o, d))
	assert.Equal(t, first, saved(t, classify(t, o, d)))
	o.Network.Workers = 3
	assert.Equal(t, first, saved(t, classify(t, o, d)), "by the number of workers")
	o.Seed++
	assert.NotEqual(t, first, saved(t, classify(t, o, d)), "the seed does nothing")
}

// A network that is large enough to learn noise by heart is stopped before it does.
func TestClassifierStopsEarly(t *testing.T) {
	noisy := func(n int, seed uint64) *supervised.Dataset {
		r, x := rng.New(seed, "noisy"), xor(t, n, seed)
		d := supervised.Data{Classes: yesNo}
		for i := range n {
			y := x.Target(i)
			if r.IntN(4) == 0 {
				y = 1 - y
			}
			d.Rows, d.Target = append(d.Rows, x.Row(nil, i)), append(d.Target, y)
		}
		return table(t, d)
	}
	fast := rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 0.01}}
	var with, without []float64
	for seed := range uint64(5) {
		train, test := noisy(300, seed), noisy(1000, 50+seed)
		var told []rl.ClassifierEpoch
		o := rl.Classifier{Seed: seed, Epochs: 150, Network: fast, Progress: func(e rl.ClassifierEpoch) { told = append(told, e) }}
		loss := func() float64 {
			told = nil
			m := classify(t, o, train)
			s, err := supervised.ScoreClassifier(m, test)
			require.NoError(t, err)
			require.Len(t, m.History(), len(told))
			return s.LogLoss
		}
		without = append(without, loss())
		require.Len(t, told, 150)
		assert.True(t, math.IsNaN(told[149].HeldOut))
		assert.Less(t, told[149].Loss, told[0].Loss)

		o.HoldOut, o.Patience = 0.25, 5
		with = append(with, loss())
		require.Less(t, len(told), 150, "it did not stop")
		least := slices.MinFunc(told, func(a, b rl.ClassifierEpoch) int {
			if a.HeldOut < b.HeldOut {
				return -1
			}
			return 1
		})
		assert.Equal(t, least.Epoch+5, told[len(told)-1].Epoch)

		split, err := supervised.StratifiedHoldOut(train, 0.25, seed)
		require.NoError(t, err)
		held, err := train.Subset(split.Test)
		require.NoError(t, err)
		s, err := supervised.ScoreClassifier(classify(t, o, train), held)
		require.NoError(t, err)
		assert.InDelta(t, least.HeldOut, s.LogLoss, 1e-6, "the model is not that of the best epoch")
	}
	t.Logf("log-loss on other rows: %.3f stopped early, %.3f not", mean(with), mean(without))
	assert.Less(t, mean(with), mean(without)-0.1)
}

// Rows of one group give each other away; the held-out loss is honest where groups are held out whole.
func TestClassifierHoldsOutWholeGroups(t *testing.T) {
	r := rng.New(1, "groups")
	d := supervised.Data{Classes: yesNo}
	for g := range 40 {
		x, y := []float64{r.NormFloat64(), r.NormFloat64()}, float64(g%2)
		for range 10 {
			d.Rows, d.Target, d.Groups = append(d.Rows, x), append(d.Target, y), append(d.Groups, g)
		}
	}
	o := rl.Classifier{HoldOut: 0.25, Epochs: 150, Patience: 150, Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 0.01}}}
	last := func() float64 {
		h := classify(t, o, table(t, d)).History()
		return h[len(h)-1].HeldOut
	}
	assert.Greater(t, last(), math.Ln2)
	d.Groups = nil
	assert.Less(t, last(), 0.3)
	for i := range d.Rows {
		d.Groups = append(d.Groups, i%2)
	}
	o.HoldOut, o.Epochs = 1e-300, 1 // at least one of the two groups
	classify(t, o, table(t, d))
}

// TestReferenceClassifier holds the network against logistic regression's log-loss on every data set of
// classes that the reference names, over its folds: over five seeds it is no worse, at settings of its own
// that are the same everywhere.
func TestReferenceClassifier(t *testing.T) {
	if testing.Short() {
		t.Skip("fifty fits")
	}
	root := filepath.Dir(referenceFolder(t))
	sheetFile, data := filepath.Join(root, "supervised.csv"), os.Getenv("LEPTON_DATA")
	if data == "" {
		data = filepath.Join(filepath.Dir(root), "data")
	}
	if !exists(sheetFile) || !exists(data) {
		t.Skipf("%s or %s is not there", sheetFile, data)
	}
	s := readSheet(t, sheetFile)
	theirs := map[string][]float64{}
	for i, row := range s.rows {
		if row[s.columns["model"]] == "logreg" && row[s.columns["metric"]] == "logloss" {
			name := row[s.columns["dataset"]]
			theirs[name] = append(theirs[name], s.number(t, i, "mean"))
		}
	}
	require.NotEmpty(t, theirs)
	for name, folds := range theirs {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(filepath.Join(data, "tabular", name+".csv"))
			require.NoError(t, err)
			defer f.Close()
			d, err := supervised.ReadCSV(f, supervised.CSVOptions{Target: "target", Classify: true, Group: "fold"})
			require.NoError(t, err)
			splits, err := supervised.LeaveOneGroupOut(d)
			require.NoError(t, err)
			loss, accuracy := 0.0, 0.0
			for seed := range uint64(5) {
				scores, err := supervised.CrossValidate(d, splits, func(d *supervised.Dataset) (*rl.ClassifierModel, error) {
					return rl.Classifier{L2: 0.01, Seed: seed}.Fit(t.Context(), d)
				}, supervised.ScoreClassifier)
				require.NoError(t, err)
				for _, s := range scores {
					loss += s.LogLoss / float64(5*len(scores))
					accuracy += s.Accuracy / float64(5*len(scores))
				}
			}
			t.Logf("log-loss %.4f, accuracy %.4f; logistic regression's log-loss %.4f", loss, accuracy, mean(folds))
			assert.LessOrEqual(t, loss, mean(folds))
		})
	}
}
