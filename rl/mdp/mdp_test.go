package mdp_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/leptontest"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/rl/mdp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tossing is a coin that may be tossed (heads 1, tails ends it) or pocketed for 0.5.
const (
	tossing = `state,action,prob,next_state,reward,done
0,0,0.5,0,1,0
0,0,0.5,1,0,1
0,1,1,1,0.5,1
1,1,1,1,0,1
`
	start = "state,prob\n0,1\n"
)

func read(t testing.TB, transitions, start string) *mdp.Problem {
	t.Helper()
	p, err := mdp.Read(strings.NewReader(transitions), strings.NewReader(start))
	require.NoError(t, err)
	return p
}

// The value v of tossing for ever solves v = ½(1 + γv).
func TestExactValues(t *testing.T) {
	p := read(t, tossing, start)
	const gamma = 0.9
	v := 0.5 / (1 - 0.5*gamma)
	q, err := p.Optimal(gamma)
	require.NoError(t, err)
	assert.InDelta(t, v, q[0], 1e-12)
	assert.Equal(t, []float64{0.5, 0}, []float64{q[1], q[3]})
	assert.True(t, math.IsNaN(q[2]), "tossing is not legal at the end")

	toss := policy.Greedy(policy.ScoreFunc(func(_ *lepton.Observation, a int) float64 { return float64(-a) }))
	assert.InDelta(t, v, p.Return(toss, gamma, 1000, false), 1e-12)
	assert.InDelta(t, 0.5*(1+gamma*0.5), p.Return(toss, gamma, 2, true), 1e-12)
	u := (0.25 + 0.25) / (1 - 0.25*gamma) // ½·½(1 + γu) + ½·½
	assert.InDelta(t, u, p.Return(policy.Uniform(), gamma, 1000, false), 1e-12)
	nan := policy.Func(func(p []float64, _ *lepton.Observation, _ *lepton.Scratch) { p[0] = math.NaN() })
	assert.True(t, math.IsNaN(p.Return(nan, 1, 3, false)))
}

func TestOptimalRefuses(t *testing.T) {
	p := read(t, "state,action,prob,next_state,reward,done\n0,0,1,0,1,0\n", start)
	_, err := p.Optimal(1)
	assert.ErrorIs(t, err, mdp.ErrNoConvergence)
	_, err = p.Optimal(1.5)
	assert.ErrorContains(t, err, "gamma is 1.5")
}

func TestReadNamesFaults(t *testing.T) {
	head := "state,action,prob,next_state,reward,done\n"
	for _, c := range []struct{ name, transitions, start, want string }{
		{"no header", "", start, "transitions: no header"},
		{"column", "state,action\n", start, `no column "prob"`},
		{"number", head + "0,0,1,0,1,0\n0,1,x,0,1,0\n", start, `line 3, column "prob"`},
		{"fields", head + "0,0\n", start, "line 2"},
		{"half a state", head + "0.5,0,1,0,1,0\n", start, "whole numbers"},
		{"huge state", head + "1e300,0,1,0,1,0\n", start, "whole numbers"},
		{"negative", head + "0,-1,1,0,1,0\n", start, "out of range"},
		{"large", head + "0,0,1,1999999999,1,0\n", start, "out of range"},
		{"too large together", head + "16000000,16000000,1,0,1,0\n", start, "too many"},
		{"probability", head + "0,0,0.5,0,1,0\n", start, "state 0, action 0 sum to 0.5"},
		{"reward", head + "0,0,1,0,inf,0\n", start, "reward +Inf"},
		{"no action", head + "0,0,1,1,0,0\n", start, "state 1 has no legal action"},
		{"start", head + "0,0,1,0,1,0\n", "state,prob\n1,1\n", "start in state 1"},
		{"start sum", head + "0,0,1,0,1,0\n", "state,prob\n0,0.2\n", "sum to 0.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mdp.Read(strings.NewReader(c.transitions), strings.NewReader(c.start))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestEnvironmentFollowsTheProblem(t *testing.T) {
	env, err := mdp.NewEnvironment(read(t, tossing, start), mdp.EnvironmentOptions{OneHot: true, Limit: 3})
	require.NoError(t, err)
	assert.Equal(t, lepton.Spec{StateDim: 2, Actions: 2}, env.Spec())
	heads, cuts := 0, 0
	for seed := range uint64(4000) {
		env.Reset(seed)
		for {
			reward, discount, last := env.Step(0)
			if last {
				assert.Equal(t, reward == 1, discount == 1, "tails is a true end, heads at the limit a cut")
				if discount == 1 {
					cuts++
				}
			}
			heads += int(reward)
			if last {
				break
			}
		}
	}
	assert.InDelta(t, 0.5+0.25+0.125, float64(heads)/4000, 0.05)
	assert.InDelta(t, 0.125, float64(cuts)/4000, 0.025)

	env.Reset(1)
	reward, _, last := env.Step(2)
	assert.True(t, math.IsNaN(reward) && last, "no such action")
	assert.Equal(t, 0, env.State(), "the world stays as it is")
	_, err = mdp.NewEnvironment(read(t, tossing, start), mdp.EnvironmentOptions{Limit: -1})
	assert.Error(t, err)
}

func TestEnvironmentKeepsTheContract(t *testing.T) {
	for _, oneHot := range []bool{false, true} {
		env, err := mdp.NewEnvironment(read(t, tossing, start), mdp.EnvironmentOptions{OneHot: oneHot, Limit: 20})
		require.NoError(t, err)
		leptontest.Environment(t, env, leptontest.EnvironmentOptions{})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(tossing, start)
	f.Add("state,action,prob,next_state,reward,done\n0,0,1,9,1,0\n", start)
	f.Fuzz(func(t *testing.T, transitions, start string) {
		p, err := mdp.Read(strings.NewReader(transitions), strings.NewReader(start))
		if err != nil || p.States()*p.Actions() > 1000 {
			return
		}
		if x := p.Return(policy.Uniform(), 1, 3, false); math.IsNaN(x) {
			t.Fatal("the uniform policy earns NaN")
		}
	})
}

func ExampleRead() {
	p, err := mdp.Read(strings.NewReader(tossing), strings.NewReader(start))
	if err != nil {
		panic(err)
	}
	q, err := p.Optimal(0.9)
	if err != nil {
		panic(err)
	}
	fmt.Printf("toss %.3f, pocket %.3f\n", q[0], q[1])
	// Output: toss 0.909, pocket 0.500
}

func ExampleNew() {
	p, err := mdp.New([]mdp.Transition{
		{State: 0, Action: 0, Prob: 1, Next: 0, Reward: 1},
	}, []mdp.Start{{State: 0, Prob: 1}})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Return(policy.Uniform(), 1, 10, false))
	// Output: 10
}

func ExampleNewEnvironment() {
	p, err := mdp.Read(strings.NewReader(tossing), strings.NewReader(start))
	if err != nil {
		panic(err)
	}
	env, err := mdp.NewEnvironment(p, mdp.EnvironmentOptions{Limit: 100})
	if err != nil {
		panic(err)
	}
	fmt.Println(env.Step(1))
	// Output: 0.5 0 true
}
