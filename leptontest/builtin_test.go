package leptontest_test

import (
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/require"
)

// The kit over everything built in. A new constructor gets a line here.

// shop is a state for the feature builders.
type shop struct {
	queued int
	load   float64
	kind   string
	now    time.Time
	nodes  []node
}

type node struct {
	id   uint64
	free int
	up   bool
}

func shops() []shop {
	day := time.Date(2024, 5, 1, 6, 0, 0, 0, time.UTC)
	up := []node{{11, 4, true}, {12, 0, true}, {13, 64, false}}
	many := make([]node, 100)
	for i := range many {
		many[i] = node{id: uint64(i), free: i, up: i%2 == 0}
	}
	return []shop{
		{now: day, nodes: up[:1]},
		{queued: 7, load: 0.5, kind: "web", now: day.Add(19 * time.Hour), nodes: up},
		{queued: 1 << 30, load: 1e9, kind: "unheard of", now: day.AddDate(40, 0, 0), nodes: many},
	}
}

type placement = features.Candidate[shop, node]

func TestFeatures(t *testing.T) {
	enc, err := features.State(
		features.Numeric("queued", func(s shop) int { return s.queued }),
		features.Scaled("queued_k", 1000, func(s shop) int { return s.queued }),
		features.Clipped("load", 0, 1, func(s shop) float64 { return s.load }),
		features.Log1p("log_queued", func(s shop) int { return s.queued }),
		features.Buckets("load_in", []float64{0.5, 1, 10}, func(s shop) float64 { return s.load }),
		features.LogBucket("queue", 1, 10, 4, func(s shop) int { return s.queued }),
		features.OneHot("kind", []string{"batch", "web"}, func(s shop) string { return s.kind }),
		features.Hashed("hashed", 8, 1, func(s shop) string { return s.kind }),
		features.TimeOfDay("day", func(s shop) time.Time { return s.now }),
	)
	require.NoError(t, err)
	t.Run("State", func(t *testing.T) { leptontest.StateEncoder(t, enc, shops(), leptontest.EncoderOptions{}) })

	byID := func(n node) uint64 { return n.id }
	of := []features.Feature[placement]{
		features.Legal(func(c placement) bool { return c.Action.up }),
		features.Numeric("free", func(c placement) int { return c.Action.free }),
		features.Ratio("share", func(c placement) (int, int) { return c.Action.free, c.State.queued }),
		features.Bool("enough", func(c placement) bool { return c.Action.free >= c.State.queued }),
		features.HashedID("node", 4, 1, func(c placement) uint64 { return c.Action.id }),
	}
	candidates, err := features.Candidates(func(s shop) []node { return s.nodes }, byID, of...)
	require.NoError(t, err)
	t.Run("Candidates", func(t *testing.T) { leptontest.ActionSpace(t, candidates, shops(), leptontest.SpaceOptions{}) })

	at, err := features.CandidatesAt(func(s shop) int { return len(s.nodes) }, func(s shop, i int) node { return s.nodes[i] }, byID, of...)
	require.NoError(t, err)
	t.Run("CandidatesAt", func(t *testing.T) { leptontest.ActionSpace(t, at, shops(), leptontest.SpaceOptions{}) })

	discrete, err := features.Discrete([]string{"fewer", "same", "more"},
		features.Legal(func(c features.Candidate[shop, int]) bool { return c.Action != 0 || c.State.queued > 0 }),
		features.OneHotAction[shop]("fewer", "same", "more"))
	require.NoError(t, err)
	t.Run("Discrete", func(t *testing.T) { leptontest.ActionSpace(t, discrete, shops(), leptontest.SpaceOptions{}) })
}

// sum is a model.
type sum struct{}

func (sum) Predict(x []float64) float64 {
	total := 0.0
	for i, v := range x {
		total += v / float64(i+1)
	}
	return total
}

func TestPolicies(t *testing.T) {
	for name, spec := range map[string]lepton.Spec{
		"candidates": {StateDim: 2, ActionDim: 3},
		"fixed":      {StateDim: 2, ActionDim: 1, Actions: 5},
		"fixed bare": {StateDim: 2, Actions: 5},
	} {
		t.Run(name, func(t *testing.T) {
			n := spec.StateDim + spec.ActionDim
			if spec.Actions > 0 && spec.ActionDim == 0 {
				n = spec.StateDim * spec.Actions
			}
			weights := make([]float64, n)
			for i := range weights {
				weights[i] = 1 / float64(i+2)
			}
			linear, err := policy.NewLinear(spec, weights, nil)
			require.NoError(t, err)
			model, err := policy.FromModel(sum{}, spec)
			require.NoError(t, err)
			epsilon, err := policy.EpsilonGreedy(linear, 0.1)
			require.NoError(t, err)
			soft, err := policy.Softmax(linear, 0.5)
			require.NoError(t, err)
			softModel, err := policy.Softmax(model, 2)
			require.NoError(t, err)
			mix, err := policy.Mix([]float64{1, 2, 3}, []lepton.Policy{policy.Uniform(), soft, policy.Greedy(linear)})
			require.NoError(t, err)
			for name, p := range map[string]lepton.Policy{
				"Uniform": policy.Uniform(), "Greedy": policy.Greedy(linear), "EpsilonGreedy": epsilon, "Softmax": soft,
				"Mix": mix, "FromModel": softModel, "GreedyModel": policy.Greedy(model),
				"Func": policy.Func(policy.Uniform().Probs),
			} {
				t.Run(name, func(t *testing.T) {
					o := leptontest.PolicyOptions{NoAllocs: true}
					if name != "FromModel" && name != "GreedyModel" && name != "Func" {
						o.Decode = policy.Decode
					}
					leptontest.Policy(t, p, spec, o)
				})
			}
		})
	}
}

func TestMDPEnvironment(t *testing.T) {
	leptontest.Environment(t, mdpWorld(t), leptontest.EnvironmentOptions{})
}

// mdpWorld is a chain of four states, in which going on pays at the end, cut off after thirty steps.
func mdpWorld(t testing.TB) *mdp.Environment {
	t.Helper()
	var ts []mdp.Transition
	for s := range 4 {
		ts = append(ts,
			mdp.Transition{State: s, Action: 0, Prob: 1, Next: 0, Reward: 0.1},
			mdp.Transition{State: s, Action: 1, Prob: 0.8, Next: min(s+1, 3), Reward: float64(s), Done: s == 3},
			mdp.Transition{State: s, Action: 1, Prob: 0.2, Next: s})
	}
	problem, err := mdp.New(ts, []mdp.Start{{State: 0, Prob: 0.5}, {State: 1, Prob: 0.5}})
	require.NoError(t, err)
	env, err := mdp.NewEnvironment(problem, mdp.EnvironmentOptions{Limit: 30})
	require.NoError(t, err)
	return env
}
