package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leptonsched/lepton/supervised"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fitFiles writes tables of jobs whose run time and failure hang on two columns, and returns their folder.
func fitFiles(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	r := rand.New(rand.NewPCG(1, 1))
	table := func(rows int, queues ...string) string {
		text := "user,submit,end,procs,queue,noise,failed,seconds\n"
		for i := range rows {
			procs, queue := 1+r.IntN(32), r.IntN(len(queues))
			seconds := 10*procs + 100*queue + r.IntN(20)
			failed := "no"
			if procs+10*queue+r.IntN(6) > 24 {
				failed = "yes"
			}
			memory := fmt.Sprint(r.IntN(100))
			if r.IntN(10) == 0 {
				memory = ""
			}
			text += fmt.Sprintf("u%d,%d,%d,%d,%s,%s,%s,%d\n", r.IntN(12), 10*i, 10*i+r.IntN(50), procs, queues[queue], memory, failed, seconds)
		}
		return text
	}
	write("jobs.csv", table(300, "short", "long"))
	write("later.csv", table(100, "short", "long"))
	write("new.csv", table(20, "short", "night"))
	write("missing.csv", "a,b,y\n1,,0\n2,,1\n3,NA,1\n")
	write("infinite.csv", "a,y\n1,0\n2,1\nInf,1\n")
	write("one.csv", "a,y\n1,x\n2,x\n")
	write("constant.csv", "a,b,y\n1,7,0\n2,7,1\n3,7,2\n4,7,3\n")
	write("old.csv", "old")
	tab1 := func(name string, width int) {
		var rows [][]float64
		var y []float64
		for range 60 {
			x := make([]float64, width)
			for j := range x {
				x[j] = r.NormFloat64()
			}
			rows = append(rows, x)
			label := 0.0
			if x[0] > 0 {
				label = 1
			}
			y = append(y, label)
		}
		d, err := supervised.NewDataset(supervised.Data{Rows: rows, Target: y})
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, supervised.WriteTAB1(&b, d))
		write(name, b.String())
	}
	tab1("train.bin", 3)
	tab1("test.bin", 3)
	tab1("wide.bin", 4)
	whole, err := os.ReadFile(filepath.Join(folder, "train.bin"))
	require.NoError(t, err)
	write("cut.bin", string(whole[:101]))
	return folder
}

func fitJSONOf(t *testing.T, args string) (out struct {
	AUC, LogLoss, Accuracy, RMSE *float64
	Scores                       map[string]*float64
	CV                           map[string]struct{ Mean, Std *float64 }
	Importances                  []importance
	TrainRows                    int `json:"train_rows"`
	TestRows                     int `json:"test_rows"`
	All                          map[string]any
}) {
	t.Helper()
	text := mustTool(t, strings.Fields("fit -json "+args)...)
	require.NoError(t, json.Unmarshal([]byte(text), &out))
	require.NoError(t, json.Unmarshal([]byte(text), &out.All))
	return out
}

