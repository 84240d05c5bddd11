package supervised

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// xgbText is a model of one split, 'load < 0.1', in the spelling of a version.
func xgbText(objective, numClass, baseScore, defaultLeft string) string {
	return fmt.Sprintf(`{"learner":{"feature_names":[],"feature_types":[],
"gradient_booster":{"model":{"tree_info":[0],"trees":[{"left_children":[1,-1,-1],"right_children":[2,-1,-1],
"split_indices":[0,0,0],"split_conditions":[1E-1,-2E0,3E0],"default_left":[%s]}]},"name":"gbtree"},
"learner_model_param":{"base_score":%s,"num_class":"%s","num_feature":"1"},"objective":{"name":"%s"}},"version":[1,7,4]}`,
		defaultLeft, baseScore, numClass, objective)
}

func TestXGBoostSpellings(t *testing.T) {
	logit := math.Log(0.25 / 0.75)
	for _, c := range []struct {
		name, objective, base, left string
		want                        float64
	}{
		{"string", "binary:logistic", `"2.5E-1"`, "1,0,0", logit},
		{"number", "binary:logistic", `0.25`, "1,0,0", logit},
		{"bracketed string", "binary:logistic", `"[2.5E-1]"`, "1,0,0", logit},
		{"array of numbers", "binary:logistic", `[2.5E-1]`, "1,0,0", logit},
		{"array of strings", "binary:logistic", `["2.5E-1"]`, "1,0,0", logit},
		{"default_left as booleans", "binary:logistic", `0.25`, "true,false,false", logit},
		{"reg:logistic", "reg:logistic", `0.25`, "1,0,0", logit},
		{"log link", "count:poisson", `0.25`, "1,0,0", math.Log(0.25)},
		{"no link", "reg:squarederror", `-4`, "1,0,0", -4},
		{"logitraw", "binary:logitraw", `0.25`, "1,0,0", 0.25},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ReadXGBoost(strings.NewReader(xgbText(c.objective, "0", c.base, c.left)))
			require.NoError(t, err)
			below := math.Nextafter32(0.1, 0)
			for _, r := range []struct{ x, leaf float64 }{
				{float64(below), -2}, {float64(float32(0.1)), 3},
				{0.1, 3},                       // as float32 it is the threshold itself
				{float64(below) + 0x1p-29, -2}, // as float32 it is the number below: the step is 2⁻²⁷ here
				{math.NaN(), -2},
			} {
				assert.InDelta(t, c.want+r.leaf, marginsOf(t, m, []float64{r.x})[0], 1e-7, "x = %v", r.x)
			}
		})
	}
}

// TestXGBoostVector is the intercept of several classes, from version 3.1 on: margins as they are.
func TestXGBoostVector(t *testing.T) {
	text := xgbText("multi:softprob", "3", `"[1E-1,-2E-1,3E-1]"`, "0,0,0")
	text = strings.Replace(text, `"tree_info":[0]`, `"tree_info":[]`, 1)
	from, to := strings.Index(text, `"trees":[`)+len(`"trees":[`), strings.Index(text, `]},"name"`)
	m, err := ReadXGBoost(strings.NewReader(text[:from] + text[to:]))
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{0.1, -0.2, 0.3}, marginsOf(t, m, []float64{1}), 1e-7)
}

