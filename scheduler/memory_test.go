package scheduler

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/leptonsched/lepton"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// held sums the capacity that a scheduler sets aside for observations, in bytes.
func held[S, O any](s *Scheduler[S, O]) (records, lists int) {
	bytes := func(p *packed) int {
		if p == nil {
			return 0
		}
		return 4*cap(p.state) + 4*cap(p.rows) + 8*cap(p.ids) + cap(p.legal)
	}
	for i := range s.ledger.slots {
		records += bytes(s.ledger.slots[i].obs) + bytes(s.ledger.slots[i].next)
	}
	for i := range s.queue.cells {
		records += bytes(s.queue.cells[i].rec.obs) + bytes(s.queue.cells[i].rec.next)
	}
	for i := range s.ranked.lists {
		lists += bytes(&s.ranked.lists[i])
	}
	return records, lists
}

// bound is what doc.go promises: MaxOpen + QueueLen records, twice that in episodes, of the state, the
// chosen row and the others; and MaxRanked lists of MaxActions.
func bound(o Options[wide, float64], others int, episodes bool) (records, lists int) {
	row := 4*20 + 8 + 1
	if others == lepton.AllRows {
		others = o.MaxActions - 1
	}
	records = (o.MaxOpen + o.QueueLen) * (4*2 + (1+others)*row)
	if episodes {
		records *= 2
	}
	return records, o.MaxRanked * (4*2 + o.MaxActions*row)
}

func TestMemoryStaysWithinItsBound(t *testing.T) {
	patterns := []struct {
		name     string
		episodes bool
		run      func(t *testing.T, s *Scheduler[wide, float64], c *clock, state wide)
	}{
		{"never reported", false, func(t *testing.T, s *Scheduler[wide, float64], _ *clock, state wide) {
			_, err := s.Decide(state)
			require.NoError(t, err)
		}},
		{"always reported late", false, func(t *testing.T, s *Scheduler[wide, float64], c *clock, state wide) {
			d, err := s.Decide(state)
			require.NoError(t, err)
			c.advance(2 * time.Minute)
			require.Error(t, s.Report(d.ID, 1))
		}},
		{"reported, never trained", false, func(t *testing.T, s *Scheduler[wide, float64], _ *clock, state wide) {
			d, err := s.Decide(state)
			require.NoError(t, err)
			require.NoError(t, s.Report(d.ID, 1))
		}},
		{"ranked and never chosen", false, func(t *testing.T, s *Scheduler[wide, float64], _ *clock, state wide) {
			_, err := s.Rank(state, make([]float64, len(state.rows)))
			require.NoError(t, err)
		}},
		{"episodes without end", true, func(t *testing.T, s *Scheduler[wide, float64], c *clock, state wide) {
			ep, err := s.Episode(lepton.CreditOptions{ID: uint64(c.t.UnixNano()) % 100, Gamma: 1})
			require.NoError(t, err)
			d, err := ep.Decide(state)
			require.NoError(t, err)
			require.NoError(t, s.Report(d.ID, 1))
			c.advance(7)
		}},
	}
	for _, others := range []int{0, 3, lepton.AllRows} {
		for _, pattern := range patterns {
			t.Run(fmt.Sprintf("%s/others=%d", pattern.name, others), func(t *testing.T) {
				c := newClock()
				o := Options[wide, float64]{
					Encoder: wideEncoder{}, Actions: wideActions{}, Incumbent: wideFirst{}, Mode: Record, Reward: wideReward{},
					Learner: &forgetful{store{needs: lepton.Needs{Others: others}}}, Clock: c.now, OpenFor: time.Minute,
					MaxOpen: 32, QueueLen: 16, MaxRanked: 4, MaxActions: 200,
				}
				s, err := New(o)
				require.NoError(t, err)
				for i := range 200 {
					state := wideOf(1 + (i*37)%500) // lists grow and shrink, up to two and a half times MaxActions
					pattern.run(t, s, c, state)
				}
				records, lists := held(s)
				mostRecords, mostLists := bound(o, others, pattern.episodes)
				assert.LessOrEqual(t, records, mostRecords, "records")
				assert.LessOrEqual(t, lists, mostLists, "ranked lists")
				requireAddsUp(t, s.Stats())
			})
		}
	}
}

// The heap as a whole follows: ten times more decisions hold no more memory.
func TestHeapDoesNotGrow(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps memory of its own")
	}
	c := newClock()
	s, err := New(Options[wide, float64]{
		Encoder: wideEncoder{}, Actions: wideActions{}, Incumbent: wideFirst{}, Mode: Record, Reward: wideReward{},
		Learner: &forgetful{store{needs: lepton.Needs{Others: 8}}}, Clock: c.now, MaxOpen: 512,
	})
	require.NoError(t, err)
	state := wideOf(1213)
	heap := func(decisions int) uint64 {
		for range decisions {
			_, err := s.Decide(state)
			require.NoError(t, err)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	small := heap(1000)
	large := heap(size(10_000, 100_000))
	assert.Less(t, float64(large), float64(small)+256<<10, "bytes on the heap after 1,000 decisions: %d, after ten times that: %d", small, large)
	runtime.KeepAlive(s)
}
