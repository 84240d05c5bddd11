package rl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLearningSafeImprovement learns from logs of the 0.2-greedy form of every heuristic in summary.csv, on every
// problem that never ends; SPIBB knows who made the log, and not what follows from it. SPIBB's likeliest actions, judged by their exact long-run reward, must beat the heuristic
// in the median of ten seeds, and in the worst be not more than 2 % below it. LEPTON_FULL=1 runs logs of 300,000 slots
// too, and prints the table that docs/learning.md shows.
func TestLearningSafeImprovement(t *testing.T) {
	folder := referenceFolder(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.transitions.csv"))
	require.NoError(t, err)
	seeds, slots := uint64(10), []int{30_000}
	switch {
	case os.Getenv("LEPTON_FULL") == "1":
		slots = append(slots, 300_000)
		fmt.Println("| problem | slots | learner | median | worst | best | rule | best constant | optimum |")
		fmt.Println("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
	case testing.Short():
		seeds = 3
	}
	judged := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".transitions.csv")
		if !exists(filepath.Join(folder, name+".params.csv")) || params(t, folder, name)["continuing"] != 1 {
			continue
		}
		known := averageRewards(t, folder, name)
		for _, h := range heuristics(known) {
			judged++
			t.Run(name+"/"+h.name, func(t *testing.T) {
				improveSafely(t, folder, name, h, known, seeds, slots)
			})
		}
	}
	if judged == 0 {
		t.Skip("summary.csv names no heuristic of a problem that never ends")
	}
}

func improveSafely(t *testing.T, folder, name string, heuristic rewardOf, known []rewardOf, seeds uint64, slots []int) {
	problem, err := mdp.ReadFiles(os.DirFS(folder), name)
	require.NoError(t, err)
	starts := readStarts(t, folder, name)
	r, ok := readRule(problem, starts, stateLabels(t, folder, name, problem.States()), heuristic)
	if !ok {
		t.Skipf("no reading of this rule earns the %v on record", heuristic.value)
	}
	behaviour, err := policy.EpsilonGreedy(r.scorer(), 0.2)
	require.NoError(t, err)
	gamma := params(t, folder, name)["gamma"]
	value := func(l lepton.Learner) float64 {
		return gainOf(problem, starts, policy.Greedy(l.Policy().(lepton.Scorer)))
	}
	spec := lepton.Spec{StateDim: 1, Actions: problem.Actions()}
	untaught, err := rl.NewSPIBB(spec, rl.SPIBBOptions{Incumbent: behaviour})
	require.NoError(t, err)
	better := heuristic.value + 1e-6*abs(heuristic.value) // by more than rounding
	assert.Less(t, value(untaught), better, "the test passes with the learner switched off")

	learners := []struct {
		name string
		make func() (lepton.Learner, error)
	}{
		{"SPIBB", func() (lepton.Learner, error) { return rl.NewSPIBB(spec, rl.SPIBBOptions{Incumbent: behaviour}) }},
		{"SPIBB, incumbent not known", func() (lepton.Learner, error) { return rl.NewSPIBB(spec, rl.SPIBBOptions{}) }},
		{"offline Q-learning", func() (lepton.Learner, error) { return rl.NewQLearning(spec, rl.TabularOptions{}) }},
	}
	for _, n := range slots {
		values := make([][]float64, len(learners))
		for seed := range seeds {
			taught := make([]lepton.Learner, len(learners))
			for i, c := range learners {
				taught[i], err = c.make()
				require.NoError(t, err)
			}
			showLog(t, problem, behaviour, n, seed, gamma, func(tr *lepton.Transition) {
				for _, l := range taught {
					l.Observe(tr)
				}
			})
			for i, l := range taught {
				settleSPIBB(t, l)
				values[i] = append(values[i], value(l))
			}
		}
		for i, c := range learners {
			v := values[i]
			slices.Sort(v)
			middle := (v[(seeds-1)/2] + v[seeds/2]) / 2
			row := fmt.Sprintf("| %s | %d | %s | %.4f | %.4f | %.4f | %.4f | %s | %s |", name, n, c.name,
				middle, v[0], v[seeds-1], heuristic.value, bestOnRecord(known, "static"), optimumOnRecord(t, folder, name))
			if os.Getenv("LEPTON_FULL") == "1" {
				fmt.Println(row)
			} else {
				t.Log(row)
			}
			if i == 0 {
				assert.Greater(t, middle, better, "the median of %d seeds, %d slots", seeds, n)
				assert.GreaterOrEqual(t, v[0], heuristic.value-0.02*abs(heuristic.value), "the worst of %d seeds, %d slots", seeds, n)
			}
		}
	}
}