func TestExchangeFaults(t *testing.T) {
	xgb := xgbText("binary:logistic", "0", `"5E-1"`, "1,0,0")
	deep := strings.Repeat(`{"learner":`, 20000)
	lgb, err := os.ReadFile("testdata/exchange/lightgbm-binary-v4.txt")
	require.NoError(t, err)
	forest, err := os.ReadFile("testdata/exchange/sklearn-tree.json")
	require.NoError(t, err)
	for _, c := range []struct {
		name, file, text, old, put string
		sentinel                   error
		says                       string
	}{
		{"UBJSON", "xgboost", "{L\x00\x00", "", "", ErrUnsupported, "binary"},
		{"nothing", "xgboost", "", "", "", ErrModel, "byte 0"},
		{"deep", "xgboost", deep, "", "", ErrModel, "depth"},
		{"cut off", "xgboost", xgb[:len(xgb)-40], "", "", ErrModel, "byte"},
		{"gblinear", "xgboost", xgb, `"gbtree"`, `"gblinear"`, ErrUnsupported, "gblinear"},
		{"objective", "xgboost", xgb, "binary:logistic", "survival:cox", ErrUnsupported, "survival:cox"},
		{"old logitraw", "xgboost", strings.Replace(xgb, "binary:logistic", "binary:logitraw", 1), "[1,7,4]", "[1,2,0]", ErrUnsupported, "logitraw"},
		{"targets", "xgboost", xgb, `"num_feature"`, `"num_target":"2","num_feature"`, ErrUnsupported, "2 targets"},
		{"vector leaves", "xgboost", xgb, `"left_children"`, `"tree_param":{"size_leaf_vector":"3"},"left_children"`, ErrUnsupported, "3 numbers in a leaf"},
		{"classes", "xgboost", xgb, `"num_class":"0"`, `"num_class":"4"`, ErrModel, "num_class"},
		{"base_score", "xgboost", xgb, `"5E-1"`, `"1.5"`, ErrModel, "base_score"},
		{"base_score absent", "xgboost", xgb, `"base_score":"5E-1",`, "", ErrModel, "base_score"},
		{"base_score twice", "xgboost", xgb, `"5E-1"`, `"[0.5,0.5]"`, ErrModel, "2 numbers in base_score"},
		{"no number", "xgboost", xgb, `-2E0`, `"two"`, ErrModel, `tree 0`},
		{"NaN leaf", "xgboost", xgb, `-2E0`, `NaN`, ErrModel, "tree 0, node 1 is a leaf of NaN"},
		{"infinite leaf", "xgboost", xgb, `3E0`, `-Infinity`, ErrModel, "tree 0, node 2 is a leaf of -Inf"},
		{"NaN threshold", "xgboost", xgb, `1E-1`, `NaN`, ErrModel, "tree 0, node 0 splits at NaN"},
		{"column", "xgboost", xgb, `"split_indices":[0`, `"split_indices":[1`, ErrModel, "tree 0, node 0 asks for column 1 of 1"},
		{"child outside", "xgboost", xgb, `"right_children":[2`, `"right_children":[3`, ErrModel, "tree 0, node 0 has the children 1 and 3"},
		{"child twice", "xgboost", xgb, `"right_children":[2`, `"right_children":[1`, ErrModel, "tree 0, node 1 is a child twice"},
		{"circle", "xgboost", xgb, `"right_children":[2`, `"right_children":[0`, ErrModel, "tree 0, node 0 is a child twice"},
		{"list too short", "xgboost", xgb, `[1,0,0]`, `[1,0]`, ErrModel, "tree 0 has 2 numbers in default_left"},
		{"tree_info", "xgboost", xgb, `"tree_info":[0]`, `"tree_info":[1]`, ErrModel, "tree 0 is for group 1 of 1"},
		{"many columns", "xgboost", xgb, `"num_feature":"1"`, `"num_feature":"1000000000"`, ErrModel, "1000000000 feature columns"},
		{"many classes", "xgboost", strings.Replace(xgb, "binary:logistic", "multi:softprob", 1), `"num_class":"0"`, `"num_class":"100000000"`, ErrModel, "100000000 classes"},
		{"no categories", "xgboost", xgb, `"left_children"`, `"split_type":[1,0,0],"left_children"`, ErrModel, "tree 0, node 0 has no categories"},
		{"high category", "xgboost", xgb, `"left_children"`,
			`"split_type":[1,0,0],"categories":[16000000],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[1],"left_children"`, ErrModel, "too many for a file"},
		{"categories cut", "xgboost", xgb, `"left_children"`,
			`"split_type":[1,0,0],"categories":[1],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[2],"left_children"`, ErrModel, "has 2 categories from 0 on, of 1"},
		{"names", "xgboost", xgb, `"feature_names":[]`, `"feature_names":["a","b"]`, ErrModel, "2 names for 1 feature columns"},
		{"dart without weights", "xgboost", xgb, `"gradient_booster":{`, `"gradient_booster":{"gbtree":{"model":{"tree_info":[0],"trees":[{}]}},"name":"dart","x":{}},"unused":{`, ErrModel, "weight_drop"},

		{"not a model", "lightgbm", "trees\n", "", "", ErrModel, `"tree"`},
		{"v2", "lightgbm", string(lgb), "version=v4", "version=v2", ErrUnsupported, `"v2"`},
		{"objective", "lightgbm", string(lgb), "binary sigmoid:2", "multiclassova num_class:1", ErrUnsupported, "multiclassova"},
		{"sqrt", "lightgbm", string(lgb), "binary sigmoid:2", "regression sqrt", ErrUnsupported, "sqrt"},
		{"sigmoid", "lightgbm", string(lgb), "sigmoid:2", "sigmoid:0", ErrUnsupported, "sigmoid:0"},
		{"linear", "lightgbm", string(lgb), "is_linear=0", "is_linear=1", ErrUnsupported, "tree 0"},
		{"cut off", "lightgbm", string(lgb[:len(lgb)/2]), "", "", ErrModel, "tree 1"},
		{"no end", "lightgbm", string(lgb), "end of trees", "", ErrModel, "end of trees"},
		{"tree number", "lightgbm", string(lgb), "Tree=1", "Tree=3", ErrModel, "where tree 1 should begin"},
		{"twice", "lightgbm", string(lgb), "split_feature=0 2 1", "threshold=1\nsplit_feature=0 2 1", ErrModel, `"threshold" twice`},
		{"leaf", "lightgbm", string(lgb), "leaf_value=0.1 0.4", "leaf_value=0.1 nan", ErrModel, "tree 0, node 4 is a leaf of NaN"},
		{"number", "lightgbm", string(lgb), "leaf_value=0.1 0.4", "leaf_value=0.1 abc", ErrModel, `tree 0, leaf_value, number 1 is "abc"`},
		{"leaves", "lightgbm", string(lgb), "num_leaves=4", "num_leaves=5", ErrModel, "tree 0 has 4 numbers in leaf_value, not 5"},
		{"child", "lightgbm", string(lgb), "right_child=2 -3", "right_child=2 -9", ErrModel, "tree 0, node 11 is a child, and there are 7 nodes"},
		{"circle", "lightgbm", string(lgb), "right_child=2 -3", "right_child=0 -3", ErrModel, "tree 0, node 0 is a child twice"},
		{"column", "lightgbm", string(lgb), "split_feature=0 2 1", "split_feature=0 3 1", ErrModel, "tree 0, node 1 asks for column 3 of 3"},
		{"decision_type", "lightgbm", string(lgb), "decision_type=10 9 4", "decision_type=10 9 12", ErrModel, "tree 0, node 2 has the decision_type 12"},
		{"category number", "lightgbm", string(lgb), "threshold=0.5 0 2", "threshold=0.5 1 2", ErrModel, "tree 0, node 1 has the categories 1 of 1"},
		{"category words", "lightgbm", string(lgb), "cat_boundaries=0 2", "cat_boundaries=0 3", ErrModel, "tree 0, node 1 has the words 0 to 3 of 2"},
		{"category word", "lightgbm", string(lgb), "cat_threshold=2 2", "cat_threshold=2 4294967296", ErrModel, "has the word 4294967296"},
		{"infos", "lightgbm", string(lgb), "0:1:2:33:40", "0:x", ErrModel, "feature column 2"},
		{"high category", "lightgbm", string(lgb), "0:1:2:33:40", "0:1000000000", ErrModel, "1000000001 categories"},
		{"many columns", "lightgbm", string(lgb), "max_feature_idx=2", "max_feature_idx=1000000000", ErrModel, "1000000001 feature columns"},

		{"format", "sklearn", string(forest), "lepton.forest", "leptonforest", ErrUnsupported, "leptonforest"},
		{"version", "sklearn", string(forest), `"version": 1`, `"version": 2`, ErrUnsupported, "version 2"},
		{"no trees", "sklearn", `{"format":"lepton.forest","version":1,"features":["a"],"trees":[]}`, "", "", ErrModel, ""},
		{"no columns", "sklearn", `{"format":"lepton.forest","version":1,"trees":[]}`, "", "", ErrModel, "0 feature columns"},
		{"probabilities", "sklearn", `{"format":"lepton.forest","version":1,"features":["a"],"classes":["x","y"],"trees":[{"left":[-1],"right":[-1],"feature":[-2],"threshold":[-2],"value":[3,4]}]}`, "", "", ErrModel, "tree 0, node 0: [3 4] are no probabilities"},
		{"values", "sklearn", string(forest), `"value": [`, `"value": [1,`, ErrModel, "tree 0 has"},
	} {
		t.Run(c.file+" "+c.name, func(t *testing.T) {
			text := c.text
			if c.old != "" {
				require.Contains(t, text, c.old)
				text = strings.Replace(text, c.old, c.put, 1)
			}
			m, err := readForeign(c.file, strings.NewReader(text))
			require.ErrorIs(t, err, c.sentinel)
			assert.ErrorContains(t, err, c.says)
			assert.Nil(t, m)
		})
	}
	for _, file := range []string{"xgboost", "lightgbm", "sklearn"} {
		_, err := readForeign(file, iotest.ErrReader(os.ErrDeadlineExceeded))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded, file)
	}
}

