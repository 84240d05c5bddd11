package supervised

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// referenceRow is one line of supervised.csv.
type referenceRow struct {
	dataset, model string
	fold           int
	metric         string
	mean, min, max float64
}

// sharedFolder returns the folder named by the variable, or the default beside the repository root.
func sharedFolder(t *testing.T, variable, fallback string) string {
	if dir := os.Getenv(variable); dir != "" {
		return dir
	}
	root, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, filepath.FromSlash(fallback))
		}
		require.NotEqual(t, root, filepath.Dir(root), "no go.mod above the test")
		root = filepath.Dir(root)
	}
}

func readReference(t *testing.T) []referenceRow {
	dir := sharedFolder(t, "LEPTON_REFERENCE", "../shared/reference")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no reference folder at %s", dir)
	}
	f, err := os.Open(filepath.Join(dir, "supervised.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the reference folder holds no supervised.csv")
	}
	require.NoError(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"dataset", "model", "fold", "metric", "mean", "min", "max", "seeds", "n_train", "n_test"}, lines[0])
	var rows []referenceRow
	for _, l := range lines[1:] {
		r := referenceRow{dataset: l[0], model: l[1], metric: l[3]}
		r.fold, err = strconv.Atoi(l[2])
		require.NoError(t, err)
		for k, v := range []*float64{&r.mean, &r.min, &r.max} {
			*v, err = strconv.ParseFloat(l[4+k], 64)
			require.NoError(t, err)
		}
		rows = append(rows, r)
	}
	require.NotEmpty(t, rows)
	return rows
}

// scoresOf returns, for one fold, the value of every metric by the reference's name.
type scoresOf func(train, test *Dataset, seed uint64) (map[string]float64, error)

func classifierScores[M Classifier](fit func(*Dataset) (M, error), train, test *Dataset) (map[string]float64, error) {
	m, err := fit(train)
	if err != nil {
		return nil, err
	}
	s, err := ScoreClassifier(m, test)
	return map[string]float64{"accuracy": s.Accuracy, "auc": s.AUC, "logloss": s.LogLoss}, err
}

func regressorScores[M Model](fit func(*Dataset) (M, error), train, test *Dataset) (map[string]float64, error) {
	m, err := fit(train)
	if err != nil {
		return nil, err
	}
	s, err := ScoreRegressor(m, test)
	return map[string]float64{"rmse": s.RMSE, "mae": s.MAE}, err
}

// referenceModels are the settings of README_supervised.md that this package has.
var referenceModels = map[string]struct {
	random bool
	scores scoresOf
}{
	"rf":         {true, forestScores(RandomForest{})},
	"tree":       {true, forestScores(RandomForest{Trees: 1, NoBootstrap: true, Features: math.MaxInt32, Depth: math.MaxInt32})},
	"mean":       {false, forestScores(RandomForest{Trees: 1, NoBootstrap: true, MinLeaf: math.MaxInt32})},
	"gbdt_exact": {true, boostScores(GradientBoosting{Depth: 3, Leaves: 8, MinLeaf: 1})},
	"gbdt_hist":  {true, boostScores(GradientBoosting{})},
	"logreg": {false, func(train, test *Dataset, _ uint64) (map[string]float64, error) {
		return classifierScores(LogisticRegression{Standardise: true}.Fit, train, test)
	}},
	"linear": {false, func(train, test *Dataset, _ uint64) (map[string]float64, error) {
		return regressorScores(LinearRegression{}.Fit, train, test)
	}},
	"ridge1": {false, func(train, test *Dataset, _ uint64) (map[string]float64, error) {
		return regressorScores(LinearRegression{L2: 1, Standardise: true}.Fit, train, test)
	}},
}

// asFloat32 rounds the features as the reference's trees do. Values with one decimal often lie exactly
// between two others, where a threshold is put; which way they go then hangs on the rounding.
func asFloat32(d *Dataset) *Dataset {
	d = d.flat()
	for j, values := range d.cols {
		rounded := make([]float64, len(values))
		for i, v := range values {
			rounded[i] = float64(float32(v))
		}
		d = d.withColumn(j, rounded)
	}
	return d
}

func forestScores(o RandomForest) scoresOf {
	return func(train, test *Dataset, seed uint64) (map[string]float64, error) {
		o.Seed = seed
		train, test = asFloat32(train), asFloat32(test)
		if train.Classes() > 0 {
			return classifierScores(o.FitClassifier, train, test)
		}
		return regressorScores(o.FitRegressor, train, test)
	}
}

func boostScores(o GradientBoosting) scoresOf {
	return func(train, test *Dataset, _ uint64) (map[string]float64, error) {
		train, test = asFloat32(train), asFloat32(test)
		if train.Classes() > 0 {
			return classifierScores(o.FitClassifier, train, test)
		}
		return regressorScores(o.FitRegressor, train, test)
	}
}

