package supervised

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/internal/codec"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

type savedModel interface {
	Model
	io.WriterTo
	Schema() Schema
}

// goldenModels are one small model of each kind, by the name of its golden file.
func goldenModels(t testing.TB) map[string]savedModel {
	numbers, two, three := generated(t, 40, 0, true, 20), generated(t, 40, 2, true, 20), generated(t, 40, 3, true, 20)
	linear, err := LinearRegression{L2: 1}.Fit(numbers)
	require.NoError(t, err)
	binary, err := LogisticRegression{}.Fit(two)
	require.NoError(t, err)
	softmax, err := LogisticRegression{Standardise: true}.Fit(three)
	require.NoError(t, err)
	o := RandomForest{Trees: 3, Depth: 3, Seed: 1}
	classifier, err := o.FitClassifier(three)
	require.NoError(t, err)
	regressor, err := o.FitRegressor(numbers)
	require.NoError(t, err)
	quantile, err := QuantileRegression{Quantile: 0.9}.Fit(numbers)
	require.NoError(t, err)
	upper, err := Conformal{PerGroup: true, Alpha: 0.5}.Calibrate(linear, numbers)
	require.NoError(t, err)
	pair, err := Conformal{}.CalibrateQuantiles(linear, quantile, numbers)
	require.NoError(t, err)
	platt, err := Calibration{}.Fit(binary, two)
	require.NoError(t, err)
	isotonic, err := Calibration{Method: Isotonic}.Fit(softmax, three)
	require.NoError(t, err)
	stream, err := AdaptiveForest{Trees: 3, Seed: 1, Tree: HoeffdingTree{Grace: 10}}.Start(three.Schema())
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, PartialFit(stream, three))
	}
	g := GradientBoosting{Rounds: 3, Depth: 3, MinLeaf: 3, Encode: []string{"c"}}
	boosted, err := g.FitClassifier(two)
	require.NoError(t, err)
	boostedSoftmax, err := g.FitClassifier(three)
	require.NoError(t, err)
	boostedRegressor, err := GradientBoosting{Rounds: 3, Depth: 3, MinLeaf: 3, Held: numbers}.FitRegressor(numbers)
	require.NoError(t, err)
	quantiles, err := o.FitQuantiles(numbers)
	require.NoError(t, err)
	return map[string]savedModel{
		"stream":   stream.Model().(savedModel),
		"quantile": quantile, "conformal": upper, "conformal-pair": pair, "platt": platt, "isotonic": isotonic,
		"linear": linear, "logistic": binary, "softmax": softmax,
		"forest-classifier": classifier, "forest-regressor": regressor,
		"quantile-forest":    quantiles,
		"boosted-classifier": boosted, "boosted-softmax": boostedSoftmax, "boosted-regressor": boostedRegressor,
	}
}

func TestModelsComeBackAsTheyWere(t *testing.T) {
	rows := generated(t, 50, 0, true, 21)
	for name, m := range goldenModels(t) {
		first := saved(t, m)
		assert.Equal(t, first, saved(t, m), "%s: saving twice", name)
		r := bytes.NewReader(append(first, "what follows"...))
		back, err := ReadModel(r)
		require.NoError(t, err, name)
		assert.Equal(t, len("what follows"), r.Len(), "%s: no byte too many is consumed", name)
		assert.IsType(t, m, back)
		assert.Equal(t, first, saved(t, back.(savedModel)), "%s: saved again", name)
		assert.Equal(t, m.Schema(), back.(savedModel).Schema())
		assert.Equal(t, Predictions(m, rows), Predictions(back, rows), name)
	}
}

// formats are those of which a golden file must be there, the newest last.
func formats(name string) []uint32 {
	switch {
	case strings.HasPrefix(name, "boosted"), name == "quantile-forest":
		return []uint32{treeFormat}
	case strings.HasPrefix(name, "forest"):
		return []uint32{payloadFormat, treeFormat}
	}
	return []uint32{payloadFormat}
}

// Files of old formats stay readable for ever, and give the predictions that stand beside them.
func TestGoldenModels(t *testing.T) {
	rows := generated(t, 20, 0, true, 22)
	for name, m := range goldenModels(t) {
		for i, format := range formats(name) {
			file := filepath.Join("testdata", fmt.Sprintf("%s.v%d", name, format))
			if *rewrite && i+1 == len(formats(name)) {
				require.NoError(t, os.WriteFile(file+".lept", saved(t, m), 0o644))
				var text strings.Builder
				for _, p := range Predictions(m, rows) {
					fmt.Fprintln(&text, p)
				}
				require.NoError(t, os.WriteFile(file+".txt", []byte(text.String()), 0o644))
			}
			checkGolden(t, file, rows)
		}
	}
}

func checkGolden(t *testing.T, name string, rows *Dataset) {
	file, err := os.ReadFile(name + ".lept")
	require.NoError(t, err)
	back, err := ReadModel(bytes.NewReader(file))
	require.NoError(t, err, name)
	text, err := os.ReadFile(name + ".txt")
	require.NoError(t, err)
	var want []float64
	for _, line := range strings.Fields(string(text)) {
		p, err := strconv.ParseFloat(line, 64)
		require.NoError(t, err)
		want = append(want, p)
	}
	// Not to the bit: some processors fuse multiplication and addition.
	assert.InDeltaSlice(t, want, Predictions(back, rows), 1e-12, name)
}

