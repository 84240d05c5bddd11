package policy_test

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	inf = math.Inf(1)
	nan = math.NaN()
)

func TestRulesOnWorkedScores(t *testing.T) {
	greedy := policy.Greedy(byFeature)
	epsilon := must(policy.EpsilonGreedy(byFeature, 0.3))
	softmax := must(policy.Softmax(byFeature, 2))
	// Softmax at temperature 2: exp(0), exp(1/2), exp(-1) over their sum.
	e := []float64{1, math.Exp(0.5), math.Exp(-1)}
	sum := e[0] + e[1] + e[2]

	for _, c := range []struct {
		name   string
		p      lepton.Policy
		scores []float64
		legal  []bool
		want   []float64
	}{
		{"greedy", greedy, []float64{1, 3, 2}, nil, []float64{0, 1, 0}},
		{"greedy, tie: the first", greedy, []float64{1, 3, 3}, nil, []float64{0, 1, 0}},
		{"greedy, the best is not legal", greedy, []float64{1, 3, 2}, []bool{true, false, true}, []float64{0, 0, 1}},
		{"greedy, one action", greedy, []float64{-5}, nil, []float64{1}},
		{"greedy, all −Inf", greedy, []float64{-inf, -inf, -inf}, []bool{false, true, true}, []float64{0, 1, 0}},
		{"greedy, +Inf", greedy, []float64{1, inf, inf}, nil, []float64{0, 1, 0}},
		{"greedy, NaN", greedy, []float64{1, nan, 2}, nil, []float64{nan, nan, nan}},
		{"greedy, NaN first", greedy, []float64{nan, 1, 2}, nil, []float64{nan, nan, nan}},
		{"greedy, NaN where not legal", greedy, []float64{1, nan, 2}, []bool{true, false, true}, []float64{0, 0, 1}},
		{"epsilon", epsilon, []float64{1, 3, 2}, nil, []float64{0.1, 0.8, 0.1}},
		{"epsilon, one not legal", epsilon, []float64{1, 3, 2}, []bool{true, false, true}, []float64{0.15, 0, 0.85}},
		{"epsilon, NaN", epsilon, []float64{1, nan, 2}, []bool{true, true, false}, []float64{nan, nan, 0}},
		{"epsilon, one action", epsilon, []float64{1}, nil, []float64{1}},
		{"softmax", softmax, []float64{0, 1, -2}, nil, []float64{e[0] / sum, e[1] / sum, e[2] / sum}},
		{"softmax, shifted", softmax, []float64{1000, 1001, 998}, nil, []float64{e[0] / sum, e[1] / sum, e[2] / sum}},
		{"softmax, one not legal", softmax, []float64{0, 7, -2}, []bool{true, false, true}, []float64{e[0] / (e[0] + e[2]), 0, e[2] / (e[0] + e[2])}},
		{"softmax, −Inf", softmax, []float64{0, -inf, -2}, nil, []float64{e[0] / (e[0] + e[2]), 0, e[2] / (e[0] + e[2])}},
		{"softmax, all −Inf", softmax, []float64{-inf, -inf, -inf}, []bool{true, true, false}, []float64{0.5, 0.5, 0}},
		{"softmax, +Inf", softmax, []float64{inf, 3, inf}, nil, []float64{0.5, 0, 0.5}},
		{"softmax, NaN", softmax, []float64{0, nan, 1}, []bool{true, true, false}, []float64{nan, nan, 0}},
		{"softmax, huge spread", softmax, []float64{-math.MaxFloat64, math.MaxFloat64}, nil, []float64{0, 1}},
		{"softmax, all equal", softmax, []float64{4, 4, 4, 4}, nil, []float64{0.25, 0.25, 0.25, 0.25}},
		{"softmax, tiny temperature", must(policy.Softmax(byFeature, 5e-324)), []float64{2, 2, 1}, nil, []float64{0.5, 0.5, 0}},
		{"uniform", policy.Uniform(), []float64{0, 1, 2}, []bool{true, false, true}, []float64{0.5, 0, 0.5}},
		{"greedy without a scorer", policy.Greedy(nil), []float64{1, 2}, []bool{true, false}, []float64{nan, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := probs(c.p, masked(c.scores, c.legal...))
			for i, want := range c.want {
				switch {
				case want == 0:
					assert.Equal(t, 0.0, got[i], "action %d", i)
				case math.IsNaN(want):
					assert.True(t, math.IsNaN(got[i]), "action %d is %v", i, got[i])
				default:
					assert.InDelta(t, want, got[i], 1e-14, "action %d", i)
				}
			}
		})
	}
}