// showLog shows n slots of a policy.
func showLog(t *testing.T, p *mdp.Problem, behaviour lepton.Policy, n int, seed uint64, gamma float64, show func(*lepton.Transition)) {
	t.Helper()
	env, err := mdp.NewEnvironment(p, mdp.EnvironmentOptions{})
	require.NoError(t, err)
	_, err = rl.Train(t.Context(), env, &onlooker{policy: behaviour, show: show}, rl.TrainOptions{
		Steps: n, Seed: seed, StepEvery: n, Credit: lepton.CreditOptions{Gamma: gamma},
	})
	require.NoError(t, err)
}

// onlooker is a learner that learns nothing and passes on what it sees.
type onlooker struct {
	lepton.Learner
	policy lepton.Policy
	show   func(*lepton.Transition)
}

func (r *onlooker) Policy() lepton.Policy        { return r.policy }
func (r *onlooker) Observe(t *lepton.Transition) { r.show(t) }

// bestOnRecord is the best of the rules whose names begin so.
func bestOnRecord(known []rewardOf, prefix string) string {
	name, top := "none on record", 0.0
	for _, k := range known {
		if strings.HasPrefix(k.name, prefix) && (name == "none on record" || k.value > top) {
			name, top = k.name, k.value
		}
	}
	if name == "none on record" {
		return name
	}
	return fmt.Sprintf("%.4f (%s)", top, name)
}

// optimumOnRecord is the best average reward on record.
func optimumOnRecord(t *testing.T, folder, name string) string {
	s := readSheet(t, filepath.Join(folder, "summary.csv"))
	for i, row := range s.rows {
		if row[s.columns["problem"]] == name && strings.HasPrefix(row[s.columns["quantity"]], "optimal_average_reward_per_slot") {
			return fmt.Sprintf("%.4f", s.number(t, i, "value"))
		}
	}
	return "not on record"
}

// settleSPIBB steps a learner until it is idle.
func settleSPIBB(t testing.TB, l lepton.Learner) {
	t.Helper()
	for range 100 {
		progress, err := l.Step(t.Context())
		require.NoError(t, err)
		if progress.Idle {
			return
		}
	}
	t.Fatal("the learner does not settle")
}

// Step is asked once, at the end.
func (r *onlooker) Step(context.Context) (lepton.Progress, error) { return lepton.Progress{}, nil }

// A rule is found by its name where that can be read, else by what it earns, else not at all.
func TestRulesAreReadFromTheRecord(t *testing.T) {
	// A queue of up to 5, in two kinds of slot. Action 0 serves one, action 1 lets one in.
	var ts []mdp.Transition
	queue := make([]float64, 6)
	for q := range 6 {
		queue[q] = float64(q)
		reward := -float64(q * q)
		ts = append(ts,
			mdp.Transition{State: q, Action: 0, Prob: 1, Next: max(q-1, 0), Reward: reward},
			mdp.Transition{State: q, Action: 1, Prob: 0.5, Next: min(q+1, 5), Reward: reward + 3},
			mdp.Transition{State: q, Action: 1, Prob: 0.5, Next: q, Reward: reward + 3})
	}
	starts := []mdp.Start{{State: 0, Prob: 1}}
	p, err := mdp.New(ts, starts)
	require.NoError(t, err)
	below2 := stateRule{1, 1, 0, 0, 0, 0} // up from 1 to 2 with probability ½, and down: 1 two thirds of the time
	gain := gainOf(p, starts, policy.Greedy(below2.scorer()))
	assert.InDelta(t, (2*(-1+3)-4)/3., gain, 1e-12)
	byLabel := map[string][]float64{"queue": queue}
	for name, value := range map[string]float64{"threshold_queue=min(2, ceil(9/(queue+1)))-0.1": gain, "admit_below_2": gain} {
		r, ok := readRule(p, starts, byLabel, rewardOf{name, value})
		assert.True(t, ok, name)
		assert.InDelta(t, gain, gainOf(p, starts, policy.Greedy(r.scorer())), 1e-12, name)
	}
	_, ok := readRule(p, starts, byLabel, rewardOf{"admit_below_2", gain + 0.01})
	assert.False(t, ok)
}
