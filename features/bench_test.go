package features

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
)

// BenchmarkOffer shows what composing closures costs beside handwritten code: 1,000 candidates of three
// features, structs of six words by value, pointers to them, and one closure for the whole row.
func BenchmarkOffer(b *testing.B) {
	p := &pool{queued: 3, workers: make([]worker, 1000)}
	for i := range p.workers {
		p.workers[i] = worker{id: uint64(i), running: i % 5, slots: 8, up: true}
	}
	type pointer = Candidate[*pool, *worker]
	count := func(p *pool) int { return len(p.workers) }
	at := func(p *pool, i int) *worker { return &p.workers[i] }
	id := func(w *worker) uint64 { return w.id }
	kinds, err := CandidatesAt(count, at, id,
		Numeric("running", func(c pointer) float64 { return float64(c.Action.running) }),
		Numeric("slots", func(c pointer) float64 { return float64(c.Action.slots) }),
		Numeric("queued", func(c pointer) float64 { return float64(c.State.queued) }))
	require.NoError(b, err)
	fill, err := CandidatesAt(count, at, id, Fill([]string{"running", "slots", "queued"}, func(row []float64, c pointer) {
		row[0], row[1], row[2] = float64(c.Action.running), float64(c.Action.slots), float64(c.State.queued)
	}))
	require.NoError(b, err)
	for _, c := range []struct {
		name string
		acts lepton.ActionSpace[*pool]
	}{{"structs", space(b)}, {"pointers", kinds}, {"pointers-fill", fill}, {"handwritten", handwritten{}}} {
		b.Run(c.name, func(b *testing.B) {
			var o lepton.Observation
			b.ReportAllocs()
			for b.Loop() {
				o.Reset(3, 0)
				c.acts.Offer(o.Actions(), p)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/candidate")
		})
	}
}

// handwritten is what an embedder would write without this package.
type handwritten struct{}

func (handwritten) ActionSpec() (n, dim int) { return 0, 3 }

func (handwritten) Offer(set lepton.ActionSet, p *pool) {
	for i := range p.workers {
		w := &p.workers[i]
		row := set.Add(w.id, true)
		row[0], row[1], row[2] = float64(w.running), float64(w.slots), float64(p.queued)
	}
}