// TestLightGBMTwoScores is softmax of two scores: their difference is the log-odds.
func TestLightGBMTwoScores(t *testing.T) {
	text := `tree
version=v4
num_tree_per_iteration=2
max_feature_idx=0
objective=multiclass num_class:2

Tree=0
num_leaves=1
leaf_value=0.5

Tree=1
num_leaves=1
leaf_value=2

end of trees
`
	m, err := ReadLightGBM(strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n")))
	require.NoError(t, err)
	assert.InDelta(t, math.Exp(2)/(math.Exp(0.5)+math.Exp(2)), m.Predict([]float64{1}), 1e-12)
	_, err = m.(*BoostedClassifier).Explain([]float64{1}, 1)
	assert.NoError(t, err)
}

// TestExchangeReadings are rows that only one reading of a value or of a missing one answers so.
func TestExchangeReadings(t *testing.T) {
	lgb := "tree\nversion=v4\nnum_tree_per_iteration=1\nmax_feature_idx=0\n\nTree=0\nnum_leaves=2\nsplit_feature=0\nthreshold=0.1\n" +
		"decision_type=%s\nleft_child=-1\nright_child=-2\nleaf_value=10 20\n\nend of trees\n"
	forest := `{"format":"lepton.forest","version":1,"features":["a"],"trees":[{"left":[1,-1,-1],"right":[2,-1,-1],
"feature":[0,-2,-2],"threshold":[0.1,-2,-2],"missing_left":[%s,0,0],"value":[10,20]}]}`
	nan := math.NaN()
	for _, c := range []struct {
		name, file, text, put string
		x, want               float64
	}{
		{"none: NaN is 0", "lightgbm", lgb, "0", nan, 10},
		{"none: NaN is 0, whatever the default", "lightgbm", strings.Replace(lgb, "=0.1", "=-0.1", 1), "2", nan, 20},
		{"NaN to the right", "lightgbm", lgb, "8", nan, 20},
		{"NaN to the left", "lightgbm", lgb, "10", nan, 10},
		{"zero to the right", "lightgbm", lgb, "4", 0, 20},
		{"a float64 on the threshold", "lightgbm", lgb, "8", 0.1, 10},
		{"a float64 above it", "lightgbm", lgb, "8", math.Nextafter(0.1, 1), 20},
		{"the float32 of 0.1 is above 0.1", "sklearn", forest, "0", 0.1, 20},
		{"missing to the left", "sklearn", forest, "1", nan, 10},
		{"missing to the right", "sklearn", forest, "0", nan, 20},
	} {
		m, err := readForeign(c.file, strings.NewReader(fmt.Sprintf(c.text, c.put)))
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, m.Predict([]float64{c.x}), "%s: %s", c.file, c.name)
	}
}

