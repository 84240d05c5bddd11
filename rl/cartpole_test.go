package rl_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl"
	"github.com/leptonsched/lepton/sim/classic"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// full reports whether the long form of a learning test is asked for.
func full() bool { return os.Getenv("LEPTON_FULL") == "1" }

// row prints one line of a table of results, in the long form alone.
func row(cells ...any) {
	if !full() {
		return
	}
	for _, c := range cells {
		fmt.Printf("| %v ", c)
	}
	fmt.Println("|")
}

// The published bar of CartPole-v1 is 475 in 100 episodes, reached by the greedy form of the last snapshot,
// on the average of five seeds.
func TestLearningCartPole(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of training")
	}
	for _, c := range []struct {
		name  string
		steps int
		short int     // steps in the short form
		above float64 // the mean that the short form must reach; random earns about 22
		gamma float64
		make  func(seed uint64) (lepton.Learner, error)
	}{
		{"ppo", 100_000, 20_000, 100, 0.99, func(seed uint64) (lepton.Learner, error) {
			return rl.NewPPO(classic.NewCartPole().Spec(), rl.PPOOptions{
				Batch: 1024, Seed: seed,
				Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 1e-3}},
			})
		}},
		{"dqn", 50_000, 10_000, 100, 0.99, func(seed uint64) (lepton.Learner, error) {
			return rl.NewDQN(classic.NewCartPole().Spec(), rl.DQNOptions{
				Network: rl.NetworkOptions{StepSize: rl.StepSize{Alpha: 1e-3, Over: 50_000}}, NStep: 5, TargetEvery: 200, RewardScale: 0.1,
				Epsilon: rl.Exploration{Start: 1, End: 0.05, Over: 25_000}, Seed: seed,
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			steps, seeds, above := c.steps, 5, 475.0
			if !full() {
				steps, seeds, above = c.short, 2, c.above
			}
			mean := 0.0
			for seed := range uint64(seeds) {
				env := classic.NewCartPole()
				l, err := c.make(seed + 1)
				require.NoError(t, err)
				_, err = rl.Train(t.Context(), env, l, rl.TrainOptions{Steps: steps, Seed: seed + 1, Credit: lepton.CreditOptions{Gamma: c.gamma}})
				require.NoError(t, err)
				earned := balance(t, l.Policy())
				row("CartPole-v1", c.name, steps, seed+1, fmt.Sprintf("%.1f", earned))
				mean += earned / float64(seeds)
			}
			row("CartPole-v1", c.name, steps, "mean", fmt.Sprintf("%.1f", mean))
			assert.Greater(t, mean, above)
		})
	}
}

// balance is the mean return of 100 episodes, acting greedily.
func balance(t *testing.T, p lepton.Policy) float64 {
	t.Helper()
	seeds := make([]uint64, 100)
	for i := range seeds {
		seeds[i] = 1<<40 + uint64(i)
	}
	returns, err := rl.Evaluate(t.Context(), classic.NewCartPole(), policy.Greedy(p.(lepton.Scorer)), 0, seeds...)
	require.NoError(t, err)
	sum := 0.0
	for _, r := range returns {
		sum += r
	}
	return sum / float64(len(returns))
}
