package rl

import (
	"math"
	"testing"

	"github.com/leptonsched/lepton/internal/codec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type key struct{ state, action uint64 }

// modelTable is a plain map with the same bound.
type modelTable struct {
	values  map[key]float64
	refused uint64
}

func (m *modelTable) check(t *rapid.T, tab *table, states, actions uint64) {
	require.Equal(t, len(m.values), tab.used)
	for s := range states {
		for a := range actions {
			want, ok := m.values[key{s, a}]
			if !ok {
				want = tab.initial
			}
			if got := tab.value(s, a); got != want {
				t.Fatalf("(%d, %d) is %v, want %v", s, a, got, want)
			}
		}
	}
}

// A table equals a map, snapshots never change, and a table read back is the table written.
func TestTableAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const states, actions, limit = 40, 6, 200
		tab := newTable(0, limit, -3)
		model := &modelTable{values: map[key]float64{}}
		type frozen struct {
			tab   *table
			model *modelTable
		}
		var snapshots []frozen
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				for range rapid.IntRange(1, 60).Draw(t, "n") {
					k := key{rapid.Uint64Range(0, states-1).Draw(t, "s"), rapid.Uint64Range(0, actions-1).Draw(t, "a")}
					v := rapid.Float64Range(-9, 9).Draw(t, "v")
					_, known := model.values[k]
					ok := known || len(model.values) < limit
					require.Equal(t, ok, tab.set(k.state, k.action, v, 1))
					if ok {
						model.values[k] = v
					} else {
						model.refused++
					}
				}
			},
			"snapshot": func(*rapid.T) {
				m := &modelTable{values: map[key]float64{}}
				for k, v := range model.values {
					m.values[k] = v
				}
				snapshots = append(snapshots[max(0, len(snapshots)-2):], frozen{tab.snapshot(), m})
			},
			"reload": func(t *rapid.T) {
				var w, again codec.Writer
				tab.write(&w)
				r := codec.NewReader(w.Bytes())
				tab = readTable(r, limit)
				require.NoError(t, r.Close())
				tab.write(&again)
				require.Equal(t, w.Bytes(), again.Bytes())
			},
			"": func(t *rapid.T) {
				model.check(t, tab, states, actions)
				require.Equal(t, model.refused, tab.refused)
				for _, s := range snapshots {
					s.model.check(t, s.tab, states, actions)
				}
			},
		})
	})
}

func TestSnapshotsShareWhatDidNotChange(t *testing.T) {
	tab := newTable(0, 1<<16, 0)
	for s := range uint64(10_000) {
		tab.set(s, 0, 1, 1)
	}
	before := tab.snapshot()
	tab.set(7, 0, 2, 2)
	after := tab.snapshot()
	copied := 0
	for i := range before.pages {
		if before.pages[i] != after.pages[i] {
			copied++
		}
	}
	assert.Equal(t, 1, copied)
	assert.Equal(t, 1.0, before.value(7, 0))
	assert.Equal(t, 2.0, after.value(7, 0))
}

func TestReadTableRefuses(t *testing.T) {
	write := func(initial float64, slots ...slot) *codec.Reader {
		var w codec.Writer
		w.Float(initial)
		w.Uint64(0)
		w.Int(len(slots))
		for _, s := range slots {
			w.Uint64(s.state)
			w.Uint64(s.action)
			w.Float(s.value)
			w.Uint64(s.visits)
		}
		return codec.NewReader(w.Bytes())
	}
	for name, r := range map[string]*codec.Reader{
		"initial NaN":  write(math.NaN()),
		"value NaN":    write(0, slot{1, 1, math.NaN(), 1}),
		"twice":        write(0, slot{1, 1, 0, 1}, slot{1, 1, 0, 1}),
		"out of order": write(0, slot{1, 2, 0, 1}, slot{1, 1, 0, 1}),
		"too many":     write(0, slot{1, 1, 0, 1}, slot{1, 2, 0, 1}, slot{1, 3, 0, 1}),
	} {
		readTable(r, 2)
		assert.ErrorIs(t, r.Close(), ErrCorrupt, name)
	}
}