// TestExchangeCovers: a node that says it covers nothing leaves Explain without weights, and is no fault.
func TestExchangeCovers(t *testing.T) {
	text := strings.Replace(xgbText("reg:squarederror", "0", "0", "1,0,0"), `"left_children"`, `"sum_hessian":[%s],"left_children"`, 1)
	for covers, want := range map[string]error{"4,3,1": nil, "4,4,0": ErrModel, "4,-3,7": ErrModel, "4,NaN,1": ErrModel} {
		m, err := ReadXGBoost(strings.NewReader(fmt.Sprintf(text, covers)))
		require.NoError(t, err, covers)
		_, err = m.(*BoostedRegressor).Explain([]float64{1})
		assert.ErrorIs(t, err, want, covers)
	}
}

// TestExchangeMemory reads files made to be dear: what is kept and made on the way is at most some tens of
// bytes for each of theirs.
func TestExchangeMemory(t *testing.T) {
	repeat := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s, n), ",") }
	xgb := xgbText("binary:logistic", "0", `"5E-1"`, "1,0,0")
	const n = 20000
	shared := "Tree=0\nnum_leaves=" + fmt.Sprint(n+1) + "\nnum_cat=1\nsplit_feature=" + strings.Repeat("0 ", n) +
		"\nthreshold=" + strings.Repeat("0 ", n) + "\ndecision_type=" + strings.Repeat("1 ", n) +
		"\nleft_child=" + strings.Repeat("1 ", n) + "\nright_child=" + strings.Repeat("1 ", n) +
		"\nleaf_value=" + strings.Repeat("0 ", n+1) + "\ncat_boundaries=0 " + fmt.Sprint(n) + "\ncat_threshold=" + strings.Repeat("1 ", n)
	for _, c := range []struct{ name, file, text string }{
		{"empty trees", "xgboost", strings.Replace(strings.Replace(xgb, `"tree_info":[0]`, `"tree_info":[`+repeat("0,", 100000)+`]`, 1),
			`"trees":[`, `"trees":[`+strings.Repeat("{},", 99999), 1)},
		{"unused numbers", "xgboost", strings.Replace(xgb, `"left_children"`, `"categories":[`+repeat("0,", 200000)+`],"left_children"`, 1)},
		{"one set for all", "lightgbm", "tree\nversion=v4\nnum_tree_per_iteration=1\nmax_feature_idx=0\n\n" + shared + "\n\nend of trees\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readForeign(c.file, strings.NewReader(c.text))
			runtime.ReadMemStats(&after)
			t.Logf("%d bytes read, %d made: %v", len(c.text), after.TotalAlloc-before.TotalAlloc, err)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64*len(c.text)+8<<20))
		})
	}
}

