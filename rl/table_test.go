package rl

import (
	"math"
	"slices"
	"testing"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/codec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// modelTable is the plain form of both tables: a list, searched from the front, with the clock's hand.
type modelTable struct {
	entries []modelEntry
	limit   int
	hand    int
	evicted uint64
}

type modelEntry struct {
	pair
	value  float64
	visits uint64
	recent bool
}

func (m *modelTable) set(p pair, value, initial float64) {
	i := slices.IndexFunc(m.entries, func(e modelEntry) bool { return e.pair == p })
	if i < 0 && len(m.entries) < m.limit {
		i = len(m.entries)
		m.entries = append(m.entries, modelEntry{pair: p, value: initial})
	}
	if i < 0 {
		for n := 0; n < looks && m.entries[m.hand].recent; n++ {
			m.entries[m.hand].recent = false
			m.hand = (m.hand + 1) % m.limit
		}
		i, m.hand = m.hand, (m.hand+1)%m.limit
		m.entries[i] = modelEntry{pair: p, value: initial}
		m.evicted++
	}
	e := &m.entries[i]
	e.value, e.visits, e.recent = value, e.visits+1, e.visits > 0
}

func (m *modelTable) value(p pair, initial float64) float64 {
	for _, e := range m.entries {
		if e.pair == p {
			return e.value
		}
	}
	return initial
}

// write is an update that comes to v.
func write(t require.TestingT, tab table, p pair, v float64) {
	e, ok := tab.entry(p.state, p.action)
	require.True(t, ok)
	*e.value = v
	*e.visits++
}

// visits looks without touching.
func visits(tab table, p pair) uint64 {
	switch tab := tab.(type) {
	case *denseTable:
		place, _ := tab.find(p.state, p.action)
		return tab.counts.visits[place]
	case *hashedTable:
		place, _ := tab.find(p.state, p.action)
		return tab.counts.visits[place]
	}
	return 0
}

// Both tables equal a list, snapshots never change, and a table read back is the table written.
func TestTablesAgainstAList(t *testing.T) {
	const states, actions, initial = 40, 6, -3
	spec := lepton.Spec{StateDim: 1, Actions: actions}
	for name, c := range map[string]struct {
		o     TabularOptions
		limit int
	}{
		"hashed":       {TabularOptions{Initial: initial}, 1 << 20},
		"hashed, full": {TabularOptions{Initial: initial, MaxEntries: 100, Adaptive: true}, 100},
		"dense":        {TabularOptions{Initial: initial, States: states, Adaptive: true}, 1 << 20},
	} {
		o := c.o.withDefaults()
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			tab, model := newTable(spec, &o), &modelTable{limit: c.limit}
			type frozen struct {
				tab   values
				model modelTable
			}
			var snapshots []frozen
			row := make([]float64, actions)
			obs := new(lepton.Observation)
			obs.Reset(0, 0)
			for a := range actions {
				obs.Actions().Add(uint64(a), a != 2)
			}
			check := func(tab values, model *modelTable) {
				for s := range uint64(states) {
					tab.row(row, s, obs)
					for a := range uint64(actions) {
						want := model.value(pair{s, a}, initial)
						if got := tab.value(s, a); got != want {
							t.Fatalf("(%d, %d) is %v, want %v", s, a, got, want)
						}
						if a == 2 {
							want = math.Inf(-1)
						}
						if row[a] != want {
							t.Fatalf("in a row (%d, %d) is %v, want %v", s, a, row[a], want)
						}
					}
				}
			}
			t.Repeat(map[string]func(*rapid.T){
				"set": func(t *rapid.T) {
					for range rapid.IntRange(1, 60).Draw(t, "n") {
						p := pair{rapid.Uint64Range(0, states-1).Draw(t, "s"), rapid.Uint64Range(0, actions-1).Draw(t, "a")}
						v := rapid.Float64Range(-9, 9).Draw(t, "v")
						write(t, tab, p, v)
						model.set(p, v, initial)
						require.Equal(t, v, *tab.known(p.state, p.action))
					}
				},
				"snapshot": func(*rapid.T) {
					m := *model
					m.entries = slices.Clone(m.entries)
					snapshots = append(snapshots[max(0, len(snapshots)-2):], frozen{tab.snapshot(), m})
				},
				"reload": func(t *rapid.T) {
					var w, again codec.Writer
					tab.write(&w)
					r := codec.NewReader(w.Bytes())
					tab = readTable(r, spec, &o)
					require.NoError(t, r.Close())
					tab.write(&again)
					require.Equal(t, w.Bytes(), again.Bytes())
				},
				"": func(t *rapid.T) {
					check(tab, model)
					require.Equal(t, len(model.entries), tab.entries())
					require.Equal(t, model.evicted, tab.evicted())
					for _, e := range model.entries {
						require.NotNil(t, tab.known(e.state, e.action))
						require.Equal(t, e.visits, visits(tab, e.pair))
					}
					for _, s := range snapshots {
						check(s.tab, &s.model)
					}
				},
			})
		}))
	}
}

