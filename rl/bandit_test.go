package rl_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/rl"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// changingSpec has actions that come and go and are known by their IDs alone.
var changingSpec = lepton.Spec{StateDim: 2, StateNames: []string{"load", "hour"}}

// The tests that every learner must pass (checkpoint_test.go) are run over the bandits too.
func init() {
	add := func(name string, spec lepton.Spec, make func() (checkpointed, error)) {
		everyLearner[name] = struct {
			spec lepton.Spec
			make func() (checkpointed, error)
		}{spec, make}
	}
	add("ucb1", fixedSpec, func() (checkpointed, error) { return rl.NewUCB1(fixedSpec, rl.UCB1Options{}) })
	add("ucb1_keyed", candidateSpec, func() (checkpointed, error) {
		return rl.NewUCB1(candidateSpec, rl.UCB1Options{Key: coarse, Range: 2, Alpha: 0.5, Epsilon: 0.1, Batch: 4, MaxEntries: 10})
	})
	for name, spec := range map[string]lepton.Spec{"fixed": fixedSpec, "shared": candidateSpec, "each": candidateSpec, "changing": changingSpec} {
		ridge := rl.RidgeOptions{PerAction: name == "each", Lambda: 0.5, Initial: 0.25}
		batch, epsilon := 1, 0.0
		switch name {
		case "each":
			ridge.MaxActions, ridge.NoIntercept, batch = 3, true, 5
		case "changing":
			ridge.Forget, epsilon = 0.01, 0.1
		}
		add("linucb_"+name, spec, func() (checkpointed, error) {
			return rl.NewLinUCB(spec, rl.LinUCBOptions{Ridge: ridge, Alpha: 0.7, Batch: batch, Epsilon: epsilon})
		})
		add("linthompson_"+name, spec, func() (checkpointed, error) {
			return rl.NewLinThompson(spec, rl.LinThompsonOptions{Ridge: ridge, Scale: 0.7, Draws: 8, Batch: batch, Epsilon: epsilon, Seed: 3})
		})
	}
}

// isBandit tells the bandits among everyLearner.
func isBandit(name string) bool {
	return strings.Contains(name, "ucb") || strings.Contains(name, "thompson")
}

// bandits makes one of each, for spec.
func bandits(t testing.TB, spec lepton.Spec) map[string]checkpointed {
	t.Helper()
	ucb1, err := rl.NewUCB1(spec, rl.UCB1Options{})
	require.NoError(t, err)
	linucb, err := rl.NewLinUCB(spec, rl.LinUCBOptions{})
	require.NoError(t, err)
	thompson, err := rl.NewLinThompson(spec, rl.LinThompsonOptions{})
	require.NoError(t, err)
	return map[string]checkpointed{"UCB1": ucb1, "LinUCB": linucb, "LinThompson": thompson}
}

// byID offers actions without features.
func byID(ids ...uint64) *lepton.Observation {
	obs := new(lepton.Observation)
	obs.Reset(0, 0)
	for _, id := range ids {
		obs.Actions().Add(id, true)
	}
	return obs
}

// outcome is a decision by itself, of which the chosen action alone is kept.
func outcome(action uint64, reward float64) *lepton.Transition {
	return &lepton.Transition{Obs: *byID(action), Reward: reward, Propensity: 1, Last: true, NextAction: -1}
}

// told shows a learner some outcomes, one by one.
func told(t testing.TB, l lepton.Learner, ts ...*lepton.Transition) {
	t.Helper()
	for _, tr := range ts {
		l.Observe(tr)
		_, err := l.Step(t.Context())
		require.NoError(t, err)
	}
}

func probsOf(l lepton.Learner, obs *lepton.Observation) []float64 {
	p := make([]float64, obs.Len())
	l.Policy().Probs(p, obs, nil)
	return p
}

func scoresOf(l lepton.Learner, obs *lepton.Observation) []float64 {
	s := make([]float64, obs.Len())
	l.Policy().(lepton.Scorer).Scores(s, obs, nil)
	return s
}

// pick draws an action.
func pick(p []float64, draw *rand.Rand) int {
	u := draw.Float64()
	for i, v := range p {
		if u -= v; u < 0 {
			return i
		}
	}
	return slices.Index(p, slices.Max(p))
}

// varied is traffic in which all actions are chosen by turns.
func varied(spec lepton.Spec, seed uint64, n int) []*lepton.Transition {
	stream := traffic(spec, seed, n)
	for i, tr := range stream {
		for k := range tr.Obs.Len() {
			if a := (i + k) % tr.Obs.Len(); tr.Obs.Legal(a) {
				tr.Action = a
				break
			}
		}
	}
	return stream
}

// As TestCheckpointsContinueBitForBit, with many actions, of which some are forgotten, and batches under way.
func TestBanditCheckpointsHoldManyActions(t *testing.T) {
	for name, c := range everyLearner {
		if !isBandit(name) {
			continue
		}
		stream := varied(c.spec, 12, 200)
		for cut := range 40 {
			whole, err := c.make()
			require.NoError(t, err)
			feed(t, whole, stream[:cut])
			resumed, err := c.make()
			require.NoError(t, err)
			_, err = resumed.ReadFrom(bytes.NewReader(saved(t, whole)))
			require.NoError(t, err, name)
			require.Equal(t, saved(t, whole.Policy()), saved(t, resumed.Policy()), name)
			feed(t, whole, stream[cut:])
			feed(t, resumed, stream[cut:])
			require.Equal(t, saved(t, whole), saved(t, resumed), "%s cut at %d", name, cut)
		}
	}
}