func TestReadModelRefuses(t *testing.T) {
	whole := saved(t, goldenModels(t)["forest-classifier"])
	for n := range whole {
		_, err := ReadModel(bytes.NewReader(whole[:n]))
		require.ErrorIs(t, err, codec.ErrCorrupt, "cut at %d", n)
	}
	for at := range whole {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0x10
		_, err := ReadModel(bytes.NewReader(flipped))
		require.Error(t, err, "flipped at %d", at)
	}
	var b bytes.Buffer
	_, err := codec.WriteContainer(&b, "rl.QLearning", begin(Schema{}).Bytes())
	require.NoError(t, err)
	_, err = ReadModel(&b)
	assert.ErrorIs(t, err, ErrModel)
	var newer codec.Writer
	newer.Uint32(payloadFormat + 1)
	_, err = codec.WriteContainer(&b, kindLinear, newer.Bytes())
	require.NoError(t, err)
	_, err = ReadModel(&b)
	assert.ErrorIs(t, err, codec.ErrVersion)
	_, err = ReadModel(bytes.NewReader(nil))
	assert.ErrorIs(t, err, codec.ErrCorrupt)
}

// A forest whose nodes run in a circle, leave the array or lack their values must not be walked.
func TestHostileForestsAreRefused(t *testing.T) {
	good := goldenModels(t)["forest-regressor"].(*ForestRegressor)
	for name, spoil := range map[string]func(f *ensemble){
		"circle":             func(f *ensemble) { f.nodes[1].right = 1; f.nodes[1].key = orderedBits(0) },
		"into the next tree": func(f *ensemble) { f.nodes[0].right = f.roots[1] },
		"into the left side": func(f *ensemble) { f.nodes[0].right = 2 },
		"out of the array":   func(f *ensemble) { f.nodes[0].right = int32(len(f.nodes)) },
		"negative child":     func(f *ensemble) { f.nodes[0].right = -1 },
		"unknown slot":       func(f *ensemble) { f.nodes[0].slot = 99 },
		"unknown set":        func(f *ensemble) { f.nodes[0].slot |= categoricalNode; f.nodes[0].key = 1 << 40 },
		"NaN threshold":      func(f *ensemble) { f.nodes[0].key = 1 << 63 >> 20 },
		"unknown leaf":       func(f *ensemble) { f.nodes[len(f.nodes)-1].key = 1 << 31 },
		"NaN leaf":           func(f *ensemble) { f.leaves[0] = nan },
		"missing leaf":       func(f *ensemble) { f.leaves = f.leaves[:1] },
		"no tree":            func(f *ensemble) { f.roots = nil },
		"root out of order":  func(f *ensemble) { f.roots[1], f.roots[2] = f.roots[2], f.roots[1] },
		"empty tree":         func(f *ensemble) { f.roots[1] = f.roots[2] },
		"late first root":    func(f *ensemble) { f.roots[0] = 1 },
		"no output":          func(f *ensemble) { f.outputs = 0 },
		"too many outputs":   func(f *ensemble) { f.outputs = 1 << 40 },
		"wide leaves":        func(f *ensemble) { f.leafWidth = 7 },
		"negative cover":     func(f *ensemble) { f.covers[0] = -1 },
		"no covers":          func(f *ensemble) { f.covers = nil },
		"unknown column":     func(f *ensemble) { f.slots[0].column = 6 },
		"unknown table":      func(f *ensemble) { f.slots[0].table = 0 },
		"no missing value":   func(f *ensemble) { f.slots[0].missing = nan },
		"infinite base":      func(f *ensemble) { f.base[0] = math.Inf(1) },
		"short importance":   func(f *ensemble) { f.gains = f.gains[1:] },
	} {
		back, err := ReadModel(bytes.NewReader(saved(t, good)))
		require.NoError(t, err)
		bad := back.(*ForestRegressor)
		spoil(&bad.forest)
		_, err = ReadModel(bytes.NewReader(saved(t, bad)))
		assert.True(t, errors.Is(err, ErrModel) || errors.Is(err, codec.ErrCorrupt), "%s: %v", name, err)
	}
}

// FuzzReadModel goes past the checksum: it is the payload that is hostile.
func FuzzReadModel(f *testing.F) {
	kinds := []string{kindLinear, kindLogistic, kindForestClassifier, kindForestRegressor, kindBoostedClassifier, kindBoostedRegressor,
		kindQuantileForest, kindConformal, kindCalibrated, kindStream, "other"}
	for _, m := range goldenModels(f) {
		kind, payload, _, err := codec.ReadContainer(bytes.NewReader(saved(f, m)))
		require.NoError(f, err)
		for k := range kinds {
			if kinds[k] == kind {
				f.Add(uint8(k), payload)
			}
		}
	}
	f.Fuzz(func(t *testing.T, k uint8, payload []byte) {
		m, err := decode(kinds[int(k)%len(kinds)], payload)
		if err != nil {
			return
		}
		schema := m.(savedModel).Schema()
		for _, v := range []float64{0, 1e300, -1, nan} {
			x := make([]float64, len(schema.Columns))
			for j := range x {
				x[j] = v
			}
			m.Predict(x)
			if c, ok := m.(Classifier); ok {
				require.NoError(t, c.PredictProba(make([]float64, len(schema.Classes)), x))
			}
		}
	})
}
