package reward

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

type job struct{ submit, start, run, due float64 }

func (j job) wait() float64 { return j.start - j.submit }

var none lepton.Decision

func constant(v float64) lepton.RewardFunc[job] { return Of(func(job) float64 { return v }) }

func TestCombinators(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	byArm := Func[job](func(d lepton.Decision, _ job) float64 { return float64(d.Arm) })
	for _, c := range []struct {
		name string
		r    lepton.RewardFunc[job]
		want float64
	}{
		{"func sees the decision", byArm, float64(lepton.ArmExplored)},
		{"of", constant(3), 3},
		{"sum of none", Sum[job](), 0},
		{"sum", Sum(constant(1), constant(2), byArm), 6},
		{"sum passes NaN on", Sum(constant(1), constant(nan)), nan},
		{"times", Times(-2, constant(3)), -6},
		{"times zero of infinity is not hidden", Times(0, constant(inf)), nan},
		{"clip below", Clip(-1, 1, constant(-7)), -1},
		{"clip inside", Clip(-1, 1, constant(0.5)), 0.5},
		{"clip infinity", Clip(-1, 1, constant(inf)), 1},
		{"clip passes NaN on", Clip(-1, 1, constant(nan)), nan},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.r.Reward(lepton.Decision{Arm: lepton.ArmExplored}, job{})
			if math.IsNaN(c.want) {
				assert.True(t, math.IsNaN(got), "%v", got)
				return
			}
			assert.Equal(t, c.want, got)
		})
	}
	parts := []lepton.RewardFunc[job]{constant(1), constant(2)}
	sum := Sum(parts...)
	parts[0] = constant(100)
	assert.Equal(t, 3.0, sum.Reward(none, job{}), "the caller's slice is not kept")
}

func TestTerms(t *testing.T) {
	terms, err := NewTerms(
		Term[job]{"slowdown", 0.5, Slowdown(10, job.wait, func(j job) float64 { return j.run })},
		Term[job]{"energy", -2, Of(func(j job) float64 { return j.run / 100 })},
		Term[job]{"watched", 0, constant(math.Inf(1))})
	require.NoError(t, err)
	j := job{submit: 0, start: 30, run: 20}
	// slowdown (30+20)/20 = 2.5, energy 0.2: 0.5·−2.5 − 2·0.2
	assert.InDelta(t, -1.65, terms.Reward(none, j), 1e-15)
	parts := terms.AppendParts(nil, none, j)
	assert.Equal(t, []Part{{"slowdown", -1.25}, {"energy", -0.4}, {"watched", 0}}, parts)
	assert.Equal(t, terms.Reward(none, j), parts[0].Value+parts[1].Value+parts[2].Value)

	parts = parts[:0]
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_ = terms.Reward(none, j)
		parts = terms.AppendParts(parts[:0], none, j)
	}))

	_, err = NewTerms[job]()
	assert.EqualError(t, err, "reward: no terms")
	_, err = NewTerms(Term[job]{"", 1, constant(1)}, Term[job]{"a", math.NaN(), constant(1)}, Term[job]{"a", 1, nil})
	assert.EqualError(t, err, "reward: term 0 has no name\nreward: term \"a\" has weight NaN\nreward: term \"a\" is named twice\nreward: term \"a\" has no value")
}

func TestBatchMeasures(t *testing.T) {
	for _, c := range []struct {
		name                       string
		wait, run, threshold, want float64
	}{
		{"no wait", 0, 100, 10, 1},
		{"waits three times its length", 300, 100, 10, 4},
		{"short job, held by the threshold", 45, 1, 10, 4.6},
		{"short job that waited little", 2, 1, 10, 1},
		{"a job of no length", 20, 0, 10, 2},
		{"no threshold", 3, 1, 0, 4},
		{"no threshold and no length", 3, 0, 0, math.Inf(1)},
		{"nothing at all", 0, 0, 0, math.NaN()},
		{"NaN wait", math.NaN(), 1, 10, math.NaN()},
		{"NaN run", 1, math.NaN(), 10, math.NaN()},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := BoundedSlowdown(c.wait, c.run, c.threshold)
			if math.IsNaN(c.want) {
				assert.True(t, math.IsNaN(got), "%v", got)
				return
			}
			assert.Equal(t, c.want, got)
			r := Slowdown(c.threshold, job.wait, func(j job) float64 { return j.run })
			assert.Equal(t, -c.want, r.Reward(none, job{start: c.wait, run: c.run}))
		})
	}
	assert.Equal(t, 12.5, Wait(100, 112.5))
	waiting := Waiting(func(j job) float64 { return j.submit }, func(j job) float64 { return j.start })
	assert.Equal(t, -12.5, waiting.Reward(none, job{submit: 100, start: 112.5}))
	assert.True(t, math.IsNaN(waiting.Reward(none, job{start: math.NaN()})))
}

func TestTardiness(t *testing.T) {
	late := Tardiness(func(j job) float64 { return j.due }, func(j job) float64 { return j.start + j.run })
	assert.Equal(t, 0.0, late.Reward(none, job{start: 5, run: 5, due: 10}))
	assert.Equal(t, -3.0, late.Reward(none, job{start: 8, run: 5, due: 10}))
	assert.Equal(t, 0.0, late.Reward(none, job{start: 8, run: 5, due: math.Inf(1)}))
	assert.True(t, math.IsNaN(late.Reward(none, job{due: math.NaN()})))
}