func TestDenseTablesHaveNoOtherPlaces(t *testing.T) {
	tab := newDense(3, 5, 7, false)
	for _, p := range []pair{{3, 0}, {0, 5}, {math.MaxUint64, 1}, {1, math.MaxUint64}} {
		_, ok := tab.entry(p.state, p.action)
		assert.False(t, ok, "%+v", p)
		assert.Nil(t, tab.known(p.state, p.action))
		assert.Equal(t, 7.0, tab.value(p.state, p.action))
	}
	obs := new(lepton.Observation)
	obs.Reset(0, 0)
	obs.Actions().Add(9, true)
	dst := []float64{0}
	tab.row(dst, 1, obs)
	assert.Equal(t, []float64{7}, dst)
}

// Publishing shares what did not change.
func TestSnapshotsShareWhatDidNotChange(t *testing.T) {
	hashed := newHashed(nil, 1<<16, 0, false)
	dense := newDense(10_000, 1, 0, false)
	for s := range uint64(10_000) {
		for _, tab := range []table{hashed, dense} {
			write(t, tab, pair{s, 0}, 1)
		}
	}
	for name, tab := range map[string]table{"hashed": hashed, "dense": dense} {
		before := tab.snapshot()
		write(t, tab, pair{7, 0}, 2)
		after := tab.snapshot()
		copied := 0
		switch b := before.(type) {
		case *hashedValues:
			a := after.(*hashedValues)
			for i := range b.slots.pages {
				if a.slots.pages[i] != b.slots.pages[i] {
					copied++
				}
			}
			assert.Equal(t, a.index.pages, b.index.pages)
		case *denseValues:
			for i := range b.pages {
				if &after.(*denseValues).pages[i][0] != &b.pages[i][0] {
					copied++
				}
			}
		}
		assert.Equal(t, 1, copied, name)
		assert.Equal(t, []float64{1, 2}, []float64{before.value(7, 0), after.value(7, 0)}, name)
	}
}

// However often a table that is full is written to, the search for one to go looks at a bounded number, and
// those that are used stay.
func TestEvictionKeepsWhatIsUsed(t *testing.T) {
	tab := newHashed(nil, 1000, 0, false)
	touch := func(s uint64) { write(t, tab, pair{s, 0}, float64(s)) }
	for n := range uint64(50_000) {
		touch(n % 100)
		touch(1_000_000 + n)
	}
	for s := range uint64(100) {
		require.NotNil(t, tab.known(s, 0), "state %d", s)
		require.EqualValues(t, 500, visits(tab, pair{s, 0}))
	}
	assert.EqualValues(t, 50_000-900, tab.evicted())
	assert.Equal(t, 1000, tab.entries())
}

