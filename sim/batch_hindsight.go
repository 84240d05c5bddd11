package sim

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/leptonsched/lepton"
)

// BatchHindsight looks ahead in the world as it is. No policy can: it is a bound for what planning could gain (a StateScorer, for
// Batch.Run), and a teacher (CostsState), because a policy that sees only what BatchState shows learns from many such
// decisions what is best on average.
//
// It reads the Batch that it was made for. Not safe for concurrent use.
type BatchHindsight struct {
	world    *Batch
	arrivals int
	games    foresight // of CostsState

	// Of ScoresState.
	outlook outlook
	queue   []int32                 // number in the outlook → place in BatchState.Queue
	keys    [gameRules][]queueKey   // of all jobs of the outlook
	orders  [gameRules]outlookOrder // of them
}

// NewBatchHindsight returns one for the decisions of world. ScoresState looks at the next arrivals jobs to come; 0 means 100.
func NewBatchHindsight(world *Batch, arrivals int) (*BatchHindsight, error) {
	if arrivals < 0 {
		return nil, fmt.Errorf("sim: %d arrivals to look at, must not be negative", arrivals)
	}
	if arrivals == 0 {
		arrivals = 100
	}
	o := BatchPlannerOptions{Backfill: world.opt.Backfill, Futures: 32}.or(plannerDefaults)
	return &BatchHindsight{world: world, arrivals: arrivals, games: foresight{truth: world, options: &o}}, nil
}

// CostsState writes for each job that a BatchForesight lets choose what waiting costs on average if it goes next, in bounded
// slowdowns × jobs, and NaN for all others. It plays the games of a BatchPlanner, but with the run times as they are: what a policy cannot
// know of them it learns to average over. Arrivals are like those seen so far. Rules go by the run times that RunTimes
// estimates, as who learns from this must. The state must be that of the world.
func (h *BatchHindsight) CostsState(costs []float64, s *BatchState, obs *lepton.Observation) {
	for i := range costs {
		costs[i] = math.NaN()
	}
	m := &h.games
	m.learn(s.Past)
	m.look(s, obs, len(costs))
	m.playAll(s)
	for _, c := range m.choices {
		costs[c.at] = c.cost
	}
}

// ScoresState scores the job 1 after which waiting costs least, of the first four by each rule, and all others 0: with the run times and the next
// arrivals as they are. The rules that go on know them too. The state must be that of the world.
func (h *BatchHindsight) ScoresState(dst []float64, s *BatchState, obs *lepton.Observation, _ *lepton.Scratch) {
	clear(dst)
	h.look(s)
	at, least := -1, never
	for r := range h.orders {
		left := 4
		for _, number := range h.orders[r].job {
			if int(number) >= len(h.queue) || int(h.queue[number]) >= len(dst) || !obs.Legal(int(h.queue[number])) {
				continue
			}
			if cost := h.cost(number, least); at < 0 || cost < least {
				at, least = int(h.queue[number]), cost
			}
			if left--; left == 0 {
				break
			}
		}
	}
	if at >= 0 {
		dst[at] = 1
	}
}

// cost is what waiting costs if a job goes next, under the rule that is best for it; what reaches limit is not followed to the end.
func (h *BatchHindsight) cost(number int32, limit float64) float64 {
	for r := range h.orders {
		limit = min(limit, h.outlook.play(&h.orders[r], number, limit))
	}
	return limit
}

// look takes in the state and what comes.
func (h *BatchHindsight) look(s *BatchState) {
	b, o := h.world, &h.outlook
	o.backfill, o.clock, o.free, o.queued = b.opt.Backfill, s.Clock, s.FreeNodes, len(s.Queue)
	o.jobs, o.running = o.jobs[:0], o.running[:0]
	for r := range h.keys {
		h.keys[r] = h.keys[r][:0]
	}
	h.queue = h.queue[:0]
	for i := range s.Queue {
		h.queue = append(h.queue, int32(i))
	}
	slices.SortFunc(h.queue, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.Queue[a].Submit, s.Queue[b].Submit), cmp.Compare(a, b))
	})
	for _, at := range h.queue {
		h.add(s.Queue[at].index, b.expected[s.Queue[at].index])
	}
	for i := b.next; i < min(b.next+h.arrivals, len(b.jobs)); i++ {
		h.add(int32(i), b.jobs[i].Request)
	}
	for _, i := range b.order {
		if slot := b.slots[i]; int(slot) < len(s.Running) && s.Running[slot].index == i {
			o.running = append(o.running, outlookEnd{end: b.starts[i] + b.jobs[i].Run, expected: b.starts[i] + b.expected[i], nodes: s.Running[slot].Nodes})
		}
	}
	for r := range h.keys {
		slices.SortFunc(h.keys[r], compareKeys)
		h.orders[r].set(h.keys[r], o.queued)
	}
	o.prepare()
}

// add adds job i of the sequence to the outlook, with the run time that backfilling reckons with.
func (h *BatchHindsight) add(i int32, expected int64) {
	j, o := &h.world.jobs[i], &h.outlook
	e, number := actual(j.Run), int32(len(o.jobs))
	o.jobs = append(o.jobs, outlookJob{submit: j.Submit, nodes: h.world.machine.nodes(j.Procs), run: j.Run, expected: expected, price: e.Price})
	for r, k := range gameKeys(e, j.Procs, math.Log10(atLeastTenth(float64(j.Submit)))) {
		h.keys[r] = append(h.keys[r], queueKey{k, float64(j.Submit), number})
	}
}
