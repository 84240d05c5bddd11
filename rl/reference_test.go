package rl_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/require"
)

// referenceFolder is LEPTON_REFERENCE/rl; the test is skipped only where the folder is not there.
func referenceFolder(t *testing.T) string {
	t.Helper()
	root := os.Getenv("LEPTON_REFERENCE")
	if root == "" {
		root = "../shared/reference"
	}
	if !filepath.IsAbs(root) {
		repository, err := os.Getwd()
		require.NoError(t, err)
		for !exists(filepath.Join(repository, "go.mod")) {
			require.NotEqual(t, repository, filepath.Dir(repository), "no go.mod above the test")
			repository = filepath.Dir(repository)
		}
		root = filepath.Join(repository, root)
	}
	folder := filepath.Join(root, "rl")
	if !exists(folder) {
		t.Skipf("no reference values: %s is not there", folder)
	}
	return folder
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// sheet is a CSV file with a header.
type sheet struct {
	name    string
	columns map[string]int
	rows    [][]string
}

func readSheet(t *testing.T, path string) sheet {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	s := sheet{name: filepath.Base(path), columns: map[string]int{}, rows: records[1:]}
	for i, name := range records[0] {
		s.columns[name] = i
	}
	return s
}

func (s sheet) has(columns ...string) bool {
	for _, c := range columns {
		if _, ok := s.columns[c]; !ok {
			return false
		}
	}
	return true
}

func (s sheet) number(t *testing.T, row int, column string) float64 {
	t.Helper()
	require.Contains(t, s.columns, column, s.name)
	x, err := strconv.ParseFloat(s.rows[row][s.columns[column]], 64)
	require.NoError(t, err, "%s, row %d, column %s", s.name, row+2, column)
	return x
}

// params reads <name>.params.csv.
func params(t *testing.T, folder, name string) map[string]float64 {
	s := readSheet(t, filepath.Join(folder, name+".params.csv"))
	out := map[string]float64{}
	for i, row := range s.rows {
		out[row[s.columns["key"]]] = s.number(t, i, "value")
	}
	return out
}

func observe(p *mdp.Problem, state int) *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(0, 0)
	obs.SetState([]float64{float64(state)})
	for a := range p.Actions() {
		obs.Actions().Add(uint64(a), p.Legal(state, a))
	}
	return obs
}

func abs(x float64) float64 { return max(x, -x) }
