package scheduler

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixedProbs always answers the same.
type fixedProbs []float64

func (f fixedProbs) Probs(p []float64, _ *lepton.Observation, _ *lepton.Scratch) { copy(p, f) }

func (f fixedProbs) Scores(dst []float64, _ *lepton.Observation, _ *lepton.Scratch) { copy(dst, f) }

func TestIDsAndDrawsDifferAcrossInstances(t *testing.T) {
	const n = 2000
	seen := map[lepton.DecisionID]bool{}
	var actions [3][]int
	for instance := range actions {
		s := start(t, func(o *Options[pool, float64]) {
			o.Policy, o.Mode, o.Seed, o.Instance = fixedProbs{0.25, 0.25, 0.25, 0.25}, Live, 1, uint64(instance)
		})
		for range n {
			d := decide(t, s, poolOf(4))
			require.False(t, seen[d.ID], "%v twice", d.ID)
			seen[d.ID] = true
			require.Equal(t, uint64(instance), d.ID.Instance)
			actions[instance] = append(actions[instance], d.Action)
		}
	}
	for i := range actions {
		same := 0
		for k, a := range actions[i] {
			if a == actions[(i+1)%3][k] {
				same++
			}
		}
		assert.InDelta(t, n/4, same, 4*math.Sqrt(n*0.25*0.75), "independent streams agree a quarter of the time")
	}
}

// The draw depends on (Seed, Instance, seq) alone: not on what was decided, reported or cancelled before.
func TestDrawIsAPureFunctionOfTheNumber(t *testing.T) {
	drawn := func(disturb bool) map[uint64]int {
		s := start(t, func(o *Options[pool, float64]) {
			o.Policy, o.Mode, o.Seed = fixedProbs{0.1, 0.2, 0.3, 0.4}, Live, 3
		})
		out := map[uint64]int{}
		for i := range 500 {
			if disturb && i%3 == 0 {
				require.NoError(t, s.Cancel(decide(t, s, poolOf(4)).ID))
			}
			d := decide(t, s, poolOf(4))
			out[d.ID.Seq] = d.Action
			if disturb {
				require.NoError(t, s.Report(d.ID, 1))
			}
		}
		return out
	}
	plain := drawn(false)
	n := 0
	for seq, action := range drawn(true) {
		if want, ok := plain[seq]; ok {
			require.Equal(t, want, action, "decision %d", seq)
			n++
		}
	}
	assert.Greater(t, n, 200)
}

// chiSquare999 are the quantiles of the χ² distribution at 0.999, by degrees of freedom
// (NIST/SEMATECH handbook, 1.3.6.7.4).
var chiSquare999 = []float64{0, 10.828, 13.816, 16.266, 18.467, 20.515}

func TestFrequenciesMatchPropensities(t *testing.T) {
	probs := fixedProbs{0.05, 0.5, 0, 0.15, 0.3}
	tests := []struct {
		name    string
		explore Explore
		want    []float64 // the mixture, action by action
	}{
		{"no exploration", Explore{}, []float64{0.05, 0.5, 0, 0.15, 0.3}},
		{"every action", Explore{Share: 0.4, MaxLoss: math.Inf(1)}, []float64{0.6*0.05 + 0.08, 0.6*0.5 + 0.08, 0.08, 0.6*0.15 + 0.08, 0.6*0.3 + 0.08}},
		// the scores are the probabilities: within 0.36 of 0.5 lie 0.5, 0.15 and 0.3
		{"near the best", Explore{Share: 0.3, MaxLoss: 0.36}, []float64{0.7 * 0.05, 0.7*0.5 + 0.1, 0, 0.7*0.15 + 0.1, 0.7*0.3 + 0.1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, func(o *Options[pool, float64]) {
				o.Policy, o.Mode, o.Explore, o.Seed = probs, Live, test.explore, 21
			})
			n := 100_000
			counts := make([]float64, len(probs))
			explored := 0
			for range n {
				d := decide(t, s, poolOf(len(probs)))
				counts[d.Action]++
				if d.Arm == lepton.ArmExplored {
					explored++
				}
				require.InDelta(t, test.want[d.Action], d.Propensity, 1e-15, "the propensity is the mixture, whichever branch drew")
			}
			chi, freedom := 0.0, -1
			for i, want := range test.want {
				expected := want * float64(n)
				if expected == 0 {
					require.Zero(t, counts[i])
					continue
				}
				freedom++
				chi += (counts[i] - expected) * (counts[i] - expected) / expected
			}
			assert.Less(t, chi, chiSquare999[freedom], "χ² of %v", counts)
			deviation := math.Sqrt(float64(n) * test.explore.Share * (1 - test.explore.Share))
			assert.InDelta(t, test.explore.Share*float64(n), explored, 4*deviation)
		})
	}
}

func TestExplorationNeedsSomebodyWhoRanks(t *testing.T) {
	s := start(t, func(o *Options[pool, float64]) {
		o.Policy, o.Mode, o.Explore = always(1), Live, Explore{Share: 1, MaxLoss: 1}
	})
	d := decide(t, s, poolOf(3))
	assert.Equal(t, lepton.ArmLearned, d.Arm)
	assert.Equal(t, 1.0, d.Propensity)
}

// IPS on the log: the mean of reward/propensity of the decisions that took an action estimates what the
// policy of always taking it would earn. Rewards are known here, so the estimate can be checked.
func TestGuarantee08PropensitiesCarryIPS(t *testing.T) {
	source := rand.New(rand.NewPCG(8, 8))
	truth := []float64{1, 3, 2, 5}
	s := start(t, func(o *Options[pool, float64]) {
		o.Policy, o.Mode, o.Seed = policyFunc(func(p []float64, _ *lepton.Observation) { copy(p, []float64{0.5, 0.3, 0.2, 0}) }), Live, 78
		o.Incumbent = rankingIncumbent{}
		o.Explore = Explore{Share: 0.4, MaxLoss: math.Inf(1)}
	})
	state := poolOf(4)
	n := size(50_000, 500_000)
	sum, squares := make([]float64, 4), make([]float64, 4)
	for range n {
		d := decide(t, s, state)
		v := (truth[d.Action] + source.NormFloat64()) / d.Propensity
		sum[d.Action] += v
		squares[d.Action] += v * v
	}
	for a, want := range truth {
		mean := sum[a] / float64(n)
		deviation := math.Sqrt((squares[a]/float64(n) - mean*mean) / float64(n))
		require.InDelta(t, want, mean, 4*deviation, "action %d", a)
	}
}