// TestExchangeCompiles compares the compiled reading of zero, float32 and codes with that of the models, to
// the bit.
func TestExchangeCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Go compiler")
	}
	for _, file := range []string{"lightgbm-binary-v4.txt", "xgboost-regression.json"} {
		text, err := os.ReadFile("testdata/exchange/" + file)
		require.NoError(t, err)
		m, err := readForeign(file, bytes.NewReader(text))
		require.NoError(t, err)
		source, err := Compile(m, CompileOptions{Package: "main", Func: "predict"})
		require.NoError(t, err)
		pair := readPair(t, "testdata/exchange/"+file)
		program := bytes.NewBufferString("package main\n\nimport (\n\"fmt\"\n\"math\"\n)\n\nfunc main() {\nnan := math.NaN()\nfor _, x := range [][]float64{{nan}")
		want := []string{"9221120237041090561"} // NaN, for a row of another length
		for i := range pair.Rows {
			x := pair.row(i)
			program.WriteString(",\n{")
			for _, v := range x {
				program.WriteString(strings.ToLower(number(v)) + ", ")
			}
			program.WriteString("}")
			want = append(want, fmt.Sprint(math.Float64bits(m.Predict(x))))
		}
		program.WriteString("} {\nfmt.Println(math.Float64bits(predict(x)))\n}\n}\n")
		dir := t.TempDir()
		for name, text := range map[string][]byte{"go.mod": []byte("module compiled\n\ngo 1.26\n"), "main.go": program.Bytes(), "model.go": source} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
		}
		run := exec.Command("go", "run", ".")
		run.Dir, run.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		out, err := run.CombinedOutput()
		require.NoError(t, err, "%s: %s", file, out)
		assert.Equal(t, want, strings.Fields(string(out)), file)
	}
}

// FuzzReadForeign reads hostile models. One that is read can be asked, saved and read again.
func FuzzReadForeign(f *testing.F) {
	kinds := []string{"xgboost", "lightgbm", "sklearn"}
	for _, file := range foreignFiles(f) {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		for k, kind := range kinds {
			if strings.HasPrefix(filepath.Base(file), kind) && len(text) < 9000 {
				f.Add(uint8(k), text)
			}
		}
	}
	f.Add(uint8(0), []byte(xgbText("binary:logistic", "0", `"5E-1"`, "1,0,0")))
	f.Fuzz(func(t *testing.T, kind uint8, text []byte) {
		m, err := readForeign(kinds[int(kind)%len(kinds)], bytes.NewReader(text))
		if err != nil {
			require.Nil(t, m)
			return
		}
		width := 0
		switch m := m.(type) {
		case interface{ Schema() Schema }:
			width = len(m.Schema().Columns)
		default:
			t.Fatalf("a %T", m)
		}
		x := make([]float64, width)
		for j := range x {
			x[j] = []float64{math.NaN(), 0, 1, -1, 1e300}[j%5]
		}
		again := saveAndRead(t, m)
		require.Equal(t, math.Float64bits(m.Predict(x)), math.Float64bits(again.Predict(x)))
	})
}
