package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// BenchmarkOutlook goes on once from 128 queued jobs and 30 arrivals, on a machine of 256 that is full.
func BenchmarkOutlook(b *testing.B) {
	for _, backfill := range allBackfills {
		b.Run(fmt.Sprintf("backfill=%s/queued=128", backfill), func(b *testing.B) {
			o, order := benchOutlook(backfill, 128, 30)
			first := order.job[firstOf(order)]
			b.ReportAllocs()
			for b.Loop() {
				o.play(order, first, math.Inf(1))
			}
		})
	}
}

func benchOutlook(backfill Backfill, queued, arrivals int) (*outlook, *outlookOrder) {
	r := rand.New(rand.NewPCG(1, 1))
	o := &outlook{backfill: backfill, clock: 10000, free: 0, queued: queued}
	for free := int64(256); free > 0; {
		n := min(int64(1)<<r.IntN(6), free)
		free -= n
		run := 1 + r.Int64N(20000)
		o.running = append(o.running, outlookEnd{end: 10000 + run, expected: 10000 + run*(1+r.Int64N(4)), nodes: n})
	}
	var keys []queueKey
	for i := range queued + arrivals {
		run := int64(1) << r.IntN(16)
		j := outlookJob{submit: int64(i * 10000 / queued), nodes: int64(1) << r.IntN(8), run: run, expected: run * (1 + r.Int64N(4)),
			price: 1 / float64(max(run, 10))}
		o.jobs = append(o.jobs, j)
		keys = append(keys, queueKey{float64(j.run * j.nodes), float64(j.submit), int32(i)})
	}
	o.prepare()
	order := new(outlookOrder)
	sortKeys(keys)
	order.set(keys, queued)
	return o, order
}

func sortKeys(keys []queueKey) { slices.SortFunc(keys, compareKeys) }
