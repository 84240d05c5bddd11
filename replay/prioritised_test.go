package replay

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/leptonsched/lepton/internal/rng"
)

func newPrioritised(t require.TestingT, slots int, o PrioritisedOptions) *Prioritised {
	p, err := NewPrioritised(slots, o)
	require.NoError(t, err)
	return p
}

// priorities is Prioritised written the slow way: a list, summed up from the start for every draw.
type priorities struct {
	o       PrioritisedOptions
	values  []float64
	highest float64
	faults  uint64
}

func (m *priorities) of(err float64) float64 { return math.Pow(err+m.o.Epsilon, m.o.Alpha) }

func (m *priorities) update(slot int, err float64) {
	if m.values[slot] == 0 {
		return
	}
	if err = math.Abs(err); math.IsNaN(err) || math.IsInf(err, 0) {
		m.faults++
		err = 0
	}
	m.values[slot] = m.of(min(err, largestError))
	m.highest = max(m.highest, m.values[slot])
}

// draw finds the slot in which target falls, and how near to the slot's ends.
func (m *priorities) draw(target float64) (slot int, margin float64) {
	for slot, v := range m.values {
		if target < v {
			return slot, min(target, v-target)
		}
		target -= v
	}
	return -1, 0
}

// TestPrioritisedAgainstList plays random operations on a Prioritised and on a plain list.
func TestPrioritisedAgainstList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		slots := rapid.IntRange(1, 100).Draw(rt, "slots")
		o := PrioritisedOptions{Alpha: rapid.Float64Range(0.05, 1).Draw(rt, "alpha"), Epsilon: 1e-3, Seed: rapid.Uint64().Draw(rt, "seed")}
		p := newPrioritised(rt, slots, o)
		m := &priorities{o: o, values: make([]float64, slots), highest: 1}
		draws := rng.Source(o.Seed, prioritisedKind)
		slot := rapid.IntRange(0, slots-1)
		rt.Repeat(map[string]func(*rapid.T){
			"add": func(rt *rapid.T) {
				s := slot.Draw(rt, "slot")
				p.Add(s)
				m.values[s] = m.highest
			},
			"update": func(rt *rapid.T) {
				n := rapid.IntRange(0, 20).Draw(rt, "n")
				at := rapid.SliceOfN(slot, n, n).Draw(rt, "slots")
				errs := rapid.SliceOfN(rapid.OneOf(
					rapid.Float32Range(-5, 5), rapid.SampledFrom([]float32{0, float32(math.NaN()), float32(math.Inf(-1)), math.MaxFloat32}),
				), n, n).Draw(rt, "errors")
				p.Update(at, errs)
				for i, s := range at {
					m.update(s, float64(errs[i]))
				}
			},
			"sample": func(rt *rapid.T) {
				n := rapid.IntRange(1, 20).Draw(rt, "n")
				beta := rapid.Float64Range(0, 1).Draw(rt, "beta")
				got, weights := make([]int, n), make([]float32, n)
				total, highest := 0.0, 0.0
				for _, v := range m.values {
					total += v
				}
				if total == 0 {
					require.Zero(rt, p.Sample(got, weights, beta))
					return
				}
				require.Equal(rt, n, p.Sample(got, weights, beta))
				want := make([]float64, n)
				for i, s := range got {
					target := total / float64(n) * (float64(i) + rng.Uniform(draws.Uint64()))
					if at, margin := m.draw(target); margin > 1e-9*total { // else rounding may decide
						require.Equal(rt, at, s)
					}
					require.NotZero(rt, m.values[s], "nothing was added there")
					want[i] = math.Pow(float64(slots)*m.values[s]/total, -beta)
					highest = max(highest, want[i])
				}
				for i, w := range want {
					require.InEpsilon(rt, w/highest, weights[i], 1e-6)
				}
			},
			"checkpoint": func(rt *rapid.T) {
				file := written(rt, p)
				o.Seed++ // the stream goes on, whatever the seed
				p = newPrioritised(rt, slots, o)
				n, err := p.ReadFrom(bytes.NewReader(file))
				require.NoError(rt, err)
				require.EqualValues(rt, len(file), n)
				require.Equal(rt, file, written(rt, p))
			},
			"": func(rt *rapid.T) {
				require.Equal(rt, m.faults, p.Faults())
				for s, v := range m.values {
					require.InDelta(rt, v, p.Priority(s), 1e-9*v)
				}
			},
		})
	})
}

// Sums are a function of the values: after any number of changes they are to the bit what summing up from
// scratch gives.
func TestSumsDoNotDrift(t *testing.T) {
	for _, slots := range []int{1, 7, 8, 9, 64, 65, 1000} {
		tree, fresh := newSumTree(slots), newSumTree(slots)
		r := rng.New(1, "values")
		nodes := make([]int, 5)
		for range 3000 {
			tree.set(r.IntN(slots), math.Exp(20*r.NormFloat64()))
			batch := make([]int, 5)
			for i := range batch {
				batch[i] = r.IntN(slots)
				tree.levels[0][batch[i]] = r.Float64()
			}
			tree.refresh(batch, nodes)
		}
		copy(fresh.levels[0], tree.levels[0])
		fresh.rebuild()
		assert.Equal(t, fresh, tree, "%d slots", slots)
		exact := 0.0
		for _, v := range tree.levels[0] {
			exact += v
		}
		assert.InEpsilon(t, exact, tree.total(), 1e-12)
	}
}

