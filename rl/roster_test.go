package rl

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A roster equals a list ordered by recency, and snapshots never change.
func TestRosterAgainstAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		r := newRoster(limit)
		var list []arm // the oldest first
		at := map[arm]int{}
		evicted := uint64(0)
		type frozen struct {
			places places
			at     map[arm]int
		}
		var snapshots []frozen
		known := func(p *places, at map[arm]int) {
			for key := range uint64(3) {
				for action := range uint64(30) {
					want, ok := at[arm{key, action}]
					if !ok {
						want = -1
					}
					require.Equal(t, want, p.find(arm{key, action}))
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "n") {
					a := arm{rapid.Uint64Range(0, 2).Draw(t, "key"), rapid.Uint64Range(0, 29).Draw(t, "action")}
					i := slices.Index(list, a)
					place, isNew := r.take(a)
					require.Equal(t, i < 0, isNew)
					switch {
					case i >= 0:
						require.Equal(t, at[a], place)
						list = slices.Delete(list, i, i+1)
					case len(list) == limit:
						require.Equal(t, at[list[0]], place, "the place of the oldest")
						delete(at, list[0])
						list = list[1:]
						evicted++
					default:
						require.Equal(t, len(list), place)
					}
					list = append(list, a)
					at[a] = place
				}
			},
			"snapshot": func(*rapid.T) {
				m := map[arm]int{}
				for k, v := range at {
					m[k] = v
				}
				snapshots = append(snapshots[max(0, len(snapshots)-2):], frozen{r.snapshot(), m})
			},
			"": func(t *rapid.T) {
				known(&r.places, at)
				require.Equal(t, evicted, r.evicted)
				var order []arm
				for _, place := range r.recency() {
					order = append(order, r.arms[place])
				}
				require.Equal(t, len(list), len(order))
				for i, a := range list {
					require.Equal(t, a, order[i])
				}
				for _, s := range snapshots {
					known(&s.places, s.at)
				}
			},
		})
	})
}
