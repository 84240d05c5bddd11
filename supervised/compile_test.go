package supervised

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// compiled are the sources of all models that have trees, and of one with a category, by name.
func compiled(t *testing.T) (models map[string]Model, sources map[string][]byte) {
	models, sources = map[string]Model{}, map[string][]byte{}
	for name, m := range goldenModels(t) {
		models[name] = m
	}
	var err error
	models["categories"], err = GradientBoosting{Rounds: 9, MinLeaf: 2}.FitRegressor(generated(t, 200, 0, true, 20))
	require.NoError(t, err)
	models["poisson"], err = GradientBoosting{Rounds: 3, Loss: PoissonLoss}.FitRegressor(skewed(t, 200, 20, nil))
	require.NoError(t, err)
	models["one leaf"], err = GradientBoosting{}.FitRegressor(mustDataset(t, Data{Rows: [][]float64{{1}}, Target: []float64{3}}))
	require.NoError(t, err)
	for name, m := range models {
		source, err := Compile(m, CompileOptions{Package: "main", Func: "predict"})
		if err != nil {
			require.ErrorIs(t, err, ErrTask, name)
			delete(models, name)
			continue
		}
		again, err := Compile(m, CompileOptions{Package: "main", Func: "predict"})
		require.NoError(t, err)
		require.Equal(t, source, again)
		sources[name] = source
	}
	require.Len(t, models, 8)
	return models, sources
}

func TestCompiledSourceIsGo(t *testing.T) {
	_, sources := compiled(t)
	config := types.Config{Importer: importer.ForCompiler(token.NewFileSet(), "source", nil)}
	for name, source := range sources {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, source, parser.ParseComments)
		require.NoError(t, err, name)
		_, err = config.Check("main", set, []*ast.File{file}, nil)
		require.NoError(t, err, name)
	}
}

// The compiled programs must give the models' own answers, to the bit.
func TestCompiledSourceAnswersAlike(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the Go compiler")
	}
	models, sources := compiled(t)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		m := models[name]
		width := len(m.(interface{ Schema() Schema }).Schema().Columns)
		var program bytes.Buffer
		program.WriteString("package main\n\nimport (\n\"fmt\"\n\"math\"\n)\n\nfunc main() {\nnan := math.NaN()\n_ = nan\nfor _, x := range [][]float64{")
		var want []float64
		d := generated(t, 60, 0, true, 22)
		for i := range d.Len() {
			x := d.Row(nil, i)[:min(width, 6)]
			if i%7 == 0 {
				x[min(2, width-1)] = float64(i) - 3.5 // no code of a level
			}
			want = append(want, m.Predict(x))
			program.WriteString("{")
			for _, v := range x {
				fmt.Fprintf(&program, "%s, ", strings.ToLower(number(v)))
			}
			program.WriteString("},\n")
		}
		program.WriteString("nil,\n} {\nfmt.Println(math.Float64bits(predict(x)))\n}\n}\n")
		dir := t.TempDir()
		for file, text := range map[string][]byte{"go.mod": []byte("module compiled\n\ngo 1.26\n"), "main.go": program.Bytes(), "model.go": sources[name]} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o644))
		}
		run := exec.Command("go", "run", ".")
		run.Dir = dir
		run.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		out, err := run.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
		lines := strings.Fields(string(out))
		require.Len(t, lines, len(want)+1, name)
		for i, line := range lines {
			bits, err := strconv.ParseUint(line, 10, 64)
			require.NoError(t, err)
			if i == len(want) {
				require.True(t, math.IsNaN(math.Float64frombits(bits)), "%s: a row of the wrong width", name)
				break
			}
			require.Equal(t, want[i], math.Float64frombits(bits), "%s: row %d", name, i)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	models := goldenModels(t)
	_, err := Compile(models["linear"], CompileOptions{})
	assert.ErrorIs(t, err, ErrTask)
	_, err = Compile(nil, CompileOptions{})
	assert.ErrorIs(t, err, ErrTask)
	for _, o := range []CompileOptions{{Package: "func"}, {Func: "a b"}, {Func: "_"}, {Func: "tree7"}} {
		_, err = Compile(models["boosted-regressor"], o)
		assert.ErrorIs(t, err, ErrOptions)
	}
	large := *models["boosted-regressor"].(*BoostedRegressor)
	large.trees.nodes = make([]node, compiledNodes+1)
	_, err = Compile(&large, CompileOptions{})
	assert.ErrorIs(t, err, ErrTooLarge)
}