// TestReferenceSupervised holds every model against scikit-learn's scores on every data set that the
// reference names, by the rules of README_supervised.md.
func TestReferenceSupervised(t *testing.T) {
	byDataset := map[string]map[string][]referenceRow{}
	for _, r := range readReference(t) {
		if byDataset[r.dataset] == nil {
			byDataset[r.dataset] = map[string][]referenceRow{}
		}
		byDataset[r.dataset][r.model] = append(byDataset[r.dataset][r.model], r)
	}
	data := sharedFolder(t, "LEPTON_DATA", "../shared/data")
	if _, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no data folder at %s", data)
	}
	for _, name := range slices.Sorted(maps.Keys(byDataset)) {
		byModel := byDataset[name]
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(data, "tabular", name+".csv")
			classify := !slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(byModel))...), func(r referenceRow) bool { return r.metric == "rmse" })
			d := readTabular(t, file, classify)
			splits, err := LeaveOneGroupOut(d)
			require.NoError(t, err)
			for _, model := range slices.Sorted(maps.Keys(byModel)) {
				rows := byModel[model]
				t.Run(model, func(t *testing.T) {
					m, have := referenceModels[model]
					if !have {
						t.Skipf("this package has no %s yet", model)
					}
					compare(t, d, splits, rows, m.random, strings.HasPrefix(model, "gbdt"), m.scores)
				})
			}
		})
	}
}

func readTabular(t *testing.T, file string, classify bool) *Dataset {
	f, err := os.Open(file)
	require.NoError(t, err, "the reference names a data set that is not there")
	defer f.Close()
	d, err := ReadCSV(f, CSVOptions{Target: "target", Classify: classify, Group: "fold"})
	require.NoError(t, err)
	return d
}

func compare(t *testing.T, d *Dataset, splits []Split, rows []referenceRow, random, likelihood bool, scores scoresOf) {
	seeds := uint64(1)
	if random {
		seeds = 5
	}
	ours := map[string][]float64{} // metric: mean over seeds of each fold
	for k, s := range splits {
		train, err := d.Subset(s.Train)
		require.NoError(t, err)
		test, err := d.Subset(s.Test)
		require.NoError(t, err)
		for seed := range seeds {
			got, err := scores(train, test, seed)
			require.NoError(t, err, "fold %d, seed %d", k, seed)
			for metric, v := range got {
				if ours[metric] == nil {
					ours[metric] = make([]float64, len(splits))
				}
				ours[metric][k] += v / float64(seeds)
			}
		}
	}
	byMetric := map[string][]referenceRow{}
	for _, r := range rows {
		byMetric[r.metric] = append(byMetric[r.metric], r)
	}
	for _, metric := range slices.Sorted(maps.Keys(byMetric)) {
		want := byMetric[metric]
		require.Contains(t, ours, metric)
		var mean, theirs, spread float64
		for _, r := range want {
			require.Less(t, r.fold, len(splits), "a fold that the data set does not have")
			mean += ours[metric][r.fold] / float64(len(want))
			theirs += r.mean / float64(len(want))
			spread += (r.max - r.min) / 2 / float64(len(want))
		}
		t.Logf("%-8s ours %.6f, reference %.6f, spread %.6f", metric, mean, theirs, spread)
		if random {
			notWorse(t, metric, mean, theirs, spread, likelihood)
		} else {
			theSame(t, metric, mean, theirs, float64(d.Len()))
		}
	}
}

// notWorse is the rule for models with a random part, and for binned ones. The log-loss of forests and
// trees is dominated by zero votes and not compared.
func notWorse(t *testing.T, metric string, ours, theirs, spread float64, likelihood bool) {
	switch metric {
	case "accuracy":
		require.GreaterOrEqual(t, ours, theirs-max(3*spread, 0.01), metric)
	case "auc":
		require.GreaterOrEqual(t, ours, theirs-max(3*spread, 0.005), metric)
	case "rmse":
		require.LessOrEqual(t, ours, theirs+max(3*spread, 0.02*theirs), metric)
	case "logloss":
		if likelihood {
			require.LessOrEqual(t, ours, theirs+max(3*spread, 0.05*theirs), metric)
		}
	default:
		t.Errorf("no rule for the metric %q", metric)
	}
}

// theSame is the rule for convex models: one row of accuracy over the whole data set. The area under
// the curve moves only when ranks do.
func theSame(t *testing.T, metric string, ours, theirs, rows float64) {
	switch metric {
	case "accuracy":
		require.InDelta(t, theirs, ours, 1.01/rows, metric)
	case "auc":
		require.InDelta(t, theirs, ours, 1e-4, metric)
	case "logloss", "rmse", "mae":
		require.InEpsilon(t, theirs, ours, 1e-4, metric)
	default:
		t.Errorf("no rule for the metric %q", metric)
	}
}