func TestProbabilitiesSumToOneAndFollowPermutations(t *testing.T) {
	scorer := linear(t, 2, 3, 9)
	for name, p := range map[string]lepton.Policy{
		"greedy":  policy.Greedy(scorer),
		"epsilon": must(policy.EpsilonGreedy(scorer, 0.2)),
		"softmax": must(policy.Softmax(scorer, 0.7)),
		"mix":     must(policy.Mix([]float64{1, 2}, []lepton.Policy{policy.Uniform(), policy.Greedy(scorer)})),
	} {
		t.Run(name, func(t *testing.T) {
			r := rng.New(4, "permutation")
			for round := range 200 {
				n := 1 + r.IntN(1000)
				obs := candidates(n, 2, 3, uint64(round))
				order := r.Perm(n)
				shuffled := new(lepton.Observation)
				shuffled.Reset(3, 0)
				shuffled.SetState(obs.State())
				for _, i := range order {
					copy(shuffled.Actions().Add(obs.ID(i), true), obs.Action(i))
				}
				a, b := probs(p, obs), probs(p, shuffled)
				sum := 0.0
				for k, i := range order {
					require.InDelta(t, a[i], b[k], 1e-12)
					sum += a[i]
				}
				require.InDelta(t, 1, sum, 1e-12)
			}
		})
	}
}

func TestProbsAllocateNothing(t *testing.T) {
	scorer := linear(t, 2, 3, 1)
	model, err := policy.FromModel(sumModel{}, scorer.Spec())
	require.NoError(t, err)
	obs := candidates(1000, 2, 3, 1)
	p, scratch := make([]float64, obs.Len()), new(lepton.Scratch)
	for name, pol := range map[string]lepton.Policy{
		"uniform": policy.Uniform(),
		"greedy":  policy.Greedy(scorer),
		"epsilon": must(policy.EpsilonGreedy(scorer, 0.2)),
		"softmax": must(policy.Softmax(scorer, 0.7)),
		"model":   policy.Greedy(model),
		"mix":     must(policy.Mix([]float64{1, 2}, []lepton.Policy{policy.Uniform(), policy.Greedy(scorer)})),
	} {
		assert.Zero(t, testing.AllocsPerRun(20, func() { scratch.Reset(); pol.Probs(p, obs, scratch) }), name)
	}
	state := policy.Incumbent(func(s []float64, a int) float64 { return s[a] })
	queue := make([]float64, obs.Len())
	assert.Zero(t, testing.AllocsPerRun(20, func() { state.ProbsState(p, queue, obs, scratch) }), "incumbent")
}