func TestFitClassifies(t *testing.T) {
	t.Chdir(fitFiles(t))
	common := "-train jobs.csv -test later.csv -target failed -ignore seconds,user,submit,end -task binary "
	for _, model := range []string{"forest -set trees=20", "gbdt -set rounds=30 -set leaves=15 -set rate=0.2 -set bins=64 -set threads=2", "logistic -set standardise=true", "tree"} {
		got := fitJSONOf(t, common+"-cv 3 -model "+model)
		require.NotNil(t, got.AUC, model)
		assert.Greater(t, *got.AUC, 0.9, model)
		assert.Greater(t, *got.Accuracy, 0.85, model)
		assert.Nil(t, got.RMSE)
		assert.Equal(t, 300, got.TrainRows)
		assert.Equal(t, 100, got.TestRows)
		assert.Contains(t, got.Scores, "pr_auc")
		assert.InDelta(t, *got.Accuracy, *got.CV["accuracy"].Mean, 0.1)
		require.NotNil(t, got.CV["logloss"].Std)
		assert.Equal(t, "procs", got.Importances[0].Column, model)
		for _, field := range []string{"train_cpu_s", "train_wall_s", "rows_per_s", "single_p50_us", "peak_rss_mb"} {
			assert.Contains(t, got.All, field)
		}
		assert.Contains(t, got.All, "rmse", "present though it does not apply")
		again := fitJSONOf(t, common+"-cv 3 -model "+model)
		assert.Equal(t, got.Scores, again.Scores)
		assert.Equal(t, got.CV, again.CV)
	}
	// Without test rows the scores are those of the folds; without both there are none.
	got := fitJSONOf(t, "-train jobs.csv -target failed -ignore seconds -task multiclass -cv 3 -group user -set trees=5 -set threads=2")
	require.NotNil(t, got.LogLoss)
	assert.Equal(t, *got.CV["logloss"].Mean, *got.LogLoss)
	got = fitJSONOf(t, "-train jobs.csv -target failed -ignore seconds -task binary -set trees=5")
	assert.Nil(t, got.AUC)
	assert.Empty(t, got.Scores)
	assert.Contains(t, mustTool(t, strings.Fields("fit -train jobs.csv -target failed -ignore seconds -task binary -set trees=5")...), "no scores: give -test or -cv")
}

func TestFitEstimates(t *testing.T) {
	t.Chdir(fitFiles(t))
	common := "-train jobs.csv -test later.csv -target seconds -ignore failed,user -task regression "
	for model, most := range map[string]float64{"forest -set trees=20": 50, "gbdt": 25, "gbdt -set loss=huber -set delta=20": 25, "linear": 8, "ridge -set l2=0.5": 8, "tree": 25} {
		got := fitJSONOf(t, common+"-model "+model)
		require.NotNil(t, got.RMSE, model)
		assert.Less(t, *got.RMSE, most, model)
		assert.Nil(t, got.AUC)
	}
	// Folds in time, where what was not known yet is left out: a gap of all time leaves nothing.
	inTime := "fit -train jobs.csv -target seconds -ignore failed,user -task regression -model linear -cv 3 -time submit -known end "
	assert.Contains(t, mustTool(t, strings.Fields(inTime)...), "mean of")
	status, _, stderr := tool(strings.Fields(inTime + "-gap 1e6")...)
	assert.Equal(t, 2, status)
	assert.Contains(t, stderr, "a fold has no rows to fit or none to test")
}

// A quantile is a level that about that share of new targets stays below, and another level is another model.
func TestFitQuantiles(t *testing.T) {
	t.Chdir(fitFiles(t))
	common := "-train jobs.csv -test later.csv -target seconds -ignore failed,user,noise -task quantile "
	for _, model := range []string{"quantile", "gbdt -set rounds=40 -set leaves=8"} {
		middle, high := fitJSONOf(t, common+"-model "+model), fitJSONOf(t, common+"-set quantile=0.9 -model "+model)
		assert.InDelta(t, 0.5, *middle.Scores["coverage"], 0.15, model)
		assert.InDelta(t, 0.9, *high.Scores["coverage"], 0.1, model)
		assert.Greater(t, *high.Scores["coverage"], *middle.Scores["coverage"]+0.2, model)
		assert.Less(t, *middle.Scores["pinball"], 15.0, model)
		assert.Nil(t, middle.AUC)
	}
	mustTool(t, strings.Fields("fit "+common+"-model gbdt -set rounds=5 -save upper.lepton")...)
	f, err := os.Open("upper.lepton")
	require.NoError(t, err)
	defer f.Close()
	m, err := supervised.ReadModel(f)
	require.NoError(t, err)
	assert.IsType(t, &supervised.BoostedRegressor{}, m)
}