// Whatever the target, a slot is found whose value is above 0, also where rounding leaves the target at the
// end of its node or beyond.
func TestFindNeverFindsNothing(t *testing.T) {
	r := rng.New(1, "find")
	for range 300 {
		slots := 1 + r.IntN(600)
		tree := newSumTree(slots)
		for range 1 + r.IntN(5) {
			tree.set(r.IntN(slots), math.Exp(30*r.NormFloat64()))
		}
		end := tree.total()
		found, targets := make([]int, 4), []float64{0, end, 2 * end, math.Nextafter(end, 0)}
		tree.find(found, targets)
		for _, slot := range found {
			assert.NotZero(t, tree.get(slot))
		}
	}
}

// Slots come as often as their priorities say, and the weights at beta 1 make the average over draws that
// over all slots.
func TestPrioritisedDistribution(t *testing.T) {
	const slots, n, rounds = 50, 10, 20_000
	p := newPrioritised(t, slots, PrioritisedOptions{Alpha: 0.7, Seed: 3})
	off, at := make([]float32, slots), make([]int, slots)
	total := 0.0
	for i := range slots {
		p.Add(i)
		at[i], off[i] = i, float32(1+i%7)
	}
	p.Update(at, off)
	for i := range slots {
		total += p.Priority(i)
	}
	counts := make([]float64, slots)
	batch, weights := make([]int, n), make([]float32, n)
	least, sum, weight := math.Inf(1), 0.0, 0.0
	for i := range slots {
		least = min(least, p.Priority(i))
	}
	for range rounds {
		require.Equal(t, n, p.Sample(batch, weights, 1))
		lowest := math.Inf(1)
		for _, slot := range batch {
			lowest = min(lowest, p.Priority(slot))
		}
		for i, slot := range batch {
			counts[slot]++
			w := float64(weights[i]) * (least / lowest) // undo the batch's own scale
			sum += w * float64(slot)
			weight += w
		}
	}
	chi2 := 0.0
	for i, c := range counts {
		want := n * rounds * p.Priority(i) / total
		chi2 += (c - want) * (c - want) / max(want, 1)
	}
	assert.Less(t, chi2, 85.4, "χ² with 49 degrees of freedom exceeds it with probability 0.001; stratified it is less")
	assert.InDelta(t, (slots-1)/2.0, sum/weight, 0.2, "the average slot")
	assert.Zero(t, testing.AllocsPerRun(20, func() { p.Sample(batch, weights, 0.5); p.Update(batch, weights) }))
}

func TestPrioritisedRefuses(t *testing.T) {
	_, err := NewPrioritised(0, PrioritisedOptions{Alpha: 2, Epsilon: -1})
	for _, want := range []string{"0 slots", "Alpha is 2", "Epsilon is -1"} {
		assert.ErrorContains(t, err, want)
	}
	p := newPrioritised(t, 9, PrioritisedOptions{})
	for i := range 9 {
		p.Add(i)
	}
	p.Update([]int{1, 2}, []float32{3, 0})
	before := written(t, p)
	for name, other := range map[string]*Prioritised{
		"slots": newPrioritised(t, 8, PrioritisedOptions{}), "alpha": newPrioritised(t, 9, PrioritisedOptions{Alpha: 0.5}),
	} {
		_, err := other.ReadFrom(bytes.NewReader(before))
		assert.ErrorIs(t, err, ErrSettings, name)
		assert.Zero(t, other.Priority(0))
	}
	for i := range before {
		_, err := p.ReadFrom(bytes.NewReader(before[:i]))
		require.ErrorIs(t, err, ErrCorrupt)
	}
	assert.Equal(t, before, written(t, p), "a sampler that refused a file stays as it was")
}

// log2 and exp2 keep their stated bounds against the standard library.
func TestPowers(t *testing.T) {
	r := rng.New(1, "powers")
	for range 100_000 {
		x := math.Exp(160 * (2*r.Float64() - 1))
		require.InDelta(t, math.Log2(x), log2(x), 1e-11, "log2(%v)", x)
		y := 1000 * (2*r.Float64() - 1)
		require.InEpsilon(t, math.Exp2(y), exp2(y), 1e-11, "exp2(%v)", y)
	}
	for e := -60; e < 60; e++ {
		x := math.Ldexp(1, e)
		assert.InDelta(t, float64(e), log2(x), 1e-11)
		assert.InDelta(t, math.Log2(math.Nextafter(x, 0)), log2(math.Nextafter(x, 0)), 1e-11)
		assert.InEpsilon(t, x, exp2(float64(e)), 1e-11)
	}
}

// FuzzPrioritised puts any payload into a container that is whole, so that the checksum does not keep it out.
func FuzzPrioritised(f *testing.F) {
	p := newPrioritised(f, 9, PrioritisedOptions{})
	for i := range 5 {
		p.Add(2 * i % 7)
		p.Update([]int{i}, []float32{float32(i)})
		_, payload, _, err := codec.ReadContainer(bytes.NewReader(written(f, p)))
		require.NoError(f, err)
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		var in bytes.Buffer
		_, err := codec.WriteContainer(&in, prioritisedKind, payload)
		require.NoError(t, err)
		p := newPrioritised(t, 9, PrioritisedOptions{})
		if _, err := p.ReadFrom(bytes.NewReader(in.Bytes())); err != nil {
			require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, ErrSettings), "%v", err)
			return
		}
		require.Equal(t, in.Bytes(), written(t, p), "what is accepted is written back to the same bytes")
		slots, weights := make([]int, 4), make([]float32, 4)
		for _, slot := range slots[:p.Sample(slots, weights, 0.5)] {
			require.NotZero(t, p.Priority(slot))
		}
	})
}
