package sim

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clairvoyant sets o to what really follows the decision that is due in world, and returns the position in the sequence
// of each of its jobs.
func (o *outlook) clairvoyant(world *Batch) []int32 {
	s := &world.state
	o.backfill, o.clock, o.free, o.queued = world.opt.Backfill, s.Clock, s.FreeNodes, len(s.Queue)
	o.jobs, o.running = o.jobs[:0], o.running[:0]
	var positions []int32
	add := func(i int32) {
		j := &world.jobs[i]
		positions = append(positions, i)
		o.jobs = append(o.jobs, outlookJob{submit: j.Submit, nodes: world.machine.nodes(j.Procs), run: j.Run,
			expected: j.Request, price: 1 / float64(max(j.Run, 10))})
	}
	queue := slices.Clone(s.Queue)
	slices.SortStableFunc(queue, func(a, b QueuedJob) int { return cmp.Compare(a.Submit, b.Submit) })
	for _, j := range queue {
		add(j.index)
	}
	for i := world.next; i < len(world.jobs); i++ {
		add(int32(i))
	}
	for _, i := range world.order {
		for _, r := range s.Running {
			if r.index == i {
				o.running = append(o.running, outlookEnd{end: r.Start + world.jobs[i].Run, expected: r.Start + r.Request, nodes: r.Nodes})
			}
		}
	}
	o.prepare()
	return positions
}

// orderOf is the order of h.
func (o *outlook) orderOf(h *BatchHeuristic, world *Batch, positions []int32) *outlookOrder {
	keys := make([]queueKey, len(positions))
	for i, p := range positions {
		j := &world.jobs[p]
		first, second := h.Score(&QueuedJob{Submit: j.Submit, Procs: j.Procs, Request: j.Request}, 0)
		keys[i] = queueKey{first, second, int32(i)}
	}
	slices.SortFunc(keys, compareKeys)
	order := new(outlookOrder)
	order.set(keys, o.queued)
	return order
}

// TestOutlookGoesOnAsTheWorldDoes is what planning stands on: from any decision, with the true run times and
// arrivals, an outlook starts every job in the very second in which the world starts it, under every heuristic
// that an outlook can follow and every way of backfilling, on workloads full of ties and of wrong estimates.
func TestOutlookGoesOnAsTheWorldDoes(t *testing.T) {
	seeds := 120
	if testing.Short() {
		seeds = 20
	}
	var o outlook // used again and again, so that leftovers would show
	for _, backfill := range allBackfills {
		for _, name := range BatchHeuristicNames() {
			h := mustHeuristic(t, name)
			if !h.Static() {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", backfill, name), func(t *testing.T) {
				compared := 0
				for seed := range uint64(seeds) {
					r := rand.New(rand.NewPCG(seed, 11))
					m := Machine{Procs: 8, Nodes: []int64{0, 3, 4}[r.IntN(3)]}
					jobs := randomJobs(r, 5+r.IntN(150), m, false)
					world := mustBatch(t, m, BatchOptions{Backfill: backfill})
					require.NoError(t, world.Reset(jobs, 0, len(jobs)))
					for until := r.IntN(len(jobs)); len(world.order) < until && !world.Done(); {
						decideAs(t, world, h)
					}
					if world.Done() {
						continue
					}
					positions := o.clairvoyant(world)
					order := o.orderOf(h, world, positions)
					o.starts = make([]int64, len(o.jobs))
					o.begin(order)
					total := o.play(order, o.head(), math.Inf(1))
					result, err := world.Run(h)
					require.NoError(t, err)
					want := 0.0
					for i, p := range positions {
						require.Equal(t, result.Starts[p], o.starts[i], "seed %d, job %d", seed, p)
						want += o.jobs[i].price * float64(o.starts[i]-max(o.jobs[i].submit, o.clock))
						compared++
					}
					require.InDelta(t, want, total, 1e-6)
					o.starts = nil
					require.Equal(t, total, o.play(order, order.job[firstOf(order)], math.Inf(1)), "a second continuation")
				}
				assert.Greater(t, compared, 20*seeds)
			})
		}
	}
}

func firstOf(order *outlookOrder) int32 {
	for r := int32(0); ; r++ {
		if order.queued[r/64]>>(r%64)&1 == 1 {
			return r
		}
	}
}

// decideAs lets world make one decision as Run does under h.
func decideAs(t *testing.T, world *Batch, h *BatchHeuristic) {
	world.keys = world.keys[:0]
	for i := range world.state.Queue {
		first, second := h.Score(&world.state.Queue[i], world.state.Clock)
		world.keys = append(world.keys, queueKey{first, second, int32(i)})
	}
	world.reorder()
	require.NoError(t, world.Start(0))
}