func TestFitFiles(t *testing.T) {
	folder := fitFiles(t)
	t.Chdir(folder)
	text := mustTool(t, strings.Fields("fit -train jobs.csv -test later.csv -target failed -ignore seconds -task binary -set trees=9 "+
		"-save model.lepton -predict out.csv -report page.html")...)
	for _, word := range []string{"forest of failed by 6 columns of 300 rows", "test", "accuracy", "PR-AUC", "procs", "Importance: share of what the splits gain."} {
		assert.Contains(t, text, word)
	}
	f, err := os.Open("model.lepton")
	require.NoError(t, err)
	defer f.Close()
	m, err := supervised.ReadModel(f)
	require.NoError(t, err)
	like := m.(supervised.Classifier).Schema()
	later, err := os.Open("later.csv")
	require.NoError(t, err)
	defer later.Close()
	d, err := supervised.ReadCSV(later, supervised.CSVOptions{Like: &like})
	require.NoError(t, err)
	out, err := os.ReadFile("out.csv")
	require.NoError(t, err)
	lines, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 101)
	assert.Equal(t, []string{"row", "target", "predicted", "p_no", "p_yes"}, lines[0])
	for i, line := range lines[1:] {
		p := m.Predict(d.Row(nil, i))
		assert.Equal(t, p, number(t, line[4]))
		assert.Equal(t, map[bool]string{true: "yes", false: "no"}[p > 0.5], line[2])
		assert.Equal(t, like.Classes[int(d.Target(i))], line[1])
		assert.Equal(t, fmt.Sprint(i+1), line[0])
	}
	page, err := os.ReadFile("page.html")
	require.NoError(t, err)
	for _, word := range []string{"<svg", "Calibration", "True and predicted classes", "procs", "balanced accuracy"} {
		assert.Contains(t, string(page), word)
	}

	mustTool(t, strings.Fields("fit -train jobs.csv -test later.csv -target seconds -ignore failed -task regression -model linear -report page.html -predict out.csv")...)
	page, err = os.ReadFile("page.html")
	require.NoError(t, err)
	assert.Contains(t, string(page), "predicted − true")
	piped := mustTool(t, strings.Fields("fit -train jobs.csv -test later.csv -target seconds -ignore failed -task regression -model linear -predict -")...)
	out, err = os.ReadFile("out.csv")
	require.NoError(t, err)
	assert.Equal(t, string(out), piped, "nothing else on standard output")
}

func TestFitTAB1(t *testing.T) {
	t.Chdir(fitFiles(t))
	got := fitJSONOf(t, "-train train.bin -test test.bin -target label -task binary -set trees=20")
	assert.Greater(t, *got.AUC, 0.9)
	assert.Equal(t, "x0", got.Importances[0].Column)
	got = fitJSONOf(t, "-train train.bin -test test.bin -target target -task regression -model linear")
	assert.Less(t, *got.RMSE, 0.5)
}

func TestFitNotesUnknownCategories(t *testing.T) {
	t.Chdir(fitFiles(t))
	status, stdout, stderr := tool(strings.Fields("fit -train jobs.csv -test new.csv -target seconds -ignore failed,user -task regression -model linear")...)
	assert.Equal(t, 0, status)
	assert.Contains(t, stdout, "RMSE")
	assert.Regexp(t, `^lepton: note: new.csv: csv line \d+, column "queue": not the code of a level: "night", which the training rows do not have: such values count as missing\n$`, stderr)
}

