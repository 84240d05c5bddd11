package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/leptonsched/lepton/supervised"
)

// randomGame is a game and the outlook of the same world: run times are known, and backfilling reckons with them.
func randomGame(r *rand.Rand, backfill Backfill) (*crowdGame, *outlook, [gameRules]*outlookOrder) {
	const nodes = 16
	g := &crowdGame{backfill: backfill, free: nodes}
	o := &outlook{backfill: backfill, clock: 1000, free: nodes}
	for g.free > 0 && r.IntN(8) > 0 {
		n, left := 1+r.Int64N(g.free), 1+r.Int64N(500)
		g.free -= n
		g.ends = append(g.ends, nodeRelease{float64(left), n})
		o.running = append(o.running, outlookEnd{end: 1000 + left, expected: 1000 + left, nodes: n})
	}
	slices.SortStableFunc(g.ends, func(a, b nodeRelease) int { return int(a.after - b.after) })
	o.free = g.free
	queued, arrivals := 1+r.IntN(20), r.IntN(25)
	var keys [gameRules][]queueKey
	add := func(number int, submit int64) {
		n, run := 1+r.Int64N(nodes), 1+r.Int64N(800)
		e := supervised.RunEstimate{Mean: float64(run), Price: 1 / float64(max(run, 10))}
		k := gameKeys(e, n, math.Log10(float64(1000+max(submit, 0))+float64(number)))
		g.add(float64(max(submit, 0)), n, e, k)
		o.jobs = append(o.jobs, outlookJob{submit: 1000 + submit, nodes: n, run: run, expected: run, price: e.Price})
		for rule := range keys {
			keys[rule] = append(keys[rule], queueKey{float64(float32(k[rule])), 0, int32(number)})
		}
	}
	for i := range queued {
		add(i, int64(i-queued))
	}
	g.closeQueue()
	at := int64(0)
	for i := range arrivals {
		at += 1 + r.Int64N(60)
		add(queued+i, at)
	}
	g.closeArrivals()
	o.queued = queued
	o.prepare()
	var orders [gameRules]*outlookOrder
	for rule := range keys {
		slices.SortFunc(keys[rule], compareKeys)
		orders[rule] = new(outlookOrder)
		orders[rule].set(keys[rule], queued)
	}
	return g, o, orders
}

// TestGameGoesOnAsAnOutlookDoes: where run times are known and no two things happen in one second, a game costs what the outlook costs,
// which is held to the world itself by TestOutlookGoesOnAsTheWorldDoes. EASY's reservation is renewed there and not here, so that it is compared
// on average.
func TestGameGoesOnAsAnOutlookDoes(t *testing.T) {
	for _, backfill := range allBackfills {
		t.Run(backfill.String(), func(t *testing.T) {
			same, all := 0, 0
			ours, theirs := 0.0, 0.0
			for seed := range uint64(400) {
				r := rand.New(rand.NewPCG(seed, 21))
				g, o, orders := randomGame(r, backfill)
				first := r.IntN(g.queued)
				for rule := range gameRules {
					got, want := g.play(rule, first, never), o.play(orders[rule], int32(first), math.Inf(1))
					again := g.play(rule, first, never)
					require.Equal(t, got, again, "a second game")
					limit := got / 2
					if cut := g.play(rule, first, limit); got > 0 {
						require.GreaterOrEqual(t, cut, limit)
						require.LessOrEqual(t, cut, got)
					}
					all++
					if math.Abs(got-want) <= 1e-9*(1+want) {
						same++
					}
					ours, theirs = ours+got, theirs+want
				}
			}
			t.Logf("%d of %d equal, %.4f of the cost", same, all, ours/theirs)
			if backfill == BackfillNone {
				assert.Equal(t, all, same)
			}
			assert.Greater(t, same, all*9/10)
			assert.InDelta(t, 1, ours/theirs, 0.01)
		})
	}
}

// TestGameByHand: a machine of 4 with 1 free until second 100. A (4 nodes, 50 s) goes next and starts at 100; B (1 node, 10 s) follows at 150, or,
// with backfilling, at once; C (1 node, 200 s) arrives at 20 and cannot pass A.
func TestGameByHand(t *testing.T) {
	for backfill, want := range map[Backfill]float64{
		BackfillNone:      100./50 + 150./10 + 130./200,
		BackfillReference: 100./50 + 0 + 130./200,
		BackfillEASY:      100./50 + 0 + 130./200,
	} {
		g := &crowdGame{backfill: backfill, free: 1, ends: []nodeRelease{{100, 3}}}
		estimate := func(run float64) supervised.RunEstimate { return supervised.RunEstimate{Mean: run, Price: 1 / run} }
		g.add(0, 4, estimate(50), gameKeys(estimate(50), 4, 1))
		g.add(0, 1, estimate(10), gameKeys(estimate(10), 1, 1))
		g.closeQueue()
		g.add(20, 1, estimate(200), gameKeys(estimate(200), 1, 1))
		g.closeArrivals()
		assert.InDelta(t, want, g.play(1, 0, never), 1e-12, backfill)
	}
	g := &crowdGame{free: 1}
	e := supervised.RunEstimate{Mean: 5, Price: 0.1}
	g.add(0, 9, e, gameKeys(e, 9, 1))
	g.closeQueue()
	g.closeArrivals()
	assert.Zero(t, g.play(0, 0, never), "nobody is left to make room: it starts, as nothing else could be said")
}

func TestGameKeysSortAsNumbers(t *testing.T) {
	values := []float64{-1e30, -7, -1e-9, 0, 1e-9, 3, 1e30}
	for i := range values[1:] {
		assert.Less(t, gameKey(values[i], 9), gameKey(values[i+1], 2))
	}
	assert.Less(t, gameKey(5, 1), gameKey(5, 2), "equals by number")
}
