package rl_test

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
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

// goldenLearners are the columns of a log_expected file that a learner of this package stands behind. The
// constants are those of the folder's README.
var goldenLearners = map[string]struct {
	learner    func(spec lepton.Spec, alpha float64) (lepton.Learner, error)
	nextAction bool // learns from the action that followed, not from the expectation
}{
	"qlearning": {func(spec lepton.Spec, alpha float64) (lepton.Learner, error) {
		return rl.NewQLearning(spec, rl.TabularOptions{StepSize: rl.StepSize{Alpha: alpha}})
	}, false},
	"sarsa": {func(spec lepton.Spec, alpha float64) (lepton.Learner, error) {
		return rl.NewSARSA(spec, rl.TabularOptions{StepSize: rl.StepSize{Alpha: alpha}, Epsilon: 0.1})
	}, true},
	"expected_sarsa": {func(spec lepton.Spec, alpha float64) (lepton.Learner, error) {
		return rl.NewSARSA(spec, rl.TabularOptions{StepSize: rl.StepSize{Alpha: alpha}, Epsilon: 0.1})
	}, false},
}

// TestReferenceGoldenLogs feeds each log once, in order, and compares every value with the expected.
func TestReferenceGoldenLogs(t *testing.T) {
	folder := referenceFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.log_expected.csv"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the reference folder holds no golden logs")
	}
	compared := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".log_expected.csv")
		expected := readSheet(t, file)
		log := readSheet(t, filepath.Join(folder, name+".log.csv"))
		for column := range expected.columns {
			if column == "state" || column == "action" {
				continue
			}
			t.Run(name+"/"+column, func(t *testing.T) {
				golden, ok := goldenLearners[column]
				if !ok || !log.has("state", "action", "reward", "next_state", "done", "next_action") {
					t.Skipf("no learner here goes by %q", column)
				}
				problem, err := mdp.ReadFiles(os.DirFS(folder), name)
				require.NoError(t, err)
				p := params(t, folder, name)
				require.Contains(t, p, "log_alpha")
				require.Contains(t, p, "gamma")
				learner, err := golden.learner(lepton.Spec{StateDim: 1, Actions: problem.Actions()}, p["log_alpha"])
				require.NoError(t, err)
				feedLog(t, problem, log, learner, p["gamma"], golden.nextAction)

				scorer := learner.Policy().(lepton.Scorer)
				values := make([]float64, problem.Actions())
				for i := range expected.rows {
					obs := observe(problem, int(expected.number(t, i, "state")))
					scorer.Scores(values, obs, nil)
					a := int(expected.number(t, i, "action"))
					assert.InDelta(t, expected.number(t, i, column), values[a], 1e-12, "state %v, action %d", obs.State(), a)
				}
				compared++
			})
		}
	}
	if compared == 0 {
		t.Skip("the golden logs hold no column whose algorithm the library has")
	}
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

func feedLog(t *testing.T, p *mdp.Problem, log sheet, learner lepton.Learner, gamma float64, nextAction bool) {
	for i := range log.rows {
		tr := lepton.Transition{
			Obs:        *observe(p, int(log.number(t, i, "state"))),
			Action:     int(log.number(t, i, "action")),
			Reward:     log.number(t, i, "reward"),
			Propensity: 1,
			NextAction: -1,
			Last:       log.number(t, i, "done") != 0,
		}
		if !tr.Last {
			tr.Discount = gamma
			tr.Next = *observe(p, int(log.number(t, i, "next_state")))
			if nextAction {
				tr.NextAction = int(log.number(t, i, "next_action"))
			}
		}
		learner.Observe(&tr)
	}
	_, err := learner.Step(t.Context())
	require.NoError(t, err)
}

// TestReferenceOptimalValues compares package mdp's exact values with those of every qstar_gamma file.
func TestReferenceOptimalValues(t *testing.T) {
	folder := referenceFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.qstar_gamma*.csv"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the reference folder holds no optimal values")
	}
	for _, file := range files {
		name, rest, _ := strings.Cut(filepath.Base(file), ".qstar_gamma")
		t.Run(name, func(t *testing.T) {
			gamma, err := strconv.ParseFloat(strings.TrimSuffix(rest, ".csv"), 64)
			require.NoError(t, err)
			problem, err := mdp.ReadFiles(os.DirFS(folder), name)
			require.NoError(t, err)
			q, err := problem.Optimal(gamma)
			require.NoError(t, err)
			want := readSheet(t, file)
			for i, row := range want.rows {
				s := int(want.number(t, i, "state"))
				for a := range problem.Actions() {
					column := "q" + strconv.Itoa(a)
					if row[want.columns[column]] == "" {
						assert.False(t, problem.Legal(s, a))
						continue
					}
					x := want.number(t, i, column)
					assert.InDelta(t, x, q[s*problem.Actions()+a], 1e-9*max(1, abs(x)), "state %d, action %d", s, a)
				}
			}
		})
	}
}

func abs(x float64) float64 { return max(x, -x) }