func TestReadTableRefuses(t *testing.T) {
	spec := lepton.Spec{StateDim: 1, Actions: 2}
	hashed := func(initial float64, hand int, slots ...slot) []byte {
		var w codec.Writer
		w.Bool(false)
		w.Float(initial)
		w.Int(len(slots))
		for _, s := range slots {
			w.Uint64(s.state)
			w.Uint64(s.action)
			w.Float(s.value)
		}
		w.Uint64(0)
		w.Int(hand)
		for range slots {
			w.Bool(false)
			w.Uint64(1)
		}
		return w.Bytes()
	}
	dense := func(states, actions int, value float64) []byte {
		var w codec.Writer
		w.Bool(true)
		w.Float(0)
		w.Int(states)
		w.Int(actions)
		for range states * actions {
			w.Float(value)
		}
		for range states * actions {
			w.Uint64(1)
		}
		return w.Bytes()
	}
	for name, c := range map[string]struct {
		states int
		body   []byte
	}{
		"initial NaN":    {0, hashed(math.NaN(), 0)},
		"value NaN":      {0, hashed(0, 0, slot{1, 1, math.NaN()})},
		"twice":          {0, hashed(0, 0, slot{1, 1, 0}, slot{1, 1, 0})},
		"too many":       {0, hashed(0, 0, slot{1, 1, 0}, slot{1, 2, 0}, slot{1, 3, 0})},
		"hand":           {0, hashed(0, 1, slot{1, 1, 0})},
		"hand below":     {0, hashed(0, -1, slot{1, 1, 0})},
		"hashed, dense":  {1, hashed(0, 0)},
		"dense, hashed":  {0, dense(1, 2, 0)},
		"dense, states":  {1, dense(2, 2, 0)},
		"dense, actions": {1, dense(1, 1, 0)},
		"dense, NaN":     {1, dense(1, 2, math.NaN())},
	} {
		r := codec.NewReader(c.body)
		readTable(r, spec, &TabularOptions{States: c.states, MaxEntries: 2})
		assert.ErrorIs(t, r.Close(), ErrCorrupt, name)
	}
	for _, body := range [][]byte{hashed(0, 0, slot{1, 1, 0}), dense(1, 2, 0)} {
		r := codec.NewReader(body)
		o := TabularOptions{MaxEntries: 2}
		if body[0] == 1 {
			o.States = 1
		}
		readTable(r, spec, &o)
		assert.NoError(t, r.Close())
	}
}

// With noise alone the adaptive step falls like 1/n, and where the value lags behind it rises again.
func TestAdaptiveStep(t *testing.T) {
	value, target, sum := 0.0, 5.0, 0.0
	var e noise
	draw := func(n uint64) float64 { return target + float64(n%2)*2 - 1 }
	for n := uint64(1); n <= 400; n++ {
		delta := draw(n) - value
		alpha := e.step(n, delta, 0.001, 1)
		value += alpha * delta
		if n > 200 {
			sum += alpha
		}
	}
	assert.InDelta(t, 5, value, 0.15)
	assert.Less(t, sum/200, 0.03)
	target = 20
	for n := uint64(401); n <= 420; n++ {
		delta := draw(n) - value
		value += e.step(n, delta, 0.001, 1) * delta
	}
	assert.InDelta(t, 20, value, 1.5, "a constant step of 0.03 would be at 12")

	// The first two are 1 and ½, and bounds are kept: worked by hand.
	e = noise{}
	assert.Equal(t, 1.0, e.step(1, 4, 0, 1))
	assert.Equal(t, 0.5, e.step(2, 0, 0, 1))
	assert.Equal(t, noise{bias: 2, square: 8, spread: 0.5}, e)
	// ν = ⅓: bias 4/3·… = 2+(1−2)/3, square 8+(1−8)/3; σ² = (17/3 − (5/3)²)/1.5
	assert.InDelta(t, 1-(17.0/3-25.0/9)/1.5/(17.0/3), e.step(3, 1, 0, 1), 1e-15)
	assert.Equal(t, 0.25, (&noise{}).step(1, 1, 0, 0.25))
	assert.Equal(t, 0.125, (&noise{}).step(1000, 0, 0.125, 1))
}
