package benchmarks

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton"
	"github.com/leptonsched/lepton/features"
	"github.com/leptonsched/lepton/policy"
	"github.com/leptonsched/lepton/scheduler"
	"github.com/leptonsched/lepton/supervised"
)

// pool is what an embedder has at hand when a job must be placed.
type pool struct {
	queued  int
	workers []worker
}

type worker struct {
	id             uint64
	running, slots int
	load           float64 // of its processors, 0 to 1
	up             bool
}

// newPool draws a pool in which about one worker of twenty is down.
func newPool(workers int, seed uint64) *pool {
	random := rand.New(rand.NewPCG(seed, 2))
	p := &pool{queued: random.IntN(50), workers: make([]worker, workers)}
	for i := range p.workers {
		slots := 1 + random.IntN(16)
		p.workers[i] = worker{
			id: 1000 + uint64(i), running: random.IntN(slots + 1), slots: slots, load: random.Float64(), up: random.IntN(20) > 0,
		}
	}
	p.workers[0].up = true
	return p
}

// pools are different states to decide in, so that the processor cannot learn the branches of one by heart.
func pools(n, workers int) []*pool {
	out := make([]*pool, n)
	for i := range out {
		out[i] = newPool(workers, uint64(i))
	}
	return out
}

// encoder and workers are the two interfaces that an embedder writes, here from closures: one shared feature,
// three of each candidate.
func encoder(tb testing.TB) *features.Encoder[*pool] {
	tb.Helper()
	e, err := features.State(features.Log1p("queued", func(p *pool) int { return p.queued }))
	require.NoError(tb, err)
	return e
}

func workers(tb testing.TB) lepton.ActionSpace[*pool] {
	tb.Helper()
	type candidate = features.Candidate[*pool, *worker]
	space, err := features.CandidatesAt(
		func(p *pool) int { return len(p.workers) },
		func(p *pool, i int) *worker { return &p.workers[i] },
		func(w *worker) uint64 { return w.id },
		features.Legal(func(c candidate) bool { return c.Action.up }),
		features.Ratio("busy", func(c candidate) (int, int) { return c.Action.running, c.Action.slots }),
		features.Numeric("load", func(c candidate) float64 { return c.Action.load }),
		features.Scaled("slots", 16, func(c candidate) int { return c.Action.slots }),
	)
	require.NoError(tb, err)
	return space
}

// scorers are the two that most embedders begin with: a weighted sum, and a forest fitted to what runs took.
func scorers(tb testing.TB) map[string]lepton.Scorer {
	tb.Helper()
	spec := lepton.SpecOf(encoder(tb), workers(tb))
	linear, err := policy.NewLinear(spec, []float64{0, -2, -1, 0.5}, nil)
	require.NoError(tb, err)

	random := rand.New(rand.NewPCG(1, 3))
	data := supervised.Data{Rows: make([][]float64, 2000), Target: make([]float64, 2000)}
	for i := range data.Rows {
		x := []float64{4 * random.Float64(), random.Float64(), random.Float64(), random.Float64()}
		data.Rows[i], data.Target[i] = x, -2*x[1]-x[2]*x[2]+0.5*x[3]+0.1*random.NormFloat64()
	}
	dataset, err := supervised.NewDataset(data)
	require.NoError(tb, err)
	forest, err := supervised.RandomForest{Trees: forestTrees, Depth: 8, Seed: 1}.FitRegressor(dataset)
	require.NoError(tb, err)
	scorer, err := policy.FromModel(forest, spec)
	require.NoError(tb, err)
	return map[string]lepton.Scorer{"linear": linear, "forest": scorer}
}

// live is a scheduler whose policy decides and never changes.
func live(tb testing.TB, p lepton.Policy) *scheduler.Scheduler[*pool, float64] {
	tb.Helper()
	s, err := scheduler.New(scheduler.Options[*pool, float64]{
		Encoder: encoder(tb), Actions: workers(tb), Policy: p, Mode: scheduler.Live, Seed: 1,
	})
	require.NoError(tb, err)
	return s
}