// Outcomes in another order come to the same snapshot, but for rounding.
func TestBanditsDoNotMindTheOrderOfOutcomes(t *testing.T) {
	stream := traffic(candidateSpec, 11, 500)
	for name := range bandits(t, candidateSpec) {
		var want [][]float64
		for seed := range uint64(5) {
			l := bandits(t, candidateSpec)[name]
			shuffled := slices.Clone(stream)
			if seed > 0 {
				rng.New(seed, "order").Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			}
			for _, tr := range shuffled {
				l.Observe(tr)
			}
			_, err := l.Step(t.Context())
			require.NoError(t, err)
			for i, tr := range stream[:50] {
				scores, probs := scoresOf(l, &tr.Obs), probsOf(l, &tr.Obs)
				if seed == 0 {
					want = append(want, scores, probs)
					continue
				}
				assert.InDeltaSlice(t, want[2*i], scores, 1e-5*(1+math.Abs(scores[0])), name)
				assert.InDeltaSlice(t, want[2*i+1], probs, 1e-12, name)
			}
		}
	}
}

func TestBanditsNameEveryFaultOfTheirOptions(t *testing.T) {
	bad := rl.RidgeOptions{Lambda: -1, Initial: 1e200, Forget: 1, MaxActions: -1}
	ofRidge := []string{"Lambda is -1", "Initial is 1e+200", "Forget is 1,", "MaxActions is -1"}
	_, ucb1 := rl.NewUCB1(fixedSpec, rl.UCB1Options{Range: -1, Alpha: -2, Epsilon: 2, Batch: -1, MaxEntries: -1})
	_, linucb := rl.NewLinUCB(fixedSpec, rl.LinUCBOptions{Ridge: bad, Alpha: -2, Epsilon: 2, Batch: -1})
	_, thompson := rl.NewLinThompson(fixedSpec, rl.LinThompsonOptions{Ridge: bad, Scale: -2, Draws: 1, Epsilon: 2, Batch: -1})
	for _, c := range []struct {
		err  error
		want []string
	}{
		{ucb1, []string{"Range is -1", "Alpha is -2", "Epsilon is 2", "Batch is -1", "MaxEntries is -1"}},
		{linucb, append([]string{"Alpha is -2", "Epsilon is 2", "Batch is -1"}, ofRidge...)},
		{thompson, append([]string{"Scale is -2", "Draws is 1", "Epsilon is 2", "Batch is -1"}, ofRidge...)},
	} {
		for _, want := range c.want {
			assert.ErrorContains(t, c.err, want)
		}
	}
}

func TestLinearBanditsRefuseSpecs(t *testing.T) {
	for name, spec := range map[string]lepton.Spec{"no features": {Actions: 3}, "too many": {StateDim: 2100, Actions: 2}} {
		ridge := rl.RidgeOptions{NoIntercept: true}
		_, linucb := rl.NewLinUCB(spec, rl.LinUCBOptions{Ridge: ridge})
		_, thompson := rl.NewLinThompson(spec, rl.LinThompsonOptions{Ridge: ridge})
		for _, err := range []error{linucb, thompson} {
			var refused *lepton.SpecError
			assert.ErrorAs(t, err, &refused, name)
		}
	}
	_, err := rl.NewLinUCB(lepton.Spec{Actions: 3}, rl.LinUCBOptions{}) // the intercept is a feature
	assert.NoError(t, err)
}

func ExampleNewLinUCB() {
	// Queue 0 is the better one by night (state −1), queue 1 by day (state 1); each has weights of its own.
	learner, err := rl.NewLinUCB(lepton.Spec{StateDim: 1, Actions: 2}, rl.LinUCBOptions{Alpha: 0.5})
	if err != nil {
		panic(err)
	}
	showDayAndNight(learner)
	// Output:
	// night: 0
	// day: 1
}

func ExampleNewLinThompson() {
	learner, err := rl.NewLinThompson(lepton.Spec{StateDim: 1, Actions: 2}, rl.LinThompsonOptions{Scale: 0.5})
	if err != nil {
		panic(err)
	}
	showDayAndNight(learner)
	// Output:
	// night: 0
	// day: 1
}

// showDayAndNight lets a learner decide and prints the likeliest action of each state.
func showDayAndNight(l lepton.Learner) {
	ask := func(state float64) (*lepton.Observation, []float64) {
		obs, p := byID(0, 1), make([]float64, 2)
		obs.SetState([]float64{state})
		l.Policy().Probs(p, obs, nil)
		return obs, p
	}
	draw := rand.New(rand.NewPCG(1, 1))
	for i := range 500 {
		obs, p := ask(float64(2*(i%2) - 1))
		action := pick(p, draw)
		reward := 0.5 + 0.4*obs.State()[0]*float64(2*action-1)
		l.Observe(&lepton.Transition{Obs: *obs, Action: action, Propensity: p[action], Reward: reward})
		if _, err := l.Step(context.Background()); err != nil {
			panic(err)
		}
	}
	for i, name := range []string{"night", "day"} {
		_, p := ask(float64(2*i - 1))
		fmt.Println(name+":", slices.Index(p, slices.Max(p)))
	}
}