func TestAbilitiesArePassedOn(t *testing.T) {
	scorer := linear(t, 2, 3, 1)
	for _, c := range []struct {
		name                   string
		p                      any
		scorer, saver, specced bool
	}{
		{"greedy of linear", policy.Greedy(scorer), true, true, true},
		{"softmax of closure", must(policy.Softmax(byFeature, 1)), true, false, false},
		{"uniform", policy.Uniform(), false, true, false},
		{"mix of saved", must(policy.Mix([]float64{1, 1}, []lepton.Policy{policy.Uniform(), policy.Greedy(scorer)})), false, true, true},
		{"mix of saved without spec", must(policy.Mix([]float64{1}, []lepton.Policy{policy.Uniform()})), false, true, false},
		{"mix with a closure", must(policy.Mix([]float64{1, 1}, []lepton.Policy{policy.Greedy(byFeature), policy.Greedy(scorer)})), false, false, true},
		{"mix of closures", must(policy.Mix([]float64{1}, []lepton.Policy{policy.Greedy(byFeature)})), false, false, false},
		{"greedy of a model", policy.Greedy(fromModel(t, sumModel{})), true, false, true},
		{"greedy of a saved model", policy.Greedy(fromModel(t, savedModel{3})), true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, isScorer := c.p.(lepton.Scorer)
			_, isSaver := c.p.(lepton.Saver)
			specced, isSpecced := c.p.(lepton.Specced)
			assert.Equal(t, []bool{c.scorer, c.saver, c.specced}, []bool{isScorer, isSaver, isSpecced})
			if isSpecced {
				assert.Equal(t, scorer.Spec(), specced.Spec())
			}
		})
	}
	_, ok := policy.Stateless[int](policy.Greedy(scorer)).(lepton.StateScorer[int])
	assert.True(t, ok)
	_, ok = policy.Stateless[int](policy.Uniform()).(lepton.StateScorer[int])
	assert.False(t, ok)
}

func TestConstructorsRefuse(t *testing.T) {
	candidate := lepton.Spec{StateDim: 1, ActionDim: 2}
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"epsilon", second(policy.EpsilonGreedy(nil, 1.5)), []string{"no scorer", "epsilon is 1.5"}},
		{"epsilon NaN", second(policy.EpsilonGreedy(byFeature, nan)), []string{"epsilon is NaN"}},
		{"temperature", second(policy.Softmax(nil, 0)), []string{"no scorer", "temperature is 0"}},
		{"temperature infinite", second(policy.Softmax(byFeature, inf)), []string{"temperature is +Inf"}},
		{"mix of nothing", second(policy.Mix(nil, nil)), []string{"0 weights for a mix of 0 policies"}},
		{"mix lengths", second(policy.Mix([]float64{1}, nil)), []string{"1 weights"}},
		{"mix weights", second(policy.Mix([]float64{-1, nan}, []lepton.Policy{policy.Uniform(), nil})), []string{"weight 0", "weight 1", "part 1 of a mix is nil"}},
		{"mix of zero", second(policy.Mix([]float64{0}, []lepton.Policy{policy.Uniform()})), []string{"sum to 0"}},
		{"mix overflow", second(policy.Mix([]float64{math.MaxFloat64, math.MaxFloat64}, []lepton.Policy{policy.Uniform(), policy.Uniform()})), []string{"sum to +Inf"}},
		{"mix specs", second(policy.Mix([]float64{1, 1}, []lepton.Policy{policy.Greedy(linear(t, 1, 2, 1)), policy.Greedy(linear(t, 2, 2, 1))})), []string{"StateDim is 2, not 1"}},
		{"linear lengths", second(policy.NewLinear(candidate, []float64{1, 2}, []float64{1, 2})), []string{"2 weights for a linear score, want 3", "2 biases"}},
		{"linear NaN", second(policy.NewLinear(candidate, []float64{1, nan, inf}, []float64{-inf})), []string{"0 of a linear score is -Inf", "1 of a linear score is NaN"}},
		{"linear without features", second(policy.NewLinear(lepton.Spec{StateDim: 1}, nil, nil)), []string{"neither features nor a fixed number"}},
		{"linear overflow", second(policy.NewLinear(lepton.Spec{StateDim: 1 << 40, Actions: 1 << 40}, nil, nil)), []string{"too large"}},
		{"linear spec", second(policy.NewLinear(lepton.Spec{StateDim: -1}, nil, nil)), []string{"negative size"}},
		{"model without features", second(policy.FromModel(sumModel{}, lepton.Spec{StateDim: 1})), []string{"neither features nor a fixed number"}},
		{"no model", second(policy.FromModel(nil, candidate)), []string{"no model"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, want := range c.want {
				assert.ErrorContains(t, c.err, want)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }
