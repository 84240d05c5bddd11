package rl_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/supervised"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// savedClassifiers are one small model of each form, by the name of its golden file.
func savedClassifiers(t testing.TB) map[string]*rl.ClassifierModel {
	o := rl.Classifier{Epochs: 3, HoldOut: 0.3, Network: rl.NetworkOptions{Hidden: []int{4, 3}}}
	binary := classify(t, o, mixed(t, 40, 2, 0.1, 7))
	o.HoldOut, o.Network = 0, rl.NetworkOptions{Hidden: []int{3}, Activation: rl.Tanh}
	return map[string]*rl.ClassifierModel{"classifier": binary, "classifier_softmax": classify(t, o, mixed(t, 40, 3, 0.1, 7))}
}

func TestClassifiersComeBackAsTheyWere(t *testing.T) {
	rows := mixed(t, 30, 3, 0.2, 8)
	for name, m := range savedClassifiers(t) {
		file := saved(t, m)
		assert.Equal(t, file, saved(t, m), "%s: saving twice", name)
		r := bytes.NewReader(append(bytes.Clone(file), "what follows"...))
		back, err := rl.ReadClassifier(r)
		require.NoError(t, err, name)
		assert.Equal(t, len("what follows"), r.Len())
		assert.Equal(t, file, saved(t, back), name)
		assert.Equal(t, m.Schema(), back.Schema())
		assert.Len(t, back.History(), 3)
		assert.Equal(t, supervised.Predictions(m, rows), supervised.Predictions(back, rows), name)
	}
}

// Files of the first format stay readable.
func TestGoldenClassifiers(t *testing.T) {
	for name, m := range savedClassifiers(t) {
		file := saved(t, m)
		if !*rewrite { // each kernel level learns in its own last bits: it is read back and written
			back, err := rl.ReadClassifier(bytes.NewReader(unhex(t, "testdata/"+name+".v1.hex")))
			require.NoError(t, err, name)
			rows := mixed(t, 30, 3, 0.2, 8)
			assert.InDeltaSlice(t, supervised.Predictions(m, rows), supervised.Predictions(back, rows), 1e-4, name)
			file = saved(t, back)
		}
		golden(t, "testdata/"+name+".v1.hex", file)
	}
}

func TestReadClassifierRefuses(t *testing.T) {
	file := saved(t, savedClassifiers(t)["classifier"])
	for n := range file {
		_, err := rl.ReadClassifier(bytes.NewReader(file[:n]))
		require.ErrorIs(t, err, rl.ErrCorrupt, "cut at %d", n)
	}
	for i := range file {
		bad := bytes.Clone(file)
		bad[i] ^= 1
		_, err := rl.ReadClassifier(bytes.NewReader(bad))
		require.Error(t, err, "flipped at %d", i)
	}
	kind, body, _, err := codec.ReadContainer(bytes.NewReader(file))
	require.NoError(t, err)
	for i := range body {
		_, err := rl.ReadClassifier(bytes.NewReader(container(kind, body[:i])))
		require.ErrorIs(t, err, rl.ErrCorrupt, "cut inside at %d", i)
	}
	_, err = rl.ReadClassifier(bytes.NewReader(container("rl.network", body)))
	assert.ErrorIs(t, err, rl.ErrKind)
}

// anyClassifier is the payload of a model that answers with one logistic output for two numeric columns.
type anyClassifier struct {
	levels          []string
	kind            uint8
	target          string
	classes         []string
	present         []int
	mean, spread    []float64
	hidden          []int
	activation      uint8
	context, duel   bool
	params          []float32
	losses, heldOut []float64
}

func (c anyClassifier) body() []byte {
	var b codec.Writer
	b.Int(2)
	b.String("x")
	b.Uint8(c.kind)
	b.Strings(c.levels)
	b.String("y")
	b.Uint8(0)
	b.Strings(nil)
	b.String(c.target)
	b.Strings(c.classes)
	b.Int(len(c.present))
	for _, k := range c.present {
		b.Int(k)
	}
	b.Floats(c.mean)
	b.Floats(c.spread)
	b.Int(len(c.hidden))
	for _, w := range c.hidden {
		b.Int(w)
	}
	b.Uint8(c.activation)
	b.Bool(c.context)
	b.Bool(c.duel)
	b.Floats32(c.params)
	b.Int(len(c.losses))
	for i := range c.losses {
		b.Float(c.losses[i])
		b.Float(c.heldOut[i])
	}
	return b.Bytes()
}

// A file that claims what no fit makes is refused, however well its checksum fits.
func TestHostileClassifiersAreRefused(t *testing.T) {
	good := func() anyClassifier {
		return anyClassifier{
			target: "t", classes: []string{"no", "yes"}, present: []int{0, 1}, mean: []float64{0, 1}, spread: []float64{1, 0},
			params: []float32{1, 2, 0.5}, losses: []float64{0.5}, heldOut: []float64{math.NaN()},
		}
	}
	m, err := rl.ReadClassifier(bytes.NewReader(container("rl.classifier", good().body())))
	require.NoError(t, err)
	assert.Equal(t, 1/(1+math.Exp(-3.5)), m.Predict([]float64{3, 9}))
	for name, spoil := range map[string]func(c *anyClassifier){
		"unknown kind":        func(c *anyClassifier) { c.kind = 2 },
		"levels of a number":  func(c *anyClassifier) { c.levels = []string{"a"} },
		"no levels":           func(c *anyClassifier) { c.kind = 1 },
		"no target":           func(c *anyClassifier) { c.target = "" },
		"no classes":          func(c *anyClassifier) { c.classes = nil },
		"class twice":         func(c *anyClassifier) { c.classes[1] = "no" },
		"one present":         func(c *anyClassifier) { c.present = c.present[:1] },
		"present beyond":      func(c *anyClassifier) { c.present[1] = 2 },
		"present before":      func(c *anyClassifier) { c.present[0] = -1 },
		"present twice":       func(c *anyClassifier) { c.present[0] = 1 },
		"a mean less":         func(c *anyClassifier) { c.mean = c.mean[1:] },
		"a spread less":       func(c *anyClassifier) { c.spread = c.spread[1:] },
		"NaN mean":            func(c *anyClassifier) { c.mean[0] = math.NaN() },
		"infinite spread":     func(c *anyClassifier) { c.spread[0] = math.Inf(1) },
		"negative spread":     func(c *anyClassifier) { c.spread[0] = -1 },
		"hidden of 0":         func(c *anyClassifier) { c.hidden = []int{0} },
		"hidden far too wide": func(c *anyClassifier) { c.hidden = []int{1 << 40} },
		"hidden not there":    func(c *anyClassifier) { c.hidden = []int{1 << 14, 1 << 14} },
		"activation":          func(c *anyClassifier) { c.activation = 2 },
		"context":             func(c *anyClassifier) { c.context, c.hidden, c.params = true, []int{1}, make([]float32, 5) },
		"dueling":             func(c *anyClassifier) { c.duel = true },
		"a parameter less":    func(c *anyClassifier) { c.params = c.params[1:] },
		"NaN parameter":       func(c *anyClassifier) { c.params[0] = float32(math.NaN()) },
		"overflow":            func(c *anyClassifier) { c.params[0] = 1e33 },
	} {
		c := good()
		spoil(&c)
		_, err := rl.ReadClassifier(bytes.NewReader(container("rl.classifier", c.body())))
		assert.ErrorIs(t, err, rl.ErrCorrupt, name)
	}
}

// FuzzReadClassifier goes past the checksum: what is taken in can be asked, and is written as it was read.
func FuzzReadClassifier(f *testing.F) {
	for _, m := range savedClassifiers(f) {
		_, body, _, err := codec.ReadContainer(bytes.NewReader(saved(f, m)))
		require.NoError(f, err)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		file := container("rl.classifier", body)
		m, err := rl.ReadClassifier(bytes.NewReader(file))
		if err != nil {
			return
		}
		if !bytes.Equal(file, saved(t, m)) {
			t.Fatalf("read %x, wrote %x", file, saved(t, m))
		}
		schema := m.Schema()
		x, p := make([]float64, len(schema.Columns)), make([]float64, len(schema.Classes))
		for _, v := range []float64{0, 1e300, -1, math.NaN()} {
			for j := range x {
				x[j] = v
			}
			require.NoError(t, m.PredictProba(p, x))
			sum := 0.0
			for _, q := range p {
				require.True(t, q >= 0, "%v", p)
				sum += q
			}
			require.InDelta(t, 1, sum, 1e-9)
		}
	})
}
