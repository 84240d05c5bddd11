package supervised

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exchangePair is what the library that made a model says of some rows: testdata/exchange.py, or worked by
// hand for LightGBM.
type exchangePair struct {
	Rows          [][]*float64
	Margins       [][]float64
	Answers       [][]float64
	Contributions [][]float64 // per row and margin: one for each column, and the base
}

func (p *exchangePair) row(i int) []float64 {
	out := make([]float64, len(p.Rows[i]))
	for j, v := range p.Rows[i] {
		out[j] = math.NaN()
		if v != nil {
			out[j] = *v
		}
	}
	return out
}

// readPair reads the answers beside a model.
func readPair(t *testing.T, file string) (p exchangePair) {
	text, err := os.ReadFile(strings.TrimSuffix(file, filepath.Ext(file)) + ".want.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &p))
	require.NotEmpty(t, p.Rows)
	return p
}

// readForeign reads a model by the name of its file.
func readForeign(name string, r io.Reader) (Model, error) {
	switch {
	case strings.HasPrefix(name, "xgboost"):
		return ReadXGBoost(r)
	case strings.HasPrefix(name, "lightgbm"):
		return ReadLightGBM(r)
	}
	return ReadForestJSON(r)
}

// foreignFiles are the models in testdata/exchange, without the answers beside them.
func foreignFiles(t testing.TB) []string {
	all, err := filepath.Glob("testdata/exchange/*")
	require.NoError(t, err)
	var out []string
	for _, name := range all {
		if !strings.HasSuffix(name, ".want.json") {
			out = append(out, name)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// marginsOf is what the trees of a boosted model say before sigmoid, softmax or exp.
func marginsOf(t *testing.T, m Model, x []float64) []float64 {
	var e *ensemble
	switch m := m.(type) {
	case *BoostedClassifier:
		e = &m.trees
	case *BoostedRegressor:
		e = &m.trees
	default:
		t.Fatalf("a %T has no margins", m)
	}
	out := make([]float64, e.outputs)
	e.predict(out, x)
	return out
}

// near is 1e-6 and, since XGBoost adds in float32, four of its steps at the size of the number.
func near(t *testing.T, want, got float64, what string, row int) {
	t.Helper()
	assert.InDelta(t, want, got, 1e-6+4*math.Abs(want)*0x1p-24, "%s of row %d", what, row)
}

func TestExchangeAnswers(t *testing.T) {
	for _, file := range foreignFiles(t) {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			m, err := readForeign(name, bytes.NewReader(text))
			require.NoError(t, err)
			want := readPair(t, file)
			again := saveAndRead(t, m)
			for i := range want.Rows {
				x := want.row(i)
				assert.Equal(t, m.Predict(x), again.Predict(x), "saved and read: row %d", i)
				checkAnswer(t, m, x, want.Answers[i], i)
				if want.Margins != nil {
					checkMargins(t, m, x, want.Margins[i], i)
				}
				if want.Contributions != nil {
					checkContributions(t, m, x, want.Contributions[i], i)
				}
			}
		})
	}
}

func saveAndRead(t *testing.T, m Model) Model {
	var b bytes.Buffer
	_, err := m.(io.WriterTo).WriteTo(&b)
	require.NoError(t, err)
	again, err := ReadModel(&b)
	require.NoError(t, err)
	return again
}

func checkAnswer(t *testing.T, m Model, x, want []float64, row int) {
	many := []float64{0}
	require.NoError(t, m.(rowsModel).PredictRows(many, x))
	assert.Equal(t, m.Predict(x), many[0], "PredictRows of row %d", row)
	c, ok := m.(Classifier)
	if !ok {
		near(t, want[0], m.Predict(x), "answer", row)
		return
	}
	got := make([]float64, len(c.Schema().Classes))
	require.NoError(t, c.PredictProba(got, x))
	if len(want) == 1 { // the probability of class 1 only
		got = got[1:]
	}
	require.Len(t, got, len(want))
	for k := range want {
		near(t, want[k], got[k], "probability", row)
	}
}

func checkMargins(t *testing.T, m Model, x, want []float64, row int) {
	got := marginsOf(t, m, x)
	if len(want) == 2 && len(got) == 1 { // two scores: their difference is the log-odds
		want = []float64{want[1] - want[0]}
	}
	require.Len(t, got, len(want))
	for k := range want {
		near(t, want[k], got[k], "margin", row)
	}
}

func checkContributions(t *testing.T, m Model, x, want []float64, row int) {
	width := len(x) + 1
	for k := range len(want) / width {
		var got Explanation
		var err error
		switch m := m.(type) {
		case *BoostedClassifier:
			class := k
			if len(want) == width {
				class = 1
			}
			got, err = m.Explain(x, class)
		case *BoostedRegressor:
			got, err = m.Explain(x)
		}
		require.NoError(t, err)
		for j, c := range got.Contributions {
			assert.InDelta(t, want[k*width+j], c.Value, 2e-6, "contribution of column %d to margin %d in row %d", j, k, row)
		}
		assert.InDelta(t, want[k*width+width-1], got.Base, 2e-6, "base of row %d", row)
	}
}
