package benchmarks

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/internal/rng"
	"github.com/leptonsched/lepton/replay"
)

const (
	replayActions = 4
	replaySample  = 64
)

// replayed is a full store, and a transition to be added to it.
func replayed(b *testing.B, capacity, dim int) (*replay.Store, *lepton.Transition) {
	b.Helper()
	spec := lepton.Spec{StateDim: dim, Actions: replayActions}
	store, err := replay.NewStore(spec, replay.StoreOptions{Capacity: capacity})
	require.NoError(b, err)
	t := &lepton.Transition{Discount: 0.99, NextAction: -1}
	t.Obs.SetState(make([]float64, dim))
	for a := range replayActions {
		t.Obs.Actions().Add(uint64(a), true)
	}
	t.Next.CopyFrom(&t.Obs)
	for i := range capacity {
		fillReplayed(t, i)
		_, err := store.Add(t)
		require.NoError(b, err)
	}
	return store, t
}

func fillReplayed(t *lepton.Transition, i int) {
	t.Obs.State()[0], t.Next.State()[0], t.Reward, t.Action = float64(i), float64(i+1), float64(i), i%replayActions
}

func eachReplay(b *testing.B, run func(b *testing.B, capacity, dim int)) {
	for _, c := range []struct {
		name     string
		capacity int
	}{{"1M", 1 << 20}} {
		for _, dim := range []int{8} {
			b.Run(fmt.Sprintf("capacity=%s/obs=%d/sample=%d", c.name, dim, replaySample), func(b *testing.B) {
				run(b, c.capacity, dim)
			})
		}
	}
}

// adds measures how many transitions a second go in, beside what b measures.
func adds(b *testing.B, add func(i int)) {
	b.Helper()
	const n = 1 << 20
	start := time.Now()
	for i := range n {
		add(i)
	}
	b.ReportMetric(n/time.Since(start).Seconds(), "adds/s")
}

// BenchmarkReplayUniform draws slots evenly and gathers states, next states, actions, rewards, discounts and
// which actions were legal and are legal next.
func BenchmarkReplayUniform(b *testing.B) {
	eachReplay(b, func(b *testing.B, capacity, dim int) {
		store, t := replayed(b, capacity, dim)
		sampler := replay.NewUniformSlots(store, 1)
		slots := make([]int, replaySample)
		var batch replay.Batch
		b.ReportAllocs()
		for b.Loop() {
			sampler.Sample(slots)
			store.Gather(&batch, slots)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "batches/s")
		adds(b, func(i int) {
			fillReplayed(t, i)
			if _, err := store.Add(t); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkReplayPrioritised draws by priority, with importance weights, gathers the same and gives the
// drawn slots new priorities.
func BenchmarkReplayPrioritised(b *testing.B) {
	eachReplay(b, func(b *testing.B, capacity, dim int) {
		store, t := replayed(b, capacity, dim)
		sampler, err := replay.NewPrioritised(capacity, replay.PrioritisedOptions{Seed: 1})
		require.NoError(b, err)
		slots, weights, off := make([]int, replaySample), make([]float32, replaySample), make([]float32, replaySample)
		r := rng.New(1, "errors")
		for i := range capacity {
			sampler.Add(i)
			slots[0], off[0] = i, r.Float32()
			sampler.Update(slots[:1], off[:1])
		}
		var batch replay.Batch
		b.ReportAllocs()
		for b.Loop() {
			sampler.Sample(slots, weights, 0.4)
			store.Gather(&batch, slots)
			for i := range off {
				off[i] = r.Float32()
			}
			sampler.Update(slots, off)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "batches/s")
		adds(b, func(i int) {
			fillReplayed(t, i)
			slot, err := store.Add(t)
			if err != nil {
				b.Fatal(err)
			}
			sampler.Add(slot)
		})
	})
}