func TestFitFaults(t *testing.T) {
	folder := fitFiles(t)
	t.Chdir(folder)
	before := listing(t, folder)
	jobs := "-train jobs.csv -target failed -task binary "
	for _, c := range []struct{ name, args, want string }{
		{"nothing said", "", `fit: -train is missing, see lepton help fit; -target is missing; -task is "", want binary, multiclass, regression, quantile`},
		{"all faults together", jobs + "-model gbtd -cv -1 -gap 2", `-model is "gbtd", want forest, tree, gbdt, logistic, linear, ridge, quantile`},
		{"a setting misspelt", jobs + "-set dept=3", "-set dept=3: forest has no \"dept\": did you mean depth?"},
		{"a setting unheard of", jobs + "-model logistic -set momentum=3", `logistic has no "momentum": it has c, l1ratio, standardise, tolerance, iterations`},
		{"a setting without value", jobs + "-set depth", "-set depth: want NAME=VALUE"},
		{"a setting of words", jobs + "-set depth=deep", "-set depth=deep: not a whole number"},
		{"a flag of words", jobs + "-set nobootstrap=maybe", "neither true nor false"},
		{"a seed below 0", jobs + "-set seed=-1", "-set seed=-1: not a whole number of at least 0"},
		{"a number of words", jobs + "-model logistic -set c=x", "-set c=x: not a number"},
		{"a setting out of range", jobs + "-ignore seconds -set trees=-2", "fit: bad options: Trees is -2"},
		{"a loss misspelt", jobs + "-model gbdt -set loss=hubert", `-set loss=hubert: bad options: no loss is called "hubert": there are ["squared" "absolute" "huber"`},
		{"a loss for numbers", jobs + "-ignore seconds -model gbdt -set loss=huber", "bad options: Loss is huber, which is for numbers"},
		{"a loss that is no quantile", "-train jobs.csv -target seconds -ignore failed -task quantile -model gbdt -set loss=squared", "fit: -task quantile takes the quantile loss, not the squared one"},
		{"patience without rows held out", jobs + "-model gbdt -set patience=3", `gbdt has no "patience": it has rounds, rate, leaves, depth, minleaf, bins`},
		{"a quantile out of range", "-train jobs.csv -target seconds -ignore failed -task quantile -model quantile -set quantile=1.5", "bad options: Quantile is 1.5, not in (0, 1)"},
		{"the wrong model", jobs + "-model linear", "-model linear is for -task regression, not binary"},
		{"no model for it", "-train jobs.csv -target seconds -task quantile", "-model forest is for -task binary, multiclass, regression, not quantile"},
		{"one fold", jobs + "-cv 1", "-cv is 1, must be at least 2"},
		{"two ways to part", jobs + "-group user -time submit", "give one of them"},
		{"known without time", jobs + "-known end", "-known needs a -time"},
		{"nothing to predict", jobs + "-predict out.csv", "-predict needs a -test"},
		{"two on standard output", jobs + "-test later.csv -predict - -report -", "only one of -save, -predict and -report"},
		{"JSON and more", jobs + "-save - -json", "-json writes to standard output"},
		{"no file", "-train nothere.csv -target y -task binary", "lepton: nothere.csv: no such file or directory"},
		{"a folder", "-train . -target y -task binary", "is a directory"},
		{"no such target", "-train jobs.csv -target fialed -task binary", `jobs.csv: csv line 1: no such column: "fialed"`},
		{"no such column", jobs + "-ignore nothing", `jobs.csv: csv line 1: no such column: "nothing"`},
		{"three classes", "-train jobs.csv -target queue -task regression", `jobs.csv: csv line 2, column "queue": not a number`},
		{"not two classes", "-train jobs.csv -target user -task binary", `-task binary needs two classes, "user" has 12: u0, u1, u10, u11, u2`},
		{"one class", "-train one.csv -target y -task multiclass", `fewer than two classes have rows: all rows are "x"`},
		{"all missing", "-train missing.csv -target y -task regression", `every value of a column is missing: "b"`},
		{"infinite", "-train infinite.csv -target y -task regression", `infinite.csv: csv line 4, column "a": not a finite number: "Inf"`},
		{"more folds than rows", "-train constant.csv -target y -task regression -cv 9", "9 folds of 4 rows"},
		{"test without a column", jobs + "-test constant.csv -ignore seconds", `constant.csv: csv line 1: no such column: "failed"`},
		{"no place to save", jobs + "-save nowhere/m.lepton", "cannot write nowhere/m.lepton"},
		{"TAB1 by a name", "-train train.bin -target y -task binary", `train.bin: -target of a TAB1 table is label or target, not "y"`},
		{"TAB1 with names", "-train train.bin -target label -task binary -ignore x", "a TAB1 table has no named columns"},
		{"TAB1 cut", "-train cut.bin -target label -task binary", "cut.bin: not a TAB1 table: byte 100: the table ends too early"},
		{"TAB1 of another width", "-train train.bin -test wide.bin -target label -task binary", "wide.bin: a row or a buffer has the wrong width: 4 columns, 3 are expected"},
		{"a number of classes", "-train train.bin -test jobs.csv -target label -task binary", `jobs.csv: csv line 1: no such column: "label"`},
		{"a stray word", jobs + "later.csv", `fit: what is "later.csv"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := tool(strings.Fields("fit " + c.args)...)
			assert.Equal(t, 2, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.want)
			assert.Regexp(t, `^lepton: [^\x00-\x1f]+\n$`, stderr, "one line")
			assert.NotContains(t, stderr, "supervised: ")
			assert.Equal(t, before, listing(t, folder))
		})
	}
	// A column that does not vary is no fault.
	assert.Contains(t, mustTool(t, strings.Fields("fit -train constant.csv -test constant.csv -target y -task regression -model linear")...), "RMSE")
}

func TestFitEndsWithItsContext(t *testing.T) {
	t.Chdir(fitFiles(t))
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var out, err bytes.Buffer
	status := run(ctx, strings.Fields("fit -train jobs.csv -target failed -task binary -cv 3 -save m.lepton"), &out, &err)
	assert.Equal(t, 130, status)
	assert.Equal(t, "lepton: interrupted, nothing was written\n", err.String())
	assert.NoFileExists(t, "m.lepton")
}

// kindOfLoss is an option that is set by its name.
type kindOfLoss uint8

func (k *kindOfLoss) UnmarshalText(text []byte) error {
	if string(text) != "huber" {
		return fmt.Errorf("no loss is called %q", text)
	}
	*k = 2
	return nil
}

// Every setting that the manual names can be set, and lands in the field of that name.
func TestFitSettings(t *testing.T) {
	for _, m := range fitModels() {
		assert.Contains(t, fitTasks, m.tasks[0])
		assert.NotEmpty(t, m.settings())
		for _, name := range m.settings() {
			value := "1"
			if name == "loss" {
				value = "huber"
			}
			options, err := m.configured([]string{name + "=" + value}, 5)
			require.NoError(t, err, name)
			assert.Regexp(t, `\b`+name+`:\[?(`+value+`|true)\b`, strings.ToLower(fmt.Sprintf("%+v", options)))
		}
	}
	options, err := fitModels()[0].configured([]string{"trees=7", "nobootstrap=true"}, 5)
	require.NoError(t, err)
	o := options.(supervised.RandomForest)
	assert.Equal(t, []any{7, true, uint64(5)}, []any{o.Trees, o.NoBootstrap, o.Seed})

	// Lists, and the level of a quantile, of whatever options have them.
	type listed struct {
		Names    []string
		Weights  []float64
		Quantile float64
		Limit    string
		Kind     kindOfLoss
		Other    *int
	}
	m := fitModel{name: "listed", options: listed{}}
	options, err = m.configured([]string{"names=a,b", "weights=1,2.5", "quantile=0.9", "limit=asked", "kind=huber"}, 0)
	require.NoError(t, err)
	assert.Equal(t, listed{Names: []string{"a", "b"}, Weights: []float64{1, 2.5}, Quantile: 0.9, Limit: "asked", Kind: 2}, options)
	assert.Equal(t, []string{"names", "weights", "quantile", "limit", "kind"}, m.settings())
	assert.Equal(t, 0.9, quantileOf(options))
	assert.Equal(t, 0.5, quantileOf(listed{}))
	_, err = m.configured([]string{"weights=1,x"}, 0)
	assert.ErrorContains(t, err, "-set weights=1,x: not a number")
	_, err = m.configured([]string{"kind=hubert"}, 0)
	assert.ErrorContains(t, err, `-set kind=hubert: no loss is called "hubert"`)
}
